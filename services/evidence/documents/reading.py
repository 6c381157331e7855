"""Read clinical PDF documents and show their pages, with every file opened in a child process that can be killed.

A file from outside may be broken, hostile or simply enormous. `DocumentReader` promises that each call ends within its
limits with a result or with a `DocumentError` that says why and what to do, and that the next call works.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.errors import (
    BrokenDocumentError,
    DocumentError,
    DocumentLimitError,
    EncryptedDocumentError,
    NotAPdfError,
    NoTextError,
    NotFoundError,
    UnavailableError,
)
from services.evidence.documents.model import Limits, Page, ParsedDocument, RenderedPage
from services.evidence.documents.processes import WorkerPool

_HEADER_WINDOW = 1024  # the header may follow some bytes of a print spooler
_TAIL_WINDOW = 4096
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"#!", "a script"),
    (b"PK\x03\x04", "an Office or zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"{\\rtf", "a rich text file"),
    (b"<", "a web page or XML file"),
)
_REFUSALS: dict[str, type[DocumentError]] = {
    "encrypted": EncryptedDocumentError,
    "no_text": NoTextError,
    "broken": BrokenDocumentError,
    "limit": DocumentLimitError,
}
_MAX_HIGHLIGHT = 20_000
_SCALES = (0.2, 6.0)


class DocumentReader:
    """Reads and renders PDFs in child processes. Safe for use from many threads; close it, or use it in a `with` block."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._texts = WorkerPool("text", self.limits)
        self._images = WorkerPool("image", self.limits)

    def read(self, path: Path) -> ParsedDocument:
        """Return the text of the PDF at `path`, page by page.

        :raise NotFoundError: there is no such file.
        :raise NotAPdfError: the content is not a PDF, whatever its name says.
        :raise EncryptedDocumentError: a password is needed; a PDF with an empty user password opens.
        :raise NoTextError: the pages are images, or their characters cannot be decoded.
        :raise BrokenDocumentError: damaged or cut off.
        :raise DocumentLimitError: too large, too many pages, too slow, or too much memory.
        """
        with self._opened(path) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            answer, _ = self._texts.run(
                {"page_limit": self.limits.pages, "character_limit": self.limits.characters}, file.fileno()
            )
        _raise_refusal(answer)
        try:
            return _parsed(sha256, answer)
        except (KeyError, TypeError, ValueError) as error:
            raise BrokenDocumentError("The PDF could not be read: the reader gave no usable answer.") from error

    def page_image(self, path: Path, page_number: int, highlight: str | None = None, scale: float = 1.5) -> RenderedPage:
        """Return one page as a PNG, with the passage `highlight` marked where it stands.

        `page_number` counts from 1; `scale` 1.0 is 72 pixels to the inch and is reduced where the image would pass the
        pixel limit. A passage that cannot be found with certainty is not marked. Errors as for `read`.

        :raise NotFoundError: the document has no such page.
        """
        with self._opened(path) as file:
            answer, png = self._images.run(
                {
                    "page_number": page_number,
                    "highlight": highlight[:_MAX_HIGHLIGHT] if highlight else None,
                    "scale": min(max(scale, _SCALES[0]), _SCALES[1]),
                    "pixel_limit": self.limits.image_pixels,
                },
                file.fileno(),
            )
        if answer.get("refused") == "no_page":
            raise NotFoundError(str(answer["message"]))
        _raise_refusal(answer)
        found, count = int(answer["highlights_found"]), int(answer["page_count"])
        return RenderedPage(
            png=png, width=int(answer["width"]), height=int(answer["height"]), highlights_found=found,
            alt=_alt(page_number, count, highlight, found),
        )

    def close(self) -> None:
        """End the child processes. Idempotent."""
        self._texts.close()
        self._images.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _opened(self, path: Path) -> Iterator[BufferedReader]:
        """Open `path` after checking that it is a regular file, small enough, and a whole PDF by its first and last bytes."""
        try:
            # Without O_NONBLOCK a named pipe would block the open itself.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFoundError("The document file is not in the store any more.") from error
        except OSError as error:
            raise UnavailableError("The document file cannot be opened: check the rights of the data folder.") from error
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise NotAPdfError("This is not a file. Upload a PDF document.")
        with os.fdopen(descriptor, "rb") as file:
            if status.st_size > self.limits.file_bytes:
                raise DocumentLimitError(
                    f"The file has {status.st_size / 1e6:,.0f} MB; up to {self.limits.file_bytes / 1e6:,.0f} MB are read. "
                    "Split it and upload the parts."
                )
            _refuse_foreign(file, status.st_size)
            yield file


def _refuse_foreign(file: BufferedReader, size: int) -> None:
    head = file.read(_HEADER_WINDOW)
    if not head:
        raise NotAPdfError("The file is empty. Upload a PDF document.")
    kind = next((name for mark, name in _OTHER_FORMATS if head.lstrip().startswith(mark)), None)
    if kind or b"%PDF-" not in head:
        raise NotAPdfError(
            f"The file is not a PDF: its content is {kind or 'something else'}, whatever its name says. Upload a PDF document."
        )
    tail = b""
    position = size
    # The end mark may be followed by padding; whatever else follows it means the end of the file is not the document's.
    while position > 0 and not tail.strip(b"\x00 \t\r\n\x1a"):
        position = max(0, position - _TAIL_WINDOW)
        file.seek(position)
        tail = file.read(_TAIL_WINDOW)
    file.seek(max(0, position - 16))
    if b"%%EOF" not in file.read(_TAIL_WINDOW + 16):
        raise BrokenDocumentError(
            "The PDF is cut off before its end, so pages may be missing. Transfer or export it again and upload the whole file."
        )
    file.seek(0)


def _raise_refusal(answer: dict[str, Any]) -> None:
    if "refused" in answer:
        raise _REFUSALS.get(answer["refused"], BrokenDocumentError)(str(answer.get("message", "")))


def _parsed(sha256: str, answer: dict[str, Any]) -> ParsedDocument:
    pages = tuple(
        Page(number=number, text=str(page["text"]), width_pt=float(page["width_pt"]), height_pt=float(page["height_pt"]),
             boilerplate=tuple(map(str, page["boilerplate"])))
        for number, page in enumerate(answer["pages"], start=1)
    )
    return ParsedDocument(
        sha256=sha256, page_count=len(pages), pages=pages,
        pdf_date=datetime.fromisoformat(answer["pdf_date"]) if answer["pdf_date"] else None,
        title=answer["title"], pages_without_text=tuple(answer["pages_without_text"]),
    )


def _alt(page_number: int, page_count: int, highlight: str | None, found: int) -> str:
    where = f"Page {page_number} of {page_count} of the document."
    if not highlight:
        return where
    if not found:
        return f"{where} The cited passage could not be located on the image, so nothing is marked."
    passage = " ".join(highlight.split())
    quoted = passage if len(passage) <= 300 else passage[:297].rsplit(" ", 1)[0] + " ..."
    return f"{where} The cited passage is marked: “{quoted}”"
