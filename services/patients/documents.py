"""A patient's documents: taken in, listed, shown page by page, removed.

Taking in a PDF is idempotent: the same content for the same patient changes nothing, and other content under the same
file name replaces the earlier version with all its passages. The file is read, embedded and put into the store before the
record changes, so whatever fails on the way, what was there before is still there and the upload can be repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import (
    AccessDeniedError,
    ConflictError,
    DocumentError,
    NotFoundError,
    ParatopeError,
    TooLargeError,
    UnavailableError,
)
from services.evidence.documents.describing import DocumentDescription, describe
from services.evidence.documents.model import ParsedDocument, RenderedPage
from services.evidence.documents.reading import DocumentReader
from services.evidence.embedder import Embedder, Progress
from services.evidence.extraction import RULES_VERSION, Fact, extract
from services.evidence.filters import checked_patient_id
from services.evidence.index import EvidenceIndex, delete_passages, passage_from_row, write_passages
from services.evidence.passages import Passage
from services.patients.document_preparation import (
    COLLECTION,
    Document,
    PreparedDocument,
    Preparer,
    document_from_row,
    row_of,
)
from services.patients.fact_passages import COLLECTIONS as FACT_COLLECTIONS
from services.patients.facts import (
    FactStatus,
    StoredFact,
    delete_facts,
    outdated_documents,
    read_facts,
    write_facts,
    write_proposals,
)
from services.patients.registry import Patient, PatientRegistry, add_if_new
from services.storage.database import Database
from services.storage.files import FileStore, display_name
from services.storage.tables import documents, passages

_AT_ONCE = "the same document, or one of the same file name, is being taken in by another request: try again"

__all__ = ["COLLECTION", "Document", "DocumentLibrary", "FactCount", "Ingested", "Outcome", "Reread"]


class Outcome(StrEnum):
    ADDED = "added"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Ingested:
    document: Document
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class FactCount:
    """The facts of a document: those that count, those a language model proposed and nobody decided, those rejected."""

    used: int = 0
    proposed: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading a stored file again changed.

    `added`, `gone`, `changed` count facts; `description` names the fields of the document that read differently;
    `passages` are how many passages there were and are; `undecided` counts decisions of people whose fact is not read any more.
    """

    document: Document
    added: int
    gone: int
    changed: int
    description: tuple[str, ...]
    passages: tuple[int, int]
    undecided: int

    @property
    def is_same(self) -> bool:
        return not (self.added or self.gone or self.changed or self.description or self.passages[0] != self.passages[1])


