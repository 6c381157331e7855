"""The documented response: field names kept, words instead of invented numbers, excluded drugs apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.clinical.analysis import DISCLAIMER, analyse, engine_version, to_document, versions
from services.clinical.analysis.version import version_of
from services.clinical.profile import Profile
from services.knowledge.version import knowledge_version

LEVELS = {
    "remission", "low", "moderate", "high", "very_high", "not_graded", "insufficient_data", "invalid_input", "not_applicable",
    "inconsistent_input",
}  # fmt: skip
EXAMPLE = {
    "patient_id": "DPA-2019-33102", "age": 45, "sex": "M", "hla_profile": {"hla_b": ["B*27:05"]},
    "biomarkers": {"CRP": 28.5, "ESR": 48}, "diagnosed_conditions": ["ankylosing_spondylitis"],
    "current_medications": ["naproxen", "physical therapy"], "symptom_duration_months": 72,
}  # fmt: skip
DOCUMENTED = {
    "disease_activity_scores": {"disease", "score_name", "score_value", "level", "components", "thresholds"},
    "flare_predictions": {
        "disease", "current_activity", "predicted_risk", "risk_score", "contributing_factors", "protective_factors",
        "recommended_monitoring", "time_horizon_days",
    },
    "hla_associations": {"allele", "disease", "odds_ratio", "pmid", "note"},
    "biologic_recommendations": {
        "drug_name", "drug_class", "mechanism", "indicated_diseases", "pgx_considerations", "contraindications",
        "monitoring_requirements", "efficacy_evidence",
    },
}  # fmt: skip


def document(**fields: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"patient_id": "P1", "age": 45, "sex": "F", "hla_profile": {}}
    return to_document(analyse(Profile.model_validate(base | fields)))


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return document(**EXAMPLE)


@pytest.mark.parametrize("part", sorted(DOCUMENTED))
def test_every_documented_field_of_every_row_is_there(example: dict[str, Any], part: str) -> None:
    assert example[part]
    for row in example[part]:
        assert DOCUMENTED[part] <= row.keys()


def test_the_documented_example_gets_no_basdai_out_of_a_crp(example: dict[str, Any]) -> None:
    basdai = next(row for row in example["disease_activity_scores"] if row["score_name"] == "BASDAI")
    assert (basdai["score_value"], basdai["level"]) == (None, "insufficient_data")
    assert len(basdai["missing"]) == 6
    assert "28.5" not in json.dumps(basdai)


def test_the_documented_example_has_no_critical_alert(example: dict[str, Any]) -> None:
    # a risk allele and a raised CRP are no emergency
    assert example["critical_alerts"] == []


def test_an_association_carries_population_direction_and_citation(example: dict[str, Any]) -> None:
    row = next(row for row in example["hla_associations"] if row["disease"] == "ankylosing_spondylitis")
    assert row["direction"] == "risk"
    assert row["population"]
    assert row["citation"]


def test_the_document_is_json_and_comes_back_unchanged(example: dict[str, Any]) -> None:
    assert json.loads(json.dumps(example, allow_nan=False)) == example


def test_the_document_says_what_made_it(example: dict[str, Any]) -> None:
    assert example["versions"] == versions() == {"engine": engine_version(), "knowledge": knowledge_version()}
    assert len(knowledge_version()) == 16
    assert example["disclaimer"] == DISCLAIMER


def test_the_engine_version_changes_with_a_rule_in_code_a_new_module_and_the_knowledge(tmp_path: Path) -> None:
    (tmp_path / "criteria").mkdir()
    rule = tmp_path / "criteria" / "sle.py"
    rule.write_text("THRESHOLD = 10\n")
    seen = [version_of({"engine": tmp_path}, "a"), version_of({"engine": tmp_path}, "b")]
    rule.write_text("THRESHOLD = 9\n")
    seen.append(version_of({"engine": tmp_path}, "a"))
    (tmp_path / "criteria" / "ra.py").write_text("")
    seen.append(version_of({"engine": tmp_path}, "a"))
    assert len(set(seen)) == 4
    assert version_of({"engine": tmp_path}, "a") == seen[-1]


def test_a_level_is_always_one_of_the_documented_words() -> None:
    items: dict[str, Any] = {
        "EDSS": {"edss": 3.5}, "MG-ADL": {"total": 99}, "DAS28-CRP": {"tjc28": 2.5}, "HBI": {"general_wellbeing": 0},
    }
    every = document(
        diagnosed_conditions=[
            "multiple_sclerosis", "rheumatoid_arthritis", "myasthenia_gravis", "inflammatory_bowel_disease", "psoriasis",
            "systemic_lupus_erythematosus", "type_1_diabetes", "celiac_disease", "graves_disease", "systemic_sclerosis",
        ],
        biomarkers={"HbA1c": 8.1}, extensions={"instrument_items": items, "ibd_subtype": "ulcerative_colitis"},
    )  # fmt: skip
    seen = {row["level"] for row in every["disease_activity_scores"]}
    assert seen <= LEVELS
    assert {"not_graded", "insufficient_data", "invalid_input", "not_applicable"} <= seen
    for row in every["disease_activity_scores"]:
        assert (row["score_value"] is None) or row["status"] == "ok", row


def test_disability_is_graded_by_its_band_and_never_as_activity() -> None:
    found = document(diagnosed_conditions=["multiple_sclerosis"], extensions={"instrument_items": {"EDSS": {"edss": 6.5}}})
    edss = next(row for row in found["disease_activity_scores"] if row["score_name"] == "EDSS")
    assert (edss["score_value"], edss["level"], edss["kind"]) == (6.5, "not_graded", "disability")
    assert edss["band"]


def test_a_missing_flare_risk_is_null_and_not_a_base_rate() -> None:
    row = document(diagnosed_conditions=["multiple_sclerosis"])["flare_predictions"][0]
    assert (row["predicted_risk"], row["risk_score"]) == ("insufficient_data", None)
    assert row["missing"]


def test_an_excluded_drug_is_never_among_the_recommendations() -> None:
    found = document(diagnosed_conditions=["ankylosing_spondylitis", "multiple_sclerosis"])
    offered = {row["drug_name"] for row in (*found["biologic_recommendations"], *found["other_therapies"])}
    excluded = {row["drug_name"]: row["reasons"] for row in found["excluded_therapies"]}
    assert {"Adalimumab", "Etanercept", "Infliximab", "Golimumab", "Certolizumab pegol"} <= excluded.keys()
    assert not offered & excluded.keys()
    assert all(excluded.values())
    natalizumab = next(row for row in found["biologic_recommendations"] if row["drug_name"] == "Natalizumab")
    assert natalizumab["indicated_diseases"] == ["multiple_sclerosis"]


def test_biologics_and_other_treatments_are_kept_apart() -> None:
    found = document(diagnosed_conditions=["rheumatoid_arthritis"])
    assert {row["kind"] for row in found["biologic_recommendations"]} == {"biologic", "targeted_synthetic"}
    assert not {row["kind"] for row in found["other_therapies"]} & {"biologic", "targeted_synthetic"}


def test_a_disease_without_drugs_gets_a_note_and_no_drug() -> None:
    found = document(diagnosed_conditions=["celiac_disease"])
    assert found["biologic_recommendations"] == []
    assert "celiac_disease" in found["therapy_notes"]["by_disease"]


def test_critical_lines_start_with_what_they_are_and_emergencies_come_first() -> None:
    found = document(
        diagnosed_conditions=["systemic_lupus_erythematosus", "multiple_sclerosis"],
        biomarkers={"UPCR": {"value": 4200, "unit": "mg/g"}}, current_medications=["azathioprine", "allopurinol"],
    )  # fmt: skip
    assert found["critical_alerts"][0].startswith("EMERGENCY: Possible active lupus nephritis")
    assert any(line.startswith("CONTRAINDICATED: Current treatment: azathioprine") for line in found["critical_alerts"])
    for line in found["critical_alerts"]:
        assert line.split(":")[0] in {"EMERGENCY", "CRITICAL", "CONTRAINDICATED"}


def test_thyroid_storm_is_an_emergency_and_only_with_its_score() -> None:
    storm = {
        "temperature_f": 104.5, "cns": "severe", "gi": "severe_jaundice", "heart_rate": 150, "chf": "severe",
        "atrial_fibrillation": True, "precipitant": True,
    }  # fmt: skip
    scored = document(
        diagnosed_conditions=["graves_disease"], extensions={"instrument_items": {"Burch-Wartofsky": storm}}
    )
    assert scored["critical_alerts"][0].startswith("EMERGENCY: Highly suggestive of thyroid storm")
    assert not any("storm" in line for line in document(diagnosed_conditions=["graves_disease"])["critical_alerts"])


def test_the_differential_has_documented_and_added_fields() -> None:
    found = document(autoantibody_panel={
        "patient_id": "P1", "collection_date": "2026-01-01", "results": [{"antibody": "AChR", "value": 1, "positive": True}],
    })  # fmt: skip
    row = found["differential"][0]
    assert row["disease"] == "myasthenia_gravis"
    assert {"confidence", "supporting_antibodies", "supporting_hla", "matching_symptoms", "classification_criteria_met", "notes",
            "score", "evidence", "rank", "is_diagnosed", "explanation"} <= row.keys()  # fmt: skip
    assert found["none_of_the_13"] is False
