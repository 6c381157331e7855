"""Frequency: too common, more common than the disease, healthy carriers, absent; missing data are never absence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.engine import assess
from services.genomics.acmg.panels import RUNX1
from services.genomics.acmg.population import BA1_EXCEPTIONS, maximum_credible_frequency
from services.genomics.acmg.record import Frequency, Inheritance, PopulationData, VariantRecord
from services.genomics.acmg.results import CriterionResult, Status
from services.genomics.acmg.specifications import GENERAL, Specification
from tests.unit.genomics.acmg.builders import GENE, MISSENSE, population


def judged(criterion: Criterion, record: VariantRecord, rules: Specification = GENERAL) -> CriterionResult:
    return assess(record, rules).result(criterion)


def with_data(*data: PopulationData) -> VariantRecord:
    return replace(MISSENSE, populations=data)


def test_above_five_percent_in_a_general_population_is_benign_by_itself() -> None:
    result = judged(Criterion.BA1, with_data(population(6_000)))
    assert (result.status, result.strength) == (Status.MET, Strength.STAND_ALONE)
    assert ("dataset", "gnomAD 4.1") in result.inputs
    assert judged(Criterion.BS1, with_data(population(6_000))).status is Status.NOT_MET


def test_exactly_five_percent_is_not_above() -> None:
    assert judged(Criterion.BA1, with_data(population(5_000))).status is Status.NOT_MET


def test_the_filter_frequency_goes_before_the_raw_one() -> None:
    record = with_data(population(6_000, filter_frequency=0.049))
    assert judged(Criterion.BA1, record).status is Status.NOT_MET
    assert judged(Criterion.BS1, record).strength is Strength.STRONG


@pytest.mark.parametrize("data", [population(120, 1_999), population(9_000, is_founder=True)])
def test_small_and_founder_populations_do_not_make_a_variant_common(data: PopulationData) -> None:
    assert judged(Criterion.BA1, with_data(data)).status is Status.NOT_ASSESSABLE


@pytest.mark.parametrize("version", [".4", ".5", ".9(GJB2)", ""])
def test_the_nine_listed_variants_escape_ba1_whatever_the_version_of_the_transcript(version: str) -> None:
    record = replace(with_data(population(7_200, name="East Asian")), hgvs_coding=f"NM_004004{version}:c.109G>A")
    assert judged(Criterion.BA1, record).status is Status.NOT_MET
    assert judged(Criterion.BS1, record).status is Status.NOT_ASSESSABLE
    assert len(BA1_EXCEPTIONS) == 9


@pytest.mark.parametrize(
    ("gene", "written"),
    [
        ("HFE", "ENST00000357618.10:c.845G>A"), ("HFE", "c.187C>G"), ("BTD", "ENST00000643237.3:c.1270G>C"),
        ("ACAD9", "NM_014049.5:c.-44_-41dup"), ("ACAD9", "c.-45_-44insTAAG"), ("MEFV", "NM_000243.3(MEFV):c.1105C>T"),
    ],
)
def test_an_exception_is_known_on_any_transcript_of_its_gene(gene: str, written: str) -> None:
    record = replace(with_data(population(7_200)), hgvs_coding=written, gene=replace(GENE, symbol=gene))
    assert judged(Criterion.BA1, record).status is Status.NOT_MET
    assert judged(Criterion.BS1, record).status is Status.NOT_ASSESSABLE
    other = replace(record, gene=replace(GENE, symbol="OTHER"), hgvs_coding=written.rpartition(":")[2])
    assert judged(Criterion.BA1, other).status is Status.MET


def test_without_any_population_data_nothing_is_said_about_frequency() -> None:
    for criterion in (Criterion.BA1, Criterion.BS1, Criterion.PM2):
        assert judged(criterion, MISSENSE).status is Status.NOT_ASSESSABLE


def test_absence_counts_only_where_the_site_was_covered() -> None:
    absent = PopulationData("gnomAD", "4.1", covered=True)
    assert judged(Criterion.PM2, with_data(absent)).strength is Strength.SUPPORTING
    assert judged(Criterion.BA1, with_data(absent)).status is Status.NOT_MET
    for covered in (None, False):
        assert judged(Criterion.PM2, with_data(replace(absent, covered=covered))).status is Status.NOT_ASSESSABLE


def test_a_site_that_failed_the_filters_is_not_used() -> None:
    assert judged(Criterion.BA1, with_data(replace(population(9_000), passed_filters=False))).status is Status.NOT_ASSESSABLE


def test_one_allele_is_not_absent_for_a_dominant_disease_but_rare_for_a_recessive_one() -> None:
    record = with_data(population(1))
    assert judged(Criterion.PM2, record).status is Status.NOT_MET
    recessive = replace(record, gene=replace(GENE, inheritance=Inheritance.RECESSIVE))
    assert judged(Criterion.PM2, recessive).status is Status.MET


def test_an_allele_seen_in_too_few_alleles_says_nothing_about_rarity() -> None:
    recessive = replace(with_data(population(1, 100)), gene=replace(GENE, inheritance=Inheritance.RECESSIVE))
    assert judged(Criterion.PM2, recessive).status is Status.NOT_ASSESSABLE


def test_rare_means_rare_in_founder_populations_too() -> None:
    record = replace(
        with_data(population(0), population(50, name="Finnish", is_founder=True)),
        gene=replace(GENE, inheritance=Inheritance.RECESSIVE),
    )
    assert judged(Criterion.PM2, record).status is Status.NOT_MET


def test_the_diseases_own_limit_replaces_the_general_threshold() -> None:
    record = with_data(population(50))
    assert judged(Criterion.BS1, record).status is Status.NOT_MET
    rare = replace(record, gene=replace(GENE, maximum_credible_frequency=0.0001))
    assert judged(Criterion.BS1, rare).strength is Strength.STRONG


def test_a_panel_lowers_the_thresholds_of_its_gene() -> None:
    assert judged(Criterion.BA1, with_data(population(200)), RUNX1).status is Status.MET
    assert judged(Criterion.BS1, with_data(population(50)), RUNX1).status is Status.MET


def test_healthy_carriers_count_by_inheritance_and_only_where_penetrance_is_full() -> None:
    recessive = replace(GENE, inheritance=Inheritance.RECESSIVE, full_penetrance_early=True)
    record = replace(with_data(population(400, homozygotes=3)), gene=recessive)
    assert judged(Criterion.BS2, record).strength is Strength.STRONG
    late = replace(record, gene=replace(recessive, full_penetrance_early=False))
    assert judged(Criterion.BS2, late).status is Status.NOT_MET
    unknown = replace(record, gene=replace(recessive, full_penetrance_early=None))
    assert judged(Criterion.BS2, unknown).status is Status.NOT_ASSESSABLE
    uncounted = replace(record, populations=(population(400),))
    assert judged(Criterion.BS2, uncounted).status is Status.NOT_ASSESSABLE


def test_the_maximum_credible_frequency_follows_the_published_example() -> None:
    """Whiffin 2017: hypertrophic cardiomyopathy, 1 in 500, largest allele 2 % of cases, penetrance 50 %: 4.0e-5."""
    value = maximum_credible_frequency(
        prevalence=1 / 500, inheritance=Inheritance.DOMINANT, allelic_contribution=0.02, penetrance=0.5
    )
    assert value == pytest.approx(4.0e-5)


@pytest.mark.parametrize("prevalence", [0.0, -1.0, 1.5])
def test_a_prevalence_that_is_no_fraction_is_refused(prevalence: float) -> None:
    with pytest.raises(InvalidInputError):
        maximum_credible_frequency(prevalence=prevalence, inheritance=Inheritance.DOMINANT)


def test_more_alleles_than_were_looked_at_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="between 0 and AN"):
        Frequency("European", 11, 10)
