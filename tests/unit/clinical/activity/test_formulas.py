"""Each instrument by value: worked examples, band edges, published maxima."""

from __future__ import annotations

import math
from typing import Any

import pytest

from services.clinical.activity import INSTRUMENTS, ActivityScore
from services.clinical.explanation import Status


def compute(instrument: str, **inputs: Any) -> ActivityScore:
    return INSTRUMENTS[instrument].compute(inputs)


def everything(instrument: str, value: Any) -> dict[str, Any]:
    return {item.key: value for item in INSTRUMENTS[instrument].items if item.required}


def maximum(instrument: str) -> dict[str, Any]:
    items = (item for item in INSTRUMENTS[instrument].items if item.required and item.maximum is not None)
    return {item.key: item.maximum for item in items}


@pytest.mark.parametrize(
    ("instrument", "inputs", "value", "band"),
    [
        ("DAS28-ESR", {"tjc28": 9, "sjc28": 4, "esr_mm_h": math.e**2, "pga_0_100_mm": 50}, 1.68 + 0.56 + 1.4 + 0.7, "moderate"),
        ("DAS28-CRP", {"tjc28": 0, "sjc28": 0, "crp_mg_l": 0, "pga_0_100_mm": 0}, 0.96, "remission"),
        ("CDAI", {"tjc28": 28, "sjc28": 28, "pga_0_10": 10, "ega_0_10": 10}, 76, "high"),
        ("SDAI", {"tjc28": 1, "sjc28": 1, "pga_0_10": 0.5, "ega_0_10": 0.5, "crp_mg_l": 3}, 3.3, "remission"),
        ("BASDAI", {"q1": 4, "q2": 4, "q3": 4, "q4": 4, "q5": 3, "q6": 5}, 4.0, "active"),
        ("DAPSA", {"tjc68": 68, "sjc66": 66, "pain_0_10": 10, "pga_0_10": 10, "crp_mg_dl": 10}, 164, "high"),
        ("EDSS", {"edss": 6.5}, 6.5, "6.0-6.5 walking aid needed"),
        ("IDAA1c", {"hba1c_pct": 7.0, "insulin_u_per_day": 35, "weight_kg": 70}, 9.0, "partial_remission"),
        ("HbA1c", {"hba1c": {"value": 75, "unit": "mmol/mol"}}, 9.0125, "above_target"),
        ("C-peptide", {"c_peptide": {"value": 0.5, "unit": "ng/mL"}}, 165.56, "<200 pmol/L (0.6 ng/mL): supports T1D"),
        ("C-peptide", {"c_peptide_random_pmol_l": 200}, 200, "200-600 pmol/L: indeterminate"),
        ("tTG-multiple", {"ttg_iga": 150, "ttg_uln": 15}, 10, "at_least_10x"),
    ],
)  # fmt: skip
def test_a_worked_example(instrument: str, inputs: dict[str, Any], value: float, band: str) -> None:
    score = compute(instrument, **inputs)
    assert score.status is Status.OK, score.message
    assert score.value == pytest.approx(value, abs=0.005)
    assert score.band == band


@pytest.mark.parametrize(
    ("instrument", "highest"),
    [("CDAI", 76), ("BASDAI", 10), ("ESSDAI", 123), ("ESSPRI", 10), ("mRSS", 51), ("MG-ADL", 24), ("QMG", 39), ("Mayo-full", 12),
     ("Mayo-partial", 9), ("PASI", 72), ("EDSS", 10)],
)  # fmt: skip
def test_the_highest_answers_give_the_published_maximum(instrument: str, highest: float) -> None:
    score = compute(instrument, **maximum(instrument))
    assert score.value == pytest.approx(highest)
    score_range = INSTRUMENTS[instrument].score_range
    assert score_range is not None
    assert score_range[1] == highest


