"""The patient's somatic variant, as far as it is known. `None` is unknown, never zero or normal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError


class SomaticKind(StrEnum):
    MISSENSE = "missense"
    NONSENSE = "nonsense"
    FRAMESHIFT = "frameshift"
    SPLICE_SITE = "canonical splice site"
    START_LOST = "start lost"
    STOP_LOST = "stop lost"
    INFRAME_DELETION = "in-frame deletion"
    INFRAME_INSERTION = "in-frame insertion"
    INTERNAL_DUPLICATION = "internal tandem duplication"
    EXON_SKIPPING = "exon skipping"
    FUSION = "fusion"
    AMPLIFICATION = "amplification"
    GENE_LOSS = "loss of the gene"
    SILENT = "silent or non-coding"
    OTHER = "other"


TRUNCATING = frozenset({
    SomaticKind.NONSENSE, SomaticKind.FRAMESHIFT, SomaticKind.SPLICE_SITE, SomaticKind.START_LOST, SomaticKind.GENE_LOSS,
})


@dataclass(frozen=True, slots=True)
class PopulationFrequency:
    """The highest frequency of the variant in a general population. `frequency` is a fraction."""

    dataset: str
    population: str
    frequency: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.frequency <= 1.0:
            raise InvalidInputError(f"{self.dataset}: a frequency is a fraction between 0 and 1")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often tumours of a catalogue carry the change. Counts are samples; None: not counted."""

    dataset: str
    same_change: int
    same_position: int | None = None

    def __post_init__(self) -> None:
        if self.same_change < 0 or (self.same_position is not None and self.same_position < self.same_change):
            raise InvalidInputError(f"{self.dataset}: a position is changed at least as often as one of its changes")


@dataclass(frozen=True, slots=True)
class SomaticVariant:
    """One variant. `protein` in one- or three-letter code; `exon` counts in the transcript of the evidence (MANE Select)."""

    gene: str
    kind: SomaticKind
    protein: str = ""
    exon: int | None = None
    partner: str = ""
    """The other gene of a fusion."""
    is_oncogenic: bool | None = None
    """Whether the change is known, or classified, to be oncogenic or to destroy function; None: not judged."""
    population: PopulationFrequency | None = None
    recurrence: Recurrence | None = None
    is_germline: bool | None = None
    """Whether it was also found in normal tissue."""
    data_versions: tuple[tuple[str, str], ...] = ()

    @property
    def genes(self) -> frozenset[str]:
        """Return the gene, and of a fusion its partner, in capitals."""
        both = (self.gene, self.partner) if self.kind is SomaticKind.FUSION else (self.gene,)
        return frozenset(one.upper() for one in both if one)

    def __post_init__(self) -> None:
        if not self.gene or len(self.gene) > 60 or len(self.protein) > 300:
            raise InvalidInputError("a somatic variant names its gene, and a protein change of at most 300 characters")
