"""Finds overlap syndromes: each needs its combination, and says which part is present, absent or not known.

No single antibody makes an overlap syndrome and ANA appears in no rule. Rules and sources are rows of
`services/knowledge/data/overlap_syndromes.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.clinical.criteria.logic import Truth, all_of, any_of, at_least, known, unknown
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Frozen, Step
from services.clinical.labs import LabPanel
from services.knowledge.catalogue import load
from services.knowledge.sources import Source

VERSION = "overlap rules 1"
STATEMENT = "An overlap pattern to consider, not a diagnosis."

_REFERENCE = re.compile(r"^(?:antibody|feature|disease):[a-z0-9_]{1,60}$|^lab:[a-z0-9_]{1,40}>\d{1,2}$")

State = Literal["supported", "incomplete", "not_supported"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OverlapElement(_Row):
    """One part of a combination: any of the alternatives, each a conjunction of references."""

    key: str
    label: str
    any_of: tuple[tuple[str, ...], ...] = Field(min_length=1)

    @field_validator("any_of")
    @classmethod
    def _check_references(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for reference in (reference for alternative in value for reference in alternative):
            if not _REFERENCE.match(reference):
                raise ValueError(f"not a reference: {reference}")
            kind, _, name = reference.partition(":")
            if kind == "disease":
                Disease(name)
            if reference == "antibody:ana":
                raise ValueError("ANA shows no overlap syndrome")
        return value


class OverlapGroup(_Row):
    label: str
    need: int = Field(ge=1)
    of: tuple[OverlapElement, ...] = Field(min_length=1)


class OverlapRecord(_Row):
    """One row of `overlap_syndromes.yaml`. `own_features` are features no symptom reader knows."""

    id: str
    name: str
    rule: str
    groups: tuple[OverlapGroup, ...] = Field(min_length=1)
    own_features: tuple[str, ...] = ()
    note: str
    sources: tuple[Source, ...] = Field(min_length=1)
    summary: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class OverlapEvidence:
    """What is known. An absent key is unknown; `conditions` are the established diagnoses, complete as given."""

    antibodies: Mapping[str, bool | None] = field(default_factory=dict)
    features: Mapping[str, bool | None] = field(default_factory=dict)
    conditions: Collection[Disease] = ()
    labs: LabPanel = field(default_factory=LabPanel)


class OverlapFinding(Frozen):
    """One syndrome for one patient. Only `supported` may be shown as an overlap pattern."""

    id: str
    name: str
    state: State
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    note: str
    sources: tuple[Source, ...]
    explanation: Explanation
    statement: str = STATEMENT


@cache
def overlap_records() -> tuple[OverlapRecord, ...]:
    """Return every syndrome in file order."""
    return load("overlap_syndromes", OverlapRecord)


def assess_overlaps(evidence: OverlapEvidence) -> tuple[OverlapFinding, ...]:
    """Return one finding for each syndrome, in file order."""
    return tuple(_assess(record, evidence) for record in overlap_records())


def find_overlaps(evidence: OverlapEvidence) -> tuple[OverlapFinding, ...]:
    """Return what is worth showing: supported syndromes first, then incomplete ones whose leading group is met.

    An incomplete syndrome needs at least two present parts: a single antibody lists nothing.
    """
    findings = assess_overlaps(evidence)
    supported = [finding for finding in findings if finding.state == "supported"]
    begun = [
        finding for finding in findings
        if finding.state == "incomplete" and len(finding.present) >= 2
        and finding.explanation.steps[0].note.startswith("met")
    ]
    return (*supported, *begun)


_STATES: dict[bool | None, State] = {True: "supported", False: "not_supported", None: "incomplete"}


def _assess(record: OverlapRecord, evidence: OverlapEvidence) -> OverlapFinding:
    elements = {element.key: element for group in record.groups for element in group.of}
    truths = {key: _element(element, evidence) for key, element in elements.items()}
    groups = [at_least(group.need, [truths[element.key] for element in group.of]) for group in record.groups]
    met = all_of(*groups)
    words = {True: "met", False: "not met", None: "open"}
    by_state = {
        value: tuple(elements[key].label for key, truth in truths.items() if truth.value is value)
        for value in (True, False, None)
    }
    return OverlapFinding(
        id=record.id, name=record.name, state=_STATES[met.value], present=by_state[True], absent=by_state[False],
        missing=by_state[None] if met.value is None else (), note=record.note, sources=record.sources,
        explanation=Explanation(
            rule=record.rule,
            steps=tuple(
                Step(label=group.label, note=f"{words[truth.value]}; {_count(group, truths)} of {group.need} needed")
                for group, truth in zip(record.groups, groups, strict=True)
            ),
            missing=by_state[None] if met.value is None else (), sources=record.sources, version=VERSION,
        ),
    )


def _count(group: OverlapGroup, truths: Mapping[str, Truth]) -> int:
    return sum(truths[element.key].true for element in group.of)


def _element(element: OverlapElement, evidence: OverlapEvidence) -> Truth:
    return any_of(*(
        all_of(*(_reference(reference, evidence) for reference in alternative)) for alternative in element.any_of
    ))


@cache
def _parted(reference: str) -> tuple[str, str]:
    """Return the kind and the name of a reference; a disease as its enum value, which is its identifier."""
    kind, _, name = reference.partition(":")
    return kind, Disease(name) if kind == "disease" else name


def _reference(reference: str, evidence: OverlapEvidence) -> Truth:
    kind, name = _parted(reference)
    if kind == "disease":
        return known(name in evidence.conditions)
    if kind == "lab":
        key, _, multiple = name.partition(">")
        reading = evidence.labs.get(key)
        if reading is None or not reading.uln:
            return unknown(reference)
        above = reading.is_above(float(multiple) * reading.uln)
        return unknown(reference) if above is None else known(above)
    state = (evidence.antibodies if kind == "antibody" else evidence.features).get(name)
    return unknown(reference) if state is None else known(state)
