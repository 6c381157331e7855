"""What callers do with jobs, on the real queue and a real database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.jobs.model import STOPPING, Job, JobProblem, JobStatus
from services.jobs.service import Jobs
from services.storage.database import Database
from services.storage.tables import jobs as table
from tests.unit.jobs.support import ADMIN, ANNA, BERT, Steered, build, finished, submit, until


@pytest.fixture(scope="module")
def steered() -> Steered:
    return Steered()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{folder / 'record.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def jobs(folder: Path, database: Database, steered: Steered) -> Iterator[Jobs]:
    built = build(folder, database, steered, workers=2)
    built.start()
    yield built
    built.close()


def test_a_job_goes_through_its_states_and_its_log_tells_so(jobs: Jobs) -> None:
    job = submit(jobs, reports=[20, 60])
    assert job.status is JobStatus.QUEUED
    done = finished(jobs, job)
    assert (done.status, done.progress, done.message, done.result) == (JobStatus.COMPLETED, 100, "Done", {"rows": 3})
    assert done.started_at is not None
    assert done.completed_at is not None
    told = [(event.status.value, event.progress) for event in jobs.log(ANNA, job.id)]
    assert told == [("queued", 0), ("processing", 0), ("processing", 20), ("processing", 60), ("completed", 100)]


def test_progress_never_goes_down_and_reaches_100_only_at_the_end(jobs: Jobs) -> None:
    job = submit(jobs, reports=[10, 50, 30, 250, -4])
    finished(jobs, job)
    progress = [event.progress for event in jobs.log(ANNA, job.id)]
    assert all(before <= after for before, after in pairwise(progress))
    assert progress[:-1] == [0, 0, 10, 50, 50, 99, 99]


def test_a_queued_job_that_is_cancelled_never_starts(jobs: Jobs, steered: Steered) -> None:
    running = [submit(jobs, seconds=30), submit(jobs, seconds=30)]
    until(lambda: all(jobs.get(ANNA, job.id).status is JobStatus.PROCESSING for job in running))
    waiting = submit(jobs)
    assert jobs.cancel(ANNA, waiting.id).status is JobStatus.CANCELLED
    for job in running:
        jobs.cancel(ANNA, job.id)
    after = submit(jobs)
    finished(jobs, after)
    assert waiting.id not in steered.begun
    assert jobs.get(ANNA, waiting.id).status is JobStatus.CANCELLED


def test_running_work_that_is_cancelled_stops_within_two_seconds_and_is_undone(jobs: Jobs, steered: Steered) -> None:
    job = submit(jobs, seconds=30)
    until(lambda: jobs.get(ANNA, job.id).status is JobStatus.PROCESSING)
    cancelled = jobs.cancel(ANNA, job.id)
    assert (cancelled.status, cancelled.stage) == (JobStatus.CANCELLED, STOPPING)
    assert jobs.busy(ANNA)
    assert until(lambda: jobs.get(ANNA, job.id).stage != STOPPING) < 2
    assert job.id in steered.undone
    assert not jobs.get(ANNA, job.id).finished or jobs.get(ANNA, job.id).status is JobStatus.CANCELLED


def test_a_failed_job_says_which_line_and_field_and_what_to_do(jobs: Jobs, steered: Steered) -> None:
    done = finished(jobs, submit(jobs, fails=True))
    assert done.status is JobStatus.FAILED
    assert done.problem == JobProblem("is not a number", "Correct the line.", line=7, field="POS", value="12a")
    assert done.message == "line 7, POS '12a': is not a number"
    assert done.id in steered.undone


def test_an_unexpected_error_is_told_without_what_it_said(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        done = finished(jobs, submit(jobs, crashes="Zqxv Canary"))
    assert done.problem is not None
    assert "KeyError" in done.problem.reason
    assert "unexpected KeyError" in caplog.text
    assert "Canary" not in caplog.text + done.message


def test_a_failed_job_can_be_tried_again_with_other_options(jobs: Jobs) -> None:
    job = finished(jobs, submit(jobs, fails=True))
    again = jobs.retry(ANNA, job.id, {"fails": False})
    assert (again.status, again.attempt, again.progress, again.problem) == (JobStatus.QUEUED, 2, 0, None)
    assert finished(jobs, job).status is JobStatus.COMPLETED


@pytest.mark.parametrize("action", [Jobs.cancel, Jobs.retry])
def test_a_completed_job_can_be_neither_cancelled_nor_retried(jobs: Jobs, action: Callable[..., object]) -> None:
    job = finished(jobs, submit(jobs))
    with pytest.raises(ConflictError, match="completed"):
        action(jobs, ANNA, job.id)


def test_only_a_finished_job_can_be_deleted_and_everything_of_it_goes(jobs: Jobs, steered: Steered, folder: Path) -> None:
    job = finished(jobs, submit(jobs, fails=True))
    jobs.retry(ANNA, job.id, {"fails": False, "seconds": 30})
    with pytest.raises(ConflictError, match="only a finished job"):
        jobs.delete(ANNA, job.id)
    until(lambda: jobs.get(ANNA, job.id).status is JobStatus.PROCESSING)
    assert _entries(folder, job.id) == 2
    with pytest.raises(ConflictError, match="cancel it first"):
        jobs.delete(ANNA, job.id)
    jobs.cancel(ANNA, job.id)
    before = jobs.events(0, ADMIN)[-1].number
    jobs.delete(ANNA, job.id)
    assert job.id in steered.removed
    assert _entries(folder, job.id) == 0
    with pytest.raises(NotFoundError):
        jobs.get(ANNA, job.id)
    after = submit(jobs)
    assert jobs.log(ANNA, after.id)[0].number > before, "a number was used twice"


def _entries(folder: Path, job_id: str) -> int:
    engine = sa.create_engine(f"sqlite:///{folder / 'jobs.db'}")
    with engine.connect() as connection:
        query = sa.text("SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE :id")
        count = int(connection.execute(query, {"id": f"{job_id}%"}).scalar_one())
    engine.dispose()
    return count


def test_others_do_not_know_of_a_job_and_an_administrator_does(jobs: Jobs) -> None:
    job = finished(jobs, submit(jobs, ANNA))
    for action in (jobs.get, jobs.cancel, jobs.retry, jobs.delete, jobs.log):
        with pytest.raises(NotFoundError):
            action(BERT, job.id)
    assert job.id not in {one.id for one in jobs.list(BERT)}
    assert job.id not in {event.job_id for event in jobs.events(0, BERT)}
    assert job.id in {one.id for one in jobs.list(ADMIN)}
    assert jobs.counts(BERT) == {}


def test_jobs_are_listed_newest_first_by_state_and_page(jobs: Jobs) -> None:
    first, second = finished(jobs, submit(jobs, BERT)), finished(jobs, submit(jobs, BERT, fails=True))
    assert [job.id for job in jobs.list(BERT)] == [second.id, first.id]
    assert [job.id for job in jobs.list(BERT, status="failed")] == [second.id]
    assert [job.id for job in jobs.list(BERT, limit=1, offset=1)] == [first.id]
    with pytest.raises(InvalidInputError, match="upload_pending"):
        jobs.list(BERT, status="done")
    with pytest.raises(InvalidInputError, match="kind"):
        jobs.submit(BERT, "unknown", {})


def test_no_more_jobs_run_at_once_than_are_allowed(jobs: Jobs, steered: Steered) -> None:
    steered.most_at_once = 0
    for job in [submit(jobs, seconds=0.4) for _ in range(5)]:
        finished(jobs, job)
    assert steered.most_at_once == 2


def test_an_upload_that_is_silent_for_minutes_has_broken_off(jobs: Jobs, database: Database) -> None:
    silent, alive = jobs.announce(ANNA, "steered"), jobs.announce(ANNA, "steered")
    assert silent.status is JobStatus.UPLOAD_PENDING
    with pytest.raises(ConflictError):
        jobs.cancel(ANNA, silent.id)
    with database.begin() as connection:
        past = datetime.now(UTC) - timedelta(minutes=5)
        connection.execute(sa.update(table).where(table.c.id == silent.id).values(updated_at=past))
    jobs.reconcile()
    broken = jobs.get(ANNA, silent.id)
    assert (broken.status, broken.message) == (JobStatus.FAILED, "the upload broke off")
    with pytest.raises(ConflictError, match="upload it again"):
        jobs.retry(ANNA, silent.id)
    with pytest.raises(ConflictError, match="given up"):
        jobs.release(silent, {"asked": True}, sample_name="S")
    jobs.arriving(alive, progress=40, message="half")
    assert finished(jobs, jobs.release(alive, {"asked": True}, sample_name="S")).status is JobStatus.COMPLETED


def test_the_queue_knows_ids_only(jobs: Jobs, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    canary = "Zqxv Canary MRN 990017"
    job = jobs.submit(ANNA, "steered", {"patient": canary, "fails": True}, sample_name=canary)
    finished(jobs, job)
    with pytest.raises(ConflictError):
        jobs.cancel(ANNA, job.id)
    kept = b"".join(path.read_bytes() for path in folder.glob("jobs.db*"))
    assert job.id.encode() in kept
    assert b"Canary" not in kept
    assert b"gASV" not in kept, "something was pickled"
    written = capfd.readouterr()
    assert (written.out, written.err) == ("", "")


def test_unfinished_jobs_open_the_stream_of_events(jobs: Jobs) -> None:
    job = submit(jobs, BERT, seconds=30)
    until(lambda: jobs.get(BERT, job.id).status is JobStatus.PROCESSING)
    current, newest = jobs.current_events(BERT)
    assert [(event.job_id, event.status) for event in current] == [(job.id, JobStatus.PROCESSING)]
    jobs.cancel(BERT, job.id)
    assert [event.status for event in jobs.events(newest, BERT)][:1] == [JobStatus.CANCELLED]


def test_what_is_left_is_estimated_from_what_was_done() -> None:
    now = datetime.now(UTC)
    job = Job("j", "o", "k", "", JobStatus.PROCESSING, "", 25, "", 1, now, now, started_at=now - timedelta(seconds=30))
    assert job.seconds_left(now) == pytest.approx(90)
    early = Job("j", "o", "k", "", JobStatus.PROCESSING, "", 2, "", 1, now, now, started_at=now - timedelta(seconds=30))
    assert early.seconds_left(now) is None
