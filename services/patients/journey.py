"""The way to a diagnosis out of the record: complaints, visits, names and signals as events of `services.clinical.odyssey`.

The engines are asked again for each day on which a document was written, with what was on file by then: what they would have
said on that day is a signal seen with hindsight. Nothing here says what the people of that day could have known otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

from pydantic import ValidationError

from services.clinical.analysis import Analysis, analyse
from services.clinical.disease import Disease
from services.clinical.odyssey import EventKind, Odyssey, OdysseyEvent, trace
from services.clinical.organ_systems import GENERAL, complaints_in, diagnosis_systems, systems_of
from services.clinical.profile import Profile
from services.evidence.documents.vocabulary import DocumentType
from services.evidence.extraction import DateBasis, DiagnosisContent, DiagnosisStatus, LabelContent, SymptomContent
from services.evidence.extraction.diagnoses import disease_in
from services.patients.courses import conditions_of
from services.patients.facts import StoredFact
from services.patients.profile_inputs import profile_inputs
from services.patients.registry import Patient
from services.patients.results import antibody_results, laboratory_results

WEIGHTY = 0.7
"""The least weight of a finding that counts as a signal: twice as likely with the disease (natural logarithm)."""
POINTS_CLEARLY = 0.5
"""The relative support from which the first place in the differential counts as a signal that stands alone."""
MAX_DAYS = 60
_ONE_YEAR = datetime.timedelta(days=366)

_TESTS = frozenset({
    DocumentType.LAB_REPORT, DocumentType.IMAGING_REPORT, DocumentType.PATHOLOGY_REPORT, DocumentType.GENETIC_REPORT,
})
_DECIDE = frozenset({"classification", "diagnosis"})
_GIVEN = (DiagnosisStatus.CONFIRMED, DiagnosisStatus.SUSPECTED)


def reached_diseases(facts: Iterable[StoredFact]) -> tuple[Disease, ...]:
    """Return which of the thirteen diseases the record holds as confirmed, the earliest first."""
    held = [one for one in conditions_of(facts) if one.disease is not None and one.status is DiagnosisStatus.CONFIRMED]
    ordered = sorted(held, key=lambda one: one.since or datetime.date.max)
    return tuple(dict.fromkeys(one.disease for one in ordered if one.disease is not None))


def odyssey_of(
    patient: Patient, facts: Sequence[StoredFact], target: Disease, *, began: datetime.date | None = None
) -> Odyssey:
    """Trace the way to `target`. `began` replaces the first symptom of the record.

    Facts that do not count are left out. Takes about 20 ms for each day with a document before the diagnosis.
    """
    counted = [fact for fact in facts if fact.counts]
    events = [*_visits(counted), *_names(counted, target)]
    if began is not None:
        events.append(OdysseyEvent(kind=EventKind.SYMPTOM, date=began, text="first symptom, as entered"))
    else:
        events += _symptoms(counted, target)
    first = trace(events)
    if first.diagnosis is not None and first.diagnosis.date is not None:
        since = first.first_symptom.date if first.first_symptom is not None else None
        events += _signals(patient, counted, target, since, first.diagnosis.date)
    return trace(events)


def _event(kind: EventKind, fact: StoredFact, text: str, day: datetime.date | None) -> OdysseyEvent:
    return OdysseyEvent(
        kind=kind, date=day, precision=fact.precision.value if day == fact.effective else "day", text=text,
        document_id=fact.document_id, page=fact.page, quote=fact.quote,
    )


def _visits(facts: Sequence[StoredFact]) -> Iterator[OdysseyEvent]:
    """One visit for each document somebody wrote after seeing the patient, one test for each report."""
    for fact in {fact.document_id: fact for fact in reversed(facts)}.values():
        if fact.document_date is not None:
            kind = EventKind.TEST if fact.document_type in _TESTS else EventKind.VISIT
            specialty = fact.specialty.replace("_", " ") if fact.specialty != "unknown" else None
            yield OdysseyEvent(
                kind=kind, date=fact.document_date, text=fact.document_title, specialty=specialty, document_id=fact.document_id,
                page=1,
            )


def _symptoms(facts: Sequence[StoredFact], target: Disease) -> list[OdysseyEvent]:
    """The beginnings of complaints the disease can cause. Tiredness years before the first of its own is not one of them."""
    shown = systems_of(target)
    own: list[OdysseyEvent] = []
    general: list[OdysseyEvent] = []
    for fact in facts:
        if isinstance(fact.content, SymptomContent) and fact.effective is not None:
            named = shown.intersection(complaints_in(fact.content.name))
            if named:
                belongs = own if named != {GENERAL} else general
                belongs.append(_event(EventKind.SYMPTOM, fact, fact.content.name, fact.effective))
    first = min((event.date for event in own if event.date is not None), default=None)
    return own + [one for one in general if first is None or (one.date is not None and first - one.date <= _ONE_YEAR)]


def _names(facts: Sequence[StoredFact], target: Disease) -> Iterator[OdysseyEvent]:
    """The diagnosis itself, and every other name: a label where the disease shows itself in its organs, else another."""
    held = set(reached_diseases(facts))
    known = _known_from(facts, target)
    confirmed: set[datetime.date] = set()
    listing = {fact.document_id for fact in facts if isinstance(fact.content, DiagnosisContent) and fact.content.from_list}
    for fact in sorted(facts, key=_first_told):
        content = fact.content
        if isinstance(content, DiagnosisContent):
            if content.status not in _GIVEN:
                continue
            day = fact.effective or fact.document_date
            if content.disease is target:
                event = _of_target(fact, content, day)
                if event.kind is EventKind.SIGNAL or day is None or day not in confirmed:  # told again: the first page counts
                    yield event
                if event.kind is EventKind.DIAGNOSIS and day is not None:
                    confirmed.add(day)
                continue
            if fact.document_date is not None and fact.document_date >= known:
                continue  # what is still held beside the diagnosis is no earlier name of it
            disease = content.disease
        elif isinstance(content, LabelContent):
            if fact.basis is DateBasis.DOCUMENT and fact.document_id in listing:
                continue  # the document's own list of diagnoses says it better
            disease, day = disease_in(content.name), fact.effective
            if disease is target:
                continue
        else:
            continue
        kind = EventKind.OTHER if fact.document_type in _TESTS else _kind_of(content.name, disease, target, held)
        if kind is EventKind.LABEL or isinstance(content, DiagnosisContent):
            yield _event(kind, fact, content.name, day)


def _first_told(fact: StoredFact) -> tuple[bool, datetime.date, int]:
    """Diagnoses before names that sentences report, each in the order of the documents."""
    return not isinstance(fact.content, DiagnosisContent), fact.document_date or datetime.date.max, fact.position


def _known_from(facts: Sequence[StoredFact], target: Disease) -> datetime.date:
    """The date of the first document that states the diagnosis as confirmed."""
    return min(
        (
            fact.document_date for fact in facts
            if isinstance(fact.content, DiagnosisContent) and fact.content.disease is target
            and fact.content.status is DiagnosisStatus.CONFIRMED and fact.document_date is not None
        ),
        default=datetime.date.max,
    )


def _of_target(fact: StoredFact, content: DiagnosisContent, day: datetime.date | None) -> OdysseyEvent:
    if content.status is DiagnosisStatus.CONFIRMED:
        return _event(EventKind.DIAGNOSIS, fact, content.name, day)
    return _event(EventKind.SIGNAL, fact, f"{content.name}: named as a possibility", fact.document_date or day)


def _kind_of(name: str, disease: Disease | None, target: Disease, held: set[Disease]) -> EventKind:
    if disease is not None:
        return EventKind.OTHER if disease in held else EventKind.LABEL
    return EventKind.LABEL if systems_of(target).intersection(diagnosis_systems(name)) else EventKind.OTHER


def _signals(
    patient: Patient, facts: Sequence[StoredFact], target: Disease, since: datetime.date | None, until: datetime.date
) -> Iterator[OdysseyEvent]:
    """What the engines say on each day with a document, with what was on file by then; each signal from its first day."""
    days = sorted({fact.document_date for fact in facts if fact.document_date is not None and fact.document_date < until})
    told: set[str] = set()
    for day in days[:MAX_DAYS]:
        if since is not None and day < since:
            continue
        on_file = [fact for fact in facts if fact.document_date is not None and fact.document_date <= day]
        analysis = _on_file(patient, on_file, day)
        if analysis is None:
            continue
        of_day = min((fact for fact in facts if fact.document_date == day), key=lambda one: one.document_type not in _TESTS)
        for text, is_specific in _pointing(analysis, target):
            if text not in told:
                told.add(text)
                yield OdysseyEvent(
                    kind=EventKind.SIGNAL, date=day, text=text, document_id=of_day.document_id, page=1, is_specific=is_specific
                )


def _on_file(patient: Patient, facts: Sequence[StoredFact], day: datetime.date) -> Analysis | None:
    """The analysis of what the documents said by `day`, without any diagnosis; None where there is nothing to analyse."""
    inputs = profile_inputs(
        patient, day, labs=laboratory_results(facts), antibodies=antibody_results(facts), facts=facts, courses=(), conditions=()
    )
    findings = [
        fact.content.name for fact in facts
        if isinstance(fact.content, SymptomContent)
        or (isinstance(fact.content, DiagnosisContent) and fact.content.disease is None and fact.content.status in _GIVEN)
    ]
    profile = {**inputs.profile, "diagnosed_conditions": [], "current_medications": []}
    profile["extensions"] = {"symptoms": list(dict.fromkeys(findings))[:100]}
    try:
        return analyse(Profile.model_validate(profile), today=day)
    except ValidationError:  # no age, no sex, or no result at all on that day
        return None


def _pointing(analysis: Analysis, target: Disease) -> Iterator[tuple[str, bool]]:
    """Signals for a disease: weighty findings, criteria that are met, and a clear first place in the differential."""
    for one in analysis.criteria:
        if target in one.criteria.diseases and one.criteria.purpose in _DECIDE and one.result.classified:
            yield f"{one.criteria.name} fulfilled by what was on file", True
    entry = next((one for one in analysis.differential.entries if one.disease is target), None)
    if entry is None:
        return
    for evidence in entry.evidence:
        if evidence.kind in ("antibody", "hla", "finding") and evidence.weight >= WEIGHTY:
            yield evidence.text, False
    if entry.rank == 1 and entry.confidence >= POINTS_CLEARLY and not analysis.differential.none_of_the_13:
        yield f"what was on file pointed to {target.label} before any other", True
