"""What a report rests on: the rows of a stored analysis and of the profile it was given, as typed records.

The rows carry the names of the documented `/analyze` response. Unknown fields are ignored and fields that an older analysis
does not have are empty, so that a report can be made of any stored analysis.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.clinical.activity import INSTRUMENTS
from services.clinical.criteria import CRITERIA
from services.clinical.labs import analytes, normalise
from services.clinical.profile import Profile
from services.reports.blocks import Cited
from services.reports.choices import SectionKind


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


class GenotypeRow(Record):
    gene: str
    written: str
    phenotype: str | None = None
    reason: str = ""


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


class Facts(Record):
    """Everything a report prints or exports. `None` for `analysed_on` means that there is no analysis at all."""

    analysed_on: datetime.date | None = None
    age_years: int | None = None
    sex: Literal["M", "F"] | None = None
    diagnoses: tuple[str, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    open_checks: tuple[OpenCheck, ...] = ()
    antibodies: tuple[AntibodyValue, ...] = ()
    antibody_notes: tuple[str, ...] = ()
    labs: tuple[LabValue, ...] = ()
    hla: tuple[HlaLocus, ...] = ()
    hla_associations: tuple[HlaAssociationRow, ...] = ()
    hla_drugs: tuple[HlaDrugRow, ...] = ()
    genotypes: tuple[GenotypeRow, ...] = ()
    scores: tuple[ScoreRow, ...] = ()
    criteria: tuple[CriteriaRow, ...] = ()
    differential: tuple[DifferentialRow, ...] = ()
    outside: tuple[OutsideRow, ...] = ()
    differential_summary: str = ""
    flare: tuple[FlareRow, ...] = ()
    medications: tuple[MedicationRow, ...] = ()
    recommended: tuple[TherapyRow, ...] = ()
    excluded: tuple[TherapyRow, ...] = ()
    not_indicated: tuple[TherapyRow, ...] = ()
    therapy_notes: tuple[str, ...] = ()
    problems: tuple[ProblemRow, ...] = ()
    questions: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def only(self, sections: Iterable[SectionKind]) -> Facts:
        """Return the facts of the chosen sections; those of the others are gone, not hidden."""
        kept = set(sections)
        gone: dict[str, Any] = {name: () for kind, names in _OF_SECTION.items() if kind not in kept for name in names}
        if SectionKind.ALERTS not in kept:  # the summary names the dangerous ones in every report
            gone["alerts"] = tuple(one for one in self.alerts if one.is_critical)
        return self.model_copy(update=gone)


_OF_SECTION: Mapping[SectionKind, tuple[str, ...]] = {
    SectionKind.ALERTS: ("open_checks",),
    SectionKind.ANTIBODIES: ("antibodies", "antibody_notes"),
    SectionKind.LABS: ("labs",),
    SectionKind.HLA: ("hla", "hla_associations", "hla_drugs", "genotypes"),
    SectionKind.ACTIVITY: ("scores",),
    SectionKind.CRITERIA: ("criteria",),
    SectionKind.DIFFERENTIAL: ("differential", "outside"),
    SectionKind.FLARE: ("flare",),
    SectionKind.THERAPY: ("recommended", "excluded", "not_indicated", "therapy_notes"),
}


def read(profile: Profile, document: Mapping[str, Any]) -> Facts:
    """Return the facts of a stored analysis: the profile it was given and the document it gave."""
    therapy = document.get("therapy_notes", {})
    return Facts.model_validate(
        {
            **{name: document.get(key, ()) for name, key in _AS_STORED.items()},
            "analysed_on": document.get("analysed_on"), "age_years": profile.age, "sex": profile.sex,
            "differential_summary": document.get("differential_summary", ""),
            "antibodies": _antibodies(profile, document),
            "antibody_notes": document.get("antibodies", {}).get("notes", ()),
            "labs": _labs(profile, document),
            "scores": [_score(row) for row in document.get("disease_activity_scores", ())],
            "criteria": [_criteria(row) for row in document.get("criteria", ())],
            "hla": _loci(profile),
            "hla_drugs": document.get("hla", {}).get("pgx", ()),
            "medications": [_medication(row) for row in document.get("medications", ())],
            "recommended": [*document.get("biologic_recommendations", ()), *document.get("other_therapies", ())],
            "therapy_notes": [
                *therapy.get("by_disease", {}).values(), *therapy.get("notes", ()), therapy.get("ordering", ""),
                therapy.get("label", ""),
            ],
            "questions": [str(row.get("question", row.get("written", ""))) for row in document.get("questions", ())],
        }
    )  # fmt: skip


_AS_STORED = {
    "diagnoses": "diagnoses", "alerts": "alerts", "open_checks": "not_checkable", "hla_associations": "hla_associations",
    "genotypes": "genotypes", "differential": "differential", "outside": "outside_conditions", "flare": "flare_predictions",
    "excluded": "excluded_therapies", "not_indicated": "not_indicated_therapies", "problems": "problems",
    "unrecognised": "unrecognised", "notes": "notes",
}  # fmt: skip


def _labs(profile: Profile, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the values sent as laboratory values; results of the antibody panel among them stand with the antibodies."""
    sent = {one.key for one in normalise(profile.biomarkers, profile.sex, age_years=profile.age).readings}
    known = analytes()
    return [
        {**row, "loinc": known[row["key"]].loinc if row["key"] in known else None}
        for row in document.get("labs", ()) if row["key"] in sent or row["key"] not in known
    ]


