"""What a report is made of, whatever it is written to: paragraphs, lists, tables, quotations, and numbered sources.

All texts are plain: a renderer escapes them. Citations are numbers into the list of sources, counted from 1 in the order of
first use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from services.clinical.explanation import Frozen

Cites = tuple[int, ...]


class Cited(BaseModel):
    """A source as it was printed. Unlike `Source` it is never refused: a signed report must stay readable."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    citation: str
    pmid: str | None = None
    doi: str | None = None

    def __str__(self) -> str:
        parts = [self.citation, *([f"PMID {self.pmid}"] if self.pmid else []), *([f"doi:{self.doi}"] if self.doi else [])]
        return ". ".join(parts)


class Paragraph(Frozen):
    kind: Literal["paragraph"] = "paragraph"
    text: str
    style: Literal["plain", "strong", "note"] = "plain"
    cites: Cites = ()


class Subheading(Frozen):
    kind: Literal["subheading"] = "subheading"
    text: str


class Item(Frozen):
    """One entry of a list. `lead` is a word in bold before the text, e.g. the severity of an alert."""

    text: str
    lead: str = ""
    cites: Cites = ()


class BulletList(Frozen):
    kind: Literal["list"] = "list"
    items: tuple[Item, ...]


class Row(Frozen):
    """A row of a table; `strong` rows are set in bold (abnormal or dangerous)."""

    cells: tuple[str, ...]
    strong: bool = False


class Table(Frozen):
    """`widths` are shares of the text width, one for each column."""

    kind: Literal["table"] = "table"
    heads: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[Row, ...]


class Quote(Frozen):
    """A text somebody or something else wrote, line breaks kept."""

    kind: Literal["quote"] = "quote"
    text: str


Block = Annotated[Paragraph | Subheading | BulletList | Table | Quote, Field(discriminator="kind")]


class Section(Frozen):
    key: str
    title: str
    blocks: tuple[Block, ...]


class SourceRegister:
    """Numbers the sources while sections are written."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._sources: list[Cited] = []

    def cite(self, sources: Iterable[Cited]) -> Cites:
        """Return the numbers of these sources, ascending; a source has one number however often it is cited."""
        found: set[int] = set()
        for source in sources:
            key = str(source)
            if key not in self._numbers:
                self._sources.append(source)
                self._numbers[key] = len(self._sources)
            found.add(self._numbers[key])
        return tuple(sorted(found))

    @property
    def sources(self) -> tuple[Cited, ...]:
        return tuple(self._sources)


class Writer:
    """Collects the blocks of one section."""

    def __init__(self, register: SourceRegister) -> None:
        self._register = register
        self._blocks: list[Block] = []

    def cite(self, sources: Iterable[Cited]) -> Cites:
        return self._register.cite(sources)

    def paragraph(
        self, text: str, style: Literal["plain", "strong", "note"] = "plain", sources: Iterable[Cited] = ()
    ) -> Self:
        """Add a paragraph; an empty text adds nothing."""
        if text:
            self._blocks.append(Paragraph(text=text, style=style, cites=self.cite(sources)))
        return self

    def subheading(self, text: str) -> Self:
        self._blocks.append(Subheading(text=text))
        return self

    def bullets(self, items: Iterable[Item | str]) -> Self:
        """Add a list; no items add nothing."""
        made = tuple(one if isinstance(one, Item) else Item(text=one) for one in items)
        if made:
            self._blocks.append(BulletList(items=made))
        return self

    def table(self, heads: tuple[str, ...], widths: tuple[float, ...], rows: Iterable[Row]) -> Self:
        """Add a table; no rows add nothing."""
        made = tuple(rows)
        if made:
            self._blocks.append(Table(heads=heads, widths=widths, rows=made))
        return self

    def quote(self, text: str) -> Self:
        self._blocks.append(Quote(text=text))
        return self

    def section(self, key: str, title: str) -> Section:
        return Section(key=key, title=title, blocks=tuple(self._blocks))


def marks(cites: Cites) -> str:
    """Write citation numbers as they stand in the text: `[1, 3]`, empty where there are none."""
    return f"[{', '.join(map(str, cites))}]" if cites else ""
