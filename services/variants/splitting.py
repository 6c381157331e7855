"""Split a table of several samples into one table for each: the file is read once, and each sample gets its own columns.

Every row is kept in each table, those too in which the sample carries the reference or has no call: a row that is left out could
not be told from one that was never looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from services.errors import ConflictError
from services.variants.manifest import REJECTED_FILE, TABLE_FILE, read_manifest, write_manifest


def split_table(folder: Path, sample: str, destination: Path, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Write the table of one sample of the table in `folder` into the new folder `destination`; False when it was stopped.

    The new folder appears only when it is complete.

    :raise ConflictError: the destination exists.
    """
    if destination.exists():
        raise ConflictError("there is already a table in this place")
    manifest = read_manifest(folder)
    scratch = destination.parent / f".{destination.name}.{uuid4().hex}"
    scratch.mkdir(parents=True)
    try:
        columns = [entry for entry in manifest["columns"] if entry.get("sample", sample) == sample]
        if not _copy(folder / TABLE_FILE, scratch / TABLE_FILE, [entry["name"] for entry in columns], should_stop):
            return False
        if (folder / REJECTED_FILE).is_file():
            shutil.copyfile(folder / REJECTED_FILE, scratch / REJECTED_FILE)
        write_manifest(scratch, _of_sample(manifest, sample, columns))
        scratch.rename(destination)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def _of_sample(manifest: Mapping[str, Any], sample: str, columns: list[dict[str, Any]]) -> dict[str, Any]:
    return {**manifest, "samples": [sample], "columns": columns, "split_from": list(manifest["samples"])}


def _copy(source: Path, target: Path, names: list[str], should_stop: Callable[[], bool]) -> bool:
    with pq.ParquetFile(source) as table:
        schema = pa.schema([table.schema_arrow.field(name) for name in names])
        with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as writer:
            for group in range(table.num_row_groups):
                if should_stop():
                    return False
                rows = table.read_row_group(group, columns=names).select(names)
                writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
    return True
