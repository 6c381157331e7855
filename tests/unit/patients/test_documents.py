"""A patient's documents: taken in once, replaced, shown, removed; whose they are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.access.principals import LOCAL_USER, PUBLIC
from services.container import Services
from services.errors import (
    AccessDeniedError,
    ConflictError,
    DocumentError,
    DocumentLimitError,
    InvalidIdentifierError,
    NotAPdfError,
    NotFoundError,
    StoreUnavailableError,
    TooLargeError,
)
from services.evidence.index import EvidenceIndex
from services.evidence.passages import Tier
from services.evidence.store import EvidenceStore
from services.patients.document_preparation import PreparedDocument
from services.patients.documents import COLLECTION, DocumentLibrary, Outcome
from services.patients.registry import PatientRegistry
from services.storage.database import Database
from services.storage.files import FileStore
from tests.fakes import pdfs

NOTE = pdfs.text_pdf(pdfs.NOTE)
OTHER = pdfs.text_pdf(pdfs.NOTE.replace("62 mg/dL", "97 mg/dL"))
THIRD = pdfs.text_pdf(pdfs.NOTE.replace("62 mg/dL", "71 mg/dL"))


class Desk:
    """A document library over a database, a store and files of its own."""

    def __init__(self, folder: Path, database: Database, services: Services) -> None:
        self.store = EvidenceStore(str(folder / "milvus.db"), model=services.embedder.name)
        index = EvidenceIndex(database, self.store, services.embedder)
        index.create_collections()
        self.patients = PatientRegistry(database)
        self.files = folder / "files"
        self.library = DocumentLibrary(
            database, FileStore(self.files), services.reader, index, services.embedder, self.patients, 1 << 20
        )

    def rows(self) -> int:
        return self.store.count(COLLECTION)

    def stored(self) -> int:
        return sum(path.is_file() for path in self.files.rglob("*"))


@pytest.fixture
def desk(tmp_path: Path, database: Database, services: Services) -> Iterator[Desk]:
    made = Desk(tmp_path, database, services)
    yield made
    made.store.close()


def test_a_document_is_described_by_its_own_content(desk: Desk) -> None:
    ingested = desk.library.ingest("P1", "scan_0001.pdf", NOTE, LOCAL_USER)
    document = ingested.document
    assert ingested.outcome is Outcome.ADDED
    assert (document.doc_type, document.specialty, document.document_date) == ("progress_note", "rheumatology", "2022-03-14")
    assert document.author == "Alma Reyes"
    assert (document.filename, document.page_count) == ("scan_0001.pdf", 1)
    assert document.passage_count == desk.rows() > 0
    assert desk.library.get(document.id, LOCAL_USER) == document
    assert desk.patients.get("P1", LOCAL_USER).document_count == 1


def test_its_passages_are_verbatim_and_carry_their_provenance(desk: Desk) -> None:
    document = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    passages = desk.library.passages(document.id, LOCAL_USER)
    assert [one.id for one in passages] == sorted(one.id for one in passages)
    for passage in passages:
        assert (passage.patient_id, passage.document_id, passage.page, passage.tier) == ("P1", document.id, 1, Tier.RECORD)
        assert passage.source == "note.pdf"
        assert passage.metadata["doc_type"] == "progress_note"
    text = " ".join(one.text for one in passages)
    assert "Complement C3 62 mg/dL (90-180), low." in text


def test_the_same_content_changes_nothing_whatever_its_name(desk: Desk) -> None:
    first = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER)
    again = desk.library.ingest("P1", "copy of note.pdf", NOTE, LOCAL_USER)
    assert (again.outcome, again.document) == (Outcome.UNCHANGED, first.document)
    assert desk.rows() == first.document.passage_count
    assert desk.stored() == 1


def test_other_content_under_the_same_name_replaces_every_passage(desk: Desk) -> None:
    first = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    second = desk.library.ingest("P1", "note.pdf", OTHER, LOCAL_USER)
    assert second.outcome is Outcome.REPLACED
    assert desk.library.list("P1", LOCAL_USER) == (second.document,)
    texts = " ".join(one.text for one in desk.store.sample(COLLECTION, 100))
    assert "97 mg/dL" in texts
    assert "62 mg/dL" not in texts
    with pytest.raises(NotFoundError, match="replaced or deleted"):
        desk.library.get(first.id, LOCAL_USER)


def test_the_same_content_twice_in_a_batch_is_one_document(desk: Desk) -> None:
    one, two = desk.library.ingest_many("P1", [("a.pdf", NOTE), ("b.pdf", NOTE)], LOCAL_USER)
    assert (one.outcome, two.outcome) == (Outcome.ADDED, Outcome.UNCHANGED)
    assert one.document == two.document
    assert len(desk.library.list("P1", LOCAL_USER)) == 1
    assert desk.rows() == one.document.passage_count


def test_of_two_contents_under_one_name_in_a_batch_the_later_stays(desk: Desk) -> None:
    results = desk.library.ingest_many("P1", [("note.pdf", NOTE), ("note.pdf", OTHER), ("c.pdf", THIRD)], LOCAL_USER)
    assert [one.outcome for one in results] == [Outcome.ADDED, Outcome.REPLACED, Outcome.ADDED]
    assert {one.id for one in desk.library.list("P1", LOCAL_USER)} == {results[1].document.id, results[2].document.id}
    assert desk.rows() == results[1].document.passage_count + results[2].document.passage_count


def test_a_bad_file_in_a_batch_takes_nothing_in(desk: Desk) -> None:
    with pytest.raises(NotAPdfError):
        desk.library.ingest_many("P1", [("a.pdf", NOTE), ("b.pdf", b"not a pdf"), ("c.pdf", OTHER)], LOCAL_USER)
    assert desk.rows() == 0
    assert desk.library.list("P1", LOCAL_USER) == ()
    assert desk.library.ingest("P1", "a.pdf", NOTE, LOCAL_USER).outcome is Outcome.ADDED


@pytest.mark.parametrize(
    "content", [b"", b"MZ", pdfs.scanned_pdf(), pdfs.encrypted_pdf("secret"), NOTE[:900], pdfs.cyclic_pdf()],
    ids=["empty", "program", "scanned", "encrypted", "cut off", "cyclic"],
)
def test_a_bad_new_version_leaves_the_stored_one_whole(desk: Desk, content: bytes) -> None:
    document = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    with pytest.raises(DocumentError):
        desk.library.ingest("P1", "note.pdf", content, LOCAL_USER)
    assert desk.library.list("P1", LOCAL_USER) == (document,)
    assert desk.library.file(document.id, LOCAL_USER) == NOTE
    assert desk.rows() == document.passage_count
    assert desk.stored() == 1


def test_a_stored_file_that_cannot_be_read_again_today_is_not_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than the time limit for a file that was read yesterday."""
    document = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document

    def too_slow(_path: Path) -> None:
        raise DocumentLimitError("not finished in time")

    with monkeypatch.context() as patch:
        patch.setattr(desk.library._reader, "read", too_slow)
        with pytest.raises(DocumentLimitError):
            desk.library.ingest("P2", "note.pdf", NOTE, LOCAL_USER)
    assert desk.library.file(document.id, LOCAL_USER) == NOTE


