"""The thirteen diseases: their stable identifiers and the names people write for them.

The identifiers are the documented enum values of the API. `Disease.parse` maps what a clinician writes ("lupus", "RA",
"Sjögren's") to one of them and returns None for anything else: an unknown name is echoed, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Disease(StrEnum):
    """One of the thirteen diseases; the value is the documented API identifier."""

    RHEUMATOID_ARTHRITIS = "rheumatoid_arthritis"
    SYSTEMIC_LUPUS_ERYTHEMATOSUS = "systemic_lupus_erythematosus"
    MULTIPLE_SCLEROSIS = "multiple_sclerosis"
    TYPE_1_DIABETES = "type_1_diabetes"
    INFLAMMATORY_BOWEL_DISEASE = "inflammatory_bowel_disease"
    PSORIASIS = "psoriasis"
    ANKYLOSING_SPONDYLITIS = "ankylosing_spondylitis"
    SJOGRENS_SYNDROME = "sjogrens_syndrome"
    SYSTEMIC_SCLEROSIS = "systemic_sclerosis"
    MYASTHENIA_GRAVIS = "myasthenia_gravis"
    CELIAC_DISEASE = "celiac_disease"
    GRAVES_DISEASE = "graves_disease"
    HASHIMOTO_THYROIDITIS = "hashimoto_thyroiditis"

    @property
    def label(self) -> str:
        """The name shown to people."""
        return _LABELS[self]

    @classmethod
    def parse(cls, text: str) -> Disease | None:
        """Return the disease a name or common abbreviation stands for, or None when it is not one of the thirteen."""
        return _BY_NAME.get(_fold(text))


_LABELS: dict[Disease, str] = {
    Disease.RHEUMATOID_ARTHRITIS: "Rheumatoid arthritis",
    Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS: "Systemic lupus erythematosus",
    Disease.MULTIPLE_SCLEROSIS: "Multiple sclerosis",
    Disease.TYPE_1_DIABETES: "Type 1 diabetes",
    Disease.INFLAMMATORY_BOWEL_DISEASE: "Inflammatory bowel disease",
    Disease.PSORIASIS: "Psoriasis",
    Disease.ANKYLOSING_SPONDYLITIS: "Ankylosing spondylitis",
    Disease.SJOGRENS_SYNDROME: "Sjögren's syndrome",
    Disease.SYSTEMIC_SCLEROSIS: "Systemic sclerosis",
    Disease.MYASTHENIA_GRAVIS: "Myasthenia gravis",
    Disease.CELIAC_DISEASE: "Celiac disease",
    Disease.GRAVES_DISEASE: "Graves' disease",
    Disease.HASHIMOTO_THYROIDITIS: "Hashimoto's thyroiditis",
}

_SYNONYMS: dict[Disease, tuple[str, ...]] = {
    Disease.RHEUMATOID_ARTHRITIS: ("RA", "rheumatoid"),
    Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS: ("SLE", "lupus", "systemic lupus", "lupus nephritis"),
    Disease.MULTIPLE_SCLEROSIS: ("MS", "RRMS", "PPMS", "SPMS", "relapsing remitting multiple sclerosis"),
    Disease.TYPE_1_DIABETES: ("T1D", "T1DM", "type 1 diabetes mellitus", "LADA", "autoimmune diabetes"),
    Disease.INFLAMMATORY_BOWEL_DISEASE: (
        "IBD", "Crohn disease", "Crohn's disease", "Crohn", "ulcerative colitis", "UC",
    ),
    Disease.PSORIASIS: ("plaque psoriasis", "psoriatic arthritis", "PsA", "PsO", "psoriatic disease"),
    Disease.ANKYLOSING_SPONDYLITIS: (
        "AS", "axial spondyloarthritis", "axSpA", "spondyloarthritis", "radiographic axial spondyloarthritis",
    ),
    Disease.SJOGRENS_SYNDROME: (
        "Sjogren syndrome", "Sjogren's disease", "Sjogren disease", "Sjogren", "SjD", "primary Sjogren syndrome",
    ),
    Disease.SYSTEMIC_SCLEROSIS: ("SSc", "scleroderma", "CREST", "limited systemic sclerosis", "diffuse systemic sclerosis"),
    Disease.MYASTHENIA_GRAVIS: ("MG", "gMG", "myasthenia"),
    Disease.CELIAC_DISEASE: ("celiac", "coeliac", "coeliac disease", "celiac sprue"),
    Disease.GRAVES_DISEASE: ("Graves", "Graves disease", "Basedow disease"),
    Disease.HASHIMOTO_THYROIDITIS: (
        "Hashimoto", "Hashimoto thyroiditis", "Hashimoto disease", "autoimmune thyroiditis",
        "chronic lymphocytic thyroiditis",
    ),
}


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", plain.lower().replace("'", "")).strip()


_BY_NAME: dict[str, Disease] = {
    _fold(name): disease
    for disease in Disease
    for name in (disease.value, _LABELS[disease], *_SYNONYMS[disease])
}
