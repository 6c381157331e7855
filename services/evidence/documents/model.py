"""What reading and rendering a document gives back, and the limits both work under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost. Every limit that is hit ends in a `DocumentLimitError` that names it.

    `wall_seconds` runs from the moment a child takes the document; `cpu_seconds` and `memory_bytes` are set in the child
    by the operating system; `workers` is the number of children of each kind that may live at once.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 1_500_000_000
    file_bytes: int = 100_000_000
    pages: int = 2_000
    characters: int = 10_000_000
    image_pixels: int = 16_000_000
    workers: int = 2

    def __post_init__(self) -> None:
        if min(self.wall_seconds, self.cpu_seconds, self.memory_bytes, self.file_bytes, self.pages, self.workers) <= 0:
            raise ValueError("a document limit must be positive")


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `number` counts from 1; width and height are in points (1/72 inch) as the page is shown.

    `text` is the body. `boilerplate` holds the lines taken out of it: headers and footers that repeat from page to page,
    and page numbers. They serve as metadata and are not evidence.
    """

    number: int
    text: str
    width_pt: float
    height_pt: float
    boilerplate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The text of a PDF, page by page.

    `pages` holds every page, also those without text; `pages_without_text` names the ones that are images or could not be
    read, so that nobody takes their silence for a normal finding. `pdf_date` and `title` are what the file says of
    itself, written by the program that made it: hints only.
    """

    sha256: str
    page_count: int
    pages: tuple[Page, ...]
    pdf_date: datetime | None = None
    title: str | None = None
    pages_without_text: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A page as a PNG image. `width` and `height` in pixels; `highlights_found` counts the marked passages.

    Zero highlights means the passage could not be located with certainty on this page: no mark is better than a wrong
    one. `alt` is the text for people who do not see the image.
    """

    png: bytes
    width: int
    height: int
    highlights_found: int
    alt: str
