"""RA 2010: the joint block, serology limits, entry, the joints that never count."""

from __future__ import annotations

import pytest

from services.clinical.criteria import CRITERIA
from services.clinical.criteria.records import Answer
from services.clinical.criteria.rheumatoid import count_joints, joint_points, serology_category

RA = CRITERIA["ra_2010_acr_eular"]
BASE: dict[str, Answer] = {
    "definite_synovitis_ge_1_joint": True, "better_alternative_diagnosis": False, "large_joints": 0, "small_joints": 6,
    "serology": "high_positive", "abnormal_crp_or_esr": True, "duration_ge_6_weeks": True,
}


@pytest.mark.parametrize(("large", "small", "points"), [
    (0, 0, 0), (1, 0, 0), (2, 0, 1), (10, 0, 1), (0, 1, 2), (3, 2, 2), (0, 4, 3), (0, 10, 3), (1, 10, 5), (10, 1, 5),
    (9, 1, 2),
])
def test_joint_block(large: int, small: int, points: int) -> None:
    assert joint_points(large, small) == points


def test_blocks_never_add_two_categories() -> None:
    result = RA.evaluate(BASE)
    assert (result.points, result.classified) == (8, True)


def test_five_points_with_everything_known_do_not_classify() -> None:
    result = RA.evaluate(BASE | {"small_joints": 2, "serology": "low_positive", "duration_ge_6_weeks": False})
    assert (result.points, result.classified) == (5, False)


def test_typical_erosions_classify_without_the_score() -> None:
    result = RA.evaluate(BASE | {"small_joints": 0, "serology": "negative", "typical_erosions": True})
    assert result.classified is True
    assert any("erosions" in note for note in result.notes)


def test_unanswered_erosions_do_not_keep_the_class_open_but_are_offered() -> None:
    result = RA.evaluate(BASE | {"small_joints": 0, "serology": "negative"})
    assert result.classified is False
    assert ("typical_erosions", True) in {(change.item, change.classified) for change in result.would_change}


def test_a_better_explanation_ends_it() -> None:
    assert RA.evaluate(BASE | {"better_alternative_diagnosis": True}).classified is False


def test_unknown_alternative_keeps_it_open() -> None:
    result = RA.evaluate(BASE | {"better_alternative_diagnosis": None})
    assert result.missing == ("better_alternative_diagnosis",)


@pytest.mark.parametrize(("rf", "acpa", "category"), [
    (0.5, 3.0, "low_positive"), (0.5, 3.05, "high_positive"), (1.0, 1.0, "negative"), (1.01, 0.2, "low_positive"),
    (None, 0.4, None), (None, 2.0, None), (None, 4.0, "high_positive"), (None, None, None),
])
def test_serology_limits(rf: float | None, acpa: float | None, category: str | None) -> None:
    assert serology_category(rf, acpa) == category


def test_dip_first_cmc_and_first_mtp_never_count() -> None:
    count = count_joints(["right 1st CMC", "left 1st MTP", "right DIP2", "left DIP3", "thumb CMC", "MTP1 left"])
    assert (count.large, count.small, len(count.excluded)) == (0, 0, 6)


def test_joint_names_are_sorted_into_large_and_small_and_unknown_ones_echoed() -> None:
    count = count_joints(["left knee", "right MCP2", "right PIP 3", "wrist", "MTP3", "right MCP2", "jaw-thing"])
    assert (count.large, count.small, count.unrecognised) == (1, 4, ("jaw-thing",))


def test_both_sides_and_ranges_count_each_joint() -> None:
    count = count_joints(["bilateral wrists", "both knees", "right MCP 2-4", "left MTP1-5"])
    assert (count.large, count.small) == (2, 2 + 3 + 4)


@pytest.mark.parametrize("bad", [6.5, -1, "six", 99, True, float("nan")])
def test_a_joint_count_that_is_no_count_is_refused_by_name(bad: Answer) -> None:
    result = RA.evaluate(BASE | {"small_joints": bad})
    assert (result.status, result.invalid, result.points) == ("invalid_input", ("small_joints",), None)
