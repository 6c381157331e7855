"""Results over time out of facts: one result however many documents repeat it, in time order.

Two statements are one result when subject, specimen day, value and unit agree. A sentence that repeats a result without its
day ("WBC 3.4") joins the latest such result before the note; where there is none it stays, marked as known on the day of
the note. Units and ranges stay those of the reporting laboratory; `in_canonical_unit` converts on request.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.clinical.labs import analytes, convert, normalise_unit, parse_reference_range
from services.clinical.titers import Outcome, parse_outcome
from services.errors import UnitError
from services.evidence.extraction import AntibodyContent, DateBasis, LabContent, Precision
from services.evidence.extraction.facts import Comparator, Flag
from services.patients.facts import FactStatus, StoredFact

REPEATED_WITHIN = datetime.timedelta(days=550)
"""How far back a sentence without a date may repeat a result."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document states something. `quote` are the words on the page."""

    fact_id: str
    document_id: str
    document_title: str
    document_date: datetime.date | None
    page: int
    quote: str


@dataclass(frozen=True, slots=True)
class Result:
    """One result of one test on one day, with every place that states it.

    `date` is the day the specimen was taken as far as known; `is_approximate` when only the document's day or a month is
    known, None in `date` when nothing is. `status` is the strongest decision of a person about one of its places.
    `outcome`, `titer` and `pattern` belong to antibodies.
    """

    subject: str
    test: str
    date: datetime.date | None
    precision: Precision
    basis: DateBasis
    status: FactStatus
    places: tuple[Place, ...]
    analyte: str | None = None
    antibody: str | None = None
    loinc: str | None = None
    value: float | None = None
    comparator: Comparator | None = None
    text: str | None = None
    unit: str | None = None
    reference_range: str | None = None
    flag: Flag | None = None
    specimen: str | None = None
    laboratory: str | None = None
    outcome: Outcome | None = None
    titer: str | None = None
    pattern: str | None = None

    @property
    def is_approximate(self) -> bool:
        return self.basis in (DateBasis.DOCUMENT, DateBasis.NONE) or self.precision is not Precision.DAY

    @property
    def fact_ids(self) -> tuple[str, ...]:
        return tuple(place.fact_id for place in self.places)

    @property
    def shown(self) -> str:
        """The result as a laboratory prints it: "<0.01 ng/mL", "1:640 homogeneous", "not detected"."""
        if self.titer is not None:
            return f"{self.titer} {self.pattern or ''}".strip()
        if self.value is not None:
            return f"{self.comparator or ''}{self.value:g} {self.unit or ''}".strip()
        return self.text or (self.outcome.value if self.outcome is not None else "")

    @property
    def abnormal(self) -> Flag | None:
        """The laboratory's flag, else what its own range says; None within range or where no range is known."""
        if self.flag is not None or self.value is None or not self.reference_range:
            return self.flag
        limits = parse_reference_range(self.reference_range)
        if limits is None:
            return None
        low, high = limits
        if high is not None and self.value > high and self.comparator not in ("<", "<="):
            return "H"
        return "L" if low is not None and self.value < low and self.comparator not in (">", ">=") else None

    def in_canonical_unit(self) -> tuple[float, str] | None:
        """Return value and unit in the analyte's canonical unit, None where analyte, value or unit do not allow it."""
        analyte = analytes().get(self.analyte or "")
        if analyte is None or self.value is None or self.unit is None:
            return None
        try:
            return convert(self.value, self.unit, analyte), analyte.unit
        except UnitError:
            return None


def laboratory_results(facts: Iterable[StoredFact]) -> tuple[Result, ...]:
    """Return the laboratory results of a patient in time order, those without a day last."""
    return _merged([_of_lab(fact, fact.content) for fact in facts if fact.counts and isinstance(fact.content, LabContent)])


def antibody_results(facts: Iterable[StoredFact]) -> tuple[Result, ...]:
    """Return the autoantibody results of a patient in time order, those without a day last."""
    counted = (fact for fact in facts if fact.counts)
    return _merged([_of_antibody(fact, fact.content) for fact in counted if isinstance(fact.content, AntibodyContent)])


def latest(results: Sequence[Result]) -> dict[str, Result]:
    """Return the last dated result of each subject; one without any day only where there is no other."""
    found: dict[str, Result] = {}
    for result in results:
        known = found.get(result.subject)
        if known is None or known.date is None or (result.date is not None and result.date >= known.date):
            found[result.subject] = result
    return found


def place_of(fact: StoredFact) -> Place:
    return Place(fact.id, fact.document_id, fact.document_title, fact.document_date, fact.page, fact.quote)


