"""Comments on variants, with replies to any depth; like flags they belong to the variant, whichever table shows it.

A deleted comment that has replies stays in its thread as a place without text, so that the replies keep their meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.storage.database import Database
from services.storage.tables import variant_comments
from services.variants.notes import NoteEdit, NoteSubject, checked_text, edits_of, record_edit, require_author, require_reader

MAX_TEXT = 10_000
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `depth` is 0 for the first of a thread; `edited` tells that its text was changed."""

    id: str
    variant: str
    chrom: str
    pos: int
    ref: str
    alt: str
    gene: str
    parent_id: str | None
    text: str
    author: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    depth: int = 0

    @property
    def edited(self) -> bool:
        return self.deleted_at is None and self.updated_at > self.created_at


class VariantComments:
    """Reads and writes comments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, principal: Principal, subject: NoteSubject, text: str, *, parent_id: str | None = None) -> Comment:
        """Comment on a variant, or reply to a comment on the same one.

        :raise NotFoundError: there is no such comment to reply to on this variant.
        :raise ConflictError: it was deleted.
        """
        require_reader(principal)
        checked = checked_text(text, "a comment", MAX_TEXT)
        comment_id, now = uuid4().hex, datetime.now(UTC)
        with self._database.begin() as connection:
            if parent_id is not None:
                self._check_parent(connection, parent_id, subject.identity.key)
            connection.execute(
                sa.insert(variant_comments),
                {**subject.columns, "id": comment_id, "parent_id": parent_id, "text": checked, "author": principal.name,
                 "created_at": now, "updated_at": now},
            )  # fmt: skip
            return _one(connection, comment_id)

    def edit(self, principal: Principal, comment_id: str, text: str) -> Comment:
        """Change the text; what it said before is kept."""
        checked = checked_text(text, "a comment", MAX_TEXT)
        with self._database.begin() as connection:
            comment = _one(connection, comment_id)
            require_author(principal, comment.author)
            if comment.deleted_at is not None:
                raise ConflictError("this comment was deleted: restore it first")
            if checked != comment.text:
                _change(connection, comment, "edit", principal.name, text=checked)
            return _one(connection, comment_id)

    def delete(self, principal: Principal, comment_id: str) -> Comment:
        """Hide a comment; replies stay, `restore` brings it back. Idempotent."""
        return self._set_deleted(principal, comment_id, deleted=True)

    def restore(self, principal: Principal, comment_id: str) -> Comment:
        """Take a deletion back. Idempotent."""
        return self._set_deleted(principal, comment_id, deleted=False)

    def thread(self, principal: Principal, variant: str) -> tuple[Comment, ...]:
        """Return the comments of a variant as they are read: each followed by its replies, oldest first, with its depth.

        Deleted ones that have replies are among them without text.
        """
        require_reader(principal)
        return threaded(self._select(variant_comments.c.variant == variant))

    def deleted(self, principal: Principal, variant: str) -> tuple[Comment, ...]:
        """Return the deleted comments of a variant, newest deletion first."""
        require_reader(principal)
        found = self._select(sa.and_(variant_comments.c.variant == variant, variant_comments.c.deleted_at.is_not(None)))
        return tuple(sorted(found, key=lambda one: one.deleted_at or one.updated_at, reverse=True))

    def counts(self, principal: Principal, variants: Iterable[str]) -> dict[str, int]:
        """Return how many comments stand for each of several variants (a page of a table)."""
        require_reader(principal)
        standing = sa.and_(variant_comments.c.variant.in_(list(variants)), variant_comments.c.deleted_at.is_(None))
        query = sa.select(variant_comments.c.variant, sa.func.count()).where(standing).group_by(variant_comments.c.variant)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def in_build(self, principal: Principal, build: GenomeBuild) -> tuple[Comment, ...]:
        """Return all comments of a build, deleted ones included, oldest first."""
        require_reader(principal)
        return self._select(variant_comments.c.assembly == str(build))

    def history(self, principal: Principal, comment_id: str) -> tuple[NoteEdit, ...]:
        """Return what a comment said before each change, oldest first."""
        require_reader(principal)
        with self._database.read() as connection:
            return edits_of(connection, comment_id)

    def version(self, build: GenomeBuild) -> str:
        """Return a text that changes with every change to a comment of this build."""
        changed, hidden = variant_comments.c.updated_at, variant_comments.c.deleted_at
        counted = sa.select(sa.func.count(), sa.func.max(changed), sa.func.count(hidden), sa.func.max(hidden))
        with self._database.read() as connection:
            return ":".join(map(str, connection.execute(counted.where(variant_comments.c.assembly == str(build))).one()))

    def _select(self, condition: sa.ColumnElement[bool]) -> tuple[Comment, ...]:
        query = sa.select(variant_comments).where(condition).order_by(variant_comments.c.created_at, variant_comments.c.id)
        with self._database.read() as connection:
            return tuple(_comment(row) for row in connection.execute(query).mappings())

    def _set_deleted(self, principal: Principal, comment_id: str, *, deleted: bool) -> Comment:
        with self._database.begin() as connection:
            comment = _one(connection, comment_id)
            require_author(principal, comment.author)
            if (comment.deleted_at is not None) != deleted:
                record_edit(connection, comment.id, "delete" if deleted else "restore", {"text": comment.text}, principal.name)
                values = {"deleted_at": datetime.now(UTC) if deleted else None}
                connection.execute(sa.update(variant_comments).where(variant_comments.c.id == comment.id).values(**values))
            return _one(connection, comment_id)

    @staticmethod
    def _check_parent(connection: sa.Connection, parent_id: str, variant: str) -> None:
        parent = _one(connection, parent_id)
        if parent.variant != variant:
            raise NotFoundError("no such comment on this variant")
        if parent.deleted_at is not None:
            raise ConflictError("the comment you reply to was deleted")
        depth, above = 1, parent.parent_id
        while above is not None:
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidInputError(f"a thread is at most {MAX_DEPTH} replies deep: reply to an earlier comment")
            above = _one(connection, above).parent_id


def threaded(comments: Sequence[Comment]) -> tuple[Comment, ...]:
    """Put comments, oldest first, into reading order with their depth; deleted ones stay only above a standing reply."""
    replies: dict[str | None, list[Comment]] = {}
    for comment in comments:
        replies.setdefault(comment.parent_id, []).append(comment)

    def below(parent: str | None, depth: int) -> list[Comment]:
        found: list[Comment] = []
        for comment in replies.get(parent, ()):
            inner = below(comment.id, depth + 1)
            if comment.deleted_at is None:
                found += [replace(comment, depth=depth), *inner]
            elif inner:
                found += [replace(comment, depth=depth, text=""), *inner]
        return found

    return tuple(below(None, 0))


def _change(connection: sa.Connection, comment: Comment, action: str, by: str, *, text: str) -> None:
    record_edit(connection, comment.id, action, {"text": comment.text}, by)
    values = {"text": text, "updated_at": datetime.now(UTC)}
    connection.execute(sa.update(variant_comments).where(variant_comments.c.id == comment.id).values(**values))


def _one(connection: sa.Connection, comment_id: str) -> Comment:
    row = connection.execute(sa.select(variant_comments).where(variant_comments.c.id == comment_id)).mappings().first()
    if row is None:
        raise NotFoundError("no such comment")
    return _comment(row)


def _comment(row: sa.RowMapping) -> Comment:
    return Comment(**{name: row[name] for name in Comment.__dataclass_fields__ if name != "depth"})
