"""What a report rests on: everything it prints or exports, read out of a stored analysis and the profile it was given."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from services.clinical.activity import INSTRUMENTS
from services.clinical.criteria import CRITERIA
from services.clinical.labs import analytes, normalise
from services.clinical.profile import Profile
from services.reports.choices import SectionKind
from services.reports.rows import (
    AlertRow,
    AntibodyValue,
    ChangeRow,
    CriteriaRow,
    CrossFindingRow,
    DifferentialRow,
    FlareRow,
    GenomicGenotypeRow,
    GenomicTableRow,
    GenotypeRow,
    HlaAssociationRow,
    HlaDrugRow,
    HlaLocus,
    LabValue,
    MedicationRow,
    OpenCheck,
    OutsideRow,
    ProblemRow,
    Record,
    ScoreRow,
    TherapyRow,
)


class Facts(Record):
    """Everything a report prints or exports. `None` for `analysed_on` means that there is no analysis at all.

    `changes` are what is different from before, and `compared` says with what it was compared.
    """

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
    genomic_tables: tuple[GenomicTableRow, ...] = ()
    genomic_genotypes: tuple[GenomicGenotypeRow, ...] = ()
    genomic_findings: tuple[CrossFindingRow, ...] = ()
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
    changes: tuple[ChangeRow, ...] = ()
    compared: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def only(self, sections: Iterable[SectionKind]) -> Facts:
        """Return the facts of the chosen sections; those of the others are gone, not hidden."""
        kept = set(sections)
        gone: dict[str, Any] = {name: () for kind, names in _OF_SECTION.items() if kind not in kept for name in names}
        hidden = {part for kind, part in _CHANGES_OF if kind not in kept}
        gone["changes"] = tuple(one for one in self.changes if one.part not in hidden)
        if SectionKind.ALERTS not in kept:  # the summary names the dangerous ones in every report
            gone["alerts"] = tuple(one for one in self.alerts if one.is_critical)
        return self.model_copy(update=gone)


_CHANGES_OF = (
    (SectionKind.ALERTS, "alert"), (SectionKind.LABS, "result"), (SectionKind.ANTIBODIES, "result"),
    (SectionKind.ACTIVITY, "activity"), (SectionKind.FLARE, "activity"),
)  # fmt: skip
_OF_SECTION: Mapping[SectionKind, tuple[str, ...]] = {
    SectionKind.ALERTS: ("open_checks",),
    SectionKind.ANTIBODIES: ("antibodies", "antibody_notes"),
    SectionKind.LABS: ("labs",),
    SectionKind.HLA: ("hla", "hla_associations", "hla_drugs", "genotypes"),
    SectionKind.GENOMICS: ("genomic_tables", "genomic_genotypes", "genomic_findings"),
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
            "genomic_tables": document.get("genomics", {}).get("tables", ()),
            "genomic_genotypes": document.get("genomics", {}).get("genotypes", ()),
            "genomic_findings": [row for row in document.get("cross_agent_findings", ()) if row.get("table")],
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
