"""What one version of a classification holds: the class, every criterion, every piece of evidence, and all versions.

Everything is text or a number as it was shown, so that a version reads the same when rules and reference data have moved on.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MAX_NOTE = 5_000
MAX_RATIONALE = 20_000
MAX_TERMS = 50


class Scheme(StrEnum):
    """Which standard a classification follows."""

    ACMG = "acmg"
    """ACMG/AMP 2015 and its points: sequence variants, germline."""
    AMP = "amp"
    """AMP/ASCO/CAP 2017: sequence variants, somatic."""
    CNV = "cnv"
    """ACMG/ClinGen 2020: copy number variants."""

    @property
    def label(self) -> str:
        return _TITLES[self]


_TITLES = {
    Scheme.ACMG: "Germline (ACMG/AMP)", Scheme.AMP: "Somatic (AMP/ASCO/CAP)", Scheme.CNV: "Copy number (ACMG/ClinGen)",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceRow(_Frozen):
    """One fact that was looked at. `value` None: not known, and `note` says why."""

    id: str = Field(max_length=8)
    topic: str
    name: str
    value: str | None
    source: str = ""
    version: str = ""
    note: str = ""


class Judgement(_Frozen):
    """What the rules said of a criterion before an expert replaced it."""

    status: str
    strength: str | None
    reason: str


class CriterionRow(_Frozen):
    """One criterion, or one cell of a score sheet. `points` is signed, blank where the criterion has none."""

    code: str
    title: str
    status: str
    strength: str | None
    points: str
    reason: str
    inputs: tuple[tuple[str, str], ...] = ()
    source: str = ""
    is_expert: bool = False
    note: str = ""
    automatic: Judgement | None = None


class ExpertEntry(_Frozen):
    """What a person entered for a criterion or cell; with the same data it makes the same class again."""

    code: str = Field(max_length=16)
    status: str = Field(max_length=20)
    strength: str | None = Field(default=None, max_length=20)
    points: str | None = Field(default=None, max_length=8)
    note: str = Field(max_length=MAX_NOTE)


class ClassificationContent(_Frozen):
    """The whole of one version. `classification` is the class as its scheme names it, e.g. `Likely Pathogenic` or `Tier I-A`."""

    scheme: Scheme
    classification: str
    points: str = ""
    details: tuple[tuple[str, str], ...] = ()
    """What else the scheme says, by name: the class by points, the class by the 2015 table, ..."""
    conflicts: tuple[str, ...] = ()
    criteria: tuple[CriterionRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    rule_set: str
    rules_version: str
    data_versions: tuple[tuple[str, str], ...] = ()
    condition: str = Field(default="", max_length=300)
    """The disease or tumour type the class is for; blank where none was named."""
    phenotype_terms: tuple[str, ...] = Field(default=(), max_length=MAX_TERMS)
    description: str = Field(default="", max_length=MAX_NOTE)
    expert: tuple[ExpertEntry, ...] = ()
    hgvs: str = Field(default="", max_length=500)
    rationale: str = Field(default="", max_length=MAX_RATIONALE)
    rationale_by: str = ""
    """Blank: written by the rules; else the language model, or the person, who wrote it."""

    @property
    def met(self) -> tuple[CriterionRow, ...]:
        """The criteria that count, in the order of the scheme."""
        return tuple(row for row in self.criteria if row.status in ("met", "applied", "set by an expert"))

    def without_rationale(self) -> ClassificationContent:
        return self.model_copy(update={"rationale": "", "rationale_by": ""})


def digest_of(content: ClassificationContent, variant: str) -> str:
    """Return the SHA-256 of a content together with the variant it is about."""
    return hashlib.sha256(f"{variant}\n{content.model_dump_json()}".encode()).hexdigest()
