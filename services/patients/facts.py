"""The facts of a patient in the record: stored with their document, reviewed by people, read with the reviews applied.

A fact is derived: it goes with its document and comes again when the document is read again. What a person decided about it
is kept apart, under an id made of patient, file content and place in the document, so a correction outlives every new
reading of the same file. What a language model proposed stays with its document until it is decided or the rules find it
themselves; the first entry of its history names the model. Nothing here checks who asks; the services above do.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from services.evidence.extraction import (
    Content,
    DateBasis,
    Fact,
    FactKind,
    MedicationContent,
    Precision,
    content_from_json,
)
from services.evidence.extraction.content_fields import statement_of, told_date
from services.storage.tables import documents, fact_reviews, facts


class FactStatus(StrEnum):
    """`PROPOSED` is for facts of a language model, which count only once a person accepts them."""

    EXTRACTED = "extracted"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Review:
    """What a person decided last, and when."""

    status: FactStatus
    author: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One statement of one document as it counts now: corrected where a person corrected it.

    `as_read` is the content as it was extracted, set only where a correction replaced it. `is_proposal`: a language model
    found it and not the rules, whatever was decided since.
    """

    id: str
    patient_id: str
    document_id: str
    document_title: str
    document_type: str
    document_date: datetime.date | None
    specialty: str
    position: int
    page: int
    start: int
    end: int
    quote: str
    effective: datetime.date | None
    precision: Precision
    basis: DateBasis
    status: FactStatus
    content: Content
    review: Review | None = None
    as_read: Content | None = None
    is_proposal: bool = False

    @property
    def kind(self) -> FactKind:
        return self.content.kind

    @property
    def counts(self) -> bool:
        """Whether the record uses it: not rejected, not merely proposed."""
        return self.status not in (FactStatus.REJECTED, FactStatus.PROPOSED)

    @property
    def is_from_running_text(self) -> bool:
        """Whether a sentence states it, without a date of its own or with one as vague as a month."""
        if isinstance(self.content, MedicationContent):
            return not self.content.from_list
        return self.basis in (DateBasis.DOCUMENT, DateBasis.NONE) or (
            self.basis is DateBasis.STATED and self.precision is not Precision.DAY
        )


def fact_id(patient_id: str, sha256: str, key: str) -> str:
    """Return the id of a fact: the same for the same patient, file content and place, whenever it is read."""
    return hashlib.sha256(f"{patient_id}|{sha256}|{key}".encode()).hexdigest()[:32]


def as_stored(
    extracted: Sequence[Fact],
    *,
    patient_id: str,
    sha256: str,
    document: Mapping[str, Any],
    reviews: Mapping[str, Mapping[str, Any]],
) -> tuple[StoredFact, ...]:
    """Return facts as they will be read back once stored, with earlier decisions about the same file applied.

    `document` is its row: id, title, doc_type, document_date, specialty.
    """
    told = {name: document[name] for name in ("title", "doc_type", "document_date", "specialty")}
    rows = [{**_row(fact, position, patient_id, document["id"], sha256), **told} for position, fact in enumerate(extracted)]
    return tuple(_stored(row, reviews.get(row["id"])) for row in {row["id"]: row for row in rows}.values())


def write_facts(
    connection: sa.Connection, patient_id: str, document_id: str, sha256: str, extracted: Sequence[Fact], version: str
) -> None:
    """Store the facts of a document, replacing those of an earlier reading, inside the caller's transaction.

    Proposals stay, except those that nobody decided and that the rules now find themselves.
    """
    read_now = facts.c.status != FactStatus.PROPOSED.value
    connection.execute(sa.delete(facts).where(facts.c.document_id == document_id, read_now))
    _delete_found(connection, document_id, extracted)
    rows = {
        row["id"]: row for position, fact in enumerate(extracted)
        if (row := _row(fact, position, patient_id, document_id, sha256))
    }
    if rows:
        connection.execute(sa.insert(facts), list(rows.values()))
    connection.execute(sa.update(documents).where(documents.c.id == document_id).values(facts_version=version))


def write_proposals(
    connection: sa.Connection, patient_id: str, document_id: str, sha256: str, proposed: Sequence[Fact], author: str
) -> int:
    """Add what a language model proposes and return how many are new, inside the caller's transaction.

    `author` names model and prompt. A proposal that is there already, or was decided before, keeps its history.
    """
    last = connection.execute(sa.select(sa.func.max(facts.c.position)).where(facts.c.document_id == document_id)).scalar()
    first = 0 if last is None else last + 1
    rows = {
        row["id"]: {**row, "status": FactStatus.PROPOSED.value} for position, fact in enumerate(proposed, start=first)
        if (row := _row(fact, position, patient_id, document_id, sha256))
    }
    known = set(connection.execute(sa.select(facts.c.id).where(facts.c.document_id == document_id)).scalars())
    new = [row for identifier, row in rows.items() if identifier not in known]
    if new:
        connection.execute(sa.insert(facts), new)
    decided = reviews_of(connection, patient_id)
    for row in new:
        if row["id"] not in decided:
            write_review(connection, fact=row["id"], patient_id=patient_id, status=FactStatus.PROPOSED, author=author)
    return len(new)


