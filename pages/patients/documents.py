"""Documents: upload PDFs for a patient, see what was read from them, open a page, read again, delete."""

from __future__ import annotations

import streamlit as st

from components import demo_loading, document_list, document_upload, patient_card, state
from components.feedback import empty, explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()
patient_id = state.patient_id()

with explained():
    patient_card.heading("Documents", services, access, patient_id)
    documents = services.documents.list(patient_id, access) if patient_id is not None else ()
with st.expander("Upload PDFs", icon=":material/upload_file:", expanded=not documents), explained():
    document_upload.show(services, access, patient_id)

if patient_id is None:
    empty("Choose a patient on the left to see their documents, or upload the first one of a new patient above.")
    with explained():
        demo_loading.offer(services, access, services.patients.list(access), key="documents.load_demo")
    st.stop()
if not documents:
    empty(
        "**No documents yet for this patient.** Upload letters and reports as PDF above. From each one the dated results, drugs, "
        "diagnoses and studies are read; they fill the timeline, the trends and the analysis, and each links back to its page."
    )
    st.stop()

with explained():
    document_list.show(services, access, documents)
