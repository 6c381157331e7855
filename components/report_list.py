"""The reports of a patient: which is open, and a button for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from components import report_session
from components.feedback import explained
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.reports.choices import ReportState
from services.reports.store import ReportEntry

_LOOKS: dict[ReportState, tuple[str, Literal["orange", "blue", "green"]]] = {
    ReportState.DRAFT: (":material/edit_note:", "orange"),
    ReportState.REVIEWED: (":material/rate_review:", "blue"),
    ReportState.SIGNED: (":material/verified:", "green"),
}


def show(services: Services, access: Principal, patient_id: str, entries: Sequence[ReportEntry]) -> None:
    """Draw the choice of reports and the button for a new draft."""
    chooser, maker = st.columns([3, 1], vertical_alignment="bottom")
    by_id = {entry.id: entry for entry in entries}
    current = report_session.opened(entries)
    if current is not None:
        chosen = chooser.selectbox(
            "Report", list(by_id), index=list(by_id).index(current), key=f"report.open.{len(entries)}.{current}",
            format_func=lambda identifier: title(by_id[identifier]),
        )
        if chosen != current:
            report_session.open_report(chosen)
            st.rerun()
    if maker.button(
        "New draft", key="report.create", icon=":material/note_add:", type="secondary" if entries else "primary", width="stretch",
        help="Writes a draft from the latest analysis; without one the stored record is analysed first",
    ):
        with explained():
            report_session.open_report(services.reports.create(patient_id, access).id)
        st.rerun()


def title(entry: ReportEntry) -> str:
    """One line that tells a report from the others."""
    who = f" by {entry.signed_by}" if entry.signed_by else f" by {entry.reviewed_by}" if entry.reviewed_by else ""
    return f"{entry.created_at:%Y-%m-%d %H:%M} UTC · version {entry.version} · {entry.state.value}{who}"


def badge(entry: ReportEntry) -> None:
    """Draw the state in words, with its icon."""
    icon, colour = _LOOKS[entry.state]
    words = {
        ReportState.DRAFT: "draft, unsigned",
        ReportState.REVIEWED: f"reviewed by {entry.reviewed_by}, unsigned",
        ReportState.SIGNED: f"signed by {entry.signed_by}",
    }[entry.state]
    st.badge(plain(words), icon=icon, color=colour)
