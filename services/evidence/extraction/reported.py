"""A result as a table, row or sentence reports it, and the fact it becomes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from services.clinical.antibodies import Measurement, judge, normalise_antibody
from services.clinical.labs import analytes, normalise_unit
from services.clinical.titers import Outcome
from services.evidence.extraction.facts import (
    AntibodyContent,
    DateBasis,
    LabContent,
    Precision,
)
from services.evidence.extraction.lexicon import Role, Subject, loinc_of, subject_of
from services.evidence.extraction.values import Value
from services.evidence.extraction.words import key_of

_NO_RESULT = frozenset(
    "pending tnp nd notdone notperformed cancelled canceled tofollow seebelow seenote seecomment seereport insufficient "
    "hemolyzed "
    "haemolysed qns notreported na awaited inprogress requested ordered seeattached".split()
)


@dataclass(frozen=True, slots=True)
class When:
    """The day a statement holds for, and how that was decided."""

    day: datetime.date | None
    precision: Precision
    basis: DateBasis


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: a stretch of a page, and within it the place of what is stated."""

    page: int
    start: int
    end: int
    offset: int


@dataclass(frozen=True, slots=True)
class Reported:
    """A named result at a place. `subject` may be set by who found the name; else the name decides."""

    name: str
    value: Value
    when: When
    place: Place
    fluid: str | None = None
    laboratory: str | None = None
    subject: Subject | None = None


def content_of(reported: Reported) -> LabContent | AntibodyContent | None:
    """Return the content a result becomes; None where it holds no result ("pending", an empty cell, a bare range)."""
    value = reported.value
    if value.is_empty or (value.text is not None and key_of(value.text) in _NO_RESULT):
        return None
    name = " ".join(reported.name.split()).strip(" :;,.*•-–")[:200]
    if not name or not any(char.isalpha() for char in name):
        return None
    subject = _by_unit(reported.subject, value.unit) or subject_of(name, value.unit, reported.fluid)
    if subject is not None and subject.role is Role.ANTIBODY:
        return _antibody(name, subject, reported)
    return _lab(name, subject, reported)


def _by_unit(subject: Subject | None, unit: str | None) -> Subject | None:
    """A quantity that its unit names more exactly: "neutrophils 62 %" is a share, "proteinuria 3.4 g/g" a ratio."""
    if subject is None or subject.analyte is None or unit is None:
        return subject
    key = subject.analyte.elsewhere.get(normalise_unit(unit) or "")
    return Subject(Role.ANALYTE, key, analytes()[key]) if key is not None else subject


def _lab(name: str, subject: Subject | None, reported: Reported) -> LabContent:
    value = reported.value
    analyte = subject.key if subject is not None and subject.role is Role.ANALYTE else None
    fluid = (subject.specimen if subject else None) or reported.fluid
    text = value.text if value.value is None else None
    if value.titer is not None:
        text = f"{value.titer} {value.pattern or ''}".strip()
    elif text is None and value.value is None and value.outcome is not None:
        text = value.outcome.value
    return LabContent(
        test=name, subject=subject.key if subject is not None else key_of(f"{fluid or ''} {name}")[:100], analyte=analyte,
        loinc=loinc_of(name, subject, unit=value.unit, titer=value.titer), value=value.value,
        comparator=value.comparator if value.value is not None else None, text=text[:400] if text else None, unit=value.unit,
        reference_range=value.reference_range, flag=value.flag, specimen=fluid, laboratory=reported.laboratory,
    )


def _antibody(name: str, subject: Subject, reported: Reported) -> AntibodyContent:
    value = reported.value
    known = normalise_antibody(name)
    identifier = subject.key or None
    number: float | str | None = value.value
    if number is None and value.text is not None:
        number = value.text
    positive = None
    if value.outcome in (Outcome.POSITIVE, Outcome.NEGATIVE):
        positive = value.outcome is Outcome.POSITIVE
    verdict = judge(
        Measurement(
            antibody=name, value=number if value.titer is None else None, unit=value.unit,
            reference_range=value.reference_range, positive=positive, titer=value.titer, pattern=value.pattern,
        )
    )
    outcome = Outcome.EQUIVOCAL if value.outcome is Outcome.EQUIVOCAL else verdict.outcome
    if outcome is Outcome.EQUIVOCAL and value.outcome is not None:
        outcome = value.outcome  # "<20" against a limit of 20: the laboratory's word decides
    elif outcome is Outcome.EQUIVOCAL and value.comparator == "<" and value.value and value.flag not in ("H", "HH"):
        # "<1.0" against a limit of 1.0 lies below it: what is just below the bound decides
        below = judge(Measurement(
            antibody=name, value=value.value * (1 - 1e-9), unit=value.unit, reference_range=value.reference_range
        )).outcome  # fmt: skip
        outcome = below if below is Outcome.NEGATIVE else outcome
    if positive is None and value.value is not None and (
        (value.comparator in ("<", "<=") and outcome is Outcome.POSITIVE)
        or (value.comparator in (">", ">=") and outcome is Outcome.NEGATIVE)
    ):
        outcome = Outcome.UNKNOWN  # a bound on the far side of the limit decides nothing
    if outcome is Outcome.UNKNOWN and not verdict.contradiction and value.flag in ("H", "HH"):
        outcome = Outcome.POSITIVE
    return AntibodyContent(
        name=name, subject=identifier or f"?{key_of(name)}"[:100], antibody=identifier, outcome=outcome, value=value.value,
        comparator=value.comparator, titer=value.titer, pattern=value.pattern, text=value.text, unit=value.unit,
        reference_range=value.reference_range, flag=value.flag,
        loinc=loinc_of(name, subject, unit=value.unit, titer=value.titer) if known.is_recognised else None,
        specimen=reported.fluid, laboratory=reported.laboratory,
    )
