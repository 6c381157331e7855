"""Flare: for each disease a level, what raises and lowers it, urgent states, monitoring; an ordinal score, no probability."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis_words import FLARE_LEVEL, SEVERITY, Word, badge, card, inline, marked, row, spoken
from components.feedback import empty
from components.why import no_value, why
from services.clinical.analysis.model import Analysis
from services.clinical.explanation import Status
from services.clinical.flare import FlareAssessment, FlareFactor
from services.clinical.safety import Severity


def show(analysis: Analysis, key: str) -> None:
    """Draw every assessment."""
    if not analysis.flare:
        empty("No diagnosis was entered, so there is no disease whose flare could be assessed.", icon=":material/trending_up:")
        return
    st.caption(":material/info: An ordinal score, not a probability: it orders patients, it does not say how many of them flare.")
    for assessment in analysis.flare:
        _assessment(assessment, key=f"{key}.{assessment.disease.value}")


def _assessment(one: FlareAssessment, key: str) -> None:
    with card():
        with row():
            st.markdown(f"**{inline(one.disease.label)}** · {inline(one.outcome)}", width="content")
            badge(FLARE_LEVEL[one.level])
            if one.risk_score is not None:
                st.markdown(f"ordinal score {one.risk_score:.1f} of 1", width="content")
            why(one.explanation, key)
        st.caption(f"Horizon {one.time_horizon_days} days · current activity: {inline(spoken(one.current_activity))}")
        for alert in one.alerts:
            word = SEVERITY[Severity(alert.severity)]
            st.error(
                f"**{word.text}: {inline(alert.title)}** ({inline('; '.join(alert.because))})  \n{inline(alert.action)}",
                icon=f":material/{word.icon}:",
            )
        if one.level == "insufficient_data":
            no_value(Status.INSUFFICIENT_DATA, one.missing)
        rising, falling = st.columns(2)
        with rising:
            _factors("Raises the risk", "arrow_upward", one.contributing_factors)
        with falling:
            _factors("Lowers the risk", "arrow_downward", one.protective_factors)
        if one.missing and one.level != "insufficient_data":
            st.markdown(f"{marked(Word('not measured', 'help', 'violet'))} {inline(', '.join(one.missing))}")
        if one.not_assessed:
            st.caption(f"Not assessed, because not stated: {inline(', '.join(one.not_assessed))}")
        if one.recommended_monitoring:
            with st.expander("Monitoring", icon=":material/event_repeat:"):
                st.markdown("\n".join(f"- {inline(line)}" for line in one.recommended_monitoring))
        for note in one.notes:
            if note:
                st.caption(inline(note))


def _factors(heading: str, icon: str, factors: Sequence[FlareFactor]) -> None:
    st.markdown(f"**{heading}**")
    if not factors:
        st.caption("nothing found among what was entered")
    for factor in factors:
        weight = "major" if factor.strength == 2 else "minor"
        st.markdown(f":material/{icon}: {inline(factor.text)} :gray-badge[{weight}] :small[:gray[{inline(str(factor.source))}]]")
