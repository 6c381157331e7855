"""Turns rows of a published file into the sorted `data.parquet` of a pack, with DuckDB, in bounded memory.

The rows come as Arrow batches from a generator and are never all in memory: what does not fit into DuckDB's share is sorted on
disk, in the hidden folder of the installation.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pv

from services.errors import InvalidInputError, ParatopeError, UnavailableError
from services.genomics.genome import CHROMOSOME_LENGTHS, CHROMOSOMES, GenomeBuild, beyond_chromosome_end
from services.variants.reference.asking import ask
from services.variants.reference.converting import Conversion
from services.variants.reference.layouts import LAYOUTS, SORTED_BY, SORTED_BY_ALLELE
from services.variants.reference.model import PackKind
from services.variants.reference.text import TextFile, open_text

TABLE = "data.parquet"
READ_SHARE = 0.85
_MEMORY = "600MB"
_THREADS = 2
_ROW_GROUP = 100_000
_BLOCK_BYTES = 8 << 20
_TEMPORARY = "sorting"


@dataclass(frozen=True, slots=True)
class Rows:
    """Batches of one form, to be read once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Columns:
    """How rows of text are read: all columns in order, and those that are wanted, as text unless `types` says otherwise."""

    names: Sequence[str]
    wanted: Sequence[str]
    types: Mapping[str, pa.DataType]
    delimiter: str = "\t"
    null_values: Sequence[str] = ("", ".", "NA")

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, self.types.get(name, pa.string())) for name in self.wanted])


def read_rows(text: TextFile, columns: Columns) -> Iterator[pa.RecordBatch]:
    """Read the rest of a file as rows.

    :raise InvalidInputError: a row has another number of columns, or a value is not of its type.
    """
    if not text.stream.peek(1):
        return
    options = pv.ConvertOptions(
        column_types=dict(zip(columns.schema.names, columns.schema.types, strict=True)), include_columns=list(columns.wanted),
        null_values=list(columns.null_values), strings_can_be_null=True,
    )
    quote = '"' if columns.delimiter == "," else False
    try:
        reader = pv.open_csv(
            text.stream, pv.ReadOptions(column_names=list(columns.names), block_size=_BLOCK_BYTES),
            pv.ParseOptions(delimiter=columns.delimiter, quote_char=quote), options,
        )
        yield from reader
    except pa.ArrowInvalid as error:
        raise InvalidInputError(f"{text.name} is not the table that was expected: {_first_line(error)}") from error


def read_files(conversion: Conversion, open_table: Callable[[TextFile], Columns]) -> Iterator[pa.RecordBatch]:
    """Read the files of a conversion one after the other; `open_table` reads a header and says how to read the rows."""
    sizes = [path.stat().st_size for path in conversion.sources]
    done = 0
    for path, size in zip(conversion.sources, sizes, strict=True):
        def tell(share: float, done: int = done, size: int = size) -> None:
            conversion.report(READ_SHARE * (done + share * size) / max(1, sum(sizes)), "Reading the published file")

        with open_text(path, tell) as text:
            for batch in read_rows(text, open_table(text)):
                conversion.check()
                yield batch
        done += size


def write_table(conversion: Conversion, kind: PackKind, rows: Rows, select: str) -> int:
    """Write the rows that `select` makes of the table `source` as the table of a kind; returns how many there are.

    `select` may join `contigs` (name, chrom, chrom_order) and gives the columns of the layout by name.

    :raise InvalidInputError: whatever reading the rows raises.
    :raise UnavailableError: the disk is full.
    """
    return write_parquet(
        conversion, conversion.folder / TABLE, LAYOUTS[kind], SORTED_BY.get(kind, SORTED_BY_ALLELE), rows, select
    )


