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
    `metadata` holds the fields that the collection declares, no others. `context` (what the passage comes from, in one
    line) is searched together with the text and never quoted.
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
    context: str = ""

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

    `score` is in [0, 1] and comparable across collections; the thresholds apply to it. `similarity` (cosine of the
    embeddings) and `coverage` (share of the question's terms) are the two halves it was made of; `rank` starts at 1.
    """

    passage: Passage
    rank: int
    score: float
    relevance: Relevance
    similarity: float
    coverage: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits in rank order, with what was searched and how long it took.

    `question` is the question as it was searched: without the name of the patient whose record it is about, which stands
    on every page and says nothing. Empty in results that were not made by a search.
    """

    hits: tuple[Hit, ...]
    collections_searched: tuple[str, ...]
    elapsed_ms: float
    expansions: tuple[str, ...] = ()
    question: str = ""
