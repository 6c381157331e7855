"""Jobs on the real queue, with work that the tests can steer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.access.principals import LOCAL_USER, Principal
from services.jobs.child import StoppedError
from services.jobs.engine import DurableQueue
from services.jobs.model import Job, JobProblem, WorkFailedError
from services.jobs.running import JobRun
from services.jobs.service import JobKind, Jobs
from services.jobs.slots import FileSlots
from services.storage.database import Database

ANNA = Principal("anna", may_see_patients=True, may_administer=False)
BERT = Principal("bert", may_see_patients=True, may_administer=False)
ADMIN = LOCAL_USER


@dataclass
class Steered:
    """Work that does what its request says, and what it saw."""

    begun: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        with self._lock:
            self.begun.append(run.job.id)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._work(run)
        finally:
            with self._lock:
                self.at_once -= 1

    def _work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        for number, progress in enumerate(run.request.get("reports", ())):
            run.report(f"stage {number}", progress, f"at {progress}")
        until = time.monotonic() + run.request.get("seconds", 0)
        while time.monotonic() < until:
            if run.should_stop():
                raise StoppedError
            time.sleep(0.02)
        if run.request.get("fails"):
            raise WorkFailedError(JobProblem("is not a number", "Correct the line.", line=7, field="POS", value="12a"))
        if run.request.get("crashes"):
            raise KeyError(run.request["crashes"])
        return "Done", {"rows": 3}

    def kind(self) -> JobKind:
        return JobKind(
            "steered", self.work, undo=lambda job: self.undone.append(job.id), remove=lambda job: self.removed.append(job.id)
        )


def build(folder: Path, database: Database, steered: Steered, workers: int = 1) -> Jobs:
    queue = DurableQueue(f"sqlite:///{folder / 'jobs.db'}", FileSlots(folder / "slots"), workers)
    jobs = Jobs(database, queue, folder / "work", workers)
    jobs.register(steered.kind())
    return jobs


def submit(jobs: Jobs, who: Principal = ANNA, **request: Any) -> Job:
    return jobs.submit(who, "steered", {"asked": True, **request}, sample_name="S1")


def until(true: Callable[[], bool], seconds: float = 15.0) -> float:
    """Wait until something is so, and return how long that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "this did not come about"
        time.sleep(0.02)
    return time.monotonic() - began


def finished(jobs: Jobs, job: Job) -> Job:
    until(lambda: jobs.get(ADMIN, job.id).finished)
    return jobs.get(ADMIN, job.id)
