"""A report as PDF: the summary alone on the first page, then the detail, and a place to sign.

Readable in black and white; a table row is never split unless it is taller than a page; the head of a table is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.reports.blocks import Block, BulletList, Item, Paragraph, Quote, Row, Section, Subheading, Table, marks
from services.reports.choices import Standing
from services.reports.content import ReportContent
from services.reports.markdown import signature_lines, visible
from services.reports.pdf_page import Line, Page, Paper, Run, Strip, line_height

TEXT, TABLE, NOTE = 10.0, 8.6, 9.0
_SUMMARY_SIZES = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5)
_INDENT = 5.0
_SMALL = frozenset({"sources", "versions"})
_PADDING = 1.3
_HEAD_KEPT_WITH = 16.0
_MOST_KEPT = 60.0
_MOST_EMPTY, _MOST_NAME = 0.25, 60


@dataclass(frozen=True, slots=True)
class Printed:
    data: bytes
    page_count: int


def to_pdf(content: ReportContent, standing: Standing, paper: Paper = Paper.A4) -> bytes:
    """Set the whole report. The same content and standing give the same pages."""
    return print_report(content, standing, paper).data


def print_report(content: ReportContent, standing: Standing, paper: Paper) -> Printed:
    """Set the whole report and count its pages."""
    strip = Strip(content.patient.line(), content.title, standing.mark(ai_assisted=content.is_ai_assisted), content.disclaimer)
    page = Page(strip, paper, standing.signed_at or standing.prepared_at)
    page.put(content.title, page.left, page.ceiling, size=17, bold=True)
    page.set_y(page.ceiling + 9.5)
    _summary(page, content.summary)
    for number, section in enumerate(content.sections[1:]):
        if number == 0:
            page.add_page()
        _section(page, section, NOTE if section.key in _SMALL else TEXT)
    _signature(page, standing)
    return Printed(bytes(page.output()), page.pages_count)


def _summary(page: Page, section: Section) -> None:
    """Set the summary in the largest size at which it fits the first page."""
    room = page.floor - page.get_y()
    size = next((one for one in _SUMMARY_SIZES if _height(page, section, one) <= room), _SUMMARY_SIZES[-1])
    _section(page, section, size)


def _height(page: Page, section: Section, size: float) -> float:
    total = 9.0
    for block in section.blocks:
        if isinstance(block, Subheading):
            total += 8.0
        elif isinstance(block, BulletList):
            total += sum(len(_item_lines(page, one, size)) * line_height(size) + 0.8 for one in block.items) + 1.2
        elif isinstance(block, Paragraph):
            total += len(page.lines(_paragraph_runs(block), page.body, size)) * line_height(size) + 1.4
    return total


def _section(page: Page, section: Section, size: float = TEXT) -> None:
    page.need(8 + _kept_with_heading(page, section.blocks, size))
    page.start_section(section.title)
    y = page.get_y() + 1.5
    page.put(section.title, page.left, y, size=13, bold=True)
    page.rule(y + 6.4, weight=0.3)
    page.set_y(y + 7.8)
    for index, block in enumerate(section.blocks):
        _block(page, block, size, section.blocks[index + 1:])
    page.set_y(page.get_y() + 1.5)


def _block(page: Page, block: Block, size: float, following: Sequence[Block]) -> None:
    if isinstance(block, Paragraph):
        small = block.style == "note"
        lines = page.lines(_paragraph_runs(block), page.body, min(size, NOTE) if small else size)
        page.flow(lines, page.left, min(size, NOTE) if small else size, grey="grey" if small else "black")
    elif isinstance(block, Subheading):
        page.need(7 + _kept_with_heading(page, following, size))
        y = page.get_y() + 1.6
        page.put(page.fitted(block.text, page.body, 11, bold=True), page.left, y, size=11, bold=True)
        page.set_y(y + 5.8)
    elif isinstance(block, BulletList):
        _bullets(page, block, size)
    elif isinstance(block, Quote):
        _quote(page, block)
    else:
        _table(page, block)


def _paragraph_runs(block: Paragraph) -> list[Run]:
    return [Run(block.text, bold=block.style == "strong"), Run(marks(block.cites))]


def _item_lines(page: Page, one: Item, size: float) -> list[Line]:
    return page.lines([Run(one.lead, bold=True), Run(f"{one.text} {marks(one.cites)}")], page.body - _INDENT, size)


def _bullets(page: Page, block: BulletList, size: float) -> None:
    for one in block.items:
        lines = _item_lines(page, one, size)
        page.need(line_height(size) * min(2, len(lines)))
        y = page.get_y()
        if not one.lead.startswith("["):  # a numbered source is marked by its number
            page.put("•", page.left + 1.5, y, size=size)
        page.set_y(y)
        page.flow(lines, page.left + _INDENT, size, after=0.8)
    page.set_y(page.get_y() + 1.2)


def _quote(page: Page, block: Quote) -> None:
    height = line_height(TEXT)
    for text in visible(block.text).split("\n"):
        for line in page.lines([Run(text)], page.body - _INDENT, TEXT):
            page.need(height)
            y = page.get_y()
            page.bar(y, height)
            page.draw_line(line, page.left + _INDENT, y, TEXT)
            page.set_y(y + height)
    page.set_y(page.get_y() + 2)


def _table(page: Page, block: Table) -> None:
    spans = [page.body * width / sum(block.widths) for width in block.widths]
    head = [_cell_lines(page, text, span, bold=True) for text, span in zip(block.heads, spans, strict=True)]
    rows = [_row_cells(page, row, spans) for row in block.rows]
    page.need(_row_height(head) + min(_row_height(rows[0]), _MOST_KEPT))
    _head(page, head, spans)
    for row in rows:
        _row(page, row, spans, head)
    page.rule(page.get_y(), weight=0.3)
    page.set_y(page.get_y() + 3)


def _kept_with_heading(page: Page, following: Sequence[Block], size: float) -> float:
    """Return how much of what follows must stand on a heading's page: its lead-in, and where list or table begins."""
    total = 0.0
    for block in following:
        if isinstance(block, Paragraph):
            total += len(page.lines(_paragraph_runs(block), page.body, size)) * line_height(size) + 1.4
        elif isinstance(block, Subheading):
            total += 7.4
        elif isinstance(block, Table):
            spans = [page.body * width / sum(block.widths) for width in block.widths]
            total += 8.0 + _row_height(_row_cells(page, block.rows[0], spans))
            break
        else:
            total += _HEAD_KEPT_WITH
            break
    return min(total, _MOST_KEPT)


