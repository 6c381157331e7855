"""From a nucleotide change on the chromosome to a VCF allele and back, with the reference bases that a caller provides.

A description shifts a change as far 3' as it goes in its own direction; a VCF allele lies as far left as it goes. `bases(start,
end)` returns the reference of a 1-based inclusive stretch in upper case; the same callable may be asked often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.errors import InvalidInputError
from services.genomics.alleles import left_align
from services.genomics.hgvs.model import Bound, Edit, NucleotideChange, Position, Stretch
from services.genomics.hgvs.transcript import TranscriptModel, reverse_complement

Bases = Callable[[int, int], str]
_MAX_BASES = 10_000
_MAX_SHIFT = 1_000
_WINDOW = 100
_PLACED = {
    Edit.SUBSTITUTION, Edit.DELETION, Edit.INSERTION, Edit.DUPLICATION, Edit.INVERSION, Edit.DELINS, Edit.REPEAT,
}  # fmt: skip


class NeedsSequenceError(InvalidInputError):
    """The change cannot be written as an allele without the reference sequence."""


@dataclass(frozen=True, slots=True)
class PlacedAllele:
    """An allele as VCF writes it. `is_checked` tells whether the reference bases were compared."""

    pos: int
    ref: str
    alt: str
    is_checked: bool


def to_allele(change: NucleotideChange, start: int, end: int, *, is_plus_strand: bool, bases: Bases | None) -> PlacedAllele:
    """Write a change of the genomic stretch `start` to `end` (inclusive; neighbours for an insertion) as a normalised allele.

    :raise NeedsSequenceError: `bases` is None and the change needs the sequence.
    :raise InvalidInputError: the stated reference is not there, or the change cannot be an allele.
    """
    if change.edit not in _PLACED:
        raise InvalidInputError(f"a description of this kind ({change.edit}) names no single allele")
    if end - start + 1 > _MAX_BASES:
        raise InvalidInputError(f"changes of up to {_MAX_BASES:,} bases are placed as alleles")
    stated, alt = (_genomic(text, is_plus_strand) for text in (change.ref, change.alt))
    if bases is None:
        return _without_sequence(change, start, end, stated, alt)
    there = bases(start, end)
    if len(there) != end - start + 1:
        raise InvalidInputError(f"position {end:,} lies past the end of the reference sequence")
    _check_stated(change, stated, there, start)
    ref, new = _alleles(change, there, stated, alt)
    if change.edit is Edit.INSERTION:
        ref, new = there[0], there[0] + alt
    if ref == new:
        raise InvalidInputError("the description leaves the sequence as it is")
    return PlacedAllele(*left_align(start, ref, new, bases), is_checked=True)


def _genomic(text: str, is_plus_strand: bool) -> str:
    upper = text.upper().replace("U", "T")
    return upper if is_plus_strand else reverse_complement(upper)


def _without_sequence(change: NucleotideChange, start: int, end: int, stated: str, alt: str) -> PlacedAllele:
    is_whole = len(stated) == end - start + 1 and change.edit in (Edit.SUBSTITUTION, Edit.DELINS)
    if is_whole and alt and stated[0] != alt[0] and stated[-1] != alt[-1]:
        return PlacedAllele(start, stated, alt, is_checked=False)
    raise NeedsSequenceError(f"a {change.edit} is placed with the reference sequence, which is not installed")


def _check_stated(change: NucleotideChange, stated: str, there: str, start: int) -> None:
    if change.edit in (Edit.INSERTION, Edit.REPEAT) or not stated or stated == there:
        return
    if len(stated) != len(there):
        raise InvalidInputError(f"the description names {len(stated)} bases for a stretch of {len(there)}")
    raise InvalidInputError(f"the description has {stated[:20]} at {start:,} (forward strand), the reference has {there[:20]}")


def _alleles(change: NucleotideChange, there: str, stated: str, alt: str) -> tuple[str, str]:
    if change.edit in (Edit.SUBSTITUTION, Edit.DELINS):
        return there, alt
    if change.edit is Edit.DELETION:
        return there, ""
    if change.edit is Edit.DUPLICATION:
        return there, there + there
    if change.edit is Edit.INVERSION:
        return there, reverse_complement(there)
    if change.edit is Edit.REPEAT:
        return _repeated(there, stated, change.count or 0)
    return there, there


def _repeated(there: str, stated: str, count: int) -> tuple[str, str]:
    unit = stated or there
    if len(unit) * count > _MAX_BASES:
        raise InvalidInputError(f"repeats of up to {_MAX_BASES:,} bases are placed as alleles")
    if stated and (len(there) % len(unit) or unit * (len(there) // len(unit)) != there):
        raise InvalidInputError(
            f"the reference has {there[:20]} there, which is no repeat of {unit[:20]}: give the first and last base of the repeat"
        )
    return there, unit * count


@dataclass(frozen=True, slots=True)
class StrandEdit:
    """A change as a description in one direction states it, before it is counted on a transcript.

    `low` to `high` is the stretch on the chromosome (the two neighbours for an insertion); `ref` and `alt` are the bases that the
    description writes, in its own direction.
    """

    low: int
    high: int
    edit: Edit
    ref: str = ""
    alt: str = ""


def strand_edit(position: int, ref: str, alt: str, bases: Bases, *, is_plus_strand: bool) -> StrandEdit | None:
    """Shift an allele 3' in a direction and name what is done there; None where both alleles are the same."""
    start, gone, new = _trimmed(position, ref.upper(), alt.upper())
    if not gone and not new:
        return None
    if not gone or not new:
        start, gone, new = _shifted(start, gone, new, bases, rightwards=is_plus_strand)
    own_gone, own_new = (gone, new) if is_plus_strand else (reverse_complement(gone), reverse_complement(new))
    if gone:
        edit = _edit_of(own_gone, own_new)
        stated = own_gone if edit is Edit.SUBSTITUTION else ""
        added = own_new if edit in (Edit.SUBSTITUTION, Edit.DELINS) else ""
        return StrandEdit(start, start + len(gone) - 1, edit, stated, added)
    size = len(new)
    copied = (start - size, start - 1) if is_plus_strand else (start, start + size - 1)
    if copied[0] >= 1 and bases(*copied) == new:
        return StrandEdit(*copied, Edit.DUPLICATION)
    return StrandEdit(start - 1, start, Edit.INSERTION, alt=own_new)


