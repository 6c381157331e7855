"""The measurement of the differential: what it counts and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from validation.differential import Case, main, read_cases, score, totals

VIGNETTES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "vignettes" / "vignettes.json"


def case(disease: str, *symptoms: str, named: bool = False) -> Case:
    return Case(id=disease, disease=disease, diagnosis_named_in_vignette=named, symptoms=symptoms)


def test_only_unnamed_cases_of_the_thirteen_are_counted() -> None:
    cases = [
        case("sjogrens_syndrome", "dry eyes", "dry mouth"),
        case("sjogrens_syndrome", "dry eyes", "dry mouth", named=True),
        case("gout", "acute pain in the great toe"),
        case("celiac_disease", "dry eyes", "dry mouth"),
    ]
    found = totals([score(one) for one in cases])
    assert found["n"] == 2
    assert found["top1"] == 0.5


def test_the_last_line_is_the_totals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.json"
    cases = [case("myasthenia_gravis", "ptosis", "double vision"), case("gout", "rash")]
    path.write_text(json.dumps([one.model_dump() for one in cases]))
    assert main([str(path)]) == 0
    output = capsys.readouterr().out
    assert json.loads(output.splitlines()[-1]) == {"top1": 1.0, "top3": 1.0, "n": 1}
    assert "1 outside" in output


@pytest.mark.parametrize("content", ["{", "[1]", '[{"id": 3}]', '"x"'])
def test_a_file_that_cannot_be_used_is_an_error_not_a_crash(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.json"
    path.write_text(content)
    assert main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert main([str(tmp_path / "absent.json")]) == 2


@pytest.mark.shared_data
@pytest.mark.skipif(not VIGNETTES.exists(), reason="the public vignettes are not here")
def test_the_public_vignettes_reach_the_target() -> None:
    found = totals([score(one) for one in read_cases(VIGNETTES)])
    assert found["top1"] >= 0.8
    assert found["top3"] >= 0.95
