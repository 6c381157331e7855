"""The jobs in the system of record: every change is one guarded statement, and every change leaves an event.

A change names the state it starts from. Whoever comes second (a cancel that meets the end of the work, two processes that both
believe a job is theirs) changes nothing and is told so, so no lock is held while work goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.jobs.model import ACTIVE, FINISHED, RETRYABLE, STOPPING, Job, JobEvent, JobProblem, JobStatus
from services.storage.database import Database
from services.storage.tables import job_events, jobs

_EVENTS_LOCK = 5_318_008_042
"""Serialises the numbering of events on PostgreSQL: a number must not become visible before a smaller one."""
MAX_LISTED = 1_000
STOPPING_TIME = timedelta(seconds=10)
"""A cancelled job that says it is stopping for longer than this was run by a process that is gone."""
_MAX_MESSAGE = 2_000


class JobStore:
    """Reads and changes jobs. Owners are checked by the caller (`services/jobs/service.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, *, owner: str, kind: str, status: JobStatus, request: Mapping[str, Any], sample_name: str, message: str,
    ) -> Job:
        """Insert a job with its first event."""
        now = datetime.now(UTC)
        job_id = f"job_{secrets.token_hex(12)}"
        row = {
            "id": job_id, "owner": owner, "kind": kind, "sample_name": sample_name[:200], "request": dict(request),
            "status": status.value, "stage": "", "progress": 0, "message": message[:_MAX_MESSAGE], "attempt": 1,
            "ticket": new_ticket(job_id), "created_at": now, "updated_at": now,
        }
        with self._database.begin() as connection:
            connection.execute(sa.insert(jobs), row)
            _note(connection, row)
        return _job(row)

    def get(self, job_id: str) -> Job | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id[:32])).mappings().first()
        return None if row is None else _job(row)

    def list(
        self, owner: str | None, *, limit: int, offset: int = 0, statuses: Collection[JobStatus] = (), kind: str | None = None,
    ) -> tuple[Job, ...]:
        """Return jobs, newest first; `owner` None means everybody's."""
        query = sa.select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(min(limit, MAX_LISTED)).offset(offset)
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        if statuses:
            query = query.where(jobs.c.status.in_([status.value for status in statuses]))
        if kind is not None:
            query = query.where(jobs.c.kind == kind)
        with self._database.read() as connection:
            return tuple(_job(row) for row in connection.execute(query).mappings())

    def unfinished(self) -> tuple[Job, ...]:
        """Return every job that is queued or processing, oldest first."""
        query = sa.select(jobs).where(jobs.c.status.in_([status.value for status in ACTIVE])).order_by(jobs.c.created_at)
        with self._database.read() as connection:
            return tuple(_job(row) for row in connection.execute(query).mappings())

    def counts(self, owner: str | None) -> dict[JobStatus, int]:
        """Count jobs by state."""
        query = sa.select(jobs.c.status, sa.func.count()).group_by(jobs.c.status)
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        with self._database.read() as connection:
            return {JobStatus(status): int(count) for status, count in connection.execute(query)}

    def busy(self, owner: str | None) -> bool:
        """Whether a job will change by itself: it is not finished, or was cancelled and its work is being stopped."""
        waiting = [JobStatus.UPLOAD_PENDING.value, *(status.value for status in ACTIVE)]
        stopping = (jobs.c.status == JobStatus.CANCELLED.value) & (jobs.c.stage == STOPPING)
        recent = jobs.c.updated_at > datetime.now(UTC) - STOPPING_TIME
        query = sa.select(jobs.c.id).where(jobs.c.status.in_(waiting) | (stopping & recent)).limit(1)
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def requested(self, kind: str, name: str) -> tuple[str, ...]:
        """Return one value of the requests of all jobs of a kind, those without it left out."""
        query = sa.select(jobs.c.request).where(jobs.c.kind == kind)
        with self._database.read() as connection:
            return tuple(str(request[name]) for request in connection.execute(query).scalars() if name in request)

    def naming(self, text: str) -> int:
        """Count the jobs whose request holds a text, such as the id of an upload."""
        written = sa.cast(jobs.c.request, sa.Text)
        query = sa.select(sa.func.count()).select_from(jobs).where(written.contains(text, autoescape=True))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    # -- changes

    def claim(self, job_id: str, ticket: str) -> Job | None:
        """Begin a run for the holder of the ticket; None where the job is not to be run by it.

        A job that is `processing` already was left by a process that ended: a new attempt begins, from 0 again.
        """
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            row = _locked(connection, job_id)
            if row is None or row["ticket"] != ticket or row["status"] not in ACTIVE:
                return None
            again = row["status"] == JobStatus.PROCESSING
            row.update(
                status=JobStatus.PROCESSING.value, stage="starting", progress=0, attempt=row["attempt"] + (1 if again else 0),
                message="The program was stopped; the job starts again" if again else "Starting",
                started_at=now, updated_at=now, completed_at=None, problem=None, result=None,
            )
            _write(connection, row)
        return _job(row)

    def advance(self, run: Job, *, stage: str, progress: int, message: str) -> bool:
        """Note progress of a run; False where the run is over for another reason: cancelled, deleted or taken over."""
        with self._database.begin() as connection:
            row = _running(connection, run)
            if row is None:
                return False
            row.update(
                stage=stage[:64], progress=max(row["progress"], min(99, max(0, progress))), message=message[:_MAX_MESSAGE],
                updated_at=datetime.now(UTC),
            )
            _write(connection, row)
        return True

    def finish(
        self, run: Job, status: JobStatus, message: str, *,
        result: Mapping[str, Any] | None = None, problem: JobProblem | None = None,
    ) -> bool:
        """End a run; False where it had ended before."""
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            row = _running(connection, run)
            if row is None:
                return False
            done = status is JobStatus.COMPLETED
            row.update(
                status=status.value, message=message[:_MAX_MESSAGE], updated_at=now, completed_at=now,
                stage="" if done else row["stage"], progress=100 if done else row["progress"],
                result=None if result is None else dict(result), problem=None if problem is None else problem.as_dict(),
            )
            _write(connection, row)
        return True

    def is_current(self, run: Job) -> bool:
        """Whether the run may go on."""
        query = sa.select(jobs.c.id).where(*_same_run(run))
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def put_back(self, run: Job, message: str) -> bool:
        """Return a run to the queue without an end, under a new ticket; used when the program shuts down."""
        with self._database.begin() as connection:
            row = _running(connection, run)
            if row is None:
                return False
            row.update(
                status=JobStatus.QUEUED.value, stage="", progress=0, message=message, attempt=row["attempt"] + 1,
                ticket=new_ticket(run.id), started_at=None, updated_at=datetime.now(UTC),
            )
            _write(connection, row)
        return True

    def cancel(self, job_id: str) -> Job | None:
        """Cancel a queued or running job; None where it is in another state."""
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            row = _locked(connection, job_id)
            if row is None or row["status"] not in ACTIVE:
                return None
            running = row["status"] == JobStatus.PROCESSING
            row.update(
                status=JobStatus.CANCELLED.value, stage=STOPPING if running else "", updated_at=now, completed_at=now,
                message="Cancelled; the work is being stopped" if running else "Cancelled before it started",
            )
            _write(connection, row)
        return _job(row)

    def stopped(self, run: Job) -> None:
        """Note that the work of a cancelled run has ended."""
        with self._database.begin() as connection:
            row = _locked(connection, run.id)
            if row is None or row["status"] != JobStatus.CANCELLED or row["stage"] != STOPPING or row["attempt"] != run.attempt:
                return
            row.update(stage="", message="Cancelled; the work was stopped", updated_at=datetime.now(UTC))
            _write(connection, row)

    def requeue(
        self, job_id: str, expected: Collection[JobStatus], *, message: str, ticket: str | None = None,
        request: Mapping[str, Any] | None = None, sample_name: str | None = None,
    ) -> Job | None:
        """Put a job into the queue under a new ticket; None where it is not in an expected state or holds another ticket."""
        with self._database.begin() as connection:
            row = _locked(connection, job_id)
            if row is None or row["status"] not in expected or (ticket is not None and row["ticket"] != ticket):
                return None
            began = row["status"] in RETRYABLE or row["status"] == JobStatus.PROCESSING
            row.update(
                status=JobStatus.QUEUED.value, stage="", progress=0, message=message[:_MAX_MESSAGE], problem=None, result=None,
                attempt=row["attempt"] + (1 if began else 0), ticket=new_ticket(job_id), started_at=None, completed_at=None,
                updated_at=datetime.now(UTC),
            )
            if request is not None:
                row["request"] = dict(request)
            if sample_name is not None:
                row["sample_name"] = sample_name[:200]
            _write(connection, row)
        return _job(row)

    def fail(self, job_id: str, expected: Collection[JobStatus], problem: JobProblem, ticket: str | None = None) -> Job | None:
        """Fail a job that no run holds; None where it is not in an expected state or holds another ticket."""
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            row = _locked(connection, job_id)
            if row is None or row["status"] not in expected or (ticket is not None and row["ticket"] != ticket):
                return None
            row.update(
                status=JobStatus.FAILED.value, message=problem.text[:_MAX_MESSAGE], problem=problem.as_dict(),
                updated_at=now, completed_at=now,
            )
            _write(connection, row)
        return _job(row)

    def arriving(self, job_id: str, *, progress: int, message: str) -> None:
        """Note how much of a job's file has arrived."""
        with self._database.begin() as connection:
            row = _locked(connection, job_id)
            if row is None or row["status"] != JobStatus.UPLOAD_PENDING:
                return
            row.update(progress=max(row["progress"], min(99, progress)), message=message[:_MAX_MESSAGE],
                       stage="uploading", updated_at=datetime.now(UTC))
            _write(connection, row)

    def silent_uploads(self, before: datetime) -> Sequence[str]:
        """Return the jobs whose upload was last heard of before a point in time."""
        query = sa.select(jobs.c.id).where(jobs.c.status == JobStatus.UPLOAD_PENDING.value, jobs.c.updated_at < before)
        with self._database.read() as connection:
            return [str(job_id) for (job_id,) in connection.execute(query)]

    def delete(self, job_id: str, expected: Collection[JobStatus] = FINISHED) -> bool:
        """Delete a job with its events; False where it is not in an expected state."""
        with self._database.begin() as connection:
            row = _locked(connection, job_id)
            if row is None or row["status"] not in expected:
                return False
            connection.execute(sa.delete(job_events).where(job_events.c.job_id == job_id))
            connection.execute(sa.delete(jobs).where(jobs.c.id == job_id))
        return True

    # -- history

    def log(self, job_id: str, limit: int = MAX_LISTED) -> tuple[JobEvent, ...]:
        """Return the last events of a job, oldest first."""
        query = sa.select(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(_event(row) for row in connection.execute(query).mappings())[::-1]

    def events(self, after: int, owner: str | None, limit: int = MAX_LISTED) -> tuple[JobEvent, ...]:
        """Return events with a number above `after`, in the order of numbers."""
        query = sa.select(job_events).where(job_events.c.number > after).order_by(job_events.c.number).limit(limit)
        if owner is not None:
            query = query.join(jobs, jobs.c.id == job_events.c.job_id).where(jobs.c.owner == owner)
        with self._database.read() as connection:
            return tuple(_event(row) for row in connection.execute(query).mappings())

    def last_number(self) -> int:
        """Return the number of the newest event, 0 where there is none."""
        with self._database.read() as connection:
            return int(connection.execute(sa.select(sa.func.max(job_events.c.number))).scalar() or 0)


def new_ticket(job_id: str) -> str:
    """Return a name for one stay in the queue."""
    return f"{job_id}.{secrets.token_hex(6)}"


def _locked(connection: sa.Connection, job_id: str) -> dict[str, Any] | None:
    """Read a row for a change. SQLite holds the write lock since the transaction began; PostgreSQL locks the row."""
    query = sa.select(jobs).where(jobs.c.id == job_id[:32]).with_for_update()
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _running(connection: sa.Connection, run: Job) -> dict[str, Any] | None:
    row = _locked(connection, run.id)
    same = row is not None and (row["ticket"], row["attempt"], row["status"]) == (run.ticket, run.attempt, JobStatus.PROCESSING)
    return row if same else None


def _same_run(run: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        jobs.c.id == run.id, jobs.c.ticket == run.ticket, jobs.c.attempt == run.attempt,
        jobs.c.status == JobStatus.PROCESSING.value,
    )


def _write(connection: sa.Connection, row: dict[str, Any]) -> None:
    connection.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**row))
    _note(connection, row)


def _note(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EVENTS_LOCK)))
    connection.execute(
        sa.insert(job_events).values(
            job_id=row["id"], attempt=row["attempt"], status=row["status"], stage=row["stage"], progress=row["progress"],
            message=row["message"], created_at=row["updated_at"],
        )
    )


def _job(row: Mapping[Any, Any]) -> Job:
    problem = row.get("problem")
    return Job(
        id=row["id"], owner=row["owner"], kind=row["kind"], sample_name=row["sample_name"], status=JobStatus(row["status"]),
        stage=row["stage"], progress=row["progress"], message=row["message"], attempt=row["attempt"],
        created_at=row["created_at"], updated_at=row["updated_at"], started_at=row.get("started_at"),
        completed_at=row.get("completed_at"), problem=None if not problem else JobProblem.from_dict(problem),
        result=row.get("result"), request=row["request"], ticket=row["ticket"],
    )


def _event(row: Mapping[Any, Any]) -> JobEvent:
    return JobEvent(
        number=row["number"], job_id=row["job_id"], attempt=row["attempt"], status=JobStatus(row["status"]),
        stage=row["stage"], progress=row["progress"], message=row["message"], created_at=row["created_at"],
    )