def test_a_file_over_the_limit_is_refused(desk: Desk) -> None:
    with pytest.raises(TooLargeError, match="the limit is 1 MB"):
        desk.library.ingest("P1", "big.pdf", NOTE + b"%" * (1 << 20), LOCAL_USER)
    assert desk.stored() == 0


def test_a_document_belongs_to_one_patient_and_the_same_file_may_belong_to_two(desk: Desk) -> None:
    ours = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    theirs = desk.library.ingest("P2", "note.pdf", NOTE, LOCAL_USER).document
    assert ours.id != theirs.id
    assert desk.library.list("P1", LOCAL_USER) == (ours,)
    desk.library.remove(ours.id, LOCAL_USER)
    assert desk.library.file(theirs.id, LOCAL_USER) == NOTE
    assert desk.rows() == theirs.passage_count
    desk.library.remove(theirs.id, LOCAL_USER)
    assert (desk.rows(), desk.stored()) == (0, 0)
    with pytest.raises(NotFoundError):
        desk.library.remove(theirs.id, LOCAL_USER)


def test_a_document_of_somebody_else_is_filed_with_a_warning(desk: Desk) -> None:
    desk.patients.create("P1", LOCAL_USER, name="Other Person", date_of_birth=date(1970, 1, 1), mrn="999")
    notes = " ".join(desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document.notes)
    assert "date of birth" in notes
    assert "record number" in notes


def test_a_document_of_the_right_person_has_no_such_warning(desk: Desk) -> None:
    desk.patients.create("P1", LOCAL_USER, name="Jane Doe", date_of_birth=date(1985, 5, 17), mrn="00123456")
    assert not [note for note in desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document.notes if "filing" in note]


def test_documents_are_listed_newest_first_by_their_own_date(desk: Desk) -> None:
    texts = [pdfs.NOTE.replace("03/14/2022", day) for day in ("01/05/2020", "06/30/2023", "02/02/2021")]
    desk.library.ingest_many("P1", [(f"{number}.pdf", pdfs.text_pdf(text)) for number, text in enumerate(texts)], LOCAL_USER)
    dates = [one.document_date for one in desk.library.list("P1", LOCAL_USER)]
    assert dates == ["2023-06-30", "2021-02-02", "2020-01-05"]


