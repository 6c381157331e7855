"""Documents as other laboratories and clinics set them, made at test time with fpdf2 and read back through the real reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF

from demo_data.render.fonts import font_file
from services.evidence.documents.describing import describe
from services.evidence.documents.reading import DocumentReader
from services.evidence.extraction import Fact, extract

HEAD = """Fenwick Bay Medical Group
14 Pier Road, Fenwick Bay, Tel (555) 018-4410
{title}
Patient: Jordan Alma Reed   MRN: FB-204417   DOB: 05/17/1985
Date: {date}
"""


@dataclass(frozen=True)
class Grid:
    """A table: rows of cells, and the width of each column in millimetres. Long cells wrap inside their column."""

    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    border: bool = True
    size: float = 9.0


def pdf(*blocks: str | Grid, size: float = 10.0) -> bytes:
    """Return a PDF of one page (more where it overflows) with plain lines and tables in order."""
    made = FPDF()
    for style in ("", "B"):
        made.add_font("body", style, font_file("sans", style))
    made.add_page()
    for block in blocks:
        made.set_font("body", "", size)
        if isinstance(block, str):
            for line in block.split("\n"):
                made.cell(0, size * 0.5, line, new_x="LMARGIN", new_y="NEXT")
        else:
            _draw(made, block)
    return bytes(made.output())


def _draw(made: FPDF, grid: Grid) -> None:
    made.set_font("body", "", grid.size)
    height = grid.size * 0.46
    for row in grid.rows:
        cells = [_lines(made, text, width - 1, height) for text, width in zip(row, grid.widths, strict=True)]
        tall = max(len(lines) for lines in cells) * height + 1.5
        x, y = made.l_margin, made.get_y()
        for lines, width in zip(cells, grid.widths, strict=True):
            if grid.border:
                made.rect(x, y, width, tall)
            for number, line in enumerate(lines):
                made.set_xy(x + 0.5, y + 0.7 + number * height)
                made.cell(width - 1, height, line)
            x += width
        made.set_xy(made.l_margin, y + tall)
    made.set_y(made.get_y() + 3)


def _lines(made: FPDF, text: str, width: float, height: float) -> list[str]:
    """Break a cell's text as fpdf2 would."""
    broken = made.multi_cell(width, height, text or " ", dry_run=True, output="LINES")
    assert isinstance(broken, list)
    return broken


def facts_of(reader: DocumentReader, folder: Path, content: bytes, name: str = "document.pdf") -> tuple[Fact, ...]:
    """Read a PDF as the product does and return its facts."""
    path = folder / name
    path.write_bytes(content)
    parsed = reader.read(path)
    return extract(parsed, describe(parsed, file_name=name))


def head(title: str = "PROGRESS NOTE", date: str = "03/15/2022") -> str:
    return HEAD.format(title=title, date=date)
