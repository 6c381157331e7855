"""Sets without points: spondyloarthritis, McDonald, type 1 diabetes, celiac, thyroid, myasthenia, bowel."""

from __future__ import annotations

import pytest

from services.clinical.criteria import CRITERIA, for_disease
from services.clinical.criteria.records import Answer
from services.clinical.criteria.results import CriteriaResult
from services.clinical.disease import Disease
from services.clinical.explanation import Status


def judge(criteria_id: str, **answers: Answer) -> CriteriaResult:
    return CRITERIA[criteria_id].evaluate(answers)


AXIAL_ABSENT: dict[str, Answer] = {item.key: False for item in CRITERIA["asas_axial_2009"].items if item.kind == "yes_no"}


def axial(*present: str, months: float = 24, onset: float = 28) -> CriteriaResult:
    answers = AXIAL_ABSENT | dict.fromkeys(present, True)
    return CRITERIA["asas_axial_2009"].evaluate(answers | {"back_pain_months": months, "age_at_onset": onset})


def test_hla_b27_is_a_feature_of_the_imaging_arm() -> None:
    assert axial("sacroiliitis_on_imaging", "hla_b27").category == "imaging_arm"


def test_clinical_arm_needs_two_features_other_than_hla_b27() -> None:
    assert axial("hla_b27", "uveitis").classified is False
    assert axial("hla_b27", "uveitis", "psoriasis").category == "clinical_arm"


@pytest.mark.parametrize(("months", "onset"), [(2.9, 28), (24, 45)])
def test_axial_entry_is_checked_before_the_arms(months: float, onset: float) -> None:
    result = axial("sacroiliitis_on_imaging", "hla_b27", "uveitis", "psoriasis", months=months, onset=onset)
    assert (result.classified, result.category) == (False, "entry_not_met")


def test_features_without_imaging_and_hla_b27_fill_neither_arm() -> None:
    assert axial("uveitis", "psoriasis", "arthritis", "dactylitis").category == "neither_arm"


def test_peripheral_spa_needs_two_others_where_group_a_is_empty() -> None:
    absent = {item.key: False for item in CRITERIA["asas_peripheral_2011"].items}
    one_other = CRITERIA["asas_peripheral_2011"].evaluate(absent | {"arthritis": True, "dactylitis": True})
    two_others = CRITERIA["asas_peripheral_2011"].evaluate(
        absent | {"arthritis": True, "dactylitis": True, "family_history": True})
    assert (one_other.classified, two_others.classified) == (False, True)


def test_unilateral_grade_two_is_not_enough_for_ankylosing_spondylitis() -> None:
    common = {"inflammatory_low_back_pain": True}
    assert judge("modified_new_york_1984", sij_grade_right=2, sij_grade_left=1, **common).classified is False
    assert judge("modified_new_york_1984", sij_grade_right=3, sij_grade_left=0, **common).classified is True


def test_mri_sacroiliitis_never_makes_ankylosing_spondylitis() -> None:
    result = judge("modified_new_york_1984", sij_grade_right=0, sij_grade_left=0, sacroiliitis_mri=True,
                   inflammatory_low_back_pain=True)
    assert result.classified is False
    assert any("non-radiographic" in note for note in result.notes)


MS_NONE: dict[str, Answer] = {
    "historical_evidence_other_site": False, "dis_on_mri": False, "dit_on_mri": False, "csf_ocb": False,
    "better_explanation": False,
}


def ms(attacks: int, lesions: int, **given: Answer) -> bool | None:
    return CRITERIA["mcdonald_2017"].evaluate(
        MS_NONE | {"clinical_attacks": attacks, "objective_lesions": lesions} | given).classified


