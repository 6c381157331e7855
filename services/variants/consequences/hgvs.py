"""HGVS-like text for what happens to a protein and to the genome.

Protein changes are predictions, so they stand in parentheses (HGVS Nomenclature, Hart RK et al., Genome Medicine 2024). They are
made from the residues that `bcftools csq` reports. A frameshift counts to the new stop only where the caller followed the new
frame to it; `Ter?` says that it did not find one. Residue numbers of incomplete transcripts are those of the gene model.
"""

from __future__ import annotations

import re

_THREE = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly", "H": "His", "I": "Ile",
    "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val",
    "U": "Sec", "*": "Ter", "X": "Xaa",
}  # fmt: skip
_SIDE = re.compile(r"([0-9]{1,6})([A-Z*]+)")


def protein_change(amino_acids: str, terms: tuple[str, ...]) -> str | None:
    """Write `361C>361Y` as `p.(Cys361Tyr)`; None where the caller abbreviated the residues or reports an unknown one."""
    before_text, _, after_text = amino_acids.partition(">")
    before = _SIDE.fullmatch(before_text)
    if before is None or any(residue not in _THREE for residue in before[2]):
        return None
    start, old = int(before[1]), before[2]
    if "start_lost" in terms:
        return "p.(Met1?)" if start == 1 else "p.?"
    if not after_text:
        return f"p.({_THREE[old[0]]}{start}=)" if len(old) == 1 else f"p.({_span(start, old)}=)"
    after = _SIDE.fullmatch(after_text)
    if after is None or any(residue not in _THREE for residue in after[2]):
        return None
    return f"p.({_changed(start, old, after[2], 'frameshift_variant' in terms)})"


def _changed(start: int, old: str, new: str, is_frameshift: bool) -> str:
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    if same == len(old) == len(new):
        return f"{_span(start, old)}="
    first = start + same
    if same < len(new) and new[same] == "*" and same < len(old):
        return f"{_THREE[old[same]]}{first}Ter"
    if same < len(old) and old[same] == "*" and same < len(new):
        return f"Ter{first}{_THREE[new[same]]}ext*{_to_stop(new[same + 1:])}"
    if is_frameshift:
        if same >= min(len(old), len(new)):
            return f"{_THREE[old[-1]]}{start + len(old) - 1}fs"
        return f"{_THREE[old[same]]}{first}{_THREE[new[same]]}fsTer{_to_stop(new[same:])}"
    return _replaced(start, old, new, same)


def _replaced(start: int, old: str, new: str, same: int) -> str:
    """Write a substitution, deletion, insertion or both, with what both ends share taken off."""
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    removed, added = old[same : len(old) - tail], new[same : len(new) - tail]
    first = start + same
    letters = "".join(_THREE[residue] for residue in added)
    if len(removed) == len(added) == 1:
        return f"{_THREE[removed]}{first}{letters}"
    if not added:
        return f"{_span(first, removed)}del"
    if not removed:
        before, behind = old[same - 1 : same], old[same : same + 1]
        if not before or not behind:
            return f"{_span(start, old)}delins{''.join(_THREE[residue] for residue in new)}"
        if old[: same].endswith(added):
            return f"{_span(first - len(added), added)}dup"
        return f"{_THREE[before]}{first - 1}_{_THREE[behind]}{first}ins{letters}"
    return f"{_span(first, removed)}delins{letters}"


def _span(first: int, residues: str) -> str:
    if len(residues) == 1:
        return f"{_THREE[residues]}{first}"
    return f"{_THREE[residues[0]]}{first}_{_THREE[residues[-1]]}{first + len(residues) - 1}"


def _to_stop(residues: str) -> str:
    stop = residues.find("*")
    return str(stop + 1) if stop >= 0 else "?"


def genomic_change(chrom: str, position: int, ref: str, alt: str) -> str:
    """Write an allele as `chrom:g.` text: bases shared by both ends are taken off, and nothing is shifted.

    HGVS wants the most 3' place; a left-aligned VCF allele in a repeat stands at the most 5' one, so the text is HGVS-like.
    """
    ref, alt = ref.upper(), alt.upper()
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, position = ref[1:], alt[1:], position + 1
    last = position + len(ref) - 1
    where = str(position) if len(ref) == 1 else f"{position}_{last}"
    if not ref and not alt:
        return f"{chrom}:g.{position - 1}="
    if not ref:
        return f"{chrom}:g.{position - 1}_{position}ins{alt}"
    if not alt:
        return f"{chrom}:g.{where}del"
    if len(ref) == len(alt) == 1:
        return f"{chrom}:g.{position}{ref}>{alt}"
    return f"{chrom}:g.{where}delins{alt}"
