"""Rows kept in memory are never older than a write, and never outlive it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.evidence.passages import Passage, Tier
from services.evidence.row_cache import RowCache
from services.evidence.rows import Candidate

COLLECTION = "autoimmune_literature"


def candidate(key: str, text: str) -> Candidate:
    passage = Passage(id=key, collection=COLLECTION, text=text, title="", tier=Tier.CURATED)
    return Candidate(passage, np.ones(3, dtype=np.float32))


class Shelf:
    """A store of rows that counts what it is asked for."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.asked: list[str] = []

    def fetch(self, ids: Sequence[str]) -> dict[str, Candidate]:
        self.asked += ids
        return {key: candidate(key, self.texts[key]) for key in ids if key in self.texts}


def texts(rows: tuple[Candidate, ...]) -> list[str]:
    return [row.passage.text for row in rows]


def test_a_row_is_fetched_once_and_comes_in_the_order_asked_for() -> None:
    shelf, cache = Shelf(a="first", b="second"), RowCache()
    cache.get(COLLECTION, ["a"], shelf.fetch)
    assert texts(cache.get(COLLECTION, ["b", "a"], shelf.fetch)) == ["second", "first"]
    assert shelf.asked == ["a", "b"]


def test_a_row_that_is_gone_is_left_out() -> None:
    assert texts(RowCache().get(COLLECTION, ["a", "b"], Shelf(a="first").fetch)) == ["first"]


def test_a_written_row_is_fetched_again() -> None:
    shelf, cache = Shelf(a="old", b="other"), RowCache()
    cache.get(COLLECTION, ["a", "b"], shelf.fetch)
    shelf.texts["a"] = "new"
    cache.forget(COLLECTION, ["a"])
    assert texts(cache.get(COLLECTION, ["a", "b"], shelf.fetch)) == ["new", "other"]
    assert shelf.asked == ["a", "b", "a"]


def test_a_row_replaced_while_it_is_on_its_way_is_not_kept() -> None:
    shelf, cache = Shelf(a="old"), RowCache()

    def overtaken(ids: Sequence[str]) -> dict[str, Candidate]:
        found = shelf.fetch(ids)
        shelf.texts["a"] = "new"
        cache.forget(COLLECTION, ["a"])
        return found

    cache.get(COLLECTION, ["a"], overtaken)
    assert texts(cache.get(COLLECTION, ["a"], shelf.fetch)) == ["new"]


def test_a_dropped_collection_leaves_no_row_and_takes_no_other_with_it() -> None:
    shelf, cache = Shelf(a="first"), RowCache()
    cache.get(COLLECTION, ["a"], shelf.fetch)
    cache.get("genomic_evidence", ["a"], shelf.fetch)
    cache.forget(COLLECTION)
    cache.get(COLLECTION, ["a"], shelf.fetch)
    cache.get("genomic_evidence", ["a"], shelf.fetch)
    assert shelf.asked == ["a", "a", "a"]


def test_where_others_write_to_the_store_a_row_is_kept_for_a_short_time_only() -> None:
    now = 0.0
    shelf, cache = Shelf(a="old"), RowCache(60.0, lambda: now)
    cache.get(COLLECTION, ["a"], shelf.fetch)
    shelf.texts["a"] = "new"
    now = 59.0
    assert texts(cache.get(COLLECTION, ["a"], shelf.fetch)) == ["old"]
    now = 61.0
    assert texts(cache.get(COLLECTION, ["a"], shelf.fetch)) == ["new"]
