"""The image of a page, and where the mark on it lies."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageChops

from services.evidence.documents.model import RenderedPage
from services.evidence.documents.reading import DocumentReader
from tests.fakes import pdfs

Box = tuple[int, int, int, int]


def marked_box(image: RenderedPage) -> Box | None:
    """The bounding box of the coloured pixels; the test pages are black on white."""
    red, _, blue = Image.open(io.BytesIO(image.png)).convert("RGB").split()
    return ImageChops.subtract(red, blue).point(lambda value: 255 if value > 60 else 0).getbbox()


def words_box(path: Path, words: str, scale: float) -> Box:
    """Where PDFium's own search finds `words`, in pixels from the top left."""
    document = pdfium.PdfDocument(path)
    page = document[0]
    text_page = page.get_textpage()
    index, count = text_page.search(words).get_next()
    boxes = [text_page.get_charbox(number) for number in range(index, index + count)]
    height = page.get_height()
    box = (
        min(b[0] for b in boxes), height - max(b[3] for b in boxes), max(b[2] for b in boxes), height - min(b[1] for b in boxes)
    )
    document.close()
    return tuple(round(value * scale) for value in box)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("passage", ["new malar rash", "ANA was 1:640", "Recheck C3, C4 and anti-dsDNA"])
def test_mark_lies_on_the_words(reader: DocumentReader, tmp_path: Path, passage: str, scale: float) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE))
    image = reader.page_image(path, 1, passage, scale)
    assert image.highlights_found == 1
    marked, words = marked_box(image), words_box(path, passage, scale)
    assert marked is not None
    slack = 5 * scale
    assert marked[0] <= words[0] + 1 and marked[2] >= words[2] - 1  # noqa: PT018 - one statement: it covers the words
    assert all(abs(ours - theirs) <= slack for ours, theirs in zip(marked, words, strict=True))


def test_words_stay_readable_under_the_mark(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE))
    image = reader.page_image(path, 1, "new malar rash", 2.0)
    inside = Image.open(io.BytesIO(image.png)).crop(marked_box(image)).convert("L")
    assert min(value for value, count in enumerate(inside.histogram()) if count) < 60


def test_no_mark_without_a_passage_or_when_it_is_absent(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE))
    for passage in (None, "", "butterfly rash on both cheeks"):
        image = reader.page_image(path, 1, passage)
        assert image.highlights_found == 0
        assert marked_box(image) is None


def test_alternative_text_says_what_is_to_be_seen(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE, "Second"))
    assert reader.page_image(path, 2).alt == "Page 2 of 2 of the document."
    assert reader.page_image(path, 1, "new malar\nrash").alt.endswith("The cited passage is marked: “new malar rash”")
    assert "could not be located" in reader.page_image(path, 1, "absent words").alt


def test_passage_from_the_text_of_the_page_is_found(reader: DocumentReader, tmp_path: Path) -> None:
    for content in (pdfs.table_pdf(), pdfs.table_pdf(by_column=True), pdfs.wrapped_cells_pdf()):
        path = pdfs.saved(tmp_path, content)
        for line in reader.read(path).pages[0].text.split("\n"):
            if line:
                assert reader.page_image(path, 1, line, 0.5).highlights_found >= 1, line


def test_turned_page_is_marked_in_its_place(reader: DocumentReader, tmp_path: Path) -> None:
    upright = pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE), "upright.pdf")
    turned = pdfs.saved(tmp_path, pdfs.rotated_pdf(), "turned.pdf")
    left, top, right, bottom = marked_box(reader.page_image(upright, 1, "new malar rash", 1.0)) or (0, 0, 0, 0)
    image = reader.page_image(turned, 1, "new malar rash", 1.0)
    height = reader.page_image(upright, 1, None, 1.0).height
    expected = (height - bottom, left, height - top, right)  # a quarter turn clockwise
    assert all(abs(a - b) <= 2 for a, b in zip(marked_box(image) or (), expected, strict=True))


def test_words_beyond_the_edge_of_the_page_are_not_marked(reader: DocumentReader, tmp_path: Path) -> None:
    outside = pdfs.raw_pdf(b"BT /F1 12 Tf 72 720 Td (On the page) Tj 2000 0 Td (Far outside) Tj ET")
    path = pdfs.saved(tmp_path, outside)
    assert reader.page_image(path, 1, "On the page").highlights_found == 1
    assert reader.page_image(path, 1, "Far outside").highlights_found == 0


def test_size_follows_the_scale_and_stays_below_the_limit(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf("Text"))
    assert (reader.page_image(path, 1, scale=1.0).width, reader.page_image(path, 1, scale=1.0).height) == (596, 842)
    assert reader.page_image(path, 1, scale=1_000.0).width <= 596 * 6


def test_answers_in_form_fields_are_drawn(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.form_pdf())
    assert reader.page_image(path, 1).png.startswith(b"\x89PNG\r\n")
