"""Results out of tables: plain, repeated side by side, with dates as columns, or turned round with tests as columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.clinical.labs import normalise_unit
from services.evidence.extraction.columns import Column, Head, infer, looks_like_head, role_of
from services.evidence.extraction.dating import Moment, find_moments
from services.evidence.extraction.facts import DateBasis
from services.evidence.extraction.lexicon import fluid_of, names_in_prose, subject_of
from services.evidence.extraction.reported import Place, Reported, When
from services.evidence.extraction.sheet import Cell, Line, Sheet
from services.evidence.extraction.values import Value, combined, read_cell

_UNIT_AT_END = re.compile(r"^(.{1,100}?)\s*(?:\(([^()]{1,30})\)|\[([^\[\]]{1,30})\]|,\s*(\S{1,20}))$")
_UNIT_SHAPE = re.compile(r"^(?:[^\s]{0,12}/[^\s].{0,20}|%|[A-Z]{2,3}U?|titer|titre)$")
_LITRES = frozenset({"fvc_l", "fvc_pct", "fev1_pct"})
_UNIT_ROW = re.compile(r"^units?\b", re.IGNORECASE)
_RANGE_ROW = re.compile(r"^(?:ref\b|reference|normal|range)", re.IGNORECASE)
_MEDICATION_HEAD = re.compile(r"\b(?:medications?|drugs?|medicines?|dose|dosage|prescriber|sig)\b", re.IGNORECASE)
_PROBLEM_HEAD = re.compile(r"\b(?:problems?|diagnos[ie]s|conditions?|icd\S*)\b", re.IGNORECASE)
_LOCUS_HEAD = re.compile(r"\b(?:locus|loci|hla|alleles?)\b", re.IGNORECASE)
_GENE_HEAD = re.compile(r"\b(?:genes?|variants?|zygosity|genotype|phenotype|consequence)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """A run of rows under one head. `title` is the plain line before the first row that names a group, else ""."""

    header: Line | None
    rows: tuple[Line, ...]
    groups: tuple[str, ...]  # the group name in force at each row

    @property
    def head_text(self) -> str:
        return " | ".join(cell.text for cell in self.header.cells) if self.header else ""

    @property
    def is_medications(self) -> bool:
        return bool(_MEDICATION_HEAD.search(self.head_text))

    @property
    def is_problems(self) -> bool:
        return bool(_PROBLEM_HEAD.search(self.head_text)) and not self.is_medications

    @property
    def is_typing(self) -> bool:
        return bool(_LOCUS_HEAD.search(self.head_text))

    @property
    def is_genes(self) -> bool:
        return bool(_GENE_HEAD.search(self.head_text)) and not self.is_typing


def tables_of(sheet: Sheet) -> tuple[Table, ...]:
    """Return the tables of a document in order. A repeated head, or a head on the next page, begins a new one."""
    found: list[Table] = []
    header: Line | None = None
    rows: list[Line] = []
    groups: list[str] = []
    group = ""

    def _close() -> None:
        nonlocal header, rows, groups, group
        if rows:
            found.append(Table(header, tuple(rows), tuple(groups)))
        header, rows, groups, group = None, [], [], ""

    waiting = ""
    for line in sheet.lines:
        if not line.cells:
            if rows and (line.after_blank or line.is_heading or len(line.text) > 60 or waiting):
                _close()
            waiting = line.text if len(line.text) <= 60 else ""
            continue
        is_head = looks_like_head(line.cells, _moments(sheet, line.cells)) or _names_tests(line.cells)
        if is_head or (rows and len(rows[-1].cells) != len(line.cells)) or (line.after_blank and rows):
            _close()
        if is_head:
            if header is not None and not rows:
                rows.append(header)
                _close()
            header = line
            waiting = ""
            continue
        if waiting and rows:
            group = waiting  # a line alone between rows names the rows below it
        waiting = ""
        rows.append(line)
        groups.append(group)
    _close()
    return tuple(found)


def _moments(sheet: Sheet, cells: Sequence[Cell]) -> tuple[Moment | None, ...]:
    found: list[Moment | None] = []
    for cell in cells:
        moments = find_moments(cell.text, sheet.day, day_first=sheet.by_day) if any(c.isdigit() for c in cell.text) else ()
        bare = moments and len(cell.text) - (moments[0].end - moments[0].start) <= 12
        found.append(moments[0] if bare else None)
    return tuple(found)


def _names_tests(cells: Sequence[Cell]) -> bool:
    """Whether a row is the head of a table turned round: tests by name from the second cell on, and no results."""
    shown = [cell.text for cell in cells[1:] if cell.text]
    if len(shown) < 2:
        return False
    if any(read.value is not None or read.titer is not None for text in shown if (read := read_cell(text))):
        return False
    known = sum(subject_of(split_unit(text)[0]) is not None for text in shown)
    return known >= 2 and known >= 0.6 * len(shown)


def split_unit(name: str, *, said: bool = False) -> tuple[str, str | None]:
    """Part "CRP (mg/L)" into name and unit; with `said` the head of the column promises a unit in brackets."""
    match = _UNIT_AT_END.match(" ".join(name.split()))
    if match is None:
        return name, None
    unit = match.group(2) or match.group(3) or match.group(4)
    bracketed = match.group(4) is None
    known = normalise_unit(unit) is not None and not (unit.isalpha() and unit.islower() and len(unit) == 1)
    shaped = bracketed and (said or "/" in unit) and _UNIT_SHAPE.match(unit) and fluid_of(unit) is None
    if known or (shaped and names_in_prose().get(unit) is None):
        return match.group(1).strip(), unit
    return name, None


def results_of(sheet: Sheet, table: Table) -> Iterator[Reported]:
    """Yield the results of a table of results; nothing for a table of another kind."""
    if table.header is None:
        head = infer([row.cells for row in table.rows])
        if head is None or not _knows_names(table):
            return
    else:
        moments = _moments(sheet, table.header.cells)
        names = tuple(cell.text for cell in table.header.cells)
        if _names_tests(table.header.cells):
            yield from _turned(sheet, table, names)
            return
        roles = tuple(_role(name, moment) for name, moment in zip(names, moments, strict=True))
        head = Head(roles, moments, names)
    if not head.has(Column.VALUE) and not head.has(Column.DATED) and not head.has(Column.TITER) and head.has(Column.NAME):
        head = _with_value(head, table)
    for row, group in zip(table.rows, table.groups, strict=True):
        for part, cells in _parts(head, row):
            yield from _row(sheet, part, row, cells, group)


def _role(name: str, moment: Moment | None) -> Column | None:
    """What a column holds: a head with a date holds that day's results, also where it says "Previous (01/11/2022)"."""
    role = role_of(name)
    return Column.DATED if moment is not None and role in (None, Column.PREVIOUS, Column.VALUE) else role


