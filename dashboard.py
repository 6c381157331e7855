"""The Streamlit script: page frame, navigation, sidebar. Screens live in `pages/<section>/`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components import sidebar
from components.feedback import preparation_banner
from components.runtime import Need, get_services, require_access

ASSETS = Path(__file__).parent / "components" / "assets"

st.set_page_config(page_title="Paratope", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")

PAGES = {
    "": [st.Page("pages/home/home.py", title="Home", icon=":material/home:", default=True)],
    "Patient": [
        st.Page("pages/patients/analysis.py", title="Analysis", icon=":material/clinical_notes:"),
        st.Page("pages/patients/timeline.py", title="Timeline", icon=":material/timeline:"),
        st.Page("pages/patients/documents.py", title="Documents", icon=":material/description:"),
        st.Page("pages/patients/report.py", title="Report", icon=":material/lab_profile:"),
    ],
    "Evidence": [
        st.Page("pages/evidence/chat.py", title="Ask", icon=":material/forum:"),
        st.Page("pages/evidence/search.py", title="Search", icon=":material/search:"),
    ],
    "Variants": [
        st.Page("pages/variants/upload.py", title="Upload", icon=":material/upload:"),
        st.Page("pages/variants/jobs.py", title="Jobs", icon=":material/checklist:"),
        st.Page("pages/variants/explorer.py", title="Explorer", icon=":material/table_view:"),
        st.Page("pages/variants/classify.py", title="Classify", icon=":material/gavel:"),
    ],
    "Administration": [
        st.Page("pages/admin/collections.py", title="Collections", icon=":material/database:"),
        st.Page("pages/admin/reference.py", title="Reference data", icon=":material/library_books:"),
    ],
}

page = st.navigation(PAGES, expanded=True)
access = require_access(Need.READ)
services = get_services()
sidebar.show(services, access)
if not services.preparation.status.done:
    preparation_banner(lambda: services.preparation.status)
page.run()
