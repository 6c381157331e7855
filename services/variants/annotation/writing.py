"""The new table beside the old one, and the exchange of the two.

Rows, their order and every column of the file stay as they are; columns that an earlier annotation made are replaced. The
exchange is made of renames, in an order in which the description never names a column that the file does not have: a crash in
between leaves a table that opens, at worst with fewer columns, and whoever has it open goes on reading.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.errors import NotFoundError
from services.variants.annotation.model import Made, Part, PartReport, ShouldStop
from services.variants.columns import NameBook
from services.variants.manifest import MANIFEST_FILE, TABLE_FILE, read_manifest, type_name, write_manifest
from services.variants.vcf.importing import StoppedError
from services.variants.writing import storage

ANNOTATION_VERSION = 1
"""Counts changes of what the columns mean."""
_LOCK = ".annotation.lock"


def earlier_columns(manifest: Mapping[str, Any], parts: Iterable[Part]) -> set[str]:
    """Return the columns that earlier annotations of these parts made."""
    by_part = manifest.get("annotation", {}).get("by_part", {})
    return {str(name) for part in parts for name in by_part.get(part.value, {}).get("columns", ())}


def names_for(manifest: Mapping[str, Any], replaced: set[str], made: Sequence[Made]) -> list[str]:
    """Return the names of new columns: a name that a column of the file has gets a suffix."""
    book = NameBook()
    for entry in manifest["columns"]:
        if entry["name"] not in replaced:
            book.unique(str(entry["name"]))
    return [book.unique(one.column.name) for one in made]


def write_table(
    source: Path, target: Path, replaced: set[str], new: pa.Schema, annotated: Iterator[pa.Table], should_stop: ShouldStop
) -> None:
    """Copy a table row group by row group, with the columns of `new`. `annotated` yields their rows in the order of the table.

    :raise StoppedError: told to stop.
    """
    waiting = new.empty_table()
    with pq.ParquetFile(source) as table:
        kept = [name for name in table.schema_arrow.names if name not in replaced]
        schema = pa.schema([*(table.schema_arrow.field(name) for name in kept), *new])
        writer: pq.ParquetWriter | None = None
        try:
            for group in range(table.num_row_groups):
                if should_stop():
                    raise StoppedError
                rows = table.read_row_group(group, columns=kept).select(kept)
                while len(new) and waiting.num_rows < rows.num_rows:
                    following = next(annotated).rename_columns(new.names).cast(new)
                    waiting = pa.concat_tables([waiting, following])
                own, waiting = waiting.slice(0, rows.num_rows), waiting.slice(rows.num_rows)
                together = pa.Table.from_arrays([*rows.columns, *own.columns], schema=schema)
                if writer is None:
                    writer = pq.ParquetWriter(target, schema, **storage(together))
                writer.write_table(together, row_group_size=max(together.num_rows, 1))
            if writer is None:
                writer = pq.ParquetWriter(target, schema)
        finally:
            if writer is not None:
                writer.close()


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column under the name it has in the table."""

    name: str
    part: Part
    made: Made


def new_manifest(
    manifest: Mapping[str, Any], replaced: set[str], made: Sequence[NewColumn], reports: Mapping[Part, PartReport]
) -> dict[str, Any]:
    """Describe the annotated table. What earlier annotations of other parts said stays."""
    columns = [entry for entry in manifest["columns"] if entry["name"] not in replaced]
    columns += [
        {
            "name": one.name, "type": type_name(one.made.column.type), "description": one.made.column.description,
            "origin": str(one.made.column.origin), "stamp": one.made.stamp,
        }
        for one in made
    ]  # fmt: skip
    by_part = dict(manifest.get("annotation", {}).get("by_part", {}))
    for part, report in reports.items():
        by_part[part.value] = {
            "packs": list(report.stamps), "missing": [{"kind": one.kind, "why": one.why} for one in report.missing],
            "columns": [one.name for one in made if one.part is part],
        }  # fmt: skip
    everything = list(by_part.values())
    missing = {(one["kind"], one["why"]): one for entry in everything for one in entry["missing"]}
    return {
        **manifest, "columns": columns,
        "annotation": {
            "version": ANNOTATION_VERSION, "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "packs": list(dict.fromkeys(stamp for entry in everything for stamp in entry["packs"])),
            "missing": list(missing.values()), "by_part": by_part,
        },
    }


def put_in_place(folder: Path, annotated: Path) -> None:
    """Exchange the table in `folder` for the annotated one. Idempotent: what was moved already is left.

    :raise NotFoundError: the table was deleted in the meantime.
    """
    if not (folder / MANIFEST_FILE).is_file():
        raise NotFoundError("the table was deleted while it was annotated")
    with _locked(folder):
        if (annotated / TABLE_FILE).is_file():
            old, new = read_manifest(folder), read_manifest(annotated)
            coming = {entry["name"] for entry in new["columns"]}
            common = [entry for entry in old["columns"] if entry["name"] in coming]
            if len(common) < len(old["columns"]):
                _exchange_manifest(folder, {**old, "columns": common})
            os.replace(annotated / TABLE_FILE, folder / TABLE_FILE)
        if (annotated / MANIFEST_FILE).is_file():
            os.replace(annotated / MANIFEST_FILE, folder / MANIFEST_FILE)


def _exchange_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    scratch = folder / ".manifest"
    scratch.mkdir(exist_ok=True)
    write_manifest(scratch, content)
    os.replace(scratch / MANIFEST_FILE, folder / MANIFEST_FILE)
    scratch.rmdir()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let two annotations of one table exchange it one after the other; the lock ends with the process."""
    with (folder / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

