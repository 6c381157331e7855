"""From draft to signed: review, sign, verify, and a new version of what is signed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import report_list, report_session
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.reports.choices import MAX_NAME, ReportState, stamp
from services.reports.store import ReportEntry, StoredReport


def show(services: Services, access: Principal, report: StoredReport) -> None:
    """Draw the state of the report and what can be done next."""
    with st.container(horizontal=True):
        report_list.badge(report.entry)
        if report.content.is_ai_assisted:
            st.badge("AI-assisted", icon=":material/smart_toy:", color="violet")
    for line in _history(report.entry):
        st.caption(plain(line))
    if report.entry.state is ReportState.SIGNED:
        _signed(services, access, report)
    else:
        _unsigned(services, access, report)


def _history(entry: ReportEntry) -> list[str]:
    lines = [f"Version {entry.version}, written {stamp(entry.prepared_at)} for {entry.author}."]
    if entry.reviewed_by:
        lines.append(f"Reviewed by {entry.reviewed_by}, {stamp(entry.reviewed_at)}.")
    if entry.signed_by:
        lines.append(f"Signed by {entry.signed_by}, {stamp(entry.signed_at)}.")
    return lines


def form_key(entry: ReportEntry) -> str:
    """The form's key names state and content: a click on what is no longer there does nothing, least of all sign."""
    return f"report.sign.{entry.id}.{entry.state.value}.{entry.digest}"


def _unsigned(services: Services, access: Principal, report: StoredReport) -> None:
    is_reviewed = report.entry.state is ReportState.REVIEWED
    key = form_key(report.entry)
    with st.form(f"{key}.form"):
        name = st.text_input("Your name", key=f"{key}.name", max_chars=MAX_NAME, placeholder="as it shall stand on the report")
        st.caption(
            "Signing vouches for exactly this content; it cannot be changed afterwards."
            if is_reviewed else "Read the report, then mark it as reviewed. It can be signed after that."
        )  # fmt: skip
        label, icon = ("Sign", ":material/draw:") if is_reviewed else ("Mark as reviewed", ":material/rate_review:")
        pressed = st.form_submit_button(label, icon=icon, type="primary", key=f"{key}.go")
    if pressed:
        step = services.reports.sign if is_reviewed else services.reports.review
        _do(lambda: step(report.id, name, access, seen=report.entry.digest))
    with st.popover("Discard", icon=":material/delete:"):
        st.markdown("This unsigned report will be gone.")
        if st.button("Discard this report", key=f"{key}.discard", type="primary"):
            _do(lambda: services.reports.discard(report.id, access), then_open=None)


def _signed(services: Services, access: Principal, report: StoredReport) -> None:
    key = f"report.signed.{report.id}"
    st.caption("SHA-256 of the signed content:")
    st.code(report.entry.digest, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        verify = st.button("Verify", key=f"{key}.verify", icon=":material/verified_user:")
        revise = st.button("New version", key=f"{key}.revise", icon=":material/difference:",
                           help="A draft from the latest analysis; the signed version stays as it is")  # fmt: skip
    if verify:
        _verify(services, access, report)
    if revise:
        try:
            report_session.open_report(services.reports.revise(report.id, access).id)
        except ParatopeError as error:
            show_error(error)
            return
        st.rerun()


def _verify(services: Services, access: Principal, report: StoredReport) -> None:
    try:
        found = services.reports.verify(report.id, access)
    except ParatopeError as error:
        show_error(error)
        return
    if found.is_intact:
        st.success("Intact: the stored report is what was signed.", icon=":material/verified_user:")
    else:
        st.error(
            f"**Changed after signing.** The stored report is not what was signed: its digest is {found.computed}. "
            "Do not use it; compare with a printed copy.", icon=":material/gpp_bad:",
        )  # fmt: skip


def _do(step: Callable[[], object], then_open: str | None = "same") -> None:
    try:
        step()
    except ParatopeError as error:
        show_error(error)
        return
    if then_open is None:
        report_session.open_report(None)
    st.rerun()
