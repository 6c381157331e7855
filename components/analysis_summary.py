"""The summary on one screen: what is dangerous, what is active, what is missing, what it may be."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from components import analysis_activity, analysis_differential
from components.analysis_alerts import counts
from components.analysis_words import FLARE_LEVEL, SEVERITY, inline, level_word, marked, number, spoken
from components.criteria_board import points_line, verdict_word
from components.why import why
from services.clinical.analysis import Analysis
from services.clinical.explanation import Explanation, Status
from services.clinical.safety import Severity

_SHOWN = 5
_CRITERIA = 3


def show(analysis: Analysis, key: str) -> None:
    """Draw the summary."""
    dangerous, active, missing = st.columns([5, 4, 5])
    with dangerous, st.container(border=True, height="stretch", gap="xsmall"):
        _dangerous(analysis, key)
    with active, st.container(border=True, height="stretch", gap="xsmall"):
        _active(analysis, key)
    with missing, st.container(border=True, height="stretch", gap="xsmall"):
        _missing(analysis)
    explanation, criteria = st.columns(2)
    with explanation, st.container(border=True, height="stretch", gap="xsmall"):
        _differential(analysis, key)
    with criteria, st.container(border=True, height="stretch", gap="xsmall"):
        _criteria(analysis, key)
    for note in analysis.notes:
        st.caption(inline(note))


def _line(text: str, explanation: Explanation | None, key: str) -> None:
    """Draw one statement with its explanation beside it."""
    with st.container(horizontal=True, vertical_alignment="top", gap="xsmall", wrap=False):
        st.markdown(text)
        if explanation is not None:
            why(explanation, key)


def _dangerous(analysis: Analysis, key: str) -> None:
    st.markdown("##### :material/emergency_home: Dangerous")
    found = analysis.critical_alerts
    if not found:
        st.markdown(":material/check: No critical alert from what was entered.")
    for position, alert in enumerate(found[:_SHOWN]):
        drugs = f"**{inline(', '.join(alert.drugs[:3]))}** " if alert.drugs and alert.scope != "patient" else ""
        _line(f"{marked(SEVERITY[alert.severity])} {drugs}{inline(alert.message)}", alert.explanation, f"{key}.alert.{position}")
    if len(found) > _SHOWN:
        st.caption(f"and {len(found) - _SHOWN} more critical ones under Alerts")
    milder = {severity: count for severity, count in counts(analysis.alerts).items() if severity.rank < Severity.CRITICAL.rank}
    if milder:
        st.caption("Also: " + ", ".join(f"{count} {SEVERITY[severity].text}" for severity, count in milder.items()))


def _active(analysis: Analysis, key: str) -> None:
    st.markdown("##### :material/speed: Active")
    computed = [score for score in analysis.activity if score.status is Status.OK]
    if not analysis.diagnoses:
        st.markdown(":material/help: No diagnosis was entered: activity and flare are not assessed.")
    elif not computed:
        st.markdown(f"{marked(FLARE_LEVEL['insufficient_data'])}: no instrument could be computed.")
    for score in computed[:_SHOWN]:
        shown = inline(f"{score.instrument_id} {number(score.value)}")
        text = f"**{shown}** {marked(level_word(score))} · {inline(score.disease.label)}"
        _line(text, score.explanation, f"{key}.activity.{score.instrument_id}.{score.disease.value}")
    if len(computed) > _SHOWN:
        st.caption(f"and {len(computed) - _SHOWN} more under Activity")
    for one in analysis.flare:
        text = f"Flare risk {marked(FLARE_LEVEL[one.level])} · {inline(one.disease.label)}"
        _line(text, one.explanation, f"{key}.flare.{one.disease.value}")


def _missing(analysis: Analysis) -> None:
    st.markdown("##### :material/help: Missing")
    lacking = [score for score in analysis.activity if score.status is Status.INSUFFICIENT_DATA]
    lines = [
        f"**{inline(score.instrument_id)}**: {inline(_some(analysis_activity.item_labels(score)))}" for score in lacking[:_SHOWN]
    ]
    lines += [
        f"**Flare, {inline(one.disease.label)}**: {inline(_some(one.missing))}" for one in analysis.flare if one.missing
    ]
    open_rules = analysis.safety.not_checkable
    if open_rules:
        facts = dict.fromkeys(fact for one in open_rules for fact in one.missing)
        lines.append(f"**{len(open_rules)} safety rules undecided**: {inline(_some(facts))}")
    lines += [f"**{inline(one.written)}**: {inline(one.question)}" for one in analysis.questions[:_SHOWN]]
    if analysis.problems:
        lines.append(f"**Not used as sent**: {inline(_some(one.name for one in analysis.problems))}; reasons under Data")
    if analysis.unrecognised:
        lines.append(f"**Not recognised**: {inline(_some(one.written for one in analysis.unrecognised))}")
    if lines:
        st.markdown("\n".join(f"- {line}" for line in lines))
    else:
        st.markdown(":material/check: Nothing an instrument or a rule asked for is missing.")


def _differential(analysis: Analysis, key: str) -> None:
    st.markdown("##### :material/manage_search: Explanations")
    found = analysis.differential
    st.markdown((":material/help_center: **None of the thirteen.** " if found.none_of_the_13 else "") + inline(found.summary))
    for entry in found.entries[:3]:
        if entry.confidence >= analysis_differential.WORTH_SHOWING:
            known = " · already diagnosed" if entry.disease in analysis.diagnoses else ""
            text = f"{entry.rank}\\. **{inline(entry.disease.label)}** · relative support {entry.confidence:.2f}{known}"
            _line(text, entry.explanation, f"{key}.differential.{entry.disease.value}")
    for one in analysis.overlap[:2]:
        text = f":material/join_inner: **{inline(one.name)}** ({inline(spoken(one.state))}): {inline(one.statement)}"
        _line(text, one.explanation, f"{key}.overlap.{one.id}")
    st.caption("Relative support among the explanations compared, not a probability and not a diagnosis.")


def _criteria(analysis: Analysis, key: str) -> None:
    st.markdown("##### :material/checklist: Criteria")
    if not analysis.criteria:
        st.markdown("The record answers no item of a criteria set that concerns it.")
    shown = sorted(analysis.criteria, key=lambda one: not set(one.criteria.diseases) & set(analysis.diagnoses))[:_CRITERIA]
    for one in shown:
        parts = [f"**{inline(one.criteria.name)}** {marked(verdict_word(one.result))}", inline(points_line(one.result))]
        _line(" · ".join(part for part in parts if part), one.result.explanation, f"{key}.criteria.{one.criteria.id}")
    if len(analysis.criteria) > len(shown):
        st.caption(f"and {len(analysis.criteria) - len(shown)} more under Criteria")
    st.caption("Classification criteria are not a diagnosis.")


def _some(texts: Iterable[str]) -> str:
    listed = [spoken(text) for text in texts]
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
