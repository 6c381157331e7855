"""Reads published tables with a line of column names, wherever that line stands and however the columns are separated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from services.errors import InvalidInputError
from services.variants.reference.tables import Columns
from services.variants.reference.text import TextFile

_MAX_HEADER_LINES = 200


def column_names(text: TextFile, is_header: Callable[[Sequence[str]], bool], what: str) -> tuple[list[str], str, list[str]]:
    """Read up to the line of column names, which `is_header` recognises; returns the names, the delimiter and the lines before.

    A leading `#` does not belong to the first name.

    :raise InvalidInputError: no such line is found before the data begins.
    """
    before: list[str] = []
    for _ in range(_MAX_HEADER_LINES):
        line = text.line()
        delimiter = "\t" if "\t" in line or "," not in line else ","
        names = [name.strip().strip('"') for name in line.lstrip("#").split(delimiter)]
        if is_header(names):
            return names, delimiter, before
        if not line and not text.stream.peek(1):
            break
        before.append(line)
    shown = (before[0] if before else "nothing")[:80]
    raise InvalidInputError(f"{text.name} is not {what}: it has no such line of column names, it begins with {shown!r}")


def columns_by_role(
    text: TextFile, names: Sequence[str], delimiter: str, roles: Mapping[str, Sequence[str]], what: str,
    types: Mapping[str, pa.DataType] | None = None, optional: Sequence[str] = (),
) -> Columns:
    """Choose columns by what they mean: `roles` maps a role to the names it goes by. The rows then carry the roles as names.

    A role that is optional and missing has no column in the rows.

    :raise InvalidInputError: a role that is needed has no column; says what was found and what was expected.
    """
    lowered = [name.lower() for name in names]
    renamed = [f"unused_{place}" for place in range(len(names))]
    wanted = []
    for role, known in roles.items():
        place = next((lowered.index(name.lower()) for name in known if name.lower() in lowered), None)
        if place is not None and renamed[place].startswith("unused_"):
            renamed[place] = role
            wanted.append(role)
        elif role not in optional:
            shown = ", ".join(names[:12])[:200]
            raise InvalidInputError(f"{text.name} is not {what}: a column {known[0]!r} is expected, found {shown}")
    return Columns(renamed, wanted, types or {}, delimiter, ("", ".", "NA", "NaN", "nan", "NULL"))
