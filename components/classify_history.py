"""The versions kept for a variant, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis_words import badge, card, inline, row
from components.classify_words import class_word
from components.formatting import counted, plain
from services.variants.classification.comparing import Pair, side_by_side
from services.variants.classification.store import Classified


def show(versions: Sequence[Classified], key: str) -> None:
    """Draw the versions, newest first, then the comparison of two."""
    if not versions:
        st.caption("No version was kept yet. Save one to begin the history.")
        return
    for one in versions:
        _version(one)
    if len(versions) > 1:
        _compare(versions, key)


def _version(one: Classified) -> None:
    with card():
        with row():
            st.markdown(f"**Version {one.version}**", width="content")
            badge(class_word(one.classification))
            if one.points:
                st.badge(f"{one.points} points", color="gray")
            if one.signed_at:
                st.badge(inline(f"signed by {one.signed_by}, {one.signed_at:%Y-%m-%d}"), icon=":material/lock:", color="green")
            if not one.is_intact:
                st.badge("stored content was changed", icon=":material/gpp_bad:", color="red")
        signed = "" if one.signed_at else ", not signed"
        condition = f", for {one.content.condition}" if one.content.condition else ""
        st.caption(inline(
            f"{one.created_at:%Y-%m-%d %H:%M} UTC by {one.author}{signed}{condition}, {one.content.rule_set}, rules "
            f"{one.content.rules_version}"
        ))
        with st.expander("What it says", icon=":material/article:"):
            st.markdown(plain(one.content.rationale) or "No text was kept.")


def _compare(versions: Sequence[Classified], key: str) -> None:
    by_number = {one.version: one for one in reversed(versions)}
    numbers = list(by_number)
    st.markdown("**Two versions side by side**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox("Version", numbers, index=len(numbers) - 2, key=f"{key}.first", width=130)
        second = st.selectbox("and version", numbers, index=len(numbers) - 1, key=f"{key}.second", width=130)
        everything = st.toggle("Also what is the same", key=f"{key}.same")
    found = side_by_side(by_number[first].content, by_number[second].content)
    changed = sum(one.is_changed for one in found)
    st.caption(f"{counted(changed, 'difference')}, highlighted." if changed else "Nothing differs between them.")
    shown = [one for one in found if one.is_changed or everything]
    if not shown:
        return
    st.table([_line(one, first, second) for one in shown], border="horizontal", hide_index=True)


def _line(one: Pair, first: int, second: int) -> dict[str, str]:
    before, after = (f"Version {first}", f"Version {second}") if first != second else (f"Version {first}", f"Version {second} ")
    return {
        "": ":orange[:material/difference:]" if one.is_changed else "", "What": inline(one.topic), "Name": inline(one.name),
        before: inline(one.before), after: f":orange-background[{inline(one.after)}]" if one.is_changed else inline(one.after),
    }  # fmt: skip
