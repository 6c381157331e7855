"""The list of jobs: alive while something runs, still otherwise. Only this list is redrawn, not the page around it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import streamlit as st

from components import job_row
from components.feedback import empty, explained
from components.job_words import LOOKS
from services.access.principals import Principal
from services.container import Services
from services.jobs.model import JobStatus

_TICK_SECONDS = 1.0
_PAGE_ROWS = 10


def show(services: Services, access: Principal) -> None:
    """Draw the monitor; its clock ticks while a job is unfinished."""
    alive = services.jobs.busy(access)
    st.fragment(_draw, run_every=_TICK_SECONDS if alive else None)(services, access, alive)


def _draw(services: Services, access: Principal, alive: bool) -> None:
    with explained():
        counts = services.jobs.counts(access)
        if alive != services.jobs.busy(access):
            st.rerun()  # the clock is started and stopped by the page
        if not counts:
            empty(
                "No jobs yet. Upload a VCF, BCF, CSV or TSV file, and its import is shown here while it runs.",
                icon=":material/checklist:",
            )
            if st.button("Upload a file", key="jobs.upload", icon=":material/upload:", type="primary"):
                st.switch_page("pages/variants/upload.py")
            return
        _summary(counts)
        wanted = _filter(counts)
        _rows(services, access, counts, wanted)


def _summary(counts: dict[JobStatus, int]) -> None:
    running, waiting = counts.get(JobStatus.PROCESSING, 0), counts.get(JobStatus.QUEUED, 0)
    coming = counts.get(JobStatus.UPLOAD_PENDING, 0)
    parts = [f"{count} {word}" for count, word in ((running, "running"), (waiting, "waiting"), (coming, "uploading")) if count]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(", ".join(parts) if parts else "Nothing is running.", width="stretch")
        st.button("Refresh", key="jobs.refresh", icon=":material/refresh:", type="tertiary")


def _filter(counts: dict[JobStatus, int]) -> JobStatus | None:
    chosen = st.segmented_control(
        "Show only", [status.value for status in JobStatus if counts.get(status)], key="jobs.filter",
        label_visibility="collapsed",
        format_func=lambda value: f"{LOOKS[JobStatus(value)].icon} {LOOKS[JobStatus(value)].word} ({counts[JobStatus(value)]})",
    )
    return JobStatus(chosen) if chosen else None


def _rows(services: Services, access: Principal, counts: dict[JobStatus, int], wanted: JobStatus | None) -> None:
    total = counts.get(wanted, 0) if wanted else sum(counts.values())
    pages = max(1, math.ceil(total / _PAGE_ROWS))
    cards = st.container()
    page = st.pagination(pages, key=f"jobs.page.{wanted}") if pages > 1 else 1
    jobs = services.jobs.list(access, limit=_PAGE_ROWS, offset=(min(page, pages) - 1) * _PAGE_ROWS, status=wanted)
    now = datetime.now(UTC)
    with cards:
        for job in jobs:
            job_row.show(services, access, job, now)
