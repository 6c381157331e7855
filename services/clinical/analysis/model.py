"""What the whole analysis of a patient consists of: the reports of every engine, and what none of them could use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.clinical.activity import ActivityScore
from services.clinical.antibodies import AntibodyReport, NameQuestion
from services.clinical.criteria.model import CriteriaSet
from services.clinical.criteria.records import Answer
from services.clinical.criteria.results import CriteriaResult
from services.clinical.differential import Differential
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Frozen
from services.clinical.flare import FlareAssessment
from services.clinical.genotypes import Genotypes
from services.clinical.hla import HlaReport
from services.clinical.labs import LabPanel
from services.clinical.overlap import OverlapFinding
from services.clinical.profile import Profile
from services.clinical.safety import SafetyReport, Severity
from services.clinical.therapy import TherapyReport

DISCLAIMER = "Decision support for clinicians, not a diagnosis; not for time-critical use."

Kind = Literal[
    "biomarker", "antibody", "allele", "medication", "genotype", "condition", "symptom", "instrument", "criteria", "extension"
]


_MAX_ROWS = 300
_Short = Annotated[str, StringConstraints(max_length=300)]
_Text = Annotated[str, StringConstraints(max_length=1_000)]


class Problem(Frozen):
    """Something sent that was recognised but could not be used as sent, and what to send instead."""

    part: str
    name: str
    message: str


class Unrecognised(Frozen):
    """A name nobody here knows, as written. It was not checked and not counted as anything."""

    kind: Kind
    written: str


class CrossFinding(Frozen):
    """A finding of one part of the record that matters for another: a genotype for a drug, an antibody for a diagnosis.

    What a variant table shows also names the gene, genotype and significance, its `table` and `row` (counted from 0),
    its sources with their versions, and its limits.
    """

    agent: Literal["pharmacogenomics", "genomics", "hla", "autoantibodies", "overlap"]
    finding: str
    action: str = ""
    severity: Severity
    concerns: tuple[str, ...] = ()
    gene: str = ""
    genotype: str = ""
    significance: str = ""
    table: str = ""
    row: int | None = None
    sources: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


class GenomicTable(Frozen):
    """One linked table. `notes` say what in it could not be used; `is_read` is False where that is all of it."""

    name: _Short
    sample: _Short = ""
    build: _Short = ""
    notes: tuple[_Text, ...] = ()
    is_read: bool = True


class DerivedGenotype(Frozen):
    """One pharmacogene of a table.

    `used` is the genotype as the engine reads it, empty where it must not be used; `phenotype` is empty where none was assigned.
    """

    gene: _Short
    diplotype: _Short = ""
    phenotype: _Short = ""
    status: _Short
    used: _Short = ""
    reasons: tuple[_Text, ...] = ()
    table: _Short = ""
    sources: tuple[_Text, ...] = ()


class GenomicInput(Frozen):
    """Everything the linked tables say. No table linked is the empty input."""

    tables: Annotated[tuple[GenomicTable, ...], Field(max_length=_MAX_ROWS)] = ()
    findings: Annotated[tuple[CrossFinding, ...], Field(max_length=_MAX_ROWS)] = ()
    genotypes: Annotated[tuple[DerivedGenotype, ...], Field(max_length=_MAX_ROWS)] = ()


class ClinicalAlert(Frozen):
    """One alert, whichever engine raised it. `scope` is current, proposed, candidate or patient."""

    code: str
    severity: Severity
    engine: Literal["safety", "flare", "autoantibodies", "activity", "input"]
    message: str
    action: str
    scope: str = "patient"
    drugs: tuple[str, ...] = ()
    interacts_with: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    disease: Disease | None = None
    explanation: Explanation | None = None

    @property
    def is_critical(self) -> bool:
        """Whether it belongs among the critical alerts: critical, contraindicated, or an emergency."""
        return self.severity.rank >= Severity.CRITICAL.rank


@dataclass(frozen=True, slots=True)
class CriteriaAssessment:
    """One criteria set as far as the record answers it.

    `answers` were taken from the record or given; `origins` says from where (laboratory and antibodies, symptoms, given).
    `items_met` counts the items that are met now.
    """

    criteria: CriteriaSet
    answers: Mapping[str, Answer]
    origins: Mapping[str, str]
    result: CriteriaResult
    items_met: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything the engines say of one profile. Nothing sent is dropped: see `problems`, `unrecognised`, `questions`.

    `diagnoses` are the diagnosed conditions and the diagnoses stated in the extensions. `criteria` holds the sets of the
    relevant diseases for which the record answers at least one item. `current_labs` are the keys of the readings recent enough
    to describe the patient now. `versions` names the rules and the knowledge used.
    """

    profile: Profile
    analysed_on: date | None
    diagnoses: tuple[Disease, ...]
    panel: LabPanel
    current_labs: frozenset[str]
    antibodies: AntibodyReport
    hla: HlaReport
    genotypes: Genotypes
    activity: tuple[ActivityScore, ...]
    criteria: tuple[CriteriaAssessment, ...]
    differential: Differential
    flare: tuple[FlareAssessment, ...]
    safety: SafetyReport
    therapy: TherapyReport
    overlap: tuple[OverlapFinding, ...]
    alerts: tuple[ClinicalAlert, ...]
    cross_findings: tuple[CrossFinding, ...]
    genomics: GenomicInput
    problems: tuple[Problem, ...]
    unrecognised: tuple[Unrecognised, ...]
    questions: tuple[NameQuestion, ...]
    notes: tuple[str, ...]
    versions: Mapping[str, str]

    @property
    def critical_alerts(self) -> tuple[ClinicalAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.is_critical)
