"""A row of a table that may matter for its patient, before it is weighed: how it is carried, in which genes, on what grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.knowledge.genes import Gene, gene, genes_at
from services.knowledge.known_variants import KnownVariant
from services.pipelines.genomic.model import Carried, Evidence
from services.variants.notes import gene_of
from services.variants.tables import VariantTable


@dataclass
class Grounds:
    """The grounds collected for one row, with the curated variant where it is one."""

    evidence: list[Evidence] = field(default_factory=list)
    known: KnownVariant | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row that the sample carries.

    `genes` are the curated genes it concerns, the first is the one it is named by; `named` is its symbol, or that of a gene that
    is not curated. `is_lost`: it destroys the gene. `span` is the stretch that is lost or gained, None for a small variant.
    `common` says that it is frequent in the population, empty where it is not, or nobody looked.
    """

    row: Mapping[str, Any]
    genes: tuple[Gene, ...]
    named: str
    carried: Carried
    evidence: tuple[Evidence, ...]
    place: str
    change: str
    is_lost: bool
    known: KnownVariant | None = None
    span: tuple[int, int] | None = None
    limits: tuple[str, ...] = ()
    common: str = ""
    is_variable: bool = False

    @property
    def row_id(self) -> int:
        return int(self.row["row_id"])

    @property
    def chromosome(self) -> str:
        return canonical_chromosome(self.row["chrom"] or "") or ""

    def covers(self, other: Candidate) -> bool:
        """Whether the stretch that this one takes away holds the place of another."""
        if self.span is None or not self.is_lost or self.chromosome != other.chromosome:
            return False
        return self.span[0] <= int(other.row["pos"]) <= self.span[1]

    def shares_gene(self, other: Candidate) -> bool:
        own = {self.named, *(one.symbol for one in self.genes)} - {""}
        return bool(own & {other.named, *(one.symbol for one in other.genes)})


def genes_of_row(row: Mapping[str, Any], build: GenomeBuild, table: VariantTable) -> tuple[Gene, ...]:
    """Return the curated genes of a row: as the table's annotation names them, else by place."""
    named = [found for name in gene_of(row, table.facts).replace("&", ",").split(",") if name and (found := gene(name))]
    if named:
        return tuple({one.symbol: one for one in named}.values())
    return genes_at(str(build), canonical_chromosome(row["chrom"] or "") or "", row["pos"], row["end"] or row["pos"])