def _of_lab(fact: StoredFact, content: LabContent) -> tuple[Result, bool]:
    return Result(
        subject=content.subject, test=content.test, date=fact.effective, precision=fact.precision, basis=fact.basis,
        status=fact.status, places=(place_of(fact),), analyte=content.analyte, loinc=content.loinc, value=content.value,
        comparator=content.comparator, text=content.text, unit=content.unit, reference_range=content.reference_range,
        flag=content.flag, specimen=content.specimen, laboratory=content.laboratory,
    ), fact.is_from_running_text


def _of_antibody(fact: StoredFact, content: AntibodyContent) -> tuple[Result, bool]:
    return Result(
        subject=content.subject, test=content.name, date=fact.effective, precision=fact.precision, basis=fact.basis,
        status=fact.status, places=(place_of(fact),), antibody=content.antibody, loinc=content.loinc, value=content.value,
        comparator=content.comparator, text=content.text, unit=content.unit, reference_range=content.reference_range,
        flag=content.flag, specimen=content.specimen, laboratory=content.laboratory, outcome=content.outcome,
        titer=content.titer, pattern=content.pattern,
    ), fact.is_from_running_text


def _merged(stated: Sequence[tuple[Result, bool]]) -> tuple[Result, ...]:
    found: dict[tuple[object, ...], Result] = {}
    for result, loose in stated:
        if not loose:
            exact = (result.subject, result.date, *_says(result))
            found[exact] = _joined(found[exact], result) if exact in found else result
    for result, loose in stated:
        if not loose:
            continue
        key = _repeated(result, found)
        if key is not None:
            found[key] = _joined(found[key], result)
        else:
            own = (result.subject, result.date, *_says(result), "in a sentence")
            found[own] = _joined(found[own], result) if own in found else result
    undated = datetime.date.max
    return tuple(sorted(found.values(), key=lambda one: (one.date or undated, one.subject, one.shown)))


def _says(result: Result) -> tuple[object, ...]:
    """What a result says, without how it is printed."""
    if result.titer is not None:
        return ("titer", result.titer)
    if result.value is not None:
        return ("value", result.value, result.comparator, normalise_unit(result.unit or "") or result.unit)
    said = parse_outcome(result.text or "")
    return ("words", said or result.outcome or (result.text or "").lower())


def _repeated(result: Result, found: dict[tuple[object, ...], Result]) -> tuple[object, ...] | None:
    """The key of the result that a sentence repeats: the latest one that agrees and lies before the sentence."""
    written = max((place.document_date for place in result.places if place.document_date), default=None)
    fitting = [
        key for key, one in found.items()
        if one.subject == result.subject and one.date is not None and _agrees(result, one) and _in_time(result, one.date, written)
    ]
    return max(fitting, key=lambda key: found[key].date or datetime.date.min) if fitting else None


def _agrees(sentence: Result, result: Result) -> bool:
    if sentence.titer is not None or sentence.value is not None:
        same = (sentence.titer, sentence.value) == (result.titer, result.value)
        units = [normalise_unit(one.unit) if one.unit else None for one in (sentence, result)]
        return same and (sentence.unit is None or units[0] == units[1])
    said = parse_outcome(sentence.text or "") or sentence.outcome
    other = result.outcome or parse_outcome(result.text or "")
    return said is not None and said == other


def _in_time(sentence: Result, day: datetime.date, written: datetime.date | None) -> bool:
    if sentence.basis is DateBasis.STATED and sentence.date is not None:
        length = 2 if sentence.precision is Precision.MONTH else 1
        return (day.year, day.month)[:length] == (sentence.date.year, sentence.date.month)[:length]
    if written is None:
        return True
    return datetime.timedelta(0) <= written - day <= REPEATED_WITHIN


_RANK = {
    FactStatus.EXTRACTED: 0, FactStatus.PROPOSED: 0, FactStatus.REJECTED: 0, FactStatus.ACCEPTED: 1, FactStatus.CORRECTED: 2,
}


def _joined(first: Result, second: Result) -> Result:
    """One result stated twice: the first keeps its words, blanks are filled from the second."""
    status = max(first.status, second.status, key=_RANK.__getitem__)
    known = Outcome.UNKNOWN if first.outcome is None else first.outcome
    return replace(
        first, places=(*first.places, *(place for place in second.places if place.fact_id not in first.fact_ids)), status=status,
        unit=first.unit or second.unit, reference_range=first.reference_range or second.reference_range,
        flag=first.flag or second.flag, laboratory=first.laboratory or second.laboratory, loinc=first.loinc or second.loinc,
        pattern=first.pattern or second.pattern, specimen=first.specimen or second.specimen,
        outcome=(second.outcome if known is Outcome.UNKNOWN and second.outcome is not None else first.outcome),
    )
