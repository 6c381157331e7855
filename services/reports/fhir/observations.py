"""Observations: antibodies, laboratory values, HLA typing, genotypes as sent; scores and criteria as computed.

A value that was not given is never written: what could not be computed carries the reason for its absence instead (obs-6).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.reports.facts import Facts
from services.reports.fhir.codes import (
    DATA_ABSENT,
    INTERPRETATION,
    OBSERVATION_CATEGORY,
    antibody_loinc,
)
from services.reports.fhir.elements import (
    Frame,
    Resource,
    algorithmic,
    coding,
    concept,
    loinc,
    narrative,
    notes,
    quantity,
    text,
    without_nothing,
)
from services.reports.rows import AntibodyValue, CriteriaRow, GenotypeRow, HlaLocus, LabValue, ScoreRow
from services.reports.words import antibody_result, day, disease_name, joined, lab_limits, lab_result, outcome, score_result

_OUTCOME_CODES = {"positive": ("POS", "Positive"), "negative": ("NEG", "Negative"), "equivocal": ("E", "Equivocal")}
_FLAG_CODES = {"H": ("H", "High"), "L": ("L", "Low")}
_HISTORY = "History: more than a year before the newest result; not used for conclusions about the present."
_LABORATORY = [{"coding": [coding(OBSERVATION_CATEGORY, "laboratory", "Laboratory")]}]
_SURVEY = [{"coding": [coding(OBSERVATION_CATEGORY, "survey", "Survey")]}]


def observations(frame: Frame, facts: Facts, device: Resource) -> Iterator[Resource]:
    """Yield every observation of the chosen sections. Antibodies that stand among the laboratory values come once."""
    sent = [one for one in facts.antibodies if one.origin != "laboratory" or not facts.labs]
    for number, antibody in enumerate(sent):
        yield _antibody(frame, antibody, number)
    for lab in facts.labs:
        yield _lab(frame, lab)
    for number, locus in enumerate(facts.hla):
        yield _locus(frame, locus, number)
    for number, genotype in enumerate(facts.genotypes):
        yield _genotype(frame, genotype, number)
    for number, score in enumerate(facts.scores):
        yield _score(frame, score, number, device)
    for number, criteria in enumerate(facts.criteria):
        yield _criteria(frame, criteria, number, device)


def _observation(frame: Frame, kind: str, key: str, code: dict[str, Any], **elements: Any) -> Resource:
    return without_nothing(
        {
            "resourceType": "Observation", "id": frame.id(kind, key), "status": frame.status, "code": code,
            "subject": frame.subject(), **elements,
        }
    )  # fmt: skip


def _antibody(frame: Frame, one: AntibodyValue, number: int) -> Resource:
    called = _OUTCOME_CODES.get(one.outcome)
    name = one.name if one.name == one.written else f"{one.name} ({one.written})"
    remarks = (("Read from", one.how), ("Pattern", one.patterns))
    return _observation(
        frame, "antibody", f"{number}|{one.written}", concept(name, *loinc(antibody_loinc(one))),
        text=narrative(f"{name}: {antibody_result(one)}, read as {outcome(one)}, {day(one.date)}"),
        category=_LABORATORY, effectiveDateTime=one.date.isoformat() if one.date else None, **_antibody_value(one),
        interpretation=[concept(called[1], coding(INTERPRETATION, *called))] if called else None,
        referenceRange=[{"text": text(one.reference_range)}] if one.reference_range else None,
        note=notes(f"{lead}: {joined(said)}." for lead, said in remarks if said),
    )  # fmt: skip


def _antibody_value(one: AntibodyValue) -> dict[str, Any]:
    """The titer as a ratio, else the number, else the words; a titer that is no `1:n` stays text."""
    if one.titer:
        first, _, second = one.titer.replace(" ", "").partition(":")
        if first == "1" and second.isascii() and second.isdigit() and 0 < int(second[:9]) == int(second):
            return {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": int(second)}}}
        return {"valueString": text(one.titer)}
    if one.value is not None:
        return {"valueQuantity": quantity(one.value, one.unit)}
    if one.origin == "words" and one.outcome in _OUTCOME_CODES:
        return {"valueCodeableConcept": concept(outcome(one))}
    return {"dataAbsentReason": concept("the result was not sent as a value", coding(DATA_ABSENT, "unknown", "Unknown"))}


def _lab(frame: Frame, one: LabValue) -> Resource:
    called = _FLAG_CODES.get(one.flag or "")
    limits: dict[str, Any] | None = None
    if one.lower_limit is not None or one.upper_limit is not None:
        limits = {"text": text(lab_limits(one))}
        if one.limits_from == "laboratory":  # typical limits are nobody's reference range: they stay text
            limits |= {"low": quantity(one.lower_limit, one.unit)} if one.lower_limit is not None else {}
            limits |= {"high": quantity(one.upper_limit, one.unit)} if one.upper_limit is not None else {}
    return _observation(
        frame, "lab", one.key, concept(one.label, *loinc(one.loinc)),
        text=narrative(f"{one.label}: {lab_result(one)}, limits {lab_limits(one)}, {day(one.date)}"),
        category=_LABORATORY, effectiveDateTime=one.date.isoformat() if one.date else None,
        valueQuantity=quantity(one.value, one.unit),
        interpretation=[concept(called[1], coding(INTERPRETATION, *called))] if called else None,
        referenceRange=[limits] if limits else None,
        note=notes([f"As sent: {one.written}." if one.written else "", one.note, "" if one.is_current else _HISTORY]),
    )  # fmt: skip


def _locus(frame: Frame, one: HlaLocus, number: int) -> Resource:
    alleles = joined(one.alleles)
    return _observation(
        frame, "hla", f"{number}|{one.locus}", concept(f"HLA-{one.locus} typing"),
        text=narrative(f"HLA-{one.locus}: {alleles}"), category=_LABORATORY, valueCodeableConcept=concept(alleles),
    )  # fmt: skip


def _genotype(frame: Frame, one: GenotypeRow, number: int) -> Resource:
    return _observation(
        frame, "genotype", f"{number}|{one.gene}", concept(f"{one.gene} genotype"),
        text=narrative(f"{one.gene}: {one.written}"), category=_LABORATORY, valueCodeableConcept=concept(one.written),
        note=notes([f"Read as {one.phenotype}." if one.phenotype else one.reason, f"{one.origin}." if one.origin else ""]),
    )  # fmt: skip


def _score(frame: Frame, one: ScoreRow, number: int, device: Resource) -> Resource:
    """A computed instrument; without a value it says why and what is missing."""
    elements: dict[str, Any] = {}
    result = score_result(one)
    if one.status == "ok" and one.score_value is not None:
        elements["valueQuantity"] = quantity(one.score_value)
        elements["interpretation"] = [concept(one.band.replace("_", " "))] if one.band else None
    elif one.status == "ok":
        elements["valueCodeableConcept"] = concept(result)
    else:
        absent = ("not-applicable", "Not Applicable") if one.status == "not_applicable" else ("unknown", "Unknown")
        elements["dataAbsentReason"] = concept(result, coding(DATA_ABSENT, *absent))
    missing = f"Missing: {joined(one.missing)}." if one.missing and one.status != "ok" else ""
    title = f"{one.score_name} ({one.title})" if one.title else one.score_name
    sources = "; ".join(str(source) for source in one.explanation.sources)
    return _observation(
        frame, "score", f"{number}|{one.score_name}|{one.disease}", concept(title), meta=algorithmic(),
        text=narrative(f"{title}, {disease_name(one.disease)}: {result}", missing), category=_SURVEY,
        effectiveDateTime=frame.analysed(), device={"reference": f"urn:uuid:{device['id']}"},
        method=concept(one.explanation.rule) if one.explanation.rule else None,
        note=notes([f"Disease: {disease_name(one.disease)}.", missing, f"Sources: {sources}." if sources else ""]), **elements,
    )  # fmt: skip


def _criteria(frame: Frame, one: CriteriaRow, number: int, device: Resource) -> Resource:
    decided: dict[str, Any]
    if one.category_label or one.classified is not None:
        said = one.category_label or ("classification criteria met" if one.classified else "classification criteria not met")
        decided = {"valueCodeableConcept": concept(said)}
    else:
        said = "not decided: open items can still change it"
        decided = {"dataAbsentReason": concept(said, coding(DATA_ABSENT, "unknown", "Unknown"))}
    points = [{"code": concept("points"), "valueQuantity": quantity(one.points)}] if one.points is not None else None
    return _observation(
        frame, "criteria", f"{number}|{one.criteria_id}", concept(one.name), meta=algorithmic(),
        text=narrative(f"{one.name}: {said}", one.statement), category=_SURVEY, effectiveDateTime=frame.analysed(),
        device={"reference": f"urn:uuid:{device['id']}"}, component=points, **decided,
        note=notes([one.statement, f"Not answered: {joined(one.missing)}." if one.missing else ""]),
    )  # fmt: skip
