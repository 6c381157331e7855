"""Decisions of people about facts: corrections field by field, the same statement in several documents, and the history.

`services.patients.record.PatientRecord` takes one decision about one fact; here a decision reaches each document that says the
same, so that a misread result does not live on in the letter that repeats it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import AccessDeniedError, NotFoundError
from services.evidence.extraction import Content, content_from_json
from services.evidence.extraction.content_fields import content_of_fields, effective_of, fields_of, statement_of
from services.evidence.filters import checked_patient_id
from services.patients.facts import FactStatus, StoredFact
from services.patients.record import PatientRecord
from services.patients.results import antibody_results, laboratory_results
from services.storage.database import Database
from services.storage.tables import fact_reviews

MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the history. `content` and `effective` are set where something was corrected.

    A decision that was taken back is followed by one with the status `EXTRACTED`. `author` of a `PROPOSED` one is the model.
    """

    fact_id: str
    status: FactStatus
    author: str
    at: datetime.datetime
    content: Content | None
    effective: datetime.date | None


class FactDecisions:
    """Takes decisions about facts and lists them. Append-only: nothing that was decided is lost."""

    def __init__(self, database: Database, record: PatientRecord) -> None:
        self._database = database
        self._record = record

    def correct(
        self, patient_id: str, fact_id: str, fields: Mapping[str, str], access: Principal, *,
        effective: datetime.date | None = None, everywhere: bool = False,
    ) -> StoredFact:
        """Replace what a fact says by `fields`, as `content_fields.FIELDS` names them, and the day it holds for.

        `everywhere`: the fields that changed are changed in each other statement that said the same; their other fields stay.

        :raise InvalidInputError: a field cannot be read; nothing was changed.
        :raise NotFoundError: no such fact.
        """
        facts = self._record.facts(patient_id, access)
        fact = _one(facts, fact_id)
        content = content_of_fields(fact.kind, fields, fact.content)
        before = fields_of(fact.content)
        changed = {name: text for name, text in fields.items() if text != before.get(name)}
        day = effective_of(content, effective)
        others = same_statements(facts, fact) if everywhere else ()
        corrected = [
            (other, content_of_fields(other.kind, {**fields_of(other.content), **changed}, other.content)) for other in others
        ]
        for other, said in corrected:
            moved = day if other.effective == fact.effective else other.effective
            self._record.correct(other.id, said, access, effective=effective_of(said, moved))
        return self._record.correct(fact.id, content, access, effective=day)

    def reject(self, patient_id: str, fact_id: str, access: Principal, *, everywhere: bool = False) -> StoredFact:
        """Take a fact out of the record; `everywhere` with each other statement that says the same."""
        if everywhere:
            facts = self._record.facts(patient_id, access)
            for other in same_statements(facts, _one(facts, fact_id)):
                self._record.reject(other.id, access)
        return self._record.reject(fact_id, access)

    def of_patient(self, patient_id: str, access: Principal) -> tuple[Decision, ...]:
        """Return the decisions about a patient's facts, newest first, at most `MAX_LISTED`; also about facts that are gone."""
        return self._select(fact_reviews.c.patient_id == checked_patient_id(patient_id), access)

    def of_fact(self, fact_id: str, access: Principal) -> tuple[Decision, ...]:
        """Return the history of one fact, newest first."""
        return self._select(fact_reviews.c.fact_id == fact_id[:64], access)

    def _select(self, condition: sa.ColumnElement[bool], access: Principal) -> tuple[Decision, ...]:
        if not access.may_see_patients:
            raise AccessDeniedError("this key may not see patient rows: ask for one that may")
        query = sa.select(fact_reviews).where(condition).order_by(fact_reviews.c.created_at.desc()).limit(MAX_LISTED)
        with self._database.read() as connection:
            return tuple(_decision(row) for row in connection.execute(query).mappings())


def same_statements(facts: Iterable[StoredFact], fact: StoredFact) -> tuple[StoredFact, ...]:
    """Return the other facts that say what `fact` says: of a result those the record joins with it, else equal statements."""
    others = [one for one in facts if one.kind is fact.kind and one.counts]
    for result in (*laboratory_results(others), *antibody_results(others)):
        if fact.id in result.fact_ids:
            return tuple(one for one in others if one.id in result.fact_ids and one.id != fact.id)
    said = statement_of(fact.content)
    return tuple(one for one in others if one.id != fact.id and statement_of(one.content) == said)


def _one(facts: Iterable[StoredFact], fact_id: str) -> StoredFact:
    fact = next((one for one in facts if one.id == fact_id), None)
    if fact is None:
        raise NotFoundError("no such fact: its document may have been replaced, deleted or read again")
    return fact


def _decision(row: sa.RowMapping) -> Decision:
    day = row["effective_date"]
    return Decision(
        fact_id=row["fact_id"], status=FactStatus(row["status"]), author=row["author"], at=row["created_at"],
        content=content_from_json(row["content"]) if row["content"] is not None else None,
        effective=datetime.date.fromisoformat(day) if day else None,
    )
