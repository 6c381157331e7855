"""One job: what it is, how far it is or why it failed, and what can be done with it."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from components import job_words, reads_report, state
from components.feedback import show_error
from components.formatting import plain, sentence
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.genomics.genome import GenomeBuild
from services.jobs.model import Job, JobProblem, JobStatus
from services.pipelines.annotation import KIND as ANNOTATION
from services.pipelines.reference_install import KIND as REFERENCE
from services.variants.imports import Mode

_MAX_TABLES = 5
_WHOLE_FILE = "file"


def show(services: Services, access: Principal, job: Job, now: datetime) -> None:
    """Draw a job as a card. Actions redraw the fragment that the card stands in, nothing else."""
    look = job_words.look(job)
    with st.container(border=True, key=f"jobs.card.{job.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(look.word, icon=look.icon, color=look.colour)
            st.markdown(f"**{plain(job.sample_name or job.id)}**", width="stretch")
            st.caption(job_words.times(job, now), width="content")
        _state(job, now)
        with st.container(horizontal=True, vertical_alignment="center"):
            _tables(services, access, job)
            _actions(services, access, job)
        _report(services, access, job)
        _log(services, access, job)


def brief(services: Services, access: Principal, job: Job, now: datetime) -> None:
    """Draw a job in a few lines, without its history and the means to change it."""
    look = job_words.look(job)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(look.word, icon=look.icon, color=look.colour)
        st.markdown(f"**{plain(job.sample_name or job.id)}**", width="stretch")
        _tables(services, access, job)
    _state(job, now)


def _state(job: Job, now: datetime) -> None:
    if job.status is JobStatus.PROCESSING:
        st.progress(job.progress, text=plain(job_words.progress_text(job, now)))
    elif job.problem is not None:
        _problem(job.problem)
    else:
        st.caption(plain(job.message))


def _problem(problem: JobProblem) -> None:
    reason = f"the file {problem.reason}" if problem.field == _WHOLE_FILE and problem.reason.startswith("is ") else problem.reason
    field = "" if problem.field == _WHOLE_FILE else problem.field
    where = " · ".join(
        part for part in (
            f"line {problem.line:,}" if problem.line else "", f"field {field}" if field else "",
            f"value {problem.value}" if problem.value else "",
        ) if part
    )
    place = f"**{plain(where)}**  \n" if where else ""
    st.error(f"{place}{plain(sentence(reason))}  \n**What to do:** {plain(problem.advice)}", icon=":material/error:")


def _tables(services: Services, access: Principal, job: Job) -> None:
    if job.status is not JobStatus.COMPLETED or job.kind == REFERENCE:
        return
    tables = services.variant_imports.tables_of(access, job)
    if not tables:
        st.caption("The table of this job was deleted.")
    for table in tables[:_MAX_TABLES]:
        label = f"Open {plain(table.name)}" if len(tables) > 1 else "Open table"
        if st.button(label, key=f"jobs.open.{job.id}.{table.id}", icon=":material/table_view:"):
            state.open_table(table.id)
            st.switch_page("pages/variants/explorer.py")
    if len(tables) > _MAX_TABLES:
        st.caption(f"and {len(tables) - _MAX_TABLES} more on the explorer page")


def _actions(services: Services, access: Principal, job: Job) -> None:
    if job.active:
        st.button("Cancel", key=f"jobs.cancel.{job.id}", icon=":material/cancel:", on_click=_do,
                  args=(services.jobs.cancel, access, job.id))
    if job.retryable and job.request:
        st.button("Retry", key=f"jobs.retry.{job.id}", icon=":material/replay:", on_click=_do,
                  args=(services.variant_imports.retry, access, job.id))
        if _bad_lines(job):
            st.button("Retry without bad lines", key=f"jobs.lenient.{job.id}", icon=":material/playlist_remove:",
                      on_click=_retry, args=(services, access, job.id), kwargs={"mode": Mode.LENIENT},
                      help="Imports the good lines and keeps the others in a list beside the table")
        build = _build_of_file(job)
        if build is not None:
            st.button(f"Import as {build}", key=f"jobs.build.{job.id}", icon=":material/genetics:", on_click=_retry,
                      args=(services, access, job.id), kwargs={"assembly": build})
    if job.finished:
        with st.popover("Delete", icon=":material/delete:", key=f"jobs.ask.{job.id}"):
            st.markdown(_what_goes(job))
            st.button("Delete this job", key=f"jobs.delete.{job.id}", type="primary", on_click=_do,
                      args=(services.jobs.delete, access, job.id))
    _said(job.id)


def _what_goes(job: Job) -> str:
    if job.kind == REFERENCE:
        return "The job and its file will be gone. Reference data that it installed stays."
    if job.kind == ANNOTATION:
        return "The job will be gone from this list. The table and its annotation stay."
    gone = "its tables and all its files" if reads_report.has_report(job) else "its tables and its file"
    return f"The job, {gone} will be gone. Flags and comments on variants stay."


def _bad_lines(job: Job) -> bool:
    strict = job.request.get("options", {}).get("mode") == Mode.STRICT.value
    return strict and job.problem is not None and job.problem.line is not None


def _build_of_file(job: Job) -> GenomeBuild | None:
    """The build that the file was found to be in, where another one was stated."""
    problem = job.problem
    wrong = problem is not None and problem.field == "build" and problem.value in tuple(GenomeBuild)
    return GenomeBuild(problem.value) if wrong and problem is not None else None


def _report(services: Services, access: Principal, job: Job) -> None:
    if not reads_report.has_report(job) or (job.status is not JobStatus.COMPLETED and not _has_files(services, access, job)):
        return
    with st.expander(
        "Report on the reads", key=f"jobs.report.{job.id}", on_change="rerun", icon=":material/monitoring:", type="compact"
    ) as drawer:
        if drawer.open:
            reads_report.show(services, access, job)


def _has_files(services: Services, access: Principal, job: Job) -> bool:
    """Whether the calls were completed, although what came after them was not."""
    try:
        return bool(services.read_calling.files(access, job.id))
    except ParatopeError:
        return False


def _log(services: Services, access: Principal, job: Job) -> None:
    with st.expander("Log", key=f"jobs.log.{job.id}", on_change="rerun", icon=":material/history:", type="compact") as drawer:
        if not drawer.open:
            return
        st.table(
            [
                {"Time (UTC)": f"{event.created_at:%H:%M:%S}", "Attempt": event.attempt,
                 "State": job_words.LOOKS[event.status].word, "Progress": f"{event.progress} %", "What": plain(event.message)}
                for event in services.jobs.log(access, job.id)[-50:]
            ],
            alt=f"History of job {job.id}",
        )
        st.caption(f"Job id: `{job.id}`")


def _do(action: object, access: Principal, job_id: str) -> None:
    """Act on a job; what stands against it is shown at the job after the redraw."""
    assert callable(action)
    try:
        action(access, job_id)
    except ParatopeError as error:
        st.session_state[f"jobs.error.{job_id}"] = error


def _retry(
    services: Services, access: Principal, job_id: str, *, mode: Mode | None = None, assembly: GenomeBuild | None = None
) -> None:
    _do(lambda who, which: services.variant_imports.retry(who, which, mode=mode, assembly=assembly), access, job_id)


def _said(job_id: str) -> None:
    error = st.session_state.pop(f"jobs.error.{job_id}", None)
    if isinstance(error, ParatopeError):
        show_error(error)
