"""Every session key and query parameter of the dashboard.

Session state holds ids and choices, never patient data. The patient's id is the only thing that goes into the URL: it is
opaque, makes a page linkable, and says nothing about the person.
"""

from __future__ import annotations

import re

import streamlit as st

from services.clinical.profile import PATIENT_ID_PATTERN

_PATIENT = "patient_id"
_CONVERSATION = "conversation_id"
_PENDING = "pending_question"
_QUERY_PATIENT = "patient"
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
    """The open variant table: from this session, or from the link that opened it."""
    if _TABLE not in st.session_state:
        linked = st.query_params.get(_QUERY_TABLE)
        st.session_state[_TABLE] = linked if linked and re.fullmatch(_TABLE_ID, linked) else None
    chosen: str | None = st.session_state[_TABLE]
    return chosen


def open_table(chosen: str | None) -> None:
    """Remember the variant table to show."""
    st.session_state[_TABLE] = chosen


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
