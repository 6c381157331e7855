"""What the documents' studies and flares become: lines an analysis reads, and events of the timeline."""

from __future__ import annotations

import datetime

from services.clinical.analysis import analyse
from services.clinical.profile import Profile
from services.evidence.extraction import (
    Content,
    DateBasis,
    FlareContent,
    ImagingContent,
    Precision,
    ProcedureContent,
    SymptomContent,
)
from services.patients.documented import documented_findings
from services.patients.facts import FactStatus, StoredFact
from services.patients.timeline import EventKind, events_of

DAY = datetime.date(2024, 8, 30)


def stored(content: Content, day: datetime.date | None = DAY) -> StoredFact:
    return StoredFact(
        id="f", patient_id="p", document_id="d", document_title="Letter", document_type="progress_note", document_date=DAY,
        specialty="rheumatology", position=0, page=2, start=0, end=5, quote="quote", effective=day, precision=Precision.DAY,
        basis=DateBasis.STATED, status=FactStatus.EXTRACTED, content=content,
    )  # fmt: skip


def test_complaints_come_before_what_studies_show_and_each_line_names_its_study_and_day() -> None:
    facts = [
        stored(ImagingContent(
            modality="X-ray", region="hands", finding="Marginal erosions at the second MCP joint. Soft tissues."
        )),
        stored(SymptomContent(name="stiff hands since March")),
    ]
    assert documented_findings(facts) == [
        "stiff hands since March", "X-ray hands 2024-08-30: Marginal erosions at the second MCP joint."
    ]


def test_what_a_study_denies_or_doubts_is_no_line() -> None:
    finding = "No erosions. Possible interstitial lung disease. No pleural effusion."
    assert documented_findings([stored(ImagingContent(modality="CT", region="chest", finding=finding))]) == []


def test_words_of_a_report_that_mean_something_else_elsewhere_are_left_out() -> None:
    facts = [stored(ProcedureContent(name="Colonoscopy", finding="Terminal part intubated, below the fifth percentile."))]
    assert documented_findings(facts) == []


def test_sacroiliitis_of_an_mri_answers_the_criterion_of_the_analysis() -> None:
    finding = "Bone marrow edema in both joints consistent with active sacroiliitis."
    lines = documented_findings([stored(ImagingContent(modality="MRI", region="sacroiliac joints", finding=finding))])
    found = analyse(Profile.model_validate({
        "patient_id": "p", "age": 29, "sex": "M", "hla_profile": {"hla_b": ["B*27:05"]},
        "diagnosed_conditions": ["ankylosing_spondylitis"], "extensions": {"documented_findings": lines},
    }))  # fmt: skip
    axial = next(one for one in found.criteria if one.criteria.id == "asas_axial_2009")
    assert axial.answers["sacroiliitis_on_imaging"] is True


def test_the_class_of_a_kidney_biopsy_answers_the_criterion_of_the_analysis() -> None:
    biopsy = ProcedureContent(name="Percutaneous kidney biopsy", finding="ISN/RPS class IV lupus nephritis, activity 11/24.")
    found = analyse(Profile.model_validate({
        "patient_id": "p", "age": 29, "sex": "F", "hla_profile": {}, "diagnosed_conditions": ["systemic_lupus_erythematosus"],
        "extensions": {"documented_findings": documented_findings([stored(biopsy)])},
    }))  # fmt: skip
    (lupus,) = (one for one in found.criteria if one.criteria.id == "sle_2019_eular_acr")
    assert lupus.answers["class_III_or_IV_nephritis"] is True


def test_a_dated_flare_is_an_event_with_its_page_and_an_undated_one_is_none() -> None:
    events = events_of([stored(FlareContent(name="A flare of her arthritis")), stored(FlareContent(name="two flares"), None)])
    assert [(one.kind, one.day, one.title, one.places[0].page) for one in events] == [
        (EventKind.FLARE, DAY, "A flare of her arthritis", 2)
    ]
