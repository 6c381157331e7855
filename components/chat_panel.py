"""The conversation: history, stored messages, suggestions, and the turn that is being answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import answer_view, source_viewer, state
from components.feedback import explained, show_error
from components.formatting import plain
from services.access.principals import Principal
from services.assistant.answers import AnswerWarning, Failed, Finished, Searched, SegmentDone, TextDelta
from services.assistant.conversations import Message
from services.container import Services
from services.evidence.collections import BY_NAME
from services.patients.demo import demo_questions
from services.patients.registry import Patient

_GENERAL_QUESTIONS = (
    "What does a rising anti-dsDNA with falling C3 and C4 mean?",
    "Which biologics should be avoided in a patient with multiple sclerosis?",
    "How is HLA-B27 related to ankylosing spondylitis?",
)
_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question searches: no collection named means all of them."""

    collections: tuple[str, ...]
    top_k: int


def history_menu(services: Services, access: Principal, patient_id: str | None) -> None:
    """A menu of earlier conversations about the same patient, and a way to start afresh."""
    with st.popover("Conversations", icon=":material/history:", width="stretch"):
        if st.button("New conversation", key="chat.new", icon=":material/add:", width="stretch"):
            state.open_conversation(None)
            st.rerun()
        search = st.text_input("Find", key="chat.find", placeholder="words in a conversation")
        for one in services.conversations.list(access.name, search=search, patient_id=patient_id, limit=_SHOWN):
            if one.patient_id != patient_id:  # without a patient the list holds the conversations about patients too
                continue
            open_it, delete = st.columns([5, 1])
            if open_it.button(plain(one.title), key=f"chat.open.{one.id}", width="stretch"):
                state.open_conversation(one.id)
                st.rerun()
            if delete.button("", key=f"chat.delete.{one.id}", icon=":material/delete:", help="Delete this conversation"):
                services.conversations.delete(access.name, one.id)
                if state.conversation_id() == one.id:
                    state.open_conversation(None)
                st.rerun()


def options() -> Scope:
    """Which collections are searched, and how much of each; all of them unless the reader narrows it."""
    with st.popover("Search options", icon=":material/tune:", width="stretch"):
        chosen = st.multiselect(
            "Collections", list(BY_NAME), format_func=lambda name: BY_NAME[name].title, key="chat.collections",
            placeholder="all fourteen",
        )
        top_k = st.slider("Passages from each collection", 1, 20, 5, key="chat.top_k")
    return Scope(tuple(chosen), top_k)


def conversation(services: Services, access: Principal, patient: Patient | None) -> None:
    """Draw the stored messages, or suggestions when there are none."""
    identifier = state.conversation_id()
    messages: Sequence[Message] = services.conversations.messages(access.name, identifier) if identifier else ()
    if not messages:
        _suggestions(patient)
    for message in messages:
        with st.chat_message(message.role):
            if message.provenance is None:
                st.markdown(plain(message.text))
            else:
                answer_view.show(
                    services, access, message.segments, message.citations, state_of_answer=message.state,
                    mode=message.provenance.mode, warnings=message.warnings, error=message.error, key=f"chat.{message.id}",
                )
                found = message.provenance.evidence
                label = f"All {len(found)} passages found"
                if found and st.button(label, key=f"chat.{message.id}.evidence", icon=":material/list:", type="tertiary"):
                    source_viewer.open_evidence(services, access, found)


def ask(services: Services, access: Principal, patient: Patient | None, scope: Scope, area: DeltaGenerator) -> None:
    """Take a question from the input or a suggestion and answer it in `area`."""
    typed = st.chat_input("Ask a question", key="chat.input", submit_mode="stop", max_chars=4000)
    question = typed or state.take_question()
    if not question:
        return
    with area, explained():
        identifier = state.conversation_id()
        if identifier is None:
            identifier = services.conversations.create(access.name, patient_id=patient.id if patient else None).id
            state.open_conversation(identifier)
        with st.chat_message("user"):
            st.markdown(plain(str(question)))
        with st.chat_message("assistant"):
            _answer(services, access if patient else access.without_patients(), identifier, str(question), scope)
    st.rerun()


def _answer(services: Services, access: Principal, identifier: str, question: str, scope: Scope) -> None:
    """Stream one answer. It is stored by the service, so a stop or a closed tab loses nothing."""
    body = st.empty()
    note = st.empty()
    note.caption(":material/search: Searching the evidence …")
    done: list[str] = []
    pending = ""
    for event in services.chat.ask(access, identifier, question, collections=scope.collections, top_k=scope.top_k):
        if isinstance(event, Searched):
            note.caption(f":material/menu_book: {len(event.result.hits)} passages found; writing …")
        elif isinstance(event, TextDelta):
            pending += event.text
            body.markdown("".join(done) + plain(pending))
        elif isinstance(event, SegmentDone):
            done.append(answer_view.segments_text([event.segment]))
            pending = ""
            body.markdown("".join(done))
        elif isinstance(event, AnswerWarning):
            note.caption(f":material/info: {plain(event.message)}")
        elif isinstance(event, Failed):
            show_error(event.error)
        elif isinstance(event, Finished):
            note.empty()


def _suggestions(patient: Patient | None) -> None:
    questions = demo_questions(patient.id) if patient and patient.demo else () if patient else _GENERAL_QUESTIONS
    if patient and not questions:
        questions = ("What is the latest state of the disease?", "Which drugs has this patient had, and why were they stopped?")
    st.caption("Questions to begin with")
    for position, question in enumerate(questions[:4]):
        if st.button(plain(question), key=f"chat.suggestion.{position}", icon=":material/help:"):
            state.ask_next(question)
            st.rerun()
