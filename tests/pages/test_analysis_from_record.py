"""The analysis page of a patient with documents: starts from them, tells how old each value is, keeps what is overridden."""

from __future__ import annotations

import datetime

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.patients.starting import Origin, StartingValue
from tests.fakes.pdfs import text_pdf
from tests.pages.conftest import OpenPage
from tests.pages.test_analysis_page import section, words

PAGE = "pages/patients/analysis.py"
NOTE = (
    "Rheumatology progress note\nPatient: Nora Example   DOB: 02/03/1970   Sex: F\nDate of service: {day}\n"
    "History of present illness\nShe has had joint pain and swelling since {since}. She was told it was fibromyalgia.\n"
    "Laboratory results, collected {day}\nCRP: {crp} mg/L (ref 0-5)\nAnti-CCP: 180 U/mL (ref <20)\nTPMT: *1/*3A\n"
    "Disease activity\nDAS28-CRP: {score}\n"
    "Medications\n- methotrexate 15 mg oral weekly - started on {day}\nDiagnoses\n1. Rheumatoid arthritis - {status}\n"
)


def take_in(services: Services, patient: str) -> str:
    services.patients.create(patient, LOCAL_USER, name="Nora Example", sex="F")
    for day, crp, score, status in (("02/03/2023", 41, 5.9, "suspected"), ("06/09/2023", 12, 3.1, "confirmed")):
        note = NOTE.format(day=day, crp=crp, score=score, status=status, since="November 2021")
        services.documents.ingest(patient, f"{day.replace('/', '-')}.pdf", text_pdf(note), LOCAL_USER)
    services.patients.save_profile(patient, {"patient_id": patient, "age": 53, "sex": "F"}, LOCAL_USER)
    return patient


@pytest.fixture(scope="module")
def patient(services: Services) -> str:
    return take_in(services, "FROM-RECORD-1")


def starting(services: Services, patient: str, part: str, key: str) -> StartingValue:
    begun = services.record.start(patient, datetime.datetime.now(datetime.UTC).date(), LOCAL_USER)
    return next(one for one in begun.values if (one.part, one.key) == (part, key))


def shown_table(app: AppTest) -> dict[str, list[object]]:
    return {str(column): list(values) for column, values in app.dataframe[0].value.items()}


def test_the_page_starts_from_the_latest_values_with_date_age_and_document(open_page: OpenPage, patient: str) -> None:
    app = open_page(PAGE, patient)
    assert not app.exception
    table = shown_table(app)
    place = table["Name"].index("CRP")
    assert table["Value"][place] == "12 mg/L"
    assert str(table["Date"][place])[:10] == "2023-06-09"
    assert str(table["Age"][place]).endswith("stale")
    assert table["Document"][place]
    assert {"Laboratory", "Autoantibodies", "Medications", "Diagnoses", "Genotypes"} <= set(table["Part"])
    assert any("The newest result in the record is of 2023-06-09" in one.value for one in app.caption)


def test_one_click_analyses_the_record(open_page: OpenPage, services: Services, patient: str) -> None:
    app = open_page(PAGE, patient).button(key="analysis.run").click().run()
    assert not app.exception
    assert app.segmented_control(key="analysis.section").value == "Summary"
    kept = services.analyses.latest(patient, LOCAL_USER)
    assert kept is not None
    assert [one.value for one in kept.profile.diagnosed_conditions] == ["rheumatoid_arthritis"]
    assert kept.profile.genotypes["TPMT"].startswith("*1/*3A")
    assert not any("has changed" in one.value for one in app.info)


def test_the_course_of_the_score_is_the_one_the_documents_state(open_page: OpenPage, patient: str, services: Services) -> None:
    assert [value for _, value in services.record.activity_courses(patient, LOCAL_USER)["DAS28-CRP"]] == [5.9, 3.1]
    app = section(open_page(PAGE, patient).button(key="analysis.run").click().run(), "Activity")
    assert not app.exception
    assert "C-reactive protein" in str([one.options for one in app.selectbox])


def test_an_overridden_value_is_used_shown_and_can_be_given_up(open_page: OpenPage, services: Services) -> None:
    patient = take_in(services, "FROM-RECORD-2")
    app = open_page(PAGE, patient)
    medications = next(one for one in app.text_area if one.label == "Current medications")
    assert str(medications.value).startswith("methotrexate")
    medications.set_value("")
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert starting(services, patient, "medications", "methotrexate").origin is Origin.REMOVED
    assert "taken out" in str(shown_table(app)["State"])
    assert any("Overridden by hand: methotrexate" in one.value for one in app.caption)
    app.segmented_control(key="analysis.starting.view").set_value("Changed by hand").run()
    assert shown_table(app)["Name"] == ["methotrexate"]
    services.patients.save_profile(patient, {"patient_id": patient, "age": 53, "sex": "F"}, LOCAL_USER)
    assert starting(services, patient, "medications", "methotrexate").origin is Origin.RECORD


def test_a_patient_without_documents_starts_from_the_form(open_page: OpenPage, services: Services) -> None:
    services.patients.create("FROM-FORM-1", LOCAL_USER, name="No Documents")
    app = open_page(PAGE, "FROM-FORM-1")
    assert not app.exception
    assert app.button(key="analysis.run").disabled
    assert "What the analysis starts from" not in words(app)
    assert any(button.label == "Save and analyse" for button in app.button)


def test_the_way_to_the_diagnosis_is_read_from_the_documents(open_page: OpenPage, patient: str) -> None:
    app = open_page("pages/patients/timeline.py", patient)
    app.segmented_control(key="timeline.view").set_value("Way to the diagnosis").run()
    assert not app.exception
    figures = {one.label: one.value for one in app.metric}
    assert figures["Delay"] == "1 y 7 m"
    assert figures["First symptom"] == "2021-11"
    assert any("fibromyalgia" in button.label for button in app.button)
    app.date_input[0].set_value(datetime.date(2022, 11, 9)).run()
    assert {one.label: one.value for one in app.metric}["Delay"] == "7 months"
