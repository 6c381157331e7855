"""The criteria board: items answered yes, no or unknown, points now and reachable, and what one more answer would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components import analysis_session
from components.analysis_words import Word, badge, card, inline, row, spoken
from components.feedback import explained
from components.why import no_value, why
from services.access.principals import Principal
from services.clinical.analysis import Analysis, CriteriaAssessment
from services.clinical.criteria import CRITERIA
from services.clinical.criteria.model import CriteriaSet
from services.clinical.criteria.records import OTHER_CAUSE, Answer, CriterionItem
from services.clinical.criteria.results import CriteriaResult
from services.clinical.explanation import Status
from services.container import Services

_WORDS = {True: "yes", False: "no", OTHER_CAUSE: "other cause"}
_OTHER_CAUSE = "Other cause: present, but something else explains it better; it then brings no points."
_COLUMNS = 2
_CHANGES = 8
_UNKNOWN = "not known"


def show(analysis: Analysis, services: Services, access: Principal, key: str) -> None:
    """Draw what the record answers of each relevant set, then the board of the chosen one."""
    st.caption(":material/info: Classification criteria are not a diagnosis: they were made to form comparable study groups.")
    if not analysis.criteria:
        st.markdown("The record answers no item of a criteria set that concerns it. Any set can be filled in below.")
    for one in analysis.criteria:
        _line(one, key=f"{key}.{one.criteria.id}")
    _board(analysis, services, access)


def verdict_word(result: CriteriaResult) -> Word:
    """How a result ended, in words."""
    if result.status in (Status.INVALID_INPUT, Status.INCONSISTENT_INPUT):
        return Word("answers contradict each other or cannot be read", "error", "red")
    if result.category_label:
        return Word(result.category_label, "label", "blue")
    if result.classified is None:
        return Word("open: answers missing", "help", "violet")
    return Word("criteria met", "check_circle", "green") if result.classified else Word("criteria not met", "cancel", "gray")


def points_line(result: CriteriaResult) -> str:
    """Points now, reachable and needed, as far as the set counts points."""
    if result.points is None:
        return ""
    parts = [f"{result.points:g} points now"]
    if result.points_max_reachable is not None:
        parts.append(f"at most {result.points_max_reachable:g} reachable")
    if result.threshold is not None:
        parts.append(f"threshold {result.threshold:g}")
    return ", ".join(parts)


def _line(one: CriteriaAssessment, key: str) -> None:
    with row():
        st.markdown(f"**{inline(one.criteria.name)}**", width="content")
        badge(verdict_word(one.result))
        st.markdown(inline(points_line(one.result)), width="content")
        why(one.result.explanation, key)


@st.fragment
def _board(analysis: Analysis, services: Services, access: Principal) -> None:
    assessed = {one.criteria.id: one for one in analysis.criteria}
    options = [*assessed, *(identifier for identifier in CRITERIA if identifier not in assessed)]
    chosen = st.selectbox(
        "Criteria set", options, key="analysis.board.set",
        format_func=lambda identifier: f"{CRITERIA[identifier].name} ({CRITERIA[identifier].version})",
    )
    criteria, known = CRITERIA[chosen], assessed.get(chosen)
    items, result = st.columns([3, 2], gap="large")
    with items:
        if criteria.entry:
            st.caption(f"**Entry** {inline(criteria.entry)}")
        if criteria.exclusions:
            st.caption(f"**Exclusions** {inline(criteria.exclusions)}")
        answers = _items(criteria, known)
    with result:
        _result(criteria, criteria.evaluate(answers))
        if st.button("Save these answers and run again", key="analysis.board.save", icon=":material/save:", disabled=not answers):
            with explained():
                analysis_session.save_criteria(services, access, analysis.profile.patient_id, criteria.id, answers)
            st.rerun()


def _items(criteria: CriteriaSet, known: CriteriaAssessment | None) -> dict[str, Answer]:
    origins: Mapping[str, str] = known.origins if known else {}
    before: Mapping[str, Answer] = known.answers if known else {}
    answers: dict[str, Answer] = {}
    for domain in criteria.record.domains:
        most = f"(at most {domain.maximum:g} points)" if domain.maximum is not None else ""
        st.markdown(f"**{inline(domain.label)}** {inline(most)}")
        columns = st.columns(_COLUMNS)
        for position, item in enumerate(item for item in criteria.items if item.domain == domain.key):
            with columns[position % _COLUMNS]:
                answer = _widget(criteria.id, item, before.get(item.key), origins.get(item.key))
            if answer is not None:
                answers[item.key] = answer
    return answers


def _widget(criteria_id: str, item: CriterionItem, before: Answer, origin: str | None) -> Answer:
    key = f"analysis.board.{criteria_id}.{item.key}"
    label = inline(item.label) + (f" · {item.weight:g} points" if item.weight is not None else "")
    if origin is not None:
        label += f" :blue-badge[from {inline(spoken(origin))}]"
    if item.optional:
        label += " :gray-badge[optional]"
    tip = inline(item.help) or None
    if item.kind == "choice":
        values = [option.value for option in item.options]
        labels = {option.value: option.label for option in item.options}
        index = values.index(before) if isinstance(before, str) and before in values else None
        return st.selectbox(label, values, index=index, format_func=labels.__getitem__, key=key, help=tip, placeholder=_UNKNOWN)
    if item.kind == "number":
        return _number(item, label, key, tip, before)
    options: list[Any] = [True, False, *([OTHER_CAUSE] if item.attributable else [])]
    tip = " ".join(part for part in (tip, _OTHER_CAUSE if item.attributable else None) if part) or None
    given = before if isinstance(before, bool) or before in options[2:] else None
    return st.segmented_control(label, options, default=given, format_func=lambda one: _WORDS[one], key=key, help=tip)


def _number(item: CriterionItem, label: str, key: str, tip: str | None, before: Answer) -> float | int | None:
    usable = isinstance(before, int | float) and not isinstance(before, bool) and item.minimum <= before <= item.maximum
    unit = f" ({item.unit})" if item.unit else ""
    if item.integer:
        return st.number_input(
            label + unit, min_value=int(item.minimum), max_value=int(item.maximum), step=1, key=key, help=tip,
            value=int(before) if usable else None, placeholder=_UNKNOWN,  # type: ignore[arg-type]  # usable says it is a number
        )
    return st.number_input(
        label + unit, min_value=float(item.minimum), max_value=float(item.maximum), step=0.1, format="%g", key=key, help=tip,
        value=float(before) if usable else None, placeholder=_UNKNOWN,  # type: ignore[arg-type]  # usable says it is a number
    )


def _result(criteria: CriteriaSet, result: CriteriaResult) -> None:
    labels = {item.key: item.label for item in criteria.items}
    with card():
        with row():
            badge(verdict_word(result))
            why(result.explanation, "analysis.board.result")
        if result.points is not None:
            now, reachable, threshold = st.columns(3)
            now.metric("Points now", f"{result.points:g}")
            reachable.metric("Reachable", f"{result.points_max_reachable:g}" if result.points_max_reachable is not None else "–")
            threshold.metric("Threshold", f"{result.threshold:g}" if result.threshold is not None else "–")
        if result.entry_met is not None:
            st.markdown(f"Entry criterion: **{'met' if result.entry_met else 'not met'}**")
        if result.status is not Status.OK:
            no_value(result.status, [labels.get(one, one) for one in (*result.missing, *result.invalid)])
        for domain in result.domains:
            if domain.points:
                st.markdown(f"- {inline(domain.label)}: {domain.points:g} of {domain.maximum:g}"
                            + (f" ({inline(labels.get(domain.counted, domain.counted))})" if domain.counted else ""))  # fmt: skip
        st.caption(f":material/info: {inline(result.statement)}")
        for note in result.notes:
            st.caption(inline(note))
    if result.would_change:
        st.markdown("**What would change the result**")
        open_first = sorted(result.would_change, key=lambda change: not change.answered_now)
        st.markdown("\n".join(f"- {inline(change.reason)}" for change in open_first[:_CHANGES]))
        if len(open_first) > _CHANGES:
            st.caption(f"and {len(open_first) - _CHANGES} further answers")
