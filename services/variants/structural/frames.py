"""Does a fusion keep the reading frame? From the exon phases of the two transcripts shown, where both breakpoints lie in introns.

The 5' gene gives the coding bases of its exons before the breakpoint, the 3' gene goes on with its first exon behind the other
one: the frame is kept where what came before leaves the same remainder by three. Inside an exon the exact bases and a new splice
site decide, so nothing is said.
"""

from __future__ import annotations

from services.variants.structural.genes import GenePlace


def frame_of(front: GenePlace, front_at: int, back: GenePlace, back_at: int) -> str:
    """Say in words what becomes of the frame when the 5' part of `front` is joined to the 3' part of `back`."""
    if front.coding is None or back.coding is None or not front.exon_starts or not back.exon_starts:
        return "reading frame not assessed: the exons of a partner are not known, or it codes for no protein"
    if _in_exon(front, front_at) or _in_exon(back, back_at):
        return "reading frame not assessed: a breakpoint lies within an exon"
    before, all_front = _coding_before(front, front_at), _coding_length(front)
    missing, all_back = _coding_before(back, back_at), _coding_length(back)
    if before == 0:
        return "no coding exon of the 5' partner is kept: its promoter drives " + (
            "the whole coding sequence of the 3' partner" if missing == 0 else "the 3' partner"
        )
    if missing == all_back:
        return "no coding exon of the 3' partner is kept"
    if before == all_front:
        return "the whole coding sequence of the 5' partner is kept, with its stop"
    if missing == 0:
        return "reading frame not assessed: the 5' untranslated region of the 3' partner lies between"
    return "in frame by exon phases" if (before - missing) % 3 == 0 else "out of frame by exon phases"


def _in_exon(gene: GenePlace, position: int) -> bool:
    return any(start <= position <= end for start, end in zip(gene.exon_starts, gene.exon_ends, strict=True))


def _coding_length(gene: GenePlace) -> int:
    return _coding_between(gene, gene.exon_starts[0], gene.exon_ends[-1])


def _coding_before(gene: GenePlace, position: int) -> int:
    """Return how many coding bases the transcript has before an intronic position, in its own direction."""
    if gene.is_plus_strand:
        return _coding_between(gene, gene.exon_starts[0], position)
    return _coding_between(gene, position, gene.exon_ends[-1])


def _coding_between(gene: GenePlace, first: int, last: int) -> int:
    if gene.coding is None:
        return 0
    low, high = max(first, gene.coding[0]), min(last, gene.coding[1])
    return sum(
        max(0, min(end, high) - max(start, low) + 1) for start, end in zip(gene.exon_starts, gene.exon_ends, strict=True)
    )
