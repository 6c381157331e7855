"""Record and vectors in step: written, changed, removed, rebuilt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.access.principals import LOCAL_USER, PUBLIC
from services.errors import NotFoundError
from services.evidence import index as index_module
from services.evidence.collections import COLLECTIONS
from services.evidence.curated import curated_passages
from services.evidence.embedder import Progress
from services.evidence.id_sums import id_sum
from services.evidence.index import EvidenceIndex, embedded_text, write_passages
from services.evidence.passages import Passage, Tier
from services.evidence.store import EvidenceStore
from services.storage.database import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTES, LITERATURE = "autoimmune_clinical_documents", "autoimmune_literature"


class CountingEmbedder:
    """Vectors of four numbers made from the text, and a list of what was embedded."""

    name = "counting"
    dimension = 4

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        self.embedded.extend(texts)
        rows = np.array([[1.0, len(text), text.count("e"), text.count("a")] for text in texts], dtype=np.float32).reshape(-1, 4)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


class Shelf:
    def __init__(self, folder: Path, database: Database) -> None:
        self.embedder = CountingEmbedder()
        self.store = EvidenceStore(str(folder / "milvus.db"), model=self.embedder.name)
        self.settled: list[Passage] = []  # what comes on record between the two glances of a repair
        self.index = EvidenceIndex(database, self.store, self.embedder, settle=self._settle)
        self.index.create_collections()

        self._database = database

    def _settle(self) -> None:
        if self.settled:
            with self._database.begin() as connection:
                write_passages(connection, self.settled)

    def texts(self, collection: str = LITERATURE) -> list[str]:
        return sorted(one.text for one in self.store.sample(collection, 1_000))


@pytest.fixture
def shelf(tmp_path: Path, database: Database) -> Iterator[Shelf]:
    made = Shelf(tmp_path, database)
    yield made
    made.store.close()


def paper(identifier: str, text: str, **given: str) -> Passage:
    return replace(
        Passage(
            id=identifier, collection=LITERATURE, text=text, title="A paper", tier=Tier.CURATED, metadata={"topic": "lupus"},
            source="a journal",
        ),
        **given,
    )


def note(identifier: str, patient: str) -> Passage:
    return Passage(id=identifier, collection=NOTES, text=f"Note of {patient}", title="Note", tier=Tier.RECORD, patient_id=patient)


def curated(monkeypatch: pytest.MonkeyPatch, *passages: Passage) -> None:
    monkeypatch.setattr(index_module, "curated_passages", lambda: passages)


def test_a_passage_comes_back_from_record_and_store_as_it_was_put(shelf: Shelf) -> None:
    passage = paper("one", "C3 and C4", section="Results", document_date="2020-01-02", context="From a review.")
    shelf.index.put([passage])
    assert shelf.index.passage(LITERATURE, "one", PUBLIC) == passage
    assert shelf.store.sample(LITERATURE, 5) == (replace(passage, context=""),)
    assert shelf.embedder.embedded == ["From a review.\nC3 and C4"]


def test_putting_a_passage_again_replaces_it_in_both(shelf: Shelf) -> None:
    shelf.index.put([paper("one", "first")])
    shelf.index.put([paper("one", "second")])
    shelf.index.put([])
    assert shelf.texts() == ["second"]
    assert shelf.index.passage(LITERATURE, "one", PUBLIC).text == "second"
    assert len(shelf.index.export(LITERATURE, PUBLIC)) == 1


def test_patients_passages_are_kept_from_those_who_may_not_see_them(shelf: Shelf) -> None:
    shelf.index.put([note("n1", "P1"), note("n2", "P2")])
    assert shelf.index.passage(NOTES, "n1", LOCAL_USER).patient_id == "P1"
    with pytest.raises(NotFoundError) as hidden:
        shelf.index.passage(NOTES, "n1", PUBLIC)
    with pytest.raises(NotFoundError) as absent:
        shelf.index.passage(NOTES, "n9", PUBLIC)
    assert hidden.value.message == absent.value.message
    assert len(shelf.index.export(NOTES, LOCAL_USER)) == 2
    assert shelf.index.export(NOTES, PUBLIC) == ()


@pytest.mark.parametrize("collection", ["", "passages", "autoimmune_literature'--"])
def test_an_unknown_collection_is_refused(shelf: Shelf, collection: str) -> None:
    for attempt in (
        lambda: shelf.index.passage(collection, "one", LOCAL_USER), lambda: shelf.index.export(collection, LOCAL_USER),
        lambda: shelf.index.rebuild(collection),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_curated_knowledge_is_embedded_once_and_then_only_where_it_changed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (paper(name, f"text of {name}") for name in ("a", "b", "c"))
    curated(monkeypatch, first, second)
    assert shelf.index.load_curated() == 2
    assert shelf.index.load_curated() == 0
    assert len(shelf.embedder.embedded) == 2
    curated(monkeypatch, first, replace(second, text="new text of b"), third)
    assert shelf.index.load_curated() == 2
    assert shelf.embedder.embedded[2:] == ["new text of b", "text of c"]
    assert shelf.texts() == ["new text of b", "text of a", "text of c"]


def test_a_changed_field_counts_as_a_change_even_when_the_text_is_the_same(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    curated(monkeypatch, paper("a", "text"))
    shelf.index.load_curated()
    for change in ({"title": "Another"}, {"source": "another journal"}, {"metadata": {"topic": "other"}}):
        changed = replace(paper("a", "text"), **change)
        curated(monkeypatch, changed)
        assert shelf.index.load_curated() == 1
        assert shelf.store.sample(LITERATURE, 5) == (changed,)


def test_curated_knowledge_that_is_gone_is_removed_and_records_stay(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.index.put([note("n1", "P1")])
    curated(monkeypatch, paper("a", "text a"), paper("b", "text b"))
    shelf.index.load_curated()
    curated(monkeypatch, paper("b", "text b"))
    assert shelf.index.load_curated() == 1
    assert shelf.texts() == ["text b"]
    assert shelf.texts(NOTES) == ["Note of P1"]
    assert [one.id for one in shelf.index.export(LITERATURE, PUBLIC)] == ["b"]


def test_a_rebuilt_collection_holds_what_the_record_holds(shelf: Shelf) -> None:
    shelf.index.put([paper("a", "text a"), paper("b", "text b"), note("n1", "P1")])
    shelf.store.remove(LITERATURE, ["a"])
    assert shelf.index.rebuild(LITERATURE) == 2
    assert shelf.texts() == ["text a", "text b"]
    assert shelf.texts(NOTES) == ["Note of P1"]


def test_collections_made_anew_are_filled_from_the_record(shelf: Shelf) -> None:
    shelf.index.put([paper("a", "text a"), note("n1", "P1")])
    shelf.store.drop(NOTES)
    assert shelf.index.create_collections() == (NOTES,)
    assert shelf.texts(NOTES) == ["Note of P1"]
    assert shelf.index.create_collections() == ()
    assert len(shelf.index.create_collections(drop_existing=True)) == 14
    assert (shelf.texts(), shelf.texts(NOTES)) == (["text a"], ["Note of P1"])


def test_repair_rebuilds_what_differs_and_nothing_else(shelf: Shelf) -> None:
    shelf.index.put([paper("a", "text a"), paper("b", "text b"), note("n1", "P1")])
    assert shelf.index.repair() == ()
    shelf.store.remove(LITERATURE, ["b"])
    count = len(shelf.embedder.embedded)
    assert shelf.index.repair() == (LITERATURE,)
    assert len(shelf.embedder.embedded) == count + 2
    assert shelf.texts() == ["text a", "text b"]


def test_repair_sees_a_passage_under_another_id_though_the_number_is_right(shelf: Shelf) -> None:
    shelf.index.put([paper("a", "text a"), paper("b", "text b")])
    shelf.store.remove(LITERATURE, ["b"])
    shelf.store.put([paper("c", "nobody's text")], [[1.0, 0.0, 0.0, 0.0]])
    assert shelf.index.repair_counts() == ()
    assert shelf.index.repair() == (LITERATURE,)
    assert shelf.texts() == ["text a", "text b"]


def test_repair_leaves_a_document_alone_that_is_just_being_taken_in(shelf: Shelf) -> None:
    shelf.settled = [note("n1", "P1")]
    shelf.index.store_only(shelf.settled)
    assert shelf.index.repair() == ()
    assert shelf.texts(NOTES) == ["Note of P1"]


def test_the_same_ids_have_the_same_sum_in_any_order_and_one_that_comes_twice_counts_twice() -> None:
    assert id_sum(["a", "b", "c"]) == id_sum(["c", "a", "b"])
    assert id_sum(["a", "b", "b"]) != id_sum(["a", "a", "b"])
    assert id_sum(["a", "b"]) != id_sum(["ab", ""])
    assert id_sum([]) != id_sum([""])


def test_progress_ends_at_the_number_of_passages(shelf: Shelf) -> None:
    told: list[tuple[int, int]] = []
    papers = [paper(f"p{number}", f"text {number}") for number in range(300)]
    shelf.index.put(papers, lambda done, total: told.append((done, total)))
    assert told[-1] == (300, 300)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert shelf.store.count(LITERATURE) == 300


def test_the_context_is_embedded_with_the_text_and_not_quoted() -> None:
    passage = paper("a", "text", context="Where it comes from.")
    assert embedded_text(passage) == "Where it comes from.\ntext"
    assert embedded_text(paper("a", "text")) == "text"


def test_the_curated_passages_fit_the_collections_they_are_for() -> None:
    fields = {collection.name: collection.field_names for collection in COLLECTIONS}
    seen: set[tuple[str, str]] = set()
    for passage in curated_passages():
        assert set(passage.metadata) <= fields[passage.collection]
        assert passage.patient_id is None
        assert passage.tier is Tier.CURATED
        assert (passage.collection, passage.id) not in seen
        seen.add((passage.collection, passage.id))
