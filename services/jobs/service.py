"""Jobs: submitted, listed, watched, cancelled, retried, deleted; and run, a few at a time, by this process.

Our table decides and the queue delivers. `reconcile` brings the two together every few seconds and at each start, so neither a
crash between the two nor a lost queue loses a job.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from services.access.principals import Principal
from services.errors import ConfigurationError, ConflictError, InvalidInputError, NotFoundError, ParatopeError, UnavailableError
from services.jobs.engine import EntryState, Work
from services.jobs.model import (
    ACTIVE,
    FINISHED,
    RETRYABLE,
    STOPPING,
    Job,
    JobEvent,
    JobProblem,
    JobStatus,
)
from services.jobs.running import JobRun, Runner
from services.jobs.store import MAX_LISTED, STOPPING_TIME, JobStore
from services.storage.database import Database

_LOG = logging.getLogger("paratope.jobs")
_RECONCILE_SECONDS = 5.0
_SILENT_UPLOAD = timedelta(minutes=2)


class Queue(Protocol):
    """What is needed of the durable queue; see `services/jobs/engine.py`."""

    @property
    def running(self) -> bool: ...
    def start(self, work: Work) -> None: ...
    def close(self) -> None: ...
    def enqueue(self, job_id: str, ticket: str) -> None: ...
    def states(self, tickets: Collection[str]) -> Mapping[str, EntryState]: ...
    def forget(self, job_id: str) -> None: ...
    def recover(self) -> int: ...
    def keep_slot(self) -> None: ...


@dataclass(frozen=True, slots=True)
class JobKind:
    """What jobs of one kind do.

    `work` returns the message to end with and the result; `undo` deletes what the work has made so far, because it failed or was
    cancelled; `remove` deletes that and what was given to it, because the job is deleted. Each may be called again after a crash,
    and must then find what is done already. `renew` returns what must change in the request before the job is tried again.
    """

    name: str
    work: Callable[[JobRun], tuple[str, Mapping[str, Any]]]
    undo: Callable[[Job], None]
    remove: Callable[[Job], None]
    renew: Callable[[Job], Mapping[str, Any]] = lambda _job: {}


class Jobs:
    """All jobs of an installation. Callers see their own; an administrator sees everybody's. Safe for many threads."""

    def __init__(self, database: Database, queue: Queue, folder: Path, workers: int) -> None:
        self._store = JobStore(database)
        self._queue = queue
        self._kinds: dict[str, JobKind] = {}
        self._runner = Runner(self._store, self._kinds, folder, max(1, workers))
        self._watch: threading.Thread | None = None
        self._closing = threading.Event()
        self._ending = False

    def register(self, kind: JobKind) -> None:
        """Make a kind of job known. Before `start`."""
        if self._watch is not None:
            raise ConfigurationError("kinds of jobs are registered before jobs start")
        self._kinds[kind.name] = kind

    # -- what callers do

    def submit(
        self, principal: Principal, kind: str, request: Mapping[str, Any], *, sample_name: str = "", message: str = "Queued",
    ) -> Job:
        """Queue a job; it is stored when this returns, and will be run whatever happens to this process.

        :raise InvalidInputError: no such kind.
        """
        self._known(kind)
        job = self._store.create(
            owner=principal.name, kind=kind, status=JobStatus.QUEUED, request=request, sample_name=sample_name, message=message
        )
        self._deliver(job)
        return job

    def announce(self, principal: Principal, kind: str, *, sample_name: str = "") -> Job:
        """Create a job whose file is still on its way: `upload_pending` until `release` or `abandon`."""
        self._known(kind)
        return self._store.create(
            owner=principal.name, kind=kind, status=JobStatus.UPLOAD_PENDING, request={}, sample_name=sample_name,
            message="The file is being uploaded",
        )

    def arriving(self, job: Job, *, progress: int, message: str) -> None:
        """Note how much of the file has arrived; an upload that is silent for two minutes counts as broken off."""
        self._store.arriving(job.id, progress=progress, message=message)

    def release(self, job: Job, request: Mapping[str, Any], *, sample_name: str, message: str = "Queued") -> Job:
        """Queue an announced job, now that its file is here.

        :raise ConflictError: it was given up in the meantime.
        """
        released = self._store.requeue(
            job.id, {JobStatus.UPLOAD_PENDING}, message=message, request=request, sample_name=sample_name
        )
        if released is None:
            raise ConflictError("the upload took too long without a word and was given up: upload the file again")
        self._deliver(released)
        return released

    def abandon(self, job: Job, problem: JobProblem) -> None:
        """End an announced job whose file did not arrive."""
        self._store.fail(job.id, {JobStatus.UPLOAD_PENDING}, problem)

    def withdraw(self, job: Job) -> None:
        """Forget an announced job whose file was refused while its sender was listening."""
        self._store.delete(job.id, {JobStatus.UPLOAD_PENDING})

    def list(
        self, principal: Principal, *, limit: int = 100, offset: int = 0, status: JobStatus | str | None = None,
    ) -> tuple[Job, ...]:
        """Return the caller's jobs, newest first.

        :raise InvalidInputError: an unknown state, or a page beyond the limits.
        """
        if not 0 < limit <= MAX_LISTED or offset < 0:
            raise InvalidInputError(f"limit is from 1 to {MAX_LISTED:,}, offset from 0")
        statuses = () if status is None else (_status(status),)
        return self._store.list(_owner(principal), limit=limit, offset=offset, statuses=statuses)

    def counts(self, principal: Principal) -> dict[JobStatus, int]:
        """Count the caller's jobs by state; a state without jobs is absent."""
        return self._store.counts(_owner(principal))

    def busy(self, principal: Principal) -> bool:
        """Whether one of the caller's jobs will change by itself."""
        return self._store.busy(_owner(principal))

    def get(self, principal: Principal, job_id: str) -> Job:
        """Return one job.

        :raise NotFoundError: there is none, or it is somebody else's.
        """
        job = self._store.get(job_id)
        if job is None or _owner(principal) not in (None, job.owner):
            raise NotFoundError("no such job: look at the list of jobs")
        return job

    def cancel(self, principal: Principal, job_id: str) -> Job:
        """Cancel a queued or running job. It is `cancelled` at once; what runs is killed within a second or so.

        :raise ConflictError: it is not queued or running.
        """
        job = self.get(principal, job_id)
        cancelled = self._store.cancel(job.id)
        if cancelled is None:
            state = self.get(principal, job_id).status
            raise ConflictError(f"only a queued or processing job can be cancelled: this one is {state.value}")
        return cancelled

    def retry(self, principal: Principal, job_id: str, changes: Mapping[str, Any] | None = None) -> Job:
        """Queue a failed or cancelled job again, with `changes` to what was asked for.

        :raise ConflictError: it has not failed and was not cancelled, or its work is still being stopped.
        """
        job = self._stopped(self.get(principal, job_id))
        kind = self._kinds.get(job.kind)
        renewed = kind.renew(job) if kind is not None and job.retryable and job.request else {}
        request = {**job.request, **renewed, **(changes or {})}
        queued = None
        if job.request:  # an upload that never arrived left nothing to work on
            queued = self._store.requeue(job.id, RETRYABLE, message="Queued again", request=request)
        if queued is None:
            what = "the file did not arrive: upload it again" if not job.request else f"this one is {job.status.value}"
            raise ConflictError(f"only a failed or cancelled job can be tried again: {what}")
        self._deliver(queued)
        return queued

    def delete(self, principal: Principal, job_id: str) -> Job:
        """Delete a finished job with all it made; returns what it was.

        :raise ConflictError: it is not finished.
        """
        job = self._stopped(self.get(principal, job_id))
        if job.status not in FINISHED:
            raise ConflictError(f"only a finished job can be deleted: this one is {job.status.value}; cancel it first")
        kind = self._kinds.get(job.kind)
        if kind is not None:
            kind.remove(job)
        if not self._store.delete(job.id):
            raise ConflictError("the job was started again in the meantime: cancel it first")
        if self._queue.running:
            self._queue.forget(job.id)
        return job

    def requested(self, kind: str, name: str) -> tuple[str, ...]:
        """Return what all jobs of a kind asked for under one name, once for each job that did."""
        return self._store.requested(kind, name)

    def users_of(self, upload_id: str) -> int:
        """Count the jobs of any kind whose request names an upload."""
        return self._store.naming(upload_id)

    def log(self, principal: Principal, job_id: str) -> tuple[JobEvent, ...]:
        """Return a job's history, oldest first: its last thousand events."""
        return self._store.log(self.get(principal, job_id).id)

    def events(self, after: int, principal: Principal, limit: int = MAX_LISTED) -> tuple[JobEvent, ...]:
        """Return the events of the caller's jobs with a number above `after`, in order."""
        return self._store.events(after, _owner(principal), limit)

    def current_events(self, principal: Principal) -> tuple[tuple[JobEvent, ...], int]:
        """Return the last event of each unfinished job, in order, and the number of the newest event of all."""
        newest = self._store.last_number()
        unfinished = self._store.list(
            _owner(principal), limit=MAX_LISTED, statuses=(JobStatus.UPLOAD_PENDING, JobStatus.QUEUED, JobStatus.PROCESSING)
        )
        last = [event for job in unfinished for event in self._store.log(job.id, limit=1) if event.number <= newest]
        return tuple(sorted(last, key=lambda event: event.number)), newest

    # -- the life of the process

    @property
    def running(self) -> bool:
        """Whether this process takes part in the queue."""
        return self._queue.running

    @property
    def closed(self) -> bool:
        """Whether the process is ending; whoever waits for jobs stops then."""
        return self._ending or self._closing.is_set()

    def announce_end(self) -> None:
        """Say that the process is about to end; safe in a signal handler."""
        self._ending = True

    def start(self) -> None:
        """Begin to run jobs; those that were under way when the last process ended go first.

        :raise UnavailableError: the queue cannot be opened.
        """
        if self._watch is not None:
            return
        self._closing.clear()
        self._runner.open()
        self._runner.sweep()
        self._queue.start(self._runner.run)
        self._reconcile_quietly()
        self._watch = threading.Thread(target=self._keep_watch, name="jobs-watch", daemon=True)
        self._watch.start()

    def close(self) -> None:
        """Stop: running work is killed and its jobs go back to the queue, to be run at the next start. Idempotent."""
        self._closing.set()
        self._runner.close()
        if self._watch is not None:
            self._watch.join(10)
            self._watch = None
        self._queue.close()

    def reconcile(self) -> None:
        """Bring our table and the queue together.

        Jobs the queue does not know, or has done with, are put into it again; jobs it gave up fail and say so; what ended
        processes left behind is put back; uploads that broke off with their process fail.
        """
        self._queue.keep_slot()
        self._queue.recover()
        unfinished = self._store.unfinished()
        states = self._queue.states([job.ticket for job in unfinished])
        for job in unfinished:
            state = states.get(job.ticket)
            if state is None:
                self._queue.enqueue(job.id, job.ticket)
            elif state is EntryState.ENDED:
                message = "Queued again after the program was stopped"
                again = self._store.requeue(job.id, ACTIVE, ticket=job.ticket, message=message)
                if again is not None:
                    self._queue.enqueue(again.id, again.ticket)
            elif state is EntryState.GIVEN_UP:
                self._store.fail(job.id, ACTIVE, _GIVEN_UP, ticket=job.ticket)
        for job_id in self._store.silent_uploads(datetime.now(UTC) - _SILENT_UPLOAD):
            self._store.fail(job_id, {JobStatus.UPLOAD_PENDING}, _BROKEN_OFF)

    def _keep_watch(self) -> None:
        while not self._closing.wait(_RECONCILE_SECONDS):
            self._reconcile_quietly()

    def _reconcile_quietly(self) -> None:
        try:
            self.reconcile()
        except ParatopeError as error:
            _LOG.warning("jobs could not be compared with the queue: %s", error.message)

    def _deliver(self, job: Job) -> None:
        """Hand a stored job to the queue; where that fails now, the next reconciliation does it."""
        if not self._queue.running:
            return
        try:
            self._queue.enqueue(job.id, job.ticket)
        except UnavailableError as error:
            _LOG.warning("a job waits for the queue: %s", error.message)

    def _stopped(self, job: Job) -> Job:
        """Wait until the work of a cancelled job has ended; the process that ran it may have ended first."""
        deadline = job.updated_at + STOPPING_TIME
        while job.stage == STOPPING and datetime.now(UTC) < deadline:
            time.sleep(0.1)
            job = self._store.get(job.id) or job
        return job

    def _known(self, kind: str) -> None:
        if kind not in self._kinds:
            raise InvalidInputError(f"there are no jobs of the kind {kind[:64]!r}")


_GIVEN_UP = JobProblem(
    "the program ended several times while it worked on this job, so it is not tried again by itself",
    "Look for a lack of memory or disk space on the machine, then retry.",
)
_BROKEN_OFF = JobProblem("the upload broke off", "Upload the file again.")


def _owner(principal: Principal) -> str | None:
    return None if principal.may_administer else principal.name


def _status(status: JobStatus | str) -> JobStatus:
    try:
        return JobStatus(status)
    except ValueError:
        raise InvalidInputError(f"status must be one of {', '.join(one.value for one in JobStatus)}") from None
