"""Where a row of a plain table says its variant is: separate columns, an HGVS-like name, or a region.

Understood in one column: `17-43045702-C-T` and its variants with `:`, `_` or spaces; `chr17:43045702C>T`; genomic HGVS with a
chromosome or RefSeq accession (`NC_000017.11:g.43045702C>T`, `..del`, `..dup`, `..ins`, `..delins`); a region `chr17:100-200`.
Coding and protein HGVS (`NM_..:c.`) names no place on a chromosome without a transcript set, and is refused with that reason.

HGVS does not write the base before an insertion or deletion that VCF wants. Without a reference genome that base is N; with one
it is filled in. Sequences that HGVS leaves out become symbolic alleles (`<DEL>`, `<DUP>`) with their end.
HGVS nomenclature: den Dunnen JT and others, Human Mutation 2016; hgvs-nomenclature.org.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.errors import InvalidInputError
from services.genomics.alleles import BASES, AlleleForm, allele_form

_MAX_TEXT = 20_000
_CONTIG = r"(?P<chrom>[A-Za-z0-9_.]{1,80})"
_SEPARATED = re.compile(
    _CONTIG + r"[-:_ ](?P<pos>[0-9]{1,10})[-:_ ](?P<ref>[ACGTNacgtn]+|-)[-:_ >/](?P<alt>[ACGTNacgtn]+|-|<[A-Z:]{2,30}>)"
)
_REGION = re.compile(_CONTIG + r"[:\s](?P<pos>[0-9,]{1,14})(?:-|\.\.)(?P<end>[0-9,]{1,14})")
_PLACE = re.compile(_CONTIG + r":(?P<pos>[0-9,]{1,14})")
_GENOMIC = re.compile(_CONTIG + r":(?:[gm]\.)?(?P<pos>[0-9]{1,10})(?:_(?P<end>[0-9]{1,10}))?(?P<change>[A-Za-z>=]{2,20000}|=)")
_CHANGE = re.compile(r"(?P<ref>[ACGTN]+)>(?P<alt>[ACGTN]+)|(?P<kind>delins|del|dup|ins|inv)(?P<sequence>[ACGTN]*)")
_CODING = re.compile(r"[A-Z]{2,4}[_0-9][A-Z0-9_.]{0,30}(?:\([^)]{1,30}\))?:[cnpr]\..{1,2000}")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A place and, where given, its alleles. 1-based, end inclusive; `ref` and `alt` are None for a region."""

    chrom: str
    position: int
    end: int
    ref: str | None
    alt: str | None


def parse_coordinates(text: str) -> Coordinates:
    """Read one of the notations of the module's docstring; InvalidInputError says what is wrong with anything else."""
    text = text.strip()
    if len(text) > _MAX_TEXT:
        raise InvalidInputError(f"is longer than {_MAX_TEXT:,} characters")
    if match := _SEPARATED.fullmatch(text):
        return from_alleles(match["chrom"], int(match["pos"]), match["ref"], match["alt"])
    if match := _REGION.fullmatch(text):
        return region(match["chrom"], _grouped(match["pos"]), _grouped(match["end"]))
    if match := _PLACE.fullmatch(text):
        position = _grouped(match["pos"])
        return region(match["chrom"], position, position)
    if _CODING.fullmatch(text):
        raise InvalidInputError("is a transcript or protein name; its place on the chromosome is not given")
    if match := _GENOMIC.fullmatch(text):
        return _genomic(match["chrom"], int(match["pos"]), int(match["end"]) if match["end"] else None, match["change"])
    raise InvalidInputError("is neither chrom-pos-ref-alt, genomic HGVS nor a region")


def _grouped(text: str) -> int:
    digits = text.replace(",", "")
    if not digits:
        raise InvalidInputError("holds no position")
    return int(digits)


def region(chrom: str, start: int, end: int) -> Coordinates:
    """Return a stretch without alleles; InvalidInputError where it ends before it begins."""
    if end < start:
        raise InvalidInputError(f"ends at {end}, before it begins at {start}")
    return Coordinates(chrom, start, end, None, None)


def from_alleles(chrom: str, position: int, ref: str, alt: str) -> Coordinates:
    """Return a variant from its alleles; `-` or nothing stands for no bases, as ANNOVAR and VEP write it.

    ANNOVAR places an insertion at the base before it, a deletion at its first base.
    """
    ref, alt = ("" if allele in ("-", "") else allele for allele in (ref, alt))
    if not ref and not alt:
        raise InvalidInputError("has neither a reference nor an alternate allele")
    if ref and not BASES.fullmatch(ref):
        raise InvalidInputError(f"the reference allele {ref[:40]!r} is not made of A, C, G, T and N")
    if alt and not BASES.fullmatch(alt) and allele_form(alt) is AlleleForm.SEQUENCE:
        raise InvalidInputError(f"the alternate allele {alt[:40]!r} is not made of A, C, G, T and N")
    if not ref:
        return Coordinates(chrom, position, position, "N", f"N{alt.upper()}")
    if not alt:
        return Coordinates(chrom, position - 1, position + len(ref) - 1, f"N{ref.upper()}", "N")
    return Coordinates(chrom, position, position + len(ref) - 1, ref.upper(), alt if alt.startswith("<") else alt.upper())


def _genomic(chrom: str, start: int, end: int | None, change: str) -> Coordinates:
    match = _CHANGE.fullmatch(change)
    if match is None:
        raise InvalidInputError(f"the change {change[:40]!r} is not one that can be placed")
    last = end or start
    if last < start:
        raise InvalidInputError(f"ends at {last}, before it begins at {start}")
    if match["ref"]:
        return from_alleles(chrom, start, match["ref"], match["alt"])
    kind, sequence = match["kind"], match["sequence"]
    if kind == "ins":
        if not sequence or end is None or last != start + 1:
            raise InvalidInputError("an insertion is written between two neighbouring bases, with its sequence")
        return Coordinates(chrom, start, start, "N", f"N{sequence}")
    if kind == "delins":
        if not sequence:
            raise InvalidInputError("a delins needs the inserted sequence")
        return Coordinates(chrom, start, last, "N" * (last - start + 1), sequence)
    if kind == "del":
        if sequence and len(sequence) == last - start + 1:
            return from_alleles(chrom, start, sequence, "-")
        return Coordinates(chrom, start - 1, last, "N", "<DEL>")
    if kind == "dup" and sequence and len(sequence) == last - start + 1:
        return Coordinates(chrom, last, last, "N", f"N{sequence}")
    return Coordinates(chrom, start - 1, last, "N", "<DUP>" if kind == "dup" else "<INV>")
