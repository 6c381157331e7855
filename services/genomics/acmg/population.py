"""Frequency criteria: BA1, BS1, BS2 and PM2.

BA1 (Ghosh 2018): above 5 % in a general population of at least 2,000 alleles, except for nine variants. BS1: above the
highest frequency the disease allows (Whiffin 2017), else the rule set's threshold. PM2 is supporting (ClinGen 2020).
"""

from __future__ import annotations

import math
import re

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion
from services.genomics.acmg.record import Frequency, Inheritance, PopulationData, VariantRecord
from services.genomics.acmg.references import GHOSH_2018, RICHARDS_2015, SVI_PM2, WHIFFIN_2017
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import Specification

_CODING = re.compile(r"(?:([A-Z]{2,4}_?[0-9]{3,12})(?:\.[0-9]{1,3})?(?:\([A-Za-z0-9-]{1,30}\))?:)?(c\..{1,100})")
_REPEATED = re.compile(r"(?<=dup)[ACGT]{1,50}$")

BA1_EXCEPTIONS = {
    "NM_014049:c.-44_-41dupTAAG": "ACAD9", "NM_004004:c.109G>A": "GJB2", "NM_000410:c.187C>G": "HFE",
    "NM_000410:c.845G>A": "HFE", "NM_000243:c.1105C>T": "MEFV", "NM_000243:c.1223G>A": "MEFV",
    "NM_006346:c.1214G>A": "PIBF1", "NM_000017:c.511C>T": "ACADS", "NM_000060:c.1330G>C": "BTD",
}
"""Variants to which BA1 does not apply by itself (Ghosh 2018), by transcript without version."""
_BY_GENE = {
    (gene, _REPEATED.sub("", name.partition(":")[2])) for name, gene in BA1_EXCEPTIONS.items()
} | {("BTD", "c.1270G>C"), ("ACAD9", "c.-45_-44insTAAG")}
"""The same on a gene's other transcripts: the MANE transcript of BTD begins 60 bases later, and a repeat is also an insertion."""

def maximum_credible_frequency(
    *, prevalence: float, inheritance: Inheritance, allelic_contribution: float = 1.0, genetic_contribution: float = 1.0,
    penetrance: float = 1.0,
) -> float:
    """Return the highest allele frequency a disease allows for one variant (Whiffin 2017), a fraction.

    `prevalence` and the contributions are fractions; contributions are the largest share of one allele in the gene's cases
    and of the gene in all cases. Raises InvalidInputError for values outside (0, 1] and for an unknown inheritance.
    """
    for name, value in (
        ("prevalence", prevalence), ("allelic contribution", allelic_contribution),
        ("genetic contribution", genetic_contribution), ("penetrance", penetrance),
    ):
        if not 0.0 < value <= 1.0:
            raise InvalidInputError(f"{name} is a fraction above 0 and at most 1")
    if inheritance is Inheritance.DOMINANT:
        return min(1.0, prevalence * allelic_contribution * genetic_contribution / penetrance / 2)
    if inheritance is Inheritance.RECESSIVE:
        return min(1.0, math.sqrt(prevalence * genetic_contribution / penetrance) * allelic_contribution)
    raise InvalidInputError("the maximum credible frequency needs dominant or recessive inheritance")


def assess_ba1(record: VariantRecord, rules: Specification) -> CriterionResult:
    highest = highest_frequency(record, rules)
    if highest is None:
        return _no_frequency(Criterion.BA1, record, rules)
    value, inputs = _bound(highest[1]), _inputs(*highest)
    exception = _exception(record)
    if exception is not None and value > rules.thresholds.ba1:
        return not_met(Criterion.BA1, f"common, but listed for {exception} as an exception to BA1", inputs, GHOSH_2018)
    text = f"frequency {value:.4%} in {highest[1].population}, threshold {rules.thresholds.ba1:.4%}"
    if value > rules.thresholds.ba1:
        return met(Criterion.BA1, rules.strength(Criterion.BA1), f"{text}: too common", inputs, GHOSH_2018)
    return not_met(Criterion.BA1, text, inputs, GHOSH_2018)


def assess_bs1(record: VariantRecord, rules: Specification) -> CriterionResult:
    highest = highest_frequency(record, rules)
    if highest is None:
        return _no_frequency(Criterion.BS1, record, rules)
    own = record.gene.maximum_credible_frequency
    threshold = own if own is not None else rules.thresholds.bs1
    inputs = _inputs(*highest) | {"threshold": threshold, "threshold from": "disease" if own is not None else rules.name}
    if threshold is None:
        return not_assessable(Criterion.BS1, "neither disease nor rule set gives a highest frequency", inputs, WHIFFIN_2017)
    value = _bound(highest[1])
    text = f"frequency {value:.4%} in {highest[1].population}, threshold {threshold:.4%}"
    if value > rules.thresholds.ba1 and _exception(record) is None:
        return not_met(Criterion.BS1, f"{text}; counted by BA1", inputs, WHIFFIN_2017)
    if _exception(record) is not None:
        return not_assessable(Criterion.BS1, f"{text}; an exception to BA1 is left to the expert", inputs, GHOSH_2018)
    if value > threshold:
        return met(Criterion.BS1, rules.strength(Criterion.BS1), f"{text}: too common for the disease", inputs, WHIFFIN_2017)
    return not_met(Criterion.BS1, text, inputs, WHIFFIN_2017)


