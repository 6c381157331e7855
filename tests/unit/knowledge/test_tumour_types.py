"""Tumour types: names, synonyms and what is a kind of what."""

from __future__ import annotations

import pytest

from services.knowledge.somatic_evidence import somatic_evidence
from services.knowledge.tumour_types import Kinship, ancestors, kinship, tumour_type, tumour_types


def test_every_type_leads_up_to_cancer_and_none_to_itself() -> None:
    for one in tumour_types():
        assert one.name == "cancer" or "cancer" in ancestors(one.name)
        assert one.name not in ancestors(one.name)


@pytest.mark.parametrize(
    "written", ["Lung Non-small Cell Carcinoma", "NSCLC", "non small cell lung cancer", "Non-Small-Cell Lung Cancers"],
)
def test_a_name_is_found_in_every_spelling(written: str) -> None:
    found = tumour_type(written)
    assert found is not None
    assert found.name == "non-small cell lung cancer"


@pytest.mark.parametrize(
    ("evidence", "patient", "expected"),
    [
        ("AML", "acute myeloid leukaemia", Kinship.SAME), ("NSCLC", "lung adenocarcinoma", Kinship.BROADER),
        ("lung adenocarcinoma", "NSCLC", Kinship.NARROWER), ("melanoma", "NSCLC", Kinship.DIFFERENT),
        ("any solid tumors", "colon cancer", Kinship.BROADER), ("solid tumour", "AML", Kinship.DIFFERENT),
        ("Oddoma", "AML", Kinship.UNKNOWN), ("Oddoma", "oddoma", Kinship.SAME),
        ("acute leukemia", "AML", Kinship.BROADER), ("small cell lung cancer", "non-small cell lung cancer", Kinship.DIFFERENT),
    ],
)
def test_the_kinship_of_two_types_is_told(evidence: str, patient: str, expected: Kinship) -> None:
    assert kinship(evidence, patient) is expected


def test_every_curated_statement_has_a_source_and_a_listed_tumour() -> None:
    rows = somatic_evidence()
    assert len(rows) > 80
    assert all(row.cited.citation and tumour_type(row.tumour) for row in rows)
