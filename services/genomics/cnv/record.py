"""What a copy number variant overlaps, stated explicitly: genes with breakpoints, curated regions, gene content, population.

`None` is unknown. Coordinates are left to whoever builds the record; the engine sees relations only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Strength
from services.genomics.cnv.cells import CnvType


class Dosage(StrEnum):
    """ClinGen's curation of dosage sensitivity; only `ESTABLISHED` (score 3) and `UNLIKELY` (score 40) decide anything."""

    ESTABLISHED = "3 sufficient evidence"
    EMERGING = "2 some evidence"
    LITTLE = "1 little evidence"
    NONE = "0 no evidence"
    RECESSIVE = "30 autosomal recessive"
    UNLIKELY = "40 dosage sensitivity unlikely"
    NOT_CURATED = "not curated"

    @classmethod
    def of_score(cls, score: str) -> Dosage:
        """Read a score of ClinGen's files; raises InvalidInputError for one they do not use."""
        wanted = score.strip()
        if wanted.lower() in ("", "not yet evaluated", "-1"):
            return cls.NOT_CURATED
        for one in cls:
            if one.value.split(" ")[0] == wanted:
                return one
        raise InvalidInputError(f"{wanted[:20]!r} is no dosage sensitivity score: 0, 1, 2, 3, 30 or 40")


class Relation(StrEnum):
    """How the variant lies to a gene."""

    COMPLETE = "gene contained completely"
    FIVE_PRIME = "5' end of the gene covered, 3' end not"
    THREE_PRIME = "3' end of the gene covered, 5' end not"
    ONE_END = "one end of the gene covered; which is not known"
    INTRAGENIC = "both breakpoints within the gene"


@dataclass(frozen=True, slots=True)
class GeneOverlap:
    """One curated gene and what is known of the exons hit.

    `coding_involved` is asked at the 5' and 3' end; `last_exon_only` and `last_exon_has_pathogenic` at the 3' end;
    `pvs1` is the strength the PVS1 tree gives an intragenic variant (`pvs1_known` False: the tree could not be walked).
    """

    symbol: str
    relation: Relation
    haploinsufficiency: Dosage = Dosage.NOT_CURATED
    triplosensitivity: Dosage = Dosage.NOT_CURATED
    coding_involved: bool | None = None
    last_exon_only: bool | None = None
    last_exon_has_pathogenic: bool | None = None
    pvs1: Strength | None = None
    pvs1_known: bool = False
    phenotype_specific: bool | None = None
    """Whether the patient's phenotype is highly specific for loss of function of the gene (gain 2K)."""


class Extent(StrEnum):
    """How the variant lies to a curated region."""

    CONTAINS = "contains the region completely"
    IDENTICAL = "same extent or gene content"
    WITHIN = "lies completely within the region"
    PARTIAL = "overlaps the region in part"


@dataclass(frozen=True, slots=True)
class RegionOverlap:
    """One curated region. `critical_part_contained`: whether its causative gene or critical part is contained."""

    name: str
    extent: Extent
    haploinsufficiency: Dosage = Dosage.NOT_CURATED
    triplosensitivity: Dosage = Dosage.NOT_CURATED
    critical_part_contained: bool | None = None
    other_genes: tuple[str, ...] | None = None
    """Protein-coding genes of the variant that the region does not have; None: not compared."""
    genes_interrupted: bool | None = None
    """Whether a breakpoint lies within a protein-coding gene."""


@dataclass(frozen=True, slots=True)
class PopulationOverlap:
    """A population variant of the same type that covers the observed one. `frequency` is a fraction of alleles or people."""

    dataset: str
    frequency: float
    covered_fraction: float
    """Fraction of the observed variant that the population variant covers."""
    carriers: int | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.frequency <= 1.0 or not 0.0 <= self.covered_fraction <= 1.0:
            raise InvalidInputError(f"{self.dataset}: frequency and covered fraction lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class CnvRecord:
    """One variant. `protein_coding` names the protein-coding genes wholly or partly included; None: not counted."""

    kind: CnvType
    protein_coding: tuple[str, ...] | None = None
    other_elements: bool | None = None
    """Whether other functionally important elements are included."""
    genes: tuple[GeneOverlap, ...] = ()
    regions: tuple[RegionOverlap, ...] = ()
    predicted_haploinsufficient: tuple[str, ...] | None = None
    """Genes that at least two predictors call haploinsufficient; None: not looked up."""
    population: tuple[PopulationOverlap, ...] | None = None
    """None: not looked up."""
    data_versions: tuple[tuple[str, str], ...] = ()
    """Name and version of every dataset the record was built from; carried to the class unchanged."""
