"""When complaints began, and what they were called, told in words no demo document uses."""

from __future__ import annotations

from datetime import date

import pytest

from services.evidence.extraction import FactKind, GenotypeContent, LabelContent, Precision, SymptomContent
from tests.unit.evidence.extraction.conftest import Read

WRITTEN = "06/20/2023"


def onsets(read_text: Read, body: str, section: str = "HISTORY OF PRESENT ILLNESS") -> list[tuple[date | None, Precision]]:
    found = read_text(f"{section}\n{body}\n", date=WRITTEN)
    return [(fact.effective, fact.precision) for fact in found if isinstance(fact.content, SymptomContent)]


def labels(read_text: Read, body: str, section: str = "HISTORY OF PRESENT ILLNESS") -> list[tuple[str, date | None]]:
    found = read_text(f"{section}\n{body}\n", date=WRITTEN)
    return [(fact.content.name, fact.effective) for fact in found if isinstance(fact.content, LabelContent)]


@pytest.mark.parametrize(
    ("body", "day", "precision"),
    [
        ("She first noticed fatigue in March 2019.", date(2019, 3, 1), Precision.MONTH),
        ("An 18-month history of joint pain and swelling.", date(2021, 12, 20), Precision.MONTH),
        ("He has had low back pain since 2017.", date(2017, 1, 1), Precision.YEAR),
        ("Symptoms began on 14 February 2022 with a rash on both cheeks.", date(2022, 2, 14), Precision.DAY),
        ("The patient developed diarrhea in November 2021.", date(2021, 11, 1), Precision.MONTH),
        ("Over the past five months she has been increasingly breathless.", date(2023, 1, 20), Precision.MONTH),
        ("Numbness of the left leg started three weeks ago.", date(2023, 5, 30), Precision.MONTH),
        ("Joint swelling for about two years.", date(2021, 6, 20), Precision.YEAR),
        ("Onset of morning stiffness was in mid-April 2020.", date(2020, 4, 15), Precision.MONTH),
        ("Itchy plaques since last year.", date(2022, 1, 1), Precision.YEAR),
        ("Dry mouth and gritty eyes since autumn 2018.", date(2018, 9, 1), Precision.YEAR),
        ("Tiredness came on in January, a week after a cold.", date(2023, 1, 1), Precision.MONTH),
        ("Double vision dating back to 08/2020.", date(2020, 8, 1), Precision.MONTH),
        ("She complains of knee pain. It began in May 2021 and has spread.", date(2021, 5, 1), Precision.MONTH),
        ("Presents with a 6 week history of palpitations and tremor.", date(2023, 5, 9), Precision.MONTH),
    ],
)
def test_the_beginning_of_a_complaint_is_dated_as_exactly_as_it_is_told(
    read_text: Read, body: str, day: date, precision: Precision
) -> None:
    assert (day, precision) in onsets(read_text, body)


@pytest.mark.parametrize(
    "body",
    [
        "No joint pain since March 2019.",
        "Denies fever for the past two months.",
        "Methotrexate since 2019 for her joints.",
        "Her mother has had joint pain since 2001.",
        "Rash resolved in May 2021.",
        "In remission since 2020, no stiffness.",
        "Married since 2011, works as a teacher.",
        "She has smoked for twenty years.",
        "Amoxicillin for ten days for the cough.",
        "She had low back pain for two weeks in 2010.",
        "Dry cough in winter.",
        "Fatigue.",
    ],
)
def test_what_is_absent_over_treated_or_about_somebody_else_is_no_beginning(read_text: Read, body: str) -> None:
    assert onsets(read_text, body) == []


@pytest.mark.parametrize("section", ["FAMILY HISTORY", "SOCIAL HISTORY", "PLAN", "PHYSICAL EXAMINATION"])
def test_only_the_history_tells_when_something_began(read_text: Read, section: str) -> None:
    assert onsets(read_text, "Joint pain since March 2019.", section) == []


@pytest.mark.parametrize(
    ("body", "name", "day"),
    [
        ("She was told it was fibromyalgia.", "fibromyalgia", None),
        ("In 2020 she was diagnosed with viral arthritis by her family doctor.", "viral arthritis", date(2020, 1, 1)),
        ("This was initially thought to be carpal tunnel syndrome.", "carpal tunnel syndrome", None),
        ("The pain was attributed to osteoarthritis.", "osteoarthritis", None),
        ("Treated as a urinary tract infection in May 2021.", "urinary tract infection", date(2021, 5, 1)),
        ("Referred for suspected chronic fatigue syndrome.", "chronic fatigue syndrome", None),
        ("Her rash was mistaken for rosacea.", "rosacea", None),
        ("Migraine was assumed at first.", "Migraine", None),
        ("He carried a working diagnosis of irritable bowel syndrome since 2018.", "irritable bowel syndrome", date(2018, 1, 1)),
        ("Misdiagnosed as generalized anxiety disorder.", "generalized anxiety disorder", None),
    ],
)
def test_a_name_given_on_the_way_is_read_with_its_date_if_there_is_one(
    read_text: Read, body: str, name: str, day: date | None
) -> None:
    assert labels(read_text, body) == [(name, day)]


@pytest.mark.parametrize(
    "body",
    [
        "She was told to rest.",
        "Her sister was diagnosed with asthma.",
        "It was not thought to be migraine.",
        "Treated as an outpatient with prednisone.",
        "Attributed to lisinopril.",
        "If the pain returns it should be treated as gout.",
        "Referred for a skin biopsy.",
    ],
)
def test_what_names_no_disease_or_not_hers_is_no_label(read_text: Read, body: str) -> None:
    assert labels(read_text, body) == []


def test_an_assessment_names_the_illness_on_the_day_it_was_written(read_text: Read) -> None:
    assert labels(read_text, "1. Fibromyalgia with poor sleep.\n2. Continue walking.", "ASSESSMENT") == [
        ("Fibromyalgia", date(2023, 6, 20))
    ]


@pytest.mark.parametrize(
    "text", ["since " * 400, "told it was " * 200, "for a " * 500 + "joint pain", "((((" * 500 + "since 2019"]
)
def test_hostile_text_is_read_quickly(read_text: Read, text: str) -> None:
    found = read_text(f"HISTORY\n{text}\n", date=WRITTEN)
    assert all(fact.kind in FactKind for fact in found)


@pytest.mark.parametrize(
    ("body", "gene", "genotype"),
    [
        ("NUDT15 genotype: *1/*3 (intermediate metaboliser)", "NUDT15", "*1/*3 (intermediate metaboliser)"),
        ("CYP2C19 | *2/*2 | poor metabolizer", "CYP2C19", "*2/*2 (poor metabolizer)"),
        ("The TPMT result came back as *1 / *3C.", "TPMT", "*1/*3C"),
        ("G6PD: deficient", "G6PD", "deficient"),
    ],
)
def test_a_genotype_is_read_with_both_alleles(read_text: Read, body: str, gene: str, genotype: str) -> None:
    found = [fact.content for fact in read_text(f"RESULTS\n{body}\n") if isinstance(fact.content, GenotypeContent)]
    assert [(one.gene, one.genotype) for one in found] == [(gene, genotype)]


@pytest.mark.parametrize("body", ["TPMT requested.", "Patients with TPMT *1/*3A start lower.", "Brother: TPMT *3A/*3A", "*1/*3A"])
def test_alleles_without_the_gene_or_the_patient_are_no_genotype(read_text: Read, body: str) -> None:
    assert not any(fact.kind is FactKind.GENOTYPE for fact in read_text(f"RESULTS\n{body}\n"))
