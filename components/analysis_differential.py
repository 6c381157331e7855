"""Differential: competing explanations by relative support, what speaks for and against each, and "none of them"."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import charts
from components.analysis_words import inline, row
from components.feedback import empty
from components.why import why
from services.clinical.analysis.model import Analysis
from services.clinical.differential import Differential, DifferentialEntry, Evidence, OutsideCondition

WORTH_SHOWING = 0.01
"""Support below this rounds to nothing: such explanations are counted, not drawn."""


def show(analysis: Analysis, key: str) -> None:
    """Draw the ranking."""
    found = analysis.differential
    st.caption(":material/info: Competing explanations of what was entered, no diagnosis; support is relative, no probability.")
    _verdict(found)
    if not (found.entries or found.outside):
        empty("No antibody and no finding was entered that points anywhere. Add symptoms or antibodies under **Data**.")
    else:
        _overview(found, key)
    shown = [entry for entry in found.entries if entry.confidence >= WORTH_SHOWING]
    for position, entry in enumerate(shown):
        _entry(entry, is_open=position == 0, key=f"{key}.{entry.disease.value}")
    outside = [one for one in found.outside if one.confidence >= WORTH_SHOWING]
    if outside:
        st.subheader("Outside the thirteen")
        for one in outside:
            _outside(one, key=f"{key}.outside.{one.condition}")
    rest = [entry.disease.label for entry in found.entries if entry.confidence < WORTH_SHOWING]
    rest += [one.name for one in found.outside if one.confidence < WORTH_SHOWING]
    if rest:
        st.caption(f"Considered, with support below {WORTH_SHOWING:g}: {inline(', '.join(rest))}")
    _unread(found)


def _verdict(found: Differential) -> None:
    if found.none_of_the_13:
        st.warning(f"**None of the thirteen.** {inline(found.summary)}", icon=":material/help_center:")
    else:
        st.markdown(f"**{inline(found.summary)}**")
    for note in found.notes:
        st.caption(inline(note))


def _overview(found: Differential, key: str) -> None:
    rows = [(entry.disease.label, entry.confidence, True) for entry in found.entries]
    rows += [(f"{one.name} (outside the 13)", one.confidence, False) for one in found.outside]
    rows = sorted((row for row in rows if row[1] >= WORTH_SHOWING), key=lambda row: -row[1])
    if not rows:
        return
    best = rows[0]
    charts.support(
        [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], key=f"{key}.support",
        alt=f"Relative support of {len(rows)} explanations, most for {best[0]} with {best[1]:.2f}",
    )


def _entry(entry: DifferentialEntry, *, is_open: bool, key: str) -> None:
    low = "low support" in entry.notes.lower()
    heading = f"{entry.rank}. {entry.disease.label} · support {entry.confidence:.2f}" + (" · low" if low else "")
    with st.expander(inline(heading), expanded=is_open, key=key):
        with row():
            if low:
                st.badge("low confidence", icon=":material/signal_cellular_alt_1_bar:", color="violet")
            for flag in entry.red_flags:
                st.badge(f"red flag: {flag}", icon=":material/flag:", color="red")
            st.badge(f"{entry.classification_criteria_met} criteria items met", color="gray")
            why(entry.explanation, key)
        _evidence(entry.evidence, entry.disease.label, key)
        if entry.contradicting:
            st.markdown(f":material/remove_circle: **Speaks against:** {inline('; '.join(entry.contradicting))}")
        else:
            st.caption("Nothing that was entered speaks clearly against it.")
        if entry.notes:
            st.caption(inline(entry.notes))


def _outside(one: OutsideCondition, key: str) -> None:
    with st.expander(inline(f"{one.name} · support {one.confidence:.2f}"), key=key):
        for flag in one.red_flags:
            st.badge(f"red flag: {flag}", icon=":material/flag:", color="red")
        _evidence(one.evidence, one.name, key)


def _evidence(evidence: Sequence[Evidence], name: str, key: str) -> None:
    parts = [charts.Contribution(one.text, one.weight) for one in evidence if one.weight]
    if parts:
        strongest = max(parts, key=lambda part: abs(part.weight))
        charts.contributions(
            parts, key=f"{key}.evidence",
            alt=f"{len(parts)} contributions to {name}; the strongest is {strongest.text} with {strongest.weight:+.2f}",
        )


def _unread(found: Differential) -> None:
    for question in found.questions:
        st.warning(f"**{inline(question.written)}**: {inline(question.question)}", icon=":material/help:")
    unread = (*found.unrecognised_antibodies, *found.unrecognised_symptoms)
    if unread:
        st.warning(f"Not recognised and not weighed: {inline('; '.join(unread))}", icon=":material/visibility_off:")
