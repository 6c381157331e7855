"""One reader for all document tests: its children are started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.documents.reading import DocumentReader
from tests.fakes import pdfs

Parse = Callable[[bytes], ParsedDocument]


@pytest.fixture(scope="session")
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as shared:
        yield shared


@pytest.fixture
def parse(reader: DocumentReader, tmp_path: Path) -> Parse:
    """Read a PDF given as bytes."""
    return lambda content: reader.read(pdfs.saved(tmp_path, content))


@pytest.fixture
def written() -> Callable[..., ParsedDocument]:
    """A document made of page texts, without a PDF."""

    def make(*texts: str, title: str | None = None) -> ParsedDocument:
        pages = tuple(Page(number, text, 612.0, 792.0) for number, text in enumerate(texts, start=1))
        return ParsedDocument(sha256="0" * 64, page_count=len(pages), pages=pages, title=title)

    return make
