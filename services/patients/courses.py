"""Medications as intervals and diagnoses as conditions, put together from what the documents state one after another.

A list that names a drug says that it is taken on that day, with the start it gives; a stop closes the course. Documents are
read in the order of their dates, so a later statement corrects an earlier one. What no document ends stays open, with the
day it was last confirmed beside it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from services.clinical.disease import Disease
from services.evidence.documents.vocabulary import DocumentType
from services.evidence.extraction import DiagnosisContent, DiagnosisStatus, MedicationContent, MedicationStatus
from services.evidence.extraction.words import key_of
from services.patients.facts import StoredFact
from services.patients.results import Place, place_of

_LENGTH = re.compile(r"\bfor (\d{1,3}|one|two|three|four|five|six|seven|eight|ten|twelve) (day|week|month)s?\b", re.IGNORECASE)
_ONCE = re.compile(r"^(?:once|single dose|stat|one dose|one-off)$", re.IGNORECASE)
_OVER = re.compile(r"\b(?:over|tapering over) (\d{1,3}) (day|week|month)s?\b", re.IGNORECASE)
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10, "twelve": 12}
_SILENCE = datetime.timedelta(days=365)
_DAYS = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class DoseChange:
    day: datetime.date | None
    dose: str
    frequency: str


@dataclass(frozen=True, slots=True)
class Course:
    """One medication from start to stop. `stop` is None while it is open, or when only that it ended is known.

    `status`: `current`, `held`, `stopped`, `planned`. `expected_end` follows from a stated length ("for 5 days").
    `confirmed` is the day of the last document that states it. `not_listed_on` is the day from which its silence speaks: of
    a complete medication list that leaves it out, or of the second of two lists more than a year after `confirmed`.
    """

    subject: str
    name: str
    drugs: tuple[str, ...]
    status: str
    start: datetime.date | None
    stop: datetime.date | None
    dose: str = ""
    route: str = ""
    frequency: str = ""
    reason: str = ""
    expected_end: datetime.date | None = None
    confirmed: datetime.date | None = None
    not_listed_on: datetime.date | None = None
    changes: tuple[DoseChange, ...] = ()
    places: tuple[Place, ...] = ()

    def is_taken_on(self, day: datetime.date) -> bool:
        """Whether the record says that the drug is taken on `day`: open, not held, not past its stated length."""
        if self.status not in ("current",) or self.not_listed_on is not None:
            return False
        return (self.start is None or self.start <= day) and (self.expected_end is None or day <= self.expected_end)

    @property
    def described(self) -> str:
        return " ".join(part for part in (self.name, self.dose, self.route, self.frequency) if part)




def _reading_order(fact: StoredFact) -> tuple[datetime.date, str, int]:
    return fact.document_date or datetime.date.min, fact.document_id, fact.position


def medication_courses(facts: Iterable[StoredFact]) -> tuple[Course, ...]:
    """Return the courses of a patient: by start, those without a start first."""
    counted = [fact for fact in facts if fact.counts]
    by_subject: dict[str, list[Course]] = {}
    ordered = sorted(counted, key=_reading_order)
    for fact in ordered:
        if isinstance(fact.content, MedicationContent):
            _state(by_subject.setdefault(fact.content.subject, []), fact, fact.content)
    lists = _lists(ordered)
    for subject, courses in by_subject.items():
        courses[-1] = replace(courses[-1], not_listed_on=_silent_since(subject, courses[-1], lists))
    every = [course for courses in by_subject.values() for course in courses]
    return tuple(sorted(every, key=lambda one: (one.start or one.stop or datetime.date.min, one.subject)))


class _List(NamedTuple):
    day: datetime.date
    is_complete: bool
    subjects: frozenset[str]


def _lists(facts: Iterable[StoredFact]) -> list[_List]:
    """The medication lists of the documents, oldest first: what each names as taken, and whether it claims to be complete."""
    found: dict[str, _List] = {}
    for fact in facts:
        content = fact.content
        if not isinstance(content, MedicationContent) or not content.from_list or fact.document_date is None:
            continue
        known = found.get(fact.document_id)
        named = (known.subjects if known is not None else frozenset()) | {content.subject}
        found[fact.document_id] = _List(fact.document_date, fact.document_type == DocumentType.MEDICATION_LIST, named)
    return sorted(found.values(), key=lambda one: one.day)


def _silent_since(subject: str, course: Course, lists: Sequence[_List]) -> datetime.date | None:
    """The day from which lists that leave an open course out say that it is not taken any more."""
    if course.status != "current" or course.confirmed is None:
        return None
    silent = [one for one in lists if one.day > course.confirmed and subject not in one.subjects]
    complete = next((one.day for one in silent if one.is_complete), None)
    later = [one.day for one in silent if one.day - course.confirmed > _SILENCE]
    return complete or (later[1] if len(later) > 1 else None)


def _state(courses: list[Course], fact: StoredFact, content: MedicationContent) -> None:
    """Apply one statement to the courses of its drug."""
    known = fact.document_date
    start = content.start.day if content.start else None
    stop = content.stop.day if content.stop else None
    last = courses[-1] if courses else None
    place = (place_of(fact),)
    if content.status in (MedicationStatus.STOPPED, MedicationStatus.PAST):
        _stop(courses, fact, content, start, stop)
        return
    if content.status is MedicationStatus.PLANNED:
        if last is None or last.status == "stopped":
            courses.append(_course(content, "planned", start, fact))
        elif last.status == "planned":
            courses[-1] = replace(last, places=last.places + place, confirmed=known or last.confirmed)
        return
    if content.status is MedicationStatus.HELD:
        base = last if last is not None and last.status != "stopped" else None
        if base is None:
            courses.append(_course(content, "held", start, fact))
        else:
            courses[-1] = replace(base, status="held", places=base.places + place, confirmed=known)
        return
    if last is None or (last.status == "stopped" and not _still_same(last, start, known)):
        begun = start or (known if content.status is MedicationStatus.STARTED and fact.effective is not None else None)
        courses.append(_course(content, "current", begun, fact))
        return
    if last.status == "stopped":
        courses[-1] = replace(last, places=last.places + place)  # an older course told again
        return
    courses[-1] = _continued(last, fact, content, start)


def _still_same(last: Course, start: datetime.date | None, known: datetime.date | None) -> bool:
    """Whether a statement about a drug that was stopped tells of the stopped course and not of a new one."""
    if start is not None:
        return last.stop is not None and start < last.stop
    return known is not None and last.stop is not None and known < last.stop


def _continued(last: Course, fact: StoredFact, content: MedicationContent, start: datetime.date | None) -> Course:
    dose, frequency = content.dose or "", content.frequency or ""
    changed = bool(dose) and (dose, frequency) != (last.dose, last.frequency) and content.from_list
    change = (DoseChange(start or fact.document_date, dose, frequency),) if changed and last.dose else ()
    begun = last.start
    if last.status == "planned" or begun is None:
        begun = start or last.start or (fact.document_date if content.status is MedicationStatus.STARTED else None)
    updated = replace(
        last, status="current", start=begun, dose=dose or last.dose if content.from_list else last.dose or dose,
        frequency=(frequency or last.frequency) if content.from_list else last.frequency or frequency,
        route=content.route or last.route, confirmed=fact.document_date or last.confirmed, changes=last.changes + change,
        places=(*last.places, place_of(fact)), reason="",
    )
    if not changed and last.dose:
        return updated
    return replace(updated, expected_end=_expected_end(updated, content, start))


def _stop(
    courses: list[Course], fact: StoredFact, content: MedicationContent, start: datetime.date | None, stop: datetime.date | None
) -> None:
    last = courses[-1] if courses else None
    told_now = content.status is MedicationStatus.STOPPED and fact.effective is not None
    ended = stop or (fact.document_date if told_now else None)
    if last is not None and last.status == "stopped" and _near(stop, last.stop):
        courses[-1] = replace(
            last, start=last.start or start, stop=last.stop or stop, reason=last.reason or content.note or "",
            places=(*last.places, place_of(fact)),
        )
        return
    earlier = ended is not None and last is not None and last.start is not None and ended < last.start
    if last is not None and last.status != "stopped" and not earlier:
        courses[-1] = replace(
            last, status="stopped", start=last.start or start, stop=ended, reason=content.note or "",
            confirmed=fact.document_date, places=(*last.places, place_of(fact)), expected_end=None,
        )
        return
    closed = replace(_course(content, "stopped", start, fact), stop=ended, reason=content.note or "", expected_end=None)
    courses.insert(max(len(courses) - 1, 0) if last is not None and last.status != "stopped" else len(courses), closed)


def _near(first: datetime.date | None, second: datetime.date | None) -> bool:
    """Whether two stops can be the same one, told with different exactness."""
    return first is None or second is None or abs((first - second).days) <= 31


def _course(content: MedicationContent, status: str, start: datetime.date | None, fact: StoredFact) -> Course:
    course = Course(
        subject=content.subject, name=content.name, drugs=content.drugs, status=status, start=start, stop=None,
        dose=content.dose or "", route=content.route or "", frequency=content.frequency or "", confirmed=fact.document_date,
        places=(place_of(fact),),
    )
    return replace(course, expected_end=_expected_end(course, content, start))


def _expected_end(course: Course, content: MedicationContent, start: datetime.date | None) -> datetime.date | None:
    begun = start or course.start
    if begun is not None and ((content.given and not content.frequency) or _ONCE.search(content.frequency or "")):
        return begun
    said = _LENGTH.search(f"{content.frequency or ''} {content.dose or ''}") or _OVER.search(content.frequency or "")
    if begun is None or said is None:
        return None
    count = _WORDS.get(said.group(1).lower()) or int(said.group(1))
    return begun + datetime.timedelta(days=count * _DAYS[said.group(2).lower()])


@dataclass(frozen=True, slots=True)
class StatusChange:
    day: datetime.date | None
    status: DiagnosisStatus
    document_date: datetime.date | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One diagnosis as the record holds it: its present status, since when, and how it changed."""

    name: str
    disease: Disease | None
    status: DiagnosisStatus
    since: datetime.date | None
    history: tuple[StatusChange, ...]
    places: tuple[Place, ...]


