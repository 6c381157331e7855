"""The manifest beside each table: what the columns mean, what was counted, where the rows came from.

`manifest.json` is plain JSON, so that any tool can read the table without this program; `format_version` counts changes of its
layout.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from services.errors import NotFoundError, UnavailableError
from services.variants.columns import POSITION_COLUMNS, Column
from services.variants.problems import Problem, ProblemLog

FORMAT_VERSION = 1
TABLE_FILE = "variants.parquet"
REJECTED_FILE = "rejected.parquet"
MANIFEST_FILE = "manifest.json"
_PIECE = 1 << 20


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def column_entries(columns: Sequence[Column], numeric_text: Mapping[str, bool]) -> list[dict[str, Any]]:
    """Describe columns. `numeric` marks text columns all of whose values so far are numbers, such as frequencies in CSQ."""
    entries = []
    for column in (*POSITION_COLUMNS, *columns):
        entry: dict[str, Any] = {
            "name": column.name,
            "type": type_name(column.type),
            "description": column.description,
            "origin": str(column.origin),
        }
        for key in ("field", "sample"):
            if getattr(column, key):
                entry[key] = getattr(column, key)
        if column.part != "value":
            entry["part"] = column.part
        if numeric_text.get(column.name):
            entry["numeric"] = True
        entries.append(entry)
    return entries


def type_name(kind: pa.DataType) -> str:
    """Return `text`, `integer`, `number`, `flag`, or `list of ..`."""
    if pa.types.is_list(kind):
        return f"list of {type_name(kind.value_type)}"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    return "flag" if pa.types.is_boolean(kind) else "text"


def problem_entry(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "field": problem.field,
        "value": problem.value,
        "reason": problem.reason,
        "severity": str(problem.severity),
        "rule": problem.rule,
    }


def problem_summary(log: ProblemLog, shown: int = 200) -> dict[str, Any]:
    counts = [{"rule": rule, "severity": str(severity), "count": count} for (rule, severity), count in sorted(log.counts.items())]
    return {
        "errors": log.errors,
        "warnings": log.warnings,
        "by_rule": counts,
        "first": [problem_entry(problem) for problem in log.kept[:shown]],
    }


def versions() -> dict[str, str]:
    return {"manifest": str(FORMAT_VERSION), "duckdb": duckdb.__version__, "pyarrow": pa.__version__}


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a table folder; NotFoundError where there is none, UnavailableError where it is damaged."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise NotFoundError("there is no variant table here")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise UnavailableError("the description of this variant table is damaged; import the file again") from problem
    return content
