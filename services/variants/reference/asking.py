"""Asks the Parquet files of installed packs: a constant statement with bound values, on a connection that can read nothing else.

The statements are ours, so this is a second wall: whatever got into one could not reach another file, the network or a setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

_MEMORY = "1GB"
_THREADS = 2


def ask(files: Sequence[Path], sql: str, values: Sequence[Any], *, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the rows of a statement by the names of their columns, at most `limit` of them.

    `files` are all it may read.

    :raise duckdb.Error: a file is missing or damaged.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY, "threads": _THREADS, "python_enable_replacements": False, "autoinstall_known_extensions": False,
    }  # fmt: skip
    with duckdb.connect(":memory:", config=config) as connection:
        paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        connection.execute(f"SET allowed_paths = [{paths}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        result = connection.execute(sql, list(values))
        names = [column[0] for column in result.description or ()]
        rows = result.fetchall() if limit is None else result.fetchmany(limit)
    return [dict(zip(names, row, strict=True)) for row in rows]
