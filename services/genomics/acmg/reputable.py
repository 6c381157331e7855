"""PP5 and BP6: somebody else's classification, switched off by default (Biesecker 2018).

The general rule set lists both as not used: the evidence behind another laboratory's class counts under its own criteria, and
an assertion counted beside it would count it twice.
"""

from __future__ import annotations

from services.genomics.acmg.criteria import Criterion
from services.genomics.acmg.record import Significance, VariantRecord
from services.genomics.acmg.references import BIESECKER_2018
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import Specification

_PATHOGENIC = frozenset({Significance.PATHOGENIC, Significance.LIKELY_PATHOGENIC})
_BENIGN = frozenset({Significance.BENIGN})


def assess_pp5(record: VariantRecord, rules: Specification) -> CriterionResult:
    return _assertion(Criterion.PP5, record, rules, _PATHOGENIC)


def assess_bp6(record: VariantRecord, rules: Specification) -> CriterionResult:
    return _assertion(Criterion.BP6, record, rules, _BENIGN)


def _assertion(
    criterion: Criterion, record: VariantRecord, rules: Specification, wanted: frozenset[Significance]
) -> CriterionResult:
    assertion = record.assertion
    inputs = {"source": assertion.source if assertion else None, "class": assertion.significance if assertion else None}
    if criterion in rules.not_used:
        return not_assessable(criterion, f"not used under {rules.name}", inputs, BIESECKER_2018)
    if assertion is None:
        return not_assessable(criterion, "no source's classification", inputs, BIESECKER_2018)
    if assertion.significance in wanted:
        text = f"{assertion.source} calls it {assertion.significance}"
        return met(criterion, rules.strength(criterion), text, inputs, BIESECKER_2018)
    return not_met(criterion, f"{assertion.source} calls it {assertion.significance}", inputs, BIESECKER_2018)
