"""Turns the tree of a parsed description into the change it states."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lark import Token, Transformer, v_args

from services.errors import InvalidInputError
from services.genomics.hgvs.model import Bound, Edit, NucleotideChange, Position, ProteinChange, Residue, Stretch

Nucleotides = Callable[[Stretch], NucleotideChange]
Residues = tuple[Residue, Residue | None]
Protein = Callable[[Residues], ProteinChange]

_ONE_TO_THREE = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly", "H": "His", "I": "Ile",
    "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val",
    "U": "Sec", "B": "Asx", "Z": "Glx", "X": "Xaa", "*": "Ter",
}  # fmt: skip
_CODES = re.compile(r"[A-Z][a-z]{2}|[A-Z*]")
_RANGE_EDITS = {Edit.INSERTION: "an insertion stands between two neighbours, as in 76_77insT"}


@v_args(inline=True)
class Builder(Transformer[Token, Any]):
    """One instance for one text; `start` is the character of the whole description at which the parsed part begins."""

    def __init__(self, start: int, *, is_rna: bool) -> None:
        super().__init__()
        self._start = start
        self._is_rna = is_rna

    def _refuse(self, token: Token, reason: str) -> InvalidInputError:
        return InvalidInputError(f"at character {self._start + (token.start_pos or 0) + 1}: {reason}")

    # places

    def base(self, number: Token) -> Position:
        return Position(self._counted(number))

    def intron_base(self, number: Token, offset: int | None = None) -> Position:
        return Position(self._counted(number), offset or 0)

    coding_base = intron_base

    def before_start(self, number: Token, offset: int | None = None) -> Position:
        return Position(-self._counted(number), offset or 0)

    def after_stop(self, number: Token, offset: int | None = None) -> Position:
        return Position(self._counted(number), offset or 0, is_after_stop=True)

    def unknown_base(self) -> Position:
        return Position(None)

    def downstream(self, number: Token) -> int:
        return self._counted(number)

    def upstream(self, number: Token) -> int:
        return -self._counted(number)

    def unknown_offset(self, sign: Token) -> int:
        raise self._refuse(sign, "how far into the intron is not said: such a change names no single variant")

    offset = staticmethod(lambda value: value)

    def bound(self, position: Position) -> Bound:
        return Bound(position)

    def between(self, low: Position, high: Position) -> Bound:
        return Bound(low, high)

    def location(self, start: Bound, end: Bound | None = None) -> Stretch:
        return Stretch(start, end)

    intron_location = coding_location = location

    def _counted(self, number: Token) -> int:
        if int(number) == 0:
            raise self._refuse(number, "positions count from 1, there is no 0")
        return int(number)

    # nucleotides

    def bases(self, token: Token) -> Token:
        foreign, own = ("t", "u") if self._is_rna else ("u", "t")
        if foreign in token.lower():
            raise self._refuse(token, f"{'RNA' if self._is_rna else 'DNA'} is written with {own.upper()}, not {foreign.upper()}")
        return token

    def substitution(self, ref: Token, alt: Token) -> Nucleotides:
        for bases in (ref, alt):
            if len(bases) > 1:
                raise self._refuse(bases, "a substitution changes one base into one; write a delins for more")
        return lambda stretch: NucleotideChange(stretch, Edit.SUBSTITUTION, str(ref), str(alt))

    def identity(self, ref: Token | None) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.IDENTITY, str(ref or ""))

    def deletion(self, ref: Token | None) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.DELETION, _bases(ref))

    def delins(self, ref: Token | None, alt: Token) -> Nucleotides:
        one_base = _bases(ref) if len(_bases(ref)) == len(alt) == 1 else ""

        def build(stretch: Stretch) -> NucleotideChange:
            if one_base and stretch.end is None:
                return NucleotideChange(stretch, Edit.SUBSTITUTION, one_base, str(alt))
            return NucleotideChange(stretch, Edit.DELINS, _bases(ref), str(alt))

        return build

    def insertion(self, alt: Token) -> Nucleotides:
        def build(stretch: Stretch) -> NucleotideChange:
            if stretch.end is None and stretch.start.high is None:
                raise self._refuse(alt, _RANGE_EDITS[Edit.INSERTION])
            return NucleotideChange(stretch, Edit.INSERTION, "", str(alt))

        return build

    def duplication(self, ref: Token | None) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.DUPLICATION, str(ref or ""))

    def inversion(self) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.INVERSION)

    def copies(self, count: Token) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.COPIES, count=int(count))

    def conversion(self, source: Token) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.CONVERSION, source=str(source))

    def repeat(self, ref: Token | None, count: Token) -> Nucleotides:
        return lambda stretch: NucleotideChange(stretch, Edit.REPEAT, str(ref or ""), count=int(count))

    def nucleotides(self, stretch: Stretch, build: Nucleotides) -> NucleotideChange:
        return build(stretch)

    def predicted(self, first: Any, build: Any = None) -> NucleotideChange | ProteinChange:
        change: NucleotideChange | ProteinChange = first if build is None else build(first)
        return replace(change, is_predicted=True)

    def predicted_stretch(self, first: Position, last: Position, build: Nucleotides) -> NucleotideChange:
        return replace(build(Stretch(Bound(first), Bound(last))), is_predicted=True)

    genomic = coding = noncoding = rna_change = protein = staticmethod(lambda change: change)

    # proteins

    def same_protein(self) -> ProteinChange:
        return ProteinChange(Edit.IDENTITY)

    def predicted_same_protein(self) -> ProteinChange:
        return ProteinChange(Edit.IDENTITY, is_predicted=True)

    def unknown_protein(self) -> ProteinChange:
        return ProteinChange(Edit.UNKNOWN)

    def no_protein(self) -> ProteinChange:
        return ProteinChange(Edit.NO_PROTEIN)

    def perhaps_no_protein(self) -> ProteinChange:
        return ProteinChange(Edit.NO_PROTEIN, stop="?")

    def residue(self, name: Token, number: Token) -> Residue:
        return Residue(_three_letters(name)[0], self._counted(number))

    def residues(self, start: Residue, end: Residue | None = None) -> Residues:
        return start, end

    def residue_change(self, residues: Residues, build: Protein) -> ProteinChange:
        return build(residues)

    def new_residue(self, name: Token) -> Protein:
        def build(residues: Residues) -> ProteinChange:
            if residues[1] is not None:
                raise self._refuse(name, "several residues are replaced with delins")
            return ProteinChange(Edit.SUBSTITUTION, residues[0], None, _three_letters(name))

        return build

    def same_residue(self) -> Protein:
        return lambda residues: ProteinChange(Edit.IDENTITY, *residues)

    def unknown_residue(self) -> Protein:
        return lambda residues: ProteinChange(Edit.UNKNOWN, *residues)

    def residues_deleted(self) -> Protein:
        return lambda residues: ProteinChange(Edit.DELETION, *residues)

    def residues_duplicated(self) -> Protein:
        return lambda residues: ProteinChange(Edit.DUPLICATION, *residues)

    def residues_inserted(self, names: Token) -> Protein:
        return lambda residues: ProteinChange(Edit.INSERTION, *residues, _three_letters(names))

    def residues_replaced(self, names: Token) -> Protein:
        return lambda residues: ProteinChange(Edit.DELINS, *residues, _three_letters(names))

    def frameshift(self, name: Token | None, stop: str | None) -> Protein:
        alt = _three_letters(name) if name else ()
        return lambda residues: ProteinChange(Edit.FRAMESHIFT, *residues, alt, stop or "")

    def extension(self, name: Token | None, stop: str | None) -> Protein:
        alt = _three_letters(name) if name else ()
        return lambda residues: ProteinChange(Edit.EXTENSION, *residues, alt, stop or "")

    def stop(self, _sign: Token, distance: Token | None) -> str:
        return str(distance or "")

    def new_start(self, _name: Token | None, distance: Token) -> str:
        return f"-{self._counted(distance)}"


def _bases(token: Token | None) -> str:
    """The bases of a `del`; an old-style count, as in `del5`, is left out."""
    return "" if token is None or token.isdecimal() else str(token)


def _three_letters(names: Token) -> tuple[str, ...]:
    return tuple(_ONE_TO_THREE.get(code, code) for code in _CODES.findall(names))
