"""Which genes does a structural variant join, and can they make one transcript?

A junction keeps one side of each breakpoint. Of a gene on the plus strand the left side holds the 5' part, on the minus strand
the 3' part. One 5' and one 3' part make a fusion that could be transcribed; two equal parts do not. What becomes of the reading
frame is told from the exon phases (`frames`), as far as they can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.variants.structural.events import Event, Side
from services.variants.structural.frames import frame_of
from services.variants.structural.genes import GenePlace

_MOST = 20
GenesAt = Callable[[str, int], Sequence[GenePlace]]


def fusions(event: Event, genes_at: GenesAt) -> list[str]:
    """Return the fusions an event can make, 5' partner first, such as `BCR::ABL1`; each once, at most 20.

    Where the caller did not write which sides are joined, the pair is given with a question mark.
    """
    found: list[str] = []
    for first, second in event.junctions:
        for one in genes_at(first.chrom, first.position):
            for other in genes_at(second.chrom, second.position):
                text = _fusion(one, first, other, second)
                if text and text not in found:
                    found.append(text)
    return found[:_MOST]


def _fusion(one: GenePlace, first: Side, other: GenePlace, second: Side) -> str | None:
    if one.symbol == other.symbol:
        return None
    if first.keeps_left is None or second.keeps_left is None:
        return f"{one.symbol}, {other.symbol}? (the file does not say which sides are joined)"
    is_five_prime = first.keeps_left == one.is_plus_strand
    if is_five_prime == (second.keeps_left == other.is_plus_strand):
        return None
    front, front_at, back, back_at = (one, first, other, second) if is_five_prime else (other, second, one, first)
    return (
        f"{front.symbol}::{back.symbol} (5' {front.symbol} {front.position_in(front_at.position)}, "
        f"3' {back.symbol} {back.position_in(back_at.position)}; "
        f"{frame_of(front, front_at.position, back, back_at.position)})"
    )
