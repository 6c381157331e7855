"""Turns every curated data file into passages: self-contained texts with their source, ready to be embedded and cited.

A passage names its subject with abbreviations and synonyms, spells disease names out, gives numbers with unit,
population and direction, and ends with its source. Ids come from the row ids and stay the same across versions.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache

from services.evidence.curated.general import general_passages
from services.evidence.curated.immunology import immunology_passages
from services.evidence.curated.medicine import medicine_passages
from services.evidence.passages import Passage

__all__ = ["curated_passages", "curated_version"]


@cache
def curated_passages() -> tuple[Passage, ...]:
    """Return every curated passage in a fixed order, ids unique within their collection.

    :raise ConfigurationError: a data file is missing or has a row that does not fit its record.
    """
    return (*medicine_passages(), *immunology_passages(), *general_passages())


@cache
def curated_version() -> str:
    """Return a hash of all passages: equal when and only when nothing that would be indexed differs."""
    digest = hashlib.sha256()
    for passage in curated_passages():
        shown = (
            passage.collection, passage.id, passage.title, passage.text, passage.source, passage.context,
            sorted(passage.metadata.items()),
        )
        digest.update(json.dumps(shown, ensure_ascii=False).encode("utf-8") + b"\n")
    return digest.hexdigest()[:16]
