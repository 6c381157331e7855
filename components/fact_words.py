"""How a fact reads in a line: what it says, where it comes from, and where it stands."""

from __future__ import annotations

from services.evidence.extraction import (
    ActivityContent,
    AntibodyContent,
    Content,
    DiagnosisContent,
    FactKind,
    GenotypeContent,
    HlaContent,
    ImagingContent,
    LabContent,
    MedicationContent,
    ProcedureContent,
)
from services.evidence.extraction.content_fields import fields_of
from services.patients.facts import FactStatus, StoredFact

KINDS = {
    FactKind.LAB: "Laboratory", FactKind.ANTIBODY: "Antibodies", FactKind.HLA: "HLA", FactKind.MEDICATION: "Medications",
    FactKind.DIAGNOSIS: "Diagnoses", FactKind.PROCEDURE: "Procedures", FactKind.IMAGING: "Imaging", FactKind.ACTIVITY: "Scores",
    FactKind.SYMPTOM: "First symptoms", FactKind.LABEL: "Earlier names", FactKind.GENOTYPE: "Genotypes",
    FactKind.FLARE: "Flares",
}  # fmt: skip
STATUS = {
    FactStatus.EXTRACTED: "read by rules", FactStatus.PROPOSED: "proposed by a model, not used", FactStatus.ACCEPTED: "confirmed",
    FactStatus.CORRECTED: "corrected", FactStatus.REJECTED: "rejected, not used",
}  # fmt: skip


def kind_word(kind: FactKind) -> str:
    return KINDS.get(kind, kind.value.replace("_", " ").capitalize())


def status_word(fact: StoredFact) -> str:
    """The status in words; a model's finding that was accepted stays recognisable."""
    found = " (proposed by a model)" if fact.is_proposal and fact.status is not FactStatus.PROPOSED else ""
    return f"{STATUS[fact.status]}{found}"


def says(content: Content) -> str:
    """What a fact says, in one line."""
    shown = fields_of(content)
    if isinstance(content, LabContent):
        parts = [f"{content.test}: {_measured(content)}", _range(content.reference_range), content.flag]
    elif isinstance(content, AntibodyContent):
        worded = content.outcome.value if content.outcome.value not in shown["result"] else ""
        parts = [f"{content.name}: {_measured(content)}", content.pattern, _range(content.reference_range), worded]
    elif isinstance(content, HlaContent):
        parts = [f"HLA-{content.locus}: {', '.join(content.alleles)}", "" if content.present else "absent"]
    elif isinstance(content, MedicationContent):
        span = " to ".join(one for one in (shown["start"], shown["stop"]) if one)
        parts = [content.name, content.dose, content.route, content.frequency, f"{content.status.value} {span}".strip()]
    elif isinstance(content, DiagnosisContent):
        parts = [f"{content.name}: {content.status.value.replace('_', ' ')}"]
    elif isinstance(content, ProcedureContent):
        parts = [content.name, content.finding]
    elif isinstance(content, ImagingContent):
        parts = [" ".join((content.modality, content.region)).strip(), content.finding]
    elif isinstance(content, ActivityContent):
        parts = [f"{content.instrument} {content.value:g}"]
    elif isinstance(content, GenotypeContent):
        parts = [content.gene, content.genotype]
    else:
        parts = [content.name]
    return " · ".join(part for part in parts if part)


def _measured(content: LabContent | AntibodyContent) -> str:
    return f"{fields_of(content)['result']} {content.unit or ''}".rstrip()


def _range(text: str | None) -> str:
    return f"reference {text}" if text else ""
