"""An answer: its sentences, a numbered button for each source, and what the reader must know about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import source_viewer
from components.formatting import plain
from services.access.principals import Principal
from services.assistant.answers import AnswerMode, AnswerSegment, AnswerState, AnswerWarning, Citation
from services.assistant.markdown import as_markdown
from services.container import Services

_STATES = {
    AnswerState.INCOMPLETE: ("warning", "This answer broke off and is incomplete."),
    AnswerState.STOPPED: ("info", "Stopped: this is what had been written."),
    AnswerState.FAILED: ("error", "The answer failed."),
}


def segments_text(segments: Sequence[AnswerSegment]) -> str:
    """The answer as Markdown with numbered markers; a sentence without a source is marked as such."""
    return "".join(_marked(segment) for segment in segments)


def show(
    services: Services,
    access: Principal,
    segments: Sequence[AnswerSegment],
    citations: Sequence[Citation],
    *,
    state_of_answer: AnswerState,
    mode: AnswerMode,
    warnings: Sequence[AnswerWarning] = (),
    error: str | None = None,
    key: str,
) -> None:
    """Draw a finished answer; its source buttons open the source viewer."""
    if mode is AnswerMode.EVIDENCE_ONLY:
        st.caption(":material/format_quote: Quotations from the evidence, not a written answer.")
    st.markdown(segments_text(segments))
    if state_of_answer in _STATES:
        kind, message = _STATES[state_of_answer]
        getattr(st, kind)(f"{message} {plain(error or '')}".strip())
    for warning in warnings:
        st.caption(f":material/info: {plain(warning.message)}")
    if citations:
        _sources(services, access, citations, key)


def _sources(services: Services, access: Principal, citations: Sequence[Citation], key: str) -> None:
    st.caption("Sources")
    with st.container(horizontal=True):
        for citation in citations:
            where = f", page {citation.page}" if citation.page else ""
            date = citation.document_date
            dated = f" ({date})" if date and date not in citation.title else ""
            if st.button(
                f"{citation.number} · {plain(citation.title)[:70]}{dated}{where}", key=f"{key}.source.{citation.number}",
                help="Show the passage where it stands",
            ):
                source = source_viewer.Source(citation.collection, citation.passage_id, citation.cited_text)
                source_viewer.open_source(services, access, source)


def _marked(segment: AnswerSegment) -> str:
    text = as_markdown(segment.text)
    if segment.citations:
        body = text.rstrip()
        numbers = "".join(f" :blue-badge[{citation.number}]" for citation in segment.citations)
        return f"{body}{numbers}{text[len(body):] or ' '}"
    if segment.uncited:
        body = text.rstrip()
        return f"{body} :gray-badge[no source]{text[len(body):] or ' '}"
    return text
