"""The rows of general knowledge are complete, sourced, and name diseases that exist."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from services.clinical.disease import Disease
from services.knowledge.catalogue import load
from services.knowledge.records import Finding, Gene, Guide, Trial
from services.knowledge.sources import CONFIRMED_PMIDS

KNOWN = {disease.value for disease in Disease}
ROWS = [*load("trials", Trial), *load("literature", Finding), *load("genomic_evidence", Gene)]


@pytest.mark.parametrize(
    ("kind", "model"),
    [("trials", Trial), ("literature", Finding), ("genomic_evidence", Gene), ("disease_guides", Guide)],
)
def test_row_ids_are_unique(kind: str, model: type[Trial]) -> None:
    counted = Counter(row.id for row in load(kind, model))
    assert [identifier for identifier, times in counted.items() if times > 1] == []


def test_every_disease_named_is_one_of_the_thirteen() -> None:
    assert {disease for row in ROWS for disease in row.diseases} == KNOWN
    assert {guide.disease for guide in load("disease_guides", Guide)} == KNOWN


def test_every_disease_has_its_guide_from_presentation_to_pregnancy() -> None:
    aspects = Counter(guide.disease for guide in load("disease_guides", Guide))
    assert all(aspects[disease] >= 7 for disease in KNOWN)


def test_every_disease_has_trials_and_findings() -> None:
    trials = Counter(disease for row in load("trials", Trial) for disease in row.diseases)
    findings = Counter(disease for row in load("literature", Finding) for disease in row.diseases)
    assert all(trials[disease] >= 2 and findings[disease] >= 8 for disease in KNOWN)


def test_each_gene_stands_once() -> None:
    genes = Counter(row.gene for row in load("genomic_evidence", Gene))
    assert max(genes.values()) == 1
    assert len(genes) >= 80


def test_an_unconfirmed_pmid_cannot_enter_through_a_row() -> None:
    row = load("literature", Finding)[0].model_dump()
    row["sources"] = [{"citation": "Somebody 2020, Journal", "pmid": "20301572"}]
    assert "20301572" not in CONFIRMED_PMIDS
    with pytest.raises(ValidationError, match="not confirmed"):
        Finding.model_validate(row)


def test_a_row_without_source_is_refused() -> None:
    row = load("trials", Trial)[0].model_dump()
    row["sources"] = []
    with pytest.raises(ValidationError):
        Trial.model_validate(row)
