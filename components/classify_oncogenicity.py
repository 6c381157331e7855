"""How likely a somatic variant is oncogenic: seventeen criteria with their points, each open to an expert."""

from __future__ import annotations

import streamlit as st

from components import classify_session
from components.analysis_words import badge, inline
from components.classify_editor import UNWRITTEN, Draft, Live
from components.classify_words import class_word, criterion_word, oncogenic_word
from services.genomics.oncogenicity.criteria import GRADES, Code, CodeStatus
from services.variants.classification.content import MAX_NOTE, ClassificationContent, CriterionRow, ExpertEntry

_NO_NOTE = "classify.oncogenicity.no_note"
_DECISIONS = [CodeStatus.MET, CodeStatus.NOT_MET]


def show(live: Live, key: str) -> None:
    """Draw class and points, then the criteria, oncogenic left and benign right."""
    judged = live.content.oncogenicity
    if judged is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        badge(oncogenic_word(judged.classification))
        st.badge(f"{judged.points} points", color="gray")
        st.caption(f"{inline(judged.rule_set)}: oncogenic from 10 points, likely 6 to 9, uncertain 0 to 5, benign below")
    st.caption("Tiers need this for evidence about any mutation of a gene. Hot spots, functional studies and established "
               "variants are not installed here: they are yours to enter.")  # fmt: skip
    for text in judged.conflicts:
        st.warning(f"{inline(text[:1].upper() + text[1:])}.", icon=":material/warning:")
    left, right = st.columns(2, gap="medium")
    for column, heading, is_benign in ((left, "Oncogenic", False), (right, "Benign", True)):
        with column:
            st.markdown(f"**{heading}**")
            for one in judged.criteria:
                if (Code[one.code].points < 0) == is_benign:
                    _criterion(one, live, key)


def _criterion(one: CriterionRow, live: Live, key: str) -> None:
    is_open = classify_session.edited() == one.code
    with st.container(border=is_open, gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.button(
                f"**{one.code}**", icon=":material/edit_note:", key=f"{key}.edit.{one.code}", type="tertiary",
                help=f"Decide on {one.code} yourself", on_click=classify_session.edit, args=(None if is_open else one.code,),
            )  # fmt: skip
            badge(criterion_word(one))
            if one.is_expert:
                st.badge("expert", icon=":material/person:", color="primary")
        st.markdown(inline(one.title))
        st.caption(inline(one.said))
        if one.automatic is not None:
            points = f", {one.automatic.strength}" if one.automatic.strength else ""
            st.caption(f":material/smart_toy: The rules say: {one.automatic.status}{points}. {inline(one.automatic.reason)}")
        if is_open:
            _editor(one, live, f"{key}.editor.{one.code}")


def _editor(one: CriterionRow, live: Live, key: str) -> None:
    if one.inputs:
        st.table({inline(name): inline(value) for name, value in one.inputs}, border="horizontal")
    before = classify_session.expert().get(one.code)
    is_met = before.status == CodeStatus.MET if before else one.counts
    usual = abs(Code[one.code].points)
    sign = -1 if Code[one.code].points < 0 else 1
    status = st.segmented_control(
        "Decision", _DECISIONS, default=CodeStatus.MET if is_met else CodeStatus.NOT_MET, required=True, key=f"{key}.status",
        format_func=lambda one: one.value.capitalize(),
    )  # fmt: skip
    if status is CodeStatus.MET:
        st.segmented_control(
            "Points", sorted(GRADES), required=True, key=f"{key}.points",
            default=abs(int(before.points)) if before and before.points else usual,
            format_func=lambda points: f"{sign * points:+d}" + (" as published" if points == usual else ""),
        )  # fmt: skip
    if live.pending and live.content.oncogenicity:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown("With this:", width="content")
            badge(oncogenic_word(live.content.oncogenicity.classification))
            st.badge(f"{live.content.oncogenicity.points} points", color="gray")
            badge(class_word(live.content.classification))
    st.text_area(
        "Note: what this rests on", before.note if before else "", max_chars=MAX_NOTE, key=f"{key}.note", height=80,
        placeholder="Publication, laboratory, database with its release",
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button("Apply", type="primary", icon=":material/check:", key=f"{key}.apply", on_click=_apply, args=(one.code, key))
        if before is not None:
            st.button(
                "Back to the rules", icon=":material/undo:", key=f"{key}.withdraw", on_click=classify_session.withdraw,
                args=(one.code,),
            )  # fmt: skip
        st.button("Close", key=f"{key}.close", type="tertiary", on_click=classify_session.edit, args=(None,))
    if st.session_state.pop(_NO_NOTE, None) == one.code:
        st.error("Write what this rests on: it is kept with the criterion.", icon=":material/edit_note:")


def draft(content: ClassificationContent, key: str) -> Draft | None:
    """Return what the open editor says beyond what was taken over; None where it is closed, or says nothing new."""
    code = classify_session.edited()
    rows = content.oncogenicity.criteria if content.oncogenicity else ()
    one = next((row for row in rows if row.code == code), None)
    entry = _entry(one.code, f"{key}.editor.{one.code}") if one else None
    if one is None or entry is None:
        return None
    before = classify_session.expert().get(one.code)
    if before is not None and entry.model_copy(update={"note": before.note}) == before:
        return None
    if before is None and (entry.status == CodeStatus.MET, entry.points or "0") == (one.counts, str(int(one.points or 0))):
        return None
    return Draft(entry if entry.note else entry.model_copy(update={"note": UNWRITTEN}), (one.code,))


def _entry(code: str, key: str) -> ExpertEntry | None:
    status = st.session_state.get(f"{key}.status")
    if status is None:
        return None
    sign, usual = (-1 if Code[code].points < 0 else 1), abs(Code[code].points)
    points = str(sign * st.session_state.get(f"{key}.points", usual)) if status is CodeStatus.MET else None
    return ExpertEntry(code=code, status=status.value, points=points, note=str(st.session_state.get(f"{key}.note", "")).strip())


def _apply(code: str, key: str) -> None:
    entry = _entry(code, key)
    if entry is None:
        return
    if not entry.note:
        st.session_state[_NO_NOTE] = code
        return
    classify_session.enter(entry)