def test_sledai_has_twenty_four_items_that_add_up_to_105() -> None:
    items = INSTRUMENTS["SLEDAI-2K"].items
    assert len(items) == 24
    assert compute("SLEDAI-2K", **everything("SLEDAI-2K", True)).value == 105
    assert [sum(item.weight == weight for item in items) for weight in (8, 4, 2, 1)] == [8, 6, 7, 3]


def test_das28_of_the_largest_joint_counts_matches_the_published_range() -> None:
    score = compute("DAS28-ESR", tjc28=28, sjc28=28, esr_mm_h=150, pga_0_100_mm=100)
    assert score.value == pytest.approx(9.35, abs=0.01)


@pytest.mark.parametrize(
    ("instrument", "edges"),
    [
        ("DAS28-CRP", {2.5999: "remission", 2.6: "low", 3.2: "low", 3.2001: "moderate", 5.1: "moderate", 5.1001: "high"}),
        ("CDAI", {2.8: "remission", 2.8001: "low", 10: "low", 10.1: "moderate", 22: "moderate", 22.1: "high"}),
        ("SDAI", {3.3: "remission", 3.31: "low", 11: "low", 26: "moderate", 26.1: "high"}),
        ("SLEDAI-2K", {0: "none", 1: "mild", 5: "mild", 6: "moderate", 10: "moderate", 11: "high", 19: "high", 20: "very_high"}),
        ("ASDAS-CRP", {1.2999: "inactive", 1.3: "low", 2.0999: "low", 2.1: "high", 3.5: "high", 3.5001: "very_high"}),
        ("BASDAI", {3.9999: "not_active", 4: "active"}),
        ("DAPSA", {4: "remission", 4.1: "low", 14: "low", 14.1: "moderate", 28: "moderate", 28.1: "high"}),
        ("PASI", {10: "mild", 10.1: "moderate_to_severe"}),
        ("HBI", {4: "remission", 5: "mild", 7: "mild", 8: "moderate", 16: "moderate", 17: "severe"}),
        ("CDAI-Crohn", {149.9: "remission", 150: "mild", 219: "mild", 220: "moderate", 450: "moderate", 450.1: "severe"}),
        ("Mayo-full", {2: "clinical_remission", 3: "mild", 5: "mild", 6: "moderate", 10: "moderate", 11: "severe"}),
        ("Mayo-partial", {1: "remission", 2: "mild", 4: "mild", 5: "moderate", 7: "moderate", 8: "severe"}),
        ("ESSDAI", {4: "low", 5: "moderate", 13: "moderate", 14: "high"}),
        ("Burch-Wartofsky", {24: "storm_unlikely", 25: "impending_storm", 44: "impending_storm", 45: "storm_highly_suggestive"}),
        ("IDAA1c", {9: "partial_remission", 9.01: "not_in_partial_remission"}),
    ],
)  # fmt: skip
def test_band_edges_belong_where_they_were_published(instrument: str, edges: dict[float, str]) -> None:
    record = INSTRUMENTS[instrument].record
    assert {value: band.band if (band := record.band_of(value)) else None for value in edges} == edges


def test_a_band_is_found_on_the_unrounded_value_without_binary_noise() -> None:
    assert compute("CDAI", tjc28=0, sjc28=0, pga_0_10=1.5, ega_0_10=1.3).band == "remission"  # 2.8 in binary is not 2.8
    assert compute("CDAI", tjc28=0, sjc28=0, pga_0_10=1.5, ega_0_10=1.304).band == "low"


@pytest.mark.parametrize("crp", [{"crp_mg_l": 0.5}, {"crp_mg_l": 1.99}, {"crp_below_detection": True}, {"crp": "<0.6 mg/L"},
                                 {"crp": {"value": "< LOD", "unit": "mg/L"}}, {"crp_mg_dl": 0.1}, {"crp_mg_l": 2}])  # fmt: skip
def test_asdas_enters_a_low_or_undetected_crp_as_two(crp: dict[str, Any]) -> None:
    patient = ("back_pain_0_10", "morning_stiffness_duration_0_10", "patient_global_0_10", "peripheral_pain_swelling_0_10")
    assert compute("ASDAS-CRP", **dict.fromkeys(patient, 0), **crp).value == pytest.approx(0.6372, abs=1e-4)