def describe(position: int, ref: str, alt: str, transcript: TranscriptModel, bases: Bases) -> NucleotideChange | None:
    """Describe an allele on a transcript, shifted 3' in its direction; None where it reaches outside the transcript."""
    change = strand_edit(position, ref, alt, bases, is_plus_strand=transcript.is_plus_strand)
    stretch = None if change is None else _stretch(change.low, change.high, transcript)
    if change is None or stretch is None:
        return None
    return NucleotideChange(stretch, change.edit, change.ref, change.alt)


def _edit_of(gone: str, new: str) -> Edit:
    if not new:
        return Edit.DELETION
    if len(gone) == len(new) == 1:
        return Edit.SUBSTITUTION
    return Edit.INVERSION if gone == reverse_complement(new) else Edit.DELINS


def _trimmed(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def _shifted(start: int, gone: str, new: str, bases: Bases, *, rightwards: bool) -> tuple[int, str, str]:
    """Roll a pure insertion or deletion as far as the sequence allows, at most 1,000 bases."""
    unit = gone or new
    moved = 0
    window, at = "", 0
    while moved < _MAX_SHIFT:
        edge = start + len(gone) + moved if rightwards else start - 1 - moved
        if edge < 1:
            break
        if not at <= edge < at + len(window):
            at = edge if rightwards else max(1, edge - _WINDOW + 1)
            window = bases(at, at + _WINDOW - 1 if rightwards else edge)
            if not window:
                break
        base = window[edge - at]
        if base != (unit[0] if rightwards else unit[-1]):
            break
        unit = unit[1:] + base if rightwards else base + unit[:-1]
        moved += 1
    start += moved if rightwards else -moved
    return (start, unit, "") if gone else (start, "", unit)


def _stretch(low: int, high: int, transcript: TranscriptModel) -> Stretch | None:
    ends: list[Position | None] = [transcript.from_genomic(low), transcript.from_genomic(high)]
    first, last = ends if transcript.is_plus_strand else ends[::-1]
    if first is None or last is None:
        return None
    return Stretch(Bound(first), None if first == last else Bound(last))
