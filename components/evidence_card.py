"""One search hit: where it comes from, how relevant it is, what it says, and a way to its source."""

from __future__ import annotations

import streamlit as st

from components import source_viewer
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.evidence.collections import BY_NAME
from services.evidence.passages import Hit, Relevance

_BADGE = {
    Relevance.HIGH: ("green", "signal_cellular_alt", "high relevance"),
    Relevance.MEDIUM: ("orange", "signal_cellular_alt_2_bar", "medium relevance"),
    Relevance.LOW: ("gray", "signal_cellular_alt_1_bar", "low relevance"),
}
_SHOWN_CHARS = 900


def show(services: Services, access: Principal, hit: Hit, key: str) -> None:
    """Draw the card; its button opens the source."""
    passage = hit.passage
    colour, icon, word = _BADGE[hit.relevance]
    with st.container(border=True):
        title, badge = st.columns([5, 2], vertical_alignment="center")
        title.markdown(f"**{hit.rank}. {plain(passage.title)}**")
        badge.badge(word, icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]  # the table above holds legal names
        origin = [BY_NAME[passage.collection].title, passage.document_date, passage.section]
        if passage.page:
            origin.append(f"page {passage.page}")
        st.caption(plain(" · ".join(part for part in origin if part)))
        text = passage.text if len(passage.text) <= _SHOWN_CHARS else passage.text[:_SHOWN_CHARS].rsplit(" ", 1)[0] + " …"
        st.markdown(plain(text))
        if passage.source and not passage.document_id:
            st.caption(f"Source: {plain(passage.source)}")
        with st.container(horizontal=True):
            if st.button("Open source", key=f"{key}.open", icon=":material/menu_book:", type="tertiary"):
                source_viewer.open_source(services, access, source_viewer.Source(passage.collection, passage.id))
            why = st.popover("Why this score?", type="tertiary")
        with why:
            st.markdown(
                f"score **{hit.score:.2f}** = 0.8 × similarity {hit.similarity:.2f} + 0.2 × terms covered {hit.coverage:.2f}, "
                f"times the weight of the collection"
            )
            st.caption(f"Citation id: {plain(passage.source_uri)}")