def _knows_names(table: Table) -> bool:
    known = sum(subject_of(split_unit(row.cells[0].text)[0]) is not None for row in table.rows if row.cells)
    return known >= 1 and known >= 0.4 * len(table.rows)


def _with_value(head: Head, table: Table) -> Head:
    """Find the result column by its content where its head has another name."""
    inferred = infer([row.cells for row in table.rows])
    if inferred is None:
        return head
    roles = tuple(
        Column.VALUE if own is None and guessed is Column.VALUE else own
        for own, guessed in zip(head.roles, inferred.roles[: len(head.roles)], strict=False)
    )
    return replace(head, roles=roles + head.roles[len(roles):])


def _parts(head: Head, row: Line) -> Iterator[tuple[Head, tuple[Cell, ...]]]:
    """Cut a row whose columns are repeated side by side ("Test, Result, Test, Result") into its parts."""
    starts = [number for number, role in enumerate(head.roles) if role is Column.NAME]
    repeated = len(starts) > 1 and all(head.names[number] == head.names[starts[0]] for number in starts)
    if not repeated:
        yield head, row.cells
        return
    for first, last in zip(starts, [*starts[1:], len(head.roles)], strict=True):
        part = Head(head.roles[first:last], head.moments[first:last], head.names[first:last])
        yield part, row.cells[first:last]


