"""Write rows to one Parquet file in genome order, in bounded memory.

Rows come in tables. While each table continues where the last one ended, they go straight into the file. When one does not, a new
*run* begins; at the end several runs are merged by DuckDB's sort, which spills to disk. Order: the contig's place in the header
(or of its first appearance), position, line, allele.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.variants.columns import POSITION_COLUMNS
from services.variants.vcf.strings import Offsets, encode

ROW_GROUP_ROWS = 100_000
_ROW_GROUP_BYTES = 48 * 1024 * 1024
_MERGE_MEMORY = "500MB"
_HELD_BACK_BASES = 5_000
_LOOKED_AT = 3_000
_REPEATING_SHARE = 0.9
ORDER = ("chrom_order", "pos", "line", "allele_index")
Key = tuple[int, int]


def position_fields(schema: pa.Schema) -> pa.Schema:
    """Return the schema of the written file: `row_id` and `chrom_order` before the others."""
    return pa.schema([*(pa.field(column.name, column.type) for column in POSITION_COLUMNS), *schema])


class ContigOrder:
    """Numbers contigs: those of the header first, others as they appear."""

    def __init__(self, contigs: Iterator[str] | list[str]) -> None:
        self._order = {name: number for number, name in enumerate(contigs)}

    def of(self, chroms: pa.Array) -> Offsets:
        codes, names = encode(chroms)
        order = np.array([self._order.setdefault(name, len(self._order)) for name in names], dtype=np.int64)
        return order[codes] if len(names) else codes

    @property
    def names(self) -> list[str]:
        return list(self._order)


class TableWriter:
    """Writes one table. Call `add` for each piece, then `finish`; `abandon` removes what was written."""

    def __init__(self, path: Path, schema: pa.Schema, contigs: list[str], *, rows_may_move: bool = False) -> None:
        """`rows_may_move`: normalisation moves rows a little to the left; the last ones of each piece are then held back."""
        self.path = path
        self.contigs = ContigOrder(contigs)
        self.rows = 0
        self._schema = position_fields(schema)
        self._scratch = path.with_suffix(".runs")
        self._runs: list[_Run] = []
        self._held: pa.Table | None = None
        self._rows_may_move = rows_may_move
        self._scratch.mkdir(parents=True)

    def add(self, table: pa.Table) -> pa.Table:
        """Add rows in any order; returns them with their place columns, in genome order."""
        if not table.num_rows:
            return self._schema.empty_table()
        order = self.contigs.of(table["chrom"].combine_chunks())
        table = self._placed(table, order)
        table = _sorted(table)
        if self._rows_may_move:
            whole = table if self._held is None else _sorted(pa.concat_tables([self._held, table]))
            cut = _held_back_from(whole)
            self._held = whole.slice(cut)
            self._write(whole.slice(0, cut))
        else:
            self._write(table)
        return table

    def _placed(self, table: pa.Table, order: Offsets) -> pa.Table:
        arrays = [pa.array(np.zeros(table.num_rows, dtype=np.int64)), pa.array(order.astype(np.int32)), *table.columns]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _write(self, table: pa.Table) -> None:
        if not table.num_rows:
            return
        self.rows += table.num_rows
        first, last = _key(table, 0), _key(table, table.num_rows - 1)
        if not self._runs or first < self._runs[-1].last:
            if self._runs:
                self._runs[-1].close()
            self._runs.append(_Run(self._scratch / f"run{len(self._runs):06d}.parquet", self._schema))
        self._runs[-1].add(table, last)

    def finish(self, watch: Callable[[pa.Table], None] | None = None) -> None:
        """Complete the file. `watch` sees the rows of a merged file again, in their final order."""
        if self._held is not None:
            held, self._held = self._held, None
            self._write(held)
        if not self._runs:
            self._runs.append(_Run(self._scratch / "run000000.parquet", self._schema))
        self._runs[-1].close()
        if len(self._runs) == 1:
            self._runs[0].path.replace(self.path)
        else:
            self._merge(watch)
        shutil.rmtree(self._scratch)

    @property
    def is_merged(self) -> bool:
        return len(self._runs) > 1

    def abandon(self) -> None:
        for run in self._runs:
            run.discard()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self.path.unlink(missing_ok=True)

    def _merge(self, watch: Callable[[pa.Table], None] | None) -> None:
        merged = _Run(self.path, self._schema)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MERGE_MEMORY,
            "threads": 2,
            "temp_directory": str(self._scratch / "sort"),
        }
        with duckdb.connect(":memory:", config=config) as connection:
            files = [str(run.path) for run in self._runs]
            relation = connection.sql(f"SELECT * FROM read_parquet(?) ORDER BY {', '.join(ORDER)}", params=[files])  # noqa: S608 (fixed names)
            for batch in relation.to_arrow_reader(20_000):
                table = pa.Table.from_batches([batch]).cast(self._schema)
                if watch is not None:
                    watch(table)
                merged.add(table, (0, 0))
        merged.close()


class _Run:
    """One sorted Parquet file, written in row groups of about 100,000 rows or 48 MB."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.last: Key = (-1, -1)
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._rows = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table, last: Key) -> None:
        self.last = last
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self._waiting_bytes += table.nbytes
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        numbers = pa.array(np.arange(self._rows, self._rows + table.num_rows))
        table = table.set_column(0, self._schema.field(0), numbers)
        self._opened(table).write_table(table, row_group_size=max(table.num_rows, 1))
        self._rows += table.num_rows
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def _opened(self, table: pa.Table) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self._schema, **storage(table))
        return self._writer

    def close(self) -> None:
        self._flush()
        self._opened(self._schema.empty_table()).close()

    def discard(self) -> None:
        """Let go of the file without completing it; the disk may be full."""
        if self._writer is not None:
            with suppress(OSError, pa.ArrowException):
                self._writer.close()


