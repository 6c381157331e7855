"""Judges psoriatic arthritis by CASPAR (Taylor 2006, PMID 16871531)."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.criteria.weighted import weigh


def decide(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: inflammatory articular disease and 3 points, evidence of psoriasis counted once."""
    entry = facts.truth("inflammatory_articular_disease")
    notes = ("entry criterion not met: no inflammatory articular disease",) if entry.false else ()
    return weigh(facts, record, entry=entry, notes=notes)
