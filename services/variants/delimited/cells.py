"""Cells of a CSV or TSV file: what counts as missing, what type a column can have, and the value a cell is stored as.

A column's inferred type is one that every value of the file fits, so inference never rejects a row; a type that the user set is
held against each value. Missing are an empty cell, `.`, `NA`, `N/A`, `null` and `None`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

MISSING = frozenset(["", ".", "na", "n/a", "null", "none"])
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,5})?")
_FLAGS = {"true": True, "false": False, "yes": True, "no": False, "t": True, "f": False}
ARROW_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}
Row = list[str]


class ColumnTypes:
    """Narrows down what type each column can have, from all values seen."""

    def __init__(self, width: int) -> None:
        self._possible = [["integer", "number", "flag"] for _ in range(width)]
        self._seen = [False] * width

    def see(self, rows: Sequence[Row]) -> None:
        for index, possible in enumerate(self._possible):
            if not possible:
                continue
            values = {row[index].strip() for row in rows if index < len(row)}
            values = {value for value in values if value.lower() not in MISSING}
            self._seen[index] |= bool(values)
            possible[:] = [kind for kind in possible if all(fits(value, kind) for value in values)]

    def of(self, index: int) -> str:
        return self._possible[index][0] if self._seen[index] and self._possible[index] else "text"


def fits(value: str, kind: str) -> bool:
    """Tell whether a value that is not missing can be stored as `kind`."""
    if kind == "integer":
        # an identifier such as 007 must keep its zeros
        return bool(_INTEGER.fullmatch(value)) and not re.match(r"[-+]?0[0-9]", value)
    if kind == "number":
        return bool(_NUMBER.fullmatch(value)) and not re.match(r"[-+]?0[0-9]", value)
    return kind != "flag" or value.lower() in _FLAGS


def typed(value: str, kind: str) -> Any:
    """Return a value that fits `kind` as stored, None where it is missing."""
    stripped = value.strip()
    if stripped.lower() in MISSING:
        return None
    if kind == "integer":
        return int(stripped)
    if kind == "number":
        return float(stripped)
    return _FLAGS[stripped.lower()] if kind == "flag" else value
