"""Filters on a variant table as values, and their translation to SQL with bound parameters.

A filter is data: the dashboard builds it from widgets, the API from JSON (`filter_json`) or an expression (`expressions`). No
text of a user ever becomes SQL: column names are looked up in the table's own list and quoted by `quoted`, values are bound.

Missing is not a value: a row whose column is missing passes `Missing` only, never a text or number condition, nor its `Not`.
A condition on a column of lists holds when any element fulfils it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.errors import InvalidInputError
from services.genomics.genome import canonical_chromosome

MAX_DEPTH = 20
MAX_PARTS = 500
MAX_VALUES = 50_000
MAX_TEXT = 1_000
_FEW_VALUES = 16


class TextTest(StrEnum):
    CONTAINS = "contains"
    EQUALS = "equals"
    STARTS_WITH = "starts_with"


@dataclass(frozen=True, slots=True)
class Text:
    """A text condition without regard to case."""

    column: str
    test: TextTest
    value: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column is one of the values, exactly."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """Lower and upper bound, inclusive unless `above` or `below` says otherwise; None leaves a side open.

    Text columns are read as numbers where they are.
    """

    column: str
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    """Values equal to the lower bound do not pass."""
    below: bool = False
    """Values equal to the upper bound do not pass."""


@dataclass(frozen=True, slots=True)
class Flag:
    column: str
    value: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """The column has no value; with `missing` False, it has one."""

    column: str
    missing: bool = True


@dataclass(frozen=True, slots=True)
class Region:
    """Variants that overlap a 1-based inclusive stretch of a chromosome, in whichever way the file names it."""

    chromosome: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Genes:
    """Variants annotated with any of these genes, without regard to case."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flagged:
    """Variants that carry a flag of one of these categories; with none, any flag. `Marks` turns it into `Rows`."""

    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commented:
    """Variants with a comment. `Marks` turns it into `Rows`."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by number, in rising order."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


Filter = Text | OneOf | Number | Flag | Missing | Region | Genes | Flagged | Commented | Rows | And | Or | Not


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the translation must know of a column: its type as in the manifest, e.g. `list of number`."""

    name: str
    type: str

    @property
    def is_list(self) -> bool:
        return self.type.startswith("list of ")

    @property
    def element(self) -> str:
        return self.type.removeprefix("list of ")


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the translation must know of a table. `contigs` are names in genome order, `chromosomes` their canonical names.

    `numeric` are the text columns all of whose values are numbers, such as frequencies in CSQ.
    """

    columns: Mapping[str, ColumnFacts]
    contigs: Sequence[str]
    chromosomes: Sequence[str | None]
    numeric: frozenset[str] = frozenset()

    def column(self, name: str) -> ColumnFacts:
        """Return a column by name; InvalidInputError where the table has none such."""
        if name not in self.columns:
            raise InvalidInputError(f"the table has no column {name[:100]!r}")
        return self.columns[name]


def quoted(name: str) -> str:
    """Quote an identifier for SQL; the one place that does."""
    if not name or "\x00" in name:
        raise InvalidInputError("a column name cannot be empty")
    return '"' + name.replace('"', '""') + '"'


Sql = tuple[str, list[Any]]


def to_sql(condition: Filter | None, table: TableFacts) -> Sql:
    """Translate a filter into a WHERE condition and its parameters. None selects all rows."""
    if condition is None:
        return "TRUE", []
    _check_size(condition)
    return _translate(condition, table)


def _check_size(condition: Filter) -> None:
    waiting: list[tuple[Filter, int]] = [(condition, 1)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_PARTS:
            raise InvalidInputError(f"a filter has at most {MAX_PARTS} parts, nested at most {MAX_DEPTH} deep")
        children = part.parts if isinstance(part, And | Or) else (part.part,) if isinstance(part, Not) else ()
        waiting += [(child, depth + 1) for child in children]


def _translate(condition: Filter, table: TableFacts) -> Sql:
    match condition:
        case And(parts) | Or(parts):
            if not parts:
                return ("TRUE" if isinstance(condition, And) else "FALSE"), []
            made = [_translate(part, table) for part in parts]
            word = " AND " if isinstance(condition, And) else " OR "
            return "(" + word.join(sql for sql, _ in made) + ")", [value for _, values in made for value in values]
        case Not(part):
            sql, values = _translate(part, table)
            return f"(NOT {sql})", values
        case Text(column, test, value):
            return _text(table.column(column), test, value)
        case OneOf(column, values):
            return _one_of(table.column(column), values)
        case Number(column, minimum, maximum, above, below):
            return _number(table.column(column), minimum, maximum, (">" if above else ">=", "<" if below else "<="))
        case Flag(column, value):
            if table.column(column).type != "flag":
                raise InvalidInputError(f"{column} is not a flag")
            return f"{quoted(column)} = ?", [value]
        case Missing(column, missing):
            table.column(column)
            return f"{quoted(column)} IS {'' if missing else 'NOT '}NULL", []
        case Region(chromosome, start, end):
            return _region(chromosome, start, end, table)
        case Genes(names):
            return _genes(names, table)
        case Rows(numbers):
            return _rows(numbers)
        case Flagged() | Commented():
            raise InvalidInputError("flags and comments are not kept in the table: ask for them in the explorer or its export")


def _any_element(column: ColumnFacts, condition: str) -> str:
    """Apply a condition on `x` to any element of a column of lists. Missing stays missing."""
    name = quoted(column.name)
    any_holds = f"coalesce(list_bool_or(list_transform({name}, lambda x: {condition})), FALSE)"
    return f"(CASE WHEN {name} IS NULL THEN NULL ELSE {any_holds} END)"


def _text(column: ColumnFacts, test: TextTest, value: str) -> Sql:
    if len(value) > MAX_TEXT:
        raise InvalidInputError(f"a text to look for has at most {MAX_TEXT:,} characters")
    function = {TextTest.CONTAINS: "contains", TextTest.STARTS_WITH: "starts_with"}.get(test)
    name = quoted(column.name)
    operand = f"lower(CAST({name} AS VARCHAR))" if not column.is_list else "lower(CAST(x AS VARCHAR))"
    condition = f"{function}({operand}, lower(?))" if function else f"{operand} = lower(?)"
    if column.is_list:
        return _any_element(column, condition), [value]
    return f"({condition})", [value]


def _one_of(column: ColumnFacts, values: tuple[str, ...]) -> Sql:
    if len(values) > MAX_VALUES:
        raise InvalidInputError(f"a list has at most {MAX_VALUES:,} values")
    name = quoted(column.name)
    if column.is_list:
        return _any_among(name, "CAST({} AS VARCHAR)", list(values))
    return f"CAST({name} AS VARCHAR) IN (SELECT unnest(?::VARCHAR[]))", [list(values)]


def _any_among(name: str, form: str, values: list[str]) -> Sql:
    """Tell whether any element of a list column, written as `form`, is among the values; missing stays missing."""
    if len(values) <= _FEW_VALUES:
        return f"list_has_any(list_transform({name}, lambda x: {form.format('x')}), ?::VARCHAR[])", [values]
    # list_has_any compares every element with every value; for long lists a join over single elements is far quicker
    elements = f"SELECT row_id, unnest({name}) AS element FROM variants"  # noqa: S608 (quoted name)
    among = f"SELECT row_id FROM ({elements}) WHERE {form.format('element')} IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608
    return f"(CASE WHEN {name} IS NULL THEN NULL ELSE row_id IN ({among}) END)", [values]


def _rows(numbers: tuple[int, ...]) -> Sql:
    if not numbers:
        return "FALSE", []
    return "(row_id BETWEEN ? AND ? AND row_id IN (SELECT unnest(?::BIGINT[])))", [numbers[0], numbers[-1], list(numbers)]


def _number(column: ColumnFacts, minimum: float | None, maximum: float | None, signs: tuple[str, str]) -> Sql:
    if minimum is not None and maximum is not None and minimum > maximum:
        raise InvalidInputError("the lower bound is above the upper one")
    if column.element == "flag":
        raise InvalidInputError(f"{column.name} is a flag, not a number")
    operand = quoted(column.name) if not column.is_list else "x"
    value = operand if column.element == "integer" else f"TRY_CAST({operand} AS DOUBLE)"
    parts, bounds = [], []
    for sign, bound in zip(signs, (minimum, maximum), strict=True):
        if bound is not None:
            parts.append(f"{value} {sign} ?")
            bounds.append(bound)
    if column.element != "integer":
        parts.append(f"NOT isnan({value})")  # DuckDB holds NaN to be greater than any number
    condition = " AND ".join(parts) or f"{value} IS NOT NULL"
    return (_any_element(column, condition) if column.is_list else f"({condition})"), bounds


def _region(chromosome: str, start: int, end: int, table: TableFacts) -> Sql:
    if start < 0 or end < start:
        raise InvalidInputError("a region begins at 0 or later and does not end before it begins")
    wanted = canonical_chromosome(chromosome)
    numbers = [
        number
        for number, (name, canonical) in enumerate(zip(table.contigs, table.chromosomes, strict=True))
        if name == chromosome or (wanted is not None and canonical == wanted)
    ]
    if not numbers:
        return "FALSE", []
    marks = ", ".join("?" * len(numbers))
    return f'(chrom_order IN ({marks}) AND pos <= ? AND "end" >= ?)', [*numbers, end, start]


_GENE_COLUMNS = (
    "genes",
    "csq_symbol",
    "ann_gene_name",
    "bcsq_gene",
    "file_gene",
    "file_symbol",
    "file_genesymbol",
    "file_gene_symbol",
    "info_gene",
    "gene_list",
    "sv_genes",
)


def gene_column(table: TableFacts) -> ColumnFacts | None:
    """Return the column that holds genes, or None."""
    by_lower = {name.lower(): column for name, column in table.columns.items()}
    return next((by_lower[name] for name in _GENE_COLUMNS if name in by_lower), None)


def _genes(names: tuple[str, ...], table: TableFacts) -> Sql:
    if len(names) > MAX_VALUES:
        raise InvalidInputError(f"a gene list has at most {MAX_VALUES:,} names")
    column = gene_column(table)
    if column is None:
        raise InvalidInputError("this table has no column with genes; annotate it first")
    wanted = [name.strip().upper() for name in names if name.strip()]
    name = quoted(column.name)
    if column.is_list:
        return _any_among(name, "upper({})", wanted)
    return f"upper({name}) IN (SELECT unnest(?::VARCHAR[]))", [wanted]
