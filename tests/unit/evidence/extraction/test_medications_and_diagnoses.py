"""Medications and diagnoses out of lists, tables and sentences."""

from __future__ import annotations

from datetime import date

import pytest

from services.clinical.disease import Disease
from services.evidence.extraction import (
    DiagnosisContent,
    DiagnosisStatus,
    Fact,
    MedicationContent,
    MedicationStatus,
    Precision,
)
from tests.unit.evidence.extraction.conftest import Read
from tests.unit.evidence.extraction.layouts import Grid

M, D = MedicationStatus, DiagnosisStatus


def _medications(facts: tuple[Fact, ...]) -> list[MedicationContent]:
    return [fact.content for fact in facts if isinstance(fact.content, MedicationContent)]


def _diagnoses(facts: tuple[Fact, ...]) -> list[tuple[Disease | None, DiagnosisStatus]]:
    return [(fact.content.disease, fact.content.status) for fact in facts if isinstance(fact.content, DiagnosisContent)]


@pytest.mark.parametrize(
    ("sentence", "drug", "status", "dose", "day"),
    [
        ("Started methotrexate 15 mg weekly on 02/14/2022.", "methotrexate", M.STARTED, "15 mg", date(2022, 2, 14)),
        ("Etanercept was stopped in Feb 2021 for uveitis.", "etanercept", M.STOPPED, None, date(2021, 2, 1)),
        ("Humira 40 mg was begun in June 2020.", "adalimumab", M.STARTED, "40 mg", date(2020, 6, 1)),
        ("Hold leflunomide.", "leflunomide", M.HELD, None, date(2022, 3, 15)),
        ("Mycophenolate was increased to 1.5 g bd on 1 March.", "mycophenolate", M.CHANGED, "1.5 g", date(2022, 3, 1)),
        ("Continues hydroxychloroquine 200 mg twice daily.", "hydroxychloroquine", M.CURRENT, "200 mg", date(2022, 3, 15)),
        ("Plan to start upadacitinib 15 mg daily.", "upadacitinib", M.PLANNED, "15 mg", date(2022, 3, 15)),
        ("She was commenced on azathioprine 50 mg in 2019.", "azathioprine", M.STARTED, "50 mg", date(2019, 1, 1)),
    ],
)
def test_what_was_done_with_a_drug(
    read_text: Read, sentence: str, drug: str, status: MedicationStatus, dose: str | None, day: date
) -> None:
    [fact] = read_text(f"INTERVAL HISTORY\n{sentence}\n")
    content = fact.content
    assert isinstance(content, MedicationContent)
    assert (content.drugs, content.status, content.dose, fact.effective) == ((drug,), status, dose, day)


def test_a_stop_keeps_its_reason_and_how_exact_its_date_is(read_text: Read) -> None:
    [content] = _medications(read_text("HISTORY\nEtanercept was stopped in Feb 2021 for uveitis.\n"))
    assert content.stop is not None
    assert (content.note, content.stop.precision) == ("uveitis", Precision.MONTH)


def test_it_was_stopped_speaks_of_the_drug_before(read_text: Read) -> None:
    first, second = _medications(
        read_text(
            "HISTORY\nShe was commenced on hydroxychloroquine 200 mg bd in 2019 but it was stopped in March 2020 because "
            "of retinal changes.\n"
        )
    )
    assert (first.status, second.status) == (M.STARTED, M.STOPPED)
    assert second.stop is not None
    assert (second.stop.day, second.note) == (date(2020, 3, 1), "retinal changes")


@pytest.mark.parametrize(
    "sentence",
    [
        "Allergic to penicillin.",
        "She never took azathioprine.",
        "Consider rituximab.",
        "Avoid ciprofloxacin.",
        "Her mother takes levothyroxine.",
        "Methotrexate was declined.",
        "Methotrexate could be started later.",
        "Sertraline changed nothing.",
        "Tofacitinib is not indicated.",
        "Discussed starting adalimumab.",
        "Adalimumab trough 4.2 ug/mL.",
        "Aspirin-like drugs are held.",
        "No methotrexate was given.",
    ],
)
def test_a_drug_that_is_only_spoken_of_is_not_a_medication(read_text: Read, sentence: str) -> None:
    assert _medications(read_text(f"ASSESSMENT\n{sentence}\n")) == []


def test_allergies_are_not_medications(read_text: Read) -> None:
    assert _medications(read_text("ALLERGIES\nSulfasalazine - rash\nPenicillin 500 mg: hives\n")) == []


def test_a_list_with_and_without_bullets_and_statuses(read_text: Read) -> None:
    found = _medications(
        read_text(
            "MEDICATIONS\nMethotrexate 15 mg PO weekly\n- Humira 40 mg SC every 2 weeks (started 06/2020)\n"
            "• Prednisone 5 mg daily, discontinued 01/2022\n• Unknownium 3 mg nightly\n"
        )
    )
    assert [(one.name, one.status, one.dose, one.route, one.frequency) for one in found] == [
        ("Methotrexate", M.CURRENT, "15 mg", "oral", "weekly"),
        ("Humira", M.STARTED, "40 mg", "subcutaneous", "every 2 weeks"),
        ("Prednisone", M.STOPPED, "5 mg", None, "daily"),
        ("Unknownium", M.CURRENT, "3 mg", None, "nightly"),
    ]
    assert found[1].drugs == ("adalimumab",)


