"""The versions kept for a variant, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis_words import badge, inline, row
from components.classify_words import class_word
from components.formatting import plain
from services.variants.classification.comparing import differences
from services.variants.classification.store import Classified


def show(versions: Sequence[Classified], key: str) -> None:
    """Draw the versions, newest first, then the comparison of two."""
    if not versions:
        st.caption("No version was kept yet. Save one to begin the history.")
        return
    for one in versions:
        with row():
            st.markdown(f"**Version {one.version}**", width="content")
            badge(class_word(one.classification))
            signed = f"signed by {one.signed_by}, {one.signed_at:%Y-%m-%d}" if one.signed_at else "not signed"
            st.caption(plain(f"{one.created_at:%Y-%m-%d %H:%M} UTC by {one.author}, {signed}, {one.content.rule_set}"))
            if not one.is_intact:
                st.badge("stored content was changed", icon=":material/gpp_bad:", color="red")
    if len(versions) > 1:
        _compare(versions, key)


def _compare(versions: Sequence[Classified], key: str) -> None:
    by_number = {one.version: one for one in reversed(versions)}
    numbers = list(by_number)
    with st.container(horizontal=True):
        first = st.selectbox("Compare version", numbers, index=len(numbers) - 2, key=f"{key}.first")
        second = st.selectbox("with version", numbers, index=len(numbers) - 1, key=f"{key}.second")
    found = differences(by_number[first].content, by_number[second].content)
    if not found:
        st.caption("Nothing differs between them.")
        return
    st.table(
        [
            {"What": inline(one.topic), "Name": inline(one.name), f"Version {first}": inline(one.before),
             f"Version {second} ": inline(one.after)}
            for one in found
        ],
        border="horizontal", hide_index=True,
    )  # fmt: skip
