"""Vital signs written with a number: `pulse 120/min`, `BP 180/110`, `temperature 38.9 °C`, `pH 7.1`, `BMI 34`.

Adult limits, in the units people write without saying so; Fahrenheit is recognised by its size. A value within the limits
is no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = r"[^\d\n]{0,25}?(\d{1,3}(?:[.,]\d{1,2})?)"
_PRESSURE = re.compile(r"\b(?:blood pressure|bp)[^\d\n]{0,25}?(\d{2,3})\s?/\s?(\d{2,3})\b")
_RULES: Final[tuple[tuple[re.Pattern[str], str | None, float, str | None, float], ...]] = (
    # pattern, finding below a limit, the limit, finding above a limit, the limit
    (re.compile(rf"\b(?:pulse|heart rate|hr)\b{_NUMBER}(?!\s?[/.]?\d)"), "bradycardia", 60, "tachycardia", 100),
    (re.compile(rf"\b(?:respiratory rate|respirations|rr)\b{_NUMBER}"), None, 0, "tachypnea", 20),
    (re.compile(rf"\b(?:bicarbonate|hco3)\b{_NUMBER}"), "acidosis", 18, None, 0),
    (re.compile(rf"\bph\b(?! of urine){_NUMBER}"), "acidosis", 7.3, None, 0),
    (re.compile(rf"\b(?:bmi|body mass index)\b{_NUMBER}"), "weight_loss", 18.5, "obesity", 30),
)
_TEMPERATURE = re.compile(rf"\b(?:temperature|temp|fever)\b{_NUMBER}")
_FEVER_CELSIUS: Final = 38.0
_COLD_CELSIUS: Final = 35.0
_SYSTOLIC: Final = (90, 140, 180)
_DIASTOLIC: Final = (90, 120)


def read_vitals(entry: str) -> tuple[str, ...]:
    """Return the ids of the findings that vital signs in `entry` amount to."""
    text = entry.lower()
    return tuple(dict.fromkeys((*_pressure(text), *_temperature(text), *_others(text))))


def _pressure(text: str) -> Iterable[str]:
    match = _PRESSURE.search(text)
    if match is None:
        return
    systolic, diastolic = int(match.group(1)), int(match.group(2))
    if systolic >= _SYSTOLIC[2] or diastolic >= _DIASTOLIC[1]:
        yield "severe_hypertension"
    elif systolic >= _SYSTOLIC[1] or diastolic >= _DIASTOLIC[0]:
        yield "hypertension"
    elif 40 <= systolic < _SYSTOLIC[0]:
        yield "hypotension"


def _temperature(text: str) -> Iterable[str]:
    match = _TEMPERATURE.search(text)
    if match is None:
        return
    value = float(match.group(1).replace(",", "."))
    celsius = (value - 32) * 5 / 9 if 80 <= value <= 115 else value
    if _FEVER_CELSIUS <= celsius <= 44:
        yield "fever"
    elif 20 <= celsius < _COLD_CELSIUS:
        yield "hypothermia"


def _others(text: str) -> Iterable[str]:
    for pattern, below, low, above, high in _RULES:
        match = pattern.search(text)
        if match is None:
            continue
        value = float(match.group(1).replace(",", "."))
        if below is not None and 0 < value < low:
            yield below
        elif above is not None and value > high:
            yield above
