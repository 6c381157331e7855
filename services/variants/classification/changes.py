"""What a small variant does to one coding transcript, worked out from exons and the reference sequence.

For variants that no annotation describes yet, and for what annotation leaves out: where the new stop lies, how far the next exon
is, whether skipping the exon keeps the frame. The same on both strands. Positions on the genome are 1-based.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from services.errors import InvalidInputError
from services.genomics.acmg.computational import ACCEPTOR_DISTANCE, DONOR_DISTANCE
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.acmg.record import Effect

Bases = Callable[[int, int], str]
"""Reference bases of a 1-based inclusive range of the transcript's chromosome, in upper case."""

_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODONS = {"".join(codon): acid for codon, acid in zip(product("TCAG", repeat=3), _ACIDS, strict=True)}
"""The standard code (NCBI translation table 1)."""
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
_SPLICE_SITE = 2
_MAX_CODING = 200_000
_REPEATED, _ALONE = 3, 1


@dataclass(frozen=True, slots=True)
class Change:
    """What happens. `residue` is the first changed amino acid, `stop` the coding position of a premature stop, 1-based."""

    effect: Effect
    residue: int | None = None
    before: str = ""
    after: str = ""
    stop: int | None = None
    intron_distance: int | None = None
    at_exon_edge: bool | None = None
    residues_changed: int | None = None
    keeps_frame: bool | None = None
    removed_fraction: float | None = None
    in_repeat: bool | None = None
    changed_from: int | None = None
    """Coding position of the first base a frameshift changes, 1-based."""
    shift: int | None = None
    """Its change of length modulo 3."""
    lost_exons: tuple[int, int] | None = None
    """Coding positions of the exon that is skipped when its splice site is lost."""
    at_donor: bool | None = None


