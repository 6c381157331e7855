"""Every session key and query parameter of the dashboard.

Session state holds ids and choices, never patient data. Only ids go into the URL, the patient's and the variant table's: they
are opaque, make a page linkable, and say nothing about the person.
"""

from __future__ import annotations

import re

import streamlit as st

from services.clinical.profile import PATIENT_ID_PATTERN

_PATIENT = "patient_id"
_CONVERSATION = "conversation_id"
_PENDING = "pending_question"
_QUERY_PATIENT = "patient"
_UPLOAD_TURN = "upload_turn"
_UPLOADS_SUBMITTED = "uploads_submitted"
_REFERENCE_TURN = "reference_turn"
_REFERENCE_SUBMITTED = "reference_submitted"
_TABLE = "table_id"
_QUERY_TABLE = "table"
_TABLE_ID = r"[0-9a-zA-Z]{1,32}"


def patient_id() -> str | None:
    """The chosen patient: from this session, or from the link that opened it."""
    if _PATIENT not in st.session_state:
        linked = st.query_params.get(_QUERY_PATIENT)
        st.session_state[_PATIENT] = linked if linked and re.fullmatch(PATIENT_ID_PATTERN, linked) else None
    chosen: str | None = st.session_state[_PATIENT]
    return chosen


def choose_patient(chosen: str | None) -> None:
    """Remember the patient and put the id into the link; another patient closes the open conversation."""
    if st.session_state.get(_PATIENT) != chosen:
        st.session_state[_CONVERSATION] = None
    st.session_state[_PATIENT] = chosen
    link_patient()


def link_patient() -> None:
    """Keep the address in step with the chosen patient; pages are switched without it."""
    chosen = patient_id()
    if chosen is None:
        st.query_params.pop(_QUERY_PATIENT, None)
    elif st.query_params.get(_QUERY_PATIENT) != chosen:
        st.query_params[_QUERY_PATIENT] = chosen


def table_id() -> str | None:
    """The open variant table: from this session, or from the link that opened it. A link that names no table gives a blank."""
    if _TABLE not in st.session_state:
        linked = st.query_params.get(_QUERY_TABLE)
        st.session_state[_TABLE] = linked if linked is None or re.fullmatch(_TABLE_ID, linked) else ""
    chosen: str | None = st.session_state[_TABLE]
    return chosen


def open_table(chosen: str | None) -> None:
    """Remember the variant table to show."""
    st.session_state[_TABLE] = chosen


def link_table() -> None:
    """Keep the address in step with the open table, so that a reload and a copied address open it."""
    chosen = table_id()
    if chosen is None:
        st.query_params.pop(_QUERY_TABLE, None)
    elif st.query_params.get(_QUERY_TABLE) != chosen:
        st.query_params[_QUERY_TABLE] = chosen


def conversation_id() -> str | None:
    chosen: str | None = st.session_state.get(_CONVERSATION)
    return chosen


def open_conversation(chosen: str | None) -> None:
    st.session_state[_CONVERSATION] = chosen


def ask_next(question: str) -> None:
    """Queue a question that another control asked for, e.g. a suggestion."""
    st.session_state[_PENDING] = question


def take_question() -> str | None:
    question: str | None = st.session_state.pop(_PENDING, None)
    return question


def upload_turn() -> int:
    """Grows with each import that is started: the questions of the upload page are keyed by it, so that they begin empty."""
    turn: int = st.session_state.get(_UPLOAD_TURN, 0)
    return turn


def uploads_submitted(job_ids: list[str]) -> None:
    """Remember the jobs that the upload page has just made."""
    st.session_state[_UPLOADS_SUBMITTED] = job_ids
    st.session_state[_UPLOAD_TURN] = upload_turn() + 1


def submitted_uploads() -> list[str]:
    """The jobs that the upload page made last."""
    job_ids: list[str] = st.session_state.get(_UPLOADS_SUBMITTED, [])
    return job_ids


def reference_turn() -> int:
    """Grows with each installation of reference data that is started, so that the form begins empty."""
    turn: int = st.session_state.get(_REFERENCE_TURN, 0)
    return turn


def reference_submitted(job_id: str) -> None:
    """Remember the job that the page of reference data has just made."""
    st.session_state[_REFERENCE_SUBMITTED] = job_id
    st.session_state[_REFERENCE_TURN] = reference_turn() + 1


def submitted_reference() -> str | None:
    """The job that the page of reference data made last."""
    job_id: str | None = st.session_state.get(_REFERENCE_SUBMITTED)
    return job_id
