"""The durable queue: DBOS behind six verbs of ours.

DBOS knows two ids for each stay in the queue (a job's and a ticket), and nothing else: no argument, result or error of it holds
data. What a job is, and what came of it, stands in our own table, which decides: an entry of the queue that finds its job
cancelled, deleted or under another ticket does nothing. So a job is not lost when the queue forgets it (`Jobs.reconcile` puts
it back), and not worked on twice when the queue repeats itself.

SEE: dbos 3.4 `_recovery.py` and `_queue.py`. What is relied on: entries are handed out at least once; an entry handed out to an
executor that ended is handed out again when an executor of the same name starts, or when `recover` names it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from dbos import error as dbos_error

from services.errors import ConfigurationError, UnavailableError
from services.jobs.slots import Slots

_LOG = logging.getLogger("paratope.jobs")
_NAME = "paratope"
_QUEUE = "jobs"
_VERSION = "1"
"""Fixed, because entries of another version are never handed out. It changes only together with what an entry means."""
_POLL_SECONDS = 0.2
_MAX_RECOVERIES = 3
_ENDED = frozenset({"SUCCESS", "ERROR", "CANCELLED"})

Work = Callable[[str, str], None]
"""Does the work of one job: called with its id and the ticket of the entry that was handed out. Must not raise."""


class EntryState(StrEnum):
    """Where an entry of the queue is."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    GIVEN_UP = "given up"
    """Handed out too often: each time the process ended before the work did."""


class DurableQueue:
    """Entries that survive the process. There is one for each process, because DBOS is one for each process."""

    _in_use = threading.Lock()

    def __init__(self, url: str, slots: Slots, workers: int) -> None:
        self._url = url
        self._slots = slots
        self._workers = workers
        self._slot: str | None = None

    @property
    def running(self) -> bool:
        return self._slot is not None

    def start(self, work: Work) -> None:
        """Open the queue and begin to hand out entries, those first that were under way when this slot's last process ended.

        :raise ConfigurationError: another queue is open in this process.
        :raise UnavailableError: the database of the queue cannot be opened.
        """
        global _work  # DBOS calls a registered function, which must know whom to call
        if not self._in_use.acquire(blocking=False):
            raise ConfigurationError("a process can run one job queue: close the other one first")
        slot = self._slots.take()
        try:
            _use_wal(self._url)
            _quiet()
            _work = work
            DBOS(config=self._config(slot))
            DBOS.listen_queues([_QUEUE] if self._workers else [])
            DBOS.launch()
            DBOS.register_queue(
                _QUEUE, worker_concurrency=max(1, self._workers), polling_interval_sec=_POLL_SECONDS, on_conflict="always_update"
            )
        except (dbos_error.DBOSException, sa.exc.SQLAlchemyError, OSError) as error:
            DBOS.destroy()
            self._slots.release()
            self._in_use.release()
            raise UnavailableError(f"the job queue cannot be opened ({type(error).__name__})") from error
        self._slot = slot

    def close(self) -> None:
        """Stop handing out entries. Idempotent. Work under way must have been told to stop before."""
        global _work
        if self._slot is None:
            return
        self._slot = None
        DBOS.destroy(workflow_completion_timeout_sec=0)
        _work = None
        self._slots.release()
        self._in_use.release()

    def enqueue(self, job_id: str, ticket: str) -> None:
        """Add an entry. Idempotent for a ticket."""
        with _translated(), SetWorkflowID(ticket):
            DBOS.enqueue_workflow(_QUEUE, _run_entry, job_id)

    def states(self, tickets: Collection[str]) -> Mapping[str, EntryState]:
        """Return where entries are; one that is missing is unknown to the queue."""
        if not tickets:
            return {}
        with _translated():
            found = DBOS.list_workflows(workflow_ids=list(tickets), load_input=False, load_output=False)
        return {one.workflow_id: _state(one.status, one.app_version) for one in found}

    def forget(self, job_id: str) -> None:
        """Delete all entries of a job that is deleted."""
        with _translated():
            found = DBOS.list_workflows(workflow_id_prefix=f"{job_id}.", load_input=False, load_output=False)
            if found:
                DBOS.delete_workflows([one.workflow_id for one in found])

    def recover(self) -> int:
        """Put back what other processes left behind when they ended; returns how many entries that were.

        DBOS leaves this to a paid service. Here a slot is locked as long as its process lives, so a lock that can be had is a
        process that is gone.
        """
        if self._slot is None or not self._workers:
            return 0
        with _translated():
            pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
            gone = {one.executor_id for one in pending if one.executor_id} - {self._slot}
            recovered = 0
            for slot in sorted(gone):
                with self._slots.if_free(slot) as free:
                    if free:
                        recovered += len(DBOS._recover_pending_workflows([slot]))
        return recovered

    def keep_slot(self) -> None:
        """Make sure that this process still holds its slot; a lost database connection takes the lock with it."""
        self._slots.keep()

    def _config(self, slot: str) -> DBOSConfig:
        return {
            "name": _NAME,
            "system_database_url": self._url,
            "application_version": _VERSION,
            "executor_id": slot,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "enable_otlp": False,
            "sys_db_pool_size": 5,
            "max_executor_threads": max(8, 4 * self._workers),
            "notification_listener_polling_interval_sec": 0.2,
            "scheduler_polling_interval_sec": 3_600.0,
        }


_work: Work | None = None


@DBOS.workflow(name="run_entry", max_recovery_attempts=_MAX_RECOVERIES)
def _run_entry(job_id: str) -> None:
    ticket = DBOS.workflow_id
    if _work is not None and ticket is not None:
        _work(job_id, ticket)


def _state(status: str, version: str | None) -> EntryState:
    if status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        return EntryState.GIVEN_UP
    if status in _ENDED or version not in (None, _VERSION):
        return EntryState.ENDED
    return EntryState.RUNNING if status == "PENDING" else EntryState.WAITING


def _use_wal(url: str) -> None:
    """Let readers go on while one writes; the mode is kept in the file, and must be set before DBOS opens it."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(parsed.database, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


class _OneLine(logging.Handler):
    """Passes on that something went wrong in the queue, without frames and parameters."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "see the database of the queue"
        _LOG.warning("the job queue reports a problem in %s (%s)", record.module, kind)


def _quiet() -> None:
    logger = logging.getLogger("dbos")
    logger.propagate = False
    logger.setLevel(logging.ERROR)
    if not any(isinstance(handler, _OneLine) for handler in logger.handlers):
        logger.handlers[:] = [_OneLine()]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (dbos_error.DBOSException, sa.exc.SQLAlchemyError) as error:
        raise UnavailableError(f"the job queue does not answer ({type(error).__name__}): try again") from error
