"""The editor of the criterion that is open: what was observed, or a decision; live, and taken over with a note."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from components import classify_forms, classify_session
from components.analysis_words import badge, inline
from components.classify_words import class_word, judgement_word
from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.expert import assess_observation
from services.genomics.acmg.observations import FORMS, AnyObservation, Circumstances
from services.genomics.acmg.results import Status
from services.variants.classification.content import MAX_NOTE, ClassificationContent, CriterionRow, ExpertEntry

_ORDER = list(Strength)
_BY_RULE = "As the rule gives"
_NO_NOTE = "classify.no_note"
UNWRITTEN = "note not written yet"
"""Stands for the note of what is not taken over yet."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being entered and not taken over yet. `instead_of`: the criteria whose entries it replaces."""

    entry: ExpertEntry
    instead_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """The class with what is being entered. `pending` names what is not taken over yet, `problem` why it cannot be."""

    content: ClassificationContent
    pending: str = ""
    problem: str = ""


def draft(content: ClassificationContent, key: str) -> Draft | None:
    """Return what the open editor says beyond what was taken over; None where it is closed, or says nothing new."""
    code = classify_session.edited()
    row = next((one for one in content.criteria if one.code == code), None)
    if row is None:
        return None
    entry, before = _entry(row, _key(key, row.code)), standing(row.code)
    if entry is None or (before is not None and entry.model_copy(update={"note": before.note}) == before):
        return None
    return Draft(entry if entry.note else entry.model_copy(update={"note": UNWRITTEN}), partners(row.code))


def partners(code: str) -> tuple[str, ...]:
    """The criteria that are judged from the same form, this one included."""
    form = FORMS.get(Criterion[code])
    return (code,) if form is None else tuple(one.value for one, other in FORMS.items() if other is form)


def standing(code: str) -> ExpertEntry | None:
    """The entry that was taken over for a criterion, or for one of the same form."""
    entries = classify_session.expert()
    return next((entries[one] for one in (code, *partners(code)) if one in entries), None)


def show(one: CriterionRow, live: Live, key: str) -> None:
    """Draw the editor below its criterion."""
    key, before, form = _key(key, one.code), standing(one.code), FORMS.get(Criterion[one.code])
    if form is not None:
        classify_forms.draw(form, before.observed if before else None, key)
        _by_rule(one, live)
        _departure(one, before, key)
    else:
        _decision(one, key)
    if live.pending and not live.problem:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown("With this:", width="content")
            badge(class_word(live.content.classification))
            st.badge(f"{live.content.points} points", color="gray")
    st.text_area(
        "Note: what this rests on", before.note if before else "", max_chars=MAX_NOTE, key=f"{key}.note", height=80,
        placeholder="Publication, laboratory, family",
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Apply", type="primary", icon=":material/check:", key=f"{key}.apply", disabled=bool(live.problem), on_click=_apply,
            args=(one, key),
        )  # fmt: skip
        if before is not None:
            st.button(
                "Back to the rules", icon=":material/undo:", key=f"{key}.withdraw", on_click=classify_session.withdraw,
                args=partners(one.code),
            )  # fmt: skip
        st.button("Close", key=f"{key}.close", type="tertiary", on_click=classify_session.edit, args=(None,))
    if st.session_state.pop(_NO_NOTE, None) == one.code:
        st.error("Write what this rests on: it is kept with the criterion.", icon=":material/edit_note:")


def _key(key: str, code: str) -> str:
    return f"{key}.editor.{code}"


