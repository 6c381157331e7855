"""Questions to one variant table: count, pages, facets, distributions, rows by number.

DuckDB reads the Parquet file and nothing else: external access is switched off and the configuration locked as soon as the one
file is allowed. Each question runs on a cursor of its own, so several threads can ask at once, and is interrupted after a time
limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import pyarrow as pa

from services.errors import InvalidInputError, UnavailableError
from services.variants.filters import ColumnFacts, Filter, TableFacts, quoted, to_sql
from services.variants.manifest import MANIFEST_FILE, TABLE_FILE, read_manifest

MAX_PAGE = 10_000
MAX_FACETS = 1_000
_MEMORY = "512MB"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by one column; missing values come last in both directions."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """A value of a column (None: missing) and how many rows have it."""

    value: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with `low` <= value < `high`; the last bin includes its upper bound."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram of a number column. `minimum` and `maximum` are None where no row has a value."""

    minimum: float | None
    maximum: float | None
    missing: int
    bins: tuple[Bin, ...]


class VariantTable:
    """One imported table. Close it when done, or use it as a context manager."""

    def __init__(self, folder: Path, *, memory: str = _MEMORY, seconds: float = _SECONDS) -> None:
        """Open the table in `folder`; NotFoundError where there is none, UnavailableError where it is damaged."""
        self.folder = folder
        self.version = table_version(folder)
        """Changes when the table is annotated anew: what was kept of its answers is then about another version."""
        self.manifest = read_manifest(folder)
        self.rows: int = self.manifest["counts"]["rows"]
        self._seconds = seconds
        path = folder.resolve() / TABLE_FILE
        columns = {entry["name"]: ColumnFacts(entry["name"], entry["type"]) for entry in self.manifest["columns"]}
        self._numeric = frozenset(entry["name"] for entry in self.manifest["columns"] if entry.get("numeric"))
        contigs = self.manifest["contigs"]
        names, chromosomes = [entry["name"] for entry in contigs], [entry["chromosome"] for entry in contigs]
        self.facts = TableFacts(columns, names, chromosomes, self._numeric)
        try:
            self._connection = _connect(path, memory, list(columns))
        except (duckdb.IOException, duckdb.InvalidInputException) as problem:
            raise UnavailableError("this variant table cannot be read; import the file again") from problem

    def __enter__(self) -> VariantTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The columns as the manifest describes them."""
        entries: list[dict[str, Any]] = self.manifest["columns"]
        return entries

    def count(self, condition: Filter | None = None) -> int:
        """Return how many rows pass the filter."""
        if condition is None:
            return self.rows
        where, values = to_sql(condition, self.facts)
        with self.query(f"SELECT count(*) FROM variants WHERE {where}", values) as result:  # noqa: S608 (to_sql)
            return int(result.fetchall()[0][0])

    def page(
        self,
        condition: Filter | None = None,
        sort: Sequence[Sort] = (),
        *,
        limit: int = 100,
        offset: int = 0,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return one page of rows. Without a sort rows come in genome order; ties are broken by it. `columns` None means all."""
        if not 0 < limit <= MAX_PAGE or offset < 0:
            raise InvalidInputError(f"a page has 1 to {MAX_PAGE:,} rows and begins at 0 or later")
        names = self._selected(columns)
        if condition is None and not sort:
            return self._by_place(names, f"row_id >= {int(offset)} AND row_id < {int(offset) + int(limit)}", [])
        where, values = to_sql(condition, self.facts)
        order = self.order_sql(sort)
        # first the numbers of the rows, then their columns: a sort must not carry every column along
        sql = f"SELECT row_id FROM variants WHERE {where} ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}"  # noqa: S608
        with self.query(sql, values) as result:
            numbers = [row[0] for row in result.fetchall()]
        if not numbers:
            return self._by_place(names, "FALSE", [])
        among = "row_id BETWEEN ? AND ? AND row_id IN (SELECT unnest(?::BIGINT[]))"
        table = self._by_place([*names, "row_id"], among, [min(numbers), max(numbers), numbers])
        place = {number: row for row, number in enumerate(table.column(len(names)).to_pylist())}
        return table.take(pa.array([place[number] for number in numbers])).select(range(len(names)))

    def row(self, row_id: int) -> dict[str, Any]:
        """Return one row by its number; InvalidInputError where there is none."""
        found = self._by_place(list(self.facts.columns), "row_id = ?", [row_id]).to_pylist()
        if not found:
            raise InvalidInputError("the table has no such row")
        result: dict[str, Any] = found[0]
        return result

    def facets(self, column: str, condition: Filter | None = None, limit: int = 50) -> list[Facet]:
        """Return the most frequent values of a column, missing included; elements are counted for a column of lists."""
        if not 0 < limit <= MAX_FACETS:
            raise InvalidInputError(f"ask for 1 to {MAX_FACETS:,} values")
        facts = self.facts.column(column)
        where, values = to_sql(condition, self.facts)
        name = quoted(column)
        operand = f"unnest(CASE WHEN len({name}) > 0 THEN {name} ELSE [NULL] END)" if facts.is_list else name
        sql = (
            f"SELECT CAST(value AS VARCHAR), count(*) AS n FROM (SELECT {operand} AS value FROM variants WHERE {where}) "  # noqa: S608
            f"GROUP BY value ORDER BY n DESC, value NULLS LAST LIMIT {int(limit)}"
        )
        with self.query(sql, values) as result:
            return [Facet(value, count) for value, count in result.fetchall()]

    def distribution(self, column: str, condition: Filter | None = None, bins: int = 30) -> Distribution:
        """Return the histogram of a number column, or of a text column that holds numbers.

        NaN and infinities count as missing.
        """
        facts = self.facts.column(column)
        if facts.is_list or facts.type == "flag" or (facts.type == "text" and column not in self._numeric):
            raise InvalidInputError(f"{column} is not a column of numbers")
        if not 1 <= bins <= 500:
            raise InvalidInputError("a distribution has 1 to 500 bins")
        where, values = to_sql(condition, self.facts)
        value = f"TRY_CAST({quoted(column)} AS DOUBLE)"
        source = f"(SELECT CASE WHEN isfinite({value}) THEN {value} END AS v FROM variants WHERE {where})"  # noqa: S608
        with self.query(f"SELECT min(v), max(v), count(*) - count(v) FROM {source}", values) as result:  # noqa: S608
            low, high, missing = result.fetchall()[0]
        if low is None:
            return Distribution(None, None, missing, ())
        width = (high - low) / bins
        if width <= 0 or not math.isfinite(width):
            with self.query(f"SELECT count(v) FROM {source}", values) as result:  # noqa: S608
                return Distribution(low, high, missing, (Bin(low, high, result.fetchall()[0][0]),))
        number = "least(CAST(floor((v - ?) / ?) AS BIGINT), ?)"
        sql = f"SELECT {number} AS b, count(*) FROM {source} WHERE v IS NOT NULL GROUP BY b"  # noqa: S608
        with self.query(sql, [low, width, bins - 1, *values]) as result:
            counts = dict(result.fetchall())
        edges = [low + width * number for number in range(bins)] + [high]
        return Distribution(low, high, missing, tuple(Bin(edges[b], edges[b + 1], counts.get(b, 0)) for b in range(bins)))

    def stream(
        self, condition: Filter | None, sort: Sequence[Sort], columns: Sequence[str] | None, batch_rows: int = 10_000
    ) -> Iterator[pa.Table]:
        """Yield all rows that pass, in order, a batch at a time."""
        names = self._selected(columns)
        where, values = to_sql(condition, self.facts)
        selection = ", ".join(quoted(name) for name in names)
        sql = f"SELECT {selection} FROM variants WHERE {where} ORDER BY {self.order_sql(sort)}"  # noqa: S608
        with self.query(sql, values, seconds=None) as result:
            for batch in result.to_arrow_reader(batch_rows):
                yield pa.Table.from_batches([batch])

    def order_sql(self, sort: Sequence[Sort]) -> str:
        """Return the ORDER BY list; ends with the row number so that pages are stable."""
        parts = []
        for entry in sort:
            facts = self.facts.column(entry.column)
            direction = "DESC" if entry.descending else "ASC"
            operand = quoted(entry.column)
            if entry.column in self._numeric:
                operand = f"TRY_CAST({operand} AS DOUBLE)"
            elif entry.column == "chrom":
                operand = "chrom_order"
            elif facts.is_list:
                operand = f"list_max({operand})" if entry.descending else f"list_min({operand})"
            parts.append(f"{operand} {direction} NULLS LAST")
        return ", ".join([*parts, "row_id"])

    def _selected(self, columns: Sequence[str] | None) -> list[str]:
        if columns is None:
            return list(self.facts.columns)
        if not columns:
            raise InvalidInputError("choose at least one column")
        return [self.facts.column(name).name for name in columns]

    def _by_place(self, names: Sequence[str], where: str, values: list[Any]) -> pa.Table:
        selection = ", ".join(f"{quoted(name)} AS c{number}" for number, name in enumerate(names))
        with self.query(f"SELECT {selection} FROM variants WHERE {where} ORDER BY row_id", values) as result:  # noqa: S608
            table: pa.Table = result.to_arrow_table()
        return table.rename_columns(list(names))

    @contextmanager
    def query(self, sql: str, values: Sequence[Any], *, seconds: float | None = -1.0) -> Iterator[duckdb.DuckDBPyRelation]:
        """Run one statement on a cursor of its own, interrupted after the table's time limit (never with `seconds` None)."""
        limit = self._seconds if seconds == -1.0 else seconds
        cursor = self._connection.cursor()
        timer = Timer(limit, cursor.interrupt) if limit is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield cursor.sql(sql, params=list(values))
        except duckdb.InterruptException as problem:
            raise UnavailableError(f"the question took longer than {limit:g} seconds; narrow the filter") from problem
        except duckdb.OutOfMemoryException as problem:
            raise UnavailableError("the question needs more memory than it may use; narrow the filter") from problem
        except duckdb.BinderException as problem:
            if table_version(self.folder) == self.version:
                raise
            raise UnavailableError("the table was annotated anew at this moment: ask again") from problem
        except (duckdb.IOException, duckdb.InvalidInputException) as problem:
            raise UnavailableError("this variant table cannot be read; import the file again") from problem
        finally:
            if timer is not None:
                timer.cancel()
            cursor.close()


def table_version(folder: Path) -> str:
    """Return a text that is another one whenever the description of a table was exchanged; empty where there is none."""
    try:
        found = (folder / MANIFEST_FILE).stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}.{found.st_ino}.{found.st_size}"


def _connect(path: Path, memory: str, columns: Sequence[str]) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": 2,
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    literal = "'" + str(path).replace("'", "''") + "'"
    connection.execute(f"SET allowed_paths = [{literal}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    # by name, because the file may get further columns while it is open
    names = ", ".join(quoted(name) for name in columns)
    connection.execute(f"CREATE VIEW variants AS SELECT {names} FROM read_parquet({literal})")  # noqa: S608 (our own path, quoted)
    return connection
