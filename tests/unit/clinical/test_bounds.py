"""A result printed as a bound (`<5`, `>100`) is used where the bound decides, and is missing where it does not."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clinical.analysis import Analysis, analyse
from services.clinical.antibodies.positivity import Measurement, judge
from services.clinical.explanation import Status
from services.clinical.labs import is_above, is_below, normalise
from services.clinical.profile import MeasuredValue, Profile
from services.clinical.titers import Outcome

BOUNDS: dict[Literal["<", "<=", ">", ">="], Any] = {
    "<": lambda true, bound: true < bound, "<=": lambda true, bound: true <= bound,
    ">": lambda true, bound: true > bound, ">=": lambda true, bound: true >= bound,
}  # fmt: skip


def of(disease: str, **biomarkers: Any) -> Analysis:
    profile = {"patient_id": "case", "age": 40, "sex": "F", "biomarkers": biomarkers, "diagnosed_conditions": [disease]}
    return analyse(Profile.model_validate(profile))


@given(st.sampled_from(sorted(BOUNDS)), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_a_decided_comparison_holds_for_every_value_the_bound_allows(
    sign: Literal["<", "<=", ">", ">="], bound: int, limit: int, true: int
) -> None:
    if BOUNDS[sign](true, bound):
        assert is_above(bound, sign, limit) in (None, true > limit)
        assert is_below(bound, sign, limit) in (None, true < limit)


@pytest.mark.parametrize("written", ["<5", "< 5", "≤5", "<=5"])
def test_the_bound_is_kept_through_the_panel_and_the_document(written: str) -> None:
    (reading,) = normalise({"CRP": MeasuredValue.model_validate({"value": written, "unit": "mg/L"})}).readings
    assert (reading.value, reading.bound, reading.flag) == (5, "<=" if written[0] == "≤" or "=" in written else "<", None)


def test_a_bound_is_converted_with_its_value() -> None:
    (reading,) = normalise({"CRP": MeasuredValue.model_validate({"value": "<0,5", "unit": "mg/dL"})}).readings
    assert (reading.shown, reading.unit) == ("<5", "mg/L")


def test_platelets_below_a_bound_under_the_criterion_meet_it_and_above_it_leave_it_open() -> None:
    for written, expected in (("<50", True), ("<150", None), (">300", None)):
        found = of("systemic_lupus_erythematosus", platelets={"value": written, "unit": "10^9/L"}, CRP=3)
        (assessed,) = (one for one in found.criteria if one.criteria.id == "sle_2019_eular_acr") if expected else (None,)
        assert (assessed is not None and assessed.answers.get("thrombocytopenia") is True) is (expected is True)


def test_a_crp_below_its_bound_gives_the_band_when_both_ends_agree() -> None:
    items = {"DAS28-CRP": {"tjc28": 0, "sjc28": 0, "patient_global_0_100": 5}}
    profile = Profile.model_validate({
        "patient_id": "case", "age": 40, "sex": "F", "diagnosed_conditions": ["rheumatoid_arthritis"],
        "biomarkers": {"CRP": {"value": "<5", "unit": "mg/L"}}, "extensions": {"instrument_items": items},
    })  # fmt: skip
    (score,) = (one for one in analyse(profile).activity if one.instrument_id == "DAS28-CRP")
    assert (score.status, score.value, score.band) == (Status.OK, None, "remission")
    assert "C-reactive protein <5 mg/L" in score.message


def test_a_crp_below_its_bound_is_missing_when_the_ends_differ_or_when_it_is_above() -> None:
    for written in ("<40", ">40"):
        profile = Profile.model_validate({
            "patient_id": "case", "age": 40, "sex": "F", "diagnosed_conditions": ["rheumatoid_arthritis"],
            "biomarkers": {"CRP": {"value": written, "unit": "mg/L"}},
            "extensions": {"instrument_items": {"DAS28-CRP": {"tjc28": 2, "sjc28": 0, "patient_global_0_100": 10}}},
        })  # fmt: skip
        (score,) = (one for one in analyse(profile).activity if one.instrument_id == "DAS28-CRP")
        assert (score.status, score.value, score.band) == (Status.INSUFFICIENT_DATA, None, None)


def test_a_tsh_below_the_detection_limit_is_suppressed() -> None:
    found = of("graves_disease", TSH={"value": "<0.01", "unit": "mIU/L"}, FT4={"value": 3.1, "unit": "ng/dL"})
    (score,) = (one for one in found.activity if one.instrument_id == "thyroid-status")
    assert score.status is Status.OK
    assert "hyper" in (score.band or "")


def test_safety_asks_for_what_a_bound_leaves_open_and_fires_where_it_decides() -> None:
    def fired(written: str) -> tuple[bool, bool]:
        found = analyse(Profile.model_validate({
            "patient_id": "case", "age": 60, "sex": "F", "diagnosed_conditions": ["rheumatoid_arthritis"],
            "biomarkers": {"eGFR": {"value": written, "unit": "mL/min/1.73m2"}},
            "current_medications": ["methotrexate 15 mg weekly"],
        }))  # fmt: skip
        is_open = any("known only as" in fact for one in found.safety.not_checkable for fact in one.missing)
        return any(alert.code == "MTX_RENAL" for alert in found.alerts), is_open

    assert fired("<15") == (True, False)
    assert fired(">90") == (False, False)
    assert fired("<60") == (False, True)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("<5", Outcome.NEGATIVE), (">200", Outcome.POSITIVE), ("<30", Outcome.UNKNOWN), (">10", Outcome.UNKNOWN)],
)
def test_an_antibody_known_as_a_bound_is_decided_only_on_one_side_of_the_limit(value: str, outcome: Outcome) -> None:
    assert judge(Measurement(antibody="anti-CCP", value=value, unit="U/mL", reference_range="<20")).outcome is outcome
