"""The printed page: patient header, footer with page x of y, and text set line by line. Black, white and grey only.

Lines are broken here with cached word widths: fpdf2's own `multi_cell` measures each line again for every character, which
takes most of the time of a document.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fpdf import FPDF
from fpdf.fonts import TTFFont

from services.reports.fonts import font_file, printable
from services.reports.markdown import visible

_MARGIN = 17.0
_TOP = 24.0
_BOTTOM = 19.0
_BREAKS = "-/_,;"  # where a word that is too long is cut, if it has one of these
_GREYS = {"black": 0, "grey": 90, "rule": 150, "fill": 232}


class Paper(StrEnum):
    A4 = "A4"
    LETTER = "Letter"


@dataclass(frozen=True, slots=True)
class Strip:
    """What stands on every page."""

    patient: str
    title: str
    mark: str
    disclaimer: str


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one weight."""

    text: str
    bold: bool = False


Line = list[tuple[str, bool]]


class Page(FPDF):
    """A document being set. Lengths are in millimetres, sizes in points; `body` is the width of the text."""

    def __init__(self, strip: Strip, paper: Paper, created: datetime.datetime) -> None:
        super().__init__(format=paper.value.lower())
        self.strip = strip
        self.left = _MARGIN
        self.body: float = self.w - 2 * _MARGIN
        self._widths: dict[tuple[str, float, bool], float] = {}
        self.set_margins(_MARGIN, _TOP, _MARGIN)
        self.set_auto_page_break(False)
        self.c_margin = 0
        for style in ("", "B"):
            self.add_font("body", style, font_file(style))
            # the outlines do not change when fpdf2 embeds a subset: measuring them again takes half of a document's time
            face = self.fonts[f"body{style}"]
            if isinstance(face, TTFFont):
                face.ttfont.recalcBBoxes = False
        self.set_creation_date(created)
        self.set_title(strip.title)
        self.set_subject(strip.disclaimer)
        self.set_creator("Paratope")
        self.set_lang("en-US")
        self.add_page()

    @property
    def floor(self) -> float:
        """The lowest y that text may reach."""
        return float(self.h) - _BOTTOM

    @property
    def ceiling(self) -> float:
        """The y at which text begins on a page."""
        return _TOP

    def header(self) -> None:
        patient = self.fitted(self.strip.patient, self.body, 9, bold=True)
        self.put(patient, self.left, 9, size=9, bold=True)
        title = self.fitted(self.strip.title, self.body * 0.42, 8.5)
        self.put(title, self.left, 13.8, size=8.5, grey="grey")
        mark = self.fitted(self.strip.mark, self.body * 0.56, 8.5, bold=True)
        self.put(mark, self.left, 13.8, size=8.5, bold=True, width=self.body, align="R")
        self.rule(19, weight=0.4)
        self.set_y(_TOP)

    def footer(self) -> None:
        y = self.h - 13
        self.rule(y - 1.5, weight=0.2)
        self.put(self.strip.disclaimer, self.left, y, size=8, grey="grey")
        self.put(f"Page {self.page_no()} of {{nb}}", self.left, y, size=8, width=self.body, align="R")

    def rule(self, y: float, *, weight: float = 0.2, grey: str = "rule") -> None:
        """Draw a horizontal rule across the text."""
        self.set_draw_color(_GREYS[grey])
        self.set_line_width(weight)
        self.line(self.left, y, self.left + self.body, y)

    def block(self, x: float, y: float, width: float, height: float) -> None:
        """Fill a rectangle in the lightest grey."""
        self.set_fill_color(_GREYS["fill"])
        self.rect(x, y, width, height, style="F")

    def bar(self, y: float, height: float) -> None:
        """Draw the bar beside a quotation."""
        self.set_draw_color(_GREYS["rule"])
        self.set_line_width(0.6)
        self.line(self.left + 1, y, self.left + 1, y + height)

    def put(
        self, text: str, x: float, y: float, *, size: float, bold: bool = False, grey: str = "black", width: float = 0,
        align: str = "L",
    ) -> None:
        """Print one line with its top at `y`; `align` needs `width`. Does not wrap; an empty text prints nothing."""
        if not text:
            return
        self.set_font("body", "B" if bold else "", size)
        self.set_text_color(_GREYS[grey])
        self.set_xy(x, y)
        self.cell(width or None, line_height(size), text, align=align)

    def width_of(self, word: str, size: float, bold: bool) -> float:
        """Return the width of `word`, remembered for the document."""
        key = (word, size, bold)
        if key not in self._widths:
            self.set_font("body", "B" if bold else "", size)
            self._widths[key] = float(self.get_string_width(word))
        return self._widths[key]

    def fitted(self, text: str, width: float, size: float, *, bold: bool = False) -> str:
        """Return `text`, cut with an ellipsis where it is wider than `width`."""
        shown = clean(text)
        while self.width_of(shown, size, bold) > width and len(shown) > 2:
            shown = f"{shown[: max(1, int(len(shown) * 0.97) - 2)].rstrip(' …')}…"
        return shown

    def lines(self, runs: Iterable[Run], width: float, size: float) -> list[Line]:
        """Break runs into lines of at most `width`; a longer word is cut."""
        made: list[Line] = [[]]
        used = 0.0
        for word, bold in self._words(runs, width, size):
            wide = self.width_of(word, size, bold)
            gap = self.width_of(" ", size, bold) if made[-1] else 0.0
            if made[-1] and used + gap + wide > width:
                made.append([])
                used, gap = 0.0, 0.0
            made[-1].append((word, bold))
            used += gap + wide
        return made

    def _words(self, runs: Iterable[Run], width: float, size: float) -> Iterator[tuple[str, bool]]:
        for run in runs:
            for word in clean(run.text).split():
                rest = word
                while len(rest) > 1 and self.width_of(rest, size, run.bold) > width:
                    cut = next(
                        n for n in range(len(rest) - 1, 0, -1) if n == 1 or self.width_of(rest[:n], size, run.bold) <= width
                    )
                    cut = max((n for n in range(2, cut + 1) if rest[n - 1] in _BREAKS), default=cut)
                    yield rest[:cut], run.bold
                    rest = rest[cut:]
                yield rest, run.bold

    def draw_line(self, line: Line, x: float, y: float, size: float, *, grey: str = "black") -> None:
        """Print a broken line, each run of one weight at once."""
        start = 0
        for index in range(1, len(line) + 1):
            if index == len(line) or line[index][1] != line[start][1]:
                bold = line[start][1]
                text = " ".join(word for word, _ in line[start:index])
                self.put(text, x, y, size=size, bold=bold, grey=grey)
                x += self.width_of(text, size, bold) + self.width_of(" ", size, bold)
                start = index

    def need(self, height: float) -> bool:
        """Start a new page unless `height` still fits on this one. Returns whether it did."""
        if self.get_y() + height <= self.floor:
            return False
        self.add_page()
        return True

    def flow(self, lines: list[Line], x: float, size: float, *, after: float = 1.4, grey: str = "black") -> None:
        """Set broken lines below each other; never leaves a single line of them at the foot or the head of a page."""
        height = line_height(size)
        self.need(height * (len(lines) if len(lines) <= 3 else 2))
        for index, line in enumerate(lines):
            self.need(height * (2 if index == len(lines) - 2 else 1))
            y = self.get_y()
            self.draw_line(line, x, y, size, grey=grey)
            self.set_y(y + height)
        self.set_y(self.get_y() + after)


def clean(text: str) -> str:
    """Return `text` composed, without hidden characters, and with what the typeface lacks as code points."""
    return printable(unicodedata.normalize("NFC", visible(text)).replace("\t", " "))


def line_height(size: float) -> float:
    """Return the line height in millimetres for a size in points."""
    return size * 0.45
