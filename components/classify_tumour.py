"""The choice of a tumour type: searched by name and synonym, open to one that is not listed."""

from __future__ import annotations

import streamlit as st

from services.container import Services
from services.knowledge.tumour_types import MAX_NAME_LENGTH

_TIP = (
    "Type to search names and synonyms. A type that is not listed may be written: evidence then counts only where it names the "
    "same type in the same words"
)


def choose_tumour(services: Services, label: str, before: str, key: str) -> str:
    """Draw the choice, `before` chosen; return the name, blank where none is stated."""
    known = services.classifier.tumour_choices()
    options = [*known, *([before] if before and before not in known else [])]
    chosen: str | None = st.selectbox(
        label, options, index=options.index(before) if before else None, key=key, accept_new_options=True, help=_TIP,
        placeholder="Not stated", format_func=lambda name: known.get(name, name),
    )  # fmt: skip
    return (chosen or "").strip()[:MAX_NAME_LENGTH]
