"""Flags: what people hold a variant to be. Five tiers from pathogenic to benign, and labels of one's own.

One author has at most one tier for a variant: another choice replaces it and stands in its history. Labels add up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import ConflictError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.storage.database import Database
from services.storage.tables import variant_flags
from services.variants.notes import NoteEdit, NoteSubject, checked_text, edits_of, record_edit, require_author, require_reader

MAX_LABEL = 64
MAX_NOTE = 2_000


class Tier(StrEnum):
    """The five tiers, in the terms of Richards S et al., Genet Med 2015 (doi:10.1038/gim.2015.30)."""

    PATHOGENIC = "pathogenic"
    LIKELY_PATHOGENIC = "likely pathogenic"
    UNCERTAIN = "uncertain significance"
    LIKELY_BENIGN = "likely benign"
    BENIGN = "benign"


_SHORT = {"p": Tier.PATHOGENIC, "lp": Tier.LIKELY_PATHOGENIC, "vus": Tier.UNCERTAIN, "lb": Tier.LIKELY_BENIGN, "b": Tier.BENIGN}


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `category` is a tier's value or a label; `deleted_at` is None while it stands."""

    id: str
    variant: str
    chrom: str
    pos: int
    ref: str
    alt: str
    gene: str
    category: str
    note: str
    author: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    @property
    def tier(self) -> Tier | None:
        return Tier(self.category) if self.category in set(Tier) else None


def category_of(text: str) -> str:
    """Return a tier's value for any way to write it (`VUS`, `Likely_pathogenic`), else the text as a label.

    :raise InvalidInputError: blank, longer than 64 characters, or several lines.
    """
    label = checked_text(text.replace("\n", " "), "a label", MAX_LABEL)
    written = re.sub(r"[\s_-]+", " ", label).lower()
    if written in _SHORT:
        return _SHORT[written]
    return Tier(written) if written in set(Tier) else label


