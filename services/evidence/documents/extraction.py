"""Extract the text of one PDF with pypdf. Runs in the child process only: never imported by the product itself.

Every failure leaves as an `ExtractionRefusedError` with a kind and a sentence for the reader of the message. The text of
pypdf's own errors is not passed on, because it may quote the document.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, NullObject

from services.evidence.documents.layout import Fragment, arrange
from services.evidence.documents.normalising import clean_text, join_hyphenated, split_boilerplate
from services.evidence.documents.tables import cells_of, is_header

# What pypdf lets through on malformed input beside its own errors. Anything else ends the child, which the parent reports
# as a broken document as well.
_MALFORMED = (
    PyPdfError, DependencyError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError,
    ArithmeticError, NotImplementedError, zlib.error, struct.error, EOFError, OSError,
)
_MAX_ANNOTATIONS = 2_000
_MAX_SIDE_PT = 200_000.0
_UNREADABLE_SHARE = 0.4

pypdf.overwrite_configuration(
    jbig2dec_binary=None,  # an external program would run outside the limits of this process
    stream_parsing_work_maximum_count=1_000_000,
    page_tree_maximum_entries=20_000,
    page_tree_maximum_page_entries=200_000,
    disable_legacy_handling=True,
)


class ExtractionRefusedError(Exception):
    """A document that cannot be read. `kind` is one of encrypted, no_text, broken, limit."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def extract(data: bytes, *, page_limit: int, character_limit: int) -> dict[str, Any]:
    """Return `{"pages": [...], "page_count", "pages_without_text", "title", "pdf_date"}` of the PDF in `data`.

    :raise ExtractionRefusedError: with the reason.
    """
    reader = _open(data)
    count = _page_count(reader, page_limit)
    texts: list[str] = []
    sizes: list[tuple[float, float]] = []
    failed = 0
    total = 0
    for number in range(count):
        try:
            page = reader.pages[number]
            text, size = _page_text(page), _page_size(page)
        except LimitReachedError as error:
            raise ExtractionRefusedError(
                "limit", f"Page {number + 1} is built in a way that would take too much work to read. "
                "Print the document to a new PDF and upload that."
            ) from error
        except _MALFORMED:
            failed += 1
            text, size = "", (0.0, 0.0)
        total += len(text)
        if total > character_limit:
            raise ExtractionRefusedError(
                "limit", f"The document holds more than {character_limit:,} characters of text. Split it and upload the parts."
            )
        texts.append(text)
        sizes.append(size)
    if count and failed == count:
        raise ExtractionRefusedError(
            "broken", "None of the pages could be read: the file is damaged. Export the document again and upload the new file."
        )
    return _assemble(reader, texts, sizes)


def _open(data: bytes) -> pypdf.PdfReader:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileNotDecryptedError
    except FileNotDecryptedError as error:
        raise ExtractionRefusedError(
            "encrypted", "The PDF is protected by a password. Save a copy without password protection and upload that."
        ) from error
    except LimitReachedError as error:
        raise ExtractionRefusedError(
            "limit", "The PDF declares more content than it may hold. Print it to a new PDF and upload that."
        ) from error
    except _MALFORMED as error:
        raise ExtractionRefusedError(
            "broken", "The PDF is damaged and cannot be opened. Export the document again and upload the new file."
        ) from error
    return reader


def _page_count(reader: pypdf.PdfReader, page_limit: int) -> int:
    try:
        count = len(reader.pages)
    except _MALFORMED as error:
        raise ExtractionRefusedError(
            "broken", "The list of pages in the PDF is damaged. Export the document again and upload the new file."
        ) from error
    if count > page_limit:
        raise ExtractionRefusedError(
            "limit", f"The document has {count:,} pages; up to {page_limit:,} are read. Split it and upload the parts."
        )
    if count == 0:
        raise ExtractionRefusedError("broken", "The PDF has no pages. Export the document again and upload the new file.")
    return count


def _page_text(page: pypdf.PageObject) -> str:
    fragments: list[Fragment] = []

    def _collect(text: str, cm: list[float], tm: list[float], _font: object, size: float) -> None:
        fragments.append(_fragment(text, cm, tm, size))

    page.extract_text(visitor_text=_collect)
    return "\n".join([arrange(fragments), *_written_on(page)])