@pytest.mark.parametrize(("attacks", "lesions", "given", "expected"), [
    (2, 2, {}, True),
    (2, 1, {}, False),
    (2, 1, {"historical_evidence_other_site": True}, True),
    (2, 1, {"dis_on_mri": True}, True),
    (2, 1, {"dit_on_mri": True, "csf_ocb": True}, False),
    (1, 2, {}, False),
    (1, 2, {"csf_ocb": True}, True),
    (1, 2, {"historical_evidence_other_site": True}, False),
    (1, 1, {"dis_on_mri": True}, False),
    (1, 1, {"dis_on_mri": True, "csf_ocb": True}, True),
    (1, 1, {"dit_on_mri": True, "csf_ocb": True}, False),
    (0, 2, {"dis_on_mri": True, "dit_on_mri": True}, False),
    (2, 2, {"better_explanation": True}, False),
    (2, 2, {"aqp4_igg": True}, False),
])
def test_mcdonald_table(attacks: int, lesions: int, given: dict[str, Answer], expected: bool) -> None:
    assert ms(attacks, lesions, **given) is expected


def test_two_mri_regions_stand_for_dissemination_in_space() -> None:
    regions = {"region_periventricular": True, "region_spinal_cord": True, "dis_on_mri": None}
    assert ms(2, 1, **regions) is True


def test_mcdonald_without_knowing_better_explanations_stays_open() -> None:
    assert ms(2, 2, better_explanation=None) is None


def test_ppms_needs_a_year_and_two_of_three() -> None:
    base: dict[str, Answer] = {"brain_lesion_regions": 1, "spinal_cord_t2_lesions": 1, "better_explanation": False}
    short = judge("mcdonald_2017_ppms", progression_months=11, csf_ocb=True, **base)
    one = judge("mcdonald_2017_ppms", progression_months=12, csf_ocb=False, **base)
    two = judge("mcdonald_2017_ppms", progression_months=12, csf_ocb=True, **base)
    assert (short.classified, one.classified, two.classified) == (False, False, True)


T1D_NORMAL: dict[str, Answer] = {
    "gad65": True, "ia2": True, "znt8": False, "iaa": False, "persistent_confirmed": True,
    "fpg_mg_dl": 88, "ogtt_2h_mg_dl": 120, "hba1c_pct": 5.3,
}


@pytest.mark.parametrize(("given", "category"), [
    ({}, "stage_1"),
    ({"fpg_mg_dl": 100}, "stage_2"),
    ({"ogtt_2h_mg_dl": 140}, "stage_2"),
    ({"hba1c_pct": 5.7}, "stage_2"),
    ({"hba1c_rise_ge_10_percent": True}, "stage_2"),
    ({"fpg_mg_dl": 126, "hba1c_pct": 6.5}, "stage_3"),
    ({"random_mg_dl": 200, "classic_symptoms": True}, "stage_3"),
    ({"ia2": False}, "at_risk_single_antibody"),
    ({"gad65": False, "ia2": False}, "not_staged"),
    ({"gad65": False, "iaa": True, "insulin_over_two_weeks": True}, "at_risk_single_antibody"),
])
def test_type_1_diabetes_stages(given: dict[str, Answer], category: str) -> None:
    assert CRITERIA["t1d_staging_2015"].evaluate(T1D_NORMAL | given).category == category


def test_one_abnormal_result_waits_for_confirmation() -> None:
    result = CRITERIA["t1d_staging_2015"].evaluate(T1D_NORMAL | {"fpg_mg_dl": 131})
    assert (result.status, result.category, result.missing) == (
        Status.INSUFFICIENT_DATA, None, ("confirmed_abnormal_test",))


def test_a_result_that_waits_for_confirmation_takes_nothing_from_a_stage_2_shown_by_another_test() -> None:
    result = CRITERIA["t1d_staging_2015"].evaluate(T1D_NORMAL | {"fpg_mg_dl": 131, "hba1c_pct": 5.9})
    assert (result.category, any("stage 3 only if confirmed" in note for note in result.notes)) == ("stage_2", True)


def test_stage_one_is_not_claimed_without_a_tolerance_test() -> None:
    result = CRITERIA["t1d_staging_2015"].evaluate(T1D_NORMAL | {"ogtt_2h_mg_dl": None})
    assert (result.category, result.missing) == (None, ("ogtt_2h_mg_dl",))


def test_hba1c_in_the_wrong_unit_is_refused() -> None:
    result = judge("ada_diabetes_2025", hba1c_pct=58)
    assert (result.status, result.invalid) == (Status.INVALID_INPUT, ("hba1c_pct",))


