"""How values, levels and dates of a report are worded: always with their unit, always in words."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from services.clinical.disease import Disease
from services.reports.rows import AntibodyValue, LabValue, ScoreRow

_OUTCOMES = {"positive": "positive", "negative": "negative", "equivocal": "equivocal", "unknown": "cannot be called"}
_FLAGS = {"H": "high", "L": "low", None: ""}
_LEVELS = {"remission": "remission"}
_SCOPES = {"current": "taken now", "proposed": "proposed", "candidate": "if considered", "patient": ""}


def spoken(identifier: str) -> str:
    """Write an identifier of the engine as words."""
    return identifier.replace("_", " ").strip()


def number(value: float) -> str:
    """Write a number without needless digits: up to four significant ones, more only before the decimal point."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def disease_name(identifier: str) -> str:
    return next((one.label for one in Disease if one.value == identifier), spoken(identifier))


def day(value: datetime.date | None) -> str:
    return value.isoformat() if value else "not dated"


def support(confidence: float) -> str:
    """Write relative support; what rounds to nothing is not nothing."""
    return "below 0.001" if confidence < 0.001 else number(round(confidence, 3))


def joined(parts: Sequence[str], limit: int | None = None) -> str:
    """Join with commas; beyond `limit` only say how many more there are."""
    if limit is None or len(parts) <= limit:
        return ", ".join(parts)
    return f"{', '.join(parts[:limit])} and {len(parts) - limit} more"


def sentence(text: str) -> str:
    """Begin with a capital, end with a full stop."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    return f"{trimmed[0].upper()}{trimmed[1:]}{'' if trimmed[-1] in '.!?:' else '.'}"


def outcome(value: AntibodyValue) -> str:
    return _OUTCOMES.get(value.outcome, spoken(value.outcome))


def antibody_result(value: AntibodyValue) -> str:
    """The result as sent: the titer where there is one, else the number with its unit, else where it stands."""
    if value.titer:
        return value.titer
    if value.value is not None:
        return f"{number(value.value)} {value.unit}" if value.unit else f"{number(value.value)} (no unit sent)"
    return "see laboratory values" if value.origin == "laboratory" else "in words only"


def unit(written: str) -> str:
    """Write a unit as it is printed: `10⁹/L`, `µg/g`."""
    shown = written.replace("10^12", "10¹²").replace("10^9", "10⁹").replace("1.73m2", "1.73 m²")
    shown = shown.replace("/uL", "/µL")
    return f"µ{shown[1:]}" if shown.startswith(("ug", "umol", "uL", "uIU", "ukat")) else shown


def as_sent(value: LabValue) -> str:
    """What was sent, where it reads otherwise than the value in the unit of the report; else nothing."""
    sent, _, written = value.written.partition(" ")
    same_number = sent in {number(value.value), f"{value.value:g}"}
    same = same_number and unit(written).replace(" ", "") == unit(value.unit).replace(" ", "")
    return "" if same else unit(value.written)


def lab_result(value: LabValue) -> str:
    """The value with its unit; a converted one with three digits, because more would be the conversion's and not the test's."""
    return quantity(_rounded(value, value.value), value.unit)


def _rounded(value: LabValue, figure: float) -> float:
    return float(f"{figure:.3g}") if as_sent(value) and abs(figure) < 1000 else figure


def quantity(value: float, written: str) -> str:
    """Write a value with its unit: `4.4 × 10⁹/L`, `3/HPF`, `12 mg/L`."""
    shown = unit(written)
    if shown.startswith("/"):
        return f"{number(value)}{shown}"
    return f"{number(value)} {'× ' if shown.startswith('10') else ''}{shown}".rstrip()


def lab_limits(value: LabValue) -> str:
    """The limits with their origin; a dash where none are known."""
    low, high = (None if one is None else _rounded(value, one) for one in (value.lower_limit, value.upper_limit))
    if low is None and high is None:
        return "none known"
    if low is None:
        text = f"up to {number(high or 0)}"
    else:
        text = f"from {number(low)}" if high is None else f"{number(low)} to {number(high)}"
    return text if value.limits_from == "laboratory" else f"{text} (typical adult limits)"


def flag(value: LabValue) -> str:
    if value.flag is None:
        return "" if value.lower_limit is not None or value.upper_limit is not None else "cannot be called"
    return f"{value.flag} ({_FLAGS[value.flag]})"


def flag_word(value: LabValue) -> str:
    """The flag as a word; empty within the limits."""
    return _FLAGS[value.flag]


def score_result(score: ScoreRow) -> str:
    """The value with its band and level, or why there is none."""
    if score.status != "ok":
        return spoken(score.status)
    band = spoken(score.band) if score.band else ""
    level = "" if score.level in {"not_graded", score.band} else _LEVELS.get(score.level, f"{spoken(score.level)} activity")
    band = ", ".join(part for part in (band, level) if part)
    value = number(score.score_value) if score.score_value is not None else ""
    return f"{value} ({band})" if value and band else value or band


def scope(identifier: str) -> str:
    return _SCOPES.get(identifier, spoken(identifier))