def _by_rule(one: CriterionRow, live: Live) -> None:
    """Say what the published rule makes of the numbers."""
    if live.problem:
        st.error(inline(live.problem[:1].upper() + live.problem[1:]), icon=":material/error:")
        return
    together = partners(one.code)
    judged = next((row for row in live.content.criteria if row.code in together and row.by_rule is not None), None)
    if judged is None or judged.by_rule is None:
        st.caption("Enter what was observed: the published rule gives the strength.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"By the rule: **{judged.code}**", width="content")
        badge(judgement_word(judged.code, judged.by_rule))
    st.caption(f"{inline(judged.by_rule.reason)}. Rule: {inline(judged.source)}")


def _departure(one: CriterionRow, before: ExpertEntry | None, key: str) -> None:
    chosen = (before.strength or before.status) if before else None
    options = _departures(one.code)
    st.selectbox(
        "Strength", options, index=options.index(chosen) if chosen in options else 0, key=f"{key}.departure",
        help="Departing from the rule is possible; the note says why, and what the rule gives is kept beside it",
        format_func=lambda text: text[:1].upper() + text[1:],
    )  # fmt: skip


def _departures(code: str) -> list[str]:
    allowed = sorted(Criterion[code].definition.allowed, key=_ORDER.index)
    return [_BY_RULE, *(one.value for one in allowed), Status.NOT_MET.value, Status.NOT_ASSESSABLE.value]


def _decision(one: CriterionRow, key: str) -> None:
    """Ask for a decision on a criterion that the data judge."""
    if one.inputs:
        st.table({inline(name): inline(value) for name, value in one.inputs}, border="horizontal")
    st.caption(f"Rule: {inline(one.source)}")
    allowed = sorted(Criterion[one.code].definition.allowed, key=_ORDER.index)
    before = standing(one.code)
    decided = (before.status, before.strength) if before else (one.status, one.strength)
    status = st.segmented_control(
        "Decision", list(Status), default=Status(decided[0] or one.status), required=True, key=f"{key}.status",
        format_func=lambda status: status.value.capitalize(),
    )  # fmt: skip
    default = Strength(decided[1]) if decided[1] else Criterion[one.code].definition.default
    if status is Status.MET:
        st.selectbox(
            "Strength", allowed, key=f"{key}.strength", format_func=lambda one: one.value.capitalize(),
            index=allowed.index(default),
        )  # fmt: skip


def _entry(one: CriterionRow, key: str) -> ExpertEntry | None:
    """Return what the widgets say, None where they say no more than the rules do or were not drawn yet."""
    form, note = FORMS.get(Criterion[one.code]), str(st.session_state.get(f"{key}.note", "")).strip()
    if form is None:
        return _decided(one, key, note)
    if f"{key}.departure" not in st.session_state:
        return None
    before = standing(one.code)
    observed: AnyObservation | None = classify_forms.read(form, before.observed if before else None, key)
    observed = None if observed == form() else observed
    departure = st.session_state[f"{key}.departure"]
    if departure == _BY_RULE:
        return ExpertEntry(code=one.code, observed=observed, note=note) if observed is not None else None
    if departure in _ORDER:
        return ExpertEntry(code=one.code, status=Status.MET.value, strength=departure, observed=observed, note=note)
    return ExpertEntry(code=one.code, status=departure, observed=observed, note=note)


def _decided(one: CriterionRow, key: str, note: str) -> ExpertEntry | None:
    status = st.session_state.get(f"{key}.status")
    if status is None:
        return None
    chosen = st.session_state.get(f"{key}.strength", Criterion[one.code].definition.default)
    strength = chosen.value if status is Status.MET else None
    rules = (one.automatic.status, one.automatic.strength) if one.automatic else (one.status, one.strength)
    if standing(one.code) is None and not note and (status.value, strength) == rules:
        return None
    return ExpertEntry(code=one.code, status=status.value, strength=strength, note=note)


def _apply(one: CriterionRow, key: str) -> None:
    entry = _entry(one, key)
    if entry is None:
        classify_session.edit(None)
        return
    if not entry.note:
        st.session_state[_NO_NOTE] = one.code
        return
    if entry.observed is not None:
        try:
            entry = entry.model_copy(update={"code": assess_observation(entry.observed, Circumstances()).criterion.value})
        except InvalidInputError:  # the editor says why
            return
    classify_session.enter(entry, instead_of=partners(one.code))
