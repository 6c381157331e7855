"""What is known of one allele's effect on transcripts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.variants.consequences.terms import Impact, by_severity, impact_of, rank


class Phasing(StrEnum):
    """Which variants are taken to lie on the same chromosome copy."""

    ALONE = "alone"
    """None: every variant is looked at by itself."""
    PHASED = "phased"
    """Every variant by itself, and besides those together that the genotypes say lie on one copy: both phased, in the same
    phase set, or homozygous. Unphased heterozygous variants are never combined."""
    AS_WRITTEN = "as written"
    """All variants of a file without genotypes on one copy, and 0/1 read as 0|1: for a file that describes one haplotype."""


class TranscriptMark(StrEnum):
    """What the gene model says of a transcript."""

    MANE_SELECT = "MANE Select"
    MANE_PLUS_CLINICAL = "MANE Plus Clinical"
    CANONICAL = "canonical"
    NONE = ""


MARK_ORDER = (TranscriptMark.MANE_SELECT, TranscriptMark.MANE_PLUS_CLINICAL, TranscriptMark.CANONICAL, TranscriptMark.NONE)


@dataclass(frozen=True, slots=True)
class TranscriptConsequence:
    """The consequence on one transcript (or, where the caller names none, on the transcripts of a gene with one biotype)."""

    terms: tuple[str, ...]
    """Sequence Ontology, most severe first."""
    gene: str
    transcript: str | None
    biotype: str
    strand: str | None
    """"+" or "-"; None where no coding sequence is changed."""
    amino_acids: str | None
    """As bcftools writes it: position and residues before and after, such as `361C>361Y`."""
    nucleotides: tuple[str, ...]
    """Genomic changes that were looked at together, such as `6723A>T`; forward strand, 1-based."""
    hgvs_protein: str | None
    """`p.(Cys361Tyr)`; None where there is no change of the protein to write."""
    mark: TranscriptMark
    behind_a_stop: bool = False
    """The change lies behind a premature stop on the same chromosome copy."""

    @property
    def impact(self) -> Impact:
        return impact_of(self.terms)

    @property
    def is_compound(self) -> bool:
        return len(self.nucleotides) > 1


@dataclass(frozen=True, slots=True)
class CompoundConsequence:
    """What several variants on one chromosome copy do together, and in which samples they lie so."""

    consequence: TranscriptConsequence
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariantConsequences:
    """One alternate allele of one line. Positions are 1-based."""

    line: int
    allele_index: int
    """1 for the first ALT."""
    chrom: str
    position: int
    ref: str
    alt: str
    consequences: tuple[TranscriptConsequence, ...]
    """MANE first, then canonical, then by severity. Empty with `not_predicted` None: no transcript of the gene model is hit."""
    compounds: tuple[CompoundConsequence, ...] = ()
    combined_at: tuple[int, ...] = ()
    """Positions of the lines that carry the effect of this one together with others (Phasing.AS_WRITTEN only)."""
    not_predicted: str | None = None
    """Why nothing can be said of this allele; never the same as "no consequence"."""

    @property
    def most_severe(self) -> str | None:
        terms = by_severity(tuple(term for one in self.consequences for term in one.terms))
        return terms[0] if terms else None


def in_order(consequences: list[TranscriptConsequence]) -> tuple[TranscriptConsequence, ...]:
    """Order the transcripts of one allele: MANE Select, MANE Plus Clinical, canonical, others; within that by severity."""
    return tuple(sorted(consequences, key=lambda one: (MARK_ORDER.index(one.mark), rank(one.terms[0]), one.transcript or "")))
