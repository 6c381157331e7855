"""Flare risk: what raises it, what must never look protective, when nothing can be said, what is urgent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.flare import FlareAssessment, assess_flare, flare_records, vocabulary
from services.clinical.labs import analytes
from services.clinical.profile import Profile

SLE = Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS


def assess(
    disease: Disease, biomarkers: Mapping[str, Any] | None = None, *, context: Mapping[str, bool] | None = None,
    sex: str = "F", age: int = 45, medications: tuple[str, ...] = (), **more: Any,
) -> FlareAssessment:
    profile = Profile.model_validate({
        "patient_id": "P1", "age": age, "sex": sex, "biomarkers": biomarkers or {}, "hla_profile": {},
        "current_medications": medications,
    })
    return assess_flare(profile, disease, context=context, **more)


def factors(found: FlareAssessment) -> set[str]:
    return {factor.id for factor in found.contributing_factors}


DETERIORATING = [
    (SLE, {"anti_dsDNA_iu_ml": 800, "anti_dsDNA_uln": 30}), (SLE, {"uPCR_mg_g": 3500}), (SLE, {"c3_mg_dl": 55}),
    (Disease.TYPE_1_DIABETES, {"hba1c_pct": 14}), (Disease.TYPE_1_DIABETES, {"c_peptide": 0.02}),
    (Disease.MYASTHENIA_GRAVIS, {"fvc_percent_predicted": 25}), (Disease.MULTIPLE_SCLEROSIS, {"nfl": 80}),
    (Disease.GRAVES_DISEASE, {"tsh_miu_l": 0.005, "ft4_ng_dl": 6.0}), (Disease.SYSTEMIC_SCLEROSIS, {"creatinine_mg_dl": 4.5}),
    (Disease.SYSTEMIC_SCLEROSIS, {"nt_probnp_pg_ml": 4000}), (Disease.HASHIMOTO_THYROIDITIS, {"tsh_miu_l": 60}),
    (Disease.INFLAMMATORY_BOWEL_DISEASE, {"calprotectin": 1200}), (Disease.SJOGRENS_SYNDROME, {"c4_mg_dl": 4}),
]


@pytest.mark.parametrize(("disease", "biomarkers"), DETERIORATING)
def test_a_deteriorated_value_is_never_protective(disease: Disease, biomarkers: dict[str, float]) -> None:
    assert assess(disease, biomarkers).protective_factors == ()


def test_active_lupus_serology_and_proteinuria_make_high_risk_with_an_urgent_alert() -> None:
    found = assess(SLE, {"anti_dsDNA_iu_ml": 800, "anti_dsDNA_uln": 30, "c3_mg_dl": 55, "c4_mg_dl": 6, "uPCR_mg_g": 3500})
    assert found.level == "high"
    assert {"dsdna_high", "c3_low", "c4_low", "proteinuria"} <= factors(found)
    assert [alert.id for alert in found.alerts] == ["nephritis"]


def test_complement_in_grams_per_litre_is_not_low() -> None:
    found = assess(SLE, {"c3": {"value": 0.95, "unit": "g/L"}})
    assert (found.status, factors(found)) == (Status.OK, set())


def test_one_normal_value_is_too_little_to_call_the_risk_low() -> None:
    found = assess(SLE, {"c3_mg_dl": 110})
    assert (found.level, found.risk_score) == ("insufficient_data", None)
    assert "Creatinine" in found.missing


def test_normal_core_values_make_the_risk_low() -> None:
    found = assess(SLE, {"c3_mg_dl": 110, "c4_mg_dl": 25, "upcr": 80, "creatinine_mg_dl": 0.8})
    assert (found.level, found.risk_score) == ("low", 0.0)


@pytest.mark.parametrize("disease", list(Disease))
def test_no_data_give_no_level_and_no_number(disease: Disease) -> None:
    found = assess(disease)
    assert (found.status, found.level, found.risk_score) == (Status.INSUFFICIENT_DATA, "insufficient_data", None)
    assert found.missing


@pytest.mark.parametrize(("value", "expected"), [(40, set()), (120, set()), (200, {"calprotectin_raised"}),
                                                 (600, {"calprotectin_high"})])
def test_calprotectin_limits(value: float, expected: set[str]) -> None:
    assert factors(assess(Disease.INFLAMMATORY_BOWEL_DISEASE, {"calprotectin": value})) == expected


@pytest.mark.parametrize(("disease", "biomarkers"), [
    (Disease.MYASTHENIA_GRAVIS, {"c3_mg_dl": 30, "achr_antibody": 90}),
    (Disease.HASHIMOTO_THYROIDITIS, {"tpo_antibody": 900}),
    (Disease.PSORIASIS, {"crp": 90}),
])
def test_a_marker_of_another_disease_is_no_predictor(disease: Disease, biomarkers: dict[str, float]) -> None:
    assert factors(assess(disease, biomarkers)) == set()


@pytest.mark.parametrize("biomarkers", [
    {"fvc_ml_kg": 19}, {"nif": {"value": -25, "unit": "cmH2O"}}, {"fvc_percent_predicted": 25},
])
def test_respiratory_limits_of_myasthenia_are_urgent(biomarkers: dict[str, Any]) -> None:
    found = assess(Disease.MYASTHENIA_GRAVIS, biomarkers)
    assert [alert.id for alert in found.alerts] == ["respiratory"]
    assert (found.level, found.alerts[0].severity) == ("high", "critical")


def test_strong_inspiratory_force_is_not_urgent() -> None:
    assert assess(Disease.MYASTHENIA_GRAVIS, {"nif": {"value": -60, "unit": "cmH2O"}, "fvc_ml_kg": 45}).alerts == ()


def test_a_fall_of_vital_capacity_by_a_third_is_urgent() -> None:
    series = {"fvc_pct": [(date(2026, 1, 2), 100.0), (date(2026, 1, 9), 68.0)]}
    assert [alert.id for alert in assess(Disease.MYASTHENIA_GRAVIS, series=series).alerts] == ["respiratory"]


def test_systemic_sclerosis_can_raise_two_alerts_at_once() -> None:
    found = assess(Disease.SYSTEMIC_SCLEROSIS, {"nt_probnp_pg_ml": 4000, "dlco_pct": 30, "creatinine_mg_dl": 4.5})
    assert {alert.id for alert in found.alerts} == {"pah", "renal_crisis"}


def test_a_trend_needs_two_dates_and_is_read_in_date_order() -> None:
    one = assess(SLE, series={"dsdna_antibody": [(date(2026, 1, 1), 30.0)]})
    rising = assess(SLE, series={"dsdna_antibody": [(date(2026, 3, 1), 60.0), (date(2026, 1, 1), 30.0)]})
    assert ("dsdna_rising" in factors(one), "dsdna_rising" in factors(rising)) == (False, True)


def test_a_falling_protective_value_is_not_protective() -> None:
    series = {"c_peptide": [(date(2026, 1, 1), 2.0), (date(2026, 6, 1), 1.0)]}
    found = assess(Disease.TYPE_1_DIABETES, {"c_peptide": 1.0}, series=series)
    assert found.protective_factors == ()
    assert "c_peptide_falling" in factors(found)


def test_normal_crp_under_interleukin_6_blockade_counts_for_nothing() -> None:
    free = assess(Disease.RHEUMATOID_ARTHRITIS, {"crp": 0.4, "esr": 4})
    blocked = assess(Disease.RHEUMATOID_ARTHRITIS, {"crp": 0.4, "esr": 4}, medications=("tocilizumab 162 mg",))
    assert free.status is Status.OK
    assert blocked.status is Status.INSUFFICIENT_DATA
    assert any("interleukin-6" in need for need in blocked.not_assessed)


def test_stopping_hydroxychloroquine_raises_the_risk_of_lupus() -> None:
    found = assess(SLE, context={"hydroxychloroquine_stopped": True})
    assert found.level == "moderate"
    assert found.contributing_factors[0].source.pmid == "1984192"


def test_smoking_counts_in_crohn_and_not_in_ulcerative_colitis() -> None:
    def smoker(subtype: str) -> set[str]:
        profile = Profile.model_validate({
            "patient_id": "P1", "age": 30, "sex": "M", "hla_profile": {},
            "extensions": {"ibd_subtype": subtype, "smoking": "current"}})
        return factors(assess_flare(profile, Disease.INFLAMMATORY_BOWEL_DISEASE))

    assert (smoker("crohns_disease"), smoker("ulcerative_colitis")) == ({"smoking_crohn"}, set())


def test_sex_and_age_alone_are_no_finding() -> None:
    found = assess(Disease.GRAVES_DISEASE, sex="M", age=22)
    assert (factors(found), found.status) == (set(), Status.INSUFFICIENT_DATA)


def test_current_high_activity_raises_the_level() -> None:
    found = assess(Disease.RHEUMATOID_ARTHRITIS, {"crp": 2, "esr": 8}, current_activity="high")
    assert (found.level, found.current_activity) == ("moderate", "high")


def test_activity_unknown_is_said_and_not_called_moderate() -> None:
    assert assess(SLE, {"c3_mg_dl": 110}).current_activity == "unknown"


def test_an_unknown_context_key_is_echoed() -> None:
    profile = Profile.model_validate({
        "patient_id": "P1", "age": 30, "sex": "F", "hla_profile": {},
        "extensions": {"flare_context": {"smokign": True, "infection": True}}})
    found = assess_flare(profile, Disease.MYASTHENIA_GRAVIS)
    assert "not recognised: smokign" in found.notes
    assert factors(found) == {"infection"}


def test_neurofilament_without_a_limit_for_age_is_open_not_normal() -> None:
    found = assess(Disease.MULTIPLE_SCLEROSIS, {"nfl": 80})
    assert any("limit" in need for need in found.not_assessed)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(Disease)), st.dictionaries(
    st.sampled_from(sorted(analytes())), st.floats(min_value=0, max_value=1e6), max_size=8),
    st.dictionaries(st.sampled_from(sorted(vocabulary())), st.booleans(), max_size=6))
def test_score_and_level_agree_whatever_is_given(
    disease: Disease, biomarkers: dict[str, float], context: dict[str, bool]
) -> None:
    found = assess(disease, biomarkers, context=context)
    floor = {"high": 0.4, "moderate": 0.2, "low": 0.0}
    if found.level == "insufficient_data":
        assert found.risk_score is None
    else:
        assert found.risk_score is not None
        assert floor[found.level] <= found.risk_score <= 1
    assert not found.alerts or found.level == "high"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.text(max_size=200))
def test_no_text_crashes_the_assessment(key: str, text: str) -> None:
    profile = Profile.model_validate({
        "patient_id": "P1", "age": 30, "sex": "F", "hla_profile": {}, "current_medications": [text],
        "extensions": {"flare_context": {key: text}, "smoking": text, "ibd_subtype": text}})
    assess_flare(profile, Disease.PSORIASIS)


def test_every_laboratory_key_a_predictor_asks_for_exists() -> None:
    asked = set()
    for record in flare_records().values():
        asked |= {predictor.test.lab for predictor in record.predictors if predictor.test.lab}
        asked |= {test.lab for alert in record.alerts for group in alert.any_of for test in group if test.lab}
        asked |= set(record.core)
        asked |= {name for names in record.core_alternatives.values() for name in names}
    assert asked <= set(analytes())


def test_every_disease_has_predictors() -> None:
    assert set(flare_records()) == set(Disease)
