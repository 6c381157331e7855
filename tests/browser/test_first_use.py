"""What a newcomer does: open the dashboard, find the patients, ask, open a source, search, upload, look at the collections."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard
from tests.fakes.pdfs import text_pdf

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"


def shot(page: Page, name: str) -> None:
    """Write the documentation's screenshot when asked to: `PARATOPE_SCREENSHOTS=1 make e2e`."""
    if os.environ.get("PARATOPE_SCREENSHOTS"):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_a_deep_link_opens_its_page_even_as_the_first_request(page: Page) -> None:
    page.goto("/chat?patient=sarah_mitchell")
    expect(page.get_by_role("heading", name="Ask about Sarah")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_the_home_page_shows_nine_patients_and_the_disclaimer(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Paratope")).to_be_visible()
    expect(page.get_by_text("demo", exact=True)).to_have_count(9)
    expect(page.get_by_text("not a diagnosis").first).to_be_visible()
    expect(page.get_by_text("none, quotations only")).to_be_visible()
    shot(page, "home")


def test_a_question_about_a_patient_gets_an_answer_whose_source_opens_on_its_page(page: Page) -> None:
    page.goto("/chat?patient=sarah_mitchell")
    page.get_by_test_id("stChatInputTextArea").fill("When did C3 start to fall?")
    page.keyboard.press("Enter")
    source = page.get_by_role("button", name="1 · ").first
    expect(source).to_be_visible(timeout=60_000)
    expect(page.get_by_text("word-for-word quotations").first).to_be_visible()
    shot(page, "ask")
    source.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("img").first).to_be_visible()
    expect(drawer.get_by_text("patient record")).to_be_visible()
    shot(page, "source")


def test_a_conversation_is_still_there_after_a_reload(page: Page) -> None:
    page.goto("/chat?patient=rachel_thompson")
    page.get_by_test_id("stChatInputTextArea").fill("What preceded the renal crisis?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="1 · ").first).to_be_visible(timeout=60_000)
    page.goto("/")
    page.get_by_role("button", name="What preceded the renal crisis?", exact=False).first.click()
    expect(page.get_by_role("heading", name="Ask about Rachel")).to_be_visible()
    expect(page.get_by_role("button", name="1 · ").first).to_be_visible()


def test_the_name_of_a_patient_never_stands_in_the_address(page: Page) -> None:
    page.goto("/chat?patient=david_park")
    expect(page.get_by_role("heading", name="Ask about David")).to_be_visible()
    assert "Joon" not in page.url
    assert "?patient=david_park" in page.url


def test_a_search_shows_scored_passages_with_their_sources(page: Page) -> None:
    page.goto("/search")
    page.get_by_label("What are you looking for?").fill("HLA-B27 ankylosing spondylitis")
    page.keyboard.press("Enter")
    expect(page.get_by_text("passages from 14 collections")).to_be_visible()
    expect(page.get_by_text("relevance").first).to_be_visible()
    shot(page, "search")
    page.get_by_role("button", name="Open source").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_an_uploaded_pdf_becomes_searchable_and_can_be_deleted(page: Page, tmp_path: Path, dashboard: Dashboard) -> None:
    path = tmp_path / "note.pdf"
    path.write_bytes(text_pdf("Rheumatology progress note\nDate of service: 2024-05-06\nZanzibar fever was ruled out."))
    page.goto("/documents")
    page.get_by_role("textbox", name="Patient id").fill("E2E-001")
    page.keyboard.press("Tab")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Read the documents").click()
    expect(page.get_by_text("added;", exact=False)).to_be_visible(timeout=60_000)
    hits = httpx.post(
        f"{dashboard.api}/search", json={"question": "Zanzibar fever", "patient_id": "E2E-001"}, timeout=60
    ).json()["hits"]
    assert any("Zanzibar" in hit["text"] for hit in hits)
    page.goto("/documents?patient=E2E-001")
    expect(page.get_by_text("1 document, 1 page")).to_be_visible()
    page.get_by_test_id("stDataFrame").click(position={"x": 20, "y": 55})
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("button", name="Delete this document").click()
    expect(page.get_by_text("No documents yet for this patient")).to_be_visible()
    hits = httpx.post(
        f"{dashboard.api}/search", json={"question": "Zanzibar fever", "patient_id": "E2E-001"}, timeout=60
    ).json()["hits"]
    assert not any("Zanzibar" in hit["text"] for hit in hits)


def test_a_file_that_is_no_pdf_is_refused_with_the_reason(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(b"MZ this is a program")
    page.goto("/documents?patient=david_park")
    page.get_by_text("Upload PDFs").click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Read the documents").click()
    expect(page.get_by_text("not taken in.", exact=False)).to_be_visible()


def test_the_collections_page_lists_fourteen_with_their_model(page: Page) -> None:
    page.goto("/collections")
    expect(page.get_by_text("all-MiniLM-L6-v2").first).to_be_visible()
    expect(page.get_by_text("Select a row")).to_be_visible()
    shot(page, "collections")


def test_the_documents_of_a_patient_are_listed(page: Page) -> None:
    page.goto("/documents?patient=linda_chen")
    expect(page.get_by_text("Select a row to open a document")).to_be_visible()
    shot(page, "documents")


def test_hostile_text_in_a_question_runs_nothing(page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto("/search")
    page.get_by_label("What are you looking for?").fill(
        "<img src=x onerror=alert(1)> ![x](http://127.0.0.1:9/leak) <script>alert(2)</script>"
    )
    page.keyboard.press("Enter")
    expect(page.get_by_text("passages from 14 collections")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('img[src*=leak]').length") == 0
