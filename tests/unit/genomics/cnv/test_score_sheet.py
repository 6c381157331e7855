"""The score sheet of the 2020 standard: cells, limits, exact thresholds, experts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError, NotFoundError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.cnv.cells import SHEETS, CnvType, cell_of
from services.genomics.cnv.record import CnvRecord, PopulationOverlap
from services.genomics.cnv.sheet import CellStatus, CnvClassification, ExpertCell, class_of_score, classify_cnv

P, LP, VUS, LB, B = reversed(Pathogenicity)
BOTH = pytest.mark.parametrize("kind", list(CnvType))


def content(kind: CnvType, number: int) -> CnvRecord:
    return CnvRecord(kind, protein_coding=tuple(f"G{one}" for one in range(number)))


def expert(*cells: tuple[str, str]) -> list[ExpertCell]:
    return [ExpertCell(cell, Decimal(points), "seen in the literature") for cell, points in cells]


def counted(made: CnvClassification) -> dict[str, Decimal]:
    return {row.cell.id: row.counted for row in made.applied if row.counted}


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("0.99", P), ("0.98", LP), ("0.90", LP), ("0.89", VUS), ("0", VUS), ("-0.89", VUS), ("-0.90", LB), ("-0.98", LB),
        ("-0.99", B), ("1.45", P), ("-1.6", B),
    ],
)
def test_the_thresholds_are_exact(score: str, expected: Pathogenicity) -> None:
    assert class_of_score(Decimal(score)) is expected


def test_ninety_hundredths_from_three_parts_are_likely_pathogenic() -> None:
    """In binary arithmetic the sum of the parts depends on their order and can fall short of 0.90; in decimals it cannot."""
    assert 0.15 + 0.30 + 0.45 < 0.90
    made = classify_cnv(content(CnvType.LOSS, 26), expert(("4E", "0.30"), ("5G", "0.15")))
    assert made.score == Decimal("0.90")
    assert made.pathogenicity is LP


@BOTH
def test_every_section_and_cell_of_the_standard_is_on_the_sheet(kind: CnvType) -> None:
    cells = [cell.id for cell in SHEETS[kind]]
    assert len(cells) == len(set(cells))
    assert [name for name in cells if name.startswith("4")] == [f"4{letter}" for letter in "ABCDEFGHIJKLMNO"]
    assert [name for name in cells if name.startswith("5")] == [f"5{letter}" for letter in "ABCDEFGH"]
    losses, gains = "2A 2B 2C-1 2C-2 2D-1 2D-2 2D-3 2D-4 2E 2F 2G 2H", "2A 2B 2C 2D 2E 2F 2G 2H 2I 2J 2K 2L"
    second = losses if kind is CnvType.LOSS else gains
    assert [name for name in cells if name.startswith("2")] == second.split()


@BOTH
def test_every_default_lies_in_its_range(kind: CnvType) -> None:
    for cell in SHEETS[kind]:
        assert cell.low <= cell.default <= cell.high, cell.id


@pytest.mark.parametrize(
    ("kind", "number", "cell", "points"),
    [
        (CnvType.LOSS, 24, "3A", "0"), (CnvType.LOSS, 25, "3B", "0.45"), (CnvType.LOSS, 34, "3B", "0.45"),
        (CnvType.LOSS, 35, "3C", "0.90"), (CnvType.GAIN, 34, "3A", "0"), (CnvType.GAIN, 35, "3B", "0.45"),
        (CnvType.GAIN, 49, "3B", "0.45"), (CnvType.GAIN, 50, "3C", "0.90"),
    ],
)
def test_genes_are_counted_by_the_steps_of_losses_and_gains(kind: CnvType, number: int, cell: str, points: str) -> None:
    row = next(row for row in classify_cnv(content(kind, number)).rows if row.cell.id == cell)
    assert row.status is CellStatus.APPLIED
    assert row.counted == Decimal(points)


@BOTH
def test_no_genes_lower_the_score_and_unknown_genes_do_not(kind: CnvType) -> None:
    assert counted(classify_cnv(content(kind, 0))) == {"1B": Decimal("-0.60")}
    unknown = classify_cnv(CnvRecord(kind))
    assert unknown.score == 0
    open_cells = {row.cell.id for row in unknown.rows if row.status is CellStatus.NOT_ASSESSABLE}
    assert open_cells >= {"1A", "1B", "3A", "3B", "3C", "4O"}


@BOTH
def test_other_important_elements_count_as_content(kind: CnvType) -> None:
    assert classify_cnv(CnvRecord(kind, protein_coding=(), other_elements=True)).score == 0


@pytest.mark.parametrize(
    ("frequency", "covered", "is_common"), [(0.01, 0.80, True), (0.009, 1.0, False), (0.2, 0.79, False), (0.2, 1.0, True)]
)
def test_common_variation_counts_where_it_covers_the_variant(frequency: float, covered: float, is_common: bool) -> None:
    record = CnvRecord(
        CnvType.LOSS, protein_coding=("G1",), population=(PopulationOverlap("gnomAD-SV", frequency, covered),)
    )
    made = classify_cnv(record)
    assert made.pathogenicity is (LB if is_common else VUS)
    assert ("4O" in counted(made)) is is_common


def test_an_expert_replaces_a_cell_and_is_shown() -> None:
    record = CnvRecord(CnvType.LOSS, protein_coding=("G1",), population=(PopulationOverlap("gnomAD-SV", 0.02, 1.0),))
    made = classify_cnv(record, [ExpertCell("4O", Decimal(0), "another variant of the same region")])
    row = next(row for row in made.rows if row.cell.id == "4O")
    assert (row.status, row.reason) == (CellStatus.EXPERT, "another variant of the same region")
    assert made.score == 0


def test_the_worked_sum_of_reported_cases_adds_up() -> None:
    """Two confirmed de novo cases with a highly specific phenotype (0.45 each) and one more with unknown inheritance (0.10)."""
    made = classify_cnv(content(CnvType.LOSS, 3), expert(("4A", "0.90"), ("4E", "0.10")))
    assert (made.score, made.pathogenicity) == (Decimal("1.00"), P)


def test_de_novo_and_segregation_cells_share_their_limits() -> None:
    made = classify_cnv(content(CnvType.GAIN, 3), expert(("4A", "0.90"), ("4B", "0.30"), ("4F", "0.15"), ("4H", "0.45")))
    assert made.score == Decimal("1.35")
    assert counted(made) == {"4A": Decimal("0.90"), "4F": Decimal("0.15"), "4H": Decimal("0.30")}


@pytest.mark.parametrize(("cell", "points"), [("4A", "0.91"), ("4O", "-1.01"), ("5H", "0.31"), ("2D-1", "0.10"), ("4A", "-0.1")])
def test_points_outside_the_range_of_a_cell_are_refused(cell: str, points: str) -> None:
    with pytest.raises(InvalidInputError, match=cell):
        classify_cnv(content(CnvType.LOSS, 1), expert((cell, points)))


@pytest.mark.parametrize("points", [Decimal("0.333"), Decimal("NaN"), Decimal("Infinity")])
def test_points_have_two_decimals_and_are_numbers(points: Decimal) -> None:
    with pytest.raises(InvalidInputError):
        cell_of(CnvType.LOSS, "4A").check(points)


def test_a_cell_given_twice_without_a_note_or_unknown_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="one entry with a note"):
        classify_cnv(content(CnvType.LOSS, 1), expert(("4A", "0.45"), ("4A", "0.30")))
    with pytest.raises(InvalidInputError, match="one entry with a note"):
        classify_cnv(content(CnvType.LOSS, 1), [ExpertCell("4A", Decimal("0.45"), " ")])
    with pytest.raises(NotFoundError, match="2K"):
        classify_cnv(content(CnvType.LOSS, 1), expert(("2K", "0.45")))


def test_alternatives_that_are_both_used_and_evidence_both_ways_are_flagged() -> None:
    made = classify_cnv(content(CnvType.LOSS, 40), expert(("5B", "-0.30"), ("5H", "0.30"), ("4N", "-0.90")))
    assert any("5B, 5H" in text for text in made.warnings)
    assert any("both ways" in text for text in made.warnings)
    assert classify_cnv(content(CnvType.LOSS, 40)).warnings == ()


def test_a_class_carries_rules_and_source() -> None:
    versions = (("ClinGen dosage", "2026-11-01"),)
    made = classify_cnv(CnvRecord(CnvType.GAIN, protein_coding=("G1",), data_versions=versions))
    assert made.data_versions == versions
    assert made.rules == "acmg-clingen-cnv@2020.1"
    assert made.source.doi == "10.1038/s41436-019-0686-8"


@given(st.sampled_from(list(CnvType)), st.integers(0, 60), st.data())
def test_raising_an_experts_points_never_lowers_the_class(kind: CnvType, number: int, data: st.DataObject) -> None:
    cell = data.draw(st.sampled_from([one for one in SHEETS[kind] if one.section in (4, 5) and one.low < one.high]))
    low, high = int(min(cell.low, cell.limit) * 100), int(max(cell.high, cell.limit) * 100)
    less = data.draw(st.integers(low, high))
    more = data.draw(st.integers(less, high))
    made = [
        classify_cnv(content(kind, number), [ExpertCell(cell.id, Decimal(points) / 100, "note")]) for points in (less, more)
    ]
    assert made[0].pathogenicity.rank <= made[1].pathogenicity.rank
    assert made[0].score <= made[1].score


def test_an_expert_who_chooses_one_of_two_cells_sets_the_other_aside() -> None:
    """No gene is known, so the engine enters 1B; an expert who knows of an important element enters 1A."""
    made = classify_cnv(content(CnvType.LOSS, 0), expert(("1A", "0")))
    assert made.score == 0
    assert {row.cell.id: row.status for row in made.rows}["1B"] is CellStatus.NOT_APPLIED
    assert not made.warnings
    many = classify_cnv(content(CnvType.LOSS, 40), expert(("3B", "0.45")))
    assert counted(many) == {"3B": Decimal("0.45")}
    both = classify_cnv(content(CnvType.LOSS, 40), expert(("3B", "0.45"), ("3C", "0.90")))
    assert "3B and 3C exclude each other" in both.warnings


@BOTH
def test_each_cell_takes_its_range_and_nothing_beyond(kind: CnvType) -> None:
    for cell in SHEETS[kind]:
        low, high = cell.reach
        assert low <= cell.default <= high
        assert cell.check(low) == low
        assert cell.check(high) == high
        for beyond in (low - Decimal("0.01"), high + Decimal("0.01")):
            with pytest.raises(InvalidInputError, match=cell.id):
                cell.check(beyond)
