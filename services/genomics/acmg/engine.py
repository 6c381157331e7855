"""One variant judged: every criterion in the order of the standard, then the class.

The same record, rule set and expert input give the same assessment, for ever, per version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Classification, classify
from services.genomics.acmg.computational import assess_bp4, assess_bp7, assess_pp3
from services.genomics.acmg.criteria import Criterion
from services.genomics.acmg.expert import ExpertDecision
from services.genomics.acmg.limits import MITOCHONDRIAL, is_mitochondrial, limits_of
from services.genomics.acmg.neighbours import assess_pm1, assess_pm5, assess_ps1
from services.genomics.acmg.null_variant import assess_pvs1
from services.genomics.acmg.population import assess_ba1, assess_bs1, assess_bs2, assess_pm2
from services.genomics.acmg.protein import assess_bp1, assess_bp3, assess_pm4, assess_pp2
from services.genomics.acmg.record import VariantRecord
from services.genomics.acmg.references import MCCORMICK_2020, RICHARDS_2015
from services.genomics.acmg.reputable import assess_bp6, assess_pp5
from services.genomics.acmg.results import RULES_VERSION, CriterionResult, evidence_of, not_assessable
from services.genomics.acmg.specifications import GENERAL, Specification

Rule = Callable[[VariantRecord, Specification], CriterionResult]
AUTOMATIC: dict[Criterion, Rule] = {
    Criterion.PVS1: assess_pvs1, Criterion.PS1: assess_ps1, Criterion.PM1: assess_pm1, Criterion.PM2: assess_pm2,
    Criterion.PM4: assess_pm4,
    Criterion.PM5: assess_pm5, Criterion.PP2: assess_pp2, Criterion.PP3: assess_pp3, Criterion.PP5: assess_pp5,
    Criterion.BA1: assess_ba1, Criterion.BS1: assess_bs1, Criterion.BS2: assess_bs2, Criterion.BP1: assess_bp1,
    Criterion.BP3: assess_bp3, Criterion.BP4: assess_bp4, Criterion.BP6: assess_bp6, Criterion.BP7: assess_bp7,
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """All 28 criteria with their results, the class they make, and the versions of rules and data behind it."""

    results: tuple[CriterionResult, ...]
    classification: Classification
    rules_version: str
    data_versions: tuple[tuple[str, str], ...] = ()

    def result(self, criterion: Criterion) -> CriterionResult:
        return next(one for one in self.results if one.criterion is criterion)


def assess(
    record: VariantRecord, specification: Specification = GENERAL, expert: Iterable[CriterionResult | ExpertDecision] = (),
) -> Assessment:
    """Judge the 28 criteria and classify.

    `expert` holds structured observations (`expert.assess_*`) and decisions; each replaces the automatic result of its
    criterion. What the rules cannot judge of such a variant stands among the conflicts. Raises InvalidInputError for two inputs
    to one criterion.
    """
    given: dict[Criterion, CriterionResult] = {}
    for one in expert:
        result = one.result() if isinstance(one, ExpertDecision) else one
        if result.criterion in given:
            raise InvalidInputError(f"{result.criterion} has two expert inputs")
        given[result.criterion] = result
    results = tuple(_result(criterion, record, specification, given) for criterion in Criterion)
    made = classify(evidence_of(results), specification)
    made = replace(made, conflicts=(*made.conflicts, *limits_of(record)))
    return Assessment(results, made, RULES_VERSION, record.data_versions)


def _result(
    criterion: Criterion, record: VariantRecord, rules: Specification, given: dict[Criterion, CriterionResult]
) -> CriterionResult:
    if criterion in given:
        return given[criterion]
    if criterion in AUTOMATIC and is_mitochondrial(record):
        return not_assessable(criterion, MITOCHONDRIAL, {"chromosome": record.chromosome or "MT"}, MCCORMICK_2020)
    if criterion in AUTOMATIC:
        result = AUTOMATIC[criterion](record, rules)
        if result.strength is not None and criterion in rules.not_used:
            return not_assessable(criterion, f"not used under {rules.name}", {"rule": result.reason}, rules.source)
        return result
    return not_assessable(criterion, "needs an expert: nothing was entered", {}, RICHARDS_2015)
