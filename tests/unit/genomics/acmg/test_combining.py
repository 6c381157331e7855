"""Evidence becomes a class in one place: the published schemes, the refinements, the conflicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Classification, Pathogenicity, class_of_points, classify
from services.genomics.acmg.criteria import Criterion, Direction, Evidence, Strength, parse_evidence
from services.genomics.acmg.specifications import GENERAL, POINTS_2020, PUBLISHED, TABLE_2015, Refinement, Specification

P, LP, VUS, LB, B = reversed(Pathogenicity)


def combined(codes: str, specification: Specification = GENERAL) -> Classification:
    return classify([parse_evidence(code) for code in codes.split()], specification)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("PVS1 PS1", P), ("PVS1 PM1 PM5", P), ("PVS1 PM1 PP1", P), ("PVS1 PP1 PP3", P), ("PS1 PS3", P),
        ("PS1 PM1 PM5 PM4", P), ("PS1 PM1 PM5 PP1 PP3", P), ("PS1 PM1 PP1 PP2 PP3 PP4", P),
        ("PVS1 PM1", LP), ("PS1 PM1", LP), ("PS1 PM1 PM5", LP), ("PS1 PP1 PP3", LP), ("PM1 PM4 PM5", LP),
        ("PM1 PM5 PP1 PP3", LP), ("PM1 PP1 PP2 PP3 PP4", LP),
        ("PVS1 PM2_Supporting", VUS), ("PS1 PP1", VUS), ("PM1 PM5 PP1", VUS), ("", VUS),
        ("BA1", B), ("BS1 BS2", B), ("BS1 BP4", LB), ("BP4 BP7", LB), ("BS1", VUS), ("BP4", VUS),
        ("PS1 PM1 BS1 BP4", VUS),
    ],
)
def test_the_table_of_2015_is_followed_rule_by_rule(codes: str, expected: Pathogenicity) -> None:
    made = combined(codes, TABLE_2015)
    assert made.pathogenicity is made.by_table is expected


@pytest.mark.parametrize(
    ("points", "expected"), [(10, P), (9, LP), (6, LP), (5, VUS), (0, VUS), (-1, LB), (-6, LB), (-7, B)]
)
def test_points_change_class_exactly_at_the_published_bounds(points: int, expected: Pathogenicity) -> None:
    assert class_of_points(points) is expected


def test_strengths_weigh_one_two_four_and_eight_points() -> None:
    assert combined("PP1", POINTS_2020).points == 1
    assert combined("PM1", POINTS_2020).points == 2
    assert combined("PS1", POINTS_2020).points == 4
    assert combined("PVS1", POINTS_2020).points == 8
    assert combined("PVS1 BS1 BP4", POINTS_2020).points == 3


def test_both_schemes_are_told_and_their_disagreement_is_flagged() -> None:
    made = combined("PVS1 PM2_Supporting")
    assert (made.by_points, made.by_table, made.points) == (LP, VUS, 9)
    assert made.schemes_disagree
    assert made.pathogenicity is LP


def test_one_supporting_benign_criterion_alone_stays_uncertain_but_two_are_likely_benign() -> None:
    alone = combined("BP4")
    assert alone.pathogenicity is VUS
    assert alone.applied == (Refinement.A_LONE_SUPPORTING_BENIGN_IS_UNCERTAIN,)
    assert combined("BP4", POINTS_2020).pathogenicity is LB
    assert combined("BP4 BP7").pathogenicity is LB
    assert combined("BP4 BP7 PM2_Supporting").pathogenicity is LB


def test_a_null_variant_with_one_moderate_criterion_is_likely_pathogenic_only() -> None:
    assert combined("PVS1 PM2").pathogenicity is LP
    assert combined("PVS1 PM2", POINTS_2020).pathogenicity is P
    assert combined("PVS1 PM2 PP3").pathogenicity is P


def test_two_strong_criteria_are_pathogenic_unless_something_speaks_against() -> None:
    assert combined("PS3 PS4 PM2_Supporting").pathogenicity is P
    assert combined("PS3 PS4 BP4").pathogenicity is LP


def test_ba1_decides_alone_but_not_against_evidence_that_is_pathogenic_by_itself() -> None:
    assert combined("BA1").pathogenicity is B
    assert combined("BA1 PP4 PM3").pathogenicity is B
    assert combined("BA1 PVS1 PP4").pathogenicity is B
    founder = combined("BA1 PVS1 PM3_VeryStrong")
    assert founder.pathogenicity is P
    assert Refinement.BA1_YIELDS_TO_PATHOGENIC_EVIDENCE in founder.applied
    assert any("BA1 stands against 16 points" in text for text in founder.conflicts)
    assert combined("BA1 PVS1 PM3_VeryStrong", POINTS_2020).pathogenicity is B


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ("PS1 BS1", "both ways"), ("PP3 BP4", "opposite directions"), ("BA1 BS1", "twice"), ("PM2 BS1", "too common"),
        ("PVS1 PP3", "twice"), ("PS3 BS3", "contradict"), ("PS2 PM6", "one criterion"), ("PM1_Strong PP3", "Pejaver"),
    ],
)
def test_evidence_that_cannot_stand_together_is_flagged(codes: str, said: str) -> None:
    assert any(said in text for text in combined(codes).conflicts)


def test_evidence_that_agrees_raises_no_flag() -> None:
    assert combined("PVS1 PM2_Supporting PM3").conflicts == ()


def test_a_criterion_the_rule_set_does_not_use_is_shown_but_not_counted() -> None:
    made = combined("PP5 PM1")
    assert made.points == 2
    assert Evidence(Criterion.PP5, Strength.SUPPORTING) in made.evidence
    assert any("PP5 is not used under general@2026.1" in text for text in made.conflicts)


def test_a_criterion_given_with_two_strengths_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="PM2"):
        combined("PM2 PM2_Supporting")


def test_a_class_is_stamped_with_its_rule_set() -> None:
    assert {combined("PM2", one).specification for one in PUBLISHED} == {"general@2026.1", "points@2020", "acmg-amp@2015"}


def test_tiers_and_ranks_order_the_classes() -> None:
    assert [one.rank for one in (B, LB, VUS, LP, P)] == [0, 1, 2, 3, 4]
    assert [one.tier for one in (B, LB, VUS, LP, P)] == [-1, -1, 0, 1, 1]


@st.composite
def evidence_sets(draw: st.DrawFn) -> list[Evidence]:
    codes = draw(st.lists(st.sampled_from(list(Criterion)), unique=True, max_size=8))
    return [Evidence(code, draw(st.sampled_from(sorted(code.definition.allowed)))) for code in codes]


SETS = st.sampled_from(PUBLISHED)


@given(evidence_sets(), st.randoms(use_true_random=False), SETS)
def test_the_order_of_the_evidence_never_matters(evidence: list[Evidence], random: object, rules: Specification) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert classify(shuffled, rules) == classify(evidence, rules) == classify(evidence, rules)


@given(evidence_sets(), st.sampled_from(list(Criterion)), st.data(), SETS)
def test_more_evidence_never_moves_the_class_the_other_way(
    evidence: list[Evidence], criterion: Criterion, data: st.DataObject, rules: Specification
) -> None:
    rest = [one for one in evidence if one.criterion is not criterion]
    more = [*rest, Evidence(criterion, data.draw(st.sampled_from(sorted(criterion.definition.allowed))))]
    before, after = classify(rest, rules).pathogenicity.rank, classify(more, rules).pathogenicity.rank
    if criterion.definition.direction is Direction.PATHOGENIC:
        assert after >= before
    else:
        assert after <= before


@given(evidence_sets(), SETS)
def test_raising_a_pathogenic_strength_never_lowers_the_class(evidence: list[Evidence], rules: Specification) -> None:
    before = classify(evidence, rules).pathogenicity.rank
    for place, one in enumerate(evidence):
        if one.criterion.definition.direction is Direction.PATHOGENIC:
            for strength in one.criterion.definition.allowed:
                if strength.points > one.strength.points:
                    raised = [*evidence[:place], Evidence(one.criterion, strength), *evidence[place + 1:]]
                    assert classify(raised, rules).pathogenicity.rank >= before
