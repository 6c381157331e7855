"""The weighted sets: domain maxima, entry and exclusion criteria, intervals of points."""

from __future__ import annotations

import pytest

from services.clinical.criteria import CRITERIA
from services.clinical.criteria.records import Answer
from services.clinical.explanation import Status

SLE = CRITERIA["sle_2019_eular_acr"]
SSC = CRITERIA["ssc_2013_acr_eular"]
SJOGREN = CRITERIA["sjogren_2016_acr_eular"]
CASPAR = CRITERIA["caspar_2006"]


def assessed(criteria_id: str, *present: str, **given: Answer) -> dict[str, Answer]:
    """Return answers with every item assessed: those named are present, the rest absent."""
    answers: dict[str, Answer] = {item.key: False for item in CRITERIA[criteria_id].items if item.kind == "yes_no"}
    return {**answers, **dict.fromkeys(present, True), **given}


def sle(*present: str, ana: Answer = True) -> dict[str, Answer]:
    return assessed("sle_2019_eular_acr", *present, ana_ge_1_80=ana)


def test_sle_counts_only_the_highest_mucocutaneous_item() -> None:
    result = SLE.evaluate(sle("nonscarring_alopecia", "oral_ulcers", "acute_cutaneous"))
    assert (result.points, result.classified) == (6, False)


def test_sle_class_iv_nephritis_with_ana_alone_classifies() -> None:
    result = SLE.evaluate(sle("proteinuria_gt_0_5g_24h", "class_III_or_IV_nephritis"))
    assert (result.points, result.classified) == (10, True)


def test_sle_anti_dsdna_and_anti_sm_count_once() -> None:
    result = SLE.evaluate(sle("anti_dsDNA", "anti_Sm"))
    assert result.points == 6


def test_sle_both_complements_low_is_worth_four() -> None:
    assert SLE.evaluate(sle("low_C3_and_low_C4")).points == 4
    assert SLE.evaluate(sle("low_C3_or_low_C4")).points == 3


def test_sle_immunology_alone_never_classifies() -> None:
    result = SLE.evaluate(sle("anti_dsDNA", "low_C3_and_low_C4", "antiphospholipid_antibodies"))
    assert (result.points, result.classified) == (12, False)
    assert any("no clinical criterion" in note for note in result.notes)


def test_sle_without_ana_does_not_classify_whatever_the_points() -> None:
    result = SLE.evaluate(sle("acute_cutaneous", "joint_involvement", "class_III_or_IV_nephritis", ana=False))
    assert (result.entry_met, result.classified) == (False, False)
    assert result.points == 22


def test_sle_with_unknown_ana_is_open_and_says_so() -> None:
    result = SLE.evaluate(sle("acute_cutaneous", "joint_involvement", ana=None))
    assert result.status is Status.INSUFFICIENT_DATA
    assert result.missing == ("ana_ge_1_80",)
    assert {(change.item, change.classified) for change in result.would_change} >= {
        ("ana_ge_1_80", True), ("ana_ge_1_80", False)}


def test_sle_item_with_a_likelier_cause_does_not_count_but_is_shown() -> None:
    answers = sle("joint_involvement") | {"leukopenia": "other_cause"}
    result = SLE.evaluate(answers)
    assert result.points == 6
    assert any("another cause" in step.note for step in result.explanation.steps)


def test_sle_points_are_an_interval_while_items_are_open() -> None:
    result = SLE.evaluate({"ana_ge_1_80": True, "joint_involvement": True})
    assert result.points == 6
    assert result.points_max_reachable == 51
    assert result.classified is None


def test_missing_items_are_never_read_as_absent() -> None:
    result = SLE.evaluate({})
    assert result.classified is None
    assert "class_III_or_IV_nephritis" in result.missing


def test_sle_that_can_no_longer_reach_ten_is_settled_with_items_open() -> None:
    answers = sle("fever")
    answers["delirium"] = None
    result = SLE.evaluate(answers)
    assert (result.status, result.classified, result.points_max_reachable) == (Status.OK, False, 4)


