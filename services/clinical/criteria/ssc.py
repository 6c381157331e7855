"""Judges systemic sclerosis by the 2013 ACR/EULAR classification (van den Hoogen 2013, PMID 24092682)."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import any_of, negate
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.criteria.weighted import weigh


def decide(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: highest item per domain, 9 points, unless the criteria do not apply."""
    disorder = facts.chosen("scleroderma_like_disorder", "none")
    excluded = any_of(facts.truth("fingers_spared"), negate(disorder))
    notes: tuple[str, ...] = ()
    if excluded.true:
        notes = ("the criteria do not apply: fingers spared, or a scleroderma-like disorder explains the findings better",)
    return weigh(facts, record, excluded=excluded, notes=notes)
