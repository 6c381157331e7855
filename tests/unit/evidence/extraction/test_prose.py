"""What sentences state, and what they only seem to state."""

from __future__ import annotations

from datetime import date

import pytest

from services.clinical.titers import Outcome
from services.evidence.extraction import (
    ActivityContent,
    AntibodyContent,
    DateBasis,
    HlaContent,
    ImagingContent,
    LabContent,
    Precision,
    ProcedureContent,
)
from tests.unit.evidence.extraction.conftest import Read


@pytest.mark.parametrize(
    ("sentence", "analyte", "value", "unit", "day"),
    [
        ("CRP was 28 mg/L on 3 May.", "crp", 28.0, "mg/L", date(2021, 5, 3)),
        ("Her ESR came back at 44 mm/hr.", "esr", 44.0, "mm/hr", date(2022, 3, 15)),
        ("C4 was 0.12 g/L in 2021.", "c4", 0.12, "g/L", date(2021, 1, 1)),
        ("Creatinine rose from 0.8 to 1.3 mg/dL.", "creatinine", 1.3, "mg/dL", date(2022, 3, 15)),
        ("Urine protein-to-creatinine ratio 1.8 g/g.", "upcr", 1.8, "g/g", date(2022, 3, 15)),
        ("On March 3, hemoglobin was 10.2 g/dL.", "haemoglobin", 10.2, "g/dL", date(2022, 3, 3)),
        ("eGFR >90 mL/min/1.73m2.", "egfr", 90.0, "mL/min/1.73m2", date(2022, 3, 15)),
        ("Proteinuria of 3.4 g/g persists.", "upcr", 3.4, "g/g", date(2022, 3, 15)),
    ],
)
def test_a_number_behind_its_test_is_a_result(
    read_text: Read, sentence: str, analyte: str, value: float, unit: str, day: date
) -> None:
    [fact] = read_text(f"INTERVAL HISTORY\n{sentence}\n")
    assert isinstance(fact.content, LabContent)
    assert (fact.content.analyte, fact.content.value, fact.content.unit, fact.effective) == (analyte, value, unit, day)


@pytest.mark.parametrize(
    "sentence",
    [
        "C3 45 degree angulation was seen.",
        "At C3 7 mm of canal narrowing.",
        "C3-C4: 4 mm disc osteophyte.",
        "Pain in the back 7/10.",
        "Unwell for the past 3 months.",
        "AST 3 view.",
        "CK 7 days after the injection.",
        "L4 5 mm anterolisthesis.",
        "Age 45, room 12.",
        "Reference range for CRP is 0-5 mg/L.",
        "Normal ESR <20 mm/h.",
        "Page 3 of 7.",
        "Call (555) 010-4455.",
        "TSH pending.",
        "If CRP exceeds 20 mg/L we will escalate.",
        "Target HbA1c 7.0 %.",
        "Repeat TSH in 6 weeks.",
        "Iron 325 mg daily.",
        "Vitamin D 2000 IU daily.",
        "Insulin 10 units at night.",
        "Calcium 500 mg twice daily.",
        "Her mother had a CRP of 40 mg/L.",
        "ANA 1:80 is found in 13 % of healthy people.",
        "A positive ANA is common in healthy women.",
        "Component testing showed nothing.",
        "She performs well under good management.",
        "Mother had anti-Sm positive lupus.",
        "Remission by DAS28-CRP at 2.23.",
        "HLA-B27 if it comes back.",
        "Check CBC, LFTs, CRP in 4 weeks.",
        "Several features of lupus, none active.",
        "Was the ANA 1:640?",
        "Sixty years old, 12 Pier Road, Fenwick Bay 90210.",
    ],
)
def test_a_number_that_only_looks_like_a_result_is_left_alone(read_text: Read, sentence: str) -> None:
    kinds = (LabContent, AntibodyContent, HlaContent)
    assert [fact for fact in read_text(f"ASSESSMENT\n{sentence}\n") if isinstance(fact.content, kinds)] == []


def test_a_chain_of_values_takes_the_dates_that_stand_with_them(read_text: Read) -> None:
    facts = read_text("REASONING\nAnti-dsDNA went from 24 in October to 68 in January and 148 IU/mL on March 1.\n")
    told = [
        (fact.content.value, fact.content.unit, fact.effective, fact.precision)
        for fact in facts
        if isinstance(fact.content, AntibodyContent)
    ]
    assert told == [
        (24.0, "IU/mL", date(2021, 10, 1), Precision.MONTH),
        (68.0, "IU/mL", date(2022, 1, 1), Precision.MONTH),
        (148.0, "IU/mL", date(2022, 3, 1), Precision.DAY),
    ]