@pytest.mark.parametrize(("given", "category"), [
    ({}, "no_biopsy_diagnosis_possible"),
    ({"ttg_multiple": 9.99}, "positive_serology_biopsy_needed"),
    ({"ema_second_sample": False}, "positive_serology_biopsy_needed"),
    ({"age": 30}, "positive_serology_biopsy_needed"),
    ({"family_agreement": False}, "positive_serology_biopsy_needed"),
    ({"total_iga": "deficient", "ttg_multiple": 0.2}, "iga_deficient_use_igg_tests_and_biopsy"),
    ({"ttg_multiple": 0.3}, "negative_serology"),
    ({"ttg_multiple": 0.3, "on_gluten": False}, "serology_unreliable_on_gluten_free_diet"),
])
def test_celiac_pathway(given: dict[str, Answer], category: str) -> None:
    base: dict[str, Answer] = {
        "age": 7, "on_gluten": True, "total_iga": "normal", "ttg_multiple": 10, "ema_second_sample": True}
    assert CRITERIA["celiac_espghan_2020"].evaluate(base | given).category == category


def test_ten_times_the_limit_without_ema_is_not_a_diagnosis() -> None:
    result = judge("celiac_espghan_2020", age=7, on_gluten=True, total_iga="normal", ttg_multiple=12)
    assert (result.classified, result.category, result.missing) == (None, None, ("ema_second_sample",))


def test_negative_ttg_without_total_iga_excludes_nothing() -> None:
    result = judge("celiac_espghan_2020", age=7, on_gluten=True, ttg_multiple=0.2)
    assert (result.status, result.missing) == (Status.INSUFFICIENT_DATA, ("total_iga",))


@pytest.mark.parametrize(("lymphocytes", "crypts", "villi", "grade"), [
    (False, False, "normal", "marsh_0"), (True, False, "normal", "marsh_1"), (True, True, "normal", "marsh_2"),
    (True, True, "partial", "marsh_3a"), (True, True, "total", "marsh_3c"),
])
def test_marsh_grades(lymphocytes: bool, crypts: bool, villi: str, grade: str) -> None:
    assert judge("marsh_oberhuber", raised_iel=lymphocytes, crypt_hyperplasia=crypts, villi=villi).category == grade


def test_atrophy_without_lymphocytes_is_inconsistent_with_marsh() -> None:
    result = judge("marsh_oberhuber", raised_iel=False, crypt_hyperplasia=True, villi="total")
    assert (result.status, result.category) == (Status.INCONSISTENT_INPUT, None)


def test_graves_needs_overt_hyperthyroidism_and_a_cause() -> None:
    overt: dict[str, Answer] = {"tsh_suppressed": True, "ft4_or_t3_raised": True}
    assert judge("graves_ata_2016", **overt, trab_positive=True).classified is True
    none = judge("graves_ata_2016", **overt, trab_positive=False, diffuse_uptake=False, orbitopathy=False)
    assert none.classified is False
    assert any("thyroiditis" in note for note in none.notes)


def test_biotin_keeps_graves_open() -> None:
    result = judge("graves_ata_2016", tsh_suppressed=True, ft4_or_t3_raised=True, trab_positive=True, biotin_use=True)
    assert result.classified is None


def test_tpo_antibody_alone_is_not_hashimoto() -> None:
    result = judge("hashimoto_ata_2014", tsh_raised=False, tpo_antibody=True)
    assert result.classified is False
    assert any("risk state" in note for note in result.notes)


def test_normal_tsh_on_levothyroxine_does_not_exclude_hashimoto() -> None:
    assert judge("hashimoto_ata_2014", tsh_raised=False, on_levothyroxine=True, tpo_antibody=True).classified is None


def test_seronegative_myasthenia_needs_electrophysiology() -> None:
    base: dict[str, Answer] = {
        "fatigable_weakness": True, "better_explanation": False, "achr_antibody": False, "musk_antibody": False}
    assert judge("mg_diagnosis", **base, sfemg_abnormal=True).category == "seronegative"
    assert judge("mg_diagnosis", **base, sfemg_abnormal=False, rns_decrement_ge_10=False).category == "clinical_only"


