"""The documents page against real services: empty, a list, a document with its facts, corrections, proposals, deleting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from components.runtime import provide_services
from services.access.principals import LOCAL_USER
from services.assistant.language_model import LanguageModel
from services.assistant.proposals import FactProposer
from services.container import Services
from services.evidence.extraction import FactKind
from services.patients.facts import FactStatus
from tests.fakes.messages_api import MessagesApi, text_answer
from tests.fakes.pdfs import text_pdf
from tests.pages.conftest import OpenPage
from tests.unit.patients.test_record import JANUARY

PAGE = "pages/patients/documents.py"
PATIENT = "DOCUMENTS-1"


@pytest.fixture(scope="module")
def document(services: Services) -> str:
    return services.documents.ingest(PATIENT, "note.pdf", text_pdf(JANUARY), LOCAL_USER).document.id


@pytest.fixture
def asking(services: Services) -> Iterator[MessagesApi]:
    with MessagesApi(default=text_answer('{"facts": []}')) as api:
        model = LanguageModel(model="a-model", api_key="a key", base_url=api.url)
        proposer = FactProposer(model, services.documents, services.record, base_url=api.url)
        provide_services(replace(services, proposer=proposer))
        yield api


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "error", "info", "success")
    return "\n".join(str(one.value) for kind in kinds for one in app.get(kind))


def chosen(open_page: OpenPage) -> AppTest:
    app = open_page(PAGE, PATIENT)
    app.session_state["documents.table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return app.run()


def test_the_empty_page_says_what_uploading_gives(open_page: OpenPage, services: Services) -> None:
    services.patients.ensure("EMPTY-DOCUMENTS", LOCAL_USER)
    app = open_page(PAGE, "EMPTY-DOCUMENTS")
    assert not app.exception
    assert "No documents yet for this patient" in words(app)
    assert "Choose a patient" in words(open_page(PAGE))


def test_the_list_tells_type_date_pages_and_facts(open_page: OpenPage, document: str) -> None:
    app = open_page(PAGE, PATIENT)
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["Type"]) == ["progress note"]
    assert (table["Date"][0], table["Pages"][0]) == ("2022-01-20", 1)
    assert table["Facts"][0] >= 5


def test_without_a_key_the_control_is_absent_and_the_reason_is_given(open_page: OpenPage, document: str) -> None:
    app = chosen(open_page)
    assert not app.exception
    assert "none is configured (ANTHROPIC_API_KEY is not set)" in words(app)
    assert "documents.ask" not in {button.key for button in app.button}


def test_asking_says_what_is_sent_and_where_and_sends_only_on_the_click(
    open_page: OpenPage, asking: MessagesApi, document: str
) -> None:
    app = chosen(open_page)
    assert "sends the whole text of this document" in words(app)
    assert asking.log == []
    app.button(key="documents.ask").click().run()
    assert not app.exception
    assert len(asking.log) == 1
    assert "The model proposed nothing new." in words(app)


def test_reading_again_says_that_nothing_changed(open_page: OpenPage, document: str) -> None:
    app = chosen(open_page)
    app.button(key="documents.read_again").click().run()
    assert not app.exception
    assert "Read again: nothing changed." in words(app)


def test_a_medication_is_corrected_in_the_form_of_its_kind(open_page: OpenPage, services: Services, document: str) -> None:
    fact = services.record.facts(PATIENT, LOCAL_USER, kinds=(FactKind.MEDICATION,))[0]
    app = chosen(open_page)
    app.segmented_control[0].set_value(FactKind.MEDICATION.value).run()
    selected = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.session_state[f"record.table.medication.{document}"] = selected
    app.run()
    key = f"record.correct.{fact.id}"
    app.text_input(key=f"{key}.start").set_value("last spring")
    app.button(key=f"{key}.save").click().run()
    assert "Start must be a date" in words(app)
    app.text_input(key=f"{key}.dose").set_value("400 mg")
    app.text_input(key=f"{key}.start").set_value("2021-12")
    app.button(key=f"{key}.save").click().run()
    assert not app.exception
    courses = {course.subject: course for course in services.record.medications(PATIENT, LOCAL_USER)}
    corrected = courses["hydroxychloroquine"]
    assert (corrected.dose, str(corrected.start)) == ("400 mg", "2021-12-01")
    app.session_state[f"record.table.medication.{document}"] = selected
    app.run()
    assert "corrected to" in words(app)
    app.button(key="record.restore").click().run()
    restored = services.record.facts(PATIENT, LOCAL_USER, kinds=(FactKind.MEDICATION,))[0]
    assert (restored.status, restored.content) == (FactStatus.EXTRACTED, fact.content)


def test_deleting_says_what_goes_and_takes_it(open_page: OpenPage, services: Services, document: str) -> None:
    app = chosen(open_page)
    assert "This cannot be undone." in words(app)
    app.button(key="documents.delete").click().run()
    assert not app.exception
    assert services.documents.list(PATIENT, LOCAL_USER) == ()
    assert services.record.facts(PATIENT, LOCAL_USER) == ()
