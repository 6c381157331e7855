"""What is made of a PDF before it is stored: its description, its passages, its facts, and the passages of the facts.

Nothing here writes: the same file and rules give the same, so a document can be read again and compared with what is stored.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from services.evidence.documents.chunking import chunk
from services.evidence.documents.describing import DocumentDescription, describe
from services.evidence.documents.model import ParsedDocument
from services.evidence.embedder import Embedder
from services.evidence.extraction import Fact, extract
from services.evidence.passages import Passage, Tier
from services.patients.fact_passages import fact_passages
from services.patients.facts import as_stored, read_facts, reviews_of
from services.patients.registry import Patient
from services.storage.database import Database

COLLECTION = "autoimmune_clinical_documents"
_CHUNK_TOKENS = 200


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
class PreparedDocument:
    """A document as it will be stored. `derived` are the passages of its facts, in the collections of results and events."""

    document: Document
    sha256: str
    file_key: str
    passages: tuple[Passage, ...]
    facts: tuple[Fact, ...]
    derived: tuple[Passage, ...]


class Preparer:
    """Makes documents out of parsed files, with what people decided when the same file was read before."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder

    def prepare(
        self, patient: Patient, filename: str, file_key: str, parsed: ParsedDocument, *, stored: Document | None = None
    ) -> PreparedDocument:
        """Return the document of a parsed file. `stored` is the earlier reading of the same file, whose id it keeps."""
        description = describe(parsed, file_name=filename)
        identifier = stored.id if stored is not None else secrets.token_hex(16)
        made = self._passages(patient, identifier, filename, parsed, description)
        document = Document(
            identifier, patient.id, filename, description.label(), description.doc_type.value,
            description.specialty or "unknown", description.date.isoformat() if description.date else None,
            description.author, description.facility, parsed.page_count, len(made),
            (*description.notes, *_mismatches(patient, description)),
            stored.created_at if stored is not None else datetime.now(UTC),
        )  # fmt: skip
        extracted = extract(parsed, description)
        derived = self.derived(patient, document, parsed.sha256, extracted)
        return PreparedDocument(document, parsed.sha256, file_key, made, extracted, derived)

    def derived(
        self, patient: Patient, document: Document, sha256: str, extracted: tuple[Fact, ...]
    ) -> tuple[Passage, ...]:
        """Return the passages of a document's facts; proposals that somebody accepted are among them."""
        with self._database.read() as connection:
            reviews = reviews_of(connection, patient.id)
            known = read_facts(connection, patient.id, document_id=document.id)
        row = {
            "id": document.id, "title": document.title, "doc_type": document.doc_type, "document_date": document.document_date,
            "specialty": document.specialty,
        }
        stored = as_stored(extracted, patient_id=patient.id, sha256=sha256, document=row, reviews=reviews)
        accepted = [fact for fact in known if fact.is_proposal and fact.counts]
        return fact_passages((*stored, *accepted), patient.name, document.filename)

    def _passages(
        self, patient: Patient, identifier: str, filename: str, parsed: ParsedDocument, description: DocumentDescription
    ) -> tuple[Passage, ...]:
        chunks = chunk(parsed, description, count_tokens=self._embedder.count_tokens, max_tokens=_CHUNK_TOKENS)
        metadata = {
            name: value
            for name, value in (
                ("doc_type", description.doc_type.value), ("specialty", description.specialty),
                ("author", description.author), ("facility", description.facility),
            )
            if value
        }  # fmt: skip
        written, label = description.date.isoformat() if description.date else None, description.label()
        return tuple(
            Passage(
                id=f"{identifier}-{one.ordinal:04d}", collection=COLLECTION, text=one.text, title=label, tier=Tier.RECORD,
                patient_id=patient.id, document_id=identifier, page=one.page, section=one.section[:200] or None,
                document_date=written, source=filename, metadata=metadata, context=f"{patient.name}. {one.context}",
            )
            for one in chunks
        )


def document_from_row(row: sa.RowMapping) -> Document:
    return Document(
        row["id"], row["patient_id"], row["filename"], row["title"], row["doc_type"], row["specialty"], row["document_date"],
        row["author"], row["facility"], row["page_count"], row["passage_count"], tuple(row["notes"]), row["created_at"],
    )


def row_of(prepared: PreparedDocument) -> dict[str, object]:
    """Return the row of the table `documents`."""
    document = prepared.document
    return {
        "id": document.id, "patient_id": document.patient_id, "sha256": prepared.sha256, "filename": document.filename,
        "file_key": prepared.file_key, "title": document.title[:300], "doc_type": document.doc_type,
        "specialty": document.specialty, "document_date": document.document_date, "author": (document.author or "")[:200] or None,
        "facility": (document.facility or "")[:200] or None, "page_count": document.page_count,
        "passage_count": document.passage_count, "notes": list(document.notes), "created_at": document.created_at,
    }


def _mismatches(patient: Patient, description: DocumentDescription) -> list[str]:
    """Warn when the document names another person than the one it is filed under."""
    notes = []
    if patient.date_of_birth and description.date_of_birth and description.date_of_birth != patient.date_of_birth:
        notes.append("The date of birth in the document differs from this patient's: check the filing.")
    if patient.mrn and description.mrn and description.mrn != patient.mrn:
        notes.append("The record number in the document differs from this patient's: check the filing.")
    return notes
