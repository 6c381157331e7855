"""A passage: the unit that is embedded, stored, found and cited; and a hit, which is a passage with its rank.

`source_uri` is the stable id a citation carries: `milvus://<collection>/<id>`. It never holds patient data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MetadataValue = str | float | int


class Tier(StrEnum):
    """Where a passage comes from; curated knowledge outranks uploads when both say the same."""

    CURATED = "curated"
    RECORD = "record"  # a patient's own document or result


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with its provenance. `id` is unique in its collection and stable across re-indexing.

    `patient_id` is None for general knowledge. `page` is 1-based. `document_date` is ISO 8601 (YYYY-MM-DD) or None.
    `metadata` holds the fields that the collection declares, no others.
    """

    id: str
    collection: str
    text: str
    title: str
    tier: Tier
    patient_id: str | None = None
    document_id: str | None = None
    page: int | None = None
    section: str | None = None
    document_date: str | None = None
    source: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)

    @property
    def source_uri(self) -> str:
        return f"milvus://{self.collection}/{self.id}"


class Relevance(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.

    `score` is the calibrated relevance in [0, 1] that the thresholds apply to; `rank` starts at 1. `dense_rank` and
    `sparse_rank` say what each half of the hybrid search thought, None where it did not return the passage.
    """

    passage: Passage
    rank: int
    score: float
    relevance: Relevance
    dense_rank: int | None = None
    sparse_rank: int | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits in rank order, with what was searched and how long it took."""

    hits: tuple[Hit, ...]
    collections_searched: tuple[str, ...]
    elapsed_ms: float
    expansions: tuple[str, ...] = ()
