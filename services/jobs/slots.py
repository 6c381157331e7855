"""Slots: a name for each process that runs jobs, and a lock that lives exactly as long as the process.

The queue remembers which slot had a job. A process that starts takes the first free slot, so after a crash the same name comes
back, and with it what that name had left behind. And whoever can take the lock of another slot knows that its process is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from services.errors import ConfigurationError

_LOG = logging.getLogger("paratope.jobs")
MAX_SLOTS = 64
_LOCK_FAMILY = 718_281
"""The first half of the key of PostgreSQL's advisory locks; the second is the slot's number."""


class Slots(Protocol):
    """Names for processes, by a lock."""

    def take(self) -> str:
        """Take the first free slot. :raise ConfigurationError: all are taken."""
        ...

    def keep(self) -> None:
        """Take the lock again where it was lost."""
        ...

    @contextmanager
    def if_free(self, slot: str) -> Iterator[bool]:
        """Hold the lock of another slot during the block; gives False where a living process holds it."""
        ...

    def release(self) -> None:
        """Give the slot back. Idempotent."""
        ...


class FileSlots:
    """Slots of the processes on one machine: locks on files, which the operating system drops when a process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None

    def take(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in range(MAX_SLOTS):
            descriptor = self._lock(number)
            if descriptor is not None:
                self._held = descriptor
                return _name(number)
        raise ConfigurationError(f"{MAX_SLOTS} processes run jobs here already")

    def keep(self) -> None:
        """A lock on a file is not lost while the process lives."""

    @contextmanager
    def if_free(self, slot: str) -> Iterator[bool]:
        number = _number(slot)
        descriptor = None if number is None else self._lock(number)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _lock(self, number: int) -> int | None:
        descriptor = os.open(self._folder / f"{_name(number)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor


class PostgresSlots:
    """Slots of processes on any number of machines: advisory locks, which PostgreSQL drops with the connection."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._number: int | None = None

    def take(self) -> str:
        connection = self._open()
        for number in range(MAX_SLOTS):
            if _try_lock(connection, number):
                self._connection, self._number = connection, number
                return _name(number)
        connection.close()
        raise ConfigurationError(f"{MAX_SLOTS} processes run jobs on this database already")

    def keep(self) -> None:
        if self._number is None:
            return
        try:
            if self._connection is not None:
                self._connection.execute(sa.select(1))
                return
        except sa.exc.SQLAlchemyError:
            self._drop()
        try:
            connection = self._open()
            if _try_lock(connection, self._number):
                self._connection = connection
                return
            connection.close()
            _LOG.error("slot %s of the job queue was lost and is taken by another process", _name(self._number))
        except sa.exc.SQLAlchemyError as error:
            _LOG.warning("slot %s of the job queue waits for the database (%s)", _name(self._number), type(error).__name__)

    @contextmanager
    def if_free(self, slot: str) -> Iterator[bool]:
        number = _number(slot)
        if number is None:
            yield False
            return
        with self._open() as connection:
            free = _try_lock(connection, number)
            try:
                yield free
            finally:
                if free:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK_FAMILY, number)))

    def release(self) -> None:
        self._drop()
        self._number = None

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                self._connection.invalidate()  # closes the session on the server; a pooled one would keep the lock
                self._connection.close()
            self._connection = None

    def _open(self) -> sa.Connection:
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _try_lock(connection: sa.Connection, number: int) -> bool:
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK_FAMILY, number))).scalar())


def _name(number: int) -> str:
    return f"w{number}"


def _number(slot: str) -> int | None:
    digits = slot.removeprefix("w")
    return int(digits) if digits.isdecimal() and slot == f"w{int(digits)}" else None
