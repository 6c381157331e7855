"""One variant from record to class: all criteria told, experts heard, rule sets named, quick."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest

from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.engine import AUTOMATIC, assess
from services.genomics.acmg.expert import (
    DeNovoCase,
    ExpertDecision,
    InTransCase,
    Phase,
    PhenotypeFit,
    assess_case_control,
    assess_de_novo,
    assess_in_trans,
    assess_lack_of_segregation,
    assess_other_cause,
    assess_other_variant,
    assess_phenotype,
    assess_segregation,
)
from services.genomics.acmg.functional import assess_functional
from services.genomics.acmg.panels import CDH1, KNOWN, PANELS
from services.genomics.acmg.record import Inheritance, PopulationData, Significance, SourceAssertion
from services.genomics.acmg.results import CriterionResult, Origin, Status
from services.genomics.acmg.specifications import GENERAL, FrequencyThresholds, Specification, Specifications
from tests.unit.genomics.acmg.builders import GENE, MISSENSE, NONSENSE

P, M, S, VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG
ABSENT = PopulationData("gnomAD", "4.1", covered=True)


def test_every_criterion_is_answered_once_with_reason_source_and_version() -> None:
    results = assess(MISSENSE).results
    assert [one.criterion for one in results] == list(Criterion)
    assert all(one.reason and one.source.citation and one.version for one in results)


def test_an_empty_record_is_uncertain_and_claims_nothing() -> None:
    made = assess(MISSENSE)
    assert made.classification.pathogenicity is Pathogenicity.UNCERTAIN
    assert made.classification.evidence == ()


def test_an_absent_null_variant_is_likely_pathogenic() -> None:
    made = assess(replace(NONSENSE, populations=(ABSENT,)))
    assert {str(one) for one in made.classification.evidence} == {"PVS1", "PM2_Supporting"}
    assert made.classification.pathogenicity is Pathogenicity.LIKELY_PATHOGENIC


def test_what_is_marked_automatic_is_judged_automatically() -> None:
    assert set(AUTOMATIC) == {one for one in Criterion if one.definition.automatic}


def test_an_experts_word_replaces_the_engines_and_is_marked() -> None:
    decision = ExpertDecision(Criterion.PVS1, Status.MET, Strength.STRONG, "Rescued in part in the patient's RNA")
    made = assess(NONSENSE, expert=[decision])
    result = made.result(Criterion.PVS1)
    assert (result.strength, result.origin) == (Strength.STRONG, Origin.EXPERT)
    assert made.classification.points == 4


@pytest.mark.parametrize("note", ["", "   ", "x" * 5_001])
def test_a_decision_needs_a_note_of_readable_length(note: str) -> None:
    with pytest.raises(InvalidInputError, match="note"):
        assess(NONSENSE, expert=[ExpertDecision(Criterion.PS3, Status.MET, S, note)])


def test_two_inputs_to_one_criterion_and_strengths_it_cannot_have_are_refused() -> None:
    twice = [ExpertDecision(Criterion.PS3, Status.MET, S, "a"), assess_functional(20.0, assay="b")]
    with pytest.raises(InvalidInputError, match="two expert inputs"):
        assess(NONSENSE, expert=twice)
    with pytest.raises(InvalidInputError, match="cannot be"):
        assess(NONSENSE, expert=[ExpertDecision(Criterion.BA1, Status.MET, P, "weak")])
    with pytest.raises(InvalidInputError, match="strength belongs"):
        assess(NONSENSE, expert=[ExpertDecision(Criterion.PS3, Status.NOT_MET, S, "no")])


def test_another_laboratorys_class_is_not_used_unless_the_rule_set_says_so() -> None:
    record = replace(MISSENSE, assertion=SourceAssertion("ClinVar", Significance.PATHOGENIC))
    assert assess(record).result(Criterion.PP5).status is Status.NOT_ASSESSABLE
    using = replace(GENERAL, id="own", not_used=frozenset())
    assert assess(record, using).result(Criterion.PP5).strength is P
    assert assess(record, using).result(Criterion.BP6).status is Status.NOT_MET


def test_a_panel_is_found_by_its_gene_and_leaves_out_what_it_does_not_use() -> None:
    assert KNOWN.for_gene("CDH1") is CDH1
    assert KNOWN.for_gene("TTN") is GENERAL
    decision = ExpertDecision(Criterion.PM1, Status.MET, M, "domain")
    made = assess(MISSENSE, CDH1, [decision])
    assert made.classification.points == 0
    assert any("not used under clingen-cdh1@3.1" in text for text in made.classification.conflicts)


def test_rule_sets_are_found_by_name_and_may_not_collide() -> None:
    assert KNOWN.named("general@2026.1") is GENERAL
    with pytest.raises(NotFoundError, match=r"general@2026\.1"):
        KNOWN.named("general@1999")
    with pytest.raises(ConflictError):
        Specifications((GENERAL, GENERAL))
    with pytest.raises(ConflictError, match="CDH1"):
        Specifications((CDH1, replace(CDH1, version="4")))


OWN_THRESHOLDS = [one for one in PANELS if one.thresholds != FrequencyThresholds()]


@pytest.mark.parametrize("panel", OWN_THRESHOLDS, ids=lambda one: one.name)
def test_a_panels_own_thresholds_are_stricter_than_the_general_ones(panel: Specification) -> None:
    general = FrequencyThresholds()
    assert panel.thresholds.ba1 < general.ba1
    assert panel.thresholds.bs1 is not None
    assert panel.thresholds.pm2_dominant < panel.thresholds.bs1 < panel.thresholds.ba1


def test_a_rule_set_cannot_give_a_criterion_a_strength_it_cannot_have() -> None:
    with pytest.raises(InvalidInputError):
        replace(GENERAL, strengths=((Criterion.BA1, P),))
    with pytest.raises(InvalidInputError):
        FrequencyThresholds(ba1=5.0)


def found(result: CriterionResult) -> tuple[str, Strength | None]:
    return result.criterion.value, result.strength


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([DeNovoCase(PhenotypeFit.HIGHLY_SPECIFIC, True)], ("PS2", S)),
        ([DeNovoCase(PhenotypeFit.HIGHLY_SPECIFIC, True)] * 2, ("PS2", VS)),
        ([DeNovoCase(PhenotypeFit.HIGHLY_SPECIFIC, False)], ("PM6", M)),
        ([DeNovoCase(PhenotypeFit.CONSISTENT, False)], ("PM6", P)),
        ([DeNovoCase(PhenotypeFit.HETEROGENEOUS, False)], ("PM6", None)),
        ([DeNovoCase(PhenotypeFit.INCONSISTENT, True)], ("PM6", None)),
        ([], ("PM6", None)),
    ],
)
def test_de_novo_cases_add_up(cases: list[DeNovoCase], expected: tuple[str, Strength | None]) -> None:
    assert found(assess_de_novo(cases)) == expected


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([InTransCase(Phase.IN_TRANS, Significance.PATHOGENIC)], M),
        ([InTransCase(Phase.IN_TRANS, Significance.PATHOGENIC)] * 4, VS),
        ([InTransCase(Phase.UNKNOWN, Significance.LIKELY_PATHOGENIC)] * 2, P),
        ([InTransCase(Phase.HOMOZYGOUS, Significance.OTHER)] * 6, M),
        ([InTransCase(Phase.IN_TRANS, Significance.OTHER)] * 9, P),
        ([InTransCase(Phase.UNKNOWN, Significance.OTHER)] * 9, None),
    ],
)
def test_cases_in_trans_add_up_within_their_limits(cases: list[InTransCase], expected: Strength | None) -> None:
    assert assess_in_trans(cases, Inheritance.RECESSIVE, is_rare=True).strength is expected


def test_in_trans_asks_for_a_recessive_disease_and_a_rare_variant() -> None:
    case = [InTransCase(Phase.IN_TRANS, Significance.PATHOGENIC)]
    assert assess_in_trans(case, Inheritance.DOMINANT, is_rare=True).status is Status.NOT_MET
    assert assess_in_trans(case, Inheritance.RECESSIVE, is_rare=False).status is Status.NOT_MET
    assert assess_in_trans(case, Inheritance.RECESSIVE, is_rare=None).status is Status.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("odds", "expected"),
    [
        (351.0, ("PS3", VS)), (18.8, ("PS3", S)), (4.4, ("PS3", M)), (2.2, ("PS3", P)), (1.0, ("PS3", None)),
        (0.47, ("BS3", P)), (0.22, ("BS3", M)), (0.05, ("BS3", S)),
    ],
)
def test_an_assay_weighs_by_its_odds(odds: float, expected: tuple[str, Strength | None]) -> None:
    assert found(assess_functional(odds, assay="reporter")) == expected


@pytest.mark.parametrize(
    ("meioses", "families", "expected"),
    [(2, 1, None), (3, 1, P), (4, 1, M), (5, 1, S), (2, 2, P), (3, 2, M), (4, 3, S), (0, 0, None)],
)
def test_segregation_weighs_by_meioses_and_families(meioses: int, families: int, expected: Strength | None) -> None:
    assert assess_segregation(meioses, families=families).strength is expected


def test_enrichment_needs_size_and_certainty() -> None:
    assert assess_case_control(6.0, lower=1.2, upper=30.0).strength is S
    assert assess_case_control(6.0, lower=0.8, upper=45.0).status is Status.NOT_MET
    assert assess_case_control(4.0, lower=2.0, upper=8.0).status is Status.NOT_MET


@pytest.mark.parametrize(
    ("is_specific", "has_single_cause", "status"),
    [
        (True, True, Status.MET), (True, False, Status.NOT_MET), (False, None, Status.NOT_MET),
        (True, None, Status.NOT_ASSESSABLE),
    ],
)
def test_a_phenotype_counts_when_specific_for_a_disease_with_one_cause(
    is_specific: bool, has_single_cause: bool | None, status: Status
) -> None:
    assert assess_phenotype(is_specific=is_specific, has_single_cause=has_single_cause, note="fever").status is status


def test_an_affected_relative_without_the_variant_counts_when_phenocopies_are_excluded() -> None:
    assert assess_lack_of_segregation(1, phenocopies_excluded=True).strength is S
    assert assess_lack_of_segregation(1, phenocopies_excluded=None).status is Status.NOT_ASSESSABLE
    assert assess_lack_of_segregation(0, phenocopies_excluded=True).status is Status.NOT_MET


def test_a_second_variant_counts_in_cis_always_and_in_trans_in_a_penetrant_dominant_disease() -> None:
    def judged(in_cis: bool, inheritance: Inheritance, penetrant: bool | None) -> Status:
        return assess_other_variant(in_cis=in_cis, inheritance=inheritance, fully_penetrant=penetrant).status

    assert judged(True, Inheritance.RECESSIVE, None) is Status.MET
    assert judged(False, Inheritance.DOMINANT, True) is Status.MET
    assert judged(False, Inheritance.DOMINANT, None) is Status.NOT_ASSESSABLE
    assert judged(False, Inheritance.RECESSIVE, True) is Status.NOT_MET


def test_another_cause_counts_when_it_explains_the_whole_disease() -> None:
    assert assess_other_cause(explains_all=True, note="trisomy 21").strength is P
    assert assess_other_cause(explains_all=False, note="trisomy 21").status is Status.NOT_MET
    assert assess_other_cause(explains_all=None, note="trisomy 21").status is Status.NOT_ASSESSABLE


def test_impossible_observations_are_refused() -> None:
    for wrong in (
        lambda: assess_functional(0.0, assay="x"), lambda: assess_segregation(3, families=0),
        lambda: assess_case_control(2.0, lower=3.0, upper=4.0),
        lambda: assess_lack_of_segregation(-1, phenocopies_excluded=True),
    ):
        with pytest.raises(InvalidInputError):
            wrong()


def test_points_of_cases_are_exact_decimals() -> None:
    assert sum((DeNovoCase(PhenotypeFit.HETEROGENEOUS, False).points for _ in range(4)), Decimal(0)) == Decimal(1)


def test_the_versions_of_the_data_travel_with_the_class() -> None:
    versions = (("gnomAD", "4.1"), ("ClinVar", "2026-11"))
    made = assess(replace(MISSENSE, data_versions=versions))
    assert (made.data_versions, made.rules_version) == (versions, "2026.3")


def test_the_same_input_gives_the_same_assessment() -> None:
    record = replace(NONSENSE, populations=(ABSENT,), gene=replace(GENE, missense_z=3.5))
    assert assess(record) == assess(record)


def test_one_variant_takes_well_under_a_tenth_of_a_second() -> None:
    record = replace(NONSENSE, populations=(ABSENT,))
    began = time.thread_time()
    for _ in range(100):
        assess(record)
    assert (time.thread_time() - began) / 100 < 0.1