def test_das28_does_not_apply_the_asdas_rule_to_a_printed_detection_limit() -> None:
    score = compute("DAS28-CRP", tjc28=1, sjc28=1, crp="<0.6 mg/L", pga_0_100_mm=10)
    assert (score.status, score.invalid) == (Status.INVALID_INPUT, ("crp",))


def test_a_full_mayo_of_two_made_of_one_subscore_is_not_remission() -> None:
    spread = compute("Mayo-full", stool_frequency=1, rectal_bleeding=0, endoscopy=1, physician_global=0)
    single = compute("Mayo-full", stool_frequency=2, rectal_bleeding=0, endoscopy=0, physician_global=0)
    assert (spread.value, spread.band) == (2, "clinical_remission")
    assert (single.value, single.band) == (2, "mild")


@pytest.mark.parametrize(
    ("percent", "code"), [(0, 0), (0.5, 1), (9.9, 1), (10, 2), (29.9, 2), (30, 3), (50, 4), (70, 5), (90, 6), (100, 6)]
)
def test_pasi_area_percentages_become_codes(percent: float, code: int) -> None:
    severity = {f"{region}.{sign}": 1 for region in ("head", "upper", "trunk", "lower") for sign in "eid"}
    rest = {"upper.a": 0, "trunk.a": 0, "lower.a": 0}
    by_percent = compute("PASI", **severity, **rest, **{"head.area_pct": percent})
    by_code = compute("PASI", **severity, **rest, **{"head.a": code})
    assert by_percent.value == by_code.value == pytest.approx(0.3 * code)


def test_pasi_refuses_a_code_and_a_percentage_that_disagree() -> None:
    inputs = maximum("PASI") | {"head.area_pct": 20}
    assert compute("PASI", **inputs).status is Status.INCONSISTENT_INPUT


def test_the_crohn_index_subtracts_for_high_haematocrit_and_at_most_ten_for_weight() -> None:
    quiet = {
        "sex": "F", "liquid_stools_7d_sum": 0, "abdominal_pain_7d_sum": 0, "wellbeing_7d_sum": 0,
        "complication_categories": 0, "antidiarrheal_use": False, "mass_0_2_5": 0, "standard_weight_kg": 60,
    }  # fmt: skip
    assert compute("CDAI-Crohn", **quiet, hematocrit_pct=44, weight_kg=90).value == pytest.approx(-12 - 10)
    assert compute("CDAI-Crohn", **quiet, hematocrit_pct=42, weight_kg=48).value == pytest.approx(20)


@pytest.mark.parametrize(
    ("temperature", "points"), [(98.9, 0), (99, 5), (99.99, 5), (100, 10), (102.4, 20), (103.9, 25), (104, 30)]
)
def test_burch_wartofsky_temperature_points(temperature: float, points: float) -> None:
    rest = {"cns": "none", "gi": "none", "heart_rate": 80, "chf": "none", "atrial_fibrillation": False, "precipitant": False}
    assert compute("Burch-Wartofsky", temperature_f=temperature, **rest).value == points
    celsius = (temperature - 32) / 1.8
    assert compute("Burch-Wartofsky", temperature_c=celsius, **rest).value == points


def test_burch_wartofsky_reaches_140_and_is_not_called_activity() -> None:
    score = compute(
        "Burch-Wartofsky", temperature_f=106, cns="coma", gi="jaundice", heart_rate=150, chf="severe",
        atrial_fibrillation=True, precipitant=True,
    )  # fmt: skip
    assert (score.value, score.level) == (140, None)
    assert "not disease activity" in score.message


