"""How a job is put into words: its state by icon and word, its times, what is left."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from services.jobs.model import STOPPING, Job, JobStatus
from services.pipelines import annotation, batch_classification, read_calling, reference_install, variant_import

Colour = Literal["gray", "blue", "green", "red", "orange"]


class Look(NamedTuple):
    """A state's word, icon and colour; the colour is never the only sign."""

    word: str
    icon: str
    colour: Colour


LOOKS: dict[JobStatus, Look] = {
    JobStatus.UPLOAD_PENDING: Look("Uploading", ":material/upload:", "orange"),
    JobStatus.QUEUED: Look("Queued", ":material/schedule:", "gray"),
    JobStatus.PROCESSING: Look("Processing", ":material/progress_activity:", "blue"),
    JobStatus.COMPLETED: Look("Completed", ":material/check_circle:", "green"),
    JobStatus.FAILED: Look("Failed", ":material/error:", "red"),
    JobStatus.CANCELLED: Look("Cancelled", ":material/block:", "gray"),
}
WORK: dict[str, str] = {
    variant_import.KIND: "Import", read_calling.KIND: "Variants from reads", annotation.KIND: "Annotation",
    batch_classification.KIND: "Classification", reference_install.KIND: "Reference data",
}
"""What a job does, by its kind."""
_STOPPING = Look("Stopping", ":material/pending:", "gray")


def look(job: Job) -> Look:
    """Return how the state of a job is shown."""
    return _STOPPING if job.stage == STOPPING else LOOKS[job.status]


def duration(seconds: float) -> str:
    """Put a length of time into words, as coarse as it is long."""
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def progress_text(job: Job, now: datetime) -> str:
    """Say how far a running job is and how long it will take."""
    left = job.seconds_left(now)
    parts = [f"{job.progress} %", job.message]
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return " · ".join(part for part in parts if part)


def times(job: Job, now: datetime) -> str:
    """Say what a job does, when it was asked for, how long it worked, and which attempt this is."""
    parts = [WORK[job.kind]] if job.kind in WORK else []
    parts.append(f"{job.created_at:%Y-%m-%d %H:%M} UTC")
    worked = job.seconds_worked(now)
    if worked is not None:
        parts.append(f"{duration(worked)} of work")
    if job.attempt > 1:
        parts.append(f"attempt {job.attempt}")
    return " · ".join(parts)
