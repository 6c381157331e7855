"""What a piece of evidence is about: one protein change, a codon, an exon, a fusion, or any change of a gene.

Written as databases write it: `V600E`, `p.Val600Glu`, `V600`, `Exon 19 Deletion`, `EML4::ALK Fusion`, `Amplification`,
`Loss-of-function`, `Mutation`. Several variants joined by AND, OR or NOT are kept as text and never matched by halves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_LENGTH = 300
_THREE = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H", "Ile": "I",
    "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W", "Tyr": "Y", "Val": "V",
    "Ter": "*", "Sec": "U",
}
_THREE_LETTERS = re.compile("|".join(_THREE), re.IGNORECASE)
_SUBSTITUTION = re.compile(r"([A-Z])([0-9]{1,5})([A-Z*=])")
_CODON = re.compile(r"([A-Z])([0-9]{1,5})")
_PAIR = re.compile(r"([A-Z][A-Z0-9]{1,14})-([A-Z][A-Z0-9]{1,14})(?:\s{1,3}fusion)?", re.IGNORECASE)
_FIRST_RESIDUE = re.compile(r"\(?[A-Z*]([0-9]{1,5})")
_RESIDUES = re.compile(r"[A-Z*]([0-9]{1,5})(?:_[A-Z*]([0-9]{1,5}))?(del|ins|dup|fs)")
_FRAMESHIFT = re.compile(r"([A-Z*][0-9]{1,5})[A-Z*]?fs")
_EXON = re.compile(r"exon\s{0,3}([0-9]{1,3})(?:\s{0,3}-\s{0,3}[0-9]{1,3})?\b", re.IGNORECASE)
_COMPLEX = re.compile(r"\b(?:AND|OR|NOT)\b|\+|;|/")
_CODING = re.compile(r"\s{0,3}\(c\.[^()]{1,80}\)")


class Scope(StrEnum):
    """How much one alteration covers, narrowest first."""

    CHANGE = "one protein change"
    CODON = "any missense change of a codon"
    EXON = "changes of one kind within an exon"
    FUSION = "fusion"
    AMPLIFICATION = "amplification"
    LOSS = "loss of the gene"
    INTERNAL_DUPLICATION = "internal tandem duplication"
    LOSS_OF_FUNCTION = "any loss of function"
    ANY = "any mutation of the gene"
    VARIANT = "this very variant, as an expert says"
    COMBINATION = "several variants together"
    TEXT = "described in words"


class ExonChange(StrEnum):
    DELETION = "deletion"
    INSERTION = "insertion"
    SKIPPING = "skipping"
    FRAMESHIFT = "frameshift"
    ANY = "mutation"


@dataclass(frozen=True, slots=True)
class Alteration:
    """`change` is the short form (`V600E`), `codon` its residue, `residues` the first and last residue of an exon."""

    text: str
    scope: Scope
    change: str = ""
    codon: int | None = None
    reference: str = ""
    """The residue of the reference protein at `codon`, one letter."""
    exon: int | None = None
    exon_change: ExonChange | None = None
    residues: tuple[int, int] | None = None


def short_protein(text: str) -> str:
    """Return a protein change in one-letter code without `p.` and brackets; text that is none comes back folded."""
    plain = _THREE_LETTERS.sub(lambda found: _THREE[found.group().title()], text.strip()[:MAX_LENGTH])
    plain = plain.rpartition(":")[2].removeprefix("p.").strip("()")
    if shift := _FRAMESHIFT.match(plain):
        return f"{shift.group(1)}fs"
    return plain


def residue_of(change: str) -> int | None:
    """Return the first residue a protein change names."""
    found = _FIRST_RESIDUE.match(short_protein(change))
    return int(found.group(1)) if found else None


def residue_span(change: str) -> tuple[int, int] | None:
    """Return the first and last residue of an in-frame or frameshift change, or of a substitution."""
    plain = short_protein(change)
    found = _RESIDUES.match(plain)
    if found:
        return int(found.group(1)), int(found.group(2) or found.group(1))
    first = residue_of(plain)
    return (first, first) if first is not None else None


def parse_alteration(text: str, residues: tuple[int, int] | None = None) -> Alteration:
    """Read an alteration without the gene's name. Never raises: what cannot be read is `Scope.TEXT`."""
    shown = text.strip()[:MAX_LENGTH]
    plain = _CODING.sub("", shown).strip()
    if _COMPLEX.search(plain) and "::" not in plain:
        return Alteration(shown, Scope.COMBINATION)
    if pair := _PAIR.fullmatch(plain):
        return Alteration(f"{pair.group(1)}::{pair.group(2)} Fusion", Scope.FUSION)
    protein = short_protein(plain)
    if change := _SUBSTITUTION.fullmatch(protein):
        # X stood for a stop once and stands for any residue now: not guessed
        is_clear = change.group(3) != "X"
        return Alteration(shown, Scope.CHANGE if is_clear else Scope.TEXT, protein, int(change.group(2)), change.group(1))
    if codon := _CODON.fullmatch(protein):
        return Alteration(shown, Scope.CODON, "", int(codon.group(2)), codon.group(1))
    if _RESIDUES.match(protein):
        return Alteration(shown, Scope.CHANGE, protein, residue_of(protein))
    return _in_words(shown, plain.casefold(), residues)


_WORDS = (
    (("fusion", "rearrangement", "translocation", "::"), Scope.FUSION),
    (("amplification", "copy number gain"), Scope.AMPLIFICATION),
    (("itd", "internal tandem"), Scope.INTERNAL_DUPLICATION),
    (("loss-of-function", "loss of function", "truncating", "inactivat", "deleterious"), Scope.LOSS_OF_FUNCTION),
)
_EXON_WORDS = (
    ("skip", ExonChange.SKIPPING), ("delet", ExonChange.DELETION), ("insert", ExonChange.INSERTION),
    ("frameshift", ExonChange.FRAMESHIFT), ("frame shift", ExonChange.FRAMESHIFT), ("mutation", ExonChange.ANY),
)


def _in_words(shown: str, folded: str, residues: tuple[int, int] | None) -> Alteration:
    if found := _EXON.search(folded):
        change = next((one for word, one in _EXON_WORDS if word in folded), None)
        if change is not None:
            return Alteration(shown, Scope.EXON, exon=int(found.group(1)), exon_change=change, residues=residues)
        return Alteration(shown, Scope.TEXT)
    for words, scope in _WORDS:
        if any(word in folded for word in words):
            return Alteration(shown, scope)
    if folded in ("mutation", "any mutation", "oncogenic mutation", "activating mutation"):
        return Alteration(shown, Scope.ANY)
    return Alteration(shown, Scope.LOSS if folded in ("deletion", "loss", "copy number loss") else Scope.TEXT)
