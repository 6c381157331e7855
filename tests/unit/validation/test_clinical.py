"""The harness passes a case only when every expectation was looked at and holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from validation.clinical import adapters, main, run_scenarios, run_vectors
from validation.clinical_adapters import criteria, flare
from validation.clinical_adapters.names import item_key
from validation.clinical_comparison import differences, says
from validation.clinical_scenarios import ScenarioAlert, ScenarioOutcome, scenario_differences

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "clinical" / "vectors.json"

ACTUAL: dict[str, Any] = {
    "status": "ok", "value": 4.861, "band": "moderate", "missing": ["crp_mg_l"], "invalid": [], "listed": ["low C3 (55 mg/dL)"],
    "listed_protective": [], "alerts": ["Respiratory compromise - urgent (20/30/40 rule): intensive care"],
    "domain_scores": {"renal": 10, "complement": 0}, "classification": "marsh 3b",
    "claims": [{"allele": "B*27:05", "disease": "ankylosing_spondylitis", "direction": "risk", "odds_ratio": 60}],
}


@pytest.mark.parametrize("expected", [
    {"status": "ok", "value": 4.86, "tolerance": 0.01, "band": "moderate"},
    {"missing": ["CRP mg/L"]},
    {"classification": "Marsh 3b"},
    {"domain_scores": {"renal": 10}},
    {"alert": "respiratory compromise - urgent (20/30/40 rule)"},
    {"must_list": ["low C3"], "must_not_list_protective": ["C3"]},
    {"must_include": [{"allele": "B*27:05", "disease": "ankylosing_spondylitis", "or_min": 20}], "must_not_include": []},
    {"note": "prose for the reader", "reason": "prose"},
])
def test_a_case_that_holds_passes(expected: dict[str, Any]) -> None:
    assert differences(expected, ACTUAL) == ()


@pytest.mark.parametrize("expected", [
    {"status": "insufficient_data"},
    {"value": 4.84, "tolerance": 0.01},
    {"value": None},
    {"band": "high"},
    {"missing": []},
    {"missing": ["crp_mg_l", "esr"]},
    {"domain_scores": {"renal": 10, "serosal": 6}},
    {"domain_scores": {}},
    {"alert": "scleroderma renal crisis"},
    {"must_list": ["low C4"]},
    {"must_not_list": ["low C3"]},
    {"must_include": [{"allele": "B*27:05", "or_min": 80}]},
    {"must_not_include": [{"allele": "B*27:05", "direction": "risk"}]},
    {"something_nobody_checks": 1},
])
def test_a_case_that_does_not_hold_fails(expected: dict[str, Any]) -> None:
    assert len(differences(expected, ACTUAL)) == 1


@pytest.mark.parametrize("expected", [
    {"must_not_list": ["x"]}, {"must_not_list_protective": ["x"]}, {"must_not_include": [{"a": 1}]}, {"missing": []},
    {"unrecognised": []}, {"ttg_multiple": 10.0},
])
def test_silence_is_not_agreement(expected: dict[str, Any]) -> None:
    assert differences(expected, {"status": "ok"}) != ()


def test_prose_is_matched_by_half_of_its_content_words() -> None:
    assert says("possible PAH and/or scleroderma renal crisis - urgent", "Possible scleroderma renal crisis - urgent: today")
    assert not says("possible PAH and/or scleroderma renal crisis - urgent", "Possible active lupus nephritis - urgent")


def test_an_ambiguous_item_name_is_left_for_the_engine_to_refuse() -> None:
    keys = ["low_C3_or_low_C4", "low_C3_and_low_C4", "acute_cutaneous"]
    assert item_key("low complement", keys) == "low complement"
    assert item_key("Acute-Cutaneous", keys) == "acute_cutaneous"


def test_an_instrument_without_adapter_fails() -> None:
    [result] = run_vectors([{"id": "X-1", "instrument": "no-such-index", "inputs": {}, "expected": {"status": "ok"}}])
    assert not result.passed
    assert "no adapter" in result.differences[0]


def test_a_crashing_case_is_one_failure_and_the_rest_goes_on() -> None:
    vectors = [
        {"id": "A", "instrument": "flare-risk", "inputs": {"biomarkers": {}}, "expected": {"status": "ok"}},
        {"id": "B", "instrument": "MGFA-class", "inputs": {"weakness": "ocular_only"},
         "expected": {"status": "ok", "classification": "I"}},
    ]
    results = list(run_vectors(vectors))
    assert [result.passed for result in results] == [False, True]
    assert "crashed" in results[0].differences[0]


def test_a_scenario_that_crashes_fails() -> None:
    [result] = run_scenarios([{"id": "S", "patient": {}, "expected": {}}])
    assert not result.passed


OUTCOME = ScenarioOutcome(
    alerts=(ScenarioAlert("TNF_HF", "major", "Heart failure NYHA III: avoid infliximab", ("infliximab",)),),
    offered=("Rituximab",), everything="Rituximab is offered.",
)


@pytest.mark.parametrize(("expected", "count"), [
    ({"must_alert": [{"code": "TNF_HF", "severity": "moderate", "applies_to": ["infliximab"]}]}, 0),
    ({"must_alert": [{"code": "OTHER", "severity": "major", "applies_to": ["infliximab"], "keywords_any": ["NYHA"]}]}, 0),
    ({"must_alert": [{"code": "TNF_HF", "severity": "contraindicated", "applies_to": ["infliximab"]}]}, 1),
    ({"must_alert": [{"code": "TNF_HF", "severity": "major", "applies_to": ["etanercept"]}]}, 1),
    ({"must_alert": [{"code": "OTHER", "severity": "info", "keywords_any": ["PML"]}]}, 1),
    ({"must_not_recommend": ["infliximab"]}, 0),
    ({"must_not_recommend": ["rituximab (off-label)"]}, 1),
    ({"must_not_state": ["rituximab is OFFERED"]}, 1),
])
def test_scenarios_demand_strength_subject_and_silence(expected: dict[str, Any], count: int) -> None:
    assert len(scenario_differences(expected, OUTCOME)) == count


def test_the_last_line_is_json_and_progress_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [
        {"id": f"M-{number}", "instrument": "MGFA-class", "inputs": {"weakness": "ocular_only"},
         "expected": {"status": "ok", "classification": "I" if number else "II"}}
        for number in range(25)
    ]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"vectors": cases}), encoding="utf-8")
    code = main([str(file)])
    out, err = capsys.readouterr()
    assert (code, json.loads(out.splitlines()[-1])) == (1, {"passed": 24, "failed": 1})
    assert "FAIL M-0" in out
    assert "25 of 25" in err


def test_a_file_that_cannot_be_read_is_said_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.json")]) == 2
    assert "cannot read" in capsys.readouterr().err


@pytest.mark.shared_data
def test_worked_cases_of_criteria_and_flare_hold() -> None:
    if not SHARED.exists():
        pytest.skip("the worked clinical cases are not on this machine")
    content = json.loads(SHARED.read_text(encoding="utf-8"))
    mine = set(criteria.ADAPTERS) | set(flare.ADAPTERS)
    results = list(run_vectors([vector for vector in content["vectors"] if vector["instrument"] in mine]))
    assert len(results) >= 60
    assert [(result.case_id, result.differences) for result in results if not result.passed] == []


@pytest.mark.shared_data
def test_every_instrument_of_the_worked_cases_has_an_adapter() -> None:
    if not SHARED.exists():
        pytest.skip("the worked clinical cases are not on this machine")
    content = json.loads(SHARED.read_text(encoding="utf-8"))
    assert {vector["instrument"] for vector in content["vectors"]} <= set(adapters())
