"""A patient's documents as a table; the selected one is shown with its facts and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from components import document_actions, record_facts
from components.formatting import counted, plain
from services.access.principals import Principal
from services.container import Services
from services.patients.documents import Document, FactCount

_NONE = FactCount()


def show(services: Services, access: Principal, documents: Sequence[Document]) -> None:
    """Draw the table and, below it, the selected document."""
    counts = services.documents.fact_counts(documents[0].patient_id, access)
    facts = sum(one.used for one in counts.values())
    waiting = sum(one.proposed for one in counts.values())
    st.caption(
        f"{counted(len(documents), 'document')}, {counted(sum(one.page_count for one in documents), 'page')}, "
        f"{counted(facts, 'fact')} in use" + (f"; proposals of a model to decide on: {waiting}" if waiting else "")
    )
    chosen = st.dataframe(
        _frame(documents, counts), hide_index=True, on_select="rerun", selection_mode="single-row", key="documents.table",
        column_config={
            "To check": st.column_config.TextColumn(help="What a person should look at, e.g. another date of birth"),
            "Facts": st.column_config.NumberColumn(help="Results, drugs, diagnoses and other facts in use; not those rejected"),
        },
    )  # fmt: skip
    rows = chosen["selection"]["rows"]
    if not rows or rows[0] >= len(documents):
        st.caption("Select a row to open a document, see what was read from it, read it again or delete it.")
        return
    document = documents[rows[0]]
    st.subheader(plain(document.title))
    for note in document.notes:
        st.warning(plain(note), icon=":material/warning:")
    document_actions.show(services, access, document, counts.get(document.id, _NONE))
    record_facts.show(services, access, document.patient_id, document.id)


def _frame(documents: Sequence[Document], counts: Mapping[str, FactCount]) -> pd.DataFrame:
    found = [counts.get(document.id, _NONE) for document in documents]
    waiting = [one.proposed for one in found]
    return pd.DataFrame(
        {
            "Date": [document.document_date for document in documents],
            "Document": [document.title for document in documents],
            "Type": [document.doc_type.replace("_", " ") for document in documents],
            "Specialty": [document.specialty.replace("_", " ") for document in documents],
            "Pages": [document.page_count for document in documents],
            "Facts": [one.used for one in found],
            **({"Proposed": waiting} if any(waiting) else {}),
            "To check": ["; ".join(document.notes) for document in documents],
            "Author": [document.author for document in documents],
            "Facility": [document.facility for document in documents],
            "File": [document.filename for document in documents],
            "Taken in": [document.created_at.date() for document in documents],
        }
    )  # fmt: skip
