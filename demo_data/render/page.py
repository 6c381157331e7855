"""The page: letterhead, patient strip, footer, and text set line by line.

Lines are broken here with cached word widths: fpdf2's own `multi_cell` measures each line again for every character,
which takes most of the time of a document.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time

from fpdf import FPDF
from fpdf.fonts import TTFFont

from demo_data.render.fonts import font_file
from demo_data.render.letterhead import Colour, Letterhead, draw_letterhead, letterhead
from demo_data.schema import DemoDocument, DemoPatient

FOOTER = "Fictional patient - demonstration data"
BLACK: Colour = (25, 25, 25)
GREY: Colour = (95, 95, 95)
_MARGIN = 18.0
_BOTTOM = 20.0
TEXT_SIZE = 10.0


class Page(FPDF):
    """A document being set. Lengths are in millimetres, sizes in points; `body` is the width of the text."""

    def __init__(self, patient: DemoPatient, document: DemoDocument) -> None:
        head = letterhead(document.facility)
        super().__init__(format=head.paper.lower())
        self.head: Letterhead = head
        self.patient = patient
        self.document = document
        self.left = _MARGIN
        self.body = self.w - 2 * _MARGIN
        self._widths: dict[tuple[str, float, bool], float] = {}
        self.set_margins(_MARGIN, 12, _MARGIN)
        self.set_auto_page_break(False)
        self.c_margin = 0
        for style in ("", "B"):
            self.add_font("body", style, font_file(head.font, style))
            # the outlines do not change when fpdf2 embeds a subset: measuring them again takes half of a document's time
            face = self.fonts[f"body{style}"]
            if isinstance(face, TTFFont):
                face.ttfont.recalcBBoxes = False
        self.set_creation_date(datetime.combine(document.date, time(12), tzinfo=UTC))
        self.set_title(f"{document.title} - {patient.name}")
        self.set_author(f"{document.author.name}, {document.author.credentials}")
        self.set_subject(FOOTER)
        self.set_lang("en-US")
        self.add_page()

    @property
    def floor(self) -> float:
        """The lowest y that text may reach."""
        return self.h - _BOTTOM

    def header(self) -> None:
        if self.page_no() == 1:
            draw_letterhead(self)
            return
        strip = f"{self.patient.name}   MRN {self.patient.mrn}   DOB {self.head.written(self.patient.dob)}"
        self.put(strip, self.left, 10, size=8.5, bold=True)
        right = f"{self.document.title}, {self.head.written(self.document.date)}"
        self.put(right, self.left, 14.2, size=8.5, colour=GREY, width=self.body)
        self.rule(19.4, self.head.colour, 0.3)
        self.set_y(23)

    def footer(self) -> None:
        self.rule(self.h - 14.5, (190, 190, 190), 0.15)
        self.put(FOOTER, self.left, self.h - 12.8, size=8, colour=GREY)
        self.put(f"{self.head.name}", self.left, self.h - 12.8, size=8, colour=GREY, width=self.body, align="C")
        self.put(f"Page {self.page_no()} of {{nb}}", self.left, self.h - 12.8, size=8, colour=GREY, width=self.body, align="R")

    def rule(self, y: float, colour: Colour, weight: float) -> None:
        """Draw a horizontal rule across the text."""
        self.set_draw_color(*colour)
        self.set_line_width(weight)
        self.line(self.left, y, self.left + self.body, y)
        self.set_line_width(0.2)

    def put(
        self, text: str, x: float, y: float, *, size: float = TEXT_SIZE, bold: bool = False, colour: Colour = BLACK,
        width: float = 0, align: str = "L",
    ) -> None:
        """Print one line with its top at `y`; `align` needs `width`. Does not wrap; an empty line prints nothing."""
        if not text:
            return
        self.set_font("body", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.set_xy(x, y)
        self.cell(width or None, line_height(size), text, align=align)

    def width_of(self, word: str, size: float, bold: bool) -> float:
        """Return the width of `word`, remembered for the document."""
        key = (word, size, bold)
        if key not in self._widths:
            self.set_font("body", "B" if bold else "", size)
            self._widths[key] = self.get_string_width(word)
        return self._widths[key]

    def lines(self, text: str, width: float, *, size: float = TEXT_SIZE, bold: bool = False) -> list[str]:
        """Break `text` into lines of at most `width`; a longer word is cut."""
        space = self.width_of(" ", size, bold)
        lines: list[str] = []
        current, used = "", 0.0
        for word in self._fitting_words(text, width, size, bold):
            wide = self.width_of(word, size, bold)
            if current and used + space + wide > width:
                lines.append(current)
                current, used = word, wide
            else:
                used += wide + (space if current else 0)
                current = f"{current} {word}" if current else word
        return [*lines, current]

    def _fitting_words(self, text: str, width: float, size: float, bold: bool) -> Iterable[str]:
        for word in text.split():
            rest = word
            while len(rest) > 1 and self.width_of(rest, size, bold) > width:
                cut = next(n for n in range(len(rest) - 1, 0, -1) if n == 1 or self.width_of(rest[:n], size, bold) <= width)
                yield rest[:cut]
                rest = rest[cut:]
            yield rest

    def need(self, height: float) -> None:
        """Start a new page unless `height` still fits on this one."""
        if self.get_y() + height > self.floor:
            self.add_page()

    def paragraph(self, text: str, *, indent: float = 0, size: float = TEXT_SIZE, bold: bool = False, after: float = 1.8) -> None:
        """Set a paragraph; never leaves a single line of it at the foot of a page."""
        lines = self.lines(text, self.body - indent, size=size, bold=bold)
        height = line_height(size)
        self.need(height * min(2, len(lines)))
        for line in lines:
            self.need(height)
            y = self.get_y()
            self.put(line, self.left + indent, y, size=size, bold=bold)
            self.set_y(y + height)
        self.set_y(self.get_y() + after)

    def bullet(self, text: str, mark: str = "•") -> None:
        """Set one item of a list, its mark hanging."""
        self.need(line_height(TEXT_SIZE) * 2)
        y = self.get_y()
        self.put(mark, self.left + 1.5, y)
        self.set_y(y)
        self.paragraph(text, indent=max(5.5, 3 + self.width_of(mark, TEXT_SIZE, False)), after=0.7)

    def heading(self, text: str, follows: float = 14) -> None:
        """Set a section heading in the facility's manner, kept with at least `follows` millimetres of what comes next."""
        self.need(7 + follows)
        y = self.get_y() + 1.5
        if self.head.header in ("band", "split"):
            self.put(text.upper(), self.left, y, size=9.5, bold=True, colour=self.head.colour)
            self.rule(y + 5.2, self.head.colour, 0.15)
            self.set_y(y + 6.6)
        else:
            self.put(text, self.left, y, size=11.5, bold=True, colour=self.head.colour)
            self.set_y(y + 6)


def line_height(size: float) -> float:
    """Return the line height in millimetres for a size in points."""
    return size * 0.46
