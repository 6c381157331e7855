"""What a PDF says comes out as it stands there, page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from services.evidence.documents.model import Limits, ParsedDocument
from services.evidence.documents.reading import DocumentReader
from tests.fakes import pdfs

Parse = Callable[[bytes], ParsedDocument]


def test_pages_keep_their_numbers_and_sizes(parse: Parse) -> None:
    parsed = parse(pdfs.text_pdf("First", "Second", "Third"))
    assert [(page.number, page.text) for page in parsed.pages] == [(1, "First"), (2, "Second"), (3, "Third")]
    assert parsed.pages[0].width_pt == pytest.approx(595.28, abs=0.1)
    assert parsed.pages[0].height_pt == pytest.approx(841.89, abs=0.1)


def test_size_of_a_turned_page_is_as_it_is_shown(parse: Parse) -> None:
    page = parse(pdfs.rotated_pdf()).pages[0]
    assert page.width_pt > page.height_pt


def test_document_is_known_by_the_hash_of_its_bytes(parse: Parse) -> None:
    content = pdfs.text_pdf("Text")
    assert parse(content).sha256 == hashlib.sha256(content).hexdigest()


def test_title_and_date_of_the_file_are_hints(parse: Parse) -> None:
    parsed = parse(pdfs.text_pdf("Text", title="Clinic letter"))
    assert parsed.title == "Clinic letter"
    assert isinstance(parsed.pdf_date, datetime)


def test_form_fields_and_typed_remarks_are_read(parse: Parse) -> None:
    text = parse(pdfs.form_pdf()).pages[0].text
    assert "Fatigue: 7" in text
    assert "Completed by the patient." in text
    assert "Smoker" not in text  # an empty box says nothing


def test_every_row_of_a_table_is_one_line_with_its_cells_apart(parse: Parse) -> None:
    lines = parse(pdfs.table_pdf()).pages[0].text.split("\n")
    assert "Test | Result | Units | Reference range | Flag" in lines
    assert "Anti-dsDNA antibody | 186 | IU/mL | < 30 | H" in lines


def test_empty_cell_stays_empty_and_shifts_nothing(parse: Parse) -> None:
    lines = parse(pdfs.table_pdf()).pages[0].text.split("\n")
    assert "ANA titer | 1:640 |  | < 1:80 | H" in lines
    assert "Platelets | 211 | 10^9/L | 150-400 |" in lines


def test_result_of_a_cumulative_table_stays_under_its_date(parse: Parse) -> None:
    rows = [
        ("Test (unit)", "Reference", "2021-07-07", "2021-10-12", "2022-01-11"),
        ("Creatinine (mg/dL)", "0.5-1.0", "0.75", "0.74", "0.78"),
        ("C3 (mg/dL)", "90-180", "", "", "88 L"),
    ]
    lines = parse(pdfs.table_pdf(rows, widths=(45, 30, 30, 30, 30))).pages[0].text.split("\n")
    assert "C3 (mg/dL) | 90-180 |  |  | 88 L" in lines


def test_table_drawn_column_by_column_is_read_row_by_row(parse: Parse) -> None:
    assert parse(pdfs.table_pdf(by_column=True)).pages[0].text == parse(pdfs.table_pdf()).pages[0].text


def test_wrapped_cell_stays_in_its_row(parse: Parse) -> None:
    lines = parse(pdfs.wrapped_cells_pdf()).pages[0].text.split("\n")
    assert "Complement component C4 by nephelometry, second sample | 8 | mg/dL | 10-40" in lines


def test_prose_in_two_columns_is_read_column_by_column(parse: Parse) -> None:
    left = "The left column speaks of joints. " * 8
    right = "The right column speaks of kidneys. " * 8
    text = " ".join(parse(pdfs.two_column_pdf(left, right)).pages[0].text.split())
    assert text == f"{left}{right}".strip()


def test_repeated_header_and_page_number_leave_the_text_and_stay_available(parse: Parse) -> None:
    pages = [f"Harborview Clinic\nFindings of part {n} are here\nMRN 00123456, page {n} of 3" for n in (1, 2, 3)]
    parsed = parse(pdfs.text_pdf(*pages))
    assert [page.text for page in parsed.pages] == [f"Findings of part {n} are here" for n in (1, 2, 3)]
    assert parsed.pages[1].boilerplate == ("Harborview Clinic", "MRN 00123456, page 2 of 3")


def test_copies_of_one_page_lose_nothing(parse: Parse) -> None:
    parsed = parse(pdfs.text_pdf("CRP 12 mg/L", "CRP 12 mg/L"))
    assert [page.text for page in parsed.pages] == ["CRP 12 mg/L"] * 2


def test_characters_outside_latin_survive(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf("Sjögren, Behçet, 37.5 °C, 10³ × 5 µg, ±2"))
    assert reader.read(path).pages[0].text == "Sjögren, Behçet, 37.5 °C, 10³ × 5 µg, ±2"


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(wall_seconds=0)


def test_a_hundred_small_documents_take_seconds(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.joined(pdfs.text_pdf(pdfs.NOTE), pdfs.table_pdf()))
    started = datetime.now().astimezone()
    for _ in range(100):
        reader.read(path)
    assert (datetime.now().astimezone() - started).total_seconds() < 10
