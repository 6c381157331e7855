"""Classify: one variant under ACMG/AMP, AMP/ASCO/CAP or the copy number standard, with its evidence; decide, keep, sign."""

from __future__ import annotations

import streamlit as st

from components import classify_copy_number, classify_entry, classify_session, classify_workspace
from components.feedback import empty, explained
from components.runtime import Need, get_services, require_access
from services.variants.classification.content import Scheme

access = require_access(Need.PATIENTS)
services = get_services()

st.title("Classify a variant")
scheme = st.segmented_control(
    "Kind of classification", list(Scheme), default=Scheme.ACMG, required=True, key=classify_session.SCHEME,
    format_func=lambda one: one.label, label_visibility="collapsed",
)  # fmt: skip
if scheme is Scheme.CNV:
    classify_copy_number.enter()
else:
    classify_entry.show(services, scheme)
with explained():
    subject = classify_entry.subject(services, access)
classify_session.link()
if subject is None or subject.is_copy_number != (scheme is Scheme.CNV):
    what = "Enter the region of a copy number variant." if scheme is Scheme.CNV else "Look up a variant by place, HGVS or rsID."
    empty(f"{what} Or open a table in the Explorer, select a row, and choose Classify.", icon=":material/gavel:")
    st.page_link("pages/variants/explorer.py", label="Open the Explorer", icon=":material/table_view:")
    st.stop()

with explained():
    if scheme is Scheme.CNV:
        classify_copy_number.heading(subject)
    else:
        classify_workspace.heading(services, subject)
    if subject.table is not None:
        st.page_link("pages/variants/explorer.py", label=f"Back to {subject.table.name}", icon=":material/arrow_back:")
    if scheme is Scheme.CNV:
        classify_copy_number.show(services, access, subject)
    else:
        classify_workspace.show(services, access, subject, scheme)
