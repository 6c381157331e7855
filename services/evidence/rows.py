"""How a passage stands in a row of the store: the columns of every collection, and the way there and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType

from services.errors import InvalidInputError
from services.evidence.collections import BY_NAME, Collection, FieldType
from services.evidence.filters import GENERAL
from services.evidence.lexical import lexical_text
from services.evidence.passages import Passage, Tier

_TEXT_BYTES = 65_535

CORE_FIELDS: tuple[tuple[str, DataType, dict[str, Any]], ...] = (
    ("id", DataType.VARCHAR, {"is_primary": True, "max_length": 128}),
    ("patient_id", DataType.VARCHAR, {"max_length": 64}),
    ("document_id", DataType.VARCHAR, {"max_length": 32, "nullable": True}),
    ("page", DataType.INT64, {"nullable": True}),
    ("section", DataType.VARCHAR, {"max_length": 800, "nullable": True}),
    ("title", DataType.VARCHAR, {"max_length": 1_200}),
    ("text", DataType.VARCHAR, {"max_length": _TEXT_BYTES}),
    ("tier", DataType.VARCHAR, {"max_length": 16}),
    ("document_date", DataType.VARCHAR, {"max_length": 10, "nullable": True}),
    ("source", DataType.VARCHAR, {"max_length": 4_000, "nullable": True}),
    ("lexical", DataType.VARCHAR, {"max_length": _TEXT_BYTES, "enable_analyzer": True}),
)
METADATA_TYPES: Mapping[FieldType, tuple[DataType, dict[str, Any]]] = {
    FieldType.TEXT: (DataType.VARCHAR, {"max_length": 2_000, "nullable": True}),
    FieldType.DATE: (DataType.VARCHAR, {"max_length": 10, "nullable": True}),
    FieldType.NUMBER: (DataType.DOUBLE, {"nullable": True}),
}



@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that the store offers for a question, with its dense vector (unit length) for exact scoring."""

    passage: Passage
    vector: NDArray[np.float32]


def output_fields(collection: Collection) -> list[str]:
    """The columns that make a passage again."""
    core = [name for name, _kind, _options in CORE_FIELDS if name != "lexical"]
    return [*core, *(field.name for field in collection.fields)]


def to_row(passage: Passage, vector: Sequence[float]) -> dict[str, Any]:
    """Return the row of a passage.

    :raise InvalidInputError: metadata that the collection does not declare.
    """
    undeclared = set(passage.metadata) - BY_NAME[passage.collection].field_names
    if undeclared:
        raise InvalidInputError(f"{passage.collection} declares no metadata field {', '.join(sorted(undeclared))}")
    row: dict[str, Any] = {
        "id": passage.id,
        "patient_id": passage.patient_id or GENERAL,
        "document_id": passage.document_id,
        "page": passage.page,
        "section": passage.section,
        "title": passage.title,
        "text": passage.text,
        "tier": passage.tier.value,
        "document_date": passage.document_date,
        "source": passage.source,
        "lexical": lexical_text(f"{passage.context} {passage.title} {passage.section or ''} {passage.text}") or "-",
        "dense": _unit(vector),
    }
    for field in BY_NAME[passage.collection].fields:
        row[field.name] = passage.metadata.get(field.name)
    return row


def _unit(vector: Sequence[float]) -> list[float]:
    numbers = np.asarray(vector, dtype=np.float32)
    unit: list[float] = (numbers / (np.linalg.norm(numbers) or 1.0)).tolist()
    return unit


def to_passage(collection: str, row: Mapping[str, Any]) -> Passage:
    """Return the passage of a row that has the `output_fields`."""
    declared = BY_NAME[collection].fields
    return Passage(
        id=row["id"],
        collection=collection,
        text=row["text"],
        title=row["title"],
        tier=Tier(row["tier"]),
        patient_id=row["patient_id"] or None,
        document_id=row.get("document_id"),
        page=row.get("page"),
        section=row.get("section"),
        document_date=row.get("document_date"),
        source=row.get("source"),
        metadata={field.name: row[field.name] for field in declared if row.get(field.name) not in (None, "")},
    )


def to_candidate(collection: str, row: Mapping[str, Any]) -> Candidate:
    """Return the candidate of a row that has the `output_fields` and the column `dense`."""
    return Candidate(to_passage(collection, row), np.asarray(row["dense"], dtype=np.float32))
