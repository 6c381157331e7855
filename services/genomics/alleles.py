"""Alleles: what an ALT says, how alleles are trimmed and left-aligned, what kind of variant they make.

Rules from the VCF specification (samtools/hts-specs, VCFv4.1 to VCFv4.5, sections 1.6.1 "Fixed fields" and 5 "Representing
variation") and, for normalisation, Tan A, Abecasis GR, Kang HM, Bioinformatics 2015, "Unified representation of genetic
variants": a variant is normalised when no allele can be shortened at its right end, and no base can be dropped at its left end
without leaving an allele empty. Positions are 1-based throughout; an end is inclusive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError

BASES = re.compile(r"[ACGTNacgtn]+")
AMBIGUOUS_BASES = re.compile(r"[ACGTUNRYSWKMBDHVacgtunryswkmbdhv]+")
"""IUPAC codes; the specification allows only A, C, G, T and N in REF and ALT."""

_SYMBOL = re.compile(r"<([^<>,\s]+)>")
_BREAKEND = re.compile(
    r"(?P<before>[A-Za-z.]*)(?P<open>[\[\]])(?P<mate>[^\[\]\s]+):(?P<position>[0-9]{1,10})(?P=open)(?P<after>[A-Za-z.]*)"
)
_SINGLE_BREAKEND = re.compile(r"\.[A-Za-z]+|[A-Za-z]+\.")


class AlleleForm(StrEnum):
    """How an ALT allele is written."""

    SEQUENCE = "sequence"
    MISSING = "missing"
    """`.`: the record states no alternate allele."""
    OVERLAPPING_DELETION = "overlapping_deletion"
    """`*`: the allele is missing because of a deletion upstream."""
    UNSPECIFIED = "unspecified"
    """`<*>` or `<NON_REF>`: any other allele (gVCF)."""
    SYMBOLIC = "symbolic"
    BREAKEND = "breakend"
    SINGLE_BREAKEND = "single_breakend"


class VariantType(StrEnum):
    """What a pair of REF and ALT describes."""

    SNV = "snv"
    MNV = "mnv"
    INSERTION = "insertion"
    DELETION = "deletion"
    DELINS = "delins"
    STRUCTURAL_DELETION = "sv_deletion"
    STRUCTURAL_INSERTION = "sv_insertion"
    STRUCTURAL_DUPLICATION = "sv_duplication"
    STRUCTURAL_INVERSION = "sv_inversion"
    COPY_NUMBER = "copy_number"
    BREAKEND = "breakend"
    OTHER_SYMBOLIC = "symbolic"
    OVERLAPPING_DELETION = "overlapping_deletion"
    REFERENCE_BLOCK = "reference_block"
    REGION = "region"
    """A stretch without alleles."""
    REFERENCE = "reference"
    """No alternate allele, or one equal to the reference."""


_SYMBOL_TYPES = {
    "DEL": VariantType.STRUCTURAL_DELETION,
    "INS": VariantType.STRUCTURAL_INSERTION,
    "DUP": VariantType.STRUCTURAL_DUPLICATION,
    "INV": VariantType.STRUCTURAL_INVERSION,
    "CNV": VariantType.COPY_NUMBER,
    "BND": VariantType.BREAKEND,
    "TRA": VariantType.BREAKEND,
}


@dataclass(frozen=True, slots=True)
class Breakend:
    """The far side of a breakend. `mate_chromosome` is as written, angle brackets of an assembly contig included.

    `joined_before` tells that the far sequence comes before this base; `far_is_reverse` that it is read in reverse.
    """

    mate_chromosome: str
    mate_position: int
    joined_before: bool
    far_is_reverse: bool
    inserted: str


def allele_form(alt: str) -> AlleleForm:
    """Return how `alt` is written; raise InvalidInputError for what no version of VCF allows."""
    if BASES.fullmatch(alt):
        return AlleleForm.SEQUENCE
    if alt == ".":
        return AlleleForm.MISSING
    if alt == "*":
        return AlleleForm.OVERLAPPING_DELETION
    if alt in ("<*>", "<NON_REF>"):
        return AlleleForm.UNSPECIFIED
    if _SYMBOL.fullmatch(alt):
        return AlleleForm.SYMBOLIC
    if "[" in alt or "]" in alt:
        parse_breakend(alt)
        return AlleleForm.BREAKEND
    if _SINGLE_BREAKEND.fullmatch(alt):
        return AlleleForm.SINGLE_BREAKEND
    if AMBIGUOUS_BASES.fullmatch(alt):
        return AlleleForm.SEQUENCE
    raise InvalidInputError("an allele is made of A, C, G, T, N, or is `*`, `.`, `<ID>` or a breakend")


def symbol(alt: str) -> str | None:
    """Return the ID of a symbolic allele, e.g. `DUP:TANDEM`, or None."""
    match = _SYMBOL.fullmatch(alt)
    return match.group(1) if match else None


def parse_breakend(alt: str) -> Breakend:
    """Read a paired breakend such as `G]17:198982]` or `[<ctg1>:7[T`; raise InvalidInputError for anything else."""
    match = _BREAKEND.fullmatch(alt)
    if match is None:
        raise InvalidInputError("a breakend is written like `G]17:198982]` or `[13:123457[T`")
    before, after = match.group("before"), match.group("after")
    if bool(before) == bool(after):
        raise InvalidInputError("a breakend has bases on exactly one side of its brackets")
    opening = match.group("open")
    return Breakend(
        mate_chromosome=match.group("mate"),
        mate_position=int(match.group("position")),
        joined_before=bool(after),
        far_is_reverse=(opening == "]") == bool(before),
        inserted=(before or after),
    )


def variant_type(ref: str, alt: str) -> VariantType:
    """Return what REF and one ALT describe; shared bases at either end do not count (`CAG`>`CTG` is an SNV)."""
    form = allele_form(alt)
    if form is AlleleForm.SYMBOLIC:
        return _SYMBOL_TYPES.get(alt[1:-1].split(":", 1)[0].upper(), VariantType.OTHER_SYMBOLIC)
    simple = {
        AlleleForm.BREAKEND: VariantType.BREAKEND,
        AlleleForm.SINGLE_BREAKEND: VariantType.BREAKEND,
        AlleleForm.OVERLAPPING_DELETION: VariantType.OVERLAPPING_DELETION,
        AlleleForm.UNSPECIFIED: VariantType.REFERENCE_BLOCK,
        AlleleForm.MISSING: VariantType.REFERENCE,
    }
    if form in simple:
        return simple[form]
    return sequence_type(*trim(1, ref.upper(), alt.upper())[1:])


def sequence_type(ref: str, alt: str) -> VariantType:
    """Return what two sequences describe, trimmed and in the same case."""
    if ref == alt:
        return VariantType.REFERENCE
    if len(ref) == len(alt):
        return VariantType.SNV if len(ref) == 1 else VariantType.MNV
    if len(ref) == 1 and alt.startswith(ref):
        return VariantType.INSERTION
    if len(alt) == 1 and ref.startswith(alt):
        return VariantType.DELETION
    return VariantType.DELINS


def trim(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Drop bases that REF and ALT share, from the right first, then from the left; each keeps at least one base.

    This is the part of normalisation that needs no reference sequence. Idempotent.
    """
    if ref == alt:
        return position, ref, alt
    right = 0
    shortest = min(len(ref), len(alt))
    while right < shortest - 1 and ref[-1 - right] == alt[-1 - right]:
        right += 1
    if right:
        ref, alt = ref[:-right], alt[:-right]
    left = 0
    shortest = min(len(ref), len(alt))
    while left < shortest - 1 and ref[left] == alt[left]:
        left += 1
    return position + left, ref[left:], alt[left:]


