"""What happens when a process ends, when the queue forgets, and when it repeats itself."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from services.errors import ConfigurationError
from services.jobs.engine import EntryState, Work
from services.jobs.model import JobStatus
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots
from services.jobs.store import JobStore
from services.storage.database import Database
from tests.unit.jobs.support import ADMIN, ANNA, Steered, build, finished, submit, until


def test_a_job_that_was_submitted_while_no_queue_ran_is_run_at_the_next_start(tmp_path: Path, database: Database) -> None:
    jobs = build(tmp_path, database, Steered())
    job = submit(jobs)
    assert jobs.get(ANNA, job.id).status is JobStatus.QUEUED
    jobs.start()
    try:
        assert finished(jobs, job).status is JobStatus.COMPLETED
    finally:
        jobs.close()


def test_a_running_job_goes_back_at_shutdown_and_on_at_the_next_start(tmp_path: Path, database: Database) -> None:
    steered = Steered()
    jobs = build(tmp_path, database, steered)
    jobs.start()
    running, waiting = submit(jobs, seconds=1.0), submit(jobs)
    until(lambda: jobs.get(ANNA, running.id).status is JobStatus.PROCESSING)
    jobs.close()
    put_back = jobs.get(ANNA, running.id)
    assert (put_back.status, put_back.attempt, put_back.progress) == (JobStatus.QUEUED, 2, 0)
    assert steered.undone == []
    again = build(tmp_path, database, steered)
    again.start()
    try:
        assert finished(again, running).status is JobStatus.COMPLETED
        assert finished(again, waiting).status is JobStatus.COMPLETED
        assert steered.begun.count(running.id) == 2
    finally:
        again.close()


def test_jobs_survive_the_loss_of_the_queue(tmp_path: Path, database: Database) -> None:
    steered = Steered()
    jobs = build(tmp_path, database, steered)
    jobs.start()
    job = submit(jobs, seconds=0.5)
    until(lambda: jobs.get(ANNA, job.id).status is JobStatus.PROCESSING)
    jobs.close()
    for path in tmp_path.glob("jobs.db*"):
        path.unlink()
    jobs.start()
    try:
        assert finished(jobs, job).status is JobStatus.COMPLETED
    finally:
        jobs.close()


def test_one_process_runs_one_queue(tmp_path: Path, database: Database) -> None:
    jobs = build(tmp_path, database, Steered())
    jobs.start()
    try:
        with pytest.raises(ConfigurationError, match="one job queue"):
            build(tmp_path / "other", database, Steered()).start()
    finally:
        jobs.close()
        jobs.close()


def test_the_queue_is_kept_so_that_readers_do_not_wait(tmp_path: Path, database: Database) -> None:
    jobs = build(tmp_path, database, Steered())
    jobs.start()
    jobs.close()
    assert (tmp_path / "jobs.db").read_bytes()[18:20] == b"\x02\x02", "not in WAL mode"


class ForgetfulQueue:
    """A queue that delivers nothing by itself; the test says where its entries are."""

    def __init__(self) -> None:
        self.running = False
        self.entries: dict[str, EntryState] = {}
        self.work: Work | None = None

    def start(self, work: Work) -> None:
        self.running, self.work = True, work

    def close(self) -> None:
        self.running = False

    def enqueue(self, job_id: str, ticket: str) -> None:
        assert ticket.startswith(job_id)
        self.entries[ticket] = EntryState.WAITING

    def states(self, tickets: Collection[str]) -> Mapping[str, EntryState]:
        return {ticket: self.entries[ticket] for ticket in tickets if ticket in self.entries}

    def forget(self, job_id: str) -> None:
        self.entries = {ticket: state for ticket, state in self.entries.items() if not ticket.startswith(f"{job_id}.")}

    def recover(self) -> int:
        return 0

    def keep_slot(self) -> None:
        pass

    def deliver(self, ticket: str) -> None:
        assert self.work is not None
        self.work(ticket.partition(".")[0], ticket)


@pytest.fixture
def queue() -> ForgetfulQueue:
    return ForgetfulQueue()


@pytest.fixture
def steered() -> Steered:
    return Steered()


@pytest.fixture
def jobs(tmp_path: Path, database: Database, queue: ForgetfulQueue, steered: Steered) -> Jobs:
    built = Jobs(database, queue, tmp_path / "work", 1)
    built.register(steered.kind())
    queue.start(built._runner.run)
    return built


def test_a_job_whose_entry_is_unknown_is_put_into_the_queue_again(jobs: Jobs, queue: ForgetfulQueue) -> None:
    job = submit(jobs)
    queue.entries.clear()
    jobs.reconcile()
    assert list(queue.entries) == [job.ticket]


def test_a_job_whose_entry_ended_without_it_gets_a_new_one(jobs: Jobs, queue: ForgetfulQueue, steered: Steered) -> None:
    job = submit(jobs)
    queue.entries[job.ticket] = EntryState.ENDED
    jobs.reconcile()
    new = jobs.get(ADMIN, job.id).ticket
    assert new != job.ticket
    queue.deliver(job.ticket)
    assert steered.begun == [], "the old entry may not run the job any more"
    queue.deliver(new)
    queue.deliver(new)
    assert steered.begun == [job.id], "a finished job is not run again"


def test_a_job_that_brings_the_process_down_each_time_is_given_up(jobs: Jobs, queue: ForgetfulQueue) -> None:
    job = submit(jobs)
    queue.entries[job.ticket] = EntryState.GIVEN_UP
    jobs.reconcile()
    failed = jobs.get(ANNA, job.id)
    assert failed.status is JobStatus.FAILED
    assert failed.problem is not None
    assert "several times" in failed.problem.reason
    assert "memory" in failed.problem.advice
    assert jobs.retry(ANNA, job.id).status is JobStatus.QUEUED


def test_the_same_entry_handed_out_twice_leaves_one_run_that_counts(jobs: Jobs, database: Database) -> None:
    job = submit(jobs)
    store = JobStore(database)
    first = store.claim(job.id, job.ticket)
    second = store.claim(job.id, job.ticket)
    assert first is not None
    assert second is not None
    assert (first.attempt, second.attempt) == (1, 2)
    assert not store.is_current(first)
    assert not store.advance(first, stage="importing", progress=50, message="late")
    assert not store.finish(first, JobStatus.COMPLETED, "late", result={"rows": 9})
    assert store.finish(second, JobStatus.COMPLETED, "Done", result={"rows": 3})
    done = jobs.get(ANNA, job.id)
    assert (done.result, done.message) == ({"rows": 3}, "Done")


def test_a_cancelled_job_whose_process_was_killed_is_cleared_up_by_the_next(
    jobs: Jobs, queue: ForgetfulQueue, database: Database, steered: Steered
) -> None:
    job = submit(jobs)
    JobStore(database).claim(job.id, job.ticket)
    jobs.cancel(ANNA, job.id)
    queue.deliver(job.ticket)
    assert steered.undone == [job.id]
    assert steered.begun == []
    assert jobs.get(ANNA, job.id).message == "Cancelled; the work was stopped"


def test_what_a_killed_run_left_on_disk_is_swept_away(jobs: Jobs, tmp_path: Path) -> None:
    left = tmp_path / "work" / "job_gone.1"
    left.mkdir(parents=True)
    (left / "part.parquet").write_bytes(b"x")
    jobs.start()
    jobs.close()
    assert not left.exists()


def test_a_slot_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    first, second, third = FileSlots(tmp_path), FileSlots(tmp_path), FileSlots(tmp_path)
    assert (first.take(), second.take()) == ("w0", "w1")
    with second.if_free("w0") as free:
        assert not free, "the first is alive"
    first.release()
    with second.if_free("w0") as free:
        assert free
    with second.if_free("../w0") as free:
        assert not free
    assert third.take() == "w0"
    second.release()
    third.release()
    shutil.rmtree(tmp_path)
