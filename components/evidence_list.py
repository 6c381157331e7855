"""Search hits, a page at a time: drawing a hundred cards at once would be slow."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import evidence_card
from services.access.principals import Principal
from services.container import Services
from services.evidence.passages import Hit

_PER_PAGE = 10


@st.fragment
def show(services: Services, access: Principal, hits: Sequence[Hit], key: str) -> None:
    """Draw the hits with page controls; turning the page searches nothing again."""
    pages = max(1, -(-len(hits) // _PER_PAGE))
    area = st.container()
    number = st.pagination(pages, key=f"{key}.page") if pages > 1 else 1
    first = (min(number, pages) - 1) * _PER_PAGE
    with area:
        for hit in hits[first : first + _PER_PAGE]:
            evidence_card.show(services, access, hit, key=f"{key}.{hit.passage.collection}.{hit.passage.id}")
