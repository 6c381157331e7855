"""The reports table. A signed row is never written again: every statement that writes names the state it expects."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.errors import ConflictError, NotFoundError
from services.reports.choices import ReportState, Standing
from services.reports.content import ReportContent, digest_of
from services.storage.database import Database
from services.storage.tables import reports

MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A report in a list. `digest` is the seal of a signed report, else the digest of the content as it is now."""

    id: str
    patient_id: str
    analysis_id: str | None
    series_id: str
    version: int
    state: ReportState
    digest: str
    author: str
    created_at: datetime
    prepared_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    signed_by: str | None
    signed_at: datetime | None

    @property
    def standing(self) -> Standing:
        return Standing(
            id=self.id, version=self.version, state=self.state, prepared_at=self.prepared_at, reviewed_by=self.reviewed_by,
            reviewed_at=self.reviewed_at, signed_by=self.signed_by, signed_at=self.signed_at, digest=self.digest,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredReport:
    entry: ReportEntry
    content: ReportContent

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def standing(self) -> Standing:
        return self.entry.standing


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a signed report is what was signed. `sealed` was stored at signing, `computed` is of the row as it is now."""

    sealed: str
    computed: str

    @property
    def is_intact(self) -> bool:
        return self.sealed == self.computed


class ReportStore:
    """Reads and writes rows; who may do so is decided by the service above."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(
        self, patient_id: str, analysis_id: str | None, content: ReportContent, author: str, now: datetime,
        *, after: ReportEntry | None = None,
    ) -> StoredReport:
        """Keep a new draft; `after` makes it the next version of that report.

        :raise ConflictError: that version exists already.
        """
        identifier = secrets.token_hex(16)
        row = {
            "id": identifier, "patient_id": patient_id, "analysis_id": analysis_id,
            "series_id": after.series_id if after else identifier, "version": after.version + 1 if after else 1,
            "state": ReportState.DRAFT.value, "author": author, "created_at": now, **_content_columns(content, now),
        }  # fmt: skip
        try:
            with self._database.begin() as connection:
                connection.execute(sa.insert(reports), row)
        except sa.exc.IntegrityError as error:
            raise ConflictError("a newer version of this report exists: open that one") from error
        return self.get(identifier)

    def get(self, report_id: str) -> StoredReport:
        """:raise NotFoundError: there is none with that id."""
        row = self._row(report_id)
        return StoredReport(_entry(row), ReportContent.model_validate(row["content"]))

    def list(self, patient_id: str) -> tuple[ReportEntry, ...]:
        """Return the reports of a patient without their content, newest first."""
        columns = [column for column in reports.c if column.name != "content"]
        query = (
            sa.select(*columns).where(reports.c.patient_id == patient_id)
            .order_by(reports.c.created_at.desc(), reports.c.version.desc()).limit(MAX_LISTED)
        )  # fmt: skip
        with self._database.read() as connection:
            return tuple(_entry(dict(row)) for row in connection.execute(query).mappings())

    def replace_content(self, report_id: str, content: ReportContent, analysis_id: str | None, now: datetime) -> None:
        """Put another content into a report that is not signed; it is a draft again.

        :raise ConflictError: it is signed, or it is gone.
        """
        columns = {
            "state": ReportState.DRAFT.value, "analysis_id": analysis_id, "reviewed_by": None, "reviewed_at": None,
            **_content_columns(content, now),
        }  # fmt: skip
        self._update(report_id, columns, reports.c.state != ReportState.SIGNED.value)

    def mark_reviewed(self, report_id: str, name: str, seen: str, now: datetime) -> None:
        """:raise ConflictError: it is signed, or its content is not the one seen."""
        columns = {"state": ReportState.REVIEWED.value, "reviewed_by": name, "reviewed_at": now}
        self._update(report_id, columns, reports.c.state != ReportState.SIGNED.value, reports.c.content_sha256 == seen)

    def sign(self, report_id: str, name: str, account: str, seen: str, now: datetime) -> None:
        """Seal a reviewed report. :raise ConflictError: it is not reviewed, or its content is not the one seen."""
        signed = {"state": ReportState.SIGNED.value, "signed_by": name, "signed_account": account, "signed_at": now}
        row = {**self._row(report_id), **signed}
        self._update(
            report_id, {**signed, "seal_sha256": _seal(row)}, reports.c.state == ReportState.REVIEWED.value,
            reports.c.content_sha256 == seen, reports.c.reviewed_at == row["reviewed_at"],
        )  # fmt: skip

    def remove_unsigned(self, report_id: str) -> None:
        """:raise ConflictError: it is signed, or it is gone."""
        with self._database.begin() as connection:
            removed = connection.execute(
                sa.delete(reports).where(reports.c.id == report_id, reports.c.state != ReportState.SIGNED.value)
            )
        if removed.rowcount == 0:
            raise ConflictError("a signed report cannot be removed")

    def verify(self, report_id: str) -> Verification:
        """Compare the seal with the row as it is now. :raise ConflictError: the report is not signed."""
        row = self._row(report_id)
        if row["state"] != ReportState.SIGNED.value or not row["seal_sha256"]:
            raise ConflictError("the report is not signed: there is nothing to verify")
        return Verification(sealed=row["seal_sha256"], computed=_seal(row))

    def _row(self, report_id: str) -> Mapping[str, Any]:
        with self._database.read() as connection:
            row = connection.execute(sa.select(reports).where(reports.c.id == report_id[:64])).mappings().first()
        if row is None:
            raise NotFoundError("no such report: choose one from the patient's list")
        return dict(row)

    def _update(self, report_id: str, columns: Mapping[str, Any], *expected: sa.ColumnElement[bool]) -> None:
        with self._database.begin() as connection:
            changed = connection.execute(sa.update(reports).where(reports.c.id == report_id, *expected).values(columns))
        if changed.rowcount == 0:
            raise ConflictError(
                "the report has changed or is signed: open it again. A change after signing needs a new version"
            )


def _content_columns(content: ReportContent, now: datetime) -> dict[str, Any]:
    dumped = content.model_dump(mode="json")
    return {"content": dumped, "content_sha256": digest_of(dumped), "prepared_at": now}


_SEALED = (
    "id", "patient_id", "analysis_id", "series_id", "version", "content", "author", "reviewed_by", "signed_by",
    "signed_account",
)  # fmt: skip
_SEALED_TIMES = ("created_at", "prepared_at", "reviewed_at", "signed_at")


def _seal(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 over everything a signature vouches for, in canonical form."""
    sealed = {name: row[name] for name in _SEALED}
    times = {name: row[name].isoformat() if row[name] else None for name in _SEALED_TIMES}
    return digest_of({**sealed, **times})


def _entry(row: Mapping[str, Any]) -> ReportEntry:
    return ReportEntry(
        id=row["id"], patient_id=row["patient_id"], analysis_id=row["analysis_id"], series_id=row["series_id"],
        version=row["version"], state=ReportState(row["state"]), digest=row["seal_sha256"] or row["content_sha256"],
        author=row["author"], created_at=row["created_at"], prepared_at=row["prepared_at"], reviewed_by=row["reviewed_by"],
        reviewed_at=row["reviewed_at"], signed_by=row["signed_by"], signed_at=row["signed_at"],
    )  # fmt: skip
