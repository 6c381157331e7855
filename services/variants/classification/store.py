"""The versions of classifications. A version is never changed: whatever differs is the next one; signing marks one version.

A classification belongs to the variant, as flags do, whichever table shows it; a patient and a table may be named. Everybody who
may see patients sees all of them and may add a version; nobody may change or delete one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import ConflictError, NotFoundError
from services.storage.database import Database
from services.storage.tables import variant_classifications as table
from services.variants.classification.content import ClassificationContent, Scheme, digest_of
from services.variants.identity import VariantIdentity
from services.variants.notes import NoteSubject, checked_text, require_reader

MAX_NAME = 120
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class Classified:
    """One version. `signed_by` None: nobody vouches for it yet. `digest` is of the content and the variant."""

    id: str
    variant: str
    assembly: str
    chrom: str
    pos: int
    end: int | None
    ref: str
    alt: str
    gene: str
    scheme: Scheme
    version: int
    classification: str
    points: str
    patient_id: str | None
    table_id: str | None
    author: str
    created_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    digest: str
    content: ClassificationContent

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None

    @property
    def is_intact(self) -> bool:
        """Whether the content is what was stored, and signed."""
        return digest_of(self.content, self.variant) == self.digest


class Classifications:
    """Reads and writes classifications. Safe for use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self, principal: Principal, subject: NoteSubject, content: ClassificationContent,
        *, patient_id: str | None = None, table_id: str | None = None,
    ) -> Classified:
        """Keep a version. The newest one is returned unchanged where content and links are the same already.

        :raise NotFoundError: there is no such patient.
        :raise ConflictError: somebody saved the next version in the same moment.
        """
        require_reader(principal)
        variant, links = subject.identity.key, {"patient_id": patient_id, "table_id": table_id}
        digest = digest_of(content, variant)
        try:
            with self._database.begin() as connection:
                newest = _newest(connection, variant, content.scheme)
                if newest and newest.digest == digest and (newest.patient_id, newest.table_id) == (patient_id, table_id):
                    return newest
                row = {
                    **subject.columns, **links, "id": uuid4().hex, "end": subject.identity.end, "scheme": content.scheme.value,
                    "version": newest.version + 1 if newest else 1, "classification": content.classification,
                    "points": content.points, "content": content.model_dump(mode="json"), "digest": digest,
                    "author": principal.name, "created_at": datetime.now(UTC),
                }  # fmt: skip
                connection.execute(sa.insert(table), row)
                return _one(connection, row["id"])
        except sa.exc.IntegrityError as error:
            if "uq_" in str(error.orig) or "UNIQUE" in str(error.orig):
                raise ConflictError("somebody saved another version just now: look at it, then save again") from error
            raise NotFoundError("there is no such patient") from error

    def get(self, principal: Principal, classification_id: str) -> Classified:
        """:raise NotFoundError: there is none with that id."""
        require_reader(principal)
        with self._database.read() as connection:
            return _one(connection, classification_id)

    def latest(self, principal: Principal, identity: VariantIdentity, scheme: Scheme = Scheme.ACMG) -> Classified | None:
        """Return the newest version for a variant, None where it was never classified."""
        require_reader(principal)
        with self._database.read() as connection:
            return _newest(connection, identity.key, scheme)

    def history(self, principal: Principal, identity: VariantIdentity, scheme: Scheme | None = None) -> tuple[Classified, ...]:
        """Return all versions for a variant, newest first; of every scheme where none is named."""
        require_reader(principal)
        condition = table.c.variant == identity.key
        if scheme is not None:
            condition = sa.and_(condition, table.c.scheme == scheme.value)
        return self._select(condition)

    def of_patient(self, principal: Principal, patient_id: str) -> tuple[Classified, ...]:
        """Return what is linked to a patient: of each variant and scheme the newest version that names them, newest first."""
        require_reader(principal)
        newest: dict[tuple[str, Scheme], Classified] = {}
        for one in self._select(table.c.patient_id == patient_id):
            newest.setdefault((one.variant, one.scheme), one)
        return tuple(newest.values())

    def list(self, principal: Principal, *, signed_only: bool = False) -> tuple[Classified, ...]:
        """Return the newest versions of all variants, newest first, at most 500 versions deep."""
        require_reader(principal)
        newest: dict[tuple[str, Scheme], Classified] = {}
        for one in self._select(table.c.signed_at.is_not(None) if signed_only else sa.true()):
            newest.setdefault((one.variant, one.scheme), one)
        return tuple(newest.values())

    def sign(self, principal: Principal, classification_id: str, name: str, *, seen: str) -> Classified:
        """Vouch for a version as `name`; `seen` is the digest of what was looked at. A signature stays.

        :raise ConflictError: it is signed already, a newer version exists, or it is not what was seen.
        """
        require_reader(principal)
        signer = checked_text(name.replace("\n", " "), "the name of the signer", MAX_NAME)
        with self._database.begin() as connection:
            one = _one(connection, classification_id)
            newest = _newest(connection, one.variant, one.scheme)
            if one.is_signed:
                raise ConflictError(f"version {one.version} is signed already, by {one.signed_by}")
            if newest is not None and newest.id != one.id:
                raise ConflictError(f"version {newest.version} is newer than the one you want to sign: look at it first")
            if not one.is_intact or one.digest != seen:
                raise ConflictError("this version is not the one you looked at: load the page again")
            connection.execute(
                sa.update(table).where(table.c.id == one.id, table.c.signed_at.is_(None))
                .values(signed_by=signer, signed_at=datetime.now(UTC))
            )
            return _one(connection, one.id)

    def _select(self, condition: sa.ColumnElement[bool]) -> tuple[Classified, ...]:
        query = sa.select(table).where(condition).order_by(table.c.created_at.desc(), table.c.version.desc()).limit(MAX_LISTED)
        with self._database.read() as connection:
            return tuple(_classified(row) for row in connection.execute(query).mappings())


def _newest(connection: sa.Connection, variant: str, scheme: Scheme) -> Classified | None:
    query = (
        sa.select(table).where(table.c.variant == variant, table.c.scheme == scheme.value)
        .order_by(table.c.version.desc()).limit(1)
    )  # fmt: skip
    row = connection.execute(query).mappings().first()
    return None if row is None else _classified(row)


def _one(connection: sa.Connection, classification_id: str) -> Classified:
    row = connection.execute(sa.select(table).where(table.c.id == classification_id)).mappings().first()
    if row is None:
        raise NotFoundError("no such classification")
    return _classified(row)


def _classified(row: sa.RowMapping) -> Classified:
    given: dict[str, Any] = {name: row[name] for name in Classified.__dataclass_fields__}
    given["scheme"] = Scheme(row["scheme"])
    given["content"] = ClassificationContent.model_validate(row["content"])
    return Classified(**given)