@pytest.mark.parametrize(("present", "points"), [
    (("anti_centromere", "anti_topoisomerase_I", "anti_RNA_polymerase_III"), 3),
    (("PAH", "ILD", "puffy_fingers", "sclerodactyly"), 6),
    (("digital_tip_ulcers", "pitting_scars"), 3),
    (("sclerodactyly", "raynaud", "telangiectasia"), 9),
    (("skin_fingers_proximal_to_mcp",), 9),
])
def test_ssc_domains_have_maxima(present: tuple[str, ...], points: float) -> None:
    answers = assessed("ssc_2013_acr_eular", *present, scleroderma_like_disorder="none")
    result = SSC.evaluate(answers)
    assert (result.points, result.classified) == (points, points >= 9)


def test_ssc_does_not_apply_with_a_scleroderma_like_disorder() -> None:
    answers = assessed("ssc_2013_acr_eular", "skin_fingers_proximal_to_mcp", scleroderma_like_disorder="porphyria")
    assert SSC.evaluate(answers).classified is False


def test_ssc_does_not_apply_when_the_fingers_are_spared() -> None:
    answers = assessed("ssc_2013_acr_eular", "raynaud", "anti_centromere", "telangiectasia", "ILD", "fingers_spared",
                       scleroderma_like_disorder="none")
    assert SSC.evaluate(answers).classified is False


def test_ssc_with_unasked_exclusions_stays_open() -> None:
    answers = assessed("ssc_2013_acr_eular", "skin_fingers_proximal_to_mcp", fingers_spared=None)
    result = SSC.evaluate(answers)
    assert result.classified is None
    assert set(result.missing) == {"fingers_spared", "scleroderma_like_disorder"}


def test_sjogren_needs_a_three_point_item() -> None:
    present = ("dryness_symptom", "ocular_staining_score_ge_5", "schirmer_le_5mm_5min", "uws_flow_le_0_1_ml_min")
    result = SJOGREN.evaluate(assessed("sjogren_2016_acr_eular", *present))
    assert (result.points, result.classified) == (3, False)


def test_anti_la_without_anti_ro_gives_no_points() -> None:
    present = ("dryness_symptom", "anti_la_positive", "schirmer_le_5mm_5min", "ocular_staining_score_ge_5")
    result = SJOGREN.evaluate(assessed("sjogren_2016_acr_eular", *present))
    assert (result.points, result.classified) == (2, False)


def test_sjogren_accepts_an_essdai_domain_as_entry() -> None:
    present = ("essdai_domain_positive", "anti_ro_positive", "schirmer_le_5mm_5min")
    assert SJOGREN.evaluate(assessed("sjogren_2016_acr_eular", *present)).classified is True


@pytest.mark.parametrize("exclusion", [item.key for item in SJOGREN.items if item.role == "exclusion"])
def test_each_of_the_seven_sjogren_exclusions_excludes(exclusion: str) -> None:
    present = ("dryness_symptom", "anti_ro_positive", "focus_score_ge_1", exclusion)
    result = SJOGREN.evaluate(assessed("sjogren_2016_acr_eular", *present))
    assert result.classified is False
    assert any(note.startswith("excluded") for note in result.notes)


def test_there_are_seven_sjogren_exclusions() -> None:
    assert sum(item.role == "exclusion" for item in SJOGREN.items) == 7


def test_caspar_counts_evidence_of_psoriasis_once() -> None:
    present = ("inflammatory_articular_disease", "current_psoriasis", "personal_history", "family_history")
    result = CASPAR.evaluate(assessed("caspar_2006", *present))
    assert (result.points, result.classified) == (2, False)


def test_caspar_gives_no_point_for_a_rheumatoid_factor_that_was_not_tested() -> None:
    answers = assessed("caspar_2006", "inflammatory_articular_disease", "current_psoriasis", rf_negative=None)
    result = CASPAR.evaluate(answers)
    assert (result.points, result.points_max_reachable, result.classified) == (2, 3, None)
    assert result.missing == ("rf_negative",)


def test_caspar_needs_inflammatory_articular_disease() -> None:
    present = ("current_psoriasis", "nail_dystrophy", "dactylitis")
    assert CASPAR.evaluate(assessed("caspar_2006", *present)).classified is False
