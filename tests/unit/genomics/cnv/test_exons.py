"""From a gene model to the exon-level cells: the same answers on both strands."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.exons import GeneContext, gene_overlap
from services.genomics.cnv.record import CnvRecord, Dosage, GeneOverlap, Relation
from services.genomics.cnv.sheet import classify_cnv

END = 10_001
EXONS = ((1_001, 1_100), (2_001, 2_100), (3_001, 3_090), (4_001, 4_200), (5_001, 5_400))
CODING = (1_051, 5_100)
"""Coding bases per exon: 50, 100, 90, 200, 100; 540 in all."""

PLUS = GeneModel("NM_1.1", True, EXONS, CODING)
MINUS = GeneModel("NM_1.1", False, tuple((END - last, END - first) for first, last in EXONS), (END - CODING[1], END - CODING[0]))
CONTEXT = GeneContext("GENE1", Dosage.ESTABLISHED, is_relevant=True, exon_loss_is_common=False)


def overlaps(start: int, end: int, kind: CnvType = CnvType.LOSS, context: GeneContext = CONTEXT) -> GeneOverlap | None:
    plus = gene_overlap(PLUS, context, kind, start, end)
    minus = gene_overlap(MINUS, context, kind, END - end, END - start)
    assert plus == minus, "a gene does not change with its strand"
    return plus


def cell_and_points(overlap: GeneOverlap | None, kind: CnvType = CnvType.LOSS) -> tuple[str, Decimal] | None:
    assert overlap is not None
    made = classify_cnv(CnvRecord(kind, protein_coding=("GENE1",), genes=(overlap,)))
    return next(((row.cell.id, row.counted) for row in made.applied if row.cell.section == 2), None)


@pytest.mark.parametrize(
    ("start", "end", "cell", "points"),
    [
        (900, 6_000, "2A", "1"),
        (900, 1_500, "2C-1", "0.90"),
        (900, 1_040, "2C-2", "0"),
        (5_200, 6_000, "2D-1", "0"),
        (4_500, 6_000, "2D-3", "0.30"),
        (3_500, 6_000, "2D-4", "0.90"),
        (1_500, 2_500, "2E", "0.90"),
        (2_500, 3_500, "2E", "0.45"),
        (2_500, 4_500, "2E", "0.45"),
        (2_020, 2_028, "2E", "0.30"),
        (1_200, 1_500, "2E", "0"),
        (1_010, 1_040, "2E", "0"),
    ],
)
def test_a_loss_gets_the_cell_of_the_exons_it_takes(start: int, end: int, cell: str, points: str) -> None:
    assert cell_and_points(overlaps(start, end)) == (cell, Decimal(points))


def test_a_reported_pathogenic_last_exon_raises_its_loss() -> None:
    reported = replace(CONTEXT, last_exon_has_pathogenic=True)
    assert cell_and_points(overlaps(4_500, 6_000, context=reported)) == ("2D-2", Decimal("0.90"))


@pytest.mark.parametrize(
    ("start", "end", "points"),
    [
        (1_500, 2_050, "0.90"),  # exon 2 lost its acceptor: all of its 100 bases are skipped, the frame is lost
        (2_500, 3_040, "0.45"),  # exon 3 is skipped: 90 bases keep the frame, a sixth of the protein is lost
        (2_050, 3_050, "0.90"),  # both rests make one exon: 51 + 50 bases, the frame is lost
        (2_050, 3_048, "0.45"),  # 51 + 48 bases keep the frame, nearly a fifth of the protein is lost
        (1_020, 5_390, "0.90"),  # all of the coding sequence, though both breakpoints lie within the gene
    ],
)
def test_a_cut_exon_is_skipped_and_two_cut_exons_are_joined(start: int, end: int, points: str) -> None:
    assert cell_and_points(overlaps(start, end)) == ("2E", Decimal(points))


@pytest.mark.parametrize(("start", "end"), [(1_500, 2_050), (1_020, 5_390)])
def test_a_gain_that_cuts_an_exon_or_doubles_all_of_the_coding_sequence_is_left_open(start: int, end: int) -> None:
    found = overlaps(start, end, CnvType.GAIN)
    assert found is not None
    assert not found.pvs1_known


@pytest.mark.parametrize(("start", "end"), [(1_050, 1_500), (1_020, 1_060), (4_500, 5_390), (3_500, 5_150), (1_050, 2_050)])
def test_a_lost_end_of_the_coding_sequence_leaves_the_strength_open(start: int, end: int) -> None:
    found = overlaps(start, end)
    assert found is not None
    assert found.relation is Relation.INTRAGENIC
    assert not found.pvs1_known


def test_an_exon_of_unknown_relevance_is_not_taken_for_a_loss_of_function() -> None:
    found = overlaps(1_500, 2_500, context=replace(CONTEXT, is_relevant=None))
    assert found is not None
    assert (found.pvs1, found.pvs1_known) == (None, False)


def test_a_gain_within_the_gene_is_strong_when_presumed_in_tandem_and_full_when_proven() -> None:
    assert cell_and_points(overlaps(1_500, 2_500, CnvType.GAIN), CnvType.GAIN) == ("2I", Decimal("0.45"))
    proven = replace(CONTEXT, in_tandem=True)
    assert cell_and_points(overlaps(1_500, 2_500, CnvType.GAIN, proven), CnvType.GAIN) == ("2I", Decimal("0.90"))
    in_frame = overlaps(2_500, 3_500, CnvType.GAIN, proven)
    assert cell_and_points(in_frame, CnvType.GAIN) == ("2I", Decimal(0))


def test_what_lies_beside_the_gene_does_not_touch_it() -> None:
    assert overlaps(1, 1_000) is None
    assert overlaps(5_401, 6_000) is None


def test_a_variant_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        gene_overlap(PLUS, CONTEXT, CnvType.LOSS, 10, 9)


def test_losing_nothing_but_a_whole_tenth_of_the_protein_is_moderate() -> None:
    tenth = overlaps(2_020, 2_073)
    assert tenth is not None
    assert tenth.pvs1 is Strength.MODERATE
