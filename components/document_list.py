"""A patient's documents as a table; the selected one can be opened or deleted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import source_viewer
from services.access.principals import Principal
from services.container import Services
from services.patients.documents import Document


def show(services: Services, access: Principal, documents: Sequence[Document]) -> None:
    """Draw the table and the actions for the selected row."""
    st.caption(f"{len(documents)} documents")
    chosen = st.dataframe(
        _frame(documents), hide_index=True, on_select="rerun", selection_mode="single-row", key="documents.table",
        column_config={"Read": st.column_config.TextColumn(help="Readings a person should check")},
    )
    rows = chosen["selection"]["rows"]
    if not rows:
        st.caption("Select a row to open the document.")
        return
    document = documents[rows[0]]
    with st.container(horizontal=True):
        if st.button("Open", key="documents.open", icon=":material/menu_book:", type="primary"):
            first = services.documents.passages(document.id, access)[0]
            source_viewer.open_source(services, access, source_viewer.Source(first.collection, first.id))
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown("The document and everything read from it will be gone.")
            if st.button("Delete this document", key="documents.delete", type="primary"):
                services.documents.remove(document.id, access)
                st.rerun()


def _frame(documents: Sequence[Document]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": [document.document_date for document in documents],
            "Document": [document.title for document in documents],
            "Specialty": [document.specialty.replace("_", " ") for document in documents],
            "Author": [document.author for document in documents],
            "Facility": [document.facility for document in documents],
            "Pages": [document.page_count for document in documents],
            "File": [document.filename for document in documents],
            "Read": ["; ".join(document.notes) for document in documents],
        }
    )
