"""The whole analysis of a patient: every engine once, what they found together, and what none of them could use.

`analyse` composes, `to_document` gives the documented `/analyze` response, `warm_up` loads every table beforehand.
"""

from services.clinical.analysis.composition import analyse, versions
from services.clinical.analysis.document import response, to_document
from services.clinical.analysis.genomic import with_genomics, without_genomics
from services.clinical.analysis.inputs import History
from services.clinical.analysis.model import (
    DISCLAIMER,
    Analysis,
    ClinicalAlert,
    CriteriaAssessment,
    CrossFinding,
    DerivedGenotype,
    GenomicInput,
    GenomicTable,
    Problem,
    Unrecognised,
)
from services.clinical.analysis.question import DifferentialQuestion, answer
from services.clinical.analysis.version import engine_version
from services.clinical.analysis.warming import warm_up

__all__ = [
    "DISCLAIMER",
    "Analysis",
    "ClinicalAlert",
    "CriteriaAssessment",
    "CrossFinding",
    "DerivedGenotype",
    "DifferentialQuestion",
    "GenomicInput",
    "GenomicTable",
    "History",
    "Problem",
    "Unrecognised",
    "analyse",
    "answer",
    "engine_version",
    "response",
    "to_document",
    "versions",
    "warm_up",
    "with_genomics",
    "without_genomics",
]
