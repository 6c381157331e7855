"""From genomic exons to the coding coordinates the PVS1 tree asks for, the same on both strands.

Exons and coding ends are genomic, 1-based and inclusive, in any order. On the minus strand the transcript runs downwards: the
last exon is the one with the lowest coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.errors import InvalidInputError
from services.genomics.acmg.record import LossOfFunction, Transcript


@dataclass(frozen=True, slots=True)
class GeneModel:
    """A coding transcript on the genome. `exons` are pairs of first and last base; `coding` spans start to stop codon."""

    accession: str
    is_plus_strand: bool
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int]

    def __post_init__(self) -> None:
        ordered = sorted(self.exons)
        if not ordered or any(first > last or first < 1 for first, last in ordered):
            raise InvalidInputError(f"{self.accession}: an exon runs from its first to its last base, 1-based")
        if any(one[1] >= other[0] for one, other in pairwise(ordered)):
            raise InvalidInputError(f"{self.accession}: exons overlap")
        if not all(any(first <= end <= last for first, last in ordered) for end in self.coding):
            raise InvalidInputError(f"{self.accession}: the coding sequence begins and ends in exons")

    @property
    def _in_order(self) -> Sequence[tuple[int, int]]:
        return sorted(self.exons, reverse=not self.is_plus_strand)

    def transcript_position(self, genomic: int) -> int | None:
        """Return the 1-based position in the transcript; None for a base outside its exons."""
        passed = 0
        for first, last in self._in_order:
            if first <= genomic <= last:
                return passed + (genomic - first if self.is_plus_strand else last - genomic) + 1
            passed += last - first + 1
        return None

    def coding_position(self, genomic: int) -> int | None:
        """Return the c. position of an exonic base; below 1 before the start codon, counted without c.0."""
        position, start = self.transcript_position(genomic), self._coding_start
        if position is None:
            return None
        return position - start + 1 if position >= start else position - start

    def genomic_position(self, coding: int) -> int | None:
        """Return the genomic position of a c. position; None for one outside the transcript."""
        passed = coding + self._coding_start - (1 if coding > 0 else 0)
        for first, last in self._in_order:
            if 1 <= passed <= last - first + 1:
                return first + passed - 1 if self.is_plus_strand else last - passed + 1
            passed -= last - first + 1
        return None

    @property
    def coding_exons(self) -> tuple[tuple[int, int], ...]:
        """The c. positions of each exon's first and last base in transcript order, not cut to the coding sequence."""
        ends = [(first, last) if self.is_plus_strand else (last, first) for first, last in self._in_order]
        return tuple((self.coding_position(one) or 0, self.coding_position(other) or 0) for one, other in ends)

    def loss_of_exons(self, first: int, last: int, *, at_donor: bool | None = None) -> LossOfFunction:
        """Return what is lost with the exons from number `first` to `last` (1 is the first of the transcript).

        The frame is open where the exons hold the start or the stop codon; where the new stop lies, only the sequence says.
        Raises InvalidInputError for numbers the transcript does not have and for exons without coding bases.
        """
        spans, length = self.coding_exons, self.facts().coding_length
        if not 1 <= first <= last <= len(spans):
            raise InvalidInputError(f"{self.accession} has exons 1 to {len(spans)}")
        begin, end = max(spans[first - 1][0], 1), min(spans[last - 1][1], length)
        if begin > end:
            raise InvalidInputError(f"{self.accession}: exons {first} to {last} hold no coding base")
        bases, is_inner = end - begin + 1, begin > 1 and end < length
        keeps = bases % 3 == 0 if is_inner else None
        return LossOfFunction(
            keeps_frame=keeps, lost_exons=(begin, end), at_donor=at_donor,
            removed_fraction=(bases if keeps else length - begin + 1) / length if is_inner else None,
        )

    def facts(self, *, is_relevant: bool | None = None) -> Transcript:
        """Return what the tree needs. `last_junction` lies beyond the coding length when it is in the 3' untranslated region."""
        lengths = [last - first + 1 for first, last in self._in_order]
        stop = self.coding[1] if self.is_plus_strand else self.coding[0]
        end = self.transcript_position(stop)
        if end is None:
            raise InvalidInputError(f"{self.accession}: the stop codon lies outside the exons")
        junction = sum(lengths[:-1]) - self._coding_start + 1 if len(lengths) > 1 else None
        return Transcript(self.accession, end - self._coding_start + 1, len(lengths), junction, is_relevant)

    @property
    def _coding_start(self) -> int:
        start = self.transcript_position(self.coding[0] if self.is_plus_strand else self.coding[1])
        if start is None:
            raise InvalidInputError(f"{self.accession}: the start codon lies outside the exons")
        return start
