"""Write filtered rows out: CSV for spreadsheets, TSV for machines, Parquet for further analysis. All of them stream.

A spreadsheet runs a cell that begins like a formula. In the spreadsheet-safe CSV every text that begins, after blanks, with one
of `= + - @ | %`, a tab, a carriage return, NUL, or a full-width form of these gets a leading apostrophe (OWASP ASVS 5.0, 1.2.10).
Numbers stay numbers: number columns are never touched, nor is a text that is itself a number, or a lone `+` or `-` (strand).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from services.variants.filters import Filter
from services.variants.tables import Sort, VariantTable

_RISKY = r"^[\s\x{A0}\x{3000}\x{FEFF}]*[=+\-@\t\r\x00|%\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\x00]"
_HARMLESS = re.compile(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,5})?|[-+]")


class ExportFormat(StrEnum):
    CSV = "csv"
    """For spreadsheets: formulas are disarmed."""
    TSV = "tsv"
    """Values exactly as they are."""


def export_text(
    table: VariantTable,
    form: ExportFormat,
    condition: Filter | None = None,
    sort: Sequence[Sort] = (),
    columns: Sequence[str] | None = None,
) -> Iterator[bytes]:
    """Yield the file in pieces: UTF-8, a header line, then one line per row. Lists are joined by commas, missing is empty."""
    safe = form is ExportFormat.CSV
    chosen = list(columns) if columns is not None else list(table.facts.columns)
    yield _lines([pa.array([disarmed(name) if safe else name]) for name in chosen], safe=safe)
    for batch in table.stream(condition, sort, chosen):
        yield _lines([_flat(column.combine_chunks(), safe=safe) for column in batch.columns], safe=safe)


def export_parquet(
    table: VariantTable,
    path: Path,
    condition: Filter | None = None,
    sort: Sequence[Sort] = (),
    columns: Sequence[str] | None = None,
) -> int:
    """Write the rows to a new Parquet file; returns how many."""
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for batch in table.stream(condition, sort, columns, batch_rows=50_000):
            if writer is None:
                writer = pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_table(batch)
            rows += batch.num_rows
        if writer is None:
            empty = table.page(condition, limit=1, columns=columns).slice(0, 0)
            writer = pq.ParquetWriter(path, empty.schema, compression="zstd")
    finally:
        if writer is not None:
            writer.close()
    return rows


def disarmed(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    risky = re.match(r"[\s\ufeff]*[=+\-@|%\x00\uff1d\uff0b\uff0d\uff20]|[\t\r\x00]", text)
    return f"'{text}" if risky and not _HARMLESS.fullmatch(text) else text


def _flat(array: pa.Array, *, safe: bool) -> pa.Array:
    """Return a column as CSV can hold it."""
    if pa.types.is_list(array.type):
        elements = pc.fill_null(pc.cast(array.flatten(), pa.string()), ".")
        counts = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype("int64")
        offsets = pa.array([0, *counts.cumsum().tolist()], pa.int32())
        joined = pc.binary_join(pa.ListArray.from_arrays(offsets, elements), ",")
        array = pc.if_else(pc.is_valid(array), joined, None)
    if not pa.types.is_string(array.type) or not safe:
        return array
    risky = pc.fill_null(pc.match_substring_regex(array, _RISKY), False)
    if not pc.any(risky).as_py():
        return array
    return pa.array([disarmed(text) if text is not None else None for text in array.to_pylist()], pa.string())


def _lines(columns: list[pa.Array], *, safe: bool) -> bytes:
    """Write columns as lines: quoted as RFC 4180 asks, or with tabs and line ends inside values written as \\t, \\n, \\r."""
    if not safe:
        columns = [_without_tabs(column) for column in columns]
        rows = pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement="")
        return ("\n".join(rows.to_pylist()) + "\n").encode() if len(rows) else b""
    sink = BytesIO()
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    pacsv.write_csv(pa.table({str(number): column for number, column in enumerate(columns)}), sink, options)
    return sink.getvalue()


def _without_tabs(column: pa.Array) -> pa.Array:
    texts = pc.cast(column, pa.string())
    for sign, written in (("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        texts = pc.replace_substring(texts, sign, written)
    return texts
