"""What one version of a classification holds: the class, every criterion, every piece of evidence, and all versions.

Everything is text or a number as it was shown, so that a version reads the same when rules and reference data have moved on.
Members that came later are left out of what is stored where they are empty: the digest of an older version stays what it was.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from services.genomics.acmg.observations import Observation
from services.genomics.amp.evidence import EvidenceType, Level

MAX_NOTE = 5_000
MAX_RATIONALE = 20_000
MAX_TERMS = 50
MAX_OWN_EVIDENCE = 50


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
    came_later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_empty_additions(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        return {name: value for name, value in written.items() if value or name not in self.came_later}


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
    """One criterion, or one cell of a score sheet. `points` is signed, blank where the criterion has none.

    `automatic` is what the data say without an expert, `by_rule` what the published rule gives for what an expert observed.
    """

    came_later: ClassVar[frozenset[str]] = frozenset({"by_rule"})

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
    by_rule: Judgement | None = None

    @property
    def counts(self) -> bool:
        """Whether it counts for the class."""
        return self.status in ("met", "applied", "set by an expert")

    @property
    def said(self) -> str:
        """Why it is judged so: the reason of the rule, and what the expert wrote."""
        if not self.is_expert:
            return self.reason
        return f"{self.reason.rstrip('.')}. {self.note}".strip() if self.by_rule is not None else self.note


class ExpertEntry(_Frozen):
    """What a person entered for a criterion or cell; with the same data it makes the same class again.

    With `observed` the published rule decides; `status` and `strength` then say only where the person departs from it.
    """

    came_later: ClassVar[frozenset[str]] = frozenset({"observed"})

    code: str = Field(max_length=16)
    status: str | None = Field(default=None, max_length=20)
    strength: str | None = Field(default=None, max_length=20)
    points: str | None = Field(default=None, max_length=8)
    note: str = Field(max_length=MAX_NOTE)
    observed: Observation | None = None


class OwnEvidence(_Frozen):
    """Clinical evidence about this very variant that a person adds for the tier of a somatic variant."""

    type: EvidenceType
    level: Level
    tumour: str = Field(min_length=1, max_length=200)
    therapies: tuple[str, ...] = Field(default=(), max_length=20)
    outcome: str = Field(default="", max_length=200)
    source: str = Field(min_length=4, max_length=500)
    note: str = Field(default="", max_length=MAX_NOTE)


class ExcludedEvidence(_Frozen):
    """An item of clinical evidence that a person does not count, by its id, and why."""

    id: str = Field(min_length=1, max_length=300)
    reason: str = Field(min_length=1, max_length=MAX_NOTE)


class OncogenicityContent(_Frozen):
    """How likely a somatic variant is oncogenic: class, points and every criterion."""

    classification: str
    points: int
    rule_set: str
    criteria: tuple[CriterionRow, ...]
    conflicts: tuple[str, ...] = ()


class ClassificationContent(_Frozen):
    """The whole of one version. `classification` is the class as its scheme names it, e.g. `Likely Pathogenic` or `Tier I-A`."""

    came_later: ClassVar[frozenset[str]] = frozenset({"own_evidence", "excluded_evidence", "oncogenicity"})

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
    own_evidence: tuple[OwnEvidence, ...] = Field(default=(), max_length=MAX_OWN_EVIDENCE)
    excluded_evidence: tuple[ExcludedEvidence, ...] = Field(default=(), max_length=MAX_OWN_EVIDENCE)
    oncogenicity: OncogenicityContent | None = None

    @property
    def met(self) -> tuple[CriterionRow, ...]:
        """The criteria that count, in the order of the scheme."""
        return tuple(row for row in self.criteria if row.counts)

    def without_rationale(self) -> ClassificationContent:
        return self.model_copy(update={"rationale": "", "rationale_by": ""})


def digest_of(content: ClassificationContent, variant: str) -> str:
    """Return the SHA-256 of a content together with the variant it is about."""
    return hashlib.sha256(f"{variant}\n{content.model_dump_json()}".encode()).hexdigest()