def _row(sheet: Sheet, head: Head, row: Line, cells: Sequence[Cell], group: str) -> Iterator[Reported]:
    def _text(role: Column) -> str | None:
        return next((cells[n].text for n, own in enumerate(head.roles) if own is role and n < len(cells) and cells[n].text), None)

    position = next((n for n, role in enumerate(head.roles) if role is Column.NAME), 0)
    if position >= len(cells) or not cells[position].text:
        return
    written = cells[position].text
    said = "unit" in head.names[position].lower() if position < len(head.names) else False
    name, unit_in_name = split_unit(written, said=said)
    unit = _text(Column.UNIT) or unit_in_name
    reference = _plain_limit(_text(Column.RANGE)) or _limits(_text(Column.LOW), _text(Column.HIGH))
    unit = unit or _unit_of_range(reference)
    governing = row.governing
    fluid = fluid_of(group) or governing.fluid
    row_day = _text(Column.DAY)
    alone = sum(role in (Column.VALUE, Column.DATED) for role in head.roles) == 1
    for number, role in enumerate(head.roles):
        if number >= len(cells) or not cells[number].text or role not in (Column.VALUE, Column.DATED, Column.TITER):
            continue
        litres = unit is None and (subject := subject_of(name)) is not None and subject.key in _LITRES
        value = read_cell(cells[number].text, unit=unit, litres=litres)
        if role is Column.TITER and value.value is not None and value.titer is None and value.value >= 10:
            value = replace(value, titer=f"1:{value.value:g}", value=None)
        dated = role is Column.DATED
        value = combined(
            value, unit=unit, reference_range=reference,
            flag_text=_text(Column.FLAG) if alone else None, words=_text(Column.WORDS) if alone else None,
        )
        if alone:
            value = replace(value, pattern=value.pattern or _text(Column.PATTERN))
        moment = head.moments[number] if dated else None
        yield Reported(
            name, value, _when(sheet, row, moment, row_day), _place(row, cells[number]), fluid, governing.laboratory
        )


def _plain_limit(reference: str | None) -> str | None:
    """A range as other laboratories print it: "< OR = 4" is "<=4"."""
    return re.sub(r"([<>])\s*OR\s*=\s*", r"\1=", reference, flags=re.IGNORECASE) if reference else None


def _unit_of_range(reference: str | None) -> str | None:
    """The unit behind a range ("65-99 mg/dL"), for a report that prints it only there."""
    match = re.search(r"\d\s?([A-Za-zµμ%/]\S{0,20}(?:\s\S{1,8})?)$", reference) if reference else None
    return match.group(1).strip() if match is not None and normalise_unit(match.group(1)) is not None else None


def _limits(low: str | None, high: str | None) -> str | None:
    if low and high:
        return f"{low}-{high}"
    return f">={low}" if low else f"<={high}" if high else None


def _when(sheet: Sheet, row: Line, column: Moment | None, row_day: str | None) -> When:
    if column is not None:
        return When(column.day, column.precision, DateBasis.COLUMN)
    if row_day:
        moments = find_moments(row_day, sheet.day, day_first=sheet.by_day)
        if moments:
            return When(moments[0].day, moments[0].precision, DateBasis.ROW)
    return When(row.governing.day, row.governing.precision, row.governing.basis)


def _place(row: Line, cell: Cell) -> Place:
    return Place(row.page, row.start, row.end, cell.start - row.start)


def _turned(sheet: Sheet, table: Table, names: Sequence[str]) -> Iterator[Reported]:
    """Tests as columns: each row is a date, or the row of units or of reference ranges."""
    split = [split_unit(name) for name in names]
    units: list[str | None] = [unit for _, unit in split]
    ranges: list[str | None] = [None] * len(names)
    results: list[Line] = []
    for row in table.rows:
        first = row.cells[0].text
        if _UNIT_ROW.match(first):
            units = [cell.text or unit for cell, unit in zip(row.cells, units, strict=False)]
        elif _RANGE_ROW.match(first):
            ranges = [cell.text or None for cell in row.cells]
        else:
            results.append(row)
    for row in results:
        moment = next((one for one in _moments(sheet, row.cells[:2]) if one is not None), None)
        basis = When(moment.day, moment.precision, DateBasis.ROW) if moment else _when(sheet, row, None, None)
        for number, cell in enumerate(row.cells[1:], start=1):
            if number >= len(split) or not cell.text:
                continue
            if role_of(names[number]) is not None or subject_of(split[number][0]) is None:
                continue
            value: Value = combined(
                read_cell(cell.text, unit=units[number]), unit=units[number], reference_range=ranges[number]
            )
            yield Reported(split[number][0], value, basis, _place(row, cell), row.governing.fluid, row.governing.laboratory)
