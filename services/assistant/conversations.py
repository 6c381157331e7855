"""Conversations, kept: each with its owner, about one patient or general, message by message.

A message of the assistant keeps its segments, citations, warnings, state and provenance, so that an old answer can be shown
and checked exactly as it was. Everything is looked up by owner and id together: another person's conversation is not found,
which says nothing about whether it exists. Deleting hides a conversation and keeps its rows for the audit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.assistant.answers import (
    Answer,
    AnswerMode,
    AnswerSegment,
    AnswerState,
    AnswerWarning,
    Citation,
    SegmentOrigin,
    Turn,
    Usage,
    WarningKind,
)
from services.errors import InvalidInputError, NotFoundError
from services.storage.database import Database
from services.storage.tables import conversations, messages

MAX_TITLE = 80
_UNTITLED = "New conversation"
_MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    owner: str
    patient_id: str | None
    title: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer came from. `evidence` holds the source URIs of all passages the search returned, in rank order."""

    mode: AnswerMode
    model: str | None
    prompt_version: str
    usage: Usage
    collections_searched: tuple[str, ...]
    evidence: tuple[str, ...]
    search_ms: float


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message. Of a user's message only `text` is filled; `position` counts from 0 in its conversation."""

    id: str
    position: int
    role: str
    text: str = field(repr=False)
    state: AnswerState
    created_at: datetime
    segments: tuple[AnswerSegment, ...] = field(default=(), repr=False)
    citations: tuple[Citation, ...] = field(default=(), repr=False)
    warnings: tuple[AnswerWarning, ...] = ()
    error: str | None = None
    provenance: Provenance | None = None


class Conversations:
    """The stored conversations. Every method takes the owner first and sees nothing of anybody else."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock

    def create(self, owner: str, *, patient_id: str | None = None) -> Conversation:
        """Start an empty conversation. Its title comes with the first question."""
        now = self._clock()
        conversation = Conversation(secrets.token_hex(16), owner, patient_id, _UNTITLED, now, now)
        with self._database.begin() as connection:
            connection.execute(conversations.insert().values(
                id=conversation.id, owner=owner, patient_id=patient_id, title=_UNTITLED, created_at=now, updated_at=now
            ))
        return conversation

    def get(self, owner: str, conversation_id: str) -> Conversation:
        """:raise NotFoundError: there is none of this owner with this id, or it was deleted."""
        with self._database.read() as connection:
            return _own(connection, owner, conversation_id)

    def list(
        self, owner: str, *, search: str = "", patient_id: str | None = None, limit: int = 50, offset: int = 0
    ) -> Sequence[Conversation]:
        """Return the conversations, last used first; with `search` those whose title or messages contain that text.

        Upper and lower case count as the same (on SQLite only of the letters a to z). At most 200 at a time.
        """
        query = sa.select(conversations).where(conversations.c.owner == owner, conversations.c.deleted_at.is_(None))
        if patient_id is not None:
            query = query.where(conversations.c.patient_id == patient_id)
        if search.strip():
            # `text` is read out of the JSON: its raw form spells "é" as an escape, and would match the names of its keys.
            said = sa.exists().where(
                messages.c.conversation_id == conversations.c.id,
                messages.c.content["text"].as_string().icontains(search.strip(), autoescape=True),
            )
            query = query.where(sa.or_(conversations.c.title.icontains(search.strip(), autoescape=True), said))
        query = query.order_by(conversations.c.updated_at.desc(), conversations.c.id)
        query = query.limit(min(limit, _MAX_LISTED)).offset(offset)
        with self._database.read() as connection:
            return tuple(_conversation(row) for row in connection.execute(query))

    def messages(self, owner: str, conversation_id: str) -> tuple[Message, ...]:
        """Return the messages, oldest first.

        :raise NotFoundError: as `get`.
        """
        with self._database.read() as connection:
            _own(connection, owner, conversation_id)
            rows = connection.execute(
                sa.select(messages).where(messages.c.conversation_id == conversation_id).order_by(messages.c.position)
            )
            return tuple(_message(row) for row in rows)

    def history(self, owner: str, conversation_id: str) -> tuple[Turn, ...]:
        """Return the conversation as the model may see it: what was said, without citations and without our own notices.

        An answer made of quotations is an empty turn: the model did not say it, and what follows must not build on it.
        """
        turns: list[Turn] = []
        for message in self.messages(owner, conversation_id):
            said = message.text
            if message.role == "assistant":
                said = "".join(segment.text for segment in message.segments if segment.origin is SegmentOrigin.MODEL)
            turns.append(Turn(message.role, said.strip()))
        return tuple(turns)

    def append_question(self, owner: str, conversation_id: str, text: str) -> Message:
        """Store what the user asked, before anything is done about it. The first question gives the title.

        :raise InvalidInputError: the text is empty.
        :raise NotFoundError: as `get`.
        """
        if not text.strip():
            raise InvalidInputError("the question is empty: write one")
        message = self._append(owner, conversation_id, "user", {"text": text.strip()}, AnswerState.COMPLETE, {})
        if message.position == 0:
            self.rename(owner, conversation_id, title_of(text))
        return message

    def append_answer(self, owner: str, conversation_id: str, answer: Answer) -> Message:
        """Store an answer in whatever state it ended.

        :raise NotFoundError: as `get`.
        """
        return self._append(owner, conversation_id, "assistant", _content(answer), answer.state, _provenance(answer))

    def rename(self, owner: str, conversation_id: str, title: str) -> Conversation:
        """:raise InvalidInputError: the title is empty. :raise NotFoundError: as `get`."""
        cut = title_of(title)
        with self._database.begin() as connection:
            _own(connection, owner, conversation_id)
            connection.execute(conversations.update().where(conversations.c.id == conversation_id).values(title=cut))
            return _own(connection, owner, conversation_id)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Hide the conversation. Its rows stay.

        :raise NotFoundError: as `get`; so a second time too.
        """
        with self._database.begin() as connection:
            _own(connection, owner, conversation_id)
            connection.execute(
                conversations.update().where(conversations.c.id == conversation_id).values(deleted_at=self._clock())
            )

    def _append(
        self,
        owner: str,
        conversation_id: str,
        role: str,
        content: Mapping[str, Any],
        state: AnswerState,
        provenance: Mapping[str, Any],
    ) -> Message:
        now = self._clock()
        with self._database.begin() as connection:
            _own(connection, owner, conversation_id, lock=True)
            of_this = messages.c.conversation_id == conversation_id
            last = connection.scalar(sa.select(sa.func.max(messages.c.position)).where(of_this))
            row = {
                "id": secrets.token_hex(16), "conversation_id": conversation_id, "position": 0 if last is None else last + 1,
                "role": role, "content": dict(content), "state": state.value, "provenance": dict(provenance), "created_at": now,
            }
            connection.execute(messages.insert().values(**row))
            connection.execute(conversations.update().where(conversations.c.id == conversation_id).values(updated_at=now))
            return _message(connection.execute(sa.select(messages).where(messages.c.id == row["id"])).one())


