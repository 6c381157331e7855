"""From a protein change to the coding changes that could make it, and from a codon change to the protein change it makes.

A protein description names no allele: several codons give the same residue. What is returned are candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from services.errors import InvalidInputError
from services.genomics.hgvs.model import Bound, Edit, NucleotideChange, Position, ProteinChange, Residue, Stretch
from services.genomics.hgvs.projection import Bases
from services.genomics.hgvs.transcript import TranscriptModel, reverse_complement

_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_NAMES = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly", "H": "His", "I": "Ile",
    "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val",
    "*": "Ter",
}  # fmt: skip
_RESIDUES = {"".join(codon): _NAMES[acid] for codon, acid in zip(product("TCAG", repeat=3), _ACIDS, strict=True)}
"""The standard code (NCBI translation table 1)."""
_MITOCHONDRION = "MT"


def coding_changes(change: ProteinChange, transcript: TranscriptModel, bases: Bases) -> tuple[NucleotideChange, ...]:
    """Return the `c.` changes that make a protein change, those of one base first; only these where there are any.

    :raise InvalidInputError: the reference has another residue there, or the change cannot be traced back to codons.
    """
    if transcript.chrom == _MITOCHONDRION:
        raise InvalidInputError("mitochondrial codons follow another code: give the m. description")
    first, last = change.start, change.end or change.start
    if first is None or last is None or change.edit not in (Edit.SUBSTITUTION, Edit.DELETION, Edit.DUPLICATION):
        raise InvalidInputError(
            f"a protein change of this kind ({change.edit}) can come from many coding changes: give the c. description"
        )
    for residue in {first, last}:
        _check_residue(residue, transcript, bases)
    if change.edit is Edit.SUBSTITUTION:
        found = tuple(_substitutions(first.number, change.alt[0], transcript, bases))
        if not found:
            raise InvalidInputError(f"{change.alt[0]} is the residue that is there, or stands for no codon")
        fewest = min(len(one.ref) for one in found)
        return tuple(one for one in found if len(one.ref) == fewest)
    stretch = _stretch(3 * first.number - 2, 3 * last.number)
    return (NucleotideChange(stretch, change.edit),)


def protein_of_substitution(base: int, alt: str, transcript: TranscriptModel, bases: Bases) -> ProteinChange | None:
    """Return the predicted protein change of one coding base (`c.` position, base of the transcript's strand).

    None past the last whole codon, where the codon holds an unknown base, and for the mitochondrion, which has another code.
    """
    if transcript.chrom == _MITOCHONDRION:
        return None
    number = (base - 1) // 3 + 1
    if not 1 <= base <= transcript.coding_length - transcript.coding_length % 3:
        return None
    codon = _codon(number, transcript, bases)
    changed = codon[: (base - 1) % 3] + alt + codon[(base - 1) % 3 + 1 :]
    if codon not in _RESIDUES or changed not in _RESIDUES:
        return None
    before, after = _RESIDUES[codon], _RESIDUES[changed]
    residue = Residue(before, number)
    if number == 1 and before != after:
        return ProteinChange(Edit.UNKNOWN, residue, is_predicted=True)
    if before == after:
        return ProteinChange(Edit.IDENTITY, residue, is_predicted=True)
    if before == "Ter":
        return ProteinChange(Edit.EXTENSION, residue, None, (after,), "?", is_predicted=True)
    return ProteinChange(Edit.SUBSTITUTION, residue, None, (after,), is_predicted=True)


def one_letter(change: ProteinChange) -> str | None:
    """Write a substitution or a frameshift as the literature does, `R702W` or `L1007fs`; None for other changes."""
    letters = {name: letter for letter, name in _NAMES.items()} | {"Ter": "X"}
    if change.start is None or change.end is not None or change.edit not in (Edit.SUBSTITUTION, Edit.FRAMESHIFT):
        return None
    before = letters.get(change.start.name, "")
    after = "fs" if change.edit is Edit.FRAMESHIFT else letters.get(change.alt[0], "")
    return f"{before}{change.start.number}{after}" if before and after else None


def _check_residue(residue: Residue, transcript: TranscriptModel, bases: Bases) -> None:
    size = transcript.coding_length // 3
    if residue.number > size:
        raise InvalidInputError(f"{transcript.accession} has {size:,} codons: {residue} is past its end")
    there = _RESIDUES.get(_codon(residue.number, transcript, bases), "unknown")
    if there != residue.name:
        raise InvalidInputError(f"residue {residue.number} of {transcript.accession} is {there}, not {residue.name}")


def _codon(number: int, transcript: TranscriptModel, bases: Bases) -> str:
    return "".join(_base(3 * number - 2 + place, transcript, bases) for place in range(3))


def _base(position: int, transcript: TranscriptModel, bases: Bases) -> str:
    genomic = transcript.to_genomic(Position(position), is_coding=True)
    there = bases(genomic, genomic)
    return there if transcript.is_plus_strand else reverse_complement(there)


def _substitutions(number: int, wanted: str, transcript: TranscriptModel, bases: Bases) -> Iterator[NucleotideChange]:
    codon = _codon(number, transcript, bases)
    start = 3 * number - 2
    for other, residue in _RESIDUES.items():
        if residue != wanted or other == codon:
            continue
        changed = [place for place in range(3) if codon[place] != other[place]]
        low, high = changed[0], changed[-1]
        edit = Edit.SUBSTITUTION if low == high else Edit.DELINS
        ref, alt = codon[low : high + 1], other[low : high + 1]
        yield NucleotideChange(_stretch(start + low, start + high), edit, ref, alt)


def _stretch(first: int, last: int) -> Stretch:
    return Stretch(Bound(Position(first)), None if first == last else Bound(Position(last)))