def test_several_medications_on_one_line(read_text: Read) -> None:
    found = _medications(
        read_text("Current medication: nifedipine MR 30 mg od, omeprazole 20 mg od, mycophenolate mofetil 1 g bd\n")
    )
    assert [(one.drugs, one.dose, one.frequency) for one in found] == [
        (("nifedipine",), "30 mg", "od"),
        (("omeprazole",), "20 mg", "od"),
        (("mycophenolate",), "1 g", "bd"),
    ]


def test_a_medication_table_with_start_and_stop_columns(read_pdf: Read) -> None:
    leflunomide, abatacept = _medications(
        read_pdf(
            Grid(
                [
                    ("Drug", "Strength", "How often", "Started", "Stopped", "Reason"),
                    ("Leflunomide", "20 mg", "daily", "2015-03-01", "2016-04-10", "diarrhoea"),
                    ("Abatacept", "125 mg", "weekly", "2016-05-02", "", ""),
                ],
                (35, 25, 25, 28, 28, 30),
            ),
            title="CLINIC LETTER",
        )
    )
    assert leflunomide.stop is not None
    assert abatacept.start is not None
    assert (leflunomide.status, leflunomide.stop.day, leflunomide.note) == (M.STOPPED, date(2016, 4, 10), "diarrhoea")
    assert (abatacept.status, abatacept.start.day, abatacept.stop) == (M.CURRENT, date(2016, 5, 2), None)


def test_the_strength_of_a_tablet_is_not_the_dose(read_pdf: Read) -> None:
    [content] = _medications(
        read_pdf(
            Grid(
                [
                    ("Medication", "Instructions", "Start Date", "Status"),
                    ("methotrexate 2.5 mg tablet", "Take 6 tablets by mouth once weekly", "01/13/2021", "Active"),
                ],
                (55, 70, 30, 30),
            ),
            title="MEDICATION RECONCILIATION",
        )
    )
    assert (content.dose, content.route, content.status) == ("6 tablets", "oral", M.CURRENT)


def test_eye_drops_are_not_the_tablets_of_the_same_drug() -> None:
    drops = MedicationContent(name="prednisolone eye drops", drugs=("prednisolone",), status=M.CURRENT, route="ophthalmic")
    tablets = MedicationContent(name="prednisolone", drugs=("prednisolone",), status=M.CURRENT, route="oral")
    assert drops.subject != tablets.subject


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Rule out systemic lupus erythematosus.", [(Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, D.SUSPECTED)]),
        ("Celiac disease was ruled out.", [(Disease.CELIAC_DISEASE, D.RULED_OUT)]),
        ("No evidence of psoriasis.", [(Disease.PSORIASIS, D.RULED_OUT)]),
        ("Possible Sjögren's syndrome.", [(Disease.SJOGRENS_SYNDROME, D.SUSPECTED)]),
        ("Diagnosis of ankylosing spondylitis given today.", [(Disease.ANKYLOSING_SPONDYLITIS, D.CONFIRMED)]),
        ("Her sister has multiple sclerosis.", []),
        ("Strong family history of rheumatoid arthritis.", []),
        ("The risk of psoriasis was explained.", []),
        ("She wonders whether this could be lupus.", []),
        ("Lupus anticoagulant was confirmed.", []),
        ("There is no history of psoriasis.", []),
        ("1. Seropositive rheumatoid arthritis, active.", [(Disease.RHEUMATOID_ARTHRITIS, D.CONFIRMED)]),
    ],
)
def test_how_certain_a_sentence_is_of_a_disease(
    read_text: Read, sentence: str, expected: list[tuple[Disease, DiagnosisStatus]]
) -> None:
    assert _diagnoses(read_text(f"ASSESSMENT AND PLAN\n{sentence}\n")) == expected


def test_a_problem_list_names_every_problem_with_status_and_date(read_text: Read) -> None:
    facts = read_text(
        "DIAGNOSES\n1. Rheumatoid lung nodule — confirmed, 02/17/2021\n2. Graves' disease — ruled out\n3. "
        "?SLE\nSigned by: A. Reyes, MD\n"
    )
    told = [
        (f.content.name, f.content.status, f.content.disease, f.effective)
        for f in facts
        if isinstance(f.content, DiagnosisContent)
    ]
    assert told[:2] == [
        ("Rheumatoid lung nodule", D.CONFIRMED, None, date(2021, 2, 17)),
        ("Graves' disease", D.RULED_OUT, Disease.GRAVES_DISEASE, date(2022, 3, 15)),
    ]
    assert told[2][1:3] == (D.SUSPECTED, Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS)
    assert len(told) == 3


def test_a_problem_table(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Problem", "Status", "Onset"),
                ("Rheumatoid arthritis (M05.79)", "Active", "2014"),
                ("Crohn's disease", "Ruled out", ""),
            ],
            (70, 40, 40),
        ),
        title="CLINIC LETTER",
    )
    told = [(f.content.name, f.content.status, f.effective) for f in facts if isinstance(f.content, DiagnosisContent)]
    assert told == [("Rheumatoid arthritis", D.CONFIRMED, date(2014, 1, 1)), ("Crohn's disease", D.RULED_OUT, date(2022, 3, 15))]


def test_an_hla_marker_in_a_diagnosis_is_not_taken_for_a_code(read_text: Read) -> None:
    [content] = [
        f.content
        for f in read_text("DIAGNOSES\n1. Recurrent uveitis, HLA-B27 positive — confirmed\n")
        if isinstance(f.content, DiagnosisContent)
    ]
    assert content.name == "Recurrent uveitis, HLA-B27 positive"
