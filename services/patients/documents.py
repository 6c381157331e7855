"""A patient's documents: taken in, listed, shown page by page, removed.

Taking in a PDF is idempotent: the same content for the same patient changes nothing, and other content under the same
file name replaces the earlier version with all its passages. The file is read, embedded and put into the store before the
record changes, so whatever fails on the way, what was there before is still there and the upload can be repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
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
from services.evidence.documents.chunking import chunk
from services.evidence.documents.describing import DocumentDescription, describe
from services.evidence.documents.model import ParsedDocument, RenderedPage
from services.evidence.documents.reading import DocumentReader
from services.evidence.embedder import Embedder, Progress
from services.evidence.extraction import RULES_VERSION, Fact, extract
from services.evidence.filters import checked_patient_id
from services.evidence.index import EvidenceIndex, delete_passages, passage_from_row, write_passages
from services.evidence.passages import Passage, Tier
from services.patients.fact_passages import COLLECTIONS as FACT_COLLECTIONS
from services.patients.fact_passages import fact_passages
from services.patients.facts import as_stored, delete_facts, outdated_documents, reviews_of, write_facts
from services.patients.registry import Patient, PatientRegistry
from services.storage.database import Database
from services.storage.files import FileStore, display_name
from services.storage.tables import documents, passages

COLLECTION = "autoimmune_clinical_documents"
_CHUNK_TOKENS = 200


class Outcome(StrEnum):
    ADDED = "added"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document as its content describes itself. `notes` are readings a person should check."""

    id: str
    patient_id: str
    filename: str
    title: str
    doc_type: str
    specialty: str
    document_date: str | None
    author: str | None
    facility: str | None
    page_count: int
    passage_count: int
    notes: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ingested:
    document: Document
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Prepared:
    document: Document
    sha256: str
    file_key: str
    passages: tuple[Passage, ...]
    facts: tuple[Fact, ...]
    derived: tuple[Passage, ...]  # of the facts, in the collections of results and events


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
        self._embedder = embedder
        self._patients = patients
        self._max_bytes = max_bytes

    def ingest(self, patient_id: str, filename: str, data: bytes, access: Principal) -> Ingested:
        """Take in one PDF for a patient, who is created when unknown.

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
        prepared: dict[str, _Prepared] = {}  # by file name
        patient: Patient | None = None
        for filename, data in batch:
            if len(data) > self._max_bytes:
                raise TooLargeError(f"the file has {len(data) >> 20} MB: the limit is {self._max_bytes >> 20} MB")
            name = display_name(filename)
            key, parsed = self._read(data)
            known = self._find(patient_id, sha256=parsed.sha256) or _same_content(prepared, parsed.sha256)
            if known is not None:
                results.append(Ingested(known, Outcome.UNCHANGED))
                continue
            patient = patient or self._patients.ensure(patient_id, access)
            replaced = name in prepared or self._find(patient_id, filename=name) is not None
            prepared[name] = self._prepare(patient, name, key, parsed)
            results.append(Ingested(prepared[name].document, Outcome.REPLACED if replaced else Outcome.ADDED))
        if prepared:
            self._take_in(list(prepared.values()), progress)
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
            return tuple(_document(row) for row in connection.execute(query).mappings())

    def get(self, document_id: str, access: Principal) -> Document:
        return _document(self._row(document_id, access))

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

    def _prepare(self, patient: Patient, filename: str, file_key: str, parsed: ParsedDocument) -> _Prepared:
        description = describe(parsed, file_name=filename)
        identifier = secrets.token_hex(16)
        chunks = chunk(parsed, description, count_tokens=self._embedder.count_tokens, max_tokens=_CHUNK_TOKENS)
        written = description.date.isoformat() if description.date else None
        label = description.label()
        metadata = {
            name: value
            for name, value in (
                ("doc_type", description.doc_type.value), ("specialty", description.specialty),
                ("author", description.author), ("facility", description.facility),
            )
            if value
        }
        made = tuple(
            Passage(
                id=f"{identifier}-{one.ordinal:04d}", collection=COLLECTION, text=one.text, title=label, tier=Tier.RECORD,
                patient_id=patient.id, document_id=identifier, page=one.page, section=one.section[:200] or None,
                document_date=written, source=filename, metadata=metadata, context=f"{patient.name}. {one.context}",
            )
            for one in chunks
        )
        document = Document(
            identifier, patient.id, filename, label, description.doc_type.value, description.specialty or "unknown", written,
            description.author, description.facility, parsed.page_count, len(made),
            (*description.notes, *_mismatches(patient, description)), datetime.now(UTC),
        )
        extracted, derived = self._facts_of(patient, document, parsed, description)
        return _Prepared(document, parsed.sha256, file_key, made, extracted, derived)

    def _facts_of(
        self, patient: Patient, document: Document, parsed: ParsedDocument, description: DocumentDescription
    ) -> tuple[tuple[Fact, ...], tuple[Passage, ...]]:
        """The facts of a document and their passages, with what people decided when the same file was read before."""
        extracted = extract(parsed, description)
        with self._database.read() as connection:
            reviews = reviews_of(connection, patient.id)
        row = {
            "id": document.id, "title": document.title, "doc_type": document.doc_type, "document_date": document.document_date,
            "specialty": document.specialty,
        }
        stored = as_stored(extracted, patient_id=patient.id, sha256=parsed.sha256, document=row, reviews=reviews)
        return extracted, fact_passages(stored, patient.name, document.filename)

    def _take_in(self, prepared: Sequence[_Prepared], progress: Progress | None) -> None:
        """Put the vectors into the store, then switch the record over in one transaction.

        A crash in between leaves more rows in the store than in the record, which `EvidenceIndex.repair` mends.
        """
        new = [passage for one in prepared for passage in (*one.passages, *one.derived)]
        older = [self._find(one.document.patient_id, filename=one.document.filename) for one in prepared]
        replaced = [document.id for document in older if document is not None]
        try:
            self._index.store_only(new, progress)
            self._remove_from_store([key for document_id in replaced for key in self._passage_ids(document_id)])
            with self._database.begin() as connection:
                for document_id in replaced:
                    _delete(connection, document_id)
                connection.execute(sa.insert(documents), [_row_of(one) for one in prepared])
                if new:
                    write_passages(connection, new)
                for one in prepared:
                    write_facts(connection, one.document.patient_id, one.document.id, one.sha256, one.facts, RULES_VERSION)
        except (ParatopeError, sa.exc.IntegrityError) as error:
            with suppress(UnavailableError):  # a store that is down is compared with the record at the next start
                self._remove_from_store([(passage.collection, passage.id) for passage in new])
            if isinstance(error, sa.exc.IntegrityError):
                raise ConflictError("the same document is being taken in by another request: try again") from error
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
                self._read_facts_again(document_id, access)
                read += 1
            if progress is not None:
                progress(number, len(outdated))
        return read

    def _read_facts_again(self, document_id: str, access: Principal) -> None:
        row = self._row(document_id, access)
        document = _document(row)
        parsed = self._reader.read(self._files.existing(row["file_key"]))
        description = describe(parsed, file_name=document.filename)
        patient = self._patients.get(document.patient_id, access)
        extracted, derived = self._facts_of(patient, document, parsed, description)
        kept = {(passage.collection, passage.id) for passage in derived}
        gone = [key for key in self._passage_ids(document_id) if key[0] in FACT_COLLECTIONS and key not in kept]
        self._index.store_only(derived)
        self._remove_from_store(gone)
        with self._database.begin() as connection:
            for collection in FACT_COLLECTIONS:
                delete_passages(connection, collection, [identifier for name, identifier in gone if name == collection])
            if derived:
                write_passages(connection, derived)
            write_facts(connection, document.patient_id, document.id, row["sha256"], extracted, RULES_VERSION)

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

    def _find(self, patient_id: str, *, sha256: str | None = None, filename: str | None = None) -> Document | None:
        query = sa.select(documents).where(documents.c.patient_id == patient_id)
        query = query.where(documents.c.sha256 == sha256) if sha256 else query.where(documents.c.filename == filename)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _document(row) if row else None

    def _row(self, document_id: str, access: Principal) -> sa.RowMapping:
        _require_access(access)
        with self._database.read() as connection:
            row = connection.execute(sa.select(documents).where(documents.c.id == document_id[:64])).mappings().first()
        if row is None:
            raise NotFoundError("no such document: it may have been replaced or deleted")
        return row

    def _path(self, document_id: str, access: Principal) -> Path:
        return self._files.existing(self._row(document_id, access)["file_key"])


def _mismatches(patient: Patient, description: DocumentDescription) -> list[str]:
    """Warn when the document names another person than the one it is filed under."""
    notes = []
    if patient.date_of_birth and description.date_of_birth and description.date_of_birth != patient.date_of_birth:
        notes.append("The date of birth in the document differs from this patient's: check the filing.")
    if patient.mrn and description.mrn and description.mrn != patient.mrn:
        notes.append("The record number in the document differs from this patient's: check the filing.")
    return notes


def _same_content(prepared: Mapping[str, _Prepared], sha256: str) -> Document | None:
    return next((one.document for one in prepared.values() if one.sha256 == sha256), None)


def _delete(connection: sa.Connection, document_id: str) -> None:
    connection.execute(sa.delete(passages).where(passages.c.document_id == document_id))
    delete_facts(connection, document_id)
    connection.execute(sa.delete(documents).where(documents.c.id == document_id))


def _require_access(access: Principal) -> None:
    if not access.may_see_patients:
        raise AccessDeniedError("this key may not see patient documents: ask for one that may")


def _row_of(prepared: _Prepared) -> dict[str, object]:
    document = prepared.document
    return {
        "id": document.id, "patient_id": document.patient_id, "sha256": prepared.sha256, "filename": document.filename,
        "file_key": prepared.file_key, "title": document.title[:300], "doc_type": document.doc_type,
        "specialty": document.specialty, "document_date": document.document_date, "author": (document.author or "")[:200] or None,
        "facility": (document.facility or "")[:200] or None, "page_count": document.page_count,
        "passage_count": document.passage_count, "notes": list(document.notes), "created_at": document.created_at,
    }


def _document(row: sa.RowMapping) -> Document:
    return Document(
        row["id"], row["patient_id"], row["filename"], row["title"], row["doc_type"], row["specialty"], row["document_date"],
        row["author"], row["facility"], row["page_count"], row["passage_count"], tuple(row["notes"]), row["created_at"],
    )
