"""Judges SLE by the 2019 EULAR/ACR classification (Aringer 2019, PMID 31383717)."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import any_of
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.criteria.weighted import weigh


def decide(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: ANA entry, highest item per domain, 10 points, at least one clinical criterion."""
    entry = facts.truth("ana_ge_1_80")
    clinical_domains = {domain.key for domain in record.domains if domain.clinical}
    clinical = any_of(*(
        facts.truth(item.key) for item in record.items if item.weight is not None and item.domain in clinical_domains
    ))
    notes = []
    if entry.false:
        notes.append("entry criterion not met: ANA never reached 1:80, so the points do not classify")
    if clinical.false:
        notes.append("no clinical criterion is present: immunology alone does not classify")
    return weigh(facts, record, entry=entry, extra=clinical, notes=tuple(notes))
