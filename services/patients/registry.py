"""The patients: created, listed, found. A patient's id is opaque and safe to put into a URL; the name is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from services.evidence.filters import checked_patient_id
from services.storage.database import Database
from services.storage.tables import documents, patients

_MAX_NAME = 200
_WITH_COUNTS = sa.select(
    patients,
    sa.select(sa.func.count()).where(documents.c.patient_id == patients.c.id).scalar_subquery().label("document_count"),
)


@dataclass(frozen=True, slots=True)
class Patient:
    """One person. `profile` is the stored analysis input (see `services.clinical.profile`), empty when none was entered."""

    id: str
    name: str
    date_of_birth: date | None
    sex: str | None
    mrn: str | None
    demo: bool
    summary: str
    document_count: int = 0
    profile: dict[str, Any] = field(default_factory=dict)

    def age_on(self, day: date) -> int | None:
        """Whole years on `day`, or None when the date of birth is unknown."""
        if self.date_of_birth is None:
            return None
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class PatientRegistry:
    """Reads and writes the patients table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, access: Principal) -> tuple[Patient, ...]:
        """All patients by name, with the number of their documents; empty for callers who may not see patients."""
        if not access.may_see_patients:
            return ()
        with self._database.read() as connection:
            return tuple(_patient(row) for row in connection.execute(_WITH_COUNTS.order_by(patients.c.name)).mappings())

    def get(self, patient_id: str, access: Principal) -> Patient:
        """Return one patient.

        :raise NotFoundError: there is none with that id, or the caller may not know.
        """
        query = _WITH_COUNTS.where(patients.c.id == checked_patient_id(patient_id))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None or not access.may_see_patients:
            raise NotFoundError("no such patient: choose one from the list, or create it first")
        return _patient(row)

    def name_of(self, patient_id: str) -> str | None:
        """The name of a patient, for services that have checked access already; None when there is no such patient."""
        with self._database.read() as connection:
            return connection.execute(sa.select(patients.c.name).where(patients.c.id == patient_id)).scalar()

    def create(
        self,
        patient_id: str,
        access: Principal,
        *,
        name: str | None = None,
        date_of_birth: date | None = None,
        sex: str | None = None,
        mrn: str | None = None,
        demo: bool = False,
        summary: str = "",
        profile: dict[str, Any] | None = None,
    ) -> Patient:
        """Create a patient. The name defaults to the id.

        :raise ConflictError: the id is taken.
        """
        _require_access(access)
        shown = (name or patient_id).strip()
        if not 1 <= len(shown) <= _MAX_NAME:
            raise InvalidInputError(f"the patient's name must have 1 to {_MAX_NAME} characters")
        if sex not in (None, "M", "F"):
            raise InvalidInputError("sex must be M, F or left out")
        row = {
            "id": checked_patient_id(patient_id), "name": shown, "sex": sex, "mrn": mrn, "demo": demo, "summary": summary,
            "date_of_birth": date_of_birth.isoformat() if date_of_birth else None,
            "profile": profile or {}, "created_at": datetime.now(UTC),
        }
        try:
            with self._database.begin() as connection:
                connection.execute(sa.insert(patients), row)
        except sa.exc.IntegrityError as error:
            raise ConflictError("a patient with this id exists: choose another id") from error
        return self.get(patient_id, access)

    def ensure(self, patient_id: str, access: Principal) -> Patient:
        """Return the patient, created with the id as name when there is none. Idempotent."""
        try:
            return self.get(patient_id, access)
        except NotFoundError:
            try:
                return self.create(patient_id, access)
            except ConflictError:  # another request created it in between
                return self.get(patient_id, access)

    def get_or_new(self, patient_id: str, access: Principal) -> Patient:
        """Return the patient, or one with the id as name who is not stored yet: `add_if_new` stores them with their first row."""
        try:
            return self.get(patient_id, access)
        except NotFoundError:
            _require_access(access)
            return Patient(checked_patient_id(patient_id), patient_id, None, None, None, False, "")

    def save_profile(self, patient_id: str, profile: dict[str, Any], access: Principal) -> None:
        """Store the analysis input of a patient, replacing the earlier one."""
        _require_access(access)
        with self._database.begin() as connection:
            changed = connection.execute(
                sa.update(patients).where(patients.c.id == checked_patient_id(patient_id)).values(profile=profile)
            )
        if changed.rowcount == 0:
            raise NotFoundError("no such patient: create it first")


def add_if_new(connection: sa.Connection, patient: Patient) -> None:
    """Store a patient that `get_or_new` made, inside the caller's transaction; one that is there stays as they are."""
    if connection.execute(sa.select(patients.c.id).where(patients.c.id == patient.id)).first() is None:
        connection.execute(
            sa.insert(patients),
            {
                "id": patient.id, "name": patient.name, "sex": None, "mrn": None, "demo": False, "summary": "",
                "date_of_birth": None, "profile": {}, "created_at": datetime.now(UTC),
            },
        )


def _require_access(access: Principal) -> None:
    if not access.may_see_patients:
        raise AccessDeniedError("this key may not write patient rows: ask for one that may")


def _patient(row: sa.RowMapping) -> Patient:
    born = row["date_of_birth"]
    return Patient(
        id=row["id"], name=row["name"], date_of_birth=date.fromisoformat(born) if born else None, sex=row["sex"],
        mrn=row["mrn"], demo=row["demo"], summary=row["summary"], document_count=row["document_count"] or 0,
        profile=row["profile"] or {},
    )
