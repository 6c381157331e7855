"""What the report page remembers between runs: which report is open. Ids only; another patient closes it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.reports.store import ReportEntry

PREFIX = "report."
_PATIENT = "report.patient"
_OPENED = "report.opened"


def follow(patient_id: str | None) -> None:
    """Forget everything of the page when another patient was chosen."""
    if st.session_state.get(_PATIENT) != patient_id:
        for key in [key for key in st.session_state if str(key).startswith(PREFIX)]:
            del st.session_state[key]
        st.session_state[_PATIENT] = patient_id


def open_report(report_id: str | None) -> None:
    """Show this report; None is the newest."""
    st.session_state[_OPENED] = report_id


def opened(entries: Sequence[ReportEntry]) -> str | None:
    """The report the reader opened, else the newest, else None."""
    chosen: str | None = st.session_state.get(_OPENED)
    if chosen in {entry.id for entry in entries}:
        return chosen
    return entries[0].id if entries else None
