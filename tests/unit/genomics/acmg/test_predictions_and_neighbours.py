"""Predictions, residues, domains, lengths: each criterion with what is enough, what is not and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.computational import CALIBRATIONS
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.engine import assess
from services.genomics.acmg.record import Effect, Hotspot, Neighbour, Prediction, Significance, VariantRecord
from services.genomics.acmg.results import CriterionResult, Status
from services.genomics.acmg.specifications import GENERAL, Specification
from tests.unit.genomics.acmg.builders import GENE, MISSENSE, NONSENSE

P, M, S, VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG


def judged(criterion: Criterion, record: VariantRecord, rules: Specification = GENERAL) -> CriterionResult:
    return assess(record, rules).result(criterion)


def scored(score: float, predictor: str = "REVEL", **more: Any) -> VariantRecord:
    return replace(MISSENSE, predictions=(Prediction(predictor, score, "1.3"),), **more)


@pytest.mark.parametrize(
    ("score", "pp3", "bp4"),
    [
        (0.932, S, None), (0.931, M, None), (0.773, M, None), (0.772, P, None), (0.644, P, None), (0.643, None, None),
        (0.291, None, None), (0.290, None, P), (0.183, None, M), (0.016, None, S), (0.003, None, VS),
    ],
)
def test_revel_has_the_strength_of_its_calibrated_interval(score: float, pp3: Strength | None, bp4: Strength | None) -> None:
    assert judged(Criterion.PP3, scored(score)).strength is pp3
    assert judged(Criterion.BP4, scored(score)).strength is bp4


def test_only_the_predictor_of_the_rule_set_is_read() -> None:
    record = scored(0.99, "BayesDel")
    assert judged(Criterion.PP3, record).status is Status.NOT_ASSESSABLE
    assert judged(Criterion.PP3, record, replace(GENERAL, predictor="BayesDel")).strength is S


def test_a_rule_set_with_an_uncalibrated_predictor_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no calibration"):
        assess(MISSENSE, replace(GENERAL, predictor="SIFT-9000"))


@pytest.mark.parametrize("name", sorted(CALIBRATIONS))
def test_no_calibration_calls_one_score_both_damaging_and_harmless(name: str) -> None:
    one = CALIBRATIONS[name]
    assert min(bound for bound, _ in one.damaging) > max(bound for bound, _ in one.harmless)
    assert [bound for bound, _ in one.damaging] == sorted((bound for bound, _ in one.damaging), reverse=True)
    assert [bound for bound, _ in one.harmless] == sorted(bound for bound, _ in one.harmless)


def test_a_predicted_effect_on_splicing_supports_damage_and_forbids_the_opposite() -> None:
    record = scored(0.1, splice_delta=0.2)
    assert judged(Criterion.PP3, record).strength is P
    assert judged(Criterion.BP4, record).status is Status.NOT_MET


def test_a_null_variant_is_not_judged_by_predictions() -> None:
    record = replace(NONSENSE, splice_delta=0.9)
    assert judged(Criterion.PP3, record).status is Status.NOT_MET


def silent(**more: Any) -> VariantRecord:
    given: dict[str, Any] = {"splice_delta": 0.05, "at_exon_edge": False, **more}
    return replace(MISSENSE, effect=Effect.SYNONYMOUS, **given)


def test_a_silent_change_without_effect_on_splicing_is_bp7_and_bp4() -> None:
    assert judged(Criterion.BP7, silent()).strength is P
    assert judged(Criterion.BP4, silent()).strength is P


@pytest.mark.parametrize("delta", [0.11, 0.5])
def test_the_splice_guard_stops_bp7(delta: float) -> None:
    assert judged(Criterion.BP7, silent(splice_delta=delta)).status is Status.NOT_MET


def test_without_a_splice_prediction_or_the_place_in_the_exon_bp7_is_not_assessable() -> None:
    assert judged(Criterion.BP7, silent(splice_delta=None)).status is Status.NOT_ASSESSABLE
    assert judged(Criterion.BP7, silent(at_exon_edge=None)).status is Status.NOT_ASSESSABLE
    assert judged(Criterion.BP7, silent(at_exon_edge=True)).status is Status.NOT_MET


@pytest.mark.parametrize(("distance", "is_met"), [(7, True), (6, False), (-21, True), (-20, False), (100, True)])
def test_an_intronic_change_must_lie_deep_enough(distance: int, is_met: bool) -> None:
    record = replace(MISSENSE, effect=Effect.INTRONIC, splice_delta=0.0, intron_distance=distance)
    assert (judged(Criterion.BP7, record).status is Status.MET) is is_met


def near(name: str = "V1", significance: Significance = Significance.PATHOGENIC, stars: int = 2, **more: Any) -> Neighbour:
    given: dict[str, Any] = {"same_protein_change": False, **more}
    return Neighbour(name, significance, stars, **given)


def beside(*neighbours: Neighbour, **more: Any) -> VariantRecord:
    return replace(MISSENSE, neighbours=neighbours, **more)


@pytest.mark.parametrize(
    ("significance", "stars", "expected"),
    [
        (Significance.PATHOGENIC, 2, S), (Significance.PATHOGENIC, 1, M), (Significance.PATHOGENIC, 0, None),
        (Significance.LIKELY_PATHOGENIC, 3, M), (Significance.LIKELY_PATHOGENIC, 1, None), (Significance.OTHER, 4, None),
        (Significance.BENIGN, 4, None),
    ],
)
def test_the_same_amino_acid_change_weighs_by_class_and_review(
    significance: Significance, stars: int, expected: Strength | None
) -> None:
    record = beside(near(significance=significance, stars=stars, same_protein_change=True))
    assert judged(Criterion.PS1, record).strength is expected
    assert judged(Criterion.PM5, record).status is Status.NOT_MET


def test_a_variant_is_never_evidence_for_itself() -> None:
    record = beside(near(same_protein_change=True, same_nucleotide_change=True))
    assert judged(Criterion.PS1, record).status is Status.NOT_MET


def test_two_pathogenic_changes_at_the_residue_weigh_more_than_one() -> None:
    assert judged(Criterion.PM5, beside(near())).strength is M
    assert judged(Criterion.PM5, beside(near(), near("V2"))).strength is S
    assert judged(Criterion.PM5, beside(near(significance=Significance.LIKELY_PATHOGENIC))).strength is P


def test_a_change_that_may_act_through_splicing_is_not_compared_by_amino_acid() -> None:
    record = beside(near(same_protein_change=True), splice_delta=0.3)
    assert judged(Criterion.PS1, record).status is Status.NOT_ASSESSABLE
    assert judged(Criterion.PS1, beside(near(same_protein_change=True, alters_splicing=True))).status is Status.NOT_MET


def test_where_neighbours_were_looked_up_is_told() -> None:
    result = judged(Criterion.PM5, beside(near(), neighbours_from="ClinVar 2026-11"))
    assert ("looked up in", "ClinVar 2026-11") in result.inputs


def test_residues_that_were_not_looked_up_are_not_empty() -> None:
    assert judged(Criterion.PM5, MISSENSE).status is Status.NOT_ASSESSABLE
    assert judged(Criterion.PM5, beside()).status is Status.NOT_MET


@pytest.mark.parametrize(
    ("spot", "status", "strength"),
    [
        (Hotspot("active site", is_curated=True), Status.MET, M),
        (Hotspot("active site", is_curated=True, benign=2), Status.NOT_MET, None),
        (Hotspot("window", pathogenic=4, benign=0, window=8), Status.MET, P),
        (Hotspot("window", pathogenic=3, benign=0, window=8), Status.NOT_MET, None),
        (Hotspot("window", pathogenic=9), Status.NOT_ASSESSABLE, None),
        (None, Status.NOT_ASSESSABLE, None),
    ],
)
def test_a_critical_region_must_be_free_of_benign_variation(
    spot: Hotspot | None, status: Status, strength: Strength | None
) -> None:
    result = judged(Criterion.PM1, replace(MISSENSE, hotspot=spot))
    assert (result.status, result.strength) == (status, strength)


@pytest.mark.parametrize(
    ("given", "pm4", "bp3"),
    [
        ({"in_repeat": False, "residues_changed": 3}, M, None), ({"in_repeat": False, "residues_changed": 1}, P, None),
        ({"in_repeat": True, "repeat_has_function": False}, None, P),
        ({"in_repeat": True, "repeat_has_function": True}, None, None), ({}, None, None),
    ],
)
def test_a_change_of_length_counts_outside_repeats_and_against_in_them(
    given: dict[str, Any], pm4: Strength | None, bp3: Strength | None
) -> None:
    record = replace(MISSENSE, effect=Effect.INFRAME_INDEL, **given)
    assert judged(Criterion.PM4, record).strength is pm4
    assert judged(Criterion.BP3, record).strength is bp3


def test_a_lost_stop_changes_the_length() -> None:
    assert judged(Criterion.PM4, replace(MISSENSE, effect=Effect.STOP_LOST)).strength is M


def test_missense_counts_by_what_the_gene_tolerates() -> None:
    strict = replace(GENE, missense_z=3.2, missense_is_common_mechanism=True)
    assert judged(Criterion.PP2, replace(MISSENSE, gene=strict)).strength is P
    assert judged(Criterion.PP2, replace(MISSENSE, gene=replace(strict, missense_z=1.0))).status is Status.NOT_MET
    assert judged(Criterion.PP2, replace(MISSENSE, gene=replace(strict, benign_missense_is_rare=False))).status is Status.NOT_MET
    assert judged(Criterion.PP2, MISSENSE).status is Status.NOT_ASSESSABLE


def test_missense_where_only_truncation_causes_disease_speaks_against() -> None:
    assert judged(Criterion.BP1, replace(MISSENSE, gene=replace(GENE, only_truncation_causes_disease=True))).strength is P
    assert judged(Criterion.BP1, MISSENSE).status is Status.NOT_ASSESSABLE
