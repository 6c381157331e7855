"""The rows a report is made of: findings, judgements and treatments of a stored analysis, as typed records.

The rows carry the names of the documented `/analyze` response. Unknown fields are ignored and fields that an older analysis
does not have are empty, so that a report can be made of any stored analysis.
"""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.reports.blocks import Cited


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class InputRecord(Record):
    name: str
    value: str
    unit: str | None = None
    date: datetime.date | None = None


class StepRecord(Record):
    label: str
    points: float | None = None
    note: str = ""


class Why(Record):
    """The explanation of a finding, as far as a report prints it."""

    rule: str = ""
    inputs: tuple[InputRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    missing: tuple[str, ...] = ()
    sources: tuple[Cited, ...] = ()
    version: str = ""


class LabValue(Record):
    """A laboratory value in its canonical unit. One that `is_current` is not is history: shown, but not used for the present."""

    key: str
    label: str
    value: float
    unit: str
    date: datetime.date | None = None
    lower_limit: float | None = None
    upper_limit: float | None = None
    limits_from: Literal["laboratory", "typical"] | None = None
    flag: Literal["L", "H"] | None = None
    is_current: bool = True
    written: str = ""
    note: str = ""
    loinc: str | None = None


class AntibodyValue(Record):
    """One antibody result. Value, unit, titer and range are as sent; `outcome` and `how` are the engine's reading of them.

    `id` is None for a name nobody here knows. `origin` says where it was sent: in the panel, in words, or among the
    laboratory values (then the number stands there).
    """

    written: str
    id: str | None = None
    name: str
    outcome: str = "unknown"
    value: float | None = None
    unit: str | None = None
    titer: str | None = None
    reference_range: str | None = None
    date: datetime.date | None = None
    patterns: tuple[str, ...] = ()
    times_uln: float | None = None
    how: tuple[str, ...] = ()
    is_nonspecific: bool = False
    notes: tuple[str, ...] = ()
    sources: tuple[Cited, ...] = ()
    origin: Literal["panel", "words", "laboratory"] = "panel"


class HlaLocus(Record):
    locus: str
    alleles: tuple[str, ...]


class HlaAssociationRow(Record):
    allele: str
    disease_name: str
    subset: str = ""
    direction: str
    odds_ratio: float | None = None
    confidence_interval: tuple[float | None, float | None] | None = None
    population: str = ""
    certainty: str = ""
    is_uncertain: bool = False
    npv_only: bool = False
    resolution: str = ""
    note: str = ""
    explanation: Why = Why()


class HlaDrugRow(Record):
    allele: str
    drug: str
    effect: str
    figure: str = ""
    action: str = ""
    population: str = ""
    certainty: str = ""
    sources: tuple[Cited, ...] = ()


class GenomicTableRow(Record):
    """A variant table of the analysis; `notes` say what it could not answer, which is all where it was not read."""

    name: str
    sample: str = ""
    build: str = ""
    notes: tuple[str, ...] = ()
    is_read: bool = True


class GenomicGenotypeRow(Record):
    """One pharmacogene of a table. `used` is empty where treatment does not rest on it."""

    gene: str
    diplotype: str = ""
    phenotype: str = ""
    status: str = ""
    used: str = ""
    reasons: tuple[str, ...] = ()
    table: str = ""
    sources: tuple[str, ...] = ()


class CrossFindingRow(Record):
    """A finding of one part of the record about another; `table` is set where a variant table shows it, `row` counts from 0."""

    agent: str
    finding: str
    action: str = ""
    severity: str = ""
    table: str = ""
    row: int | None = None
    sources: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


class GenotypeRow(Record):
    gene: str
    written: str
    phenotype: str | None = None
    reason: str = ""
    origin: str = ""


class ScoreRow(Record):
    disease: str
    score_name: str
    title: str = ""
    score_value: float | None = None
    level: str
    band: str | None = None
    status: str
    kind: str = ""
    missing: tuple[str, ...] = ()
    message: str = ""
    explanation: Why = Why()


class CriteriaRow(Record):
    criteria_id: str
    name: str
    status: str
    classified: bool | None = None
    category_label: str | None = None
    points: float | None = None
    points_max_reachable: float | None = None
    threshold: float | None = None
    items_met: int = 0
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    statement: str = ""
    explanation: Why = Why()


class DifferentialRow(Record):
    disease: str
    disease_name: str
    rank: int
    confidence: float
    score: float | None = None
    supporting_antibodies: tuple[str, ...] = ()
    supporting_hla: tuple[str, ...] = ()
    matching_symptoms: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()
    classification_criteria_met: int = 0
    notes: str = ""
    is_diagnosed: bool = False
    explanation: Why = Why()


class OutsideRow(Record):
    name: str
    confidence: float
    red_flags: tuple[str, ...] = ()


class FlareRow(Record):
    disease: str
    current_activity: str
    predicted_risk: str
    risk_score: float | None = None
    contributing_factors: tuple[str, ...] = ()
    protective_factors: tuple[str, ...] = ()
    recommended_monitoring: tuple[str, ...] = ()
    time_horizon_days: int
    outcome: str = "flare"
    missing: tuple[str, ...] = ()
    not_assessed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    explanation: Why = Why()


class AlertRow(Record):
    code: str
    severity: str
    engine: str
    message: str
    action: str = ""
    scope: str = "patient"
    drugs: tuple[str, ...] = ()
    interacts_with: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    disease: str | None = None
    explanation: Why | None = None

    @property
    def is_critical(self) -> bool:
        return self.severity in {"critical", "contraindicated"}


class OpenCheck(Record):
    """A safety rule that could not be decided for want of what `missing` names."""

    code: str
    title: str
    severity: str
    drugs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class LabelRow(Record):
    status: str
    population: str = ""
    note: str = ""


class TherapyRow(Record):
    drug_name: str
    drug_class: str
    is_current: bool = False
    status_by_disease: dict[str, LabelRow] = {}
    pgx_considerations: tuple[str, ...] = ()
    contraindications: tuple[str, ...] = ()
    monitoring_requirements: tuple[str, ...] = ()
    boxed_warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    not_checkable: tuple[OpenCheck, ...] = ()
    sources: tuple[Cited, ...] = ()
    explanation: Why = Why()


class MedicationRow(Record):
    text: str
    drugs: tuple[str, ...] = ()
    is_taken: bool = True


class ProblemRow(Record):
    part: str
    name: str
    message: str


class ChangeRow(Record):
    """One thing that is different from before, in words that name both states. `part` groups them."""

    part: Literal["diagnosis", "medication", "activity", "alert", "result", "study"]
    text: str
    date: datetime.date | None = None
