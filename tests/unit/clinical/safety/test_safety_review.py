"""What a safety review says, lists as unknown, and never claims."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.clinical import safety
from services.clinical.profile import Profile
from tests.unit.clinical.safety.patients import patient
from validation.clinical_adapters.safety import run_scenario
from validation.clinical_scenarios import scenario_differences


def review(profile: Profile) -> safety.SafetyReport:
    return safety.review(safety.gather(profile))


def alert(profile: Profile, code: str) -> safety.Alert:
    return next(one for one in review(profile).alerts if one.code == code)


def test_two_diseases_alone_raise_the_class_alert_that_names_every_drug() -> None:
    found = alert(patient("AS MS"), "TNF_DEMYELINATION")
    assert found.scope == "candidate"
    assert set(found.drugs) >= {"adalimumab", "infliximab", "etanercept", "golimumab", "certolizumab pegol"}


def test_an_alert_names_both_drugs_of_an_interaction_and_carries_its_source() -> None:
    found = alert(patient("RA", meds="methotrexate 20 mg weekly; Bactrim"), "MTX_TMP")
    assert found.applies_to == ("methotrexate", "co-trimoxazole")
    assert found.explanation.sources


def test_unknown_hepatitis_b_before_rituximab_is_listed_and_never_counts_as_negative() -> None:
    report = review(patient("RA", prop="rituximab"))
    missing = {fact for question in report.not_checkable for fact in question.missing}
    assert any("hepatitis B" in fact for fact in missing)
    incomplete = next(one for one in report.alerts if one.code == "SCREENING_INCOMPLETE")
    assert incomplete.severity is safety.Severity.MAJOR
    assert "hepatitis B" in incomplete.message


def test_known_negative_serology_closes_the_question() -> None:
    report = review(patient("RA", prop="rituximab", hbv="HBsAg negative, anti-HBc negative"))
    assert not any("hepatitis B" in fact for question in report.not_checkable for fact in question.missing)


def test_hbsag_negative_alone_leaves_anti_hbc_open() -> None:
    report = review(patient("RA", prop="rituximab", hbsag="negative"))
    assert any(question.code == "ANTICD20_HBV_CORE" for question in report.not_checkable)


def test_a_heart_attack_of_unknown_date_still_stops_fingolimod_and_asks_for_the_date() -> None:
    report = review(patient("MS", prop="fingolimod", history=["myocardial infarction"]))
    assert any(one.code == "S1P_CARDIAC_HISTORY" and one.excludes for one in report.alerts)
    question = next(one for one in report.not_checkable if one.code == "S1P_CARDIAC")
    assert any("date of myocardial infarction" in fact for fact in question.missing)


def test_a_pacemaker_lifts_the_av_block_contraindication() -> None:
    blocked = patient("MS", prop="fingolimod", history=["complete heart block"])
    paced = patient("MS", prop="fingolimod", history=["complete heart block", "pacemaker"])
    assert "S1P_CARDIAC" in {one.code for one in review(blocked).alerts}
    assert "S1P_CARDIAC" not in {one.code for one in review(paced).alerts}


def test_coarse_hla_typing_is_not_read_as_the_risk_allele_nor_as_its_absence() -> None:
    report = review(patient("PSO", meds="allopurinol", hla="B*58 B*07:02"))
    assert "HLA_B5801_ALLOPURINOL" not in {one.code for one in report.alerts}
    assert any(one.code == "HLA_B5801_ALLOPURINOL" for one in report.not_checkable)


def test_one_typed_allele_does_not_prove_the_other_is_harmless() -> None:
    report = review(patient("PSO", meds="allopurinol", hla="B*07:02"))
    assert any("second allele" in fact for one in report.not_checkable for fact in one.missing)


def test_indeterminate_tpmt_is_not_normal() -> None:
    report = review(patient("SLE", meds="azathioprine", gen="TPMT=*1/*99"))
    assert any(one.code == "TPMT_PM_THIOPURINE" for one in report.not_checkable)


def test_unrecognised_medication_is_echoed_as_not_checked() -> None:
    report = review(patient("RA", meds="zanzibarumab 5 mg"))
    assert report.unrecognised == ("zanzibarumab 5 mg",)
    assert any("not checked" in note for note in report.notes)


def test_stopped_drugs_raise_no_alert_but_count_as_earlier_treatment() -> None:
    report = review(patient("MG", meds="ciprofloxacin stopped last week"))
    assert "MG_FLUOROQUINOLONE" not in {one.code for one in report.alerts}
    facts = safety.gather(patient("RA", meds="adalimumab, discontinued 2024"))
    assert facts.current == ()
    assert facts.prior[0].names == ("adalimumab",)


def test_an_allergy_in_the_record_stops_the_drug_and_its_class() -> None:
    assert "DRUG_ALLERGY" in {one.code for one in review(patient("RA", prop="Humira", allergies=["adalimumab"])).alerts}
    by_class = review(patient("RA", prop="amoxicillin", allergies=["penicillin"]))
    assert "DRUG_ALLERGY" in {one.code for one in by_class.alerts}
    assert "DRUG_ALLERGY" not in {one.code for one in review(patient("RA", prop="Humira", allergies=["latex"])).alerts}


def test_hydroxychloroquine_without_weight_asks_for_it() -> None:
    report = review(patient("SLE", meds="hydroxychloroquine 400 mg", bio={"eGFR": 90}))
    question = next(one for one in report.not_checkable if one.code == "HCQ_DOSE")
    assert "body weight" in question.missing


def test_steroid_equivalents_are_used_for_renal_crisis() -> None:
    assert "SSC_STEROID_SRC" in {one.code for one in review(patient("SSC", meds="methylprednisolone 12 mg daily")).alerts}
    assert "SSC_STEROID_SRC" not in {one.code for one in review(patient("SSC", meds="methylprednisolone 8 mg")).alerts}


def test_hydroxychloroquine_is_not_stopped_for_pregnancy() -> None:
    report = review(patient("SLE", meds="hydroxychloroquine; mycophenolate mofetil", pregnancy_planned=True))
    assert not [one for one in report.alerts if one.excludes and "hydroxychloroquine" in one.drugs]
    assert "stop hydroxychloroquine" not in report.model_dump_json().lower()


def test_men_and_women_past_menopause_are_not_asked_about_pregnancy() -> None:
    for profile in (patient("RA", meds="methotrexate", sex="M"), patient("RA", meds="methotrexate", age=70)):
        assert not any("pregnancy" in fact for one in review(profile).not_checkable for fact in one.missing)
    young = review(patient("RA", meds="methotrexate", age=28))
    assert any("pregnancy" in fact for one in young.not_checkable for fact in one.missing)


def test_a_candidate_is_not_an_alert_because_of_what_is_taken_now() -> None:
    report = review(patient("IBD", meds="infliximab"))
    assert "NATALIZUMAB_IS_COMBO" not in {one.code for one in report.alerts}


def test_a_candidate_with_a_strong_warning_for_this_patient_is_alerted_before_anybody_proposes_it() -> None:
    found = alert(patient("RA", hbv="HBsAg negative, anti-HBc positive"), "ANTICD20_HBV_CORE")
    assert found.scope == "candidate"
    assert found.drugs == ("rituximab",)


def test_egfr_is_estimated_from_creatinine_in_adults_and_says_so() -> None:
    found = alert(patient("RA", meds="methotrexate", age=70, bio={"creatinine": 2.4}), "MTX_RENAL")
    assert "CKD-EPI 2021" in found.explanation.inputs[0].note
    child = review(patient("RA", meds="methotrexate", age=9, bio={"creatinine": 2.4}))
    assert "MTX_RENAL" not in {one.code for one in child.alerts}


def test_estimated_egfr_matches_the_published_formula() -> None:
    facts = safety.gather(patient("RA", age=50, sex="M", bio={"creatinine": 1.0}))
    assert facts.numbers["egfr"] == pytest.approx(91.7, abs=0.3)
    facts = safety.gather(patient("RA", age=50, sex="F", bio={"creatinine": 1.0}))
    assert facts.numbers["egfr"] == pytest.approx(68.6, abs=0.3)


def test_checklist_items_that_are_zero_are_absent() -> None:
    report = review(patient("RA", meds="tocilizumab", abdominal_pain=0))
    assert "IL6_GI_PERFORATION" not in {one.code for one in report.alerts}


def test_family_history_and_differential_are_not_the_patients_own() -> None:
    profile = patient("AS", prop="secukinumab", family_history=["Crohn's disease"], differential_diagnosis=["Crohn's disease"])
    assert "IL17_IBD" not in {one.code for one in review(profile).alerts}


def test_none_is_not_an_unrecognised_drug() -> None:
    assert review(patient("RA", meds="none")).unrecognised == ()


def test_alerts_come_strongest_first() -> None:
    ranks = [one.severity.rank for one in review(patient("SLE", meds="azathioprine; allopurinol; ibuprofen")).alerts]
    assert ranks == sorted(ranks, reverse=True)


def test_a_patient_without_anything_has_no_alert() -> None:
    assert review(patient()).alerts == ()


def test_laboratory_limits_use_the_reporting_laboratorys_upper_limit() -> None:
    own_limit = {"ALT": {"value": 70, "unit": "U/L", "reference_range": "10-60"}}
    assert "IL6_START_COUNTS" not in {one.code for one in review(patient("RA", prop="tocilizumab", bio=own_limit)).alerts}
    assert "IL6_START_COUNTS" in {one.code for one in review(patient("RA", prop="tocilizumab", bio={"ALT": 70})).alerts}


@pytest.mark.parametrize("value", [None, [], {}, 0, 1.5, "", "x" * 5000, ["a", 3, None], {"a": {"b": {"c": {"d": {"e": 1}}}}}])
def test_no_extension_value_crashes_the_review(value: object) -> None:
    for key in ("comorbidities", "history", "pregnancy", "hbv", "tb", "weight_kg", "smoking", "allergies", "vaccinations",
                "prior_immunosuppressant", "proposed_medications", "hla_dqa1", "antibodies", "blood_pressure", "foo"):
        review(patient("RA", meds="adalimumab", **{key: value}))


@pytest.mark.shared_data
def test_worked_safety_scenarios_hold() -> None:
    path = Path(__file__).resolve().parents[4].parent / "shared" / "clinical" / "vectors.json"
    if not path.exists():
        pytest.skip("the worked cases are not part of the project")
    scenarios = json.loads(path.read_text(encoding="utf-8"))["safety_scenarios"]
    failed = {one["id"]: found for one in scenarios if (found := scenario_differences(one["expected"], run_scenario(one)))}
    assert failed == {}


def test_a_list_of_diagnoses_denies_those_of_the_thirteen_that_are_not_in_it() -> None:
    listed = review(patient("AS", prop="secukinumab"))
    assert "IL17_IBD" not in {one.code for one in listed.not_checkable}
    unlisted = review(patient("", prop="secukinumab"))
    assert "IL17_IBD" in {one.code for one in unlisted.not_checkable}
