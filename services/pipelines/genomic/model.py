"""What is found in the tables of a patient: variants that matter, pharmacogenes, and what could not be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.genomics.genome import GenomeBuild
from services.genomics.pgx import GeneCall
from services.knowledge.drugs import Severity


class Ground(StrEnum):
    """Why a variant is listed."""

    KNOWN = "curated well-known variant"
    CLINVAR = "ClinVar"
    FLAG = "flag"
    CLASSIFICATION = "signed classification"
    COPY_NUMBER = "score of the copy number change"
    MECHANISM = "curated gene"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One ground for listing a variant. `source` says where it stands, with its version or date."""

    ground: Ground
    significance: str
    source: str
    condition: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads at the place of an allele: all, those that carry it, and their share (0 to 1); None where the table is silent."""

    depth: int | None = None
    carrying: int | None = None
    share: float | None = None

    @property
    def words(self) -> str:
        """`12 of 80 reads (15%)`, or what is known of it; empty where nothing is."""
        if self.share is None:
            return f"{self.depth} reads" if self.depth is not None else ""
        if self.carrying is None:
            return f"{self.share:.0%} of the reads"
        return f"{self.carrying} of {round(self.carrying / self.share) if self.share else self.depth} reads ({self.share:.0%})"


@dataclass(frozen=True, slots=True)
class Carried:
    """How a sample carries an allele.

    `copies` is None where the table states no genotype. `chromosomes` are the haplotypes (0, 1) that carry it where the genotype
    is phased, `phase_set` names the set.
    """

    genotype: str
    words: str
    copies: int | None
    ploidy: int = 2
    chromosomes: tuple[int, ...] = ()
    phase_set: str = ""
    reads: Reads = Reads()


@dataclass(frozen=True, slots=True)
class VariantFinding:
    """One row of a table that matters, with what it means for the carrier.

    `place` is written like `chr16:3243447 A>G`; `change` is the usual name, empty where nobody told it. `diseases` are those of
    the gene that fit the kind of variant; `family` says what the parents' samples tell, empty where none is in the table.
    """

    key: str
    gene: str
    change: str
    place: str
    carried: Carried
    evidence: tuple[Evidence, ...]
    meaning: str
    action: str
    severity: Severity
    inheritance: tuple[str, ...]
    limits: tuple[str, ...]
    row_id: int
    diseases: tuple[str, ...] = ()
    family: str = ""

    @property
    def significance(self) -> str:
        """What the first ground says."""
        return self.evidence[0].significance

    @property
    def conditions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.condition for one in self.evidence if one.condition))


@dataclass(frozen=True, slots=True)
class TableFindings:
    """What one table says of its patient. `sample` is None where it is not known which sample is the patient.

    `mother` and `father` are the parents' samples, empty where nobody named them.
    `known_places` counts the curated variants looked for, `known_recorded` those at whose place the file has any record.
    """

    table_id: str
    table_name: str
    sample: str | None
    build: GenomeBuild | None
    variants: tuple[VariantFinding, ...] = ()
    genes: tuple[GeneCall, ...] = ()
    notes: tuple[str, ...] = ()
    known_places: int = 0
    known_recorded: int = 0
    mother: str = ""
    father: str = ""

    @property
    def is_read(self) -> bool:
        """Whether anything was looked for; the notes say why not."""
        return self.known_places > 0


@dataclass(frozen=True, slots=True)
class PatientFindings:
    """Every table of a patient, newest first. `version` changes with anything said here."""

    patient_id: str
    tables: tuple[TableFindings, ...]
    version: str

    @property
    def has_findings(self) -> bool:
        return any(table.variants or any(call.pairs for call in table.genes) for table in self.tables)
