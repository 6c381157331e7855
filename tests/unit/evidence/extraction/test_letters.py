"""Letters as clinics write them: what is planned, stopped, considered, bounded or abbreviated is read as what it is."""

from __future__ import annotations

import datetime

from services.clinical.disease import Disease
from services.clinical.titers import Outcome
from services.evidence.extraction import (
    AntibodyContent,
    DiagnosisContent,
    DiagnosisStatus,
    Fact,
    GenotypeContent,
    LabContent,
    LabelContent,
    MedicationContent,
    ProcedureContent,
)
from tests.unit.evidence.extraction.conftest import Read


def medications(facts: tuple[Fact, ...]) -> dict[str, str]:
    return {one.content.subject: one.content.status.value for one in facts if isinstance(one.content, MedicationContent)}


def diagnoses(facts: tuple[Fact, ...]) -> list[tuple[Disease | None, DiagnosisStatus]]:
    return [(one.content.disease, one.content.status) for one in facts if isinstance(one.content, DiagnosisContent)]


def test_planned_and_stopped_drugs_under_the_diagnoses_are_drugs_and_no_diagnoses(read_text: Read) -> None:
    facts = read_text(
        "DIAGNOSIS\nSeropositive rheumatoid arthritis\nPlanned: adalimumab 40 mg every two weeks once screening is complete\n"
        "Stopped: sulfasalazine (stopped June 2021, rash)\n"
    )
    assert diagnoses(facts) == [(Disease.RHEUMATOID_ARTHRITIS, DiagnosisStatus.CONFIRMED)]
    assert medications(facts) == {"adalimumab": "planned", "sulfasalazine": "stopped"}
    (stopped,) = (one for one in facts if isinstance(one.content, MedicationContent) and one.content.stop is not None)
    assert stopped.effective == datetime.date(2021, 6, 1)


def test_a_result_under_the_diagnoses_is_no_diagnosis(read_text: Read) -> None:
    assert diagnoses(read_text("DIAGNOSES\n- CRP 3,2 mg/l < 5\n- ANA 1:1280\n")) == []


def test_what_is_to_be_excluded_beside_a_diagnosis_leaves_it_confirmed(read_text: Read) -> None:
    found = diagnoses(read_text("ASSESSMENT\nRheumatoid arthritis, r/o psoriasis.\n"))
    assert (Disease.RHEUMATOID_ARTHRITIS, DiagnosisStatus.CONFIRMED) in found
    assert (Disease.PSORIASIS, DiagnosisStatus.CONFIRMED) not in found


def test_a_result_below_a_limit_of_the_same_number_is_negative(read_text: Read) -> None:
    facts = read_text("RESULTS\nScl-70 antibody: <1.0 AI (<1.0)\nSS-A/Ro antibody: <1.0 AI (<1.0)\n")
    assert [one.content.outcome for one in facts if isinstance(one.content, AntibodyContent)] == [Outcome.NEGATIVE] * 2


def test_several_serologies_in_one_line_are_several_results(read_text: Read) -> None:
    facts = read_text("INVESTIGATIONS\nQuantiFERON-TB Gold: negative. HBsAg negative, anti-HBc negative.\n")
    found = {one.content.test: one.content.text for one in facts if isinstance(one.content, LabContent)}
    assert found == {"QuantiFERON-TB Gold": "negative", "HBsAg": "negative", "anti-HBc": "negative"}


def test_drugs_after_rx_without_units_are_taken_one_by_one(read_text: Read) -> None:
    assert medications(read_text("HISTORY\nRx: nifedipine XL 30 OD, omeprazole 20 OD\n")) == {
        "nifedipine": "current", "omeprazole": "current",
    }  # fmt: skip


def test_a_stated_metabolizer_phenotype_is_a_genotype_unless_it_is_only_ordered(read_text: Read) -> None:
    stated = read_text("RESULTS\nTPMT: intermediate metaboliser.\nNUDT15 genotype: normal metabolizer, pending confirmation.\n")
    assert [(one.content.gene, one.content.genotype) for one in stated if isinstance(one.content, GenotypeContent)] == [
        ("TPMT", "intermediate metabolizer")
    ]


def test_alleles_outweigh_the_phenotype_written_beside_them(read_text: Read) -> None:
    found = read_text("RESULTS\nTPMT *1/*3A, intermediate metabolizer\n")
    assert [one.content.genotype for one in found if isinstance(one.content, GenotypeContent)] == [
        "*1/*3A (intermediate metabolizer)"
    ]


def test_a_tear_test_with_its_result_is_a_procedure(read_text: Read) -> None:
    facts = read_text("HISTORY\nSchirmer test: right 2 mm, left 3 mm in 5 min.\n")
    assert [one.content.finding for one in facts if isinstance(one.content, ProcedureContent)] == [
        "Schirmer test: right 2 mm, left 3 mm in 5 min."
    ]


def test_an_excluded_disease_is_no_name_of_the_illness(read_text: Read) -> None:
    facts = read_text("IMPRESSION\nLymphoma excluded.\n")
    assert not [one for one in facts if isinstance(one.content, LabelContent)]