def _fragment(text: str, cm: list[float], tm: list[float], size: float) -> Fragment:
    """Place a piece of text on the page: text matrix times transformation matrix."""
    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    upright = tm[0] * cm[0] > 0 and tm[3] * cm[3] > 0 and not (tm[1] or tm[2] or cm[1] or cm[2])
    return Fragment(text, x, y, abs(size * tm[3] * cm[3]) if upright else 0.0)


def _written_on(page: pypdf.PageObject) -> Iterator[str]:
    """Form fields with a value and typed annotations: text that is on the page but not in its content stream."""
    annotations = page.get("/Annots", NullObject()).get_object()
    if not isinstance(annotations, ArrayObject):
        return
    for entry in annotations[:_MAX_ANNOTATIONS]:
        annotation = entry.get_object()
        if not isinstance(annotation, DictionaryObject):
            continue
        kind = annotation.get("/Subtype")
        if kind == "/FreeText" and isinstance(note := annotation.get("/Contents"), str) and note.strip():
            yield note
        elif kind == "/Widget":
            name, value = _inherited(annotation, "/T"), _inherited(annotation, "/V")
            if name and value and value not in ("/Off", "Off"):
                yield f"{name}: {value.lstrip('/')}"


def _inherited(field: DictionaryObject, key: str) -> str | None:
    for _ in range(8):
        value = field.get(key)
        value = value.get_object() if value is not None else None
        if isinstance(value, str):
            return str(value)
        parent = field.get("/Parent")
        parent = parent.get_object() if parent is not None else None
        if not isinstance(parent, DictionaryObject):
            return None
        field = parent
    return None


def _page_size(page: pypdf.PageObject) -> tuple[float, float]:
    width, height = abs(float(page.cropbox.width)), abs(float(page.cropbox.height))
    if page.rotation % 180:
        width, height = height, width
    return min(width, _MAX_SIDE_PT), min(height, _MAX_SIDE_PT)


def _assemble(reader: pypdf.PdfReader, raw: list[str], sizes: list[tuple[float, float]]) -> dict[str, Any]:
    texts = join_hyphenated([clean_text(text) for text in raw])
    tables = [frozenset(line for line in text.split("\n") if cells_of(line) or is_header(line)) for text in texts]
    bodies = split_boilerplate(texts, tables)
    empty = [number for number, (body, _) in enumerate(bodies, start=1) if not body.strip()]
    if len(empty) == len(bodies):
        raise ExtractionRefusedError(
            "no_text", f"No text could be extracted: the document ({_pages(len(bodies))}) seems to be a scan or a picture. "
            "Run text recognition (OCR) on it and upload the result."
        )
    _refuse_undecodable(raw)
    return {
        "page_count": len(bodies),
        "pages": [
            {"text": body, "boilerplate": removed, "width_pt": width, "height_pt": height}
            for (body, removed), (width, height) in zip(bodies, sizes, strict=True)
        ],
        "pages_without_text": empty,
        "title": _title(reader),
        "pdf_date": _pdf_date(reader),
    }


def _refuse_undecodable(raw: list[str]) -> None:
    """Refuse text whose fonts do not say which character a glyph is: it would be stored as gibberish."""
    ink = odd = 0
    for text in raw:
        for char in text:
            if not char.isspace():
                ink += 1
                odd += char == "\ufffd" or "\ue000" <= char <= "\uf8ff" or char < " " or "\x7f" <= char < "\xa0"
    if odd > _UNREADABLE_SHARE * ink:
        raise ExtractionRefusedError(
            "no_text", "The text of the document cannot be decoded: its fonts do not name their characters. "
            "Run text recognition (OCR) on it and upload the result."
        )


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count:,} pages"


def _title(reader: pypdf.PdfReader) -> str | None:
    try:
        title = reader.metadata.title if reader.metadata else None
    except _MALFORMED:
        return None
    return " ".join(clean_text(title[:1000]).split())[:300] or None if isinstance(title, str) else None


def _pdf_date(reader: pypdf.PdfReader) -> str | None:
    try:
        made = reader.metadata.creation_date if reader.metadata else None
        return made.isoformat() if made else None
    except _MALFORMED:
        return None
