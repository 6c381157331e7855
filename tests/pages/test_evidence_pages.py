from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from components.runtime import provide_services
from services.access.principals import LOCAL_USER
from services.container import Services
from tests.fakes.pdfs import text_pdf
from tests.pages.conftest import ROOT, OpenPage

PAGES = ("home/home", "evidence/chat", "evidence/search", "patients/documents", "admin/collections")


@pytest.fixture(scope="module")
def patient(services: Services) -> str:
    note = "Rheumatology progress note\nDate of service: 2023-02-03\nComplement C3 fell to 61 mg/dL. Urine protein rose."
    services.documents.ingest("PAGE-TEST-1", "note.pdf", text_pdf(note), LOCAL_USER)
    return "PAGE-TEST-1"


@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_without_a_patient(open_page: OpenPage, path: str) -> None:
    app = open_page(f"pages/{path}.py")
    assert not app.exception
    assert app.title


@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_with_a_patient(open_page: OpenPage, patient: str, path: str) -> None:
    app = open_page(f"pages/{path}.py", patient)
    assert not app.exception
    assert not app.error


def test_a_question_is_answered_with_a_cited_quotation(open_page: OpenPage, patient: str) -> None:
    app = open_page("pages/evidence/chat.py", patient)
    app.chat_input[0].set_value("What happened to complement C3?").run()
    assert not app.exception
    assert any("fell to 61" in block.value for block in app.markdown)
    assert any(button.label.startswith("1 ·") for button in app.button)


def test_a_general_question_never_quotes_a_patient(open_page: OpenPage, patient: str) -> None:
    app = open_page("pages/evidence/chat.py")
    app.chat_input[0].set_value("Complement C3 fell to 61 mg/dL").run()
    assert not app.exception
    assert not any("fell to 61" in block.value for block in app.markdown if "Complement C3 fell" not in block.value[:30])


def test_a_search_reports_what_was_searched(open_page: OpenPage, patient: str) -> None:
    app = open_page("pages/evidence/search.py", patient)
    app.text_input(key="search.question").set_value("falling complement")
    next(button for button in app.button if button.label == "Search").click().run()
    assert not app.exception
    assert any("passages from 14 collections" in caption.value for caption in app.caption)


def test_a_link_to_an_unknown_patient_chooses_none(open_page: OpenPage) -> None:
    app = open_page("pages/home/home.py", "no-such-patient")
    assert not app.exception
    assert app.selectbox[0].value == ""


@pytest.mark.parametrize("hostile", ['" or 1==1', "<script>", "../x"])
def test_a_hostile_patient_in_the_link_is_ignored_by_every_page(open_page: OpenPage, hostile: str) -> None:
    app = open_page("pages/evidence/search.py", hostile)
    assert not app.exception
    assert app.selectbox[0].value == ""


def test_without_services_the_dashboard_says_that_it_is_starting() -> None:
    provide_services(None)
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    assert not app.exception
    assert "starting" in app.info[0].value
