"""What happens when the store goes away in the middle: nothing is lost, nothing looks empty, and the same call works later."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from services.access.principals import LOCAL_USER
from services.container import Services, build_services
from services.errors import ParatopeError, StoreUnavailableError
from services.evidence.collections import COLLECTIONS
from services.evidence.embedder import SentenceEmbedder
from services.evidence.index import EvidenceIndex
from services.evidence.passages import Passage, Tier
from services.evidence.search import EvidenceSearch, Mode, Ranking
from services.evidence.store import EvidenceStore
from services.patients.documents import DocumentLibrary, Outcome
from services.patients.registry import PatientRegistry
from services.settings import Settings
from services.storage.database import Database
from services.storage.files import FileStore
from tests.contract.conftest import serve  # noqa: F401 - a fixture
from tests.fakes import pdfs
from tests.real_servers import MilvusServer

NOTES = "autoimmune_clinical_documents"


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[MilvusServer]:
    server = MilvusServer(tmp_path / "milvus")
    yield server
    server.kill()


class House:
    """Documents, index and search over one store of the test's own."""

    def __init__(self, folder: Path, uri: str, services: Services, database: Database) -> None:
        embedder = services.embedder
        self.store = EvidenceStore(uri, model=embedder.name)
        self.index = EvidenceIndex(database, self.store, embedder, settle=lambda: None)
        self.index.create_collections()
        self.patients = PatientRegistry(database)
        self.files = folder / "files"
        self.library = DocumentLibrary(
            database, FileStore(self.files), services.reader, self.index, embedder, self.patients, 1 << 20
        )
        self.search = EvidenceSearch(self.store, embedder, Ranking({}, 0.55, 0.35))

    def close(self) -> None:
        self.search.close()
        self.store.close()

    def texts(self) -> list[str]:
        """Every text that can be found, from the store."""
        return sorted(one.text for collection in COLLECTIONS for one in self.store.sample(collection.name, 100))

    def recorded(self) -> list[str]:
        """Every text of the record."""
        return sorted(one.text for collection in COLLECTIONS for one in self.index.export(collection.name, LOCAL_USER))


@pytest.fixture
def house(tmp_path: Path, services: Services, database: Database) -> Iterator[House]:
    made = House(tmp_path, str(tmp_path / "milvus.db"), services, database)
    yield made
    made.close()


