"""The administrator's view of the evidence collections."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import evidence_list
from components.feedback import empty, explained
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.evidence.filters import GENERAL, belongs_to
from services.evidence.passages import Passage
from services.evidence.store import CollectionStatus

_SAMPLE = 20


def overview(services: Services) -> CollectionStatus | None:
    """Draw the table of collections; returns the selected one."""
    statuses = services.store.statuses()
    total = sum(status.rows for status in statuses)
    place = "embedded file" if services.store.embedded else "server"
    st.markdown(
        f"**{total:,}** passages in {len(statuses)} collections · {place} ({plain(services.store.server_version())}) · "
        f"embedding model {plain(services.embedder.name)}"
    )
    chosen = st.dataframe(
        _frame(statuses), hide_index=True, on_select="rerun", selection_mode="single-row", key="collections.table",
        height="content",
    )
    selected = chosen["selection"]["rows"]
    if not selected:
        st.caption("Select a row for its schema, rows and actions.")
        return None
    return statuses[selected[0]]


def details(services: Services, access: Principal, status: CollectionStatus) -> None:
    """Draw schema, sample rows, a search in this collection and its actions."""
    name = status.collection.name
    if not status.exists:
        empty("This collection does not exist. **Create what is missing** below brings its passages back from the record.")
        return
    view = st.segmented_control(
        "View", ["Rows", "Search", "Schema", "Actions"], default="Rows", required=True, key="collections.view",
        label_visibility="collapsed",
    )
    if view == "Rows":
        expression = "" if access.may_see_patients else belongs_to((GENERAL,))
        rows = services.store.sample(name, _SAMPLE, expression)
        st.dataframe(_rows(rows), hide_index=True, key="collections.rows")
        st.caption(f"The first {len(rows)} rows.")
    elif view == "Search":
        _search(services, access, name)
    elif view == "Schema":
        st.dataframe(pd.DataFrame(services.store.schema(name)), hide_index=True, key="collections.schema")
    else:
        _actions(services, access, name)


def maintenance(services: Services) -> None:
    """Actions on all collections."""
    st.subheader("All collections")
    if st.button("Create what is missing", key="collections.create", icon=":material/add:"):
        created = services.index.create_collections()
        st.success(f"Created {len(created)} collections." if created else "Nothing was missing.")


@st.fragment
def _search(services: Services, access: Principal, name: str) -> None:
    """Search when the form is sent; opening a passage below redraws the list alone and searches nothing again."""
    with st.form("collections.search", border=False), explained():
        question = st.text_input("Search in this collection", key="collections.question")
        sent = st.form_submit_button("Search", icon=":material/search:")
        found = services.search.search(question, access=access, collections=[name], top_k=5) if sent and question else None
    if found is None:
        return
    if not found.hits:
        empty("Nothing found in this collection for these words.")
    evidence_list.show(services, access, found.hits, key="collections.hit")


def _actions(services: Services, access: Principal, name: str) -> None:
    if st.button("Rebuild from the record", key="collections.rebuild", icon=":material/refresh:"):
        with st.spinner("Embedding and indexing again …"):
            count = services.index.rebuild(name)
        st.success(f"{count:,} passages indexed again.")
    st.download_button(
        "Export as JSON lines", lambda: _export(services, access, name), file_name=f"{name}.jsonl", mime="application/jsonl",
        key="collections.export", icon=":material/download:", on_click="ignore",
    )
    with st.container(border=True):
        st.markdown("**Drop** removes the vectors. The passages stay on record: create the collection again to get them back.")
        typed = st.text_input(f"Type {name} to confirm", key=f"collections.confirm.{name}")
        if st.button("Drop", key="collections.drop", type="primary", disabled=typed != name, icon=":material/delete:"):
            services.index.drop(name)
            st.rerun()


def _export(services: Services, access: Principal, name: str) -> str:
    lines = (
        json.dumps(
            {"id": one.id, "title": one.title, "text": one.text, "source": one.source, "patient_id": one.patient_id,
             "document_date": one.document_date, "page": one.page, "metadata": dict(one.metadata)},
            ensure_ascii=False,
        )
        for one in services.index.export(name, access)
    )
    return "\n".join(lines)


def _frame(statuses: Sequence[CollectionStatus]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Collection": [status.collection.name for status in statuses],
            "Passages": [status.rows for status in statuses],
            "Patient rows": ["yes" if status.collection.patient else "no" for status in statuses],
            "Weight": [status.collection.weight for status in statuses],
            "Model": [status.model or "not created" for status in statuses],
            "Holds": [status.collection.description for status in statuses],
        }
    )


def _rows(passages: Sequence[Passage]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"Id": one.id, "Title": one.title, "Text": one.text, "Patient": one.patient_id or "", "Source": one.source or "",
             **one.metadata}
            for one in passages
        ]
    )