@pytest.mark.parametrize(("given", "category"), [
    ({"weakness": "ocular_only"}, "I"),
    ({"weakness": "mild", "predominant": "limb_axial"}, "IIa"),
    ({"weakness": "moderate", "predominant": "limb_axial", "feeding_tube": True}, "IVb"),
    ({"weakness": "severe", "predominant": "bulbar_respiratory", "intubated": True, "feeding_tube": True}, "V"),
])
def test_mgfa_classes(given: dict[str, Answer], category: str) -> None:
    assert judge("mgfa_class", **given).category == category


def test_mgfa_without_the_pattern_is_open() -> None:
    assert judge("mgfa_class", weakness="mild").missing == ("predominant",)


IBD: dict[str, Answer] = {
    "chronic_symptoms": True, "endoscopic_inflammation": True, "histology_chronic_inflammation": True,
    "infection_excluded": True,
}


@pytest.mark.parametrize(("features", "category"), [
    (("granuloma", "fibrosis"), "crohn_established"),
    (("fibrosis", "transmural_inflammation", "lymphoid_aggregates"), "crohn_established"),
    (("fibrosis", "transmural_inflammation"), "crohn_probable"),
    (("granuloma",), "ibd_unclassified"),
    (("continuous_from_rectum",), "ulcerative_colitis_pattern"),
    ((), "ibd_unclassified"),
])
def test_lennard_jones_features(features: tuple[str, ...], category: str) -> None:
    assert CRITERIA["ibd_lennard_jones"].evaluate(IBD | dict.fromkeys(features, True)).category == category


def test_symptoms_alone_are_no_inflammatory_bowel_disease() -> None:
    assert judge("ibd_lennard_jones", chronic_symptoms=True).classified is None
    assert CRITERIA["ibd_lennard_jones"].evaluate(IBD | {"infection_excluded": False}).classified is False


@pytest.mark.parametrize(("age", "given", "code"), [
    (16, {"site": "ileal", "behaviour": "inflammatory", "perianal": False}, "A1L1B1"),
    (40, {"site": "ileocolonic", "behaviour": "stricturing", "perianal": True}, "A2L3B2p"),
    (41, {"site": "colonic", "upper_gi": True, "behaviour": "penetrating", "perianal": False}, "A3L2+L4B3"),
    (20, {"site": "upper_only", "behaviour": "inflammatory", "perianal": False}, "A2L4B1"),
])
def test_montreal_crohn(age: int, given: dict[str, Answer], code: str) -> None:
    assert judge("montreal_crohn", age_dx=age, **given).category == code


@pytest.mark.parametrize(("given", "code"), [
    ({"bloody_stools_per_day": 7, "pulse": 98, "temp_c": 37.9, "hb_g_dl": 9.8, "esr": 42}, "E2S3"),
    ({"bloody_stools_per_day": 6, "pulse": 80, "temp_c": 36.8, "hb_g_dl": 13, "esr": 12}, "E2S2"),
    ({"bloody_stools_per_day": 5, "pulse": 80, "temp_c": 36.8, "hb_g_dl": 13, "esr": 12}, "E2S2"),
    ({"bloody_stools_per_day": 2, "pulse": 80, "temp_c": 36.8, "hb_g_dl": 13, "esr": 12}, "E2S1"),
    ({"in_remission": True}, "E2S0"),
])
def test_montreal_ulcerative_colitis(given: dict[str, Answer], code: str) -> None:
    assert judge("montreal_uc", extent="left_sided", **given).category == code


def test_each_disease_has_at_least_one_set() -> None:
    assert all(for_disease(disease) for disease in Disease)


def test_every_result_says_it_is_no_diagnosis() -> None:
    assert all("diagnos" in criteria.evaluate({}).statement for criteria in CRITERIA.values())
    assert CRITERIA["sle_2019_eular_acr"].evaluate({}).statement.startswith("Classification criteria, not a diagnosis")


def test_montreal_is_a_phenotype_and_not_a_diagnosis() -> None:
    assert CRITERIA["montreal_crohn"].purpose == CRITERIA["montreal_uc"].purpose == "phenotype"