def storage(table: pa.Table) -> dict[str, Any]:
    """Choose how each column is stored, by its first rows.

    A dictionary pays where values repeat; whole numbers that do not, positions and lines above all, are stored as differences.
    Lists of text are the annotation as it stands in the file, read for one row at a time: LZ4 packs it faster and a little less.
    Row groups are skipped by smallest and largest value of numbers and contigs; those of other text would say nothing.
    """
    repeating, differences, compression, measured = [], {}, {}, ["chrom"]
    for field, column in zip(table.schema, table.slice(0, _LOOKED_AT).columns, strict=True):
        is_list = bool(pa.types.is_list(field.type))
        kind = field.type.value_type if is_list else field.type
        path = f"{field.name}.list.element" if is_list else field.name
        is_text = bool(pa.types.is_string(kind))
        repeats = _repeats(column.combine_chunks())
        if repeats:
            repeating.append(path)
        elif pa.types.is_integer(kind):
            differences[path] = "DELTA_BINARY_PACKED"
        if not is_text:
            measured.append(path)
        compression[path] = "lz4" if is_text and is_list and not repeats else "zstd"
    return {
        "use_dictionary": repeating,
        "column_encoding": differences or None,
        "write_statistics": measured,
        "compression": compression,
    }


def _repeats(values: pa.Array) -> bool:
    if pa.types.is_list(values.type):
        values = values.flatten()
    if pa.types.is_boolean(values.type):
        return False
    present = len(values) - values.null_count
    return bool(len(values.dictionary_encode().dictionary) <= _REPEATING_SHARE * present)


def _key(table: pa.Table, row: int) -> Key:
    return table["chrom_order"][row].as_py(), table["pos"][row].as_py()


def _sorted(table: pa.Table) -> pa.Table:
    contigs = table["chrom_order"].to_numpy().astype(np.int64)
    positions = table["pos"].to_numpy()
    step = np.diff(contigs)
    if not ((step < 0) | ((step == 0) & (np.diff(positions) < 0))).any():
        return table
    order = np.lexsort((table["allele_index"].to_numpy(), table["line"].to_numpy(), positions, contigs))
    return table.take(pa.array(order))


def _held_back_from(table: pa.Table) -> int:
    """Return the first row that a later piece might still precede."""
    contigs = table["chrom_order"].to_numpy()
    positions = table["pos"].to_numpy()
    near = (contigs == contigs[-1]) & (positions > positions[-1] - _HELD_BACK_BASES)
    return int(np.argmax(near))
