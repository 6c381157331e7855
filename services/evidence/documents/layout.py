"""Put the tables of a page back together from where each piece of text stands.

A PDF holds no tables, only words at positions. Read in drawing order, a row with an empty cell loses it ("C3 90–180 112 88 L"
under five dates: which two?), and a wrapped cell tears its row. So pieces that stand in the columns of a table are written
as rows with `CELL` between the cells, empty ones included. All other text stays in drawing order, as pypdf wrote it.

Widths of pieces are estimated from their letters: font tables are absent or wrong in many files, and columns are far apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from services.evidence.documents.tables import CELL, is_header

_NARROW = frozenset("iljtfrI.,:;'|!()[]- ·/")
_WIDE = frozenset("mwMWQO@%—")
_MAX_FRAGMENTS = 20_000  # a page with more is a drawing, not a table
_MIN_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of text as pypdf wrote it, separators included, with its start (x, baseline y) in points.

    `size` is the height of the font on the page; 0 for text that does not stand upright.
    """

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class _Cell:
    """Neighbouring fragments of a line: their places in the drawing order, their text, and the stretch they cover."""

    members: tuple[int, ...]
    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class _Line:
    y: float
    size: float
    cells: tuple[_Cell, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    rows: tuple[str, ...]
    members: frozenset[int]


def arrange(fragments: Sequence[Fragment]) -> str:
    """Return the text of a page: `fragments` in drawing order, with tables as rows of cells."""
    if len(fragments) > _MAX_FRAGMENTS:
        return "".join(fragment.text for fragment in fragments)
    lines = _lines(fragments)
    owner = {member: table for table in _tables(lines) for member in table.members}
    gaps = {cell.members[0] for line in lines for cell in line.cells[1:]}
    written: set[int] = set()
    parts: list[str] = []
    after_table = False
    for index, fragment in enumerate(fragments):
        table = owner.get(index)
        if table is not None:
            if id(table) not in written:
                written.add(id(table))
                parts.append("\n" + "\n".join(table.rows))
                after_table = True
            continue
        if after_table and fragment.text.strip():
            parts.append("\n")
            after_table = False
        parts.append("  " + fragment.text.lstrip(" ") if index in gaps and fragment.text[:1] == " " else fragment.text)
    return "".join(parts)


def _lines(fragments: Sequence[Fragment]) -> list[_Line]:
    """Group upright fragments into visual lines from top to bottom, and their neighbours into cells."""
    placed = [
        (index, fragment) for index, fragment in enumerate(fragments)
        if fragment.size > 0 and fragment.text.strip() and "\n" not in fragment.text.strip()
    ]
    placed.sort(key=lambda item: -item[1].y)
    groups: list[list[tuple[int, Fragment]]] = []
    for item in placed:
        if groups and groups[-1][0][1].y - item[1].y <= 0.3 * min(groups[-1][0][1].size, item[1].size):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [_Line(group[0][1].y, max(item[1].size for item in group), _cells(group)) for group in groups]


def _cells(group: list[tuple[int, Fragment]]) -> tuple[_Cell, ...]:
    cells: list[_Cell] = []
    for index, fragment in sorted(group, key=lambda item: item[1].x):
        text = fragment.text.strip()
        right = fragment.x + _width(text, fragment.size)
        if cells and fragment.x - cells[-1].right < 0.9 * fragment.size:
            last = cells[-1]
            glue = "" if fragment.x - last.right < 0.1 * fragment.size and fragment.text[:1] != " " else " "
            cells[-1] = _Cell((*last.members, index), f"{last.text}{glue}{text}", last.left, max(right, last.right))
        else:
            cells.append(_Cell((index,), text, fragment.x, right))
    return tuple(cells)


def _width(text: str, size: float) -> float:
    narrow = sum(char in _NARROW for char in text)
    wide = sum(char in _WIDE or ("A" <= char <= "Z" and char not in _NARROW) for char in text)
    return size * (0.28 * narrow + 0.68 * wide + 0.5 * (len(text) - narrow - wide))


def _tables(lines: Sequence[_Line]) -> list[_Table]:
    """Find tables: a line of three or more cells, and at least one more line that fits its columns."""
    tables: list[_Table] = []
    start = 0
    while start < len(lines):
        columns = lines[start].cells
        stop = start + 1
        if len(columns) >= _MIN_COLUMNS:
            stop = _end_of_table(lines, start)
            if stop - start >= 2:
                tables.append(_table(lines[start:stop], columns))
        start = stop
    return tables


def _end_of_table(lines: Sequence[_Line], start: int) -> int:
    """Return the end of the run of lines from `start` that stand in its columns, ragged last lines left out."""
    columns = lines[start].cells
    stop = start + 1
    last_full = start
    while stop < len(lines):
        line, above = lines[stop], lines[stop - 1]
        if above.y - line.y > 4.0 * line.size or _placed(line, columns) is None or _starts_another(line, columns):
            break
        if len(line.cells) >= 2:
            last_full = stop
        stop += 1
    pitch = _pitch(lines[start:last_full + 1])
    end = last_full + 1
    while end < stop and lines[end - 1].y - lines[end].y < 0.8 * pitch:
        end += 1  # the last row's wrapped lines
    return end


def _starts_another(line: _Line, columns: Sequence[_Cell]) -> bool:
    """True when a line with several cells is the head of the next table: column names again, or other columns."""
    if len(line.cells) < _MIN_COLUMNS:
        return False
    if is_header(CELL.join(cell.text for cell in line.cells)):
        return True
    aligned = sum(any(_aligned(cell, column) for column in columns) for cell in line.cells)
    return aligned * 2 < len(line.cells)


def _aligned(cell: _Cell, column: _Cell) -> bool:
    """True when a cell starts, ends or is centred where its column does; ends and centres are estimates."""
    return (
        abs(cell.left - column.left) <= 2.0 or abs(cell.right - column.right) <= 6.0
        or abs(cell.left + cell.right - column.left - column.right) <= 10.0
    )


def _placed(line: _Line, columns: Sequence[_Cell]) -> tuple[int, ...] | None:
    """Return the column of each cell, or None when the line does not fit: two cells in a column, or one across columns."""
    found: list[int] = []
    for cell in line.cells:
        touched = [number for number, column in enumerate(columns) if cell.left < column.right and column.left < cell.right]
        if len(touched) > 1:
            # An estimated width may reach into the next column; where a cell starts is exact.
            touched = [number for number in touched if columns[number].left - 2.0 <= cell.left] or touched
            if cell.right > columns[touched[-1]].left + 0.6 * (cell.right - cell.left) and len(touched) > 1:
                touched = touched[-1:]
            touched = touched[:1]
        number = touched[0] if touched else _column_before(cell, columns)
        if number is None or (found and number <= found[-1]) or _reaches_over(cell, number, columns):
            return None
        found.append(number)
    return tuple(found)


def _column_before(cell: _Cell, columns: Sequence[_Cell]) -> int | None:
    """The column whose stretch, up to the start of the next one, holds the start of the cell."""
    if cell.left < columns[0].left - 2.0:
        return None
    return max(number for number, column in enumerate(columns) if column.left - 2.0 <= cell.left)


def _reaches_over(cell: _Cell, number: int, columns: Sequence[_Cell]) -> bool:
    """True when a cell runs well into the next column: it is a line of text, not a cell."""
    return number + 1 < len(columns) and cell.right > columns[number + 1].left + 0.15 * (cell.right - cell.left) + 4.0


def _pitch(lines: Sequence[_Line]) -> float:
    """The distance from row to row, taken between lines that both have several cells."""
    steps = [above.y - below.y for above, below in pairwise(lines) if min(len(above.cells), len(below.cells)) >= 2]
    return median(steps) if steps else 0.0


def _table(lines: Sequence[_Line], columns: Sequence[_Cell]) -> _Table:
    pitch = _pitch(lines)
    rows: list[list[list[str]]] = []
    members: set[int] = set()
    above: _Line | None = None
    for line in lines:
        if above is None or above.y - line.y >= 0.8 * pitch:
            rows.append([[] for _ in columns])
        for number, cell in zip(_placed(line, columns) or (), line.cells, strict=True):
            rows[-1][number].append(cell.text)
            members.update(cell.members)
        above = line
    texts = [[" ".join(parts) for parts in row] for row in rows]
    if _is_form(texts):
        return _Table(tuple(_form_row(row) for row in texts), frozenset(members))
    return _Table(tuple(_row(row) for row in texts), frozenset(members))


def _row(cells: Sequence[str]) -> str:
    """A row with its cells marked; a lone first cell is the name of a group of rows and stays a plain line."""
    plain = [cell.replace("|", "/") for cell in cells]
    return CELL.join(plain) if any(plain[1:]) else plain[0]


def _is_form(rows: Sequence[Sequence[str]]) -> bool:
    """True for "Label: value" pairs set in columns."""
    return sum(row[0].endswith(":") for row in rows) * 2 >= len(rows)


def _form_row(cells: Sequence[str]) -> str:
    text = ""
    for cell in cells:
        if cell:
            text += (" " if text.endswith(":") else "  " if text else "") + cell
    return text
