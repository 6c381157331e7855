"""The FHIR bundle: only what was given, coded only where the code says exactly that, preliminary until signed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from services.reports import AssistantAnswer, ReportChoice, SectionKind, build, to_bundle
from services.reports.choices import Identity
from services.reports.fhir import violations
from services.reports.fhir.codes import LOINC_NAMES, antibody_loinc, has_valid_check_digit, ucum
from services.reports.rows import AntibodyValue
from tests.unit.reports.conftest import DEMO, LUPUS, content_of, draft, patient, signed


def bundle_of(profile: dict[str, Any] | str, **options: Any) -> dict[str, Any]:
    content = content_of(profile, options.get("choice"), options.get("answer"))
    return to_bundle(content, signed(content) if options.get("is_signed") else draft(content))


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == kind]


def observation(bundle: dict[str, Any], text: str) -> dict[str, Any]:
    return next(one for one in resources(bundle, "Observation") if text in one["code"]["text"])


def codes(resource: dict[str, Any]) -> list[str]:
    return [one["code"] for one in resource["code"].get("coding", [])]


@pytest.mark.parametrize("patient_id", sorted(DEMO))
@pytest.mark.parametrize("is_signed", [False, True])
def test_a_bundle_of_a_demo_patient_keeps_every_rule(patient_id: str, is_signed: bool) -> None:
    assert violations(bundle_of(patient_id, is_signed=is_signed)) == []


def test_a_titer_is_a_ratio_and_a_number_keeps_its_unit() -> None:
    bundle = bundle_of(LUPUS)
    ana, dsdna = observation(bundle, "ANA"), observation(bundle, "anti-dsDNA")
    assert ana["valueRatio"] == {"numerator": {"value": 1}, "denominator": {"value": 640}}
    assert codes(ana) == ["5048-4"]
    assert dsdna["valueQuantity"] == {
        "value": 186, "unit": "IU/mL", "system": "http://unitsofmeasure.org", "code": "[IU]/mL",
    }  # fmt: skip
    assert codes(dsdna) == ["5130-0"]
    assert dsdna["effectiveDateTime"] == "2025-11-03"
    assert dsdna["referenceRange"] == [{"text": "<30"}]


def test_an_index_and_an_unknown_name_are_exported_as_text_without_a_code() -> None:
    bundle = bundle_of(LUPUS)
    smith, unknown = observation(bundle, "anti-Smith"), observation(bundle, "anti-Quux")
    assert codes(smith) == codes(unknown) == []
    assert unknown["valueQuantity"]["value"] == 3
    assert "interpretation" not in unknown


def test_a_result_in_words_has_no_number() -> None:
    found = observation(bundle_of(LUPUS), "lupus anticoagulant")
    assert found["valueCodeableConcept"] == {"text": "positive"}
    assert "valueQuantity" not in found


def test_typical_limits_are_text_and_never_a_reference_range_of_the_laboratory() -> None:
    bundle = bundle_of(LUPUS)
    crp, c3 = observation(bundle, "C-reactive protein"), observation(bundle, "Complement C3")
    assert crp["referenceRange"] == [{"text": "up to 5 (typical adult limits)"}]
    assert c3["referenceRange"][0]["low"]["value"] == 90
    assert [one["text"] for one in c3["note"]] == ["As sent: 0.62 g/L."]


def test_a_score_that_was_not_computed_says_why_and_has_no_value() -> None:
    score = observation(bundle_of(LUPUS), "SLEDAI-2K")
    assert not any(key.startswith("value") for key in score)
    assert score["dataAbsentReason"]["text"] == "insufficient data"
    assert any("Missing:" in note["text"] for note in score["note"])


@pytest.mark.parametrize("patient_id", sorted(DEMO))
def test_flare_risk_is_qualitative_and_never_a_probability(patient_id: str) -> None:
    for risk in resources(bundle_of(patient_id), "RiskAssessment"):
        (prediction,) = risk["prediction"]
        assert not any(key.startswith("probability") for key in prediction)
        assert ("qualitativeRisk" in prediction) != ("Insufficient data." in prediction["rationale"])
        assert prediction["whenPeriod"]["start"] < prediction["whenPeriod"]["end"]


def test_what_to_do_is_detail_and_not_a_mitigation_nobody_made() -> None:
    for issue in resources(bundle_of("sarah_mitchell"), "DetectedIssue"):
        assert "mitigation" not in issue
        assert issue["detail"]


def test_everything_is_preliminary_until_signed_and_then_final_with_a_verifier() -> None:
    unsigned, final = bundle_of(LUPUS), bundle_of(LUPUS, is_signed=True)
    for bundle, status in ((unsigned, "preliminary"), (final, "final")):
        for kind in ("DiagnosticReport", "Observation", "RiskAssessment", "DetectedIssue"):
            assert {one["status"] for one in resources(bundle, kind)} == {status}
    agents = [agent for one in resources(final, "Provenance") for agent in one["agent"]]
    assert {"display": "Dr. Grace Example"} in [agent["who"] for agent in agents]
    assert "verifier" not in json.dumps(resources(unsigned, "Provenance"))


def test_what_a_computer_asserted_is_labelled_and_what_was_given_is_not() -> None:
    bundle = bundle_of(LUPUS, answer=AssistantAnswer(text="Because.", origin="assistant", model="model-x"))
    every = [one["resource"] for one in bundle["entry"]]
    labelled = {one["resourceType"] for one in every if "AIAST" in json.dumps(one.get("meta", {}))}
    assert labelled == {"Observation", "DiagnosticReport", "RiskAssessment", "DetectedIssue"}
    assert "meta" not in observation(bundle, "ANA")
    answer = observation(bundle, "Answer to a question")
    assert answer["valueString"] == "Because."
    assert "AIAST" in json.dumps(answer["meta"])
    assert any(one["deviceName"][0]["name"] == "model-x" for one in resources(bundle, "Device"))


def test_an_answer_of_quotations_is_not_labelled_as_made_by_a_model() -> None:
    bundle = bundle_of(LUPUS, answer=AssistantAnswer(text="“Because.”", origin="assistant"))
    assert "meta" not in observation(bundle, "Answer to a question")


def test_the_patient_is_named_only_as_far_as_chosen() -> None:
    nobody = bundle_of(LUPUS, choice=ReportChoice.of(list(SectionKind), []))
    somebody = bundle_of(LUPUS, choice=ReportChoice.of(list(SectionKind), list(Identity)))
    assert "Ada Example" not in json.dumps(nobody)
    assert "birthDate" not in json.dumps(nobody)
    (person,) = resources(somebody, "Patient")
    assert person["name"] == [{"text": "Ada Example"}]
    assert person["birthDate"] == "1991-02-03"
    assert person["gender"] == "female"


def test_sections_left_out_are_not_exported() -> None:
    bundle = bundle_of(LUPUS, choice=ReportChoice.of([SectionKind.LABS], []))
    assert {one["code"]["text"] for one in resources(bundle, "Observation")} == {"Complement C3", "C-reactive protein"}
    assert resources(bundle, "RiskAssessment") == []


def test_ids_are_legal_repeat_for_the_same_report_and_differ_for_another() -> None:
    first, again = bundle_of(LUPUS), bundle_of(LUPUS)
    changed = copy.deepcopy(LUPUS)
    changed["biomarkers"]["CRP"]["value"] = 9
    other = bundle_of(changed)
    assert first == again
    ids = [{one["fullUrl"] for one in bundle["entry"]} for bundle in (first, other)]
    assert ids[0] & ids[1] == {f"urn:uuid:{resources(first, 'Patient')[0]['id']}"}  # the patient stays the same person


def test_without_an_analysis_the_bundle_is_valid_and_says_so() -> None:
    content = build(patient("case-9"), None, ReportChoice())
    bundle = to_bundle(content, draft(content))
    assert violations(bundle) == []
    assert "No analysis of this patient is stored" in resources(bundle, "DiagnosticReport")[0]["conclusion"]


def test_two_results_of_one_name_are_two_observations() -> None:
    doubled = copy.deepcopy(LUPUS)
    doubled["autoantibody_panel"]["results"].append({"antibody": "ANA", "value": 80, "titer": "1:80"})
    found = [one for one in resources(bundle_of(doubled), "Observation") if one["code"]["text"] == "ANA"]
    assert [one["valueRatio"]["denominator"]["value"] for one in found] == [640, 80]


@pytest.mark.parametrize(
    ("antibody", "fields", "code"),
    [
        ("ana", {"titer": "1:160"}, None),  # nothing says that it was immunofluorescence
        ("ana", {"titer": "1:160", "patterns": ("AC-1 Homogeneous",)}, "5048-4"),
        ("ana", {"outcome": "negative"}, "8061-4"),
        ("acpa", {"value": 80, "unit": "U/mL", "written": "anti-CCP"}, "33935-8"),
        ("acpa", {"value": 80, "unit": "U/mL", "written": "anti-CCP IgA"}, None),
        ("acpa", {"value": 80, "unit": "U/mL", "written": "ACPA"}, None),
        ("anti_dsdna", {"value": 80}, None),
        ("anti_dsdna", {"value": 80, "unit": "%"}, None),
        ("asma", {"outcome": "positive", "written": "anti-smooth muscle"}, None),
        ("anti_smith", {"value": 4, "unit": "U/mL", "written": "anti-Sm"}, "11090-8"),
        (None, {"value": 4, "unit": "U/mL"}, None),
    ],
)  # fmt: skip
def test_a_code_is_given_only_where_it_says_exactly_what_was_measured(
    antibody: str | None, fields: dict[str, Any], code: str | None
) -> None:
    value = AntibodyValue.model_validate({"id": antibody, "name": antibody or "x", "written": antibody or "x", **fields})
    assert antibody_loinc(value) == code


def test_the_check_digits_of_all_codes_hold_and_a_typo_is_found() -> None:
    assert all(has_valid_check_digit(code) for code in LOINC_NAMES)
    assert not any(has_valid_check_digit(wrong) for wrong in ("1988-6", "1989-5", "1988", "-5", "19885", "a988-5", "1988-55"))


@pytest.mark.parametrize(
    ("unit", "code"), [("10³/µL", "10*9/L"), ("mg/dL", "mg/dL"), ("GPL", None), ("quux", None), (None, None)]
)
def test_a_unit_is_coded_where_ucum_has_it(unit: str | None, code: str | None) -> None:
    assert ucum(unit) == code


def broken(change: Any) -> list[str]:
    bundle = bundle_of(LUPUS)
    change(bundle)
    return violations(bundle)


def first(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    return resources(bundle, kind)[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: first(b, "Observation").update(dataAbsentReason={"text": "x"}), "obs-6"),
        (lambda b: first(b, "Observation").pop("valueRatio"), "neither a value nor a reason"),
        (lambda b: first(b, "Observation").update(referenceRange=[{"age": {}}]), "obs-3"),
        (lambda b: first(b, "RiskAssessment")["prediction"][0].update(probabilityDecimal=0.6), "probability"),
        (lambda b: first(b, "Observation")["subject"].update(reference="Patient/1"), "is not in the bundle"),
        (lambda b: first(b, "Observation")["code"]["coding"][0].update(code="5048-5"), "wrong check digit"),
        (lambda b: first(b, "Observation")["code"]["coding"][0].update(code="2345-7"), "not among the confirmed codes"),
        (lambda b: first(b, "DiagnosticReport").update(status="final"), "although the report is not signed"),
        (lambda b: first(b, "Patient").pop("text"), "no narrative"),
        (lambda b: first(b, "Patient").update(id="a_b"), "not a FHIR id"),
        (lambda b: b["entry"].append(b["entry"][0]), "several resources"),
        (lambda b: b.update(type="document"), "type collection"),
        (lambda b: b["entry"].append({"fullUrl": "urn:uuid:x"}), "holds no resource"),
    ],
)
def test_a_broken_rule_is_found(change: Any, says: str) -> None:
    assert any(says in one for one in broken(change))