def title_of(text: str) -> str:
    """Return a title from a text: its first words, at most 80 characters, cut between words.

    :raise InvalidInputError: the text is empty.
    """
    words = " ".join(text[: 4 * MAX_TITLE].split())
    if not words:
        raise InvalidInputError("the title is empty: write one")
    if len(words) <= MAX_TITLE:
        return words
    cut = words[: MAX_TITLE - 1]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut}…"


def _own(connection: sa.Connection, owner: str, conversation_id: str, *, lock: bool = False) -> Conversation:
    query = sa.select(conversations).where(
        conversations.c.id == conversation_id, conversations.c.owner == owner, conversations.c.deleted_at.is_(None)
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError("this conversation does not exist, or it is not yours")
    return _conversation(row)


def _conversation(row: sa.Row[Any]) -> Conversation:
    return Conversation(row.id, row.owner, row.patient_id, row.title, row.created_at, row.updated_at)


def _content(answer: Answer) -> dict[str, Any]:
    return {
        "text": answer.text,
        "segments": [
            {"text": segment.text, "origin": segment.origin.value, "citations": [cited.number for cited in segment.citations]}
            for segment in answer.segments
        ],
        "citations": [{name: getattr(citation, name) for name in Citation.__dataclass_fields__} for citation in answer.citations],
        "warnings": [{"kind": warning.kind.value, "message": warning.message} for warning in answer.warnings],
        "error": answer.error,
    }


def _provenance(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "mode": answer.mode.value,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "usage": {"input": usage.input, "output": usage.output, "cache_read": usage.cache_read, "cache_write": usage.cache_write},
        "collections_searched": list(answer.evidence.collections_searched),
        "evidence": [hit.passage.source_uri for hit in answer.evidence.hits],
        "search_ms": answer.evidence.elapsed_ms,
    }


def _message(row: sa.Row[Any]) -> Message:
    content, provenance = row.content, row.provenance
    citations = {entry["number"]: Citation(**entry) for entry in content.get("citations", ())}
    return Message(
        id=row.id,
        position=row.position,
        role=row.role,
        text=content["text"],
        state=AnswerState(row.state),
        created_at=row.created_at,
        segments=tuple(
            AnswerSegment(
                segment["text"], tuple(citations[number] for number in segment["citations"]), SegmentOrigin(segment["origin"])
            )
            for segment in content.get("segments", ())
        ),
        citations=tuple(citations.values()),
        warnings=tuple(AnswerWarning(WarningKind(entry["kind"]), entry["message"]) for entry in content.get("warnings", ())),
        error=content.get("error"),
        provenance=_read_provenance(provenance) if provenance else None,
    )


def _read_provenance(stored: Mapping[str, Any]) -> Provenance:
    return Provenance(
        mode=AnswerMode(stored["mode"]),
        model=stored["model"],
        prompt_version=stored["prompt_version"],
        usage=Usage(**stored["usage"]),
        collections_searched=tuple(stored["collections_searched"]),
        evidence=tuple(stored["evidence"]),
        search_ms=stored["search_ms"],
    )
