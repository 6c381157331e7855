"""One document reader for the layout tests, and a short way from text to facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.evidence.documents.describing import describe
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.documents.reading import DocumentReader
from services.evidence.extraction import Fact, extract
from tests.unit.evidence.extraction.layouts import Grid, facts_of, head, pdf

Read = Callable[..., tuple[Fact, ...]]


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as shared:
        yield shared


@pytest.fixture
def read_pdf(reader: DocumentReader, tmp_path: Path) -> Read:
    """Set blocks under a head as a PDF, read it back, and return its facts."""

    def _read(
        *blocks: str | Grid, title: str = "LABORATORY REPORT", date: str = "03/15/2022", lead: str = ""
    ) -> tuple[Fact, ...]:
        return facts_of(reader, tmp_path, pdf(head(title, date) + lead, *blocks))

    return _read


@pytest.fixture
def read_text() -> Read:
    """Return the facts of a note with this body, without going through a PDF."""

    def _read(body: str, *, title: str = "PROGRESS NOTE", date: str = "03/15/2022") -> tuple[Fact, ...]:
        text = head(title, date) + body
        parsed = ParsedDocument("0" * 64, 1, (Page(1, text, 612, 792),))
        return extract(parsed, describe(parsed))

    return _read