def write_parquet(
    conversion: Conversion, path: Path, layout: Mapping[str, str], order: str, rows: Rows, select: str
) -> int:
    """Write `select` to a Parquet file with the columns of `layout`; see `write_table`."""
    kept: list[BaseException] = []
    columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in layout.items())
    connection = _connect(conversion.folder / _TEMPORARY)
    try:
        connection.register("source", pa.RecordBatchReader.from_batches(rows.schema, _keeping(rows.batches, kept)))
        connection.register("contigs", _contigs())
        # every part is a constant of this package: nothing of a user gets into the statement
        relation = connection.sql(f"SELECT {columns} FROM ({select}) ORDER BY {order}")  # noqa: S608
        relation.write_parquet(str(path), compression="zstd", row_group_size=_ROW_GROUP)
        counted = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    except duckdb.Error as error:
        if kept:
            raise kept[0] from error
        raise _plain(error) from error
    finally:
        connection.close()
        shutil.rmtree(conversion.folder / _TEMPORARY, ignore_errors=True)
    conversion.report(1.0, "Written")
    assert counted is not None
    return int(counted[0])


def require_columns(text: TextFile, found: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """:raise InvalidInputError: a column is missing; says what was found and what was expected."""
    missing = [name for name in wanted if name not in found]
    if missing:
        shown = ", ".join(found[:8])[:200] or "nothing"
        raise InvalidInputError(
            f"{text.name} is not {what}: the columns {', '.join(missing)} are expected, found {shown}"
        )


def refuse_other_build(conversion: Conversion) -> None:
    """Refuse a table with positions that the chromosomes of its build do not have.

    :raise InvalidInputError: names the position, and the build that has it where that is the other one.
    """
    if conversion.build is None:
        return
    path = conversion.folder / TABLE
    rows = ask([path], "SELECT chrom, max(pos) AS last FROM read_parquet(?) GROUP BY chrom", [str(path)])
    found = [(row["chrom"], row["last"]) for row in rows]
    for chrom, position in found:
        if beyond_chromosome_end(conversion.build, chrom, position):
            fits = [build for build in GenomeBuild if not any(beyond_chromosome_end(build, *one) for one in found)]
            hint = f": the file is in {fits[0]}" if fits else ""
            raise InvalidInputError(
                f"position {chrom}:{position:,} does not exist in {conversion.build}, whose chromosome {chrom} has "
                f"{CHROMOSOME_LENGTHS[conversion.build][chrom]:,} bases{hint}"
            )


def _keeping(batches: Iterator[pa.RecordBatch], kept: list[BaseException]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (ParatopeError, OSError) as error:
        kept.append(error)
        raise


def _connect(temporary: Path) -> duckdb.DuckDBPyConnection:
    temporary.mkdir(exist_ok=True)
    return duckdb.connect(config={"memory_limit": _MEMORY, "threads": _THREADS, "temp_directory": str(temporary)})


def _contigs() -> pa.Table:
    """All names a chromosome goes by in published files, with the canonical name and its place."""
    names: dict[str, str] = {}
    for chrom in CHROMOSOMES:
        for bare in {chrom, "M"} if chrom == "MT" else {chrom}:
            names |= {f"{prefix}{bare}": chrom for prefix in ("", "chr", "Chr", "CHR")}
    for number, chrom in enumerate(CHROMOSOMES[:24], start=1):
        names |= {f"NC_{number:06d}.{version}": chrom for version in range(8, 13)}
    names["NC_012920.1"] = "MT"
    return pa.table({
        "name": list(names), "chrom": list(names.values()),
        "chrom_order": pa.array([CHROMOSOMES.index(chrom) for chrom in names.values()], pa.int32()),
    })


def _plain(error: duckdb.Error) -> ParatopeError:
    words = _first_line(error)
    if "No space left" in words or "disk" in words.lower():
        return UnavailableError("the disk is full; nothing was installed: free space, then try again")
    if isinstance(error, duckdb.OutOfMemoryException):
        return UnavailableError("there is too little memory to sort the file; nothing was installed")
    return InvalidInputError(f"the file cannot be converted: {words}")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