def _score(row: Mapping[str, Any]) -> dict[str, Any]:
    instrument = INSTRUMENTS.get(row["score_name"])
    labels = {item.key: item.label for item in instrument.record.items} if instrument else {}
    return {**row, "missing": [labels.get(key, key.replace("_", " ")) for key in row.get("missing", ())]}


def _criteria(row: Mapping[str, Any]) -> dict[str, Any]:
    criteria = CRITERIA.get(row["criteria_id"])
    labels = {item.key: item.label for item in criteria.items} if criteria else {}
    return {**row, "missing": [labels.get(key, key.replace("_", " ")) for key in row.get("missing", ())]}


def _medication(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "drugs": [drug["name"] for drug in row.get("drugs", ())]}


def _loci(profile: Profile) -> list[HlaLocus]:
    loci: dict[str, list[str]] = {}
    for allele in profile.hla_profile.alleles() if profile.hla_profile else ():
        bare = allele.upper().removeprefix("HLA-")
        loci.setdefault(bare.split("*")[0][:10] if "*" in bare else bare[:1], []).append(allele)
    return [HlaLocus(locus=locus, alleles=tuple(alleles)) for locus, alleles in loci.items()]


def _antibodies(profile: Profile, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Join what was sent with what was read of it: the results of the panel first, then those sent elsewhere."""
    findings: dict[str, list[Mapping[str, Any]]] = {}
    for row in document.get("antibodies", {}).get("findings", ()):
        findings.setdefault(row["written"], []).append(row)
    rows: list[dict[str, Any]] = []
    panel = profile.autoantibody_panel
    for sent in panel.results if panel else ():
        waiting = findings.get(sent.antibody, [])
        found = waiting.pop(0) if waiting else {}
        rows.append(
            _finding(found, sent.antibody) | {
                "value": sent.value, "unit": sent.unit, "titer": sent.titer, "reference_range": sent.reference_range,
                "date": panel.collection_date if panel else None, "origin": "panel",
            }
        )  # fmt: skip
    for row in (one for waiting in findings.values() for one in waiting):
        measured = any(one["name"] == "value" for one in row.get("explanation", {}).get("inputs", ()))
        rows.append(_finding(row, row["written"]) | {"titer": row.get("titer"), "origin": "laboratory" if measured else "words"})
    return rows


def _finding(row: Mapping[str, Any], written: str) -> dict[str, Any]:
    kept = ("outcome", "patterns", "times_uln", "how", "is_nonspecific", "notes")
    return {
        "written": written, "id": row.get("antibody"), "name": row.get("name", written),
        "sources": row.get("explanation", {}).get("sources", ()), **{key: row[key] for key in kept if key in row},
    }  # fmt: skip
