"""The printed report: its pages, its header and footer, its letters, its speed."""

from __future__ import annotations

import io
import time

import pytest
from pypdf import PdfReader

from services.reports import AssistantAnswer, Paper, ReportChoice, build, to_pdf
from services.reports.blocks import Row, Section, Table
from tests.unit.reports.conftest import DEMO, LUPUS, content_of, draft, patient, signed


def pages(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("patient_id", sorted(DEMO))
def test_the_summary_stands_alone_on_the_first_page(patient_id: str, paper: Paper) -> None:
    content = content_of(patient_id)
    first, second = pages(to_pdf(content, draft(content), paper))[:2]
    for title in ("Dangerous", "Active", "Missing"):
        assert title in first
    assert second.split("Draft, unsigned")[1].startswith(" Alerts")


def test_patient_mark_and_page_number_stand_on_every_page() -> None:
    content = content_of("priya_nair")
    texts = pages(to_pdf(content, draft(content)))
    assert len(texts) > 5
    for number, text in enumerate(texts, start=1):
        assert "Priya Lakshmi Nair · ID priya_nair · MRN PNA-2022-19347 · born 1990-08-05" in text
        assert "Draft, unsigned" in text
        assert f"Page {number} of {len(texts)}" in text
        assert "Decision support for clinicians" in text


def test_a_signed_report_names_its_signer_on_every_page_and_is_no_draft() -> None:
    content = content_of(LUPUS)
    for text in pages(to_pdf(content, signed(content))):
        assert "signed by Dr. Grace Example, 2026-01-05 14:02 UTC" in text
        assert "draft" not in text.lower()


def test_an_ai_assisted_draft_says_so_on_every_page() -> None:
    content = content_of(LUPUS, answer=AssistantAnswer(text="Because.", origin="request"))
    assert all("AI-assisted, draft, unsigned" in text for text in pages(to_pdf(content, draft(content))))


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_both_papers_have_their_size(paper: Paper, size: tuple[int, int]) -> None:
    content = content_of(LUPUS)
    box = PdfReader(io.BytesIO(to_pdf(content, draft(content), paper))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


def test_no_row_of_a_table_is_torn_between_pages() -> None:
    rows = [Row(cells=(f"row{n}", f"begin{n} {'word ' * (17 * n % 150)} end{n}")) for n in range(80)]
    table = Table(heads=("Name", "Text"), widths=(1, 3), rows=tuple(rows))
    content = content_of(LUPUS)
    long = content.model_copy(update={"sections": (content.summary, Section(key="x", title="Rows", blocks=(table,)))})
    texts = pages(to_pdf(long, draft(content)))
    assert len(texts) > 5
    assert all("Name Text" in text for text in texts[1:-1])  # the head is repeated
    for n in range(80):
        assert any(f"begin{n} " in text and f"end{n} " in text + " " for text in texts)


def test_a_row_taller_than_a_page_is_split_and_loses_nothing() -> None:
    words = " ".join(f"word{number}" for number in range(3000))
    content = content_of({**LUPUS, "biomarkers": {}, "family_history": [], "extensions": {}})
    rows = next(block for section in content.sections for block in section.blocks if block.kind == "table")
    long_row = rows.rows[0].model_copy(update={"cells": (*["x"] * (len(rows.heads) - 2), words, "[1]")})
    alerts = content.sections[1].model_copy(update={"blocks": (rows.model_copy(update={"rows": (long_row,)}),)})
    long_content = content.model_copy(update={"sections": (content.sections[0], alerts)})
    text = " ".join(pages(to_pdf(long_content, draft(content))))
    assert all(f"word{number}" in text for number in range(3000))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Łukasz Żółć-Ñandú", "Łukasz Żółć-Ñandú"), ("Ελένη Παπαδοπούλου", "Ελένη Παπαδοπούλου"), ("Ирина", "Ирина"),
     ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"), ("张伟", "[U+5F20][U+4F1F]")],
)  # fmt: skip
def test_names_in_other_scripts_are_shown_or_spelled_out_but_never_lost(name: str, shown: str) -> None:
    someone = patient("case-1")
    content = build(type(someone)(someone.id, name, None, "F", None, False, ""), None, ReportChoice())
    assert f"{shown} · ID case-1" in pages(to_pdf(content, draft(content)))[0]


def test_a_full_patient_is_printed_in_less_than_two_seconds() -> None:
    content = content_of("priya_nair")
    to_pdf(content, draft(content))
    start = time.thread_time()
    to_pdf(content, draft(content))
    assert time.thread_time() - start < 2


def test_the_same_report_gives_the_same_pages() -> None:
    content = content_of(LUPUS)
    assert pages(to_pdf(content, signed(content))) == pages(to_pdf(content, signed(content)))