@pytest.mark.parametrize(
    ("visit", "signs", "band", "denominator"),
    [("first", 2, "inactive", 7), ("first", 3, "active", 7), ("followup", 3, "inactive", 10), ("followup", 4, "active", 10)],
)
def test_cas_is_active_from_three_of_seven_or_four_of_ten(visit: str, signs: int, band: str, denominator: int) -> None:
    flags = [item.key for item in INSTRUMENTS["CAS"].items if item.weight][:signs]
    score = compute("CAS", visit=visit, present=flags, all_other_items_assessed_absent=True)
    assert (score.value, score.band, score.components["denominator"]) == (signs, band, denominator)


def test_cas_asks_for_the_change_items_at_a_follow_up_visit() -> None:
    score = compute("CAS", visit="follow-up", **everything("CAS", False))
    assert (score.status, len(score.missing)) == (Status.INSUFFICIENT_DATA, 3)


@pytest.mark.parametrize(
    ("share", "met"), [({}, True), ({"tbr_lt70_pct": 4, "tir_70_180_pct": 76}, False), ({"tbr_lt54_pct": 1}, False)]
)
def test_time_in_range_targets_are_strict(share: dict[str, float], met: bool) -> None:
    good = {"tir_70_180_pct": 77, "tbr_lt70_pct": 3, "tbr_lt54_pct": 0.5, "tar_gt180_pct": 20, "tar_gt250_pct": 4}
    assert compute("TIR", **good | share).components["all_targets_met"] is met


@pytest.mark.parametrize("share", [{"tbr_lt54_pct": 3.5}, {"tar_gt250_pct": 30}, {"tir_70_180_pct": 50}])
def test_times_that_cannot_all_be_true_are_inconsistent(share: dict[str, float]) -> None:
    good = {"tir_70_180_pct": 77, "tbr_lt70_pct": 3, "tbr_lt54_pct": 0.5, "tar_gt180_pct": 20, "tar_gt250_pct": 4}
    assert compute("TIR", **good | share).status is Status.INCONSISTENT_INPUT


def test_lldas_needs_all_five_conditions() -> None:
    good: dict[str, Any] = {
        "sledai_2k": 4, "major_organ_activity": False, "new_activity": False, "phga_0_3": 1, "prednisolone_mg_day": 7.5,
        "standard_maintenance_tolerated": True,
    }  # fmt: skip
    assert compute("LLDAS", **good).band == "low_disease_activity"
    spoiled = {"sledai_2k": 5, "major_organ_activity": True, "new_activity": True, "phga_0_3": 1.1, "prednisolone_mg_day": 8,
               "standard_maintenance_tolerated": False}  # fmt: skip
    assert {compute("LLDAS", **good | {key: value}).band for key, value in spoiled.items()} == {"not_low_disease_activity"}
    for key in good:
        assert compute("LLDAS", **good | {key: None}).missing == (key,)


def test_doris_requires_a_physician_global_strictly_below_a_half() -> None:
    good = {"clinical_sledai": 0, "phga_0_3": 0.4, "prednisolone_mg_day": 5}
    assert compute("DORIS", **good).band == "remission"
    assert compute("DORIS", **good | {"phga_0_3": 0.5}).band == "not_remission"


def test_boolean_remission_allows_one_joint_one_mg_dl_and_two_centimetres() -> None:
    good = {"tjc28": 1, "sjc28": 1, "crp_mg_l": 10, "pga_0_10": 2}
    assert compute("RA-Boolean-2.0", **good).band == "remission"
    for worse in ({"tjc28": 2}, {"sjc28": 2}, {"crp_mg_l": 10.1}, {"pga_0_10": 2.1}):
        assert compute("RA-Boolean-2.0", **good | worse).band == "not_remission"


