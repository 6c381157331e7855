"""The reading frame of a fusion from exon phases, on both strands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.variants.structural.frames import frame_of
from services.variants.structural.genes import GenePlace

EXONS = ((1_000, 1_099), (2_000, 2_098), (3_000, 3_099), (4_000, 4_199))
"""Coding bases 0, 60, 100 and 50 by exon on the plus strand."""
PLUS = GenePlace(
    "A", "1", 1_000, 4_199, True, True, "T_A", tuple(one for one, _ in EXONS), tuple(one for _, one in EXONS), (2_039, 4_049)
)
MINUS = replace(
    PLUS, symbol="B", is_plus_strand=False, coding=(5_000 - 4_049, 5_000 - 2_039),
    exon_starts=tuple(sorted(5_000 - one for _, one in EXONS)), exon_ends=tuple(sorted(5_000 - one for one, _ in EXONS)),
)
INTRONS = (1_500, 2_500, 3_500)


@pytest.mark.parametrize(
    ("front", "back", "said"),
    [
        (1, 1, "in frame"), (2, 2, "in frame"), (1, 2, "out of frame"), (2, 1, "out of frame"),
        (0, 1, "no coding exon of the 5' partner is kept: its promoter drives the 3' partner"),
        (0, 0, "no coding exon of the 5' partner is kept: its promoter drives the whole coding sequence"),
        (1, 0, "reading frame not assessed: the 5' untranslated region"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_reverse", [False, True])
def test_the_frame_follows_the_phases_on_both_strands(front: int, back: int, said: str, is_reverse: bool) -> None:
    place = INTRONS[back] if not is_reverse else 5_000 - INTRONS[back]
    assert frame_of(PLUS, INTRONS[front], MINUS if is_reverse else PLUS, place).startswith(said)


def test_a_break_within_an_exon_or_an_unknown_gene_leaves_the_frame_open() -> None:
    assert "within an exon" in frame_of(PLUS, 2_050, PLUS, 2_500)
    unknown = GenePlace("C", "1", 1, 9_000, True, None)
    assert "not assessed" in frame_of(PLUS, 2_500, unknown, 2_500)


def test_what_lies_behind_the_coding_sequence_adds_nothing() -> None:
    late = replace(PLUS, coding=(2_039, 3_050))
    assert frame_of(PLUS, 2_500, late, 3_500) == "no coding exon of the 3' partner is kept"
    assert frame_of(late, 3_500, PLUS, 2_500) == "the whole coding sequence of the 5' partner is kept, with its stop"
