"""Upload of clinical PDFs: several at once, with the result of each file."""

from __future__ import annotations

import streamlit as st

from components import state
from components.formatting import counted, plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.patients.documents import Ingested, Outcome

_WORDS = {
    Outcome.ADDED: "added",
    Outcome.UNCHANGED: "already there, nothing changed",
    Outcome.REPLACED: "replaced the earlier version",
}


def show(services: Services, access: Principal, patient_id: str | None) -> None:
    """Draw the upload form; results stay visible until the next action."""
    target = patient_id
    if patient_id is None:
        target = st.text_input(
            "Patient id", key="documents.new_patient", placeholder="letters, digits, dots and dashes, e.g. SMI-2022-44871",
            help="An id that does not say who the person is. A new id creates a new patient with the first document.",
        ).strip()
    limit = services.settings.max_request_size_mb
    files = st.file_uploader(f"PDF files (up to {limit} MB each)", type="pdf", accept_multiple_files=True, key="documents.files")
    if not files:
        st.caption("Letters, laboratory and imaging reports. They are read on this machine; scans without text are refused.")
    if st.button("Read the documents", type="primary", key="documents.ingest", disabled=not (files and target)):
        assert target
        taken = 0
        with st.status(f"Reading {counted(len(files), 'file')} …", expanded=True) as status:
            for file in files:
                try:
                    ingested = services.documents.ingest(target, file.name, file.getvalue(), access)
                except ParatopeError as error:
                    st.markdown(f":material/error: **{plain(file.name)}**: not taken in. {plain(error.message)}")
                    continue
                taken += 1
                _tell(services, access, ingested)
            problems = len(files) - taken
            label = "Done" if not problems else f"{taken} of {counted(len(files), 'file')} read; {problems} not taken in"
            status.update(label=label, state="error" if problems else "complete", expanded=True)
        if patient_id is None and taken:
            st.button(
                "Open this patient", key="documents.go", icon=":material/person:", on_click=state.choose_patient, args=(target,)
            )


def _tell(services: Services, access: Principal, ingested: Ingested) -> None:
    one = ingested.document
    facts = services.documents.fact_counts(one.patient_id, access).get(one.id)
    st.markdown(
        f":material/check_circle: **{plain(one.filename)}**: {_WORDS[ingested.outcome]}; {plain(one.title)}, "
        f"{counted(one.page_count, 'page')}, {counted(facts.used if facts else 0, 'fact')}"
    )
    for note in one.notes:
        st.markdown(f":material/warning: {plain(note)}")
