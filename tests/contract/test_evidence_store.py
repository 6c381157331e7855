"""What the evidence store promises, on the embedded file and on a Milvus over the network: one suite, both backends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from services.errors import ConflictError, InvalidInputError, NotFoundError, StoreUnavailableError
from services.evidence import store as store_module
from services.evidence.collections import COLLECTIONS
from services.evidence.filters import GENERAL, belongs_to, literal
from services.evidence.lexical import lexical_text
from services.evidence.passages import Passage, Tier
from services.evidence.rows import Candidate
from services.evidence.store import EvidenceStore
from tests.real_servers import MilvusServer

DIMENSION = 4
NAME = "autoimmune_patient_labs"
HLA = "autoimmune_hla_associations"
EAST, NORTH, UP = (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)

OpenStore = Callable[..., EvidenceStore]
Ask = Callable[[EvidenceStore, str], Sequence[Candidate]]

HOSTILE = (
    'P1" or patient_id != "', 'x" or 1==1 or patient_id == "', "\\", '\\"', '"', "'", "{p}", "%", "a\\", 'a"b\\"c', "(((",
    "P1' --", 'P1"] or patient_id not in ["', "名前", "𝔭1", "null", "true", " or true",
)

WAYS: dict[str, Ask] = {
    "dense": lambda store, expression: store.dense(NAME, EAST, expression, 10),
    "lexical": lambda store, expression: store.lexical(NAME, lexical_text("complement"), expression, 10),
    "hybrid": lambda store, expression: store.hybrid(NAME, [EAST], lexical_text("complement"), expression, 10),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    running = MilvusServer(tmp_path_factory.mktemp("milvus") / "data")
    yield running
    running.kill()


@pytest.fixture(params=["embedded", "server"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores on one backend; the first one finds no collection of an earlier test."""
    uri = str(tmp_path / "milvus.db") if request.param == "embedded" else request.getfixturevalue("server").uri
    opened: list[EvidenceStore] = []

    def connect(model: str = "model-a") -> EvidenceStore:
        store = EvidenceStore(uri, model=model)
        if not opened:
            for collection in COLLECTIONS:
                store.drop(collection.name)
        opened.append(store)
        return store

    yield connect
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> EvidenceStore:
    """A store with two collections and no rows."""
    opened = open_store()
    opened.create(DIMENSION, names=[NAME, HLA])
    return opened


def lab(number: int | str, text: str = "Complement C3 was low.", patient: str | None = None, **metadata: str | float) -> Passage:
    return Passage(
        id=f"lab-{number}", collection=NAME, text=text, title="Laboratory result", tier=Tier.RECORD if patient else Tier.CURATED,
        patient_id=patient, metadata=metadata,
    )


def ids(found: Sequence[Candidate]) -> list[str]:
    return [candidate.passage.id for candidate in found]


def test_creates_the_fourteen_collections_and_then_none(open_store: OpenStore) -> None:
    opened = open_store()
    assert opened.create(DIMENSION) == tuple(collection.name for collection in COLLECTIONS)
    assert opened.create(DIMENSION) == ()
    assert all(status.exists and status.rows == 0 for status in opened.statuses())


def test_recreating_a_collection_empties_it_and_leaves_the_others(store: EvidenceStore) -> None:
    hla = replace(lab(1), collection=HLA)
    store.put([lab(1), hla], [EAST, EAST])
    assert store.create(DIMENSION, drop_existing=True, names=[NAME]) == (NAME,)
    assert (store.count(NAME), store.count(HLA)) == (0, 1)
    store.put([lab(2)], [EAST])
    assert ids(store.dense(NAME, EAST, "", 5)) == ["lab-2"]


