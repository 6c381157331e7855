"""What a text that names a variant resolves to: one variant, several candidates, or none, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant


class How(StrEnum):
    """By what a candidate was found."""

    COORDINATES = "coordinates"
    GENOMIC_HGVS = "genomic HGVS"
    PROJECTION = "projected from a transcript"
    PROTEIN = "codon change that gives the protein change"
    KNOWN_VARIANT = "built-in known variants"
    CLINVAR = "ClinVar pack"


class Outcome(StrEnum):
    """How many variants a text may mean."""

    FOUND = "found"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One variant a text may mean. `pos` is 1-based, `chrom` without chr; `how` tells by what it was found.

    `hgvs_c` and `hgvs_p` carry their accession where one is known, as `NM_022162.3:c.2104C>T`. None where nothing is known.
    """

    build: GenomeBuild
    chrom: str
    pos: int
    ref: str
    alt: str
    gene: str | None
    transcript: str | None
    hgvs_c: str | None
    hgvs_p: str | None
    how: How

    @property
    def variant(self) -> Variant:
        return Variant(self.build, self.chrom, self.pos, self.ref, self.alt)

    @property
    def written(self) -> str:
        """The place and alleles as `16-50745926-C-T`."""
        return f"{self.chrom}-{self.pos}-{self.ref}-{self.alt}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a text means in one build. `problems` are sentences to show: why nothing was found, or what could not be checked."""

    text: str
    build: GenomeBuild
    candidates: tuple[Candidate, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def outcome(self) -> Outcome:
        if not self.candidates:
            return Outcome.NOT_FOUND
        return Outcome.FOUND if len(self.candidates) == 1 else Outcome.AMBIGUOUS

    @property
    def only(self) -> Candidate | None:
        """The candidate where there is exactly one."""
        return self.candidates[0] if len(self.candidates) == 1 else None
