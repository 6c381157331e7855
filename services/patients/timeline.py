"""The timeline of a patient: what happened when, out of the facts, each event once.

Only what changes something is an event: a diagnosis made, suspected or excluded, a drug begun, changed, held or stopped, a
procedure, an imaging study, a stated activity score, a flare. Results have their own series.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.clinical.activity import INSTRUMENTS
from services.evidence.extraction import (
    ActivityContent,
    Content,
    DiagnosisContent,
    DiagnosisStatus,
    FlareContent,
    ImagingContent,
    MedicationContent,
    MedicationStatus,
    Precision,
    ProcedureContent,
)
from services.evidence.extraction.words import key_of
from services.patients.facts import StoredFact
from services.patients.results import Place, place_of


class EventKind(StrEnum):
    DIAGNOSIS = "diagnosis"
    MEDICATION = "medication"
    PROCEDURE = "procedure"
    IMAGING = "imaging"
    ACTIVITY = "activity"
    HIGH_ACTIVITY = "high_activity"
    FLARE = "flare"


@dataclass(frozen=True, slots=True)
class Event:
    """One dated event. `detail` is what the document says beyond the title; `is_approximate`: the day is the document's."""

    day: datetime.date
    precision: Precision
    kind: EventKind
    title: str
    detail: str
    specialty: str
    is_approximate: bool
    places: tuple[Place, ...]


_HIGH = ("high", "very_high")
_VERBS = {
    MedicationStatus.STARTED: "started", MedicationStatus.CHANGED: "changed", MedicationStatus.HELD: "held",
    MedicationStatus.STOPPED: "stopped", MedicationStatus.PAST: "stopped", MedicationStatus.PLANNED: "planned",
}
_SAID = {
    DiagnosisStatus.CONFIRMED: "confirmed", DiagnosisStatus.SUSPECTED: "suspected", DiagnosisStatus.RULED_OUT: "ruled out",
    DiagnosisStatus.HISTORY: "history of",
}


def events_of(facts: Iterable[StoredFact]) -> tuple[Event, ...]:
    """Return the events of a patient, oldest first. A statement without any date is no event."""
    found: dict[tuple[str, ...], Event] = {}
    for fact in facts:
        if not fact.counts:
            continue
        for title, detail, kind, day, key in _told(fact):
            known = found.get((kind.value, key, day.isoformat()))
            places = (*known.places, place_of(fact)) if known is not None else (place_of(fact),)
            if known is not None and len(known.detail) >= len(detail):
                title, detail = known.title, known.detail
            approximate = fact.is_from_running_text and fact.effective == fact.document_date
            found[kind.value, key, day.isoformat()] = Event(
                day, fact.precision, kind, title, detail, fact.specialty, approximate, places
            )
    return tuple(sorted(found.values(), key=lambda one: (one.day, one.kind, one.title)))


def _told(fact: StoredFact) -> Iterable[tuple[str, str, EventKind, datetime.date, str]]:
    """Title, detail, kind, day and identity of the events of one fact; a course tells its start and its stop."""
    content: Content = fact.content
    day = fact.effective
    if isinstance(content, MedicationContent):
        yield from _of_medication(fact, content)
    elif day is None:
        return
    elif isinstance(content, DiagnosisContent):
        said = _SAID[content.status]
        title = f"{said.capitalize()} {content.name}" if content.status is DiagnosisStatus.HISTORY else f"{content.name}: {said}"
        yield title, "", EventKind.DIAGNOSIS, day, f"{content.disease or key_of(content.name)}|{content.status}"
    elif isinstance(content, ProcedureContent):
        yield content.name, content.finding, EventKind.PROCEDURE, day, key_of(content.name)
    elif isinstance(content, ImagingContent):
        title = f"{content.modality}, {content.region}" if content.region else content.modality
        yield title, content.finding, EventKind.IMAGING, day, key_of(title)
    elif isinstance(content, ActivityContent):
        yield f"{content.instrument} {content.value:g}", "", EventKind.ACTIVITY, day, f"{content.instrument}|{content.value:g}"
    elif isinstance(content, FlareContent):
        yield content.name, "", EventKind.FLARE, day, "flare"


def high_activity_of(facts: Iterable[StoredFact]) -> tuple[Event, ...]:
    """Return the days on which a document states a score that its instrument calls high, oldest first.

    They follow from the stated scores and are no further statements of the documents.
    """
    found: dict[tuple[str, datetime.date], Event] = {}
    for fact in facts:
        content = fact.content
        if not isinstance(content, ActivityContent) or not fact.counts or fact.effective is None:
            continue
        band = _high_band(content)
        if band is not None:
            title = f"{content.instrument} {content.value:g}: {band}"
            found[content.instrument, fact.effective] = Event(
                fact.effective, fact.precision, EventKind.HIGH_ACTIVITY, title, "", fact.specialty, fact.is_from_running_text,
                (place_of(fact),),
            )
    return tuple(sorted(found.values(), key=lambda one: (one.day, one.title)))


def _high_band(content: ActivityContent) -> str | None:
    """The band of a stated score where the instrument calls it high, else None."""
    instrument = INSTRUMENTS.get(content.instrument)
    band = next((one for one in instrument.bands if one.holds(content.value)), None) if instrument is not None else None
    return band.band.replace("_", " ") if band is not None and band.level in _HIGH else None


def _of_medication(fact: StoredFact, content: MedicationContent) -> Iterable[tuple[str, str, EventKind, datetime.date, str]]:
    described = " ".join(part for part in (content.name, content.dose, content.route, content.frequency) if part)
    start = content.start.day if content.start else None
    stop = content.stop.day if content.stop else None
    if content.status in (MedicationStatus.STOPPED, MedicationStatus.PAST):
        if start is not None:
            yield f"{content.name} started", described, EventKind.MEDICATION, start, f"{content.subject}|started"
        if stop is not None or (content.status is MedicationStatus.STOPPED and fact.effective is not None):
            ended = stop or fact.effective
            assert ended is not None  # one of the two is set, see above
            yield f"{content.name} stopped", content.note or "", EventKind.MEDICATION, ended, f"{content.subject}|stopped"
    elif content.status is MedicationStatus.CURRENT:
        if start is not None:
            yield f"{content.name} started", described, EventKind.MEDICATION, start, f"{content.subject}|started"
    elif fact.effective is not None:
        verb = _VERBS[content.status]
        yield f"{content.name} {verb}", described, EventKind.MEDICATION, fact.effective, f"{content.subject}|{verb}"
