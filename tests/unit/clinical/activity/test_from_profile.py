"""Instruments fed from a patient's record: laboratory items are used, everything else is asked for."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from services.clinical import labs
from services.clinical.activity import (
    INSTRUMENTS,
    NOT_COMPUTED,
    ActivityScore,
    delta,
    find_instrument,
    for_disease,
    passages,
    scores_for,
    unknown_instruments,
)
from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.profile import MeasuredValue, Profile
from services.errors import InvalidInputError


def profile(*conditions: Disease, biomarkers: dict[str, Any] | None = None, sex: str = "F", **extensions: Any) -> Profile:
    return Profile.model_validate(
        {
            "patient_id": "P-1", "age": 45, "sex": sex, "diagnosed_conditions": conditions,
            "biomarkers": biomarkers or {"CRP": 28.5}, "extensions": extensions,
        }
    )  # fmt: skip


def scored(patient: Profile, visit: dict[str, Any] | None = None) -> dict[str, ActivityScore]:
    panel = labs.normalise(patient.biomarkers, patient.sex, age_years=patient.age)
    return {score.instrument_id: score for score in scores_for(patient, panel, visit)}


def test_a_crp_alone_gives_no_index_of_any_disease() -> None:
    for score in scored(profile(*Disease)).values():
        assert score.value is None, score.instrument_id
        assert score.status in (Status.INSUFFICIENT_DATA, Status.NOT_APPLICABLE)


def test_every_disease_has_an_instrument() -> None:
    assert {disease for disease in Disease if for_disease(disease)} == set(Disease)


def test_crp_from_the_laboratory_completes_the_joint_counts_in_each_instruments_unit() -> None:
    items = {"tjc28": 6, "sjc28": 5, "pga_0_100_mm": 60, "ega_0_10": 5}
    patient = profile(
        Disease.RHEUMATOID_ARTHRITIS, biomarkers={"CRP": MeasuredValue(value=1.8, unit="mg/dL", date=date(2026, 1, 5))},
        instrument_items={"rheumatoid_arthritis": items},
    )  # fmt: skip
    scores = scored(patient)
    assert scores["DAS28-CRP"].value == pytest.approx(4.858, abs=0.001)
    assert scores["SDAI"].value == pytest.approx(6 + 5 + 6 + 5 + 1.8)
    assert scores["CDAI"].value == 22
    assert scores["DAS28-ESR"].missing == ("esr_mm_h",)
    crp = next(one for one in scores["SDAI"].explanation.inputs if one.name == "CRP")
    assert (crp.value, crp.date) == ("1.8", date(2026, 1, 5))


def test_basdai_answers_serve_asdas_where_they_are_the_same_question() -> None:
    answers = {
        "q1_fatigue": 6, "q2_spinal_pain": 7, "q3_joint_pain_swelling": 4, "q4_enthesitis": 4, "q5_stiffness_severity": 6,
        "q6_stiffness_duration": 6, "patient_global_0_10": 7,
    }  # fmt: skip
    scores = scored(profile(Disease.ANKYLOSING_SPONDYLITIS, instrument_items={"ankylosing_spondylitis": answers}))
    assert scores["BASDAI"].value == pytest.approx(5.4)
    assert scores["ASDAS-CRP"].value == pytest.approx(4.21, abs=0.005)


def test_items_of_the_visit_win_over_those_of_the_profile() -> None:
    patient = profile(Disease.MULTIPLE_SCLEROSIS, instrument_items={"EDSS": {"edss": 2}})
    assert scored(patient)["EDSS"].value == 2
    assert scored(patient, {"edss": {"edss": 4.5}})["EDSS"].value == 4.5


def test_lupus_laboratory_items_are_read_and_the_rest_is_missing() -> None:
    biomarkers = {
        "c3_mg_dl": 55, "c4_mg_dl": 6, "anti_dsDNA_iu_ml": 800, "anti_dsDNA_uln": 30, "uPCR_mg_g": 3500, "platelets": 90,
        "wbc": 3.5,
    }  # fmt: skip
    score = scored(profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, biomarkers=biomarkers))["SLEDAI-2K"]
    assert (score.status, score.value, score.lower_bound) == (Status.INSUFFICIENT_DATA, None, 2 + 2 + 4 + 1)
    assert len(score.missing) == 24 - 5
    assert "Typical adult limits" in score.message


def test_a_single_normal_complement_does_not_settle_low_complement() -> None:
    alone = scored(profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, biomarkers={"c3_mg_dl": 120}))["SLEDAI-2K"]
    both = scored(profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, biomarkers={"c3_mg_dl": 120, "c4_mg_dl": 20}))["SLEDAI-2K"]
    assert "low_complement" in alone.missing
    assert "low_complement" not in both.missing


def test_the_clinicians_answer_wins_over_the_laboratory() -> None:
    items = {"SLEDAI-2K": {"present": ["arthritis"], "absent": ["leukopenia"]}}
    patient = profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, biomarkers={"wbc": 2.0}, instrument_items=items)
    score = scored(patient)["SLEDAI-2K"]
    assert score.lower_bound == 4
    assert "leukopenia" not in score.missing


def test_the_low_activity_state_of_lupus_takes_the_sledai_that_was_computed() -> None:
    complete = {"present": ["rash"], "all_other_items_assessed_absent": True}
    patient = profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, instrument_items={"SLEDAI-2K": complete})
    scores = scored(patient)
    assert scores["SLEDAI-2K"].value == 2
    assert "sledai_2k" not in scores["LLDAS"].missing
    assert "sledai_2k" in scored(profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS))["LLDAS"].missing


def test_an_anti_dsdna_without_its_limit_decides_nothing() -> None:
    score = scored(profile(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, biomarkers={"anti_dsDNA_iu_ml": 800}))["SLEDAI-2K"]
    assert "increased_dna_binding" in score.missing


@pytest.mark.parametrize(
    ("extensions", "status"),
    [
        ({"ibd_subtype": "crohns_disease"}, {"HBI": Status.INSUFFICIENT_DATA, "Mayo-full": Status.NOT_APPLICABLE}),
        ({"ibd_subtype": "ulcerative colitis"}, {"HBI": Status.NOT_APPLICABLE, "Mayo-full": Status.INSUFFICIENT_DATA}),
        ({}, {"HBI": Status.INSUFFICIENT_DATA, "Mayo-full": Status.INSUFFICIENT_DATA}),
    ],
)
def test_crohn_and_colitis_have_their_own_instruments(extensions: dict[str, Any], status: dict[str, str]) -> None:
    scores = scored(profile(Disease.INFLAMMATORY_BOWEL_DISEASE, **extensions))
    assert {name: str(scores[name].status) for name in status} == status
    if not extensions:
        assert scores["HBI"].missing[0] == "ibd_subtype"


def test_an_hbi_filled_in_for_a_patient_with_colitis_is_not_applicable() -> None:
    counts = {"wellbeing_0_4": 1, "abdominal_pain_0_3": 1, "liquid_stools_per_day": 3, "abdominal_mass_0_3": 0}
    items = {**counts, "complications": []}
    patient = profile(Disease.INFLAMMATORY_BOWEL_DISEASE, ibd_subtype="ulcerative_colitis", instrument_items={"HBI": items})
    assert scored(patient)["HBI"].status is Status.NOT_APPLICABLE


def test_dapsa_is_asked_for_only_with_psoriatic_arthritis() -> None:
    assert scored(profile(Disease.PSORIASIS))["DAPSA"].missing[0] == "psoriatic_arthritis"
    assert "psoriatic_arthritis" not in scored(profile(Disease.PSORIASIS, psoriatic_arthritis=True))["DAPSA"].missing


def test_thyroid_pattern_from_the_laboratory_says_whose_limits_it_used() -> None:
    typical = scored(profile(Disease.GRAVES_DISEASE, biomarkers={"TSH": 0.02, "FT4": 3.0}))["thyroid-status"]
    assert typical.band == "overt_hyperthyroidism"
    assert "Typical adult limits" in typical.message
    own = {
        "TSH": MeasuredValue(value=0.02, unit="mIU/L", reference_range="0.3-4.0"),
        "FT4": MeasuredValue(value=40, unit="pmol/L", reference_range="9-19 pmol/L"),
    }
    measured = scored(profile(Disease.GRAVES_DISEASE, biomarkers=own))["thyroid-status"]
    assert measured.band == "overt_hyperthyroidism"
    assert "Typical" not in measured.message


def test_typical_thyroid_limits_are_not_used_in_pregnancy() -> None:
    score = scored(profile(Disease.HASHIMOTO_THYROIDITIS, biomarkers={"TSH": 4.0, "FT4": 1.0}, pregnant=True))["thyroid-status"]
    assert score.status is Status.INSUFFICIENT_DATA
    assert "ref_tsh" in score.missing


def test_ttg_multiple_needs_the_assays_own_limit() -> None:
    assert scored(profile(Disease.CELIAC_DISEASE, biomarkers={"tTG-IgA": 150}))["tTG-multiple"].missing == ("ttg_uln",)
    with_limit = profile(Disease.CELIAC_DISEASE, biomarkers={"tTG-IgA": 150, "ttg_iga_uln": 15})
    assert scored(with_limit)["tTG-multiple"].value == 10


def test_emergency_and_diagnostic_instruments_appear_only_on_request() -> None:
    assert "Burch-Wartofsky" not in scored(profile(Disease.GRAVES_DISEASE))
    asked = profile(Disease.GRAVES_DISEASE, instrument_items={"Burch-Wartofsky": {"heart_rate": 140}})
    assert scored(asked)["Burch-Wartofsky"].status is Status.INSUFFICIENT_DATA


def test_items_of_an_instrument_for_another_disease_are_answered_as_not_applicable() -> None:
    score = scored(profile(Disease.RHEUMATOID_ARTHRITIS, instrument_items={"BASDAI": {"q1_fatigue": 3}}))["BASDAI"]
    assert score.status is Status.NOT_APPLICABLE
    assert "Ankylosing spondylitis" in score.message


def test_unknown_instruments_are_echoed() -> None:
    patient = profile(Disease.RHEUMATOID_ARTHRITIS, instrument_items={"DAS29": {}, "CDAI": {}, "lupus": {}})
    assert unknown_instruments(patient, {"Foo": {}}) == ("DAS29", "Foo")


@pytest.mark.parametrize("junk", ["text", 3, [1], {"CDAI": "text"}, {"CDAI": None}, {3: {}}, None])
def test_malformed_items_do_not_break_the_analysis(junk: object) -> None:
    scores = scored(profile(Disease.RHEUMATOID_ARTHRITIS, instrument_items=junk))
    assert scores["CDAI"].status is Status.INSUFFICIENT_DATA


def test_the_scores_of_a_patient_with_every_disease_take_a_few_milliseconds() -> None:
    patient = profile(*Disease, biomarkers={"CRP": 8, "ESR": 30, "TSH": 1, "HbA1c": 7})
    elapsed = []
    for _ in range(10):
        started = time.perf_counter()
        scored(patient)
        elapsed.append(time.perf_counter() - started)
    assert min(elapsed) < 0.015


def test_sle_das_is_said_not_to_be_computed() -> None:
    assert find_instrument("SLE-DAS") is None
    assert "coefficients" in NOT_COMPUTED["SLE-DAS"]


@pytest.mark.parametrize(
    ("instrument", "before", "after", "meaning"),
    [
        ("ASDAS-CRP", 3.6, 2.5, "important_improvement"),
        ("ASDAS-CRP", 4.6, 2.5, "major_improvement"),
        ("ASDAS-CRP", 2.0, 2.9, "important_worsening"),
        ("ASDAS-CRP", 2.0, 2.8, "below_important_change"),
        ("SLEDAI-2K", 4, 7, "important_worsening"),
        ("SLEDAI-2K", 8, 2, "no_published_change"),
        ("mRSS", 10, 15, "important_worsening"),
        ("mRSS", 30, 35, "below_important_change"),
        ("MG-ADL", 9, 7, "important_improvement"),
        ("DAS28-CRP", 5.0, 3.0, "no_published_change"),
    ],
)
def test_a_change_is_read_against_the_published_change(instrument: str, before: float, after: float, meaning: str) -> None:
    empty = INSTRUMENTS[instrument].compute({})
    first, second = (empty.model_copy(update={"status": Status.OK, "value": value}) for value in (before, after))
    change = delta(first, second)
    assert change is not None
    assert str(change.meaning) == meaning
    assert change.difference == pytest.approx(after - before)


def test_no_change_is_given_where_a_score_is_missing_or_of_another_instrument() -> None:
    missing = INSTRUMENTS["CDAI"].compute({})
    assert delta(missing, missing) is None
    with pytest.raises(InvalidInputError):
        delta(missing, INSTRUMENTS["SDAI"].compute({}))


def test_each_passage_has_its_own_key_and_names_its_instrument() -> None:
    every = passages()
    assert len({passage.key for passage in every}) == len(every) > 120
    assert all(passage.instrument_id in passage.text for passage in every)
    bands = next(passage.text for passage in every if passage.key == "ASDAS-CRP/bands")
    assert "inactive below 1.3; low below 2.1; high up to 3.5; very high above 3.5" in bands


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=lambda one: one.id)
def test_every_record_is_complete_for_a_reader_and_a_form(instrument: Any) -> None:
    record = instrument.record
    assert record.pitfalls
    assert record.not_for
    assert all(item.label and item.help for item in record.items)
    assert len({item.key for item in record.items}) == len(record.items)
    assert [band for band in record.bands[:-1] if band.below is None and band.upto is None] in ([], list(record.bands[:1]))
    if record.bands:
        assert record.bands[-1].below is None
        assert record.bands[-1].upto is None
