"""What was read from the documents, fact by fact: open its page, confirm it, correct it, reject it, take that back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import fact_correction, source_viewer
from components.fact_words import KINDS, STATUS, kind_word, says, status_word
from components.feedback import empty, explained
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.evidence.extraction import FactKind
from services.evidence.extraction.content_fields import FIELDS
from services.patients.fact_decisions import Decision, same_statements
from services.patients.facts import FactStatus, StoredFact

_HISTORY = "history"
_WAITING = "waiting"
_GONE = "not in the record now: its document was deleted, replaced, or reads differently"


def show(services: Services, access: Principal, patient_id: str, document_id: str | None = None) -> None:
    """Draw the facts of a patient, or of one document, and the actions for the selected one."""
    everything = services.record.facts(patient_id, access)
    facts = [one for one in everything if document_id in (None, one.document_id)]
    view = _view(facts, document_id)
    if view == _HISTORY:
        _history(services, access, patient_id, everything, document_id)
        return
    chosen = [one for one in facts if (one.status is FactStatus.PROPOSED if view == _WAITING else one.kind == view)]
    if not chosen:
        empty("Nothing waits for a decision." if view == _WAITING else f"Nothing of this kind was found: {_label(view).lower()}.")
        return
    table = st.dataframe(
        _frame(chosen, in_document=document_id is not None), hide_index=True, on_select="rerun", selection_mode="single-row",
        height=min(36 * len(chosen) + 38, 360),
        key=f"record.table.{view}.{document_id or 'all'}",
    )  # fmt: skip
    rows = table["selection"]["rows"]
    if not rows or rows[0] >= len(chosen):
        st.caption("Select a row to see where it stands and to decide on it. Decisions are kept when documents are read again.")
        return
    _actions(services, access, everything, chosen[rows[0]])


def _view(facts: Sequence[StoredFact], document_id: str | None) -> str:
    counts = {kind.value: sum(one.kind is kind for one in facts) for kind in (*KINDS, *(one.kind for one in facts))}
    waiting = sum(one.status is FactStatus.PROPOSED for one in facts)
    shown = [kind for kind, count in counts.items() if count or document_id is None]
    options = [*([_WAITING] if waiting else []), *shown, _HISTORY]
    found = next((kind for kind, count in counts.items() if count), options[0])
    first = _WAITING if waiting and document_id else found
    label = {**{kind: f"{_label(kind)} {count}" for kind, count in counts.items()}, _WAITING: f"Proposed {waiting}"}
    chosen = st.segmented_control(
        "Kind", options, format_func=lambda one: label.get(one, "Decisions"), default=first, required=True,
        key=f"record.kind.{document_id or 'all'}.{bool(waiting)}.{len(options)}", label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen)


def _label(kind: str) -> str:
    return kind_word(FactKind(kind))


def _actions(services: Services, access: Principal, facts: Sequence[StoredFact], fact: StoredFact) -> None:
    st.markdown(f"> {plain(fact.quote)}")
    for line in _told(services, access, fact):
        st.caption(plain(line))
    others = same_statements(facts, fact)
    with st.container(horizontal=True):
        if st.button("Open the page", key="record.open", icon=":material/menu_book:"):
            source_viewer.open_page(services, access, fact.document_id, fact.page, fact.quote)
        if fact.status is not FactStatus.ACCEPTED and st.button("Confirm", key="record.accept", icon=":material/check:"):
            with explained():
                services.record.accept(fact.id, access)
            st.rerun()
        if fact.kind in FIELDS:
            with st.popover("Correct", icon=":material/edit:"):
                fact_correction.show(services, access, fact, len(others))
        if fact.status is not FactStatus.REJECTED:
            _reject(services, access, fact, len(others))
        undecided = (FactStatus.EXTRACTED, FactStatus.PROPOSED)
        if fact.status not in undecided and st.button("Take back", key="record.restore", icon=":material/undo:"):
            with explained():
                services.record.restore(fact.id, access)
            st.rerun()


def _reject(services: Services, access: Principal, fact: StoredFact, others: int) -> None:
    everywhere = False
    if others:
        with st.popover("Reject", icon=":material/block:"):
            everywhere = st.checkbox(f"Also in the {others} other places that say the same", key=f"record.everywhere.{fact.id}")
            pressed = st.button("Reject", key="record.reject", type="primary")
    else:
        pressed = st.button("Reject", key="record.reject", icon=":material/block:")
    if pressed:
        with explained():
            services.decisions.reject(fact.patient_id, fact.id, access, everywhere=everywhere)
        st.rerun()


def _told(services: Services, access: Principal, fact: StoredFact) -> list[str]:
    """Where the fact stands and how it came there, the newest decision first."""
    lines = [f"{says(fact.content)} — {status_word(fact)}; date: {_day(fact)} ({fact.basis.value})"]
    if fact.as_read is not None:
        lines.append(f"Read as: {says(fact.as_read)}")
    return lines + [_decided(one) for one in services.decisions.of_fact(fact.id, access)]


def _day(fact: StoredFact) -> str:
    if fact.effective is None:
        return "none"
    return fact.effective.isoformat()[: {"day": 10, "month": 7, "year": 4}[fact.precision.value]]


def _decided(one: Decision) -> str:
    what = "taken back" if one.status is FactStatus.EXTRACTED else STATUS[one.status].partition(",")[0]
    said = f" to: {says(one.content)}{f', {one.effective}' if one.effective else ''}" if one.content is not None else ""
    by = f"{one.author}" if one.status is FactStatus.PROPOSED else f"by {one.author}"
    return f"{one.at:%Y-%m-%d %H:%M} UTC, {what}{said}, {by}"


def _history(
    services: Services, access: Principal, patient_id: str, facts: Sequence[StoredFact], document_id: str | None
) -> None:
    by_id = {fact.id: fact for fact in facts}
    decisions = [
        one for one in services.decisions.of_patient(patient_id, access)
        if document_id is None or (one.fact_id in by_id and by_id[one.fact_id].document_id == document_id)
    ]
    if not decisions:
        empty("Nobody has decided about a fact yet. Choose a kind, select a row, and confirm, correct or reject it.")
        return
    known = [by_id.get(one.fact_id) for one in decisions]
    st.dataframe(
        pd.DataFrame(
            {
                "When (UTC)": [one.at.replace(tzinfo=None) for one in decisions],
                "Decision": [_decided(one).partition("UTC, ")[2] for one in decisions],
                "As written": [fact.quote if fact else _GONE for fact in known],
                "Document": [fact.document_title if fact else "" for fact in known],
            }
        ),
        hide_index=True, key=f"record.history.{document_id or 'all'}", height=min(36 * len(decisions) + 38, 360),
    )  # fmt: skip


def _frame(facts: Sequence[StoredFact], *, in_document: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": [fact.effective or fact.document_date for fact in facts],
            "Fact": [says(fact.content) for fact in facts],
            "Status": [status_word(fact) for fact in facts],
            "As written": [fact.quote for fact in facts],
            **({} if in_document else {"Document": [fact.document_title for fact in facts]}),
            "Page": [fact.page for fact in facts],
        }
    )