@pytest.mark.parametrize(
    ("tsh", "ft4", "ft3", "pattern"),
    [
        (12, "low", None, "overt_primary_hypothyroidism"),
        (4.6, "normal", None, "subclinical_hypothyroidism_grade1"),
        (9.99, "normal", "normal", "subclinical_hypothyroidism_grade1"),
        (10, "normal", None, "subclinical_hypothyroidism_grade2"),
        (4.5, "normal", None, "euthyroid"),
        (0.4, "normal", "low", "euthyroid"),
        (0.39, "normal", "normal", "subclinical_hyperthyroidism_grade1"),
        (0.1, "normal", "normal", "subclinical_hyperthyroidism_grade1"),
        (0.09, "normal", "normal", "subclinical_hyperthyroidism_grade2"),
        (0.01, "high", None, "overt_hyperthyroidism"),
        (0.01, "normal", "high", "overt_hyperthyroidism"),
        (2.0, "low", None, "possible_central_hypothyroidism"),
        (0.2, "low", "normal", "possible_central_hypothyroidism"),
        (2.0, "high", None, "inappropriate_TSH_pattern"),
        (8.0, "high", "high", "inappropriate_TSH_pattern"),
        (6.0, "normal", "high", "inappropriate_TSH_pattern"),
    ],
)
def test_thyroid_pattern(tsh: float, ft4: str, ft3: str | None, pattern: str) -> None:
    assert compute("thyroid-status", tsh_miu_l=tsh, ft4=ft4, ft3=ft3, ref_tsh=[0.4, 4.5]).band == pattern


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"tsh_miu_l": 60, "ref_tsh": [0.4, 4.5]}, ("ft4",)),
        ({"tsh_miu_l": 0.01, "ft4": "normal", "ref_tsh": [0.4, 4.5]}, ("ft3",)),
        ({"tsh_miu_l": 2, "ft4": "normal"}, ("ref_tsh",)),
        ({"tsh_miu_l": 2, "ft4": {"value": 1.1, "unit": "ng/dL"}, "ref_tsh": [0.4, 4.5]}, ("ref_ft4",)),
    ],
)
def test_tsh_alone_does_not_give_a_pattern(given: dict[str, Any], missing: tuple[str, ...]) -> None:
    score = compute("thyroid-status", **given)
    assert (score.status, score.missing, score.band) == (Status.INSUFFICIENT_DATA, missing, None)


@pytest.mark.parametrize(
    ("inputs", "conclusion"),
    [
        ({"age": 7, "ttg_iga": 150, "ema_second_sample": True}, "no_biopsy_diagnosis_possible"),
        ({"age": 7, "ttg_iga": 149.9, "ema_second_sample": True}, "positive_serology_biopsy_needed"),
        ({"age": 7, "ttg_iga": 300, "ema_second_sample": False}, "positive_serology_biopsy_needed"),
        ({"age": 30, "ttg_iga": 300, "ema_second_sample": True}, "positive_serology_biopsy_needed"),
        ({"age": 7, "ttg_iga": 15}, "negative_serology"),
        ({"age": 7, "ttg_iga": 300, "ema_second_sample": True, "total_iga": "low"}, "IgA_deficient_use_IgG_tests_and_biopsy"),
        ({"age": 7, "ttg_iga": 1, "on_gluten": False}, "serology_unreliable_on_gluten_free_diet"),
        ({"age": 7, "ttg_iga": 60, "on_gluten": False}, "positive_serology_biopsy_needed"),
    ],
)
def test_celiac_serology(inputs: dict[str, Any], conclusion: str) -> None:
    given = {"ttg_uln": 15, "total_iga": "normal", "on_gluten": True} | inputs
    assert compute("celiac-serology", **given).band == conclusion


def test_celiac_serology_does_not_skip_the_biopsy_without_a_second_sample() -> None:
    score = compute("celiac-serology", age=7, ttg_iga=200, ttg_uln=15, total_iga="normal", on_gluten=True)
    assert (score.status, score.missing) == (Status.INSUFFICIENT_DATA, ("ema_second_sample",))


def test_a_negative_ttg_means_nothing_before_total_iga_and_diet_are_known() -> None:
    score = compute("celiac-serology", age=7, ttg_iga=2, ttg_uln=15)
    assert set(score.missing) == {"total_iga", "on_gluten"}
