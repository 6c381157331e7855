"""The facts of a document as passages of the three patient collections, so that a search finds results and events.

One passage for the results of one day, one for its autoantibodies, one for each event. They are written as sentences with
their date; document and page say where the words stand.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

from services.evidence.documents.vocabulary import DocumentType
from services.evidence.extraction import AntibodyContent, DateBasis, LabContent, MedicationContent, MedicationStatus
from services.evidence.passages import MetadataValue, Passage, Tier
from services.patients.facts import StoredFact
from services.patients.results import Result, antibody_results, laboratory_results
from services.patients.timeline import Event, events_of

LABS = "autoimmune_patient_labs"
ANTIBODIES = "autoimmune_autoantibody_panels"
TIMELINES = "autoimmune_patient_timelines"
COLLECTIONS = (LABS, ANTIBODIES, TIMELINES)
_RESULTS_IN_PASSAGE = 10
_FLAGS = {"L": "low", "LL": "very low", "H": "high", "HH": "very high", "A": "abnormal"}


def fact_passages(facts: Sequence[StoredFact], patient_name: str, source: str) -> tuple[Passage, ...]:
    """Return the passages of one document's facts; rejected and merely proposed facts are left out.

    So are results a sentence mentions without their day and drugs that merely go on: the document's own passages hold
    them, and here they would repeat what another document reports. `source` is the file name. Ids are made of document,
    kind and number, so that the passages of a corrected document replace the earlier ones.
    """
    counted = [fact for fact in facts if fact.counts and _is_news(fact)]
    if not counted:
        return ()
    first = counted[0]
    made: list[Passage] = []
    for collection, results, name in (
        (LABS, laboratory_results(counted), "Laboratory results"), (ANTIBODIES, antibody_results(counted), "Autoantibodies"),
    ):
        for number, group in enumerate(_panels(results)):
            made.append(_panel(collection, group, number, name, first, patient_name, source))
    made += [_event(event, number, first, patient_name, source) for number, event in enumerate(events_of(counted))]
    return tuple(made)


def _is_news(fact: StoredFact) -> bool:
    content = fact.content
    if isinstance(content, MedicationContent):
        return content.status is not MedicationStatus.CURRENT
    if isinstance(content, LabContent | AntibodyContent):
        return fact.basis not in (DateBasis.DOCUMENT, DateBasis.NONE) or fact.document_type == DocumentType.LAB_REPORT
    return True


def _panels(results: Iterable[Result]) -> Iterator[tuple[Result, ...]]:
    """Results of one day and page together, at most some in one passage."""
    groups: dict[tuple[datetime.date | None, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.date, result.places[0].page), []).append(result)
    for group in groups.values():
        for start in range(0, len(group), _RESULTS_IN_PASSAGE):
            yield tuple(group[start:start + _RESULTS_IN_PASSAGE])


def _panel(
    collection: str, group: Sequence[Result], number: int, name: str, fact: StoredFact, patient_name: str, source: str
) -> Passage:
    first = group[0]
    day = first.date
    title = f"{name} of {_day(first)}" if day else f"{name}, date not stated"
    metadata: dict[str, MetadataValue] = (
        _antibody_metadata(group) if collection == ANTIBODIES else _lab_metadata(group)
    )
    return Passage(
        id=f"{fact.document_id}-{number:04d}", collection=collection, text=" ".join(_sentence(result) for result in group),
        title=title, tier=Tier.RECORD, patient_id=fact.patient_id, document_id=fact.document_id, page=first.places[0].page,
        document_date=day.isoformat() if day else None, source=source, metadata=metadata,
        context=f"{patient_name}. {title}, {fact.document_title}" + (f", {first.laboratory}" if first.laboratory else ""),
    )


def _day(result: Result) -> str:
    if result.date is None:
        return "unknown date"
    return result.date.isoformat()[: {"day": 10, "month": 7, "year": 4}[result.precision.value]]


def _sentence(result: Result) -> str:
    notes = []
    if result.outcome is not None and result.outcome.value not in result.shown.lower():
        notes.append(result.outcome.value)
    flag = result.abnormal
    if flag is not None:
        notes.append(_FLAGS[flag])
    if result.reference_range:
        notes.append(f"reference {result.reference_range}")
    when = f"known on {_day(result)}" if result.is_approximate else f"on {_day(result)}"
    bracket = f" ({', '.join(notes)})" if notes else ""
    return f"{result.test}: {result.shown}{bracket} {when if result.date else 'without a date'}."


def _lab_metadata(group: Sequence[Result]) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {"test": ", ".join(dict.fromkeys(result.test for result in group))[:200]}
    if len(group) == 1:
        only = group[0]
        found |= {
            name: value for name, value in (
                ("value", only.value), ("unit", only.unit), ("reference_range", only.reference_range), ("flag", only.flag),
                ("loinc", only.loinc),
            ) if value is not None
        }
    return found


def _antibody_metadata(group: Sequence[Result]) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {"antibody": ", ".join(dict.fromkeys(result.test for result in group))[:200]}
    titers = [result.titer for result in group if result.titer]
    return found | ({"titer": ", ".join(titers)[:200]} if titers else {})


def _event(event: Event, number: int, fact: StoredFact, patient_name: str, source: str) -> Passage:
    day = event.day.isoformat()[: {"day": 10, "month": 7, "year": 4}[event.precision.value]]
    text = f"{day}: {event.title}." if not event.detail else f"{day}: {event.title}. {event.detail[:1200]}"
    metadata: dict[str, MetadataValue] = {"event": event.kind.value, "event_date": event.day.isoformat()}
    if fact.specialty and fact.specialty != "unknown":
        metadata["specialty"] = fact.specialty
    return Passage(
        id=f"{fact.document_id}-{number:04d}", collection=TIMELINES, text=text, title=f"{event.title[:200]} ({day})",
        tier=Tier.RECORD, patient_id=fact.patient_id, document_id=fact.document_id, page=event.places[0].page,
        document_date=event.day.isoformat(), source=source, metadata=metadata,
        context=f"{patient_name}. Event in {fact.document_title}",
    )
