"""Section 2: what is hit, down to the exon, decides; what is not known scores nothing and says so."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.acmg.criteria import Strength
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.record import CnvRecord, Dosage, Extent, GeneOverlap, RegionOverlap, Relation
from services.genomics.cnv.sheet import CellStatus, CnvClassification, SheetRow, classify_cnv

P, LP, VUS, LB, B = reversed(Pathogenicity)
HI = {"haploinsufficiency": Dosage.ESTABLISHED}
TS = {"triplosensitivity": Dosage.ESTABLISHED}


def gene(relation: Relation, **more: Any) -> GeneOverlap:
    return GeneOverlap("GENE1", relation, **more)


def region(extent: Extent, **more: Any) -> RegionOverlap:
    return RegionOverlap("region 1", extent, **more)


def last_exon(**more: Any) -> GeneOverlap:
    return gene(Relation.THREE_PRIME, coding_involved=True, last_exon_only=True, **HI, **more)


def classified(kind: CnvType, *parts: GeneOverlap | RegionOverlap, **more: Any) -> CnvClassification:
    genes = tuple(one for one in parts if isinstance(one, GeneOverlap))
    regions = tuple(one for one in parts if isinstance(one, RegionOverlap))
    return classify_cnv(CnvRecord(kind, protein_coding=("GENE1",), genes=genes, regions=regions, **more))


def row(made: CnvClassification, cell: str) -> SheetRow:
    return next(one for one in made.rows if one.cell.id == cell)


def section_two(made: CnvClassification) -> dict[str, Decimal]:
    return {one.cell.id: one.counted for one in made.applied if one.cell.section == 2}


@pytest.mark.parametrize(
    ("part", "cell", "points"),
    [
        (gene(Relation.COMPLETE, **HI), "2A", "1"),
        (region(Extent.CONTAINS, **HI), "2A", "1"),
        (region(Extent.PARTIAL, critical_part_contained=True, **HI), "2A", "1"),
        (region(Extent.PARTIAL, **HI), "2B", "0"),
        (region(Extent.WITHIN, critical_part_contained=False, **HI), "2B", "0"),
        (gene(Relation.FIVE_PRIME, coding_involved=True, **HI), "2C-1", "0.90"),
        (gene(Relation.FIVE_PRIME, coding_involved=False, **HI), "2C-2", "0"),
        (gene(Relation.THREE_PRIME, coding_involved=False, **HI), "2D-1", "0"),
        (last_exon(last_exon_has_pathogenic=True), "2D-2", "0.90"),
        (last_exon(last_exon_has_pathogenic=False), "2D-3", "0.30"),
        (last_exon(), "2D-3", "0.30"),
        (gene(Relation.THREE_PRIME, last_exon_only=False, **HI), "2D-4", "0.90"),
        (gene(Relation.ONE_END, coding_involved=True, last_exon_only=False, **HI), "2C-1", "0.90"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.VERY_STRONG, pvs1_known=True, **HI), "2E", "0.90"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.STRONG, pvs1_known=True, **HI), "2E", "0.45"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.MODERATE, pvs1_known=True, **HI), "2E", "0.30"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.SUPPORTING, pvs1_known=True, **HI), "2E", "0.15"),
        (gene(Relation.INTRAGENIC, pvs1_known=True, **HI), "2E", "0"),
        (region(Extent.WITHIN, haploinsufficiency=Dosage.UNLIKELY), "2F", "-1"),
        (region(Extent.PARTIAL, haploinsufficiency=Dosage.UNLIKELY), "2G", "0"),
        (region(Extent.CONTAINS, haploinsufficiency=Dosage.UNLIKELY), "2G", "0"),
    ],
)
def test_a_loss_is_scored_by_what_it_hits(part: GeneOverlap | RegionOverlap, cell: str, points: str) -> None:
    assert section_two(classified(CnvType.LOSS, part)) == {cell: Decimal(points)}


@pytest.mark.parametrize(
    ("part", "cell"),
    [
        (gene(Relation.FIVE_PRIME, **HI), "2C-1"), (gene(Relation.THREE_PRIME, **HI), "2D-4"),
        (gene(Relation.ONE_END, **HI), "2C-1"), (gene(Relation.ONE_END, coding_involved=True, last_exon_only=True, **HI), "2C-1"),
        (gene(Relation.INTRAGENIC, **HI), "2E"),
    ],
)
def test_exons_that_are_not_known_score_nothing_and_are_named(part: GeneOverlap, cell: str) -> None:
    made = classified(CnvType.LOSS, part)
    assert row(made, cell).status is CellStatus.NOT_ASSESSABLE
    assert "not known" in row(made, cell).reason
    assert made.pathogenicity is VUS


@pytest.mark.parametrize("dosage", [one for one in Dosage if one is not Dosage.ESTABLISHED])
def test_only_established_haploinsufficiency_makes_a_loss_pathogenic(dosage: Dosage) -> None:
    assert classified(CnvType.LOSS, gene(Relation.COMPLETE, haploinsufficiency=dosage)).pathogenicity is VUS


def test_two_genes_lost_do_not_add_up() -> None:
    other = GeneOverlap("GENE2", Relation.FIVE_PRIME, Dosage.ESTABLISHED, coding_involved=True)
    made = classified(CnvType.LOSS, gene(Relation.COMPLETE, **HI), other)
    assert made.score == 1
    assert row(made, "2C-1").points == Decimal("0.90")
    assert row(made, "2C-1").counted == 0


def test_an_established_gene_in_a_benign_region_outweighs_it() -> None:
    made = classified(CnvType.LOSS, gene(Relation.COMPLETE, **HI), region(Extent.WITHIN, haploinsufficiency=Dosage.UNLIKELY))
    assert made.pathogenicity is P
    assert "2F" not in section_two(made)


def test_a_loss_in_a_benign_region_is_not_benign_while_an_established_gene_is_hit_in_unknown_exons() -> None:
    made = classified(CnvType.LOSS, gene(Relation.INTRAGENIC, **HI), region(Extent.WITHIN, haploinsufficiency=Dosage.UNLIKELY))
    assert made.pathogenicity is VUS


def test_predictions_raise_a_loss_a_little_and_only_for_genes_that_are_not_established() -> None:
    assert classified(CnvType.LOSS, predicted_haploinsufficient=("GENE1",)).score == Decimal("0.15")
    assert row(classified(CnvType.LOSS), "2H").status is CellStatus.NOT_ASSESSABLE
    assert classified(CnvType.LOSS, gene(Relation.COMPLETE, **HI), predicted_haploinsufficient=("GENE2",)).score == 1
    untranslated = gene(Relation.FIVE_PRIME, coding_involved=False, **HI)
    assert classified(CnvType.LOSS, untranslated, predicted_haploinsufficient=("GENE2",)).score == Decimal("0.15")
    assert classified(CnvType.LOSS, untranslated, predicted_haploinsufficient=("GENE1",)).score == 0


@pytest.mark.parametrize(
    ("part", "cell", "points"),
    [
        (gene(Relation.COMPLETE, **TS), "2A", "1"),
        (region(Extent.CONTAINS, **TS), "2A", "1"),
        (region(Extent.PARTIAL, **TS), "2B", "0"),
        (region(Extent.IDENTICAL, triplosensitivity=Dosage.UNLIKELY), "2C", "-1"),
        (region(Extent.WITHIN, triplosensitivity=Dosage.UNLIKELY, genes_interrupted=False), "2D", "-1"),
        (region(Extent.WITHIN, triplosensitivity=Dosage.UNLIKELY, genes_interrupted=True), "2E", "0"),
        (region(Extent.CONTAINS, triplosensitivity=Dosage.UNLIKELY, other_genes=()), "2F", "-0.90"),
        (region(Extent.CONTAINS, triplosensitivity=Dosage.UNLIKELY, other_genes=("GENE9",)), "2G", "0"),
        (region(Extent.PARTIAL, triplosensitivity=Dosage.UNLIKELY), "2G", "0"),
        (gene(Relation.COMPLETE, **HI), "2H", "0"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.VERY_STRONG, pvs1_known=True, **HI), "2I", "0.90"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.STRONG, pvs1_known=True, **HI), "2I", "0.45"),
        (gene(Relation.INTRAGENIC, pvs1=Strength.MODERATE, pvs1_known=True, **HI), "2I", "0"),
        (gene(Relation.FIVE_PRIME, **HI), "2J", "0"),
        (gene(Relation.FIVE_PRIME, phenotype_specific=False, **HI), "2J", "0"),
        (gene(Relation.THREE_PRIME, phenotype_specific=True, **HI), "2K", "0.45"),
        (gene(Relation.INTRAGENIC), "2L", "0"),
    ],
)
def test_a_gain_is_scored_by_what_it_hits(part: GeneOverlap | RegionOverlap, cell: str, points: str) -> None:
    assert section_two(classified(CnvType.GAIN, part)) == {cell: Decimal(points)}


@pytest.mark.parametrize(
    ("part", "cell"),
    [
        (region(Extent.WITHIN, triplosensitivity=Dosage.UNLIKELY), "2D"),
        (region(Extent.CONTAINS, triplosensitivity=Dosage.UNLIKELY), "2F"),
        (gene(Relation.INTRAGENIC, **HI), "2I"),
    ],
)
def test_a_gain_whose_breakpoints_or_genes_are_not_known_stays_uncertain(part: GeneOverlap | RegionOverlap, cell: str) -> None:
    made = classified(CnvType.GAIN, part)
    assert row(made, cell).status is CellStatus.NOT_ASSESSABLE
    assert made.pathogenicity is VUS


def test_haploinsufficiency_does_not_make_a_gain_pathogenic_nor_triplosensitivity_a_loss() -> None:
    assert classified(CnvType.GAIN, gene(Relation.COMPLETE, **HI)).pathogenicity is VUS
    assert classified(CnvType.LOSS, gene(Relation.COMPLETE, **TS)).pathogenicity is VUS


def test_a_triplosensitive_gene_in_a_benign_gain_outweighs_it() -> None:
    made = classified(
        CnvType.GAIN, gene(Relation.COMPLETE, **TS), region(Extent.CONTAINS, triplosensitivity=Dosage.UNLIKELY, other_genes=())
    )
    assert made.pathogenicity is P


@pytest.mark.parametrize("kind", list(CnvType))
def test_the_order_of_what_is_hit_never_matters(kind: CnvType) -> None:
    parts = [
        gene(Relation.FIVE_PRIME, coding_involved=True, phenotype_specific=True, **HI),
        GeneOverlap("GENE2", Relation.FIVE_PRIME, Dosage.ESTABLISHED, coding_involved=None),
        GeneOverlap("GENE3", Relation.INTRAGENIC, Dosage.ESTABLISHED, pvs1=Strength.STRONG, pvs1_known=True),
        region(Extent.PARTIAL, **HI),
    ]
    assert len({(made.score, made.pathogenicity) for made in (classified(kind, *one) for one in permutations(parts))}) == 1


@pytest.mark.parametrize(
    ("score", "expected"),
    [("3", Dosage.ESTABLISHED), ("30", Dosage.RECESSIVE), ("40", Dosage.UNLIKELY), ("0", Dosage.NONE), ("", Dosage.NOT_CURATED)],
)
def test_the_scores_of_the_curation_are_read(score: str, expected: Dosage) -> None:
    assert Dosage.of_score(score) is expected


def test_a_score_the_curation_does_not_use_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'7'"):
        Dosage.of_score("7")
