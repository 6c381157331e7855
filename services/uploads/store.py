"""Receives files in pieces, so that a broken connection, a closed laptop or a killed process costs no more than the last piece.

The length of the file on disk is the one truth about what has arrived; nothing else counts bytes, so nothing can disagree with
it after a crash. A piece is accepted only at that end, under a lock on the file, so two connections cannot mix their pieces.
Files lie under generated names; the name a user gave is for display. Whoever did not begin an upload is told that it does not
exist.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidIdentifierError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
)
from services.network.remote import Network, Progress, ShouldStop, fetch, file_name_of
from services.storage import tables
from services.storage.database import Database
from services.storage.files import display_name
from services.uploads.content import HEAD_BYTES, Content, inspect
from services.uploads.model import OffsetError, Upload, UploadState

_PIECE_BYTES = 1 << 20
_MAX_OPEN = 50
_MAX_GIVEN_NAME = 4_096
_SPARE_BYTES = 256 << 20
_UNTOLD = timedelta(hours=1)  # a file without a row may be one whose row is just being written
_ID = re.compile(r"[0-9a-f]{32}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Uploads:
    """Uploads of all users below `root`. Safe for several threads and processes.

    `free_bytes` tells the free space of the disk that holds a folder, `network` how remote files are reached.
    """

    def __init__(
        self,
        database: Database,
        root: Path,
        limit_bytes: int,
        *,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        network: Network | None = None,
    ) -> None:
        self._database = database
        self._root = root.resolve()
        self._root.mkdir(parents=True, exist_ok=True)
        self.limit_bytes = limit_bytes
        self._free_bytes = free_bytes
        self._network = network or Network()

    def begin(self, principal: Principal, filename: str, size: int, fingerprint: str = "") -> Upload:
        """Reserve an upload of `size` bytes; nothing has arrived yet.

        `fingerprint` is any text that is the same for the same file (at most 64 characters): when this owner has begun the
        same file before and not finished, that upload is returned, to be continued at what it has received.

        :raise AccessDeniedError: the caller may neither see patients nor administer, so could not use any file.
        :raise TooLargeError: the file is over the limit.
        :raise UnavailableError: the disk has no room for it.
        :raise ConflictError: too many uploads have been begun and not finished.
        """
        _refuse_without_rights(principal)
        if size <= 0:
            raise InvalidInputError("the file is empty")
        if size > self.limit_bytes:
            raise _over_the_limit(self.limit_bytes)
        name = display_name(filename[-_MAX_GIVEN_NAME:], "upload")
        waiting = self.list_open(principal)
        for upload in waiting:
            if fingerprint and (upload.filename, upload.size) == (name, size) and self._fingerprint(upload.id) == fingerprint:
                return self._by_id(upload.id)
        if len(waiting) >= _MAX_OPEN:
            raise ConflictError(f"{_MAX_OPEN} uploads are unfinished: finish or delete some of them first")
        promised = sum(max(0, (upload.size or 0) - upload.received) for upload in self._all_open())
        if self._free_bytes(self._root) - promised - _SPARE_BYTES < size:
            raise UnavailableError("the server's disk has no room for this file: ask an administrator to free space")
        return self._new(principal, name, size, UploadState.RECEIVING, fingerprint)

    def append(self, principal: Principal, upload_id: str, offset: int, data: bytes) -> Upload:
        """Write `data` at `offset`, which must be the end of what has arrived. What is returned as received is written.

        The last byte completes the upload. A file that cannot be imported is refused at its first bytes and deleted.

        :raise OffsetError: `offset` is another place; carries the expected one.
        :raise TooLargeError: more arrives than was announced.
        :raise InvalidInputError: the file is of a kind that cannot be imported.
        :raise UnavailableError: the disk is full; what has arrived is kept.
        """
        return self._append(self.get(principal, upload_id), offset, data)

    async def append_stream(
        self, principal: Principal, upload_id: str, offset: int, pieces: AsyncIterator[bytes], length: int | None = None
    ) -> Upload:
        """Write what a connection brings while it comes; a connection that breaks off leaves what had arrived.

        `length` is how much will come, where that is known. Raises what `append` raises.
        """
        upload = await asyncio.to_thread(self.get, principal, upload_id)
        if offset != upload.received:
            raise OffsetError(upload.received)
        if length is not None and upload.size is not None and offset + length > upload.size:
            raise _more_than_announced(upload.size)
        return await self._write_all(upload, pieces)

    async def receive(self, principal: Principal, filename: str, pieces: AsyncIterator[bytes]) -> Upload:
        """Take in a whole file whose length is not known before; a file that breaks off is deleted.

        :raise TooLargeError: the file goes over the limit.
        """
        _refuse_without_rights(principal)
        name = display_name(filename[-_MAX_GIVEN_NAME:], "upload")
        upload = await asyncio.to_thread(self._new, principal, name, None, UploadState.RECEIVING)
        try:
            upload = await self._write_all(upload, pieces)
            return await asyncio.to_thread(self._complete, upload)
        except BaseException:  # a cancelled request too must leave nothing behind
            self._remove(upload.id)
            raise

    def expect_remote(self, principal: Principal, url: str) -> Upload:
        """Reserve an upload that a job will fetch from `url`, whose form is checked now; the address is not stored here.

        :raise InvalidInputError: the address is not one that may be fetched from.
        """
        return self._new(principal, display_name(file_name_of(url), "download"), None, UploadState.REMOTE)

    def fetch(self, upload_id: str, url: str, *, on_progress: Progress, should_stop: ShouldStop) -> Upload | None:
        """Fetch a reserved remote file; None when it was stopped. Idempotent: a file that is here is not fetched again.

        :raise InvalidInputError: the address may not be fetched from, or the file cannot be imported (it is deleted then).
        :raise TooLargeError: the file is over the limit.
        :raise UnavailableError: the server does not answer, or broke off: try again.
        """
        upload = self._by_id(upload_id)
        if upload.is_complete:
            return upload
        if upload.state is not UploadState.REMOTE:
            raise ConflictError("this upload is being received, not fetched")
        path = self._file(upload_id)
        whole = fetch(
            url, path, limit_bytes=self.limit_bytes, on_progress=on_progress, should_stop=should_stop, network=self._network
        )
        return self._complete(self._by_id(upload_id)) if whole else None

    def get(self, principal: Principal, upload_id: str) -> Upload:
        """Return an upload of this principal.

        :raise NotFoundError: there is none with that id, or it is another's.
        """
        upload = self._by_id(upload_id)
        if upload.owner != principal.name:
            raise NotFoundError("there is no such upload: it was deleted, refused or never begun")
        return upload

    def list_open(self, principal: Principal) -> list[Upload]:
        """Return what this principal began to send and did not finish, newest first."""
        return [upload for upload in self._all_open() if upload.owner == principal.name]

    def list_complete(self, principal: Principal) -> list[Upload]:
        """Return the files of this principal that are here, newest first."""
        return self._select(
            tables.uploads.c.owner == principal.name, tables.uploads.c.state == UploadState.COMPLETE.value
        )

    def path(self, upload_id: str) -> Path:
        """Return where a complete file lies.

        :raise ConflictError: it is not complete.
        """
        if not self._by_id(upload_id).is_complete:
            raise ConflictError("the file has not arrived completely")
        return self._file(upload_id)

    def delete(self, principal: Principal, upload_id: str) -> None:
        """Delete an upload and what has arrived of it."""
        self._remove(self.get(principal, upload_id).id)

    def discard(self, upload_id: str) -> None:
        """Delete the file of a job that is deleted. Idempotent."""
        self._remove(upload_id)

    def sweep(self, older_than: timedelta, in_use: Collection[str]) -> int:
        """Delete uploads untouched for `older_than` that no job uses, and files nobody knows; return how many."""
        oldest = datetime.now(UTC) - older_than
        removed = 0
        with self._database.read() as connection:
            rows = connection.execute(sa.select(tables.uploads.c.id, tables.uploads.c.created_at)).all()
        for row in rows:
            if row.id not in in_use and max(row.created_at, self._touched(row.id)) < oldest:
                self._remove(row.id)
                removed += 1
        known = {row.id for row in rows}
        for path in self._root.glob("??/*"):
            if path.name not in known and time.time() - path.stat().st_mtime > _UNTOLD.total_seconds():
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    # Rows

    def _new(
        self, principal: Principal, filename: str, size: int | None, state: UploadState, fingerprint: str = ""
    ) -> Upload:
        upload_id = uuid4().hex
        path = self._file(upload_id)
        with _plain_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            connection.execute(
                sa.insert(tables.uploads).values(
                    id=upload_id, owner=principal.name, filename=filename, size=size, state=state.value, content="",
                    fingerprint=fingerprint[:64], created_at=now, updated_at=now,
                )
            )
        return Upload(upload_id, principal.name, filename, size, 0, state, None, now)

    def _select(self, *conditions: sa.ColumnElement[bool]) -> list[Upload]:
        query = sa.select(tables.uploads).where(*conditions)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(tables.uploads.c.created_at.desc())).all()
        return [self._upload(row) for row in rows]

    def _all_open(self) -> list[Upload]:
        return self._select(tables.uploads.c.state == UploadState.RECEIVING.value)

    def _by_id(self, upload_id: str) -> Upload:
        if not _ID.fullmatch(upload_id):
            raise InvalidIdentifierError("an upload id has 32 hexadecimal digits")
        found = self._select(tables.uploads.c.id == upload_id)
        if not found:
            raise NotFoundError("there is no such upload: it was deleted, refused or never begun")
        upload = found[0]
        if upload.state is UploadState.RECEIVING and upload.received == upload.size:
            return self._complete(upload)  # the process ended between the last byte and the note of it
        return upload

    def _upload(self, row: Any) -> Upload:
        path = self._file(row.id)
        received = path.stat().st_size if path.exists() else 0
        content = Content(row.content) if row.content else None
        return Upload(row.id, row.owner, row.filename, row.size, received, UploadState(row.state), content, row.created_at)

    def _fingerprint(self, upload_id: str) -> str:
        with self._database.read() as connection:
            found: str | None = connection.scalar(
                sa.select(tables.uploads.c.fingerprint).where(tables.uploads.c.id == upload_id)
            )
        return found or ""

    def _complete(self, upload: Upload) -> Upload:
        """Judge the file by its first bytes, put it safely on disk, and note that it is whole."""
        content = self._judge(upload.id, whole=True)
        with _plain_errors(), self._file(upload.id).open("rb+") as file:
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        values = {"state": UploadState.COMPLETE.value, "size": size, "content": content.value if content else ""}
        with self._database.begin() as connection:
            connection.execute(
                sa.update(tables.uploads)
                .where(tables.uploads.c.id == upload.id)
                .values(**values, updated_at=datetime.now(UTC))
            )
        return Upload(
            upload.id, upload.owner, upload.filename, size, size, UploadState.COMPLETE, content, upload.created_at
        )

    def _remove(self, upload_id: str) -> None:
        with self._database.begin() as connection:
            connection.execute(sa.delete(tables.uploads).where(tables.uploads.c.id == upload_id))
        self._file(upload_id).unlink(missing_ok=True)

    # Files

    def _file(self, upload_id: str) -> Path:
        return self._root / upload_id[:2] / upload_id

    def _touched(self, upload_id: str) -> datetime:
        path = self._file(upload_id)
        return datetime.fromtimestamp(path.stat().st_mtime if path.exists() else 0, UTC)

    def _append(self, upload: Upload, offset: int, data: bytes) -> Upload:
        if upload.state is not UploadState.RECEIVING:
            raise ConflictError("the upload is complete: there is nothing to add")
        end = self.limit_bytes if upload.size is None else upload.size
        with _plain_errors(), _locked(self._file(upload.id)) as handle:
            length = os.fstat(handle).st_size
            if offset != length:
                raise OffsetError(length)
            if length + len(data) > end:
                raise _over_the_limit(end) if upload.size is None else _more_than_announced(end)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
        received = length + len(data)
        if length < HEAD_BYTES:
            self._judge(upload.id, whole=False)
        grown = Upload(
            upload.id, upload.owner, upload.filename, upload.size, received, upload.state, None, upload.created_at
        )
        return self._complete(grown) if received == upload.size else grown

    async def _write_all(self, upload: Upload, pieces: AsyncIterator[bytes]) -> Upload:
        """Gather small pieces into larger writes, so that memory stays at one write whatever the size of the file."""
        gathered = bytearray()
        try:
            async for piece in pieces:
                if piece and upload.is_complete and upload.size is not None:
                    raise _more_than_announced(upload.size)
                gathered += piece
                if len(gathered) >= _PIECE_BYTES:
                    data, gathered = bytes(gathered), bytearray()
                    upload = await asyncio.to_thread(self._append, upload, upload.received, data)
        finally:
            if gathered:  # also when the connection broke: the sender need not send these again
                upload = self._append(upload, upload.received, bytes(gathered))
        return upload

    def _judge(self, upload_id: str, *, whole: bool) -> Content | None:
        with _plain_errors(), self._file(upload_id).open("rb") as file:
            head = file.read(HEAD_BYTES)
        try:
            return inspect(head, whole=whole or len(head) == HEAD_BYTES)
        except InvalidInputError:
            self._remove(upload_id)
            raise


def _refuse_without_rights(principal: Principal) -> None:
    if not (principal.may_see_patients or principal.may_administer):
        raise AccessDeniedError("you may not send files: ask an administrator for access")


def _over_the_limit(limit: int) -> TooLargeError:
    return TooLargeError(f"the file is larger than {limit >> 20} MB (AUTO_MAX_UPLOAD_SIZE_MB)")


def _more_than_announced(size: int) -> TooLargeError:
    return TooLargeError(f"more bytes were sent than the {size} that were announced: announce the file anew")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file for appending and hold its lock; the lock ends with the process, however that ends."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError("there is no such upload: it was deleted, refused or never begun") from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise UnavailableError("the server's disk is full: what has arrived is kept; try again when there is room") from error
        raise UnavailableError(f"the server cannot write the file ({error.strerror}): ask an administrator") from error