def left_align(position: int, ref: str, alt: str, bases_before: Callable[[int, int], str]) -> tuple[int, str, str]:
    """Normalise one pair of sequence alleles against the reference (Tan 2015). Idempotent.

    `bases_before(start, end)` returns reference bases of the 1-based inclusive range in upper case; it is asked for windows to
    the left of the variant only, never below 1. The caller has checked that `ref` is what the reference has at `position`.
    """
    ref, alt = ref.upper(), alt.upper()
    if ref == alt:
        return position, ref, alt
    window, window_start = "", position
    while True:
        if ref and alt and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
        elif ref and alt:
            break
        if not ref or not alt:
            if position == 1:
                return _extend_right(position, ref, alt, bases_before)
            if position - 1 < window_start:
                start = max(1, position - 64)
                window, window_start = bases_before(start, position - 1), start
            base = window[position - 1 - window_start]
            position, ref, alt = position - 1, base + ref, base + alt
    left = 0
    while min(len(ref), len(alt)) - left > 1 and ref[left] == alt[left]:
        left += 1
    return position + left, ref[left:], alt[left:]


def _extend_right(position: int, ref: str, alt: str, bases: Callable[[int, int], str]) -> tuple[int, str, str]:
    """Anchor an event at the first base of a contig on the base after it, as the specification asks."""
    after = position + len(ref)
    base = bases(after, after)
    return position, ref + base, alt + base


def end_position(position: int, ref: str, alt: str, info_end: int | None, info_length: int | None) -> int:
    """Return the 1-based inclusive end of one allele.

    Sequence alleles end with REF. A symbolic allele ends at INFO END where it is given and not before POS, else POS + |SVLEN|
    for deletions, duplications, inversions and copy number changes, else at POS. A breakend and an insertion span their base.
    """
    by_reference = position + max(len(ref), 1) - 1
    form = allele_form(alt)
    if form is AlleleForm.BREAKEND or form is AlleleForm.SINGLE_BREAKEND:
        return by_reference
    if form in (AlleleForm.UNSPECIFIED, AlleleForm.MISSING, AlleleForm.SYMBOLIC):
        if info_end is not None and info_end >= position:
            return info_end
        kind = alt[1:4].upper()
        if form is AlleleForm.SYMBOLIC and info_length is not None and kind in ("DEL", "DUP", "INV", "CNV"):
            return position + abs(info_length)
    return by_reference
