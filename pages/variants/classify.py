"""Classify: one variant under ACMG/AMP or AMP/ASCO/CAP, with its evidence; decide, keep versions, sign."""

from __future__ import annotations

import streamlit as st

from components import classify_entry, classify_session, classify_workspace
from components.feedback import empty, explained
from components.runtime import Need, get_services, require_access
from services.variants.classification.content import Scheme

access = require_access(Need.PATIENTS)
services = get_services()

st.title("Classify a variant")
scheme = st.segmented_control(
    "Kind of classification", [Scheme.ACMG, Scheme.AMP], default=Scheme.ACMG, required=True, key=classify_session.SCHEME,
    format_func=lambda one: one.label, label_visibility="collapsed",
)  # fmt: skip
classify_entry.show(services, scheme)
with explained():
    subject = classify_entry.subject(services, access)
classify_session.link()
if subject is None:
    empty(
        "Look up a variant by place, HGVS or rsID. Or open a table in the Explorer, select a row, and choose Classify.",
        icon=":material/gavel:",
    )
    st.page_link("pages/variants/explorer.py", label="Open the Explorer", icon=":material/table_view:")
    st.stop()

with explained():
    classify_workspace.heading(services, subject)
    if subject.table is not None:
        st.page_link("pages/variants/explorer.py", label=f"Back to {subject.table.name}", icon=":material/arrow_back:")
    classify_workspace.show(services, access, subject, scheme)
