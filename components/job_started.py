"""The jobs that were just started here, followed to their end: the reader need not leave the page to see what came out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from components import job_row
from components.feedback import explained
from services.access.principals import Principal
from services.container import Services
from services.errors import NotFoundError
from services.jobs.model import Job

_TICK_SECONDS = 1.0
_SHOWN = 5


def show(services: Services, access: Principal, job_ids: Sequence[str]) -> None:
    """Say what was started and how far it is; nothing where nothing was. When all have ended, the page runs once more."""
    if job_ids:
        alive = any(not job.finished for job in _found(services, access, job_ids))
        st.fragment(_draw, run_every=_TICK_SECONDS if alive else None)(services, access, tuple(job_ids), alive)


def _draw(services: Services, access: Principal, job_ids: Sequence[str], alive: bool) -> None:
    with explained():
        jobs = _found(services, access, job_ids)
        if alive and all(job.finished for job in jobs):
            st.rerun()  # the clock is stopped by the page, which may have more to show now
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                what = "The job has" if len(job_ids) == 1 else f"{len(job_ids)} jobs have"
                st.markdown(f":material/check_circle: {what} been queued.", width="stretch")
                st.page_link("pages/variants/jobs.py", label="Watch the jobs", icon=":material/checklist:")
            now = datetime.now(UTC)
            for job in jobs[:_SHOWN]:
                job_row.brief(services, access, job, now)
            if len(jobs) > _SHOWN:
                st.caption(f"and {len(jobs) - _SHOWN} more")


def _found(services: Services, access: Principal, job_ids: Sequence[str]) -> list[Job]:
    """Return those that were not deleted meanwhile."""
    found = []
    for job_id in job_ids:
        try:
            found.append(services.jobs.get(access, job_id))
        except NotFoundError:
            continue
    return found
