"""PASI: severity times area over four regions (Fredriksson 1978)."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

_REGIONS = {"head": 0.1, "upper": 0.2, "trunk": 0.3, "lower": 0.4}
_CODE_FROM_PERCENT = ((90.0, 6), (70.0, 5), (50.0, 4), (30.0, 3), (10.0, 2))


def area_code(percent: float) -> int:
    """Return the area code of a share of the region: 0, <10, 10-29, 30-49, 50-69, 70-89, ≥90 %."""
    if percent <= 0:
        return 0
    return next((code for bound, code in _CODE_FROM_PERCENT if percent >= bound), 1)


def pasi(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return Σ region weight × (erythema + induration + desquamation) × area code."""
    contradictions: list[str] = []
    parts: dict[str, float] = {}
    notes: dict[str, str] = {}
    for region, weight in _REGIONS.items():
        code, percent = answers.optional_number(f"{region}.a"), answers.optional_number(f"{region}.area_pct")
        if code is not None and percent is not None and code != area_code(percent):
            contradictions.append(f"{region}: {percent:g} % is area code {area_code(percent)}, not {code:g}")
        area = code if code is not None else float(area_code(percent or 0.0))
        severity = sum(answers.number(f"{region}.{sign}") for sign in "eid")
        parts[region] = weight * severity * area
        notes[region] = f"{weight:g} × {severity:g} × area {area:g}"
    if contradictions:
        return Verdict(contradiction="; ".join(contradictions))
    steps = tuple(Step(label=region, points=points, note=notes[region]) for region, points in parts.items())
    return Verdict(sum(parts.values()), steps=steps, components={region: round(points, 6) for region, points in parts.items()})
