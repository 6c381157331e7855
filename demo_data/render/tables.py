"""Tables in the manner of each facility: full grid, rules only, or striped rows."""

from __future__ import annotations

from collections.abc import Sequence

from demo_data.render.letterhead import Colour
from demo_data.render.page import BLACK, Page, line_height
from demo_data.schema import TableStyle

SIZE = 9.0
_PADDING = 1.4
_STRIPE: Colour = (240, 243, 246)
_ALARM: Colour = (165, 20, 20)


def draw_table(
    page: Page,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    style: TableStyle,
    marked: Sequence[bool] = (),
) -> None:
    """Draw a table. `widths` are shares of the text width; a row that is `marked` is bold and red.

    The head is repeated on a new page. A row is never split.
    """
    total = sum(widths)
    spans = [page.body * width / total for width in widths]
    _head(page, heads, spans, style)
    for index, row in enumerate(rows):
        mark = bool(marked) and marked[index]
        cells = [page.lines(cell, span - 2 * _PADDING, size=SIZE, bold=mark) for cell, span in zip(row, spans, strict=True)]
        height = max(len(cell) for cell in cells) * line_height(SIZE) + 1.6
        if page.get_y() + height > page.floor:
            _close(page, style)
            page.add_page()
            _head(page, heads, spans, style)
        _row(page, cells, spans, height, style, striped=index % 2 == 1, mark=mark)
    _close(page, style)
    page.set_y(page.get_y() + 3)


def _head(page: Page, heads: Sequence[str], spans: Sequence[float], style: TableStyle) -> None:
    cells = [page.lines(head, span - 2 * _PADDING, size=SIZE, bold=True) for head, span in zip(heads, spans, strict=True)]
    height = max(len(cell) for cell in cells) * line_height(SIZE) + 1.8
    page.need(height + 8)
    y, x = page.get_y(), page.left
    ink: Colour = BLACK
    if style in (TableStyle.BORDERED, TableStyle.CUMULATIVE):
        page.set_fill_color(226, 232, 238)
        page.rect(x, y, page.body, height, style="F")
    elif style is TableStyle.ZEBRA:
        page.set_fill_color(*page.head.colour)
        page.rect(x, y, page.body, height, style="F")
        ink = (255, 255, 255)
    for cell, span in zip(cells, spans, strict=True):
        for index, line in enumerate(cell):
            page.put(line, x + _PADDING, y + 0.8 + index * line_height(SIZE), size=SIZE, bold=True, colour=ink)
        if style in (TableStyle.BORDERED, TableStyle.CUMULATIVE):
            _cell_border(page, x, y, span, height)
        x += span
    page.set_y(y + height)
    if style not in (TableStyle.BORDERED, TableStyle.CUMULATIVE, TableStyle.ZEBRA):
        page.rule(y, page.head.colour, 0.4)
        page.rule(y + height, page.head.colour, 0.2)


def _row(
    page: Page, cells: Sequence[Sequence[str]], spans: Sequence[float], height: float, style: TableStyle, *,
    striped: bool, mark: bool,
) -> None:
    y, x = page.get_y(), page.left
    if style is TableStyle.ZEBRA and striped:
        page.set_fill_color(*_STRIPE)
        page.rect(x, y, page.body, height, style="F")
    for cell, span in zip(cells, spans, strict=True):
        for index, line in enumerate(cell):
            page.put(
                line, x + _PADDING, y + 0.8 + index * line_height(SIZE), size=SIZE, bold=mark, colour=_ALARM if mark else BLACK
            )
        if style in (TableStyle.BORDERED, TableStyle.CUMULATIVE):
            _cell_border(page, x, y, span, height)
        x += span
    page.set_y(y + height)


def _cell_border(page: Page, x: float, y: float, width: float, height: float) -> None:
    page.set_draw_color(150, 156, 164)
    page.set_line_width(0.15)
    page.rect(x, y, width, height)


def _close(page: Page, style: TableStyle) -> None:
    if style not in (TableStyle.BORDERED, TableStyle.CUMULATIVE):
        page.rule(page.get_y(), page.head.colour, 0.3)
