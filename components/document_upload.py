"""Upload of clinical PDFs: several at once, with the result of each file."""

from __future__ import annotations

import streamlit as st

from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.patients.documents import Outcome

_WORDS = {
    Outcome.ADDED: "added",
    Outcome.UNCHANGED: "already there, nothing changed",
    Outcome.REPLACED: "replaced the earlier version",
}


def show(services: Services, access: Principal, patient_id: str | None) -> None:
    """Draw the upload form; results stay visible until the next upload."""
    target = patient_id
    if patient_id is None:
        target = st.text_input(
            "Patient id", key="documents.new_patient", placeholder="letters, digits, dots and dashes, e.g. SMI-2022-44871",
            help="An id that does not say who the person is. A new id creates a new patient.",
        ).strip()
    files = st.file_uploader("PDF files (up to 50 MB each)", type="pdf", accept_multiple_files=True, key="documents.files")
    if st.button("Read the documents", type="primary", key="documents.ingest", disabled=not (files and target)):
        assert target
        with st.status(f"Reading {len(files)} documents …", expanded=True) as status:
            problems = 0
            for file in files:
                try:
                    ingested = services.documents.ingest(target, file.name, file.getvalue(), access)
                except ParatopeError as error:
                    problems += 1
                    st.markdown(f":material/error: **{plain(file.name)}**: {plain(error.message)}")
                    continue
                one = ingested.document
                st.markdown(
                    f":material/check_circle: **{plain(one.filename)}**: {_WORDS[ingested.outcome]}; {plain(one.title)}, "
                    f"{one.page_count} pages, {one.passage_count} passages"
                )
                for note in one.notes:
                    st.markdown(f":material/warning: {plain(note)}")
            label = "Done" if not problems else f"Done; {problems} of {len(files)} could not be read"
            status.update(label=label, state="error" if problems else "complete")