def _delete_found(connection: sa.Connection, document_id: str, extracted: Sequence[Fact]) -> None:
    """Drop the undecided proposals that say what the rules have read on the same page."""
    query = sa.select(facts.c.id, facts.c.patient_id, facts.c.page, facts.c.content).where(
        facts.c.document_id == document_id, facts.c.status == FactStatus.PROPOSED.value
    )
    proposals = list(connection.execute(query).mappings())
    if not proposals:
        return
    found = {(fact.page, statement_of(fact.content)) for fact in extracted}
    decided = reviews_of(connection, proposals[0]["patient_id"])
    gone = [
        row["id"] for row in proposals
        if (row["page"], statement_of(content_from_json(row["content"]))) in found
        and decided.get(row["id"], {}).get("status", FactStatus.PROPOSED) == FactStatus.PROPOSED
    ]
    connection.execute(sa.delete(facts).where(facts.c.id.in_(gone)))


def delete_facts(connection: sa.Connection, document_id: str) -> None:
    """Delete the facts of a document, inside the caller's transaction; what people decided about them stays."""
    connection.execute(sa.delete(facts).where(facts.c.document_id == document_id))


def read_facts(
    connection: sa.Connection, patient_id: str, *, kinds: Iterable[FactKind] = (), document_id: str | None = None
) -> tuple[StoredFact, ...]:
    """Return a patient's facts with the reviews applied, by document date and place; rejected ones included."""
    query = (
        sa.select(facts, documents.c.title, documents.c.doc_type, documents.c.document_date, documents.c.specialty)
        .join(documents, documents.c.id == facts.c.document_id)
        .where(facts.c.patient_id == patient_id)
        .order_by(documents.c.document_date, facts.c.document_id, facts.c.position)
    )
    wanted = [kind.value for kind in kinds]
    if wanted:
        query = query.where(facts.c.kind.in_(wanted))
    if document_id is not None:
        query = query.where(facts.c.document_id == document_id)
    reviews = reviews_of(connection, patient_id)
    return tuple(_stored(dict(row), reviews.get(row["id"])) for row in connection.execute(query).mappings())


def write_review(
    connection: sa.Connection,
    *,
    fact: str,
    patient_id: str,
    status: FactStatus,
    author: str,
    content: Content | None = None,
    effective: datetime.date | None = None,
) -> None:
    """Add a decision to the history of a fact, inside the caller's transaction."""
    connection.execute(
        sa.insert(fact_reviews),
        {
            "id": secrets.token_hex(16), "fact_id": fact, "patient_id": patient_id, "status": status.value,
            "content": content.model_dump(mode="json") if content is not None else None,
            "effective_date": effective.isoformat() if effective else None, "author": author[:128],
            "created_at": datetime.datetime.now(datetime.UTC),
        },
    )


def owner_of(connection: sa.Connection, identifier: str) -> tuple[str, str] | None:
    """Return (patient id, document id) of a fact, None when there is no such fact."""
    row = connection.execute(sa.select(facts.c.patient_id, facts.c.document_id).where(facts.c.id == identifier[:64])).first()
    return (row[0], row[1]) if row is not None else None


def outdated_documents(connection: sa.Connection, version: str) -> tuple[str, ...]:
    """Return the documents that were read by other rules, or before facts were taken at all."""
    query = sa.select(documents.c.id).where(sa.or_(documents.c.facts_version.is_(None), documents.c.facts_version != version))
    return tuple(connection.execute(query.order_by(documents.c.id)).scalars())


def _row(fact: Fact, position: int, patient_id: str, document_id: str, sha256: str) -> dict[str, Any]:
    return {
        "id": fact_id(patient_id, sha256, fact.key), "patient_id": patient_id, "document_id": document_id,
        "kind": fact.kind.value, "position": position, "page": fact.page, "span_start": fact.start, "span_end": fact.end,
        "quote": fact.quote, "content": fact.content.model_dump(mode="json"),
        "effective_date": fact.effective.isoformat() if fact.effective else None, "date_precision": fact.precision.value,
        "date_basis": fact.basis.name.lower(), "status": FactStatus.EXTRACTED.value,
    }


def reviews_of(connection: sa.Connection, patient_id: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the last decision about each fact of a patient, by fact id; also about facts whose document is gone."""
    query = sa.select(fact_reviews).where(fact_reviews.c.patient_id == patient_id).order_by(fact_reviews.c.created_at)
    return {row["fact_id"]: dict(row) for row in connection.execute(query).mappings()}


def _stored(row: Mapping[str, Any], review: Mapping[str, Any] | None) -> StoredFact:
    read = content_from_json(row["content"])
    effective = _day(row["effective_date"])
    precision, basis = Precision(row["date_precision"]), DateBasis[row["date_basis"].upper()]
    status = FactStatus(review["status"]) if review is not None else FactStatus(row["status"])
    if status is FactStatus.EXTRACTED:
        status = FactStatus(row["status"])  # a decision about a proposal that was taken back leaves a proposal
    content = read
    if review is not None and review["content"] is not None:
        content = content_from_json(review["content"])
        corrected = _day(review["effective_date"])
        if corrected != effective:  # a day that was left alone stays as sure, or as unsure, as it was read
            told = told_date(content)
            precision = told.precision if told is not None and told.day == corrected else Precision.DAY
            effective, basis = corrected, DateBasis.STATED if corrected is not None else DateBasis.NONE
    return StoredFact(
        id=row["id"], patient_id=row["patient_id"], document_id=row["document_id"], document_title=row["title"],
        document_type=row["doc_type"], document_date=_day(row["document_date"]), specialty=row["specialty"],
        position=row["position"], page=row["page"], start=row["span_start"], end=row["span_end"], quote=row["quote"],
        effective=effective, precision=precision, basis=basis, status=status, content=content,
        review=Review(status, review["author"], review["created_at"]) if review is not None else None,
        as_read=read if content is not read else None, is_proposal=row["status"] == FactStatus.PROPOSED,
    )


def _day(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None
