"""The source behind a citation, in a drawer: the passage, and the page of the PDF with the passage highlighted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.evidence.passages import Passage

_LISTED = 30


@dataclass(frozen=True, slots=True)
class Source:
    """A passage to show, and the words of it that were cited (empty: the whole passage)."""

    collection: str
    passage_id: str
    cited_text: str = ""


@st.dialog("Source", width="medium", position="right")
def open_source(services: Services, access: Principal, source: Source) -> None:
    """Open the drawer. Call it in the run in which the reader asked for the source."""
    try:
        passage = services.index.passage(source.collection, source.passage_id, access)
        st.markdown(f"**{plain(passage.title)}**")
        st.caption(_provenance(passage))
        if passage.document_id and passage.page:
            _page(services, access, passage, source.cited_text)
        else:
            st.markdown(f"> {plain(passage.text)}")
            if passage.source:
                st.caption(f"Source: {plain(passage.source)}")
    except ParatopeError as error:
        show_error(error)


@st.dialog("Passages found for this answer", width="medium", position="right")
def open_evidence(services: Services, access: Principal, source_uris: Sequence[str]) -> None:
    """Open a drawer with everything the search found for an answer, in its order, cited or not."""
    st.caption(f"{len(source_uris)} passages, the best first")
    for number, uri in enumerate(source_uris[:_LISTED], start=1):
        collection, _, passage_id = uri.removeprefix("milvus://").partition("/")
        try:
            passage = services.index.passage(collection, passage_id, access)
        except ParatopeError as error:
            st.caption(f"{number}. {plain(error.message)}")
            continue
        with st.expander(f"{number}. {plain(passage.title)}"):
            st.caption(_provenance(passage))
            st.markdown(plain(passage.text))
            if passage.source:
                st.caption(f"Source: {plain(passage.source)}")
    if len(source_uris) > _LISTED:
        st.caption(f"The first {_LISTED} are shown; Search shows all of them.")


@st.dialog("Source", width="medium", position="right")
def open_page(services: Services, access: Principal, document_id: str, page: int, quote: str) -> None:
    """Open the drawer on a page of a document, with `quote` highlighted where it stands."""
    try:
        st.markdown(f"**{plain(services.documents.get(document_id, access).title)}**")
        _document(services, access, document_id, page, quote, key=f"{document_id}.{page}")
    except ParatopeError as error:
        show_error(error)


def _page(services: Services, access: Principal, passage: Passage, cited_text: str) -> None:
    assert passage.document_id is not None
    assert passage.page is not None
    _document(services, access, passage.document_id, passage.page, cited_text or passage.text, key=passage.id)


def _document(services: Services, access: Principal, document_id: str, start: int, quote: str, *, key: str) -> None:
    document = services.documents.get(document_id, access)
    page = start
    if document.page_count > 1:
        label = f"Page (of {document.page_count})"
        page = int(st.number_input(label, 1, document.page_count, start, key=f"source_viewer.page.{key}"))
    highlight = quote if quote and page == start else None
    image = services.documents.page_image(document_id, page, highlight, access)
    st.image(image.png, alt=image.alt, width="stretch")
    if highlight and not image.highlights_found:
        st.caption("The passage could not be located exactly on the page. Its text:")
        st.markdown(f"> {plain(highlight)}")
    st.download_button(
        "Download the PDF", lambda: services.documents.file(document.id, access), file_name=document.filename,
        mime="application/pdf", key=f"source_viewer.download.{key}", icon=":material/download:", on_click="ignore",
    )


def _provenance(passage: Passage) -> str:
    parts = [passage.document_date, passage.section, f"page {passage.page}" if passage.page else None]
    kind = "patient record" if passage.patient_id else "curated knowledge"
    return plain(" · ".join([kind, *(part for part in parts if part)]))
