"""Alerts: strongest first, each with its severity as icon and word, what to do, and why; then what could not be checked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis_words import SEVERITY, badge, card, inline, row, spoken
from components.feedback import empty
from components.why import why
from services.clinical.analysis.model import Analysis, ClinicalAlert
from services.clinical.safety import NotCheckable, Severity

_SCOPES = {
    "current": "current treatment", "proposed": "proposed treatment", "candidate": "candidate, not prescribed",
    "patient": "patient",
}  # fmt: skip
_ALL = "All"


def show(analysis: Analysis, key: str) -> None:
    """Draw the alerts, the open questions and the cross findings."""
    if not analysis.alerts:
        empty("No rule raised an alert for what was entered. That is not a clearance: see what could not be checked.",
              icon=":material/notifications_off:")
    chosen = _filter(analysis.alerts, key)
    for position, alert in enumerate(analysis.alerts):
        if chosen in (None, _ALL, SEVERITY[alert.severity].text):
            alert_card(alert, key=f"{key}.{position}")
    _not_checkable(analysis.safety.not_checkable)
    _cross_findings(analysis)
    for note in analysis.safety.notes:
        st.caption(inline(note))


def alert_card(alert: ClinicalAlert, key: str) -> None:
    """Draw one alert."""
    with card():
        with row():
            badge(SEVERITY[alert.severity])
            st.badge(_SCOPES.get(alert.scope, spoken(alert.scope)), color="gray")
            if alert.drugs:
                st.markdown(f"**{inline(', '.join(alert.drugs))}**", width="content")
            if alert.disease is not None:
                st.markdown(inline(alert.disease.label), width="content")
            if alert.explanation is not None:
                why(alert.explanation, key)
        st.markdown(inline(alert.message))
        if alert.action:
            st.markdown(f":material/arrow_forward: **Do:** {inline(alert.action)}")
        if alert.interacts_with:
            st.caption(f"Together with: {inline(', '.join(alert.interacts_with))}")
        if alert.alternatives:
            st.caption(f"Alternatives to consider: {inline(', '.join(alert.alternatives))}")


def counts(alerts: Sequence[ClinicalAlert]) -> dict[Severity, int]:
    """The number of alerts of each severity that occurs, strongest first."""
    found = {severity: sum(alert.severity is severity for alert in alerts) for severity in reversed(Severity)}
    return {severity: count for severity, count in found.items() if count}


def _filter(alerts: Sequence[ClinicalAlert], key: str) -> str | None:
    found = {SEVERITY[severity].text: count for severity, count in counts(alerts).items()}
    if len(found) < 2:
        return None
    return st.segmented_control(
        "Severity", [_ALL, *found], default=_ALL, required=True, key=f"{key}.severity",
        format_func=lambda word: f"{word} ({found.get(word, len(alerts))})", label_visibility="collapsed",
    )  # fmt: skip


def _not_checkable(questions: Sequence[NotCheckable]) -> None:
    if not questions:
        return
    st.subheader("What could not be checked")
    st.caption("A rule that cannot be decided is not a rule that is passed.")
    for question in questions:
        word = SEVERITY[question.severity]
        st.markdown(
            f":{word.colour}[:material/help: if it held: **{word.text}**] {inline(question.title)}"
            f" · {inline(', '.join(question.drugs))} · needs: {inline(', '.join(question.missing))}"
        )


def _cross_findings(analysis: Analysis) -> None:
    if not analysis.cross_findings:
        return
    st.subheader("One part of the record about another")
    for finding in analysis.cross_findings:
        word = SEVERITY[finding.severity]
        action = f" :material/arrow_forward: {inline(finding.action)}" if finding.action else ""
        st.markdown(f":{word.colour}[:material/{word.icon}: **{word.text}**] {inline(finding.finding)}{action}")