def assess_bs2(record: VariantRecord, rules: Specification) -> CriterionResult:
    gene = record.gene
    counted = [
        (one.dataset, frequency) for one in _usable(record) for frequency in one.frequencies
        if _carriers(gene.inheritance, frequency) is not None
    ]
    inputs: dict[str, object] = {"inheritance": gene.inheritance, "full penetrance early": gene.full_penetrance_early}
    if gene.full_penetrance_early is None or gene.inheritance is Inheritance.UNKNOWN:
        return not_assessable(Criterion.BS2, "inheritance or penetrance of the disease is not known", inputs, RICHARDS_2015)
    if not gene.full_penetrance_early:
        return not_met(Criterion.BS2, "the disease does not show fully at an early age", inputs, RICHARDS_2015)
    if not counted:
        return not_assessable(Criterion.BS2, "no counts of individuals with the genotype", inputs, RICHARDS_2015)
    dataset, frequency = max(counted, key=lambda one: _carriers(gene.inheritance, one[1]) or 0)
    people = _carriers(gene.inheritance, frequency) or 0
    inputs |= {"dataset": dataset, "population": frequency.population, "individuals": people}
    text = f"{people} individuals with the genotype in {frequency.population}, {rules.thresholds.bs2_individuals} needed"
    if people >= rules.thresholds.bs2_individuals:
        return met(Criterion.BS2, rules.strength(Criterion.BS2), text, inputs, RICHARDS_2015)
    return not_met(Criterion.BS2, text, inputs, RICHARDS_2015)


def assess_pm2(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge rarity over every population, founders too: rare means rare everywhere."""
    datasets = _usable(record)
    limit = rules.thresholds.pm2_recessive if record.gene.inheritance is Inheritance.RECESSIVE else rules.thresholds.pm2_dominant
    inputs: dict[str, object] = {"datasets": ", ".join(f"{one.dataset} {one.version}" for one in datasets) or None}
    inputs |= {"inheritance": record.gene.inheritance, "highest allowed": limit}
    found = [one for dataset in datasets for one in dataset.frequencies if one.allele_number >= rules.thresholds.minimum_alleles]
    seen = [one for dataset in datasets for one in dataset.frequencies if one.allele_count > 0]
    if seen:
        worst = max(seen, key=lambda one: one.frequency)
        inputs |= {"population": worst.population, "AC": worst.allele_count, "AN": worst.allele_number}
        judged = [one for one in seen if one.allele_number >= rules.thresholds.minimum_alleles]
        over = [one for one in judged if one.frequency > limit]
        if over:
            worst = max(over, key=lambda one: one.frequency)
            text = f"frequency {worst.frequency:.5%} in {worst.population}, at most {limit:.5%} allowed"
            return not_met(Criterion.PM2, text, inputs, SVI_PM2)
        if len(judged) < len(seen) and limit == 0.0:
            return not_met(Criterion.PM2, f"seen in {worst.population}, so not absent", inputs, SVI_PM2)
    if seen and not found:
        return not_assessable(Criterion.PM2, "seen, but only in data with too few alleles", inputs, SVI_PM2)
    if not found and not any(one.covered for one in datasets):
        return not_assessable(Criterion.PM2, "not seen, but nothing says the site was covered", inputs, SVI_PM2)
    text = f"at most {limit:.5%} in every population" if seen else "absent from population data that cover the site"
    return met(Criterion.PM2, rules.strength(Criterion.PM2), text, inputs, SVI_PM2)


def highest_frequency(record: VariantRecord, rules: Specification) -> tuple[PopulationData, Frequency] | None:
    """Return the general population with the highest bound of the frequency; None where none has enough alleles."""
    usable = [
        (dataset, one) for dataset in _usable(record) for one in dataset.frequencies
        if not one.is_founder and one.allele_number >= rules.thresholds.minimum_alleles
    ]
    return max(usable, key=lambda one: (_bound(one[1]), one[1].population), default=None)


def _usable(record: VariantRecord) -> list[PopulationData]:
    return [one for one in record.populations if one.passed_filters]


def _bound(frequency: Frequency) -> float:
    return frequency.frequency if frequency.filter_frequency is None else frequency.filter_frequency


def _carriers(inheritance: Inheritance, frequency: Frequency) -> int | None:
    if inheritance is Inheritance.RECESSIVE:
        return frequency.homozygotes
    if inheritance is Inheritance.X_LINKED:
        return frequency.hemizygotes
    return frequency.allele_count if inheritance is Inheritance.DOMINANT else None


def _exception(record: VariantRecord) -> str | None:
    """Return the gene of a listed variant: named on the published transcript, or by its change in that gene."""
    found = _CODING.fullmatch(record.hgvs_coding.strip())
    if found is None:
        return None
    accession, change = found.group(1) or "", found.group(2)
    listed = BA1_EXCEPTIONS.get(f"{accession}:{change}")
    if listed is None and (record.gene.symbol.upper(), _REPEATED.sub("", change)) in _BY_GENE:
        listed = record.gene.symbol
    return listed


def _inputs(dataset: PopulationData, frequency: Frequency) -> dict[str, object]:
    return {
        "dataset": f"{dataset.dataset} {dataset.version}".strip(), "population": frequency.population,
        "AC": frequency.allele_count, "AN": frequency.allele_number, "filter frequency": frequency.filter_frequency,
    }


def _no_frequency(criterion: Criterion, record: VariantRecord, rules: Specification) -> CriterionResult:
    inputs = {"datasets": len(record.populations), "least alleles": rules.thresholds.minimum_alleles}
    absent = [one for one in _usable(record) if one.covered and not any(f.allele_count for f in one.frequencies)]
    source = GHOSH_2018 if criterion is Criterion.BA1 else WHIFFIN_2017
    if absent and len(absent) == len(_usable(record)):
        return not_met(criterion, f"absent from {absent[0].dataset}, which covers the site", inputs, source)
    return not_assessable(criterion, "no general population with enough alleles", inputs, source)
