"""A transcript on the genome: from positions of a `c.` or `n.` description to the chromosome and back, on both strands.

Genomic positions are 1-based and inclusive. A `c.` description counts from the A of the start codon, with no position 0; before
it down from -1, after the stop codon up from *1; a base in an intron by its distance from the nearer exon end, upstream's in the
middle. An `n.` description counts from the first base of the transcript.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from services.errors import InvalidInputError
from services.genomics.hgvs.model import Position

_COMPLEMENT = str.maketrans("ACGTNacgtn", "TGCANtgcan")


def reverse_complement(bases: str) -> str:
    """Return the other strand, read in its own direction."""
    return bases.translate(_COMPLEMENT)[::-1]


@dataclass(frozen=True, slots=True)
class TranscriptModel:
    """Exons as pairs of first and last genomic base; `coding` is the stretch from start to stop codon, None where there is none.

    `mark` is `mane_select`, `mane_plus_clinical`, `canonical` or empty. `accession` carries its version where it is known.

    :raise InvalidInputError: exons overlap, or the coding sequence does not begin and end in exons.
    """

    accession: str
    gene: str
    mark: str
    chrom: str
    is_plus_strand: bool
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int] | None

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.exons))
        if not ordered or any(one[1] >= other[0] for one, other in pairwise(ordered)):
            raise InvalidInputError(f"{self.accession}: the exons of the installed gene model overlap or are missing")
        object.__setattr__(self, "exons", ordered)
        if self.coding is not None and any(self._spliced(end) is None for end in self.coding):
            raise InvalidInputError(f"{self.accession}: the coding sequence of the installed gene model ends outside its exons")

    @property
    def length(self) -> int:
        """Bases of the spliced transcript."""
        return sum(last - first + 1 for first, last in self.exons)

    @property
    def _in_order(self) -> tuple[tuple[int, int], ...]:
        return self.exons if self.is_plus_strand else self.exons[::-1]

    @property
    def _coding_ends(self) -> tuple[int, int]:
        """The spliced positions of the first base of the start codon and the last of the stop codon."""
        if self.coding is None:
            raise InvalidInputError(f"{self.accession} has no coding sequence: describe the change with n.")
        low, high = (self._spliced(end) or 0 for end in self.coding)
        return (low, high) if self.is_plus_strand else (high, low)

    @property
    def coding_length(self) -> int:
        """Bases from start to stop codon.

        :raise InvalidInputError: the transcript is not coding.
        """
        first, last = self._coding_ends
        return last - first + 1

    def _spliced(self, genomic: int) -> int | None:
        passed = 0
        for first, last in self._in_order:
            if first <= genomic <= last:
                return passed + (genomic - first if self.is_plus_strand else last - genomic) + 1
            passed += last - first + 1
        return None

    def _genomic_of_spliced(self, spliced: int) -> tuple[int, int, int]:
        """Return the genomic base, and how many bases of its exon come before and after it in the transcript."""
        passed = 0
        for first, last in self._in_order:
            size = last - first + 1
            if passed < spliced <= passed + size:
                into = spliced - passed - 1
                return (first + into if self.is_plus_strand else last - into), into, size - into - 1
            passed += size
        raise InvalidInputError(f"{self.accession} has {self.length:,} bases: the position lies outside of it")

    def to_genomic(self, position: Position, *, is_coding: bool) -> int:
        """Return the genomic base of a position of a `c.` (`is_coding`) or `n.` description.

        :raise InvalidInputError: it lies outside the transcript, is none of its introns, or is unknown.
        """
        if position.base is None:
            raise InvalidInputError("an unknown position cannot be placed")
        spliced = self._spliced_of(position, position.base) if is_coding else position.base
        genomic, before, after = self._genomic_of_spliced(spliced)
        if position.offset == 0:
            return genomic
        self._check_intron(position, spliced, before if position.offset < 0 else after)
        return genomic + (position.offset if self.is_plus_strand else -position.offset)

    def _spliced_of(self, position: Position, base: int) -> int:
        first, last = self._coding_ends
        if position.is_after_stop:
            return last + base
        size = last - first + 1
        if base > size:
            raise InvalidInputError(f"the coding sequence of {self.accession} has {size:,} bases: c.{base} is past its end")
        return first + base - 1 if base > 0 else first + base

    def _check_intron(self, position: Position, spliced: int, bases_to_border: int) -> None:
        if bases_to_border:
            raise InvalidInputError(f"{position} is not next to an intron of {self.accession}: no exon ends there")
        neighbour = spliced - 1 if position.offset < 0 else spliced + 1
        if not 1 <= neighbour <= self.length:
            raise InvalidInputError(f"{position} lies outside {self.accession}, where no intron is")
        gap = abs(self._genomic_of_spliced(neighbour)[0] - self._genomic_of_spliced(spliced)[0]) - 1
        if abs(position.offset) > gap:
            raise InvalidInputError(f"{position} lies past the intron of {self.accession}, which has {gap:,} bases")

    def from_genomic(self, genomic: int) -> Position | None:
        """Return the position of a base as `c.` counts it, or `n.` without coding sequence; None outside the transcript."""
        spliced = self._spliced(genomic)
        if spliced is not None:
            return self._position(spliced, 0)
        for one, other in pairwise(self._in_order):
            inner = (one[1], other[0]) if self.is_plus_strand else (other[1], one[0])
            if inner[0] < genomic < inner[1]:
                up, down = (genomic - inner[0], inner[1] - genomic) if self.is_plus_strand else (
                    inner[1] - genomic, genomic - inner[0]
                )
                last_of_exon = self._spliced(one[1] if self.is_plus_strand else one[0]) or 0
                return self._position(last_of_exon, up) if up <= down else self._position(last_of_exon + 1, -down)
        return None

    def _position(self, spliced: int, offset: int) -> Position:
        if self.coding is None:
            return Position(spliced, offset)
        first, last = self._coding_ends
        if spliced > last:
            return Position(spliced - last, offset, is_after_stop=True)
        return Position(spliced - first + 1 if spliced >= first else spliced - first, offset)
