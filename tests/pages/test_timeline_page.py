from __future__ import annotations

import pytest

from services.access.principals import LOCAL_USER
from services.container import Services
from tests.fakes.pdfs import text_pdf
from tests.pages.conftest import OpenPage

VIEWS = ("Course", "Laboratory trends", "Way to the diagnosis", "Facts")


@pytest.fixture(scope="module")
def patient(services: Services) -> str:
    for day, crp in (("2023-02-03", "41"), ("2023-06-09", "12")):
        note = (
            f"Rheumatology progress note\nDate of service: {day}\nDiagnosis: rheumatoid arthritis, confirmed.\n"
            f"Laboratory results\nCRP {crp} mg/L (0-5) H\nMedications\nMethotrexate 15 mg weekly, started {day}."
        )
        services.documents.ingest("TIMELINE-1", f"{day}.pdf", text_pdf(note), LOCAL_USER)
    return "TIMELINE-1"


def test_without_a_patient_the_page_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("pages/patients/timeline.py")
    assert not app.exception
    assert any("Choose a patient" in block.value for block in app.markdown)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_opens_on_a_record(open_page: OpenPage, patient: str, view: str) -> None:
    app = open_page("pages/patients/timeline.py", patient)
    app.segmented_control(key="timeline.view").set_value(view).run()
    assert not app.exception
    assert not app.error


def test_the_facts_view_lists_what_was_read(open_page: OpenPage, patient: str) -> None:
    app = open_page("pages/patients/timeline.py", patient)
    app.segmented_control(key="timeline.view").set_value("Facts").run()
    assert not app.exception
    assert any("CRP" in text for text in app.dataframe[0].value["As written"])


def test_the_course_is_filtered_by_words_and_kinds(open_page: OpenPage, patient: str) -> None:
    app = open_page("pages/patients/timeline.py", patient)
    app.text_input(key="timeline.chart.find").set_value("nothing has this name").run()
    assert not app.exception
    assert any("Nothing matches" in one.value for one in app.caption)
    app.text_input(key="timeline.chart.find").set_value("rheumatoid").run()
    assert not any("Nothing matches" in one.value for one in app.caption)


def test_without_a_confirmed_diagnosis_there_is_no_way_to_trace(open_page: OpenPage, services: Services) -> None:
    note = "Rheumatology progress note\nDate of service: 2023-02-03\nHistory\nJoint pain since 2021.\n"
    services.documents.ingest("TIMELINE-2", "note.pdf", text_pdf(note), LOCAL_USER)
    app = open_page("pages/patients/timeline.py", "TIMELINE-2")
    app.segmented_control(key="timeline.view").set_value("Way to the diagnosis").run()
    assert not app.exception
    assert any("no confirmed diagnosis" in one.value for one in app.markdown)
