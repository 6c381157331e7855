"""Filter expressions for the vector store, built from values and never from text.

Milvus Lite refuses filter templates, so literals have to be written into the expression. This module is the only one that
does so: identifiers are checked against an allow-list first, and everything that reaches an expression goes through
`literal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.clinical.profile import PATIENT_ID_PATTERN
from services.errors import InvalidIdentifierError, InvalidInputError

GENERAL = ""  # the patient_id of rows that belong to nobody

_PATIENT_ID = re.compile(PATIENT_ID_PATTERN)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_patient_id(patient_id: str) -> str:
    """Return `patient_id` unchanged when it has the allowed form.

    :raise InvalidIdentifierError: anything else, quotes and operators included.
    """
    if not isinstance(patient_id, str) or not _PATIENT_ID.fullmatch(patient_id):
        raise InvalidIdentifierError(
            "patient_id must be 1 to 64 letters, digits, dots, dashes or underscores and start with a letter or digit"
        )
    return patient_id


def literal(value: str) -> str:
    """Quote `value` for a Milvus expression: only the backslash and the double quote need escaping.

    :raise InvalidInputError: the value holds control characters, which the expression language cannot carry.
    """
    if _CONTROL.search(value):
        raise InvalidInputError("a filter value holds control characters: remove them")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def belongs_to(patient_ids: Iterable[str]) -> str:
    """Rows of these patients; `GENERAL` stands for the general knowledge."""
    checked = [value if value == GENERAL else checked_patient_id(value) for value in patient_ids]
    return f"patient_id in [{', '.join(map(literal, checked))}]"


def with_ids(ids: Iterable[str]) -> str:
    """Rows with these primary keys. The client's own delete by ids writes them into an expression unquoted."""
    return f"id in [{', '.join(map(literal, ids))}]"
