"""The record of a patient: results, antibodies, HLA, medications, diagnoses and events out of all documents together.

Everything comes from the stored facts when it is asked for, so that it is never out of step with the documents or with what
people corrected. Who asks is checked first.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from services.access.principals import Principal
from services.clinical.disease import Disease
from services.clinical.odyssey import Odyssey
from services.errors import AccessDeniedError, InvalidInputError, NotFoundError
from services.evidence.extraction import ActivityContent, Content, FactKind, HlaContent
from services.evidence.filters import checked_patient_id
from services.evidence.index import EvidenceIndex, delete_passages
from services.patients.courses import Condition, Course, conditions_of, medication_courses
from services.patients.fact_passages import COLLECTIONS, fact_passages
from services.patients.facts import FactStatus, StoredFact, owner_of, read_facts, write_review
from services.patients.journey import odyssey_of, reached_diseases
from services.patients.profile_inputs import ProfileInputs, profile_inputs
from services.patients.registry import PatientRegistry
from services.patients.results import Result, antibody_results, laboratory_results, latest
from services.patients.starting import BASE, Start, start
from services.patients.timeline import Event, events_of, high_activity_of
from services.storage.database import Database
from services.storage.tables import passages


class PatientRecord:
    """Reads the facts of patients, and takes people's corrections of them."""

    def __init__(self, database: Database, index: EvidenceIndex, patients: PatientRegistry) -> None:
        self._database = database
        self._index = index
        self._patients = patients

    def facts(
        self, patient_id: str, access: Principal, *, kinds: Sequence[FactKind] = (), document_id: str | None = None
    ) -> tuple[StoredFact, ...]:
        """Every statement of the documents, rejected ones included, by document date and place."""
        _require_access(access)
        with self._database.read() as connection:
            return read_facts(connection, checked_patient_id(patient_id), kinds=kinds, document_id=document_id)

    def results(self, patient_id: str, access: Principal, *, analyte: str | None = None) -> tuple[Result, ...]:
        """Laboratory results in time order, those without a day last. `analyte`: an analyte or test key (`crp`, `hbsag`)."""
        found = laboratory_results(self.facts(patient_id, access, kinds=(FactKind.LAB,)))
        return found if analyte is None else tuple(result for result in found if result.subject == analyte)

    def latest(self, patient_id: str, access: Principal) -> dict[str, Result]:
        """The last dated laboratory result of each test, by its key."""
        return latest(self.results(patient_id, access))

    def antibodies(self, patient_id: str, access: Principal, *, antibody: str | None = None) -> tuple[Result, ...]:
        """Autoantibody results in time order. `antibody`: the id of a curated antibody (`anti_dsdna`)."""
        found = antibody_results(self.facts(patient_id, access, kinds=(FactKind.ANTIBODY,)))
        return found if antibody is None else tuple(result for result in found if result.subject == antibody)

    def hla(self, patient_id: str, access: Principal) -> tuple[StoredFact, ...]:
        """The typings as stated, oldest first; `content` is an `HlaContent`."""
        typed = self.facts(patient_id, access, kinds=(FactKind.HLA,))
        return tuple(fact for fact in typed if fact.counts and isinstance(fact.content, HlaContent))

    def medications(self, patient_id: str, access: Principal) -> tuple[Course, ...]:
        """Medications as intervals, by start."""
        return medication_courses(self.facts(patient_id, access, kinds=(FactKind.MEDICATION,)))

    def diagnoses(self, patient_id: str, access: Principal) -> tuple[Condition, ...]:
        """Conditions with their present status, confirmed ones first."""
        return conditions_of(self.facts(patient_id, access, kinds=(FactKind.DIAGNOSIS,)))

    def events(self, patient_id: str, access: Principal) -> tuple[Event, ...]:
        """The timeline, oldest first."""
        return events_of(self.facts(patient_id, access))

    def high_activity(self, patient_id: str, access: Principal) -> tuple[Event, ...]:
        """The days on which a stated score is high by the bands of its instrument, oldest first."""
        return high_activity_of(self.facts(patient_id, access, kinds=(FactKind.ACTIVITY,)))

    def profile_inputs(self, patient_id: str, today: datetime.date, access: Principal) -> ProfileInputs:
        """The latest values for an analysis on `today`, with their dates and ages.

        :raise NotFoundError: no such patient.
        """
        patient = self._patients.get(patient_id, access)
        facts = self.facts(patient_id, access)
        known = [fact for fact in facts if fact.document_date is None or fact.document_date <= today]
        return profile_inputs(
            patient, today, labs=laboratory_results(known), antibodies=antibody_results(known), facts=known,
            courses=medication_courses(known), conditions=conditions_of(known),
        )

    def fingerprint(self, patient_id: str, access: Principal) -> str:
        """What tells one state of a patient's facts from another: changed by every document, new reading and decision."""
        facts = self.facts(patient_id, access)
        told = "|".join(f"{fact.id}{fact.status}{fact.effective}{fact.review.at if fact.review else ''}" for fact in facts)
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def reached_diseases(self, patient_id: str, access: Principal) -> tuple[Disease, ...]:
        """Which of the thirteen diseases the documents state as confirmed, the earliest first."""
        return reached_diseases(self.facts(patient_id, access, kinds=(FactKind.DIAGNOSIS,)))

    def odyssey(
        self, patient_id: str, target: Disease, access: Principal, *, began: datetime.date | None = None
    ) -> Odyssey:
        """The way from the first symptom to the diagnosis of `target`; `began` replaces the first symptom of the record.

        :raise NotFoundError: no such patient.
        """
        patient = self._patients.get(patient_id, access)
        return odyssey_of(patient, self.facts(patient_id, access), target, began=began)

    def start(self, patient_id: str, today: datetime.date, access: Principal) -> Start:
        """What an analysis on `today` starts from: the record's latest values, and over them what was saved by hand.

        A patient without documents starts from what was saved alone.

        :raise NotFoundError: no such patient.
        """
        patient = self._patients.get(patient_id, access)
        if not patient.document_count:
            return Start({name: value for name, value in patient.profile.items() if name != BASE})
        return start(self.profile_inputs(patient_id, today, access), patient.profile)

    def activity_courses(self, patient_id: str, access: Principal) -> dict[str, tuple[tuple[datetime.date, float], ...]]:
        """The values of each instrument as the documents state them, oldest first, one for each day."""
        found: dict[str, dict[datetime.date, float]] = {}
        for fact in self.facts(patient_id, access, kinds=(FactKind.ACTIVITY,)):
            if fact.counts and fact.effective is not None and isinstance(fact.content, ActivityContent):
                found.setdefault(fact.content.instrument, {})[fact.effective] = fact.content.value
        return {instrument: tuple(sorted(values.items())) for instrument, values in found.items()}

    def correct(
        self, fact_id: str, content: Content, access: Principal, *, effective: datetime.date | None = None
    ) -> StoredFact:
        """Replace what a fact says; `effective` is the day it holds for. Kept when the document is read again.

        :raise NotFoundError: no such fact.
        :raise InvalidInputError: the content is of another kind than the fact.
        """
        fact = self._fact(fact_id, access)
        if fact.kind is not content.kind:
            raise InvalidInputError(f"a fact of the kind {fact.kind.value} cannot become {content.kind.value}: reject it instead")
        return self._decide(fact, FactStatus.CORRECTED, access, content, effective)

    def reject(self, fact_id: str, access: Principal, *, everywhere: bool = False) -> StoredFact:
        """Take a fact out of the record. `everywhere`: with each other statement that says the same in other documents."""
        fact = self._fact(fact_id, access)
        if everywhere:
            for other in self._repeating(fact, access):
                self._decide(other, FactStatus.REJECTED, access, None, None)
        return self._decide(fact, FactStatus.REJECTED, access, None, None)

    def accept(self, fact_id: str, access: Principal) -> StoredFact:
        """Confirm a fact as it stands, an earlier correction included; a proposed fact counts from now on."""
        fact = self._fact(fact_id, access)
        corrected = fact.content if fact.as_read is not None else None
        return self._decide(fact, FactStatus.ACCEPTED, access, corrected, fact.effective if corrected else None)

    def restore(self, fact_id: str, access: Principal) -> StoredFact:
        """Take a correction or rejection back: the fact is again as it was extracted."""
        return self._decide(self._fact(fact_id, access), FactStatus.EXTRACTED, access, None, None)

    def _fact(self, fact_id: str, access: Principal) -> StoredFact:
        _require_access(access)
        with self._database.read() as connection:
            owner = owner_of(connection, fact_id)
            stored = read_facts(connection, owner[0], document_id=owner[1]) if owner is not None else ()
        fact = next((one for one in stored if one.id == fact_id), None)
        if fact is None:
            raise NotFoundError("no such fact: its document may have been replaced, deleted or read again")
        return fact

    def _repeating(self, fact: StoredFact, access: Principal) -> tuple[StoredFact, ...]:
        """The other statements that the record joins with this one."""
        facts = self.facts(fact.patient_id, access, kinds=(fact.kind,))
        merged = (*laboratory_results(facts), *antibody_results(facts))
        ids = next((set(result.fact_ids) for result in merged if fact.id in result.fact_ids), set())
        return tuple(one for one in facts if one.id in ids and one.id != fact.id)

    def _decide(
        self, fact: StoredFact, status: FactStatus, access: Principal, content: Content | None, effective: datetime.date | None
    ) -> StoredFact:
        with self._database.begin() as connection:
            write_review(
                connection, fact=fact.id, patient_id=fact.patient_id, status=status, author=access.name, content=content,
                effective=effective,
            )
            stored = read_facts(connection, fact.patient_id, document_id=fact.document_id)
        self._write_passages(fact, stored)
        return next(one for one in stored if one.id == fact.id)

    def _write_passages(self, fact: StoredFact, stored: Sequence[StoredFact]) -> None:
        """Bring the passages of the document's facts into line with a decision."""
        name = self._patients.name_of(fact.patient_id) or fact.patient_id
        made = fact_passages(stored, name, fact.document_title)
        kept = {(passage.collection, passage.id) for passage in made}
        for collection in COLLECTIONS:
            of_document = passages.c.document_id == fact.document_id
            with self._database.read() as connection:
                known = connection.execute(
                    sa.select(passages.c.id).where(of_document, passages.c.collection == collection)
                ).scalars().all()
            gone = [identifier for identifier in known if (collection, identifier) not in kept]
            if gone:
                self._index.remove_from_store(collection, gone)
                with self._database.begin() as connection:
                    delete_passages(connection, collection, gone)
        self._index.put(made)


def _require_access(access: Principal) -> None:
    if not access.may_see_patients:
        raise AccessDeniedError("this key may not see patient rows: ask for one that may")
