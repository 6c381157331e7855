"""Upload: files of variants into tables, reads into calls and tables, PDFs into the record."""

from __future__ import annotations

import streamlit as st

from components import document_upload, state, upload_reads, upload_variants
from components.feedback import explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()

st.title("Upload")
variants, reads, documents = st.tabs(
    [":material/genetics: Variants", ":material/short_text: Reads", ":material/description: Documents"],
    key="upload.tab", on_change="rerun",  # only the open one is drawn: there is one area for files at a time
)
if variants.open:
    with variants, explained():
        upload_variants.show(services, access)
if reads.open:
    with reads, explained():
        upload_reads.show(services, access)
if documents.open:
    with documents, explained():
        st.markdown("Clinical PDFs go into a patient's record, where their facts are read and can be checked.")
        document_upload.show(services, access, state.patient_id())
        st.page_link("pages/patients/documents.py", label="Open the patient's documents", icon=":material/description:")
