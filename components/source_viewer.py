"""The source behind a citation: the passage, and the page of the PDF with the passage highlighted."""

from __future__ import annotations

import streamlit as st

from components import state
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.evidence.passages import Passage


def show(services: Services, access: Principal, source: state.OpenSource) -> None:
    """Draw the source with a button that closes it."""
    with st.container(border=True, key="source_viewer"):
        try:
            passage = services.index.passage(source.collection, source.passage_id, access)
        except ParatopeError as error:
            show_error(error)
            return
        heading, close = st.columns([6, 1], vertical_alignment="center")
        heading.markdown(f"**{plain(passage.title)}**")
        if close.button("Close", key="source_viewer.close", icon=":material/close:", help="Close the source", type="tertiary"):
            state.show_source(None)
            st.rerun()
        st.caption(_provenance(passage))
        if passage.document_id and passage.page:
            _page(services, access, passage, source.cited_text)
        else:
            st.markdown(f"> {plain(passage.text)}")
            if passage.source:
                st.caption(f"Source: {plain(passage.source)}")


def _page(services: Services, access: Principal, passage: Passage, cited_text: str | None) -> None:
    assert passage.document_id is not None
    assert passage.page is not None
    document = services.documents.get(passage.document_id, access)
    page = st.number_input(
        f"Page (of {document.page_count})", 1, document.page_count, passage.page, key=f"source_viewer.page.{passage.id}"
    )
    highlight = (cited_text or passage.text) if page == passage.page else None
    try:
        image = services.documents.page_image(passage.document_id, int(page), highlight, access)
    except ParatopeError as error:
        show_error(error)
        st.markdown(f"> {plain(passage.text)}")
        return
    st.image(image.png, alt=image.alt, width="stretch")
    if highlight and not image.highlights_found:
        st.caption("The passage could not be located exactly on the page. Its text:")
        st.markdown(f"> {plain(passage.text)}")
    st.download_button(
        "Download the PDF", lambda: services.documents.file(document.id, access), file_name=document.filename,
        mime="application/pdf", key=f"source_viewer.download.{passage.id}", icon=":material/download:", on_click="ignore",
    )


def _provenance(passage: Passage) -> str:
    parts = [passage.document_date, passage.section, f"page {passage.page}" if passage.page else None]
    kind = "patient record" if passage.patient_id else "curated knowledge"
    return plain(" · ".join([kind, *(part for part in parts if part)]))
