"""What a job is: its six documented states, its history, and the reason why it failed.

    upload_pending -> queued -> processing -> completed
                         |          |     \\-> failed     -> (retry) queued
                         \\----------\\-----\\-> cancelled  -> (retry) queued

`attempt` counts runs: a retry begins a new one, and so does the continuation after the program was stopped. `progress` is a whole
number from 0 to 100 that never goes down within one attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.errors import InvalidInputError

_MAX_TEXT = 1_000
_ESTIMATE_FROM_SECONDS = 3.0
_ESTIMATE_FROM_PROGRESS = 5


class JobStatus(StrEnum):
    """The documented states."""

    UPLOAD_PENDING = "upload_pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
ACTIVE = frozenset({JobStatus.QUEUED, JobStatus.PROCESSING})
"""States in which a job can be cancelled."""
RETRYABLE = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})
STOPPING = "stopping"
"""The stage of a cancelled job whose work has not ended yet."""


@dataclass(frozen=True, slots=True)
class JobProblem:
    """Why a job failed. `line` counts from 1, None where the file as a whole is meant; `advice` says what to do."""

    reason: str
    advice: str
    line: int | None = None
    field: str = ""
    value: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> JobProblem:
        """Read what `as_dict` wrote, cutting texts that are too long to show."""
        line = content.get("line")
        texts = {name: str(content.get(name) or "")[:_MAX_TEXT] for name in ("reason", "advice", "field", "value")}
        return JobProblem(line=line if isinstance(line, int) else None, **texts)

    @property
    def text(self) -> str:
        """The problem as one sentence, without the advice."""
        where = ", ".join(part for part in (f"line {self.line:,}" if self.line else "", self.field) if part)
        place = f"{where} {self.value!r}".strip() if self.value else where
        return f"{place}: {self.reason}" if place else self.reason


class WorkFailedError(InvalidInputError):
    """The work of a job cannot be done; `problem` says where, why, and what to do."""

    def __init__(self, problem: JobProblem) -> None:
        super().__init__(problem.text)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Job:
    """One job as its owner sees it. `request` holds what was asked for and may carry a signed address: it is never shown."""

    id: str
    owner: str
    kind: str
    sample_name: str
    status: JobStatus
    stage: str
    progress: int
    message: str
    attempt: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    problem: JobProblem | None = None
    result: Mapping[str, Any] | None = None
    request: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ticket: str = field(default="", repr=False)

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def retryable(self) -> bool:
        return self.status in RETRYABLE and self.stage != STOPPING

    def seconds_left(self, now: datetime) -> float | None:
        """Estimate from the share done since the attempt began; None until there is something to go by."""
        if self.status is not JobStatus.PROCESSING or self.started_at is None or self.progress < _ESTIMATE_FROM_PROGRESS:
            return None
        elapsed = (now - self.started_at).total_seconds()
        return elapsed * (100 - self.progress) / self.progress if elapsed >= _ESTIMATE_FROM_SECONDS else None

    def seconds_worked(self, now: datetime) -> float | None:
        """How long the last attempt took, or has taken so far."""
        if self.started_at is None:
            return None
        return max(0.0, ((self.completed_at or now) - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history; `number` grows over all jobs."""

    number: int
    job_id: str
    attempt: int
    status: JobStatus
    stage: str
    progress: int
    message: str
    created_at: datetime
