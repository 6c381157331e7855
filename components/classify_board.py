"""The criteria board: what the rules say of each criterion, what an expert entered, and the editor of the one that is open."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from components import classify_case, classify_editor, classify_session
from components.analysis_words import badge, inline
from components.classify_editor import Live
from components.classify_words import MET, NOT_ASSESSABLE, NOT_MET, criterion_word, group_of
from services.genomics.acmg.criteria import Criterion
from services.variants.classification.content import CriterionRow

_ALL = "All"


def show(live: Live, gene: str, key: str) -> None:
    """Draw the 28 criteria, pathogenic left and benign right."""
    content = live.content
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
                _criterion(one, live, gene, key)
            if not rows:
                st.caption("None in this group.")


def _criterion(one: CriterionRow, live: Live, gene: str, key: str) -> None:
    is_open = classify_session.edited() == one.code
    with st.container(border=is_open, gap="xxsmall", key=f"{key}.row.{one.code}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            takes_input = not Criterion[one.code].definition.automatic
            icon = "edit_note" if takes_input else "edit"
            st.button(
                f"**{one.code}**", icon=f":material/{icon}:", key=f"{key}.edit.{one.code}", type="tertiary",
                help=f"Enter what was observed for {one.code}" if takes_input else f"Decide on {one.code} yourself",
                on_click=classify_session.edit, args=(None if is_open else one.code,),
            )  # fmt: skip
            badge(criterion_word(one))
            if one.is_expert:
                st.badge("expert", icon=":material/person:", color="primary")
        st.markdown(inline(one.title))
        st.caption(inline(one.said))
        _beside(one)
        if is_open:
            if one.code == Criterion.PP4:
                classify_case.support(gene, live.content.phenotype_terms)
            classify_editor.show(one, live, key)


def _beside(one: CriterionRow) -> None:
    """Say what stands beside an expert's word: the rule it departs from, and what the data say."""
    if one.by_rule is not None:
        if (one.by_rule.status, one.by_rule.strength) != (one.status, one.strength):
            given = one.by_rule.strength or one.by_rule.status
            st.caption(f":material/rule: By the rule it would be {inline(given)}.")
    elif one.automatic is not None:
        strength = f", {one.automatic.strength}" if one.automatic.strength else ""
        st.caption(f":material/smart_toy: The rules say: {one.automatic.status}{strength}. {inline(one.automatic.reason)}")