@pytest.mark.parametrize("words", ["were 90 last year", "previously 90", "had been 90 before", "peaked at 90"])
def test_an_earlier_value_without_a_date_gets_none(read_text: Read, words: str) -> None:
    for fact in read_text(f"HISTORY\nPlatelets {words}.\n"):
        assert (fact.effective, fact.basis) == (None, DateBasis.NONE)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Anti-dsDNA not detected.", {"anti_dsdna": Outcome.NEGATIVE}),
        ("Anti-CCP and RF were negative.", {"acpa": Outcome.NEGATIVE, "rheumatoid_factor": Outcome.NEGATIVE}),
        (
            "Scl-70 negative, anti-centromere positive.",
            {"anti_topoisomerase_1": Outcome.NEGATIVE, "anti_centromere": Outcome.POSITIVE},
        ),
        ("Negative ANA and RF.", {"ana": Outcome.NEGATIVE, "rheumatoid_factor": Outcome.NEGATIVE}),
        ("Anti-Smith antibodies came back non-reactive.", {"anti_smith": Outcome.NEGATIVE}),
        ("Anti-dsDNA was borderline at 24 IU/mL.", {"anti_dsdna": Outcome.EQUIVOCAL}),
        ("AChR antibodies are no longer detected.", {}),
    ],
)
def test_outcomes_in_words_keep_their_negation(read_text: Read, sentence: str, expected: dict[str, Outcome]) -> None:
    facts = read_text(f"RESULTS REVIEWED\n{sentence}\n")
    found = {fact.content.subject: fact.content.outcome for fact in facts if isinstance(fact.content, AntibodyContent)}
    assert {key: found.get(key) for key in expected} == expected
    assert Outcome.POSITIVE in expected.values() or Outcome.POSITIVE not in found.values()


def test_a_titer_in_prose_keeps_its_pattern_and_month(read_text: Read) -> None:
    [fact] = read_text("HISTORY\nANA 1:640 homogeneous in January 2021.\n")
    assert isinstance(fact.content, AntibodyContent)
    assert (fact.content.titer, fact.content.pattern, fact.effective, fact.precision) == (
        "1:640",
        "homogeneous",
        date(2021, 1, 1),
        Precision.MONTH,
    )


def test_an_ambiguous_antibody_name_is_not_guessed(read_pdf: Read) -> None:
    facts = read_pdf("Anti-microsomal antibody: positive")
    [content] = [fact.content for fact in facts if isinstance(fact.content, AntibodyContent)]
    assert content.antibody is None


@pytest.mark.parametrize(
    ("sentence", "alleles", "present"),
    [
        ("HLA-B27 positive.", ("B27",), True),
        ("HLA-B27 is negative.", ("B27",), False),
        ("She carries DRB1*15:01.", ("DRB1*15:01",), True),
        ("Negative for HLA-B*57:01.", ("B*57:01",), False),
    ],
)
def test_hla_in_prose_needs_words_that_say_so(read_text: Read, sentence: str, alleles: tuple[str, ...], present: bool) -> None:
    [content] = [fact.content for fact in read_text(f"HISTORY\n{sentence}\n") if isinstance(fact.content, HlaContent)]
    assert (content.alleles, content.present) == (alleles, present)


@pytest.mark.parametrize(
    ("sentence", "instrument", "value"),
    [
        ("SLEDAI-2K: 8", "SLEDAI-2K", 8.0),
        ("DAS28-CRP of 5.4 today.", "DAS28-CRP", 5.4),
        ("CDAI 22.", "CDAI", 22.0),
        ("Her modified Rodnan skin score was 8.", "mRSS", 8.0),
        ("EDSS has risen from 2.0 to 2.5.", "EDSS", 2.5),
    ],
)
def test_stated_scores_are_taken(read_text: Read, sentence: str, instrument: str, value: float) -> None:
    [content] = [fact.content for fact in read_text(f"OBJECTIVE\n{sentence}\n") if isinstance(fact.content, ActivityContent)]
    assert (content.instrument, content.value) == (instrument, value)


@pytest.mark.parametrize(
    "sentence", ["Aim for CDAI below 10.", "BASDAI of at least 4 is needed.", "EDSS 45.", "SLEDAI if stable."]
)
def test_goals_cut_offs_and_impossible_scores_are_not_measurements(read_text: Read, sentence: str) -> None:
    assert [fact for fact in read_text(f"PLAN\n{sentence}\n") if isinstance(fact.content, ActivityContent)] == []


def test_studies_in_a_letter_have_their_own_dates(read_text: Read) -> None:
    facts = read_text(
        "HISTORY\nHRCT chest (May 2023) showed mild reticulation. Echocardiogram on 02/25/2023 revealed an RVSP of 28 mmHg.\n",
        date="06/14/2023",
    )
    imaging = next(fact for fact in facts if isinstance(fact.content, ImagingContent))
    procedure = next(fact for fact in facts if isinstance(fact.content, ProcedureContent))
    assert isinstance(imaging.content, ImagingContent)
    assert (imaging.content.modality, imaging.content.region, imaging.effective) == ("HRCT", "chest", date(2023, 5, 1))
    assert procedure.effective == date(2023, 2, 25)


def test_a_planned_study_has_not_been_done(read_text: Read) -> None:
    assert read_text("PLAN\nMRI of the brain is planned; a biopsy would have confirmed it.\n") == ()
