"""The analyses of a patient: run, kept with the versions they came from, and compared with each other.

An analysis is a record: it is never changed. What was answered is kept as the documented `/analyze` document, so that it
reads the same after the rules have moved on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.access.principals import Principal
from services.clinical.analysis import History, analyse, to_document
from services.clinical.profile import MeasuredValue, Profile
from services.errors import NotFoundError
from services.patients.analysis_changes import AnalysisChanges, compare
from services.patients.registry import PatientRegistry
from services.storage.database import Database
from services.storage.tables import analyses

Enrich = Callable[[Profile, Principal], Profile]
HISTORY_ANALYSES = 50
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class AnalysisEntry:
    """An analysis in a list. `versions` names the engine and the knowledge it came from."""

    id: str
    patient_id: str
    created_at: datetime
    author: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredAnalysis:
    """A kept analysis: the profile it was given and the `/analyze` document it gave."""

    entry: AnalysisEntry
    profile: Profile
    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.entry.id


class AnalysisLog:
    """Runs, keeps and finds analyses. Append-only."""

    def __init__(self, database: Database, patients: PatientRegistry, enrich: Enrich | None = None) -> None:
        """`enrich` adds to a profile what other services know of the patient; what it added is kept with the analysis."""
        self._database = database
        self._patients = patients
        self._enrich = enrich

    def run(self, profile: Profile, access: Principal) -> StoredAnalysis:
        """Analyse a profile of an existing patient and keep the result.

        Dated laboratory values of the patient's earlier analyses are taken into the courses.

        :raise NotFoundError: there is no such patient, or the caller may not know.
        """
        patient = self._patients.get(profile.patient_id, access)
        if self._enrich is not None:
            profile = self._enrich(profile, access)
        now = datetime.now(UTC)
        document = to_document(analyse(profile, today=now.date(), history=self._history(patient.id)))
        row = {
            "id": secrets.token_hex(16), "patient_id": patient.id, "profile": profile.model_dump(mode="json"),
            "result": document, "versions": document["versions"], "author": access.name, "created_at": now,
        }
        with self._database.begin() as connection:
            connection.execute(sa.insert(analyses), row)
        return StoredAnalysis(_entry(row), profile, document)

    def list(self, patient_id: str, access: Principal) -> tuple[AnalysisEntry, ...]:
        """Return the analyses of a patient without their documents, newest first; at most `MAX_LISTED`.

        :raise NotFoundError: there is no such patient, or the caller may not know.
        """
        patient = self._patients.get(patient_id, access)
        columns = (analyses.c.id, analyses.c.patient_id, analyses.c.created_at, analyses.c.author, analyses.c.versions)
        query = sa.select(*columns).where(analyses.c.patient_id == patient.id).order_by(*_NEWEST).limit(MAX_LISTED)
        with self._database.read() as connection:
            return tuple(_entry(row) for row in connection.execute(query).mappings())

    def get(self, analysis_id: str, access: Principal) -> StoredAnalysis:
        """Return one analysis.

        :raise NotFoundError: there is none with that id, or the caller may not know.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(analyses).where(analyses.c.id == analysis_id[:64])).mappings().first()
        if row is None or not access.may_see_patients:
            raise NotFoundError("no such analysis: choose one from the patient's list")
        return _stored(row)

    def latest(self, patient_id: str, access: Principal) -> StoredAnalysis | None:
        """Return the newest analysis of a patient, None where there is none yet.

        :raise NotFoundError: there is no such patient, or the caller may not know.
        """
        patient = self._patients.get(patient_id, access)
        query = sa.select(analyses).where(analyses.c.patient_id == patient.id).order_by(*_NEWEST).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _stored(row)

    def compare(self, older_id: str, newer_id: str, access: Principal) -> AnalysisChanges:
        """Return what is different in the newer of two analyses of one patient.

        :raise NotFoundError: one of them does not exist, or the caller may not know.
        :raise InvalidInputError: they belong to different patients.
        """
        return compare(self.get(older_id, access), self.get(newer_id, access))

    def history_before(self, entry: AnalysisEntry, access: Principal) -> History:
        """Return the dated laboratory values of the analyses before this one, as it was given them when it was run.

        :raise NotFoundError: there is no such patient, or the caller may not know.
        """
        return self._history(self._patients.get(entry.patient_id, access).id, before=entry)

    def _history(self, patient_id: str, before: AnalysisEntry | None = None) -> History:
        """Return the dated laboratory values of earlier profiles, each once."""
        query = (
            sa.select(analyses.c.profile).where(analyses.c.patient_id == patient_id).order_by(*_NEWEST).limit(HISTORY_ANALYSES)
        )
        if before is not None:
            same_time = sa.and_(analyses.c.created_at == before.created_at, analyses.c.id < before.id)
            query = query.where(sa.or_(analyses.c.created_at < before.created_at, same_time))
        with self._database.read() as connection:
            stored = [row.profile for row in connection.execute(query)]
        found: dict[str, dict[MeasuredValue, None]] = {}
        for one in stored:
            for name, value in one.get("biomarkers", {}).items():
                if isinstance(value, dict) and value.get("date"):
                    found.setdefault(name, {})[MeasuredValue.model_validate(value)] = None
        return {name: tuple(values) for name, values in found.items()}


_NEWEST = (analyses.c.created_at.desc(), analyses.c.id.desc())


def _entry(row: Any) -> AnalysisEntry:
    return AnalysisEntry(
        id=row["id"], patient_id=row["patient_id"], created_at=row["created_at"], author=row["author"], versions=row["versions"]
    )


def _stored(row: Any) -> StoredAnalysis:
    return StoredAnalysis(_entry(row), Profile.model_validate(row["profile"]), row["result"])