class FailingStore:
    """Stands before the real store and fails at one of its writes, as a lost connection does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: EvidenceStore, fail_at: int) -> None:
        self.writes = 0
        real = store._write

        def write(action: Callable[..., object], name: str, ids: Sequence[str]) -> None:
            self.writes += 1
            if self.writes == fail_at:
                raise StoreUnavailableError("the Milvus server does not answer")
            real(action, name, ids)

        monkeypatch.setattr(store, "_write", write)


def test_a_killed_server_is_an_error_in_every_way_of_searching(milvus: MilvusServer, embedder: SentenceEmbedder) -> None:
    store = EvidenceStore(milvus.uri, model=embedder.name)
    store.create(embedder.dimension)
    search = EvidenceSearch(store, embedder, Ranking({}, 0.55, 0.35))
    milvus.kill()
    for mode in Mode:
        with pytest.raises(StoreUnavailableError):
            search.search("complement C3", access=LOCAL_USER, mode=mode)
    search.close()
    store.close()


def test_a_killed_server_is_503_over_http_and_health_is_degraded(
    milvus: MilvusServer, tmp_path: Path, serve: Callable[..., httpx.Client]  # noqa: F811 - the fixture
) -> None:
    own = build_services(Settings(data_dir=tmp_path, demo_data=False, milvus_uri=milvus.uri))
    try:
        own.preparation.start()
        assert own.preparation.wait(300).done
        client = serve(own)
        assert client.get("/health").json()["milvus_connected"] is True
        own.patients.create("OUT-2", LOCAL_USER)
        milvus.kill()
        upload = {"data": {"patient_id": "OUT-1"}, "files": {"file": ("note.pdf", pdfs.text_pdf(pdfs.NOTE))}}
        for method, path, given in (
            ("POST", "/search", {"json": {"question": "C3"}}), ("POST", "/query", {"json": {"question": "C3"}}),
            ("POST", "/query/stream", {"json": {"question": "C3"}}), ("GET", "/collections", {}),
            ("POST", "/collections/create", {}), ("POST", "/ingest/upload", upload),
        ):
            response = client.request(method, path, **given)
            assert response.status_code == 503, path
            assert "AUTO_MILVUS_URI" in response.json()["detail"]
        health = client.get("/health")
        assert health.status_code == 200
        body = health.json()
        assert (body["status"], body["milvus_connected"], body["total_vectors"]) == ("degraded", False, 0)
        assert client.get("/healthz").status_code == 200
        metrics = client.get("/metrics").text
        assert "autoimmune_agent_up 1.0" in metrics
        assert "autoimmune_collection_vectors{" not in metrics  # unknown is not zero
        assert own.documents.list("OUT-1", LOCAL_USER) == ()
    finally:
        own.close()


def test_whichever_write_fails_an_upload_is_whole_or_absent_and_can_be_repeated(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = pdfs.text_pdf(pdfs.NOTE), pdfs.text_pdf(pdfs.NOTE.replace("62 mg/dL", "97 mg/dL"))
    house.library.ingest("P1", "note.pdf", older, LOCAL_USER)
    before = house.texts()
    fail_at = 0
    while True:
        fail_at += 1
        with monkeypatch.context() as patch:
            failing = FailingStore(patch, house.store, fail_at)
            try:
                house.library.ingest("P1", "note.pdf", newer, LOCAL_USER)
            except StoreUnavailableError:
                assert house.recorded() == before
                assert len(house.library.list("P1", LOCAL_USER)) == 1
            if failing.writes < fail_at:
                break  # it got through all its writes
        house.index.repair()  # as at the next start
        assert house.texts() == before
    assert fail_at > 2
    assert house.recorded() == house.texts()
    assert any("97 mg/dL" in text for text in house.texts())
    assert not any("62 mg/dL" in text for text in house.texts())


def test_after_a_failed_upload_the_same_upload_is_added_and_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pdfs.text_pdf(pdfs.NOTE)
    with monkeypatch.context() as patch:
        FailingStore(patch, house.store, 1)
        with pytest.raises(StoreUnavailableError):
            house.library.ingest("P1", "note.pdf", content, LOCAL_USER)
    assert house.library.list("P1", LOCAL_USER) == ()
    assert house.library.ingest("P1", "note.pdf", content, LOCAL_USER).outcome is Outcome.ADDED
    assert any("malar rash" in text for text in house.texts())


def test_deleting_a_document_while_the_store_is_down_keeps_it_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    document = house.library.ingest("P1", "note.pdf", pdfs.text_pdf(pdfs.NOTE), LOCAL_USER).document
    with monkeypatch.context() as patch:
        FailingStore(patch, house.store, 1)
        with pytest.raises(StoreUnavailableError):
            house.library.remove(document.id, LOCAL_USER)
    assert house.library.file(document.id, LOCAL_USER).startswith(b"%PDF")
    assert house.texts() == house.recorded() != []
    house.library.remove(document.id, LOCAL_USER)
    assert house.texts() == house.recorded() == []
    assert not [path for path in house.files.rglob("*") if path.is_file()]


def test_curated_knowledge_whose_indexing_failed_is_indexed_at_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def curated(text: str) -> tuple[Passage, ...]:
        return (Passage(id="one", collection="autoimmune_literature", text=text, title="A paper", tier=Tier.CURATED),)

    monkeypatch.setattr("services.evidence.index.curated_passages", lambda: curated("the first wording"))
    assert house.index.load_curated() == 1
    monkeypatch.setattr("services.evidence.index.curated_passages", lambda: curated("the second wording"))
    with monkeypatch.context() as patch:
        FailingStore(patch, house.store, 1)
        with pytest.raises(StoreUnavailableError):
            house.index.load_curated()
    assert house.index.load_curated() == 1
    assert [one.text for one in house.store.sample("autoimmune_literature", 5)] == ["the second wording"]
    assert house.index.load_curated() == 0


@pytest.mark.parametrize("harm", ["lost", "extra", "one lost and one extra"])
def test_a_collection_that_differs_from_the_record_is_rebuilt(house: House, harm: str) -> None:
    house.library.ingest("P1", "note.pdf", pdfs.text_pdf(pdfs.NOTE), LOCAL_USER)
    whole = house.texts()
    if "lost" in harm:
        house.store.remove(NOTES, [one.id for one in house.store.sample(NOTES, 1)])
    if "extra" in harm:
        stray = Passage(id="stray", collection=NOTES, text="nobody's", title="", tier=Tier.RECORD, patient_id="P1")
        house.store.put([stray], [[0.1] * house.index._embedder.dimension])
    if harm == "one lost and one extra":
        assert house.index.repair_counts() == ()  # the numbers agree
        assert house.texts() != whole
    assert house.index.repair() == (NOTES,)
    assert house.texts() == whole
    assert house.index.repair() == ()


_WRITER = """
import sys
from services.evidence.passages import Passage, Tier
from services.evidence.store import EvidenceStore
labs = "autoimmune_patient_labs"
store = EvidenceStore(sys.argv[1], model="m")
store.create(4, names=[labs])
number = 0
while True:
    rows = [
        Passage(id=f"row-{number + one}", collection=labs, text="C3", title="", tier=Tier.RECORD, patient_id="P")
        for one in range(10)
    ]
    store.put(rows, [[1.0, 0.0, 0.0, 0.0]] * 10)
    number += 10
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill_in_the_middle_of_writing(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    path = tmp_path / "milvus.db"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = 0
        while acknowledged < 150:
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        acknowledged = int(rest[-1]) if rest else acknowledged
    store = EvidenceStore(str(path), model="m")
    assert acknowledged <= store.count("autoimmune_patient_labs") <= acknowledged + 10
    store.close()


def test_a_store_error_says_what_to_do_and_names_no_patient(tmp_path: Path) -> None:
    store = EvidenceStore("http://127.0.0.1:9", model="m")
    with pytest.raises(ParatopeError) as raised:
        store.sample(NOTES, 1, 'patient_id in ["Zqxv-Canary"]')
    assert "AUTO_MILVUS_URI" in raised.value.message
    assert "Canary" not in raised.value.message
