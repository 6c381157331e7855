"""What an expert counted becomes a criterion with its strength by the published rule, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.expert import assess_observation, assess_probands, odds_ratio
from services.genomics.acmg.functional import odds_of_controls
from services.genomics.acmg.observations import (
    FORMS,
    AnyObservation,
    Cases,
    CasesBasis,
    Circumstances,
    DeNovo,
    Functional,
    FunctionalBasis,
    InTrans,
    LackOfSegregation,
    Observation,
    OtherCause,
    OtherVariant,
    Phenotype,
    Readout,
    Segregation,
)
from services.genomics.acmg.record import Inheritance
from services.genomics.acmg.results import Origin, Status

P, M, S, VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG
RARE_RECESSIVE = Circumstances(inheritance=Inheritance.RECESSIVE, is_rare=True)


def judged(observed: AnyObservation, known: Circumstances = RARE_RECESSIVE) -> tuple[str, str, Strength | None]:
    found = assess_observation(observed, known)
    assert found.origin is Origin.EXPERT
    return found.criterion.value, found.status.value, found.strength


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (DeNovo(specific_confirmed=1), ("PS2", "met", S)),
        (DeNovo(specific_confirmed=1, specific_assumed=2), ("PS2", "met", VS)),
        (DeNovo(consistent_assumed=1), ("PM6", "met", P)),
        (DeNovo(specific_assumed=1), ("PM6", "met", M)),
        (DeNovo(heterogeneous_assumed=1), ("PM6", "not met", None)),
        (InTrans(confirmed_pathogenic=1), ("PM3", "met", M)),
        (InTrans(unknown_pathogenic=1, unknown_likely_pathogenic=2), ("PM3", "met", M)),
        (InTrans(confirmed_uncertain=9), ("PM3", "met", P)),
        (InTrans(homozygous=9), ("PM3", "met", M)),
        (Segregation(meioses=5, families=1), ("PP1", "met", S)),
        (Segregation(meioses=2, families=1), ("PP1", "not met", None)),
        (LackOfSegregation(affected_without=1, phenocopies_excluded=True), ("BS4", "met", S)),
        (LackOfSegregation(affected_without=1), ("BS4", "not assessable", None)),
        (Phenotype(specific=True, single_cause=True, phenotype="fever"), ("PP4", "met", P)),
        (Phenotype(specific=True), ("PP4", "not assessable", None)),
        (OtherVariant(in_cis=True), ("BP2", "met", P)),
        (OtherVariant(in_cis=False, dominant=True, fully_penetrant=True), ("BP2", "met", P)),
        (OtherVariant(in_cis=False, fully_penetrant=True), ("BP2", "not met", None)),
        (OtherVariant(fully_penetrant=True), ("BP2", "not assessable", None)),
        (OtherCause(explains_all=True, cause="trisomy 21"), ("BP5", "met", P)),
    ],
)
def test_the_numbers_give_the_strength(observed: AnyObservation, expected: tuple[str, str, Strength | None]) -> None:
    assert judged(observed) == expected


def test_cases_of_a_disease_with_many_genes_count_one_point_at_most() -> None:
    assert judged(DeNovo(heterogeneous_confirmed=20)) == ("PS2", "met", M)
    assert judged(DeNovo(heterogeneous_confirmed=20, consistent_confirmed=1)) == ("PS2", "met", S)


@pytest.mark.parametrize("form", dict.fromkeys(FORMS.values()))
def test_where_nothing_was_counted_nothing_is_said(form: type[AnyObservation]) -> None:
    found = assess_observation(form(), RARE_RECESSIVE)
    assert found.status is Status.NOT_ASSESSABLE
    assert FORMS[found.criterion] is form


def test_in_trans_asks_gene_and_population_unless_the_expert_knows_better() -> None:
    case = InTrans(confirmed_pathogenic=1)
    assert judged(case, Circumstances(inheritance=Inheritance.DOMINANT, is_rare=True))[1] == "not met"
    assert judged(case, Circumstances(inheritance=Inheritance.RECESSIVE))[1] == "not assessable"
    assert judged(case, Circumstances(inheritance=Inheritance.RECESSIVE, is_rare=False))[1] == "not met"
    stated = InTrans(confirmed_pathogenic=1, recessive=True, rare=True)
    assert judged(stated, Circumstances())[1] == "met"
    assert judged(InTrans(confirmed_pathogenic=1, recessive=False))[1] == "not met"


def controls(right: int, wrong: int, readout: Readout = Readout.ABNORMAL) -> Functional:
    """Pathogenic controls of which `wrong` were misread, and as many benign ones of which `wrong` were."""
    return Functional(
        readout=readout, pathogenic_abnormal=right, pathogenic_normal=wrong, benign_normal=right, benign_abnormal=wrong,
        assay="reporter",
    )


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (controls(5, 0), ("PS3", "met", P)),  # ten controls: supporting at most
        (controls(6, 0), ("PS3", "met", M)),
        (controls(19, 0), ("PS3", "met", S)),
        (controls(6, 0, Readout.NORMAL), ("BS3", "met", M)),
        (controls(19, 0, Readout.NORMAL), ("BS3", "met", S)),
        (controls(6, 6), ("PS3", "not met", None)),
        (controls(2, 10), ("PS3", "not met", None)),  # the assay is upside down: never evidence of the other kind
        (controls(19, 0, Readout.BETWEEN), ("PS3", "not met", None)),
        (Functional(readout=Readout.ABNORMAL, pathogenic_abnormal=20), ("PS3", "not assessable", None)),
        (Functional(basis=FunctionalBasis.BASIC, readout=Readout.ABNORMAL), ("PS3", "met", P)),
        (Functional(basis=FunctionalBasis.BASIC, readout=Readout.NORMAL), ("BS3", "met", P)),
        (Functional(basis=FunctionalBasis.NONE, readout=Readout.ABNORMAL), ("PS3", "not met", None)),
        (Functional(basis=FunctionalBasis.ODDS, odds=20.0), ("PS3", "met", S)),
        (Functional(basis=FunctionalBasis.ODDS, odds=0.2), ("BS3", "met", M)),
        (Functional(basis=FunctionalBasis.ODDS, assay="x"), ("PS3", "not assessable", None)),
    ],
)
def test_an_assay_counts_by_its_validation(observed: Functional, expected: tuple[str, str, Strength | None]) -> None:
    assert judged(observed) == expected


def test_odds_of_controls_are_those_among_the_readout_over_those_among_all() -> None:
    # 10 of 12 pathogenic and 2 of 8 benign controls abnormal: (10 / 2) / (12 / 8)
    assert odds_of_controls((10, 2), (2, 6), is_abnormal=True) == pytest.approx(10 / 3)
    # normal: (2 / 6) / (12 / 8)
    assert odds_of_controls((10, 2), (2, 6), is_abnormal=False) == pytest.approx(2 / 9)
    with pytest.raises(InvalidInputError):
        odds_of_controls((0, 0), (2, 6), is_abnormal=True)


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200), st.integers(1, 200))
def test_one_more_pathogenic_control_read_right_never_lowers_the_odds(pa: int, pn: int, ba: int, bn: int) -> None:
    before = odds_of_controls((pa, pn), (ba, bn), is_abnormal=True)
    after = odds_of_controls((pa + 1, max(pn - 1, 0)), (ba, bn), is_abnormal=True) if pn else before
    assert after >= before


def test_an_odds_ratio_from_counts_is_woolfs() -> None:
    ratio, lower, upper = odds_ratio((20, 80), (5, 195))
    assert [ratio, lower, upper] == pytest.approx([9.75, 3.535, 26.89], abs=0.05)
    assert judged(Cases(cases_with=20, cases_without=80, controls_with=5, controls_without=195)) == ("PS4", "met", S)
    assert judged(Cases(cases_with=2, cases_without=80, controls_with=1, controls_without=195))[1] == "not met"


def test_carriers_among_cases_alone_are_no_infinite_ratio() -> None:
    ratio, lower, upper = odds_ratio((3, 97), (0, 100))
    assert ratio == pytest.approx(3.5 * 100.5 / (97.5 * 0.5))
    assert lower < 1 < ratio < upper


def test_probands_of_a_rare_variant_are_moderate_at_most() -> None:
    given_ = [assess_probands(count, is_rare=True).strength for count in (1, 2, 5, 6, 50)]
    assert given_ == [None, P, P, M, M]
    assert judged(Cases(basis=CasesBasis.PROBANDS, probands=6), Circumstances(is_rare=False))[1] == "not met"
    assert judged(Cases(basis=CasesBasis.PROBANDS, probands=6), Circumstances())[1] == "not assessable"
    assert judged(Cases(basis=CasesBasis.PROBANDS, probands=6, rare=True), Circumstances())[1] == "met"
    assert judged(Cases(basis=CasesBasis.RATIO, odds_ratio=6.0))[1] == "not assessable"


def test_an_observation_is_read_back_as_what_it_was_and_refuses_what_it_does_not_know() -> None:
    adapter: TypeAdapter[AnyObservation] = TypeAdapter(Observation)
    for form in set(FORMS.values()):
        assert adapter.validate_json(form().model_dump_json()) == form()
    for wrong in ({"form": "de novo", "confirmed": 1}, {"form": "de novo", "specific_confirmed": -1}, {"form": "horoscope"}):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)


def test_numbers_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidInputError):
        judged(Segregation(meioses=3))
    with pytest.raises(InvalidInputError):
        judged(Cases(basis=CasesBasis.RATIO, odds_ratio=2.0, lower=3.0, upper=4.0))


def test_each_criterion_that_only_an_expert_can_judge_has_a_form() -> None:
    assert set(FORMS) == {one for one in Criterion if not one.definition.automatic}
