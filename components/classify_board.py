"""The criteria board: what the rules say of each criterion, what an expert set, and the editor of the one that is open."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from components import classify_session
from components.analysis_words import badge, inline
from components.classify_words import MET, NOT_ASSESSABLE, NOT_MET, criterion_word, group_of
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.results import Status
from services.variants.classification.content import MAX_NOTE, ClassificationContent, CriterionRow, ExpertEntry

_ORDER = list(Strength)
_ALL = "All"
_NO_NOTE = "classify.no_note"


def show(content: ClassificationContent, key: str) -> None:
    """Draw the 28 criteria, pathogenic left and benign right."""
    counts = Counter(group_of(one) for one in content.criteria)
    shown = st.segmented_control(
        "Show criteria", [_ALL, MET, NOT_MET, NOT_ASSESSABLE], default=_ALL, required=True, key=f"{key}.shown",
        label_visibility="collapsed",
        format_func=lambda one: f"{one} ({counts[one] if one != _ALL else len(content.criteria)})",
    )  # fmt: skip
    chosen = [one for one in content.criteria if shown in (_ALL, group_of(one)) or one.code == classify_session.edited()]
    left, right = st.columns(2, gap="medium")
    for column, heading, side in ((left, "Pathogenic", "P"), (right, "Benign", "B")):
        with column:
            st.markdown(f"**{heading}**")
            rows = [one for one in chosen if one.code.startswith(side)]
            for one in rows:
                _criterion(one, key)
            if not rows:
                st.caption("None in this group.")


def _criterion(one: CriterionRow, key: str) -> None:
    is_open = classify_session.edited() == one.code
    with st.container(border=is_open, gap="xxsmall"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
            st.button(
                f"**{one.code}**", icon=":material/edit:", key=f"{key}.edit.{one.code}", type="tertiary",
                help=f"Decide on {one.code} yourself", on_click=classify_session.edit, args=(None if is_open else one.code,),
            )  # fmt: skip
            st.markdown(inline(one.title), width="stretch")
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
            badge(criterion_word(one))
            if one.is_expert:
                st.badge("expert", icon=":material/person:", color="primary")
            st.caption(inline(one.note if one.is_expert else one.reason), width="stretch")
        if one.automatic is not None:
            strength = f", {one.automatic.strength}" if one.automatic.strength else ""
            st.caption(f":material/smart_toy: The rules say: {one.automatic.status}{strength}. {inline(one.automatic.reason)}")
        if is_open:
            _editor(one, f"{key}.editor.{one.code}")


def _editor(one: CriterionRow, key: str) -> None:
    if one.inputs:
        st.table({inline(name): inline(value) for name, value in one.inputs}, border="horizontal")
    st.caption(f"Rule: {inline(one.source)}")
    allowed = sorted(Criterion[one.code].definition.allowed, key=_ORDER.index)
    before = classify_session.expert().get(one.code)
    default = Criterion[one.code].definition.default
    with st.form(key, border=False):
        st.segmented_control(
            "Decision", list(Status), default=Status(one.status), required=True, key=f"{key}.status",
            format_func=lambda status: status.value.capitalize(),
        )  # fmt: skip
        st.selectbox(
            "Strength, where met", allowed, key=f"{key}.strength", format_func=lambda one: one.value,
            index=allowed.index(Strength(one.strength) if one.strength else default),
        )  # fmt: skip
        st.text_area("Note: what this rests on", before.note if before else "", max_chars=MAX_NOTE, key=f"{key}.note")
        with st.container(horizontal=True):
            st.form_submit_button("Apply", type="primary", key=f"{key}.apply", on_click=_apply, args=(one.code, key))
            if before is not None:
                st.form_submit_button(
                    "Back to the rules", key=f"{key}.withdraw", on_click=classify_session.withdraw, args=(one.code,)
                )
    if st.session_state.pop(_NO_NOTE, None) == one.code:
        st.error("Write what the decision rests on: it is kept with the criterion.", icon=":material/edit_note:")


def _apply(code: str, key: str) -> None:
    status, note = st.session_state[f"{key}.status"], st.session_state[f"{key}.note"].strip()
    if not note:
        st.session_state[_NO_NOTE] = code
        return
    strength = st.session_state[f"{key}.strength"].value if status is Status.MET else None
    classify_session.enter(ExpertEntry(code=code, status=status.value, strength=strength, note=note))
