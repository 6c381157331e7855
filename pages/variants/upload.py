"""Upload: files of variants into tables, PDFs into the record, and what is said about reads."""

from __future__ import annotations

import streamlit as st

from components import document_upload, state, upload_variants
from components.feedback import explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()

st.title("Upload")
variants, reads, documents = st.tabs(
    [":material/genetics: Variants", ":material/short_text: Reads", ":material/description: Documents"]
)
with variants, explained():
    upload_variants.show(services, access)
with reads:
    st.markdown(
        "**Sequencing reads cannot be processed yet.** Calling variants from FASTQ files is not part of this version, so there "
        "is nothing to upload here.\n\n"
        "It will take paired or single FASTQ files packed with gzip (`R1` and `R2` of each sample). Until then, call variants "
        "with your own pipeline and bring the VCF or BCF file to the tab Variants."
    )
with documents, explained():
    st.markdown("Clinical PDFs go into a patient's record, where their facts are read and can be checked.")
    document_upload.show(services, access, state.patient_id())
    st.page_link("pages/patients/documents.py", label="Open the patient's documents", icon=":material/description:")