class VariantFlags:
    """Reads and writes flags. A flag is found by the variant's identity, whichever table shows it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[Callable[[Flag], None]] = []

    def subscribe(self, listener: Callable[[Flag], None]) -> None:
        """Have `listener` called with a flag after it was added, changed, hidden or brought back."""
        self._listeners.append(listener)

    def _told(self, flag: Flag) -> Flag:
        for listener in self._listeners:
            listener(flag)
        return flag

    def add(self, principal: Principal, subject: NoteSubject, category: str, note: str = "") -> Flag:
        """Flag a variant. The author's standing flag of that category, or of another tier, is changed instead."""
        require_reader(principal)
        values = {"category": category_of(category), "note": checked_text(note, "a note", MAX_NOTE, blank=True)}
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            standing = self._replaced(connection, subject, principal.name, values["category"])
            if standing is not None:
                self._change(connection, standing, "edit", principal.name, values)
                flag = _one(connection, standing.id)
            else:
                flag_id = uuid4().hex
                connection.execute(
                    sa.insert(variant_flags),
                    {**subject.columns, **values, "id": flag_id, "author": principal.name, "created_at": now, "updated_at": now},
                )
                flag = _one(connection, flag_id)
        return self._told(flag)

    def edit(self, principal: Principal, flag_id: str, *, category: str | None = None, note: str | None = None) -> Flag:
        """Change a flag's category or note; what it said before is kept.

        :raise ConflictError: the author has another flag of that category, or it was deleted.
        """
        with self._database.begin() as connection:
            flag = _one(connection, flag_id)
            require_author(principal, flag.author)
            if flag.deleted_at is not None:
                raise ConflictError("this flag was deleted: restore it first")
            values = {
                "category": flag.category if category is None else category_of(category),
                "note": flag.note if note is None else checked_text(note, "a note", MAX_NOTE, blank=True),
            }
            self._refuse_twin(connection, flag, values["category"])
            self._change(connection, flag, "edit", principal.name, values)
            flag = _one(connection, flag_id)
        return self._told(flag)

    def delete(self, principal: Principal, flag_id: str) -> Flag:
        """Hide a flag; `restore` brings it back. Idempotent."""
        with self._database.begin() as connection:
            flag = _one(connection, flag_id)
            require_author(principal, flag.author)
            if flag.deleted_at is None:
                self._change(connection, flag, "delete", principal.name, {"deleted_at": datetime.now(UTC)})
            flag = _one(connection, flag_id)
        return self._told(flag)

    def restore(self, principal: Principal, flag_id: str) -> Flag:
        """Take a deletion back. Idempotent.

        :raise ConflictError: the author has flagged the variant again in the meantime.
        """
        with self._database.begin() as connection:
            flag = _one(connection, flag_id)
            require_author(principal, flag.author)
            if flag.deleted_at is not None:
                self._refuse_twin(connection, flag, flag.category)
                self._change(connection, flag, "restore", principal.name, {"deleted_at": None})
            flag = _one(connection, flag_id)
        return self._told(flag)

    def of(self, principal: Principal, variant: str, *, deleted: bool = False) -> tuple[Flag, ...]:
        """Return the flags of one variant, oldest first; with `deleted` the hidden ones instead."""
        require_reader(principal)
        state = variant_flags.c.deleted_at.is_not(None) if deleted else variant_flags.c.deleted_at.is_(None)
        return self._select(sa.and_(variant_flags.c.variant == variant, state))

    def of_many(self, principal: Principal, variants: Iterable[str]) -> dict[str, list[Flag]]:
        """Return the standing flags of several variants (a page of a table), by variant."""
        require_reader(principal)
        found: dict[str, list[Flag]] = {}
        for flag in self._select(sa.and_(variant_flags.c.variant.in_(list(variants)), variant_flags.c.deleted_at.is_(None))):
            found.setdefault(flag.variant, []).append(flag)
        return found

    def in_build(self, principal: Principal, build: GenomeBuild) -> tuple[Flag, ...]:
        """Return all standing flags of a build, oldest first."""
        require_reader(principal)
        return self._select(sa.and_(variant_flags.c.assembly == str(build), variant_flags.c.deleted_at.is_(None)))

    def labels(self, principal: Principal) -> tuple[str, ...]:
        """Return the labels in use that are no tiers, by name."""
        require_reader(principal)
        query = sa.select(variant_flags.c.category).where(variant_flags.c.deleted_at.is_(None)).distinct()
        with self._database.read() as connection:
            return tuple(sorted(set(connection.execute(query).scalars()) - set(Tier)))

    def history(self, principal: Principal, flag_id: str) -> tuple[NoteEdit, ...]:
        """Return what a flag said before each change, oldest first."""
        require_reader(principal)
        with self._database.read() as connection:
            return edits_of(connection, flag_id)

    def version(self, build: GenomeBuild) -> str:
        """Return a text that changes with every change to a flag of this build."""
        query = sa.select(sa.func.count(), sa.func.max(variant_flags.c.updated_at)).where(variant_flags.c.assembly == str(build))
        with self._database.read() as connection:
            count, newest = connection.execute(query).one()
        return f"{count}:{newest}"

    def _select(self, condition: sa.ColumnElement[bool]) -> tuple[Flag, ...]:
        query = sa.select(variant_flags).where(condition).order_by(variant_flags.c.created_at, variant_flags.c.id)
        with self._database.read() as connection:
            return tuple(_flag(row) for row in connection.execute(query).mappings())

    @staticmethod
    def _change(connection: sa.Connection, flag: Flag, action: str, by: str, values: Mapping[str, object]) -> None:
        record_edit(connection, flag.id, action, {"category": flag.category, "note": flag.note}, by)
        changed = {**values, "updated_at": datetime.now(UTC)}
        connection.execute(sa.update(variant_flags).where(variant_flags.c.id == flag.id).values(**changed))

    @staticmethod
    def _replaced(connection: sa.Connection, subject: NoteSubject, author: str, category: str) -> Flag | None:
        same = [category] if category not in set(Tier) else [str(tier) for tier in Tier]
        return _standing(connection, subject.identity.key, author, same)

    @staticmethod
    def _refuse_twin(connection: sa.Connection, flag: Flag, category: str) -> None:
        same = [category] if category not in set(Tier) else [str(tier) for tier in Tier]
        twin = _standing(connection, flag.variant, flag.author, same)
        if twin is not None and twin.id != flag.id:
            raise ConflictError(f"{flag.author} has flagged this variant as {twin.category}: change or delete that flag first")


def _standing(connection: sa.Connection, variant: str, author: str, categories: list[str]) -> Flag | None:
    query = sa.select(variant_flags).where(
        variant_flags.c.variant == variant, variant_flags.c.author == author, variant_flags.c.category.in_(categories),
        variant_flags.c.deleted_at.is_(None),
    )  # fmt: skip
    row = connection.execute(query).mappings().first()
    return None if row is None else _flag(row)


def _one(connection: sa.Connection, flag_id: str) -> Flag:
    row = connection.execute(sa.select(variant_flags).where(variant_flags.c.id == flag_id)).mappings().first()
    if row is None:
        raise NotFoundError("no such flag")
    return _flag(row)


def _flag(row: sa.RowMapping) -> Flag:
    return Flag(**{name: row[name] for name in Flag.__dataclass_fields__})
