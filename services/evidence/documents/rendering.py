"""Draw one page of a PDF as an image with a passage marked. Runs in the child process only (PDFium is native code).

The mark is a translucent box with an outline (colour is never the only signal) over the boxes of the very characters
that were matched.
"""

from __future__ import annotations

import ctypes
import io
import math
from collections.abc import Sequence
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageChops, ImageDraw

from services.evidence.documents.locating import Glyph, Match, locate

_FILL = (255, 232, 110)
_OUTLINE = (166, 98, 0)
_PADDING_PT = 1.5
_MAX_GLYPHS = 200_000
_PNG_COMPRESSION = 3  # measured: as small as 6 for text pages in half the time

Box = tuple[float, float, float, float]


class RenderingRefusedError(Exception):
    """A page that cannot be drawn. `kind` is one of encrypted, no_page, broken."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def render(
    data: bytes, *, page_number: int, highlight: str | None, scale: float, pixel_limit: int
) -> tuple[dict[str, Any], bytes]:
    """Return `{"width", "height", "highlights_found", "page_count"}` and the PNG of the page.

    :raise RenderingRefusedError: with the reason.
    """
    document = _open(data)
    try:
        count = len(document)
        if not 1 <= page_number <= count:
            raise RenderingRefusedError("no_page", f"There is no page {page_number}: the document has {count} page(s).")
        page = document[page_number - 1]
        image = page.render(scale=_bounded(page, scale, pixel_limit), prefer_bgrx=False).to_pil().convert("RGB")
        matches = _matches(page, highlight) if highlight else ()
        found = 0
        if matches:
            image, found = _marked(image, page, matches)
    except pdfium.PdfiumError as error:
        raise RenderingRefusedError(
            "broken", "The page cannot be drawn: the file is damaged. Export the document again and upload the new file."
        ) from error
    finally:
        document.close()
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=_PNG_COMPRESSION)
    answer = {"width": image.width, "height": image.height, "highlights_found": found, "page_count": count}
    return answer, png.getvalue()


def _open(data: bytes) -> Any:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise RenderingRefusedError(
                "encrypted", "The PDF is protected by a password. Save a copy without password protection and upload that."
            ) from error
        raise RenderingRefusedError(
            "broken", "The PDF is damaged and cannot be drawn. Export the document again and upload the new file."
        ) from error
    document.init_forms()  # else the values of form fields are missing from the image
    return document


def _bounded(page: Any, scale: float, pixel_limit: int) -> float:
    width, height = page.get_size()
    if width <= 0 or height <= 0:
        raise RenderingRefusedError("broken", "The page has no area and cannot be drawn.")
    return float(min(scale, math.sqrt(pixel_limit / (width * height)), pixel_limit / max(width, height)))


def _matches(page: Any, passage: str) -> tuple[Match, ...]:
    text_page = page.get_textpage()
    count = min(text_page.count_chars(), _MAX_GLYPHS)
    glyphs = [Glyph(index, _character(pdfium_c.FPDFText_GetUnicode(text_page, index))) for index in range(count)]

    def _place(unplaced: Sequence[Glyph]) -> list[Glyph]:
        placed = []
        for glyph in unplaced:
            if not glyph.char.isspace():
                left, bottom, right, top = text_page.get_charbox(glyph.index, loose=True)
                placed.append(Glyph(glyph.index, glyph.char, (left + right) / 2, (bottom + top) / 2, top - bottom))
        return placed

    return locate(glyphs, passage, _place)


def _character(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def _marked(image: Image.Image, page: Any, matches: Sequence[Match]) -> tuple[Image.Image, int]:
    """Return the image with the matches marked, and how many of them lie on the visible page."""
    found = 0
    overlay = Image.new("RGB", image.size, (255, 255, 255))
    drawing = ImageDraw.Draw(overlay)
    text_page = page.get_textpage()
    for match in matches:
        boxes = [_to_pixels(page, image.size, box) for box in _lines_of_boxes(text_page, match)]
        visible = [box for box in boxes if box[0] < box[2] and box[1] < box[3]]
        for box in visible:
            drawing.rectangle(box, fill=_FILL, outline=_OUTLINE)
        found += bool(visible)
    return ImageChops.multiply(image, overlay), found


def _lines_of_boxes(text_page: Any, match: Match) -> list[Box]:
    """The boxes of the matched characters in PDF points, joined along each line of text."""
    lines: list[Box] = []
    for index in match:
        left, bottom, right, top = text_page.get_charbox(index, loose=True)
        if right <= left or top <= bottom:
            continue
        if lines:
            before = lines[-1]
            overlap = min(top, before[3]) - max(bottom, before[1])
            same_line = overlap > 0.5 * min(top - bottom, before[3] - before[1])
            if same_line and -1.0 <= left - before[2] <= 1.2 * (top - bottom):
                lines[-1] = (before[0], min(bottom, before[1]), max(right, before[2]), max(top, before[3]))
                continue
        lines.append((left, bottom, right, top))
    return [
        (left - _PADDING_PT, bottom - _PADDING_PT / 2, right + _PADDING_PT, top + _PADDING_PT / 2)
        for left, bottom, right, top in lines
    ]


def _to_pixels(page: Any, size: tuple[int, int], box: Box) -> tuple[int, int, int, int]:
    """Turn a box in PDF points into pixels, cut to the image; PDFium knows the page's rotation and crop box."""
    corners = [_to_pixel(page, size, x, y) for x, y in ((box[0], box[1]), (box[2], box[3]))]
    (x0, x1), (y0, y1) = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    width, height = size
    return max(x0, 0), max(y0, 0), min(x1, width - 1), min(y1, height - 1)


def _to_pixel(page: Any, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    pixel_x, pixel_y = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, size[0], size[1], 0, x, y, ctypes.byref(pixel_x), ctypes.byref(pixel_y))
    return pixel_x.value, pixel_y.value
