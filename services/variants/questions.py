"""Questions of the explorer and the API to a table, with notes: each is asked of DuckDB once and its answer kept for a while.

Answers are kept by table and its version, question, filter value and, where the filter asks for notes, the state of the notes:
never by user or patient, because access is checked before every answer. The rows of a version never change, so an answer never
becomes wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.access.principals import Principal
from services.errors import InvalidInputError
from services.variants.comments import VariantComments
from services.variants.filters import Filter
from services.variants.flags import Flag, VariantFlags
from services.variants.identity import IDENTITY_COLUMNS, VariantIdentity, identity_of
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import REJECTED_FILE
from services.variants.marks import Marks
from services.variants.notes import NoteSubject, gene_of
from services.variants.tables import Distribution, Facet, Sort, VariantTable

_KEPT_ANSWERS = 200
_KEPT_BYTES = 64 << 20
MAX_REJECTED = 10_000


@dataclass(frozen=True, slots=True)
class NotedPage:
    """One page of rows with the notes of each: `notes` has one entry per row, in the order of the rows."""

    rows: pa.Table
    identities: tuple[VariantIdentity | None, ...]
    flags: tuple[tuple[Flag, ...], ...]
    comment_counts: tuple[int, ...]


class TableQuestions:
    """Asks tables, for callers who may see them. Safe for use from several threads."""

    def __init__(
        self, library: VariantLibrary, flags: VariantFlags, comments: VariantComments, marks: Marks
    ) -> None:
        self._library = library
        self._flags = flags
        self._comments = comments
        self._marks = marks
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def table(self, principal: Principal, table_id: str) -> VariantTable:
        return self._library.open(principal, table_id)

    def count(self, principal: Principal, table_id: str, condition: Filter | None) -> int:
        """Return how many rows pass."""
        table, plain = self._prepared(principal, table_id, condition)
        answer: int = self._kept((table.folder.name, table.version, "count", plain), lambda: table.count(plain))
        return answer

    def page(
        self, principal: Principal, table_id: str, condition: Filter | None, sort: Sequence[Sort] = (), *, limit: int = 100,
        offset: int = 0, columns: Sequence[str],
    ) -> NotedPage:  # fmt: skip
        """Return one page with its notes. The rows are kept, the notes are read anew each time."""
        table, plain = self._prepared(principal, table_id, condition)
        names = tuple(dict.fromkeys([*columns, "row_id", *IDENTITY_COLUMNS]))
        key = (table.folder.name, table.version, "page", plain, tuple(sort), limit, offset, names)
        rows: pa.Table = self._kept(key, lambda: table.page(plain, sort, limit=limit, offset=offset, columns=names))
        return self._noted(principal, self._library.get(principal, table_id), rows)

    def facets(self, principal: Principal, table_id: str, column: str, condition: Filter | None, limit: int) -> list[Facet]:
        """Return the most frequent values of a column among the rows that pass."""
        table, plain = self._prepared(principal, table_id, condition)
        key = (table.folder.name, table.version, "facets", column, plain, limit)
        answer: list[Facet] = self._kept(key, lambda: table.facets(column, plain, limit))
        return answer

    def distribution(self, principal: Principal, table_id: str, column: str, condition: Filter | None, bins: int) -> Distribution:
        """Return the histogram of a column among the rows that pass."""
        table, plain = self._prepared(principal, table_id, condition)
        key = (table.folder.name, table.version, "distribution", column, plain, bins)
        answer: Distribution = self._kept(key, lambda: table.distribution(column, plain, bins))
        return answer

    def row(self, principal: Principal, table_id: str, row_id: int) -> Mapping[str, Any]:
        """Return one row with all its columns."""
        table = self._library.open(principal, table_id)
        answer: Mapping[str, Any] = self._kept((table.folder.name, table.version, "row", row_id), lambda: table.row(row_id))
        return answer

    def subject(self, principal: Principal, table_id: str, row: Mapping[str, Any]) -> NoteSubject:
        """Return what a note on this row is about.

        :raise InvalidInputError: the table's build is not known, or the row has no identity.
        """
        info = self._library.get(principal, table_id)
        if info.assembly is None:
            raise InvalidInputError("state the genome build of this table first: a variant is a position in a build")
        return NoteSubject(identity_of(row, info.assembly), gene_of(row, self._library.open(principal, table_id).facts))

    def rejected(self, principal: Principal, table_id: str, *, limit: int = 100, offset: int = 0) -> pa.Table:
        """Return rejected lines in the order of the file: line, field, value, reason, rule, text."""
        if not 0 < limit <= MAX_REJECTED or offset < 0:
            raise InvalidInputError(f"ask for 1 to {MAX_REJECTED:,} lines")
        path = self._library.open(principal, table_id).folder / REJECTED_FILE
        if not path.is_file():
            return pa.table({name: pa.array([], pa.string()) for name in ("line", "field", "value", "reason", "rule", "text")})
        return self._kept((path.parent.name, "rejected", limit, offset), lambda: _lines(path, limit, offset))

    def forget(self, table_id: str) -> None:
        """Drop the answers of a table that was deleted."""
        with self._lock:
            for key in [key for key in self._answers if isinstance(key, tuple) and key[0] == table_id]:
                self._bytes -= self._answers.pop(key)[1]

    def _prepared(self, principal: Principal, table_id: str, condition: Filter | None) -> tuple[VariantTable, Filter | None]:
        table = self._library.open(principal, table_id)
        return table, self._marks.resolve(principal, table.folder.name, condition)

    def _noted(self, principal: Principal, info: TableInfo, rows: pa.Table) -> NotedPage:
        if info.assembly is None:
            nobody = rows.num_rows
            return NotedPage(rows, (None,) * nobody, ((),) * nobody, (0,) * nobody)
        identities: list[VariantIdentity | None] = []
        for row in rows.select(list(IDENTITY_COLUMNS)).to_pylist():
            try:
                identities.append(identity_of(row, info.assembly))
            except InvalidInputError:  # a contig of another build: the row is shown, but cannot have notes
                identities.append(None)
        keys = [identity.key if identity else "" for identity in identities]
        flags, counts = self._flags.of_many(principal, set(keys)), self._comments.counts(principal, set(keys))
        return NotedPage(
            rows, tuple(identities), tuple(tuple(flags.get(key, ())) for key in keys), tuple(counts.get(key, 0) for key in keys)
        )

    def _kept(self, key: Hashable, ask: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key][0]
        answer = ask()
        size = int(getattr(answer, "nbytes", 2_000))
        with self._lock:
            if key not in self._answers and size <= _KEPT_BYTES // 4:
                self._answers[key] = (answer, size)
                self._bytes += size
            while len(self._answers) > _KEPT_ANSWERS or self._bytes > _KEPT_BYTES:
                self._bytes -= self._answers.popitem(last=False)[1][1]
        return answer


def _lines(path: Any, limit: int, offset: int) -> pa.Table:
    """Read some rejected lines without holding the file in memory."""
    found, passed = [], 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=10_000):
            begin, end = max(0, offset - passed), min(batch.num_rows, offset + limit - passed)
            if begin < end:
                found.append(batch.slice(begin, end - begin))
            passed += batch.num_rows
            if passed >= offset + limit:
                break
        return pa.Table.from_batches(found, file.schema_arrow)
