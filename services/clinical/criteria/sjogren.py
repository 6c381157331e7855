"""Judges Sjögren's syndrome by the 2016 ACR/EULAR classification (Shiboski 2017, PMID 27785888)."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import any_of
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.criteria.weighted import weigh


def decide(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: dryness or ESSDAI entry, none of seven exclusions, 4 points."""
    entry = any_of(facts.truth("dryness_symptom"), facts.truth("essdai_domain_positive"))
    exclusions = [item for item in record.items if item.role == "exclusion"]
    excluded = any_of(*(facts.truth(item.key) for item in exclusions))
    notes = []
    if entry.false:
        notes.append("entry criterion not met: no dryness symptom and no positive ESSDAI domain")
    notes += [f"excluded: {item.label}" for item in exclusions if facts.truth(item.key).true]
    return weigh(facts, record, entry=entry, excluded=excluded, notes=tuple(notes))
