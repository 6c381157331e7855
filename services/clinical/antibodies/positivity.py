"""Is a result positive? Decided from flag, titer, words and the laboratory's own range, and said how.

Evidence that contradicts itself is reported as such and decides nothing.
"""

from __future__ import annotations

import re

from services.clinical.explanation import Frozen
from services.clinical.labs import Bound, is_above, parse_number, parse_reference_range
from services.clinical.profile import AntibodyResult
from services.clinical.titers import Outcome, Titer, parse_outcome, parse_titer

_MULTIPLE_UNIT = re.compile(r"^\s*[x×]?\s*(?:uln|upper limit of normal|times uln|x uln|× ?uln)\s*$", re.IGNORECASE)
# A laboratory may call a low dilution negative; a higher one called negative is a contradiction.
LOW_DILUTION = 80
_TITER_UNITS = frozenset({"titer", "titre", "1:", "dilution"})


class Measurement(Frozen):
    """One antibody result as any reader hands it in. `value` may be a word ("negative"); absent stays absent."""

    antibody: str
    value: float | str | None = None
    unit: str | None = None
    reference_range: str | None = None
    positive: bool | None = None
    titer: str | None = None
    pattern: str | None = None

    @classmethod
    def of(cls, result: AntibodyResult) -> Measurement:
        """Take over a result of the documented profile unchanged."""
        return cls(
            antibody=result.antibody, value=result.value, unit=result.unit, reference_range=result.reference_range,
            positive=result.positive, titer=result.titer, pattern=result.pattern,
        )  # fmt: skip


class Verdict(Frozen):
    """How a result was read. `how` names each piece of evidence; `contradiction` is set when they disagree."""

    outcome: Outcome
    how: tuple[str, ...]
    contradiction: str = ""
    titer: Titer | None = None
    times_uln: float | None = None
    unread: tuple[str, ...] = ()


def judge(measurement: Measurement) -> Verdict:
    """Decide whether a result is positive, negative or equivocal, or that the data do not say."""
    titer = _titer(measurement)
    evidence: list[tuple[Outcome, str]] = []
    if measurement.positive is not None:
        flag = Outcome.POSITIVE if measurement.positive else Outcome.NEGATIVE
        evidence.append((flag, f"reported as {flag.value}"))
    evidence.extend(_from_titer(titer, measurement))
    worded = _worded(measurement)
    if worded is not None:
        evidence.append(worded)
    number = _number(measurement)
    times: float | None = None
    if number is not None and titer is None:
        compared, times = _from_range(number, _bound(measurement), measurement)
        evidence.extend(compared)
    unread = _unread(measurement, titer)
    if not evidence:
        why = "no flag, titer, or reference range that could be read: cannot be called positive or negative"
        return Verdict(outcome=Outcome.UNKNOWN, how=(why,), titer=titer, unread=unread)
    outcomes = {outcome for outcome, _ in evidence}
    how = tuple(reason for _, reason in evidence)
    if {Outcome.POSITIVE, Outcome.NEGATIVE} <= outcomes:
        return Verdict(
            outcome=Outcome.UNKNOWN, how=how, titer=titer, times_uln=times, unread=unread,
            contradiction=f"The result contradicts itself: {'; '.join(how)}. Check with the laboratory.",
        )  # fmt: skip
    outcome = Outcome.EQUIVOCAL if Outcome.EQUIVOCAL in outcomes and len(outcomes) > 1 else evidence[0][0]
    return Verdict(outcome=outcome, how=how, titer=titer, times_uln=times, unread=unread)


def _titer(measurement: Measurement) -> Titer | None:
    if measurement.titer and parse_outcome(measurement.titer) is None:
        found = parse_titer(measurement.titer)
        if found is not None:
            return found
    if isinstance(measurement.value, str) and ":" in measurement.value:
        return parse_titer(measurement.value)
    if (measurement.unit or "").strip().lower() in _TITER_UNITS and isinstance(measurement.value, float):
        return parse_titer(f"{measurement.value:.0f}") if measurement.value >= 10 else None
    return None


def _from_titer(titer: Titer | None, measurement: Measurement) -> list[tuple[Outcome, str]]:
    if titer is None:
        return []
    reference_range = measurement.reference_range
    limit = parse_titer(reference_range) if reference_range and ":" in reference_range else None
    if limit is not None:
        reached = titer.at_least(limit.dilution + (limit.sign == "<="))
        if reached is None:
            return [(Outcome.EQUIVOCAL, f"titer {titer} cannot be compared with the limit {limit}")]
        outcome = Outcome.POSITIVE if reached else Outcome.NEGATIVE
        return [(outcome, f"titer {titer} against the laboratory's limit {limit}")]
    if titer.is_reactive and measurement.positive is False and titer.dilution <= LOW_DILUTION:
        return [(Outcome.NEGATIVE, f"reactive at {titer}, which the laboratory reports as negative")]
    if titer.is_reactive:
        return [(Outcome.POSITIVE, f"reactive at {titer}")]
    return [(Outcome.NEGATIVE, f"not reactive at the first dilution ({titer})")]


def _worded(measurement: Measurement) -> tuple[Outcome, str] | None:
    for text in (measurement.value, measurement.titer, measurement.unit):
        if isinstance(text, str):
            outcome = parse_outcome(text)
            if outcome is not None:
                return outcome, f"worded result {text.strip()!r}"
    return None


def _number(measurement: Measurement) -> float | None:
    if isinstance(measurement.value, str):
        return parse_number(measurement.value.strip().lstrip("<>=≤≥ "))
    return measurement.value


def _bound(measurement: Measurement) -> Bound | None:
    """Return the sign of a result printed as a bound (`<5`, `>100`)."""
    written = measurement.value.strip() if isinstance(measurement.value, str) else ""
    signs: dict[str, Bound] = {"<=": "<=", ">=": ">=", "≤": "<=", "≥": ">=", "<": "<", ">": ">"}
    return next((bound for sign, bound in signs.items() if written.startswith(sign)), None)


def _from_range(number: float, bound: Bound | None, measurement: Measurement) -> tuple[list[tuple[Outcome, str]], float | None]:
    unit = (measurement.unit or "").strip()
    if _MULTIPLE_UNIT.match(unit):
        outcome = Outcome.POSITIVE if number > 1 else Outcome.NEGATIVE
        return [(outcome, f"{number:g} times the laboratory's upper limit")], number
    limits = parse_reference_range(measurement.reference_range) if measurement.reference_range else None
    if limits is None or limits[1] is None:
        return [], None
    upper = limits[1]
    times = number / upper if upper > 0 and bound is None else None
    shown = f"{bound or ''}{number:g} {unit}".strip()
    if bound is not None and is_above(number, bound, upper) is None:
        return [], None
    if bound is None and number == upper:
        return [(Outcome.EQUIVOCAL, f"{shown} is exactly the laboratory's upper limit")], times
    if is_above(number, bound, upper):
        return [(Outcome.POSITIVE, f"{shown} is above the laboratory's range {measurement.reference_range}")], times
    return [(Outcome.NEGATIVE, f"{shown} is within the laboratory's range {measurement.reference_range}")], times


def _unread(measurement: Measurement, titer: Titer | None) -> tuple[str, ...]:
    unread = []
    if measurement.titer and titer is None and parse_outcome(measurement.titer) is None:
        unread.append(f"titer {measurement.titer.strip()[:60]!r} could not be read")
    if isinstance(measurement.value, str) and titer is None and _worded(measurement) is None and _number(measurement) is None:
        unread.append(f"value {measurement.value.strip()[:60]!r} could not be read")
    return tuple(unread)