def conditions_of(facts: Iterable[StoredFact]) -> tuple[Condition, ...]:
    """Return the conditions of a patient: confirmed ones first, each kind by its date."""
    found: dict[str, Condition] = {}
    ordered = sorted((fact for fact in facts if fact.counts), key=_reading_order)
    for fact in ordered:
        content = fact.content
        if not isinstance(content, DiagnosisContent):
            continue
        key = content.disease.value if content.disease is not None else key_of(content.name.split(",")[0].split(" in ")[0])
        change = StatusChange(fact.effective, content.status, fact.document_date)
        known = found.get(key)
        if known is None:
            found[key] = Condition(content.name, content.disease, content.status, fact.effective, (change,), (place_of(fact),))
            continue
        found[key] = _told_again(known, fact, content, change)
    rank = {DiagnosisStatus.CONFIRMED: 0, DiagnosisStatus.SUSPECTED: 1, DiagnosisStatus.HISTORY: 2, DiagnosisStatus.RULED_OUT: 3}
    return tuple(sorted(found.values(), key=lambda one: (rank[one.status], one.since or datetime.date.min, one.name)))


def _told_again(known: Condition, fact: StoredFact, content: DiagnosisContent, change: StatusChange) -> Condition:
    """A later statement: a suspicion does not undo a diagnosis, an exclusion does; a list outweighs a sentence."""
    status = content.status
    weaker = status in (DiagnosisStatus.SUSPECTED, DiagnosisStatus.HISTORY) and known.status is DiagnosisStatus.CONFIRMED
    doubtful = not content.from_list and status is DiagnosisStatus.RULED_OUT and known.status is DiagnosisStatus.CONFIRMED
    current = known.status if weaker or doubtful else status
    since = known.since
    if current is not known.status:
        since = fact.effective
    elif fact.effective is not None and status is current:
        since = min(since or fact.effective, fact.effective)
    name = content.name if content.from_list and current is status else known.name
    return Condition(
        name, known.disease or content.disease, current, since, (*known.history, change), (*known.places, place_of(fact))
    )
