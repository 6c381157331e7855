"""What was read from the documents, fact by fact: open its page, confirm it, correct it, reject it, take that back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import source_viewer
from components.feedback import empty
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.evidence.extraction import FactKind, LabContent
from services.patients.facts import FactStatus, StoredFact

_KINDS = {
    FactKind.LAB: "Laboratory", FactKind.ANTIBODY: "Antibodies", FactKind.HLA: "HLA", FactKind.MEDICATION: "Medications",
    FactKind.DIAGNOSIS: "Diagnoses", FactKind.PROCEDURE: "Procedures", FactKind.IMAGING: "Imaging", FactKind.ACTIVITY: "Scores",
}


def show(services: Services, access: Principal, patient_id: str) -> None:
    """Draw the facts of one kind and the actions for the selected one."""
    kind = st.segmented_control(
        "Kind", list(_KINDS), format_func=lambda one: _KINDS[one], default=FactKind.LAB, required=True, key="record.kind",
        label_visibility="collapsed",
    )
    facts = services.record.facts(patient_id, access, kinds=(kind,))
    if not facts:
        empty(f"Nothing of this kind was found in the documents: {_KINDS[kind].lower()}.")
        return
    chosen = st.dataframe(
        _frame(facts), hide_index=True, on_select="rerun", selection_mode="single-row", key=f"record.table.{kind}", height=360,
    )
    rows = chosen["selection"]["rows"]
    if not rows:
        st.caption("Select a row to see where it stands and to decide on it. Decisions are kept when documents are read again.")
        return
    _actions(services, access, facts[rows[0]])


def _actions(services: Services, access: Principal, fact: StoredFact) -> None:
    st.markdown(f"> {plain(fact.quote)}")
    with st.container(horizontal=True):
        if st.button("Open the page", key="record.open", icon=":material/menu_book:"):
            source_viewer.open_page(services, access, fact.document_id, fact.page, fact.quote)
        if fact.status is not FactStatus.ACCEPTED and st.button("Confirm", key="record.accept", icon=":material/check:"):
            services.record.accept(fact.id, access)
            st.rerun()
        if fact.status is not FactStatus.REJECTED and st.button("Reject", key="record.reject", icon=":material/block:"):
            services.record.reject(fact.id, access)
            st.rerun()
        if fact.status is not FactStatus.EXTRACTED and st.button("Take back", key="record.restore", icon=":material/undo:"):
            services.record.restore(fact.id, access)
            st.rerun()
        if isinstance(fact.content, LabContent):
            with st.popover("Correct", icon=":material/edit:"):
                _correct(services, access, fact, fact.content)


def _correct(services: Services, access: Principal, fact: StoredFact, content: LabContent) -> None:
    with st.form(f"record.correct.{fact.id}", border=False):
        value = st.number_input("Value", value=content.value, format="%g", key=f"record.value.{fact.id}")
        unit = st.text_input("Unit", content.unit or "", key=f"record.unit.{fact.id}", max_chars=40)
        day = st.date_input("Specimen date", fact.effective, key=f"record.day.{fact.id}")
        if st.form_submit_button("Save the correction", type="primary"):
            corrected = LabContent.model_validate({**content.model_dump(), "value": value, "unit": unit.strip() or None})
            services.record.correct(fact.id, corrected, access, effective=day)
            st.rerun()


def _frame(facts: Sequence[StoredFact]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": [fact.effective or fact.document_date for fact in facts],
            "As written": [fact.quote for fact in facts],
            "Status": [fact.status.value for fact in facts],
            "Document": [fact.document_title for fact in facts],
            "Page": [fact.page for fact in facts],
        }
    )
