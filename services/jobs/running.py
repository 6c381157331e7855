"""Runs jobs in this process: claims one, does its work, and says how it ended. A job that is cancelled stops within a second."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import ParatopeError
from services.jobs.child import StoppedError, run_child
from services.jobs.model import STOPPING, Job, JobProblem, JobStatus, WorkFailedError
from services.jobs.store import JobStore

if TYPE_CHECKING:
    from services.jobs.service import JobKind

_LOG = logging.getLogger("paratope.jobs")
_LOOK_SECONDS = 0.4
_TELL_SECONDS = 0.4
_CLOSE_SECONDS = 10.0


class JobRun:
    """What the work of a job sees: what was asked for, a folder of its own, and somebody to report to."""

    def __init__(self, job: Job, store: JobStore, folder: Path, closing: threading.Event) -> None:
        self.job = job
        self.folder = folder
        """Empty at the start of the run, and deleted after it."""
        self._store = store
        self._closing = closing
        self._looked = 0.0
        self._stopped = False
        self._told = (0.0, "", -1)

    @property
    def request(self) -> Mapping[str, Any]:
        return self.job.request

    def should_stop(self) -> bool:
        """Whether the work must end now: the job was cancelled or taken over, or the program shuts down."""
        if not self._stopped and self._closing.is_set():
            self._stopped = True
        now = time.monotonic()
        if not self._stopped and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._stopped = not self._store.is_current(self.job)
        return self._stopped

    def report(self, stage: str, progress: int, message: str) -> None:
        """Show how far the work is, in whole percent of all of it. Cheap to call often.

        :raise StoppedError: the job must end now.
        """
        then, last_stage, last_progress = self._told
        now = time.monotonic()
        if stage == last_stage and (progress <= last_progress or now - then < _TELL_SECONDS):
            return
        self._told = (now, stage, progress)
        if not self._store.advance(self.job, stage=stage, progress=progress, message=message):
            self._stopped = True
            raise StoppedError

    def child(self, task: str, payload: Mapping[str, Any], *, stage: str, between: tuple[int, int]) -> dict[str, Any]:
        """Do a task in a child process; it counts from one percentage to another. Raises what `run_child` raises."""
        low, high = between

        def report(share: float, message: str) -> None:
            self.report(stage, low + int((high - low) * min(1.0, max(0.0, share))), message)

        return run_child(task, self.job.id, payload, report=report, should_stop=self.should_stop)


class Runner:
    """Works on the entries that the queue hands out, a bounded number at a time."""

    def __init__(self, store: JobStore, kinds: Mapping[str, JobKind], folder: Path, workers: int) -> None:
        self._store = store
        self._kinds = kinds
        self._folder = folder
        self._places = threading.BoundedSemaphore(workers)
        self._workers = workers
        self._closing = threading.Event()

    def open(self) -> None:
        """Allow work, after a `close` too."""
        self._closing.clear()

    def close(self) -> None:
        """Tell running work to stop and wait until it has."""
        self._closing.set()
        deadline = time.monotonic() + _CLOSE_SECONDS
        taken = 0
        for _ in range(self._workers):
            taken += self._places.acquire(timeout=max(0.0, deadline - time.monotonic()))
        if taken < self._workers:
            _LOG.warning("%d jobs did not stop in time", self._workers - taken)
        for _ in range(taken):
            self._places.release()

    def sweep(self) -> None:
        """Delete folders that runs left behind when their process was killed. Before work begins."""
        for path in self._folder.glob("job_*") if self._folder.is_dir() else ():
            job = self._store.get(path.name.partition(".")[0])
            if job is None or job.status is not JobStatus.PROCESSING:
                shutil.rmtree(path, ignore_errors=True)

    def run(self, job_id: str, ticket: str) -> None:
        """Run a job for an entry of the queue. Whatever happens is written to the job; nothing is raised."""
        with self._places:
            if self._closing.is_set():
                return  # the job stays queued, and is delivered again at the next start
            try:
                job = self._store.claim(job_id, ticket)
                if job is not None:
                    self._work(job)
                else:
                    self._clear_up(job_id, ticket)
            except ParatopeError as error:  # our database went away: the job is found and delivered again
                _LOG.warning("a job could not be written to: %s", error.message)

    def _work(self, job: Job) -> None:
        folder = self._folder / f"{job.id}.{job.attempt}"
        for old in self._folder.glob(f"{job.id}.*"):
            shutil.rmtree(old, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            message, result = self._kinds[job.kind].work(JobRun(job, self._store, folder, self._closing))
        except StoppedError:
            self._stop(job)
        except WorkFailedError as error:
            self._fail(job, error.problem)
        except ParatopeError as error:
            self._fail(job, JobProblem(error.message, "Put this right, then retry."))
        except Exception as error:  # noqa: BLE001 - the edge of a job: whatever happens must be shown to its owner
            frames = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("unexpected %s in a job of kind %s\n%s", type(error).__name__, job.kind, frames)  # no message: may be data
            self._fail(job, JobProblem(f"an unexpected error ({type(error).__name__}), which was logged", "Retry, or report it."))
        else:
            if not self._store.finish(job, JobStatus.COMPLETED, message, result=result):
                self._stop(job)  # cancelled at its very last moment
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _stop(self, job: Job) -> None:
        """End a run that was told to stop: put it back when the program shuts down, undo it when the job was cancelled."""
        if self._closing.is_set() and self._store.put_back(job, "The program was stopped; the job waits for its next start"):
            return
        self._clear_up(job.id, job.ticket)

    def _clear_up(self, job_id: str, ticket: str) -> None:
        """Undo the work of a cancelled job. A job that another run has taken over is left alone."""
        job = self._store.get(job_id)
        if job is not None and job.ticket == ticket and job.stage == STOPPING:
            self._kinds[job.kind].undo(job)
            self._store.stopped(job)

    def _fail(self, job: Job, problem: JobProblem) -> None:
        if self._store.is_current(job):
            self._kinds[job.kind].undo(job)
        if not self._store.finish(job, JobStatus.FAILED, problem.text, problem=problem):
            self._stop(job)
