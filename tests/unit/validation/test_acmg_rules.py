"""The harness that compares combined criteria with expert panels: it reads, splits, counts and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.acmg.criteria import parse_evidence
from services.genomics.acmg.specifications import CHOSEN, GENERAL, POINTS_2020, Refinement
from validation import acmg_rules
from validation.acmg_rules import Row

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "acmg" / "clingen_evidence_repository.tsv"
HEADER = "variation\tgene\texpert_assertion\tcodes_parsed\tretracted\n"
ROWS = (
    "v1\tAAA\tLikely Pathogenic\tPVS1|VS, PM2|P\tFALSE\n"
    "v2\tBBB\tBenign\tBA1|A\tFALSE\n"
    "v3\tCCC\tPathogenic\tBS1|S, BP4|P\tFALSE\n"
    "v4\tDDD\tPathogenic\tPVS1|VS, PS3|S\tTRUE\n"
    "v5\tEEE\tUncertain Significance\t\tFALSE\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "panel.tsv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def test_retracted_rows_and_rows_without_codes_are_left_out_and_counted(file: Path) -> None:
    read = acmg_rules.read_rows(file)
    assert [row.name for row in read.rows] == ["v1", "v2", "v3"]
    assert (read.without_codes, read.retracted) == (1, 1)


def test_agreement_and_flips_are_counted(file: Path) -> None:
    assert acmg_rules.figures(acmg_rules.read_rows(file).rows) == {
        "n": 3, "five_tier": 0.6667, "three_tier": 0.6667, "flips": 1,
    }


def test_the_last_line_is_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert acmg_rules.main([str(file), "--verbose", "--choose"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1]) == {"n": 3, "five_tier": 0.6667, "three_tier": 0.6667, "flips": 1}
    assert "v3\tCCC" in out
    assert "1 without codes, 1 retracted, 0 unreadable" in err


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("v9\tAAA\tPathogenic\tPX9|S\tFALSE\n", r"line 2, codes_parsed.*PX9"),
        ("v9\tAAA\tMaybe\tPM2|M\tFALSE\n", r"line 2, expert_assertion.*Maybe"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_line_and_column(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(HEADER + row, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=said):
        acmg_rules.read_rows(path)
    assert acmg_rules.main([str(path)]) == 2
    path.write_text(HEADER + row + ROWS, encoding="utf-8")
    read = acmg_rules.read_rows(path)
    assert len(read.rows) == 3
    assert len(read.unreadable) == 1


def test_a_file_without_the_columns_or_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.tsv"
    path.write_text("a\tb\n", encoding="utf-8")
    assert acmg_rules.main([str(path)]) == 2
    assert "codes_parsed" in capsys.readouterr().err
    assert acmg_rules.main([str(tmp_path / "missing.tsv")]) == 2


def test_the_halves_are_fixed_by_the_name_of_the_gene() -> None:
    assert {name: acmg_rules.half_of(name) for name in ("RUNX1", "LDLR", "GCK", "MYH7")} == {
        "RUNX1": "choosing", "LDLR": "choosing", "GCK": "reporting", "MYH7": "reporting",
    }


def row(gene: str, codes: str, asserted: Pathogenicity) -> Row:
    return Row("v", gene, tuple(parse_evidence(code) for code in codes.split()), asserted)


def test_a_refinement_needs_rows_genes_and_agreement_to_be_chosen() -> None:
    likely, sure = Pathogenicity.LIKELY_PATHOGENIC, Pathogenicity.PATHOGENIC
    agreeing = [row(f"G{one}", "PVS1 PM2", likely) for one in range(6)]
    wanted = Refinement.VERY_STRONG_WITH_ONE_MODERATE_IS_LIKELY
    assert acmg_rules.try_refinement(agreeing, wanted).is_chosen
    assert not acmg_rules.try_refinement(agreeing[:4], wanted).is_chosen
    assert not acmg_rules.try_refinement([row("G1", "PVS1 PM2", likely)] * 6, wanted).is_chosen
    assert not acmg_rules.try_refinement([*agreeing, *(row("G9", "PVS1 PM2", sure) for _ in range(3))], wanted).is_chosen
    assert acmg_rules.try_refinement([row("G1", "PS1", likely)], wanted).for_new == 0


@pytest.mark.shared_data
def test_the_rules_agree_with_the_panels_on_genes_that_chose_nothing() -> None:
    if not SHARED.is_file():
        pytest.skip("the Evidence Repository's export is not here")
    rows = acmg_rules.read_rows(SHARED).rows
    reporting = [one for one in rows if acmg_rules.half_of(one.gene) == "reporting"]
    measured = acmg_rules.figures(reporting)
    assert measured["five_tier"] >= 0.955
    assert measured["three_tier"] >= 0.97
    assert measured["flips"] <= 2
    assert measured["five_tier"] > acmg_rules.figures(reporting, POINTS_2020)["five_tier"]


@pytest.mark.shared_data
def test_the_shipped_refinements_are_those_the_choosing_half_supports() -> None:
    if not SHARED.is_file():
        pytest.skip("the Evidence Repository's export is not here")
    choosing = [one for one in acmg_rules.read_rows(SHARED).rows if acmg_rules.half_of(one.gene) == "choosing"]
    chosen = {one for one in Refinement if acmg_rules.try_refinement(choosing, one).is_chosen}
    assert chosen == CHOSEN - {Refinement.BA1_YIELDS_TO_PATHOGENIC_EVIDENCE}
    assert GENERAL.refinements == CHOSEN
    assert acmg_rules.try_refinement(choosing, Refinement.BA1_YIELDS_TO_PATHOGENIC_EVIDENCE).for_old == 0