def test_a_page_is_shown_as_an_image_with_its_passage(desk: Desk) -> None:
    document = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    page = desk.library.page_image(document.id, 1, "Complement C3 62 mg/dL", LOCAL_USER)
    with Image.open(io.BytesIO(page.png)) as image:
        assert min(image.size) > 300
    with pytest.raises((DocumentError, NotFoundError)):
        desk.library.page_image(document.id, 2, None, LOCAL_USER)


def test_who_may_not_see_patients_sees_and_changes_no_document(desk: Desk) -> None:
    document = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    for attempt in (
        lambda: desk.library.list("P1", PUBLIC), lambda: desk.library.get(document.id, PUBLIC),
        lambda: desk.library.file(document.id, PUBLIC), lambda: desk.library.passages(document.id, PUBLIC),
        lambda: desk.library.page_image(document.id, 1, None, PUBLIC), lambda: desk.library.remove(document.id, PUBLIC),
        lambda: desk.library.ingest("P1", "b.pdf", OTHER, PUBLIC),
    ):
        with pytest.raises(AccessDeniedError):
            attempt()
    assert desk.rows() == document.passage_count


@pytest.mark.parametrize("patient", ["", 'P1" or "', "../P1", "P1\n"])
def test_a_patient_id_that_is_not_of_the_allowed_form_is_refused_before_the_file_is_stored(desk: Desk, patient: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        desk.library.ingest(patient, "note.pdf", NOTE, LOCAL_USER)
    assert desk.stored() == 0


def test_the_same_upload_many_times_at_once_is_one_document(desk: Desk) -> None:
    def take_in(_: int) -> Outcome | None:
        try:
            return desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).outcome
        except ConflictError:
            return None  # told to try again; the other request took it in

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(take_in, range(8)))
    assert outcomes.count(Outcome.ADDED) == 1
    assert len(desk.library.list("P1", LOCAL_USER)) == 1
    assert desk.rows() == desk.library.list("P1", LOCAL_USER)[0].passage_count


@pytest.mark.parametrize(("name", "content"), [("note.pdf", NOTE), ("note.pdf", OTHER), ("copy.pdf", NOTE)])
def test_an_upload_that_another_one_overtakes_changes_nothing_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    prepare = desk.library._preparer.prepare

    def overtaken(*arguments: Any, **named: Any) -> PreparedDocument:
        with monkeypatch.context() as patch:
            patch.setattr(desk.library._preparer, "prepare", prepare)
            desk.library.ingest("P1", name, content, LOCAL_USER)
        return prepare(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(desk.library._preparer, "prepare", overtaken)
        with pytest.raises(ConflictError, match="try again"):
            desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER)
    (kept,) = desk.library.list("P1", LOCAL_USER)
    assert desk.library.file(kept.id, LOCAL_USER) == content
    assert desk.rows() == kept.passage_count


def test_progress_is_told_and_reaches_its_end(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    desk.library.ingest_many("P1", [("a.pdf", NOTE)], LOCAL_USER, lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == sum(status.rows for status in desk.store.statuses())


def test_a_first_upload_that_fails_leaves_no_empty_patient(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailableError("the store is down")

    with pytest.raises(NotAPdfError):
        desk.library.ingest("P1", "note.pdf", b"not a pdf", LOCAL_USER)
    with monkeypatch.context() as patch:
        patch.setattr(desk.library._index, "store_only", down)
        with pytest.raises(StoreUnavailableError):
            desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER)
    assert desk.patients.list(LOCAL_USER) == ()
    assert desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).outcome is Outcome.ADDED
    assert [one.id for one in desk.patients.list(LOCAL_USER)] == ["P1"]


def test_reading_again_says_what_the_present_rules_read_differently(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    document = desk.library.ingest("P1", "note.pdf", NOTE, LOCAL_USER).document
    count = desk.library.fact_counts("P1", LOCAL_USER)[document.id]
    assert count.used > 1
    assert desk.library.read_again(document.id, LOCAL_USER).is_same
    with monkeypatch.context() as patch:
        patch.setattr("services.patients.document_preparation.extract", lambda *_: ())
        reread = desk.library.read_again(document.id, LOCAL_USER)
    assert (reread.added, reread.gone, reread.passages[1]) == (0, count.used, document.passage_count)
    assert desk.library.fact_counts("P1", LOCAL_USER) == {}
    back = desk.library.read_again(document.id, LOCAL_USER)
    assert (back.added, back.gone, back.document.id) == (count.used, 0, document.id)
    assert desk.library.get(document.id, LOCAL_USER) == document
    assert desk.rows() == document.passage_count
