"""The whole analysis: engines feed each other, nothing sent is dropped, and what is missing is said."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.analysis import analyse, to_document
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Status
from services.clinical.profile import MeasuredValue, Profile

DAY = datetime.date(2026, 3, 1)


def profile(**fields: Any) -> Profile:
    base: dict[str, Any] = {"patient_id": "P1", "age": 45, "sex": "F", "hla_profile": {}}
    return Profile.model_validate(base | fields)


def panel(*results: dict[str, Any], patient_id: str = "P1", date: str = "2026-01-10") -> dict[str, Any]:
    return {"patient_id": patient_id, "collection_date": date, "results": [{"value": 1} | one for one in results]}


def codes(of: Profile) -> set[str]:
    return {alert.code for alert in analyse(of).alerts}


# What one engine finds is what the next one uses


def test_antibodies_labs_and_hla_prefill_the_criteria_of_a_suspected_disease() -> None:
    found = analyse(profile(
        autoantibody_panel=panel(
            {"antibody": "ANA", "titer": "1:640", "positive": True}, {"antibody": "anti-dsDNA", "positive": True},
            {"antibody": "anti-Sm", "positive": False},
        ),
        biomarkers={"C3": {"value": 50, "unit": "mg/dL"}, "C4": {"value": 5, "unit": "mg/dL"}},
        extensions={"symptoms": ["malar rash"]},
    ))  # fmt: skip
    lupus = next(one for one in found.criteria if one.criteria.id == "sle_2019_eular_acr")
    assert lupus.answers["ana_ge_1_80"] is True
    assert lupus.answers["low_C3_and_low_C4"] is True
    assert lupus.result.classified is True
    assert lupus.origins["anti_dsDNA"] == "results"
    entry = next(one for one in found.differential.entries if one.disease is Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS)
    assert entry.classification_criteria_met == lupus.items_met == 5


def test_what_a_clinician_answers_wins_over_what_was_read() -> None:
    found = analyse(profile(
        diagnosed_conditions=["systemic_lupus_erythematosus"],
        autoantibody_panel=panel({"antibody": "anti-dsDNA", "positive": True}),
        extensions={"criteria": {"sle_2019_eular_acr": {"anti_dsDNA": False, "fever": True}}},
    ))  # fmt: skip
    lupus = next(one for one in found.criteria if one.criteria.id == "sle_2019_eular_acr")
    assert (lupus.answers["anti_dsDNA"], lupus.origins["anti_dsDNA"]) == (False, "given")
    assert lupus.answers["fever"] is True


def test_a_symptom_that_is_the_criterion_answers_it_and_a_vague_one_does_not() -> None:
    found = analyse(profile(
        diagnosed_conditions=["systemic_lupus_erythematosus"],
        extensions={"symptoms": ["malar rash", "arthralgia", "no seizures"]},
    ))  # fmt: skip
    lupus = next(one for one in found.criteria if one.criteria.id == "sle_2019_eular_acr")
    assert lupus.answers == {"acute_cutaneous": True}
    assert lupus.origins == {"acute_cutaneous": "symptoms"}


def test_a_quantitative_antibody_of_the_panel_serves_as_laboratory_value() -> None:
    found = analyse(profile(
        diagnosed_conditions=["celiac_disease"],
        autoantibody_panel=panel({"antibody": "anti-tTG IgA", "value": 120, "unit": "U/mL", "reference_range": "<10"}),
    ))  # fmt: skip
    score = next(one for one in found.activity if one.instrument_id == "tTG-multiple")
    assert (score.status, score.value) == (Status.OK, 12)


def test_an_antibody_among_the_biomarkers_is_read_as_an_antibody_once() -> None:
    found = analyse(profile(
        autoantibody_panel=panel({"antibody": "anti-CCP", "value": 300, "unit": "U/mL", "reference_range": "<20"}),
        biomarkers={
            "anti-CCP": {"value": 300, "unit": "U/mL", "reference_range": "<20"},
            "anti-Smith": {"value": 80, "unit": "U/mL", "reference_range": "<20"},
        },
    ))  # fmt: skip
    assert sorted(one.id for one in found.antibodies.positive_findings) == ["acpa", "anti_smith"]
    assert found.unrecognised == ()


def test_the_isotypes_of_one_antibody_do_not_contradict_each_other() -> None:
    pregnant = profile(
        autoantibody_panel=panel(
            {"antibody": "anticardiolipin IgG", "positive": True}, {"antibody": "anticardiolipin IgM", "positive": False}
        ),
        extensions={"pregnant": True}, diagnosed_conditions=["systemic_lupus_erythematosus"],
    )  # fmt: skip
    assert "APL_PREGNANCY" in codes(pregnant)


def test_insulin_antibodies_on_insulin_count_neither_for_staging_nor_for_the_differential() -> None:
    def read(*drugs: str) -> tuple[object, tuple[str, ...]]:
        found = analyse(profile(
            autoantibody_panel=panel({"antibody": "IAA", "positive": True}, {"antibody": "GAD65", "positive": True}),
            diagnosed_conditions=["type_1_diabetes"], current_medications=list(drugs),
        ))  # fmt: skip
        stage = next(one for one in found.criteria if one.criteria.id == "t1d_staging_2015")
        return stage.answers.get("iaa"), found.differential.entries[0].supporting_antibodies

    before, on_insulin = read(), read("insulin glargine 12 units")
    assert (before[0], len(before[1])) == (True, 2)
    assert (on_insulin[0], on_insulin[1]) == (None, ("GAD65 antibody",))


def test_current_activity_reaches_the_flare_assessment() -> None:
    items = {"DAS28-CRP": {"tjc28": 8, "sjc28": 7, "pga_0_100_mm": 70, "crp_mg_l": 25}}
    found = analyse(profile(diagnosed_conditions=["rheumatoid_arthritis"], extensions={"instrument_items": items}))
    assert found.flare[0].current_activity == "high"
    assert "HIGH_DISEASE_ACTIVITY" in {alert.code for alert in found.alerts}


def test_two_islet_antibodies_are_a_flare_predictor_without_being_written_into_the_context() -> None:
    found = analyse(profile(
        diagnosed_conditions=["type_1_diabetes"],
        autoantibody_panel=panel({"antibody": "GAD65", "positive": True}, {"antibody": "IA-2", "positive": True}),
    ))  # fmt: skip
    assert "two or more islet autoantibodies" in [factor.label for factor in found.flare[0].contributing_factors]


def test_a_stated_no_in_the_flare_context_stands_against_what_is_derived() -> None:
    found = analyse(profile(
        diagnosed_conditions=["myasthenia_gravis"],
        extensions={"symptoms": ["dysphagia"], "flare_context": {"bulbar_symptoms": False}},
    ))  # fmt: skip
    assert "bulbar symptoms" not in [factor.label for factor in found.flare[0].contributing_factors]


def test_a_diagnosis_stated_in_the_history_is_scored_like_a_diagnosed_condition() -> None:
    found = analyse(profile(extensions={"comorbidities": ["rheumatoid arthritis"]}))
    assert found.diagnoses == (Disease.RHEUMATOID_ARTHRITIS,)
    assert {one.disease for one in found.activity} == {Disease.RHEUMATOID_ARTHRITIS}
    assert any("Rheumatoid arthritis" in note for note in found.notes)


def test_a_diagnosis_of_the_history_meets_the_antibody_that_excludes_it() -> None:
    aqp4 = panel({"antibody": "AQP4-IgG", "positive": True})
    told = profile(extensions={"history": ["multiple sclerosis"]}, autoantibody_panel=aqp4)
    assert "AQP4_MS_MIMIC" in codes(told)


def test_a_diagnosis_is_no_evidence_for_its_own_criteria() -> None:
    bare = analyse(profile(diagnosed_conditions=["systemic_sclerosis"], autoantibody_panel=panel({"antibody": "anti-Scl-70"})))
    assert all("raynaud" not in one.answers for one in bare.criteria)
    told = analyse(profile(diagnosed_conditions=["systemic_sclerosis"], extensions={"history": ["Raynaud since 2019"]}))
    assert next(one for one in told.criteria if one.criteria.id == "ssc_2013_acr_eular").answers["raynaud"] is True


def test_a_haemoglobin_alone_is_no_phenotype() -> None:
    found = analyse(profile(diagnosed_conditions=["inflammatory_bowel_disease"], biomarkers={"Hb": 9.8, "ESR": 40}))
    assert [one.criteria.id for one in found.criteria if one.criteria.purpose == "phenotype"] == []


# Time


def test_a_falling_course_is_seen_from_the_history() -> None:
    sle = {"diagnosed_conditions": ["systemic_lupus_erythematosus"]}
    labs = {"anti-dsDNA": {"value": 120, "unit": "IU/mL", "date": "2026-02-01", "reference_range": "<30"}}
    earlier = {"anti-dsDNA": [MeasuredValue(value=40, unit="IU/mL", date=datetime.date(2025, 10, 1))]}
    rising = analyse(profile(biomarkers=labs, **sle), history=earlier).flare[0]
    flat = analyse(profile(biomarkers=labs, **sle)).flare[0]
    assert len(rising.contributing_factors) >= len(flat.contributing_factors)
    assert rising.contributing_factors != flat.contributing_factors


def test_the_history_may_come_in_the_extensions_and_bad_entries_are_named() -> None:
    found = analyse(profile(
        diagnosed_conditions=["systemic_lupus_erythematosus"],
        extensions={"lab_history": {
            "C3": [{"value": 90, "unit": "mg/dL"}, {"value": "high"}], "no such test": [{"value": 1, "date": "2025-01-01"}],
        }},
    ))  # fmt: skip
    said = {(one.name, one.message.split(":")[0]) for one in found.problems if one.part == "lab_history"}
    assert ("C3", "has no date") in said
    assert ("C3", "needs a value, a unit and a date for each entry") in said
    assert ("no such test", "is not a known laboratory value") in said


def test_an_old_crisis_is_history_and_said_to_be() -> None:
    found = analyse(profile(
        diagnosed_conditions=["type_1_diabetes"],
        biomarkers={
            "beta-hydroxybutyrate": {"value": 6, "unit": "mmol/L", "date": "2020-01-01"},
            "HbA1c": {"value": 7, "unit": "%", "date": "2026-02-01"},
        },
    ), today=DAY)  # fmt: skip
    assert found.critical_alerts == ()
    assert "beta_hydroxybutyrate" not in found.current_labs
    assert any("2020-01-01" in one.message for one in found.problems)
    assert found.panel.get("beta_hydroxybutyrate") is not None


def test_a_result_of_today_is_an_emergency_told_once() -> None:
    today = profile(
        diagnosed_conditions=["type_1_diabetes"], biomarkers={"beta-hydroxybutyrate": {"value": 6, "unit": "mmol/L"}}
    )
    about_ketones = [alert for alert in analyse(today, today=DAY).critical_alerts if "ketoacidosis" in alert.message]
    assert len(about_ketones) == 1


def test_a_date_in_the_future_is_reported() -> None:
    found = analyse(profile(biomarkers={"CRP": {"value": 5, "unit": "mg/L", "date": "2030-01-01"}}), today=DAY)
    assert [one.name for one in found.problems] == ["CRP"]


# Nothing is dropped


def test_every_name_nobody_knows_is_echoed_with_its_kind() -> None:
    found = analyse(profile(
        autoantibody_panel=panel({"antibody": "anti-foo"}), hla_profile={"hla_b": ["B*99:99"]}, biomarkers={"unobtainium": 3},
        genotypes={"XYZ9": "*1/*2"}, current_medications=["flurbinol 5 mg"],
        extensions={
            "comorbidities": ["glomphitis"], "symptoms": ["wibbling of the ears"], "instrument_items": {"FOO-28": {"a": 1}},
            "criteria": {"no_such_set": {}}, "flare_context": {"moon_phase": True}, "pregnnat": True, "shoe_size": 43,
            "serology": {"Gremlin virus": "positive"},
        },
    ))  # fmt: skip
    echoed = {(one.kind, one.written) for one in found.unrecognised}
    assert echoed == {
        ("antibody", "anti-foo"), ("allele", "B*99:99"), ("biomarker", "unobtainium"), ("genotype", "XYZ9: *1/*2"),
        ("medication", "flurbinol 5 mg"), ("condition", "glomphitis"), ("symptom", "wibbling of the ears"),
        ("instrument", "FOO-28"), ("criteria", "no_such_set"), ("extension", "flare_context.moon_phase"),
        ("extension", "pregnnat"), ("extension", "shoe_size"), ("extension", "serology.Gremlin virus"),
    }  # fmt: skip


@pytest.mark.parametrize("extensions", [
    {"pregnant": True}, {"pregnancy": "12 weeks"}, {"hbv": "negative"}, {"serology": {"HBsAg": "negative"}},
    {"ibd_subtype": "crohns_disease"}, {"smoking": "never"}, {"smoking_pack_years": 12}, {"weight_kg": 61}, {"qtc_ms": 430},
    {"hla_dqa1": ["DQA1*05:01"]}, {"proposed_medications": ["adalimumab"]}, {"allergies": ["penicillin"]},
    {"prior_medications": ["methotrexate"]}, {"lab_history": {}}, {"instrument_items": {}}, {"anything": None},
    {"anything": "unknown"}, {"aqp4_igg": "positive"}, {"qualitative_antibodies": {"anti-Ro": True}},
    {"symptoms": {"rash": False}}, {"duration_months": 30}, {"pertinent_negatives": ["rash"]}, {"hcv": "negative"},
    {"hiv": "negative"}, {"tb": "latent, treated"}, {"jcv": "positive"}, {"vzv": "immune"}, {"breastfeeding": True},
    {"pregnancy_planned": True}, {"systolic_bp": 165}, {"blood_pressure": "165/95"}, {"egfr": 28}, {"creatinine_clearance": 40},
    {"weight": "61 kg"}, {"qtc": 480}, {"vaccinations": ["MenACWY"]}, {"postpartum_months": 3}, {"gestational_weeks": 12},
    {"contraception": "levonorgestrel IUD"}, {"prior_immunosuppressant": ["mitoxantrone"]}, {"thymoma": False},
    {"planned_procedures": ["hip replacement"]}, {"criteria": {}}, {"psoriatic_arthritis": True}, {"pack_years": 10},
])  # fmt: skip
def test_a_key_with_a_reader_is_not_called_unknown(extensions: dict[str, Any]) -> None:
    assert [one for one in analyse(profile(extensions=extensions)).unrecognised if one.kind == "extension"] == []


def test_an_ambiguous_antibody_name_is_asked_about_and_counts_for_nothing() -> None:
    found = analyse(profile(autoantibody_panel=panel({"antibody": "SSA"}, {"antibody": "ANCA", "positive": True})))
    assert all(question.candidates for question in found.questions)
    assert {question.written for question in found.questions} >= {"ANCA"}


def test_a_result_that_contradicts_itself_is_a_problem_and_decides_nothing() -> None:
    found = analyse(profile(autoantibody_panel=panel(
        {"antibody": "anti-dsDNA", "value": 300, "unit": "IU/mL", "reference_range": "<30", "positive": False}
    )))  # fmt: skip
    assert [one.part for one in found.problems] == ["autoantibody_panel"]
    assert found.antibodies.positive_findings == ()


def test_more_than_can_be_read_is_said() -> None:
    found = analyse(profile(current_medications=[f"drug {number}" for number in range(301)]))
    assert [one.message for one in found.problems] == ["301 were sent; only the first 300 were read"]


def test_a_panel_of_another_patient_is_the_first_thing_said() -> None:
    mixed_up = profile(autoantibody_panel=panel({"antibody": "ANA", "positive": True}, patient_id="P2"))
    assert analyse(mixed_up).critical_alerts[0].code == "PANEL_OF_ANOTHER_PATIENT"


# Restraint


def test_hla_and_genotypes_alone_raise_no_alert_and_no_diagnosis() -> None:
    carrier = analyse(profile(
        hla_profile={"hla_b": ["B*27:05", "B*58:01"], "hla_drb1": ["DRB1*03:01", "DRB1*04:01"], "hla_dqb1": ["DQB1*02:01"]},
        genotypes={"TPMT": "*3A/*3A", "NUDT15": "*3/*3"},
    ))  # fmt: skip
    assert carrier.alerts == ()
    assert carrier.differential.entries == ()
    assert carrier.hla.associations
    assert carrier.cross_findings


def test_without_a_diagnosis_there_is_no_score_no_flare_and_no_treatment() -> None:
    found = analyse(profile(biomarkers={"CRP": 80, "ESR": 90}))
    assert (found.activity, found.flare, found.therapy.recommendations) == ((), (), ())


@pytest.mark.parametrize("disease", list(Disease))
def test_crp_alone_never_becomes_an_activity_score(disease: Disease) -> None:
    found = analyse(profile(diagnosed_conditions=[disease.value], biomarkers={"CRP": 28.5, "ESR": 48}))
    assert [score.instrument_id for score in found.activity if score.value == 28.5 or score.value == 4.8] == []
    assert all(score.value is None for score in found.activity if score.status is not Status.OK)


def test_protective_alleles_rank_no_disease() -> None:
    found = analyse(profile(hla_profile={"hla_drb1": ["DRB1*07:01", "DRB1*13:01"]}))
    assert found.differential.entries == ()


def test_analysis_is_a_function_of_its_input() -> None:
    again = [to_document(analyse(FULL, today=DAY)) for _ in range(2)]
    assert again[0] == again[1]


def test_every_result_says_why() -> None:
    found = analyse(FULL, today=DAY)
    explained = [
        *found.antibodies.findings, *found.hla.associations, *found.activity, *(one.result for one in found.criteria),
        *found.differential.entries, *found.flare, *found.therapy.recommendations, *found.therapy.excluded, *found.overlap,
        *(alert for alert in found.alerts if alert.engine != "input"), *found.hla.pgx,
    ]  # fmt: skip
    assert len(explained) > 60
    for one in explained:
        explanation = getattr(one, "explanation", None)
        assert isinstance(explanation, Explanation), one
        assert explanation.rule
        assert explanation.version


# Whatever a profile can hold

_TEXT = st.text(max_size=30)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 500) | st.floats(allow_nan=True) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from([
    "symptoms", "instrument_items", "criteria", "lab_history", "flare_context", "hla_dqa1", "pregnancy", "smoking", "serology",
    "comorbidities", "allergies", "proposed_medications", "ibd_subtype", "qualitative_antibodies", "weight_kg", "vaccinations",
]) | _TEXT  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    extensions=st.dictionaries(_KEYS, _JSON, max_size=5),
    biomarkers=st.dictionaries(st.sampled_from(["CRP", "C3", "anti-dsDNA", "TSH", "", "x"]), st.floats(-1e9, 1e9), max_size=4),
    diseases=st.lists(st.sampled_from([one.value for one in Disease]), max_size=3),
    age=st.integers(0, 150),
)
def test_no_profile_makes_the_analysis_fail(
    extensions: dict[str, Any], biomarkers: dict[str, float], diseases: list[str], age: int
) -> None:
    odd = profile(extensions=extensions, biomarkers=biomarkers, diagnosed_conditions=diseases, age=age)
    json.dumps(to_document(analyse(odd, today=DAY)), allow_nan=False)


FULL = profile(
    diagnosed_conditions=[one.value for one in Disease],
    autoantibody_panel=panel(
        {"antibody": "ANA", "titer": "1:640", "positive": True, "pattern": "speckled"}, {"antibody": "RNP", "positive": True},
        {"antibody": "AChR", "positive": True}, {"antibody": "anti-RNA polymerase III", "positive": True},
    ),
    hla_profile={"hla_b": ["B*27:05", "B*58:01"], "hla_drb1": ["DRB1*03:01", "DRB1*15:01"]},
    biomarkers={"CRP": 12, "creatinine": {"value": 2.4, "unit": "mg/dL"}, "TSH": 0.01, "nonsense": 1},
    genotypes={"TPMT": "*1/*3A"}, current_medications=["azathioprine 100 mg", "allopurinol 300 mg", "adalimumab"],
    extensions={"symptoms": ["Raynaud", "malar rash"], "proposed_medications": ["natalizumab"]},
)  # fmt: skip