class CodingTranscript:
    """A gene model with its coding sequence. `bases` None: no reference sequence is installed, so only places are known."""

    def __init__(self, model: GeneModel, bases: Bases | None) -> None:
        self.model = model
        self._bases = bases

    @cached_property
    def _exons(self) -> list[tuple[int, int]]:
        """In the order of the transcript."""
        return sorted(self.model.exons, reverse=not self.model.is_plus_strand)

    @cached_property
    def coding_positions(self) -> list[int]:
        """The genomic position of each coding base, in the order of the transcript."""
        return [place for exon in self._coding_exons for place in exon]

    @cached_property
    def _coding_exons(self) -> list[range]:
        low, high = self.model.coding
        cut = [(max(first, low), min(last, high)) for first, last in self._exons if first <= high and last >= low]
        return [self._ordered(first, last) for first, last in cut]

    def _ordered(self, first: int, last: int) -> range:
        return range(first, last + 1) if self.model.is_plus_strand else range(last, first - 1, -1)

    @cached_property
    def _place_of(self) -> dict[int, int]:
        return {place: number for number, place in enumerate(self.coding_positions)}

    @cached_property
    def coding(self) -> str | None:
        """The coding sequence from start to stop codon; None without a reference sequence, or where it is no such sequence."""
        low, high = self.model.coding
        if self._bases is None or sum(len(one) for one in self._coding_exons) > _MAX_CODING:
            return None
        text = "".join(self._read(min(one), max(one)) for one in self._coding_exons)
        return text if len(text) == len(self.coding_positions) and len(text) % 3 == 0 and low <= high else None

    @cached_property
    def _tail(self) -> str:
        """The 3' untranslated sequence: a shifted frame may run on into it."""
        end = self.model.coding[1] if self.model.is_plus_strand else self.model.coding[0]
        parts = []
        for first, last in self._exons:
            if self.model.is_plus_strand and last > end:
                parts.append(self._read(max(first, end + 1), last))
            elif not self.model.is_plus_strand and first < end:
                parts.append(self._read(first, min(last, end - 1)))
        return "".join(parts)

    def _read(self, first: int, last: int) -> str:
        text = self._bases(first, last) if self._bases is not None else ""
        return text if self.model.is_plus_strand else text.translate(_COMPLEMENT)[::-1]

    def residue_at(self, position: int) -> int | None:
        """Return the number of the amino acid a coding base belongs to."""
        place = self._place_of.get(position)
        return None if place is None else place // 3 + 1

    def exon_of(self, position: int) -> int | None:
        """Return the number of the exon a base lies in, from 1 in the order of the transcript."""
        return next((number for number, (first, last) in enumerate(self._exons, 1) if first <= position <= last), None)

    def positions_of(self, first: int, last: int) -> list[int]:
        """Return the genomic positions of a range of amino acids, cut to the protein."""
        return self.coding_positions[max(0, first - 1) * 3 : max(0, last) * 3]

    def amino_acid(self, residue: int) -> str | None:
        if self.coding is None or not 1 <= residue <= len(self.coding) // 3:
            return None
        return CODONS.get(self.coding[residue * 3 - 3 : residue * 3])

    def substituted(self, position: int, alt: str) -> tuple[int, str, str] | None:
        """Return residue, amino acid before and after one changed base on the forward strand; None outside the coding bases."""
        place, coding = self._place_of.get(position), self.coding
        if place is None or coding is None or alt not in ("A", "C", "G", "T"):
            return None
        base = alt if self.model.is_plus_strand else alt.translate(_COMPLEMENT)
        start = place - place % 3
        codon = coding[start : start + 3]
        changed = codon[: place - start] + base + codon[place - start + 1 :]
        if codon not in CODONS or changed not in CODONS:
            return None
        return place // 3 + 1, CODONS[codon], CODONS[changed]

    def change(self, position: int, ref: str, alt: str) -> Change | None:
        """Return what a variant does; None where it lies outside the transcript, or hits an end of it or of an exon unclearly."""
        left = 0
        while left < min(len(ref), len(alt)) and ref[left] == alt[left]:
            left += 1
        ref, alt, first = ref[left:], alt[left:], position + left
        while ref and alt and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
        touched = range(first, first + len(ref)) if ref else range(first - 1, first + 1)  # an insertion: the bases beside it
        low, high = min(one for one, _ in self._exons), max(last for _, last in self._exons)
        if not (low <= touched[0] and touched[-1] <= high):
            return None
        inside = [any(start <= place <= end for start, end in self._exons) for place in touched]
        if not all(inside):
            return self._beside(touched, inside, is_insertion=not ref)
        return self._within(touched, ref, alt)

    # -- introns and splice sites

    def _beside(self, touched: range, inside: list[bool], *, is_insertion: bool) -> Change:
        distances = [self._distance(place) for place, exonic in zip(touched, inside, strict=True) if not exonic]
        nearest = min(distances, key=abs)
        if is_insertion and any(inside):
            return Change(Effect.SPLICE_REGION, intron_distance=nearest)
        if abs(nearest) <= _SPLICE_SITE and not (is_insertion and abs(nearest) == _SPLICE_SITE):
            return self._splice_site(touched, nearest)
        far = nearest >= DONOR_DISTANCE or nearest <= ACCEPTOR_DISTANCE
        return Change(Effect.INTRONIC if far else Effect.SPLICE_REGION, intron_distance=nearest)

    def _distance(self, place: int) -> int:
        """Return how far an intronic base is from the nearest exon: positive behind a donor, negative before an acceptor."""
        found = []
        for first, last in self._exons:
            behind, before = (place - last, first - place) if self.model.is_plus_strand else (first - place, place - last)
            found.append(behind if behind > 0 else -before)
        return min(found, key=abs)

    def _splice_site(self, touched: range, distance: int) -> Change:
        """Judge the likely result: the exon next to the site is skipped. An exon without coding bases leaves it open."""
        exon = min(self._exons, key=lambda one: min(abs(place - end) for place in touched for end in one))
        number = self._exons.index(exon) + 1
        try:
            lost = self.model.loss_of_exons(number, number, at_donor=distance > 0)
        except InvalidInputError:  # only untranslated bases are lost: what that does is not worked out
            return Change(Effect.SPLICE_SITE, intron_distance=distance, at_donor=distance > 0)
        stop = None
        if lost.keeps_frame is False and lost.lost_exons is not None and self.coding is not None:
            first, last = lost.lost_exons
            found = _stop_after(self.coding[: first - 1] + self.coding[last:] + self._tail, first - 1)
            stop = found + last - first + 1 if found is not None else None
        return Change(
            Effect.SPLICE_SITE, intron_distance=distance, keeps_frame=lost.keeps_frame, stop=stop,
            removed_fraction=lost.removed_fraction, lost_exons=lost.lost_exons, at_donor=lost.at_donor,
        )

    # -- exons

    def _within(self, touched: range, ref: str, alt: str) -> Change | None:
        places = [self._place_of.get(place) for place in touched]
        edge = any(self._is_edge(place) for place in touched)
        if all(place is None for place in places):
            return Change(Effect.UNTRANSLATED, at_exon_edge=edge)
        if any(place is None for place in places) or self.coding is None:
            return None
        known = sorted(place for place in places if place is not None)
        alt = alt if self.model.is_plus_strand else alt.translate(_COMPLEMENT)[::-1]
        start = known[0] if ref else known[0] + 1
        if known[-1] - known[0] != len(known) - 1:
            return None
        return self._translated(start, len(ref), alt, at_edge=edge)

    def _is_edge(self, place: int) -> bool:
        """Whether a base is the first or one of the last three of its exon, where another exon lies beyond."""
        for number, (first, last) in enumerate(self._exons):
            if first <= place <= last:
                offset = place - first if self.model.is_plus_strand else last - place
                left = last - first - offset
                return (offset == 0 and number > 0) or (left < 3 and number < len(self._exons) - 1)
        return False

    def _translated(self, start: int, removed: int, added: str, *, at_edge: bool) -> Change | None:
        coding = self.coding or ""
        altered = coding[:start] + added + coding[start + removed :]
        shift = len(added) - removed
        before, after = protein_of(coding), protein_of(altered)
        if before is None or after is None or before.find("*") != len(before) - 1:  # incomplete, or with selenocysteine
            return None
        same = next((n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
        residue = start // 3 + 1 if same is None else same + 1
        old, new = before[residue - 1 : residue], after[residue - 1 : residue]
        if start < 3 and not altered.startswith("ATG"):
            return Change(Effect.START_LOST, residue=1, before="M", after=new, at_exon_edge=at_edge)
        if shift % 3:
            found = _stop_after(altered + self._tail, start)
            stop = None if found is None else found - shift
            effect = Effect.NONSENSE if new == "*" and old != "*" else Effect.FRAMESHIFT
            begin = start + 1 if stop is not None else None  # an open frame must not be presumed to end
            return Change(effect, residue, old, new, stop=stop, at_exon_edge=at_edge, changed_from=begin, shift=shift % 3)
        if same is None and not shift:
            return Change(Effect.SYNONYMOUS, residue, old, new, at_exon_edge=at_edge)
        early = after.find("*")
        if 0 <= early < len(after) - 1:
            return Change(Effect.NONSENSE, residue, old, new, stop=early * 3 + 1 - shift, at_exon_edge=at_edge)
        if early < 0:
            return Change(Effect.STOP_LOST, residue, old, new, at_exon_edge=at_edge)
        if shift:
            return Change(
                Effect.INFRAME_INDEL, residue, old, new, at_exon_edge=at_edge, residues_changed=abs(shift) // 3,
                in_repeat=_repeated(coding, start, coding[start : start + removed] if shift < 0 else added),
            )
        changed = sum(one != other for one, other in zip(before, after, strict=True))
        effect = Effect.MISSENSE if changed == 1 else Effect.INFRAME_INDEL
        return Change(effect, residue, old, new, at_exon_edge=at_edge, residues_changed=changed)


def protein_of(coding: str) -> str | None:
    """Translate whole codons; None where a base is not A, C, G or T."""
    acids = [CODONS.get(coding[place : place + 3]) for place in range(0, len(coding) - 2, 3)]
    return None if None in acids else "".join(acid for acid in acids if acid is not None)


def _stop_after(sequence: str, start: int) -> int | None:
    """Return the 1-based position of the first stop codon in frame at or behind `start` (0-based)."""
    for place in range(start - start % 3, len(sequence) - 2, 3):
        if CODONS.get(sequence[place : place + 3]) == "*":
            return place + 1
    return None


def _repeated(coding: str, start: int, unit: str) -> bool | None:
    """Whether what is added or removed stands in a tandem repeat of itself: with three copies yes, alone no, else unknown."""
    size = len(unit)
    if not size:
        return None
    first = start
    while first >= size and coding[first - size : first] == unit:
        first -= size
    copies = 0
    while coding[first + copies * size : first + (copies + 1) * size] == unit:
        copies += 1
    if copies >= _REPEATED:
        return True
    return False if copies <= _ALONE else None
