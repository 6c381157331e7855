"""Evidence search: passages only, from any of the collections, with scores and sources."""

from __future__ import annotations

import streamlit as st

from components import evidence_list, state
from components.feedback import empty, explained
from components.formatting import plain
from components.runtime import Need, get_services, require_access
from services.evidence.collections import BY_NAME

access = require_access(Need.READ)
services = get_services()
patient_id = state.patient_id()

st.title("Search the evidence")
with st.form("search.form", border=False):
    question = st.text_input("What are you looking for?", key="search.question",
                             placeholder="e.g. falling C3 before a renal flare")
    with st.expander("Options", icon=":material/tune:"):
        chosen = st.multiselect(
            "Collections", list(BY_NAME), format_func=lambda name: BY_NAME[name].title, key="search.collections",
            placeholder="all fourteen",
        )
        top_k = st.slider("Passages from each collection", 1, 20, 5, key="search.top_k")
        everyone = patient_id is None and st.toggle("Also search the records of all patients", key="search.everyone")
    st.form_submit_button("Search", type="primary", icon=":material/search:")

if not question:
    empty("Write a question above. With a patient chosen on the left, that patient's record is searched too.")
    st.stop()

with explained(), st.spinner("Searching …"):
    result = services.search.search(
        question, access=access if patient_id or everyone else access.without_patients(), patient_id=patient_id,
        collections=chosen, top_k=top_k,
    )

st.caption(
    f"{len(result.hits)} passages from {len(result.collections_searched)} collections in {result.elapsed_ms:.0f} ms"
    + (f" · also searched: {plain(', '.join(result.expansions))}" if result.expansions else "")
)
if not result.hits:
    empty("Nothing found. The collections were searched and hold no passage for these words.")

evidence_list.show(services, access, result.hits, key="search")
