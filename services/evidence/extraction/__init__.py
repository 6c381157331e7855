"""Results out of documents: clinical PDFs become structured, dated facts, by rules and dictionaries.

`extract` is pure: the same parsed document gives the same facts, in the same order, with the same keys. Each fact says where it
stands (page, characters, words) and how its date was decided. What a rule is not sure of it leaves out: a missed fact is
still in the document, an invented one would be in the analysis.
"""

from services.evidence.extraction.extracting import RULES_VERSION, extract
from services.evidence.extraction.facts import (
    ActivityContent,
    AntibodyContent,
    Content,
    DateBasis,
    Dated,
    DiagnosisContent,
    DiagnosisStatus,
    Fact,
    FactKind,
    FlareContent,
    GenotypeContent,
    HlaContent,
    ImagingContent,
    LabContent,
    LabelContent,
    MedicationContent,
    MedicationStatus,
    Precision,
    ProcedureContent,
    SymptomContent,
    content_from_json,
)

__all__ = [
    "RULES_VERSION",
    "ActivityContent",
    "AntibodyContent",
    "Content",
    "DateBasis",
    "Dated",
    "DiagnosisContent",
    "DiagnosisStatus",
    "Fact",
    "FactKind",
    "FlareContent",
    "GenotypeContent",
    "HlaContent",
    "ImagingContent",
    "LabContent",
    "LabelContent",
    "MedicationContent",
    "MedicationStatus",
    "Precision",
    "ProcedureContent",
    "SymptomContent",
    "content_from_json",
    "extract",
]
