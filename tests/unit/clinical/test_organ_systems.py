"""Which complaints and diagnoses can belong to the course of a disease."""

from __future__ import annotations

import pytest

from services.clinical.disease import Disease
from services.clinical.organ_systems import GENERAL, complaints_in, diagnosis_systems, systems_of


@pytest.mark.parametrize("disease", list(Disease))
def test_every_disease_shows_itself_somewhere(disease: Disease) -> None:
    assert systems_of(disease) > {GENERAL, "mind"}


@pytest.mark.parametrize(
    ("text", "system"),
    [("low back pain at night", "spine"), ("numbness of both feet", "nerves"), ("fingers turn white in the cold", "vessels"),
     ("drooping eyelid in the evening", "muscles"), ("foamy urine", "kidneys"), ("bloating after bread", "gut")],
)  # fmt: skip
def test_a_complaint_names_its_organ(text: str, system: str) -> None:
    assert system in complaints_in(text)


@pytest.mark.parametrize(
    ("name", "disease", "belongs"),
    [("Viral arthritis", Disease.RHEUMATOID_ARTHRITIS, True), ("Heart failure", Disease.RHEUMATOID_ARTHRITIS, False),
     ("Irritable bowel syndrome", Disease.CELIAC_DISEASE, True), ("Deep vein thrombosis", Disease.SYSTEMIC_SCLEROSIS, False),
     ("Panic attack", Disease.GRAVES_DISEASE, True), ("Bell's palsy", Disease.MULTIPLE_SCLEROSIS, True)],
)  # fmt: skip
def test_a_name_belongs_to_a_disease_that_shows_itself_in_its_organ(name: str, disease: Disease, belongs: bool) -> None:
    assert bool(systems_of(disease).intersection(diagnosis_systems(name))) is belongs