class DocumentLibrary:
    """Takes in and serves the PDFs of patients."""

    def __init__(
        self,
        database: Database,
        files: FileStore,
        reader: DocumentReader,
        index: EvidenceIndex,
        embedder: Embedder,
        patients: PatientRegistry,
        max_bytes: int,
    ) -> None:
        self._database = database
        self._files = files
        self._reader = reader
        self._index = index
        self._preparer = Preparer(database, embedder)
        self._patients = patients
        self._max_bytes = max_bytes

    def ingest(self, patient_id: str, filename: str, data: bytes, access: Principal) -> Ingested:
        """Take in one PDF for a patient, who is created with the document when unknown.

        :raise DocumentError: the file cannot be used; the subclass and message say why.
        :raise TooLargeError: more bytes than `AUTO_MAX_REQUEST_SIZE_MB` allows.
        :raise UnavailableError: embedder or store down; the document is not taken in.
        """
        return self.ingest_many(patient_id, [(filename, data)], access)[0]

    def ingest_many(
        self, patient_id: str, batch: Sequence[tuple[str, bytes]], access: Principal, progress: Progress | None = None
    ) -> tuple[Ingested, ...]:
        """Take in several PDFs of one patient and embed their passages together, which is faster than one by one.

        All or none: an error leaves the record as it was. The same content twice in a batch is one document; of two
        contents under one file name the later stays.
        """
        checked_patient_id(patient_id)
        _require_access(access)
        results: list[Ingested] = []
        prepared: dict[str, PreparedDocument] = {}  # by file name
        replaced: dict[str, str | None] = {}  # the document that had the file name when this was decided
        patient: Patient | None = None
        for filename, data in batch:
            if len(data) > self._max_bytes:
                raise TooLargeError(f"the file has {len(data) >> 20} MB: the limit is {self._max_bytes >> 20} MB")
            name = display_name(filename)
            key, parsed = self._read(data)
            same, older = self._known(patient_id, parsed.sha256, name)
            known = same or _same_content(prepared, parsed.sha256)
            if known is not None:
                results.append(Ingested(known, Outcome.UNCHANGED))
                continue
            patient = patient or self._patients.get_or_new(patient_id, access)
            outcome = Outcome.REPLACED if older is not None or name in prepared else Outcome.ADDED
            prepared[name] = self._preparer.prepare(patient, name, key, parsed)
            replaced[name] = older.id if older is not None else None
            results.append(Ingested(prepared[name].document, outcome))
        if patient is not None:
            self._take_in(patient, list(prepared.values()), [one for one in replaced.values() if one is not None], progress)
        return tuple(results)

    def list(self, patient_id: str, access: Principal) -> tuple[Document, ...]:
        """A patient's documents, newest first by their own date."""
        _require_access(access)
        query = (
            sa.select(documents)
            .where(documents.c.patient_id == checked_patient_id(patient_id))
            .order_by(documents.c.document_date.desc(), documents.c.filename)
        )
        with self._database.read() as connection:
            return tuple(document_from_row(row) for row in connection.execute(query).mappings())

    def get(self, document_id: str, access: Principal) -> Document:
        return document_from_row(self._row(document_id, access))

    def page_image(self, document_id: str, page: int, highlight: str | None, access: Principal) -> RenderedPage:
        """Render one page (1-based) with the passage highlighted where it can be located exactly."""
        return self._reader.page_image(self._path(document_id, access), page, highlight=highlight)

    def file(self, document_id: str, access: Principal) -> bytes:
        """The PDF as it was uploaded."""
        return self._path(document_id, access).read_bytes()

    def passages(self, document_id: str, access: Principal) -> tuple[Passage, ...]:
        """The passages of a document in reading order."""
        self._row(document_id, access)
        query = (
            sa.select(passages)
            .where(passages.c.document_id == document_id, passages.c.collection == COLLECTION)
            .order_by(passages.c.id)
        )
        with self._database.read() as connection:
            return tuple(passage_from_row(row) for row in connection.execute(query).mappings())

    def remove(self, document_id: str, access: Principal) -> None:
        """Delete a document with everything derived from it: passages, facts, and the passages of the facts."""
        row = self._row(document_id, access)
        self._remove_from_store(self._passage_ids(document_id))
        with self._database.begin() as connection:
            _delete(connection, document_id)
        self._remove_file_unless_used(row["file_key"])

    def _read(self, data: bytes) -> tuple[str, ParsedDocument]:
        key = self._files.put("documents", data, ".pdf")
        try:
            return key, self._reader.read(self._files.existing(key))
        except ParatopeError:
            self._remove_file_unless_used(key)  # a file that was readable yesterday may time out on a busy day
            raise

    def _take_in(
        self, patient: Patient, prepared: Sequence[PreparedDocument], replaced: Sequence[str], progress: Progress | None
    ) -> None:
        """Put the vectors into the store, then switch the record over in one transaction, in which a new patient begins.

        A crash in between leaves more rows in the store than in the record, which `EvidenceIndex.repair` mends. Another
        request may have taken in the same content or file name since it was looked up; then nothing is changed.
        """
        new = [passage for one in prepared for passage in (*one.passages, *one.derived)]
        try:
            self._index.store_only(new, progress)
            self._remove_from_store([key for document_id in replaced for key in self._passage_ids(document_id)])
            with self._database.begin() as connection:
                add_if_new(connection, patient)
                for document_id in replaced:
                    _delete(connection, document_id)
                _require_free_names(connection, patient.id, [one.document.filename for one in prepared])
                connection.execute(sa.insert(documents), [row_of(one) for one in prepared])
                if new:
                    write_passages(connection, new)
                for one in prepared:
                    write_facts(connection, one.document.patient_id, one.document.id, one.sha256, one.facts, RULES_VERSION)
        except (ParatopeError, sa.exc.IntegrityError) as error:
            with suppress(UnavailableError):  # a store that is down is compared with the record at the next start
                self._remove_from_store([(passage.collection, passage.id) for passage in new])
            if isinstance(error, sa.exc.IntegrityError):
                raise ConflictError(_AT_ONCE) from error
            raise

    def refresh_facts(self, access: Principal, progress: Progress | None = None) -> int:
        """Take the facts again from every document that other rules, or none, read before. Returns how many were read.

        Idempotent. What people decided about facts stays. A document whose file cannot be read any more keeps its facts.
        """
        _require_access(access)
        with self._database.read() as connection:
            outdated = outdated_documents(connection, RULES_VERSION)
        read = 0
        for number, document_id in enumerate(outdated, start=1):
            with suppress(DocumentError, NotFoundError):
                row = self._row(document_id, access)
                parsed, description = self.reading(document_id, access)
                self._store_facts(row, parsed.sha256, extract(parsed, description), access)
                read += 1
            if progress is not None:
                progress(number, len(outdated))
        return read

    def read_again(self, document_id: str, access: Principal) -> Reread:
        """Read the stored file with the present rules: description, passages and facts. What people decided stays.

        :raise DocumentError: the file cannot be read any more; what is stored stays as it is.
        :raise UnavailableError: embedder or store down; the record stays as it is.
        """
        row = self._row(document_id, access)
        before = document_from_row(row)
        parsed = self._reader.read(self._files.existing(row["file_key"]))
        patient = self._patients.get(before.patient_id, access)
        prepared = self._preparer.prepare(patient, before.filename, row["file_key"], parsed, stored=before)
        facts_before = self._facts(before)
        kept = {(passage.collection, passage.id) for passage in (*prepared.passages, *prepared.derived)}
        gone = [key for key in self._passage_ids(document_id) if key not in kept]
        self._index.store_only([*prepared.passages, *prepared.derived])
        self._remove_from_store(gone)
        with self._database.begin() as connection:
            _delete_passages(connection, gone)
            write_passages(connection, [*prepared.passages, *prepared.derived])
            connection.execute(sa.update(documents).where(documents.c.id == document_id).values(**row_of(prepared)))
            write_facts(connection, patient.id, document_id, prepared.sha256, prepared.facts, RULES_VERSION)
        return _difference(before, prepared.document, facts_before, self._facts(before))

    def reading(self, document_id: str, access: Principal) -> tuple[ParsedDocument, DocumentDescription]:
        """Read the stored file: its text page by page, and what it says of itself."""
        row = self._row(document_id, access)
        parsed = self._reader.read(self._files.existing(row["file_key"]))
        return parsed, describe(parsed, file_name=row["filename"])

    def fact_counts(self, patient_id: str, access: Principal) -> dict[str, FactCount]:
        """The number of facts of each of a patient's documents, by document id."""
        _require_access(access)
        with self._database.read() as connection:
            stored = read_facts(connection, checked_patient_id(patient_id))
        by_document: dict[str, Counter[FactStatus]] = {}
        for fact in stored:
            by_document.setdefault(fact.document_id, Counter())[fact.status] += 1
        return {key: FactCount(
            found.total() - found[FactStatus.PROPOSED] - found[FactStatus.REJECTED], found[FactStatus.PROPOSED],
            found[FactStatus.REJECTED],
        ) for key, found in by_document.items()}  # fmt: skip

    def add_proposals(self, document_id: str, proposed: Sequence[Fact], author: str, access: Principal) -> int:
        """Keep what a language model proposes for a document until people decide. Returns how many are new."""
        row = self._row(document_id, access)
        with self._database.begin() as connection:
            return write_proposals(connection, row["patient_id"], document_id, row["sha256"], proposed, author)

    def _facts(self, document: Document) -> tuple[StoredFact, ...]:
        with self._database.read() as connection:
            return read_facts(connection, document.patient_id, document_id=document.id)

    def _store_facts(self, row: sa.RowMapping, sha256: str, extracted: tuple[Fact, ...], access: Principal) -> None:
        """Replace the facts of a document and their passages."""
        document = document_from_row(row)
        patient = self._patients.get(document.patient_id, access)
        derived = self._preparer.derived(patient, document, sha256, extracted)
        kept = {(passage.collection, passage.id) for passage in derived}
        gone = [key for key in self._passage_ids(document.id) if key[0] in FACT_COLLECTIONS and key not in kept]
        self._index.store_only(derived)
        self._remove_from_store(gone)
        with self._database.begin() as connection:
            _delete_passages(connection, gone)
            if derived:
                write_passages(connection, derived)
            write_facts(connection, document.patient_id, document.id, sha256, extracted, RULES_VERSION)

    def _remove_from_store(self, keys: Sequence[tuple[str, str]]) -> None:
        for collection in sorted({name for name, _ in keys}):
            self._index.remove_from_store(collection, [identifier for name, identifier in keys if name == collection])

    def _passage_ids(self, document_id: str) -> Sequence[tuple[str, str]]:
        """Collection and id of each passage made from a document."""
        query = sa.select(passages.c.collection, passages.c.id).where(passages.c.document_id == document_id)
        with self._database.read() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def _remove_file_unless_used(self, key: str) -> None:
        with self._database.read() as connection:
            used = connection.execute(sa.select(documents.c.id).where(documents.c.file_key == key)).first()
        if used is None:
            self._files.remove(key)

    def _known(self, patient_id: str, sha256: str, filename: str) -> tuple[Document | None, Document | None]:
        """The patient's document of that content, and the one of that file name, as they are at one moment."""
        query = sa.select(documents).where(
            documents.c.patient_id == patient_id, (documents.c.sha256 == sha256) | (documents.c.filename == filename)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        same = next((document_from_row(row) for row in rows if row["sha256"] == sha256), None)
        named = next((document_from_row(row) for row in rows if row["filename"] == filename), None)
        return same, named

    def _row(self, document_id: str, access: Principal) -> sa.RowMapping:
        _require_access(access)
        with self._database.read() as connection:
            row = connection.execute(sa.select(documents).where(documents.c.id == document_id[:64])).mappings().first()
        if row is None:
            raise NotFoundError("no such document: it may have been replaced or deleted")
        return row

    def _path(self, document_id: str, access: Principal) -> Path:
        return self._files.existing(self._row(document_id, access)["file_key"])


def _require_free_names(connection: sa.Connection, patient_id: str, names: Sequence[str]) -> None:
    taken = sa.select(documents.c.id).where(documents.c.patient_id == patient_id, documents.c.filename.in_(names))
    if connection.execute(taken).first() is not None:
        raise ConflictError(_AT_ONCE)


def _same_content(prepared: Mapping[str, PreparedDocument], sha256: str) -> Document | None:
    return next((one.document for one in prepared.values() if one.sha256 == sha256), None)


def _difference(
    before: Document, now: Document, facts_before: Sequence[StoredFact], facts_now: Sequence[StoredFact]
) -> Reread:
    old, new = ({fact.id: fact for fact in facts} for facts in (facts_before, facts_now))
    both = old.keys() & new.keys()
    told = ("title", "doc_type", "specialty", "document_date", "author", "facility", "notes")
    lost = [fact for key, fact in old.items() if key not in new and fact.review is not None and not fact.is_proposal]
    return Reread(
        document=now, added=len(new.keys() - old.keys()), gone=len(old.keys() - new.keys()),
        changed=sum(_read_as(old[key]) != _read_as(new[key]) for key in both),
        description=tuple(name for name in told if getattr(before, name) != getattr(now, name)),
        passages=(before.passage_count, now.passage_count), undecided=len(lost),
    )  # fmt: skip


def _read_as(fact: StoredFact) -> tuple[object, ...]:
    """What the rules made of a fact, whatever was decided about it."""
    return fact.as_read or fact.content, fact.effective, fact.page, fact.quote


def _delete_passages(connection: sa.Connection, keys: Sequence[tuple[str, str]]) -> None:
    for collection in sorted({name for name, _ in keys}):
        delete_passages(connection, collection, [identifier for name, identifier in keys if name == collection])


def _delete(connection: sa.Connection, document_id: str) -> None:
    connection.execute(sa.delete(passages).where(passages.c.document_id == document_id))
    delete_facts(connection, document_id)
    connection.execute(sa.delete(documents).where(documents.c.id == document_id))


def _require_access(access: Principal) -> None:
    if not access.may_see_patients:
        raise AccessDeniedError("this key may not see patient documents: ask for one that may")