def test_every_id_is_told_once_over_several_pages(store: EvidenceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_ID_PAGE", 7)
    store.put([lab(number) for number in range(20)] + [lab("p", patient="P1")], [EAST] * 21)
    store.put([lab(3, "changed")], [NORTH])
    store.remove(NAME, ["lab-5"])
    told = list(store.ids(NAME))
    assert sorted(told) == sorted(f"lab-{number}" for number in [*range(20), "p"] if number != 5)
    assert list(store.ids(HLA)) == []


def test_a_dropped_collection_does_not_exist_and_can_be_dropped_again(store: EvidenceStore) -> None:
    store.drop(NAME)
    store.drop(NAME)
    status = store.status(NAME)
    assert (status.exists, status.rows, status.model) == (False, 0, None)


def test_a_row_comes_back_with_the_types_it_went_in_with(store: EvidenceStore) -> None:
    text = 'C3 62 mg/dL\n"low" \\ — Sjögren, 肝, β₂ 𝛼 \' % {x}'
    passage = Passage(
        id="row-1", collection=NAME, text=text, title="Lab of 2022-03-15", tier=Tier.RECORD, patient_id="P-1",
        document_id="d" * 32, page=3, section="Complement", document_date="2022-03-15", source="labs.pdf",
        metadata={"test": "Complement C3", "value": 62.25, "unit": "mg/dL", "flag": "L"},
    )
    store.put([passage], [EAST])
    for found in (store.sample(NAME, 5), tuple(one.passage for one in store.dense(NAME, EAST, "", 5))):
        assert found == (passage,)
        assert isinstance(found[0].metadata["value"], float)
        assert found[0].page == 3


def test_what_was_not_given_comes_back_as_missing_and_not_as_zero(store: EvidenceStore) -> None:
    store.put([lab(1)], [EAST])
    (found,) = store.sample(NAME, 5)
    assert found == lab(1)
    assert (found.page, found.patient_id, found.document_date, dict(found.metadata)) == (None, None, None, {})


def test_a_measured_zero_is_kept(store: EvidenceStore) -> None:
    store.put([lab(1, value=0.0)], [EAST])
    assert store.sample(NAME, 5)[0].metadata == {"value": 0.0}


def test_metadata_that_the_collection_does_not_declare_is_refused(store: EvidenceStore) -> None:
    with pytest.raises(InvalidInputError, match="odds_ratio"):
        store.put([lab(1, odds_ratio=3.0)], [EAST])
    assert store.count(NAME) == 0


def test_putting_a_row_twice_changes_nothing_and_new_text_replaces_the_old(store: EvidenceStore) -> None:
    store.put([lab(1, "ferritin")], [EAST])
    store.put([lab(1, "ferritin")], [EAST])
    assert store.count(NAME) == 1
    store.put([lab(1, "haptoglobin")], [NORTH])
    assert store.count(NAME) == 1
    assert [one.passage.text for one in store.dense(NAME, NORTH, "", 5)] == ["haptoglobin"]
    assert ids(store.lexical(NAME, lexical_text("haptoglobin"), "", 5)) == ["lab-1"]
    assert ids(store.lexical(NAME, lexical_text("ferritin"), "", 5)) == []


def test_rows_are_removed_by_id_at_once_and_the_others_stay(store: EvidenceStore) -> None:
    store.put([lab(number) for number in range(5)], [EAST] * 5)
    store.remove(NAME, ["lab-1", "lab-3", "lab-99", 'x" or id != "'])
    assert store.count(NAME) == 3
    assert sorted(ids(store.dense(NAME, EAST, "", 10))) == ["lab-0", "lab-2", "lab-4"]
    assert sorted(one.id for one in store.sample(NAME, 10)) == ["lab-0", "lab-2", "lab-4"]


def test_the_count_is_exact_beyond_one_batch(store: EvidenceStore) -> None:
    store.put([lab(number) for number in range(1_203)], [EAST] * 1_203)
    assert store.count(NAME) == 1_203
    store.remove(NAME, [f"lab-{number}" for number in range(700)])
    assert store.count(NAME) == 503


def test_dense_candidates_come_nearest_first(store: EvidenceStore) -> None:
    store.put([lab("far"), lab("near"), lab("middle")], [NORTH, EAST, (0.8, 0.6, 0.0, 0.0)])
    found = store.dense(NAME, EAST, "", 2)
    assert ids(found) == ["lab-near", "lab-middle"]
    assert list(found[1].vector) == pytest.approx([0.8, 0.6, 0.0, 0.0])


def test_lexical_candidates_prefer_the_rarer_word_and_leave_out_the_rest(store: EvidenceStore) -> None:
    texts = ["complement low", "complement normal", "complement low, cryoglobulin present", "platelets"]
    store.put([lab(number, text) for number, text in enumerate(texts)], [EAST] * 4)
    assert ids(store.lexical(NAME, lexical_text("complement cryoglobulin"), "", 10))[0] == "lab-2"
    assert sorted(ids(store.lexical(NAME, lexical_text("complement"), "", 10))) == ["lab-0", "lab-1", "lab-2"]


def test_hybrid_candidates_join_both_ways_and_hold_each_row_once(store: EvidenceStore) -> None:
    store.put([lab("words", "cryoglobulin"), lab("meaning", "something else"), lab("both", "cryoglobulin")], [NORTH, EAST, EAST])
    found = ids(store.hybrid(NAME, [EAST, (0.9, 0.1, 0.0, 0.0)], lexical_text("cryoglobulin"), "", 10))
    assert found[0] == "lab-both"
    assert sorted(found) == ["lab-both", "lab-meaning", "lab-words"]


@pytest.mark.parametrize("way", WAYS)
def test_a_filter_lets_only_that_patient_and_the_general_knowledge_through(store: EvidenceStore, way: str) -> None:
    owners = [None, "P-1", "P-2", "P-10", "p-1"]
    store.put([lab(number, patient=owner) for number, owner in enumerate(owners)], [EAST] * 5)
    found = {one.passage.patient_id for one in WAYS[way](store, belongs_to((GENERAL, "P-1")))}
    assert found == {None, "P-1"}
    assert {one.passage.patient_id for one in WAYS[way](store, belongs_to(("P-10",)))} == {"P-10"}
    assert {one.passage.patient_id for one in WAYS[way](store, belongs_to(("P-3",)))} == set()


def test_a_quoted_literal_matches_its_own_text_and_nothing_else(store: EvidenceStore) -> None:
    titles = [*HOSTILE, "plain"]
    store.put([replace(lab(number), title=title) for number, title in enumerate(titles)], [EAST] * len(titles))
    for title in titles:
        assert [one.title for one in store.sample(NAME, 50, f"title == {literal(title)}")] == [title]


@pytest.mark.parametrize("question", ["", " ", "-", "🙂", "what is it", "a " * 4_000])
def test_a_question_without_index_terms_is_no_error(store: EvidenceStore, question: str) -> None:
    store.put([lab(1)], [EAST])
    assert ids(store.hybrid(NAME, [EAST], lexical_text(question), "", 5)) == ["lab-1"]
    assert ids(store.lexical(NAME, lexical_text(question), "", 5)) == []


def test_the_schema_names_type_and_meaning_of_each_column(store: EvidenceStore) -> None:
    columns = {column["name"]: column for column in store.schema(NAME)}
    assert columns["value"] == {"name": "value", "type": "DOUBLE", "description": "numeric value"}
    assert {"id", "patient_id", "text", "tier", "embedding_model", "dense"} <= set(columns)
    assert columns["test"]["type"] == "VARCHAR"


def test_the_status_tells_rows_model_and_dimension(store: EvidenceStore) -> None:
    store.put([lab(1)], [EAST])
    status = store.status(NAME)
    assert (status.rows, status.model, status.dimension) == (1, "model-a", DIMENSION)


def test_vectors_of_another_model_are_never_mixed_or_searched(store: EvidenceStore, open_store: OpenStore) -> None:
    store.put([lab(1)], [EAST])
    other = open_store("model-b")
    for attempt in (
        other.check_model,
        lambda: other.put([lab(2)], [EAST]),
        lambda: other.dense(NAME, EAST, "", 5),
        lambda: other.lexical(NAME, "complement", "", 5),
        lambda: other.hybrid(NAME, [EAST], "complement", "", 5),
    ):
        with pytest.raises(ConflictError, match=f"{NAME}.*model-a.*model-b.*rebuild"):
            attempt()
    assert store.count(NAME) == 1
    other.create(DIMENSION, drop_existing=True, names=[NAME, HLA])
    other.check_model()
    other.put([lab(2)], [EAST])
    assert ids(other.dense(NAME, EAST, "", 5)) == ["lab-2"]


@pytest.mark.parametrize("name", ["", "patients", "autoimmune_literature; drop", "../x", "AUTOIMMUNE_LITERATURE"])
def test_an_unknown_collection_is_an_error_that_lists_the_known_ones(store: EvidenceStore, name: str) -> None:
    for attempt in (
        lambda: store.status(name), lambda: store.drop(name), lambda: store.schema(name), lambda: store.sample(name, 1),
        lambda: store.remove(name, ["a"]), lambda: store.dense(name, EAST, "", 1), lambda: store.create(DIMENSION, names=[name]),
    ):
        with pytest.raises(NotFoundError, match="autoimmune_literature"):
            attempt()


def test_several_threads_write_and_search_at_once_without_error_or_loss(store: EvidenceStore) -> None:
    def work(worker: int) -> None:
        for turn in range(5):
            store.put([lab(f"{worker}-{turn}")], [EAST])
            assert store.hybrid(NAME, [EAST], "complement", "", 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert store.count(NAME) == 40


def test_rows_are_found_again_after_the_store_was_closed(store: EvidenceStore, open_store: OpenStore) -> None:
    store.put([lab(1)], [EAST])
    store.close()
    reopened = open_store()
    assert reopened.count(NAME) == 1
    assert ids(reopened.hybrid(NAME, [EAST], "complement", "", 5)) == ["lab-1"]


def test_the_store_says_whether_it_answers(store: EvidenceStore) -> None:
    assert store.connected()
    assert store.server_version()


# The embedded file has one owner.

_SECOND_PROCESS = """
import logging, sys
logging.disable(logging.CRITICAL)
from services.errors import StoreUnavailableError
from services.evidence.store import EvidenceStore
store = EvidenceStore(sys.argv[1], model="model-a")
try:
    print("opened with", store.count("autoimmune_patient_labs"))
except StoreUnavailableError as error:
    print("refused:", error.message)
"""


def test_a_second_process_is_refused_with_a_hint_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "milvus.db"
    owner = EvidenceStore(str(path), model="model-a")
    owner.create(DIMENSION, names=[NAME])
    owner.put([lab(1)], [EAST])
    assert "refused: the embedded evidence store does not answer" in (said := _second_process(path))
    assert "another process may own the file" in said
    assert "AUTO_MILVUS_URI" in said
    owner.close()
    assert "opened with 1" in _second_process(path)


def _second_process(path: Path) -> str:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _SECOND_PROCESS, str(path)], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout


# A server can go away.

def _attempts(store: EvidenceStore) -> tuple[Callable[[], object], ...]:
    return (
        lambda: store.count(NAME), lambda: store.status(NAME), store.statuses, lambda: store.schema(NAME), store.check_model,
        lambda: store.sample(NAME, 1), lambda: store.dense(NAME, EAST, "", 1), lambda: store.lexical(NAME, "c3", "", 1),
        lambda: store.hybrid(NAME, [EAST], "c3", "", 1), lambda: store.put([lab(9)], [EAST]),
        lambda: store.remove(NAME, ["lab-1"]), lambda: store.create(DIMENSION), lambda: store.drop(NAME), store.server_version,
    )


def test_a_killed_server_is_an_error_with_a_hint_and_never_an_empty_result(tmp_path: Path) -> None:
    running = MilvusServer(tmp_path / "data")
    store = EvidenceStore(running.uri, model="model-a")
    store.create(DIMENSION, names=[NAME])
    store.put([lab(1)], [EAST])
    running.kill()
    assert not store.connected()
    for attempt in _attempts(store):
        with pytest.raises(StoreUnavailableError, match="check AUTO_MILVUS_URI"):
            attempt()
    store.close()


def test_a_server_that_comes_back_is_used_at_once_by_stores_opened_before_and_after(tmp_path: Path) -> None:
    running = MilvusServer(tmp_path / "data")
    try:
        store = EvidenceStore(running.uri, model="model-a")
        store.create(DIMENSION, names=[NAME])
        store.put([lab(1)], [EAST])
        running.kill()
        for _ in range(3):  # each refusal lengthens the time gRPC waits before it tries that address again
            assert not store.connected()
            with pytest.raises(StoreUnavailableError):
                store.count(NAME)
        running.start()
        for one in (EvidenceStore(running.uri, model="model-a"), store):
            assert one.count(NAME) == 1
            one.close()
    finally:
        running.kill()


def test_a_server_that_was_never_there_is_an_error(tmp_path: Path) -> None:
    store = EvidenceStore("http://127.0.0.1:9", model="model-a")
    assert not store.connected()
    with pytest.raises(StoreUnavailableError, match="check AUTO_MILVUS_URI"):
        store.count(NAME)


def test_a_server_that_hangs_is_given_up_after_the_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(store_module, "_WRITE_TIMEOUT_SECONDS", 0.2)
    running = MilvusServer(tmp_path / "data")
    try:
        store = EvidenceStore(running.uri, model="model-a")
        store.create(DIMENSION, names=[NAME])
        store.put([lab(1)], [EAST])
        running.pause()
        assert not store.connected()
        for attempt in _attempts(store):
            with pytest.raises(StoreUnavailableError, match="timeout"):
                attempt()
        running.resume()
        assert store.connected()  # and it is used again when it is back
        store.close()
    finally:
        running.kill()


def test_a_path_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = EvidenceStore(str(tmp_path / "file" / "milvus.db"), model="model-a")
    with pytest.raises(StoreUnavailableError):
        store.count(NAME)
