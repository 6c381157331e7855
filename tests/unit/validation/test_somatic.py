"""The harness for somatic tiers: rows in several spellings, own evidence, and no Tier I without a tumour type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from validation import somatic


def file(tmp_path: Path, text: str, name: str = "cases.tsv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert somatic.main(list(arguments)) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])  # type: ignore[no-any-return]


def test_known_variants_have_their_tier_in_their_tumour_and_never_one_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(
        tmp_path, "gene\tvariant\ttumour_type\texpected_tier\nEGFR\tp.Leu858Arg\tlung adenocarcinoma\tI-A\n"
        "EGFR\tL858R\tcolon cancer\tTier II - Level C\nEGFR\tL858R\t\tII-C\nALK\tFusion\tNSCLC\tI\nTTN\tA5G\tmelanoma\tIII\n"
        "EGFR\tExon 19 Deletion\tNSCLC\t1A\n",
    )
    found = figures(capsys, str(path))
    assert found["n"] == 6
    assert (found["agreement"], found["kappa"], found["tier_one_without_tumour"]) == (1.0, 1.0, 0)


def test_a_row_may_bring_its_own_evidence_and_population_frequency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(
        tmp_path, "gene,variant,disease,tier,evidence_level,evidence_tumour_type,evidence_type,population_frequency\n"
        "X1,A5G,melanoma,I-B,B,melanoma,Predictive,\nX1,A5G,melanoma,II-D,C,lung cancer,Predictive,\n"
        "X1,A5G,melanoma,III,A,lung cancer,Diagnostic,\nX1,A5G,melanoma,IV,,,,0.03\n", "cases.csv",
    )
    assert figures(capsys, str(path), "--no-curated")["agreement"] == 1.0


def test_a_release_of_civic_is_used_and_assertions_can_be_the_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = file(
        tmp_path, "molecular_profile\tdisease\ttherapies\tevidence_type\tevidence_direction\tevidence_level\tsignificance\t"
        "evidence_status\tevidence_id\nX1 A5G\tMelanoma\tDrug\tPredictive\tSupports\tB\tResistance\taccepted\t1\n", "release.tsv",
    )
    cases = file(tmp_path, "molecular_profile\tdisease\tamp_category\nX1 A5G\tMelanoma\tTier I - Level B\n")
    assert figures(capsys, str(cases), "--evidence", str(release))["agreement"] == 1.0
    assert figures(capsys, str(cases))["agreement"] == 0.0


def test_what_names_no_variant_or_no_tier_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(
        tmp_path, "gene\tvariant\ttumour_type\ttier\nEGFR\tOverexpression\tNSCLC\tI-A\nEGFR\tL858R\tNSCLC\tfirst\n"
        "EGFR\tG12\tNSCLC\tI-A\n",
    )
    assert figures(capsys, str(path)) | {"n": 0, "left_out": 3} == figures(capsys, str(path))


def test_a_file_without_the_columns_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert somatic.main([str(file(tmp_path, "a\tb\n1\t2\n"))]) == 2
    assert "no column for tumour" in capsys.readouterr().err