def _row_cells(page: Page, row: Row, spans: Sequence[float]) -> list[list[Line]]:
    """Break the cells of a row into lines; of a strong row the first cell is bold."""
    weights = [row.strong and index == 0 for index in range(len(spans))]
    return [_cell_lines(page, text, span, bold=bold) for text, span, bold in zip(row.cells, spans, weights, strict=True)]


def _cell_lines(page: Page, text: str, span: float, *, bold: bool) -> list[Line]:
    return page.lines([Run(text, bold)], span - 2 * _PADDING, TABLE)


def _row_height(cells: Sequence[Sequence[Line]]) -> float:
    return max(len(lines) for lines in cells) * line_height(TABLE) + 2.0


def _head(page: Page, cells: Sequence[Sequence[Line]], spans: Sequence[float]) -> None:
    height = _row_height(cells)
    page.block(page.left, page.get_y(), page.body, height)
    _cells(page, cells, spans, height)


def _row(page: Page, cells: Sequence[Sequence[Line]], spans: Sequence[float], head: Sequence[Sequence[Line]]) -> None:
    """Set a row whole, on the next page where it does not fit here.

    Only a row that would leave a quarter of the page empty is split; its first cell says so on the next page.
    """
    name = " ".join(word for line in cells[0] for word, _ in line)
    rest = [list(lines) for lines in cells]
    while any(rest):
        whole_page = page.floor - page.ceiling - _row_height(head)
        room = page.floor - page.get_y()
        if _row_height(rest) > room and room < whole_page * _MOST_EMPTY:
            page.rule(page.get_y(), weight=0.3)
            page.add_page()
            _head(page, head, spans)
        fits = max(1, int((page.floor - page.get_y() - 2.0) / line_height(TABLE)))
        part = [lines[:fits] for lines in rest]
        rest = [lines[fits:] for lines in rest]
        if any(rest) and not rest[0]:
            rest[0] = _cell_lines(page, f"{name[:_MOST_NAME]} (continued)", spans[0], bold=False)
        page.rule(page.get_y())
        _cells(page, part, spans, _row_height(part))


def _cells(page: Page, cells: Sequence[Sequence[Line]], spans: Sequence[float], height: float) -> None:
    y, x = page.get_y(), page.left
    for lines, span in zip(cells, spans, strict=True):
        for index, line in enumerate(lines):
            page.draw_line(line, x + _PADDING, y + 1.0 + index * line_height(TABLE), TABLE)
        x += span
    page.set_y(y + height)


def _signature(page: Page, standing: Standing) -> None:
    lines = [line for text in signature_lines(standing) for line in page.lines([Run(text)], page.body, TEXT)]
    space = 0 if standing.is_signed else 16
    page.need(12 + len(lines) * line_height(TEXT) + space)
    page.start_section("Signature")
    y = page.get_y() + 2
    page.put("Signature", page.left, y, size=13, bold=True)
    page.rule(y + 6.4, weight=0.3)
    page.set_y(y + 8)
    page.flow(lines, page.left, TEXT)
    if not standing.is_signed:
        y = page.get_y() + 12
        page.rule(y, weight=0.3, grey="black")
        page.put("Name", page.left, y + 0.8, size=NOTE, grey="grey")
        page.put("Date", page.left, y + 0.8, size=NOTE, grey="grey", width=page.body * 0.55, align="R")
        page.put("Signature", page.left, y + 0.8, size=NOTE, grey="grey", width=page.body, align="R")
        page.set_y(y + 6)
