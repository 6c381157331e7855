"""Therapy: what the diagnoses offer, drug by drug with status, reasons and open questions; what is excluded, and why."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis_words import LABEL_STATUS, SEVERITY, badge, card, disease_name, inline, row, spoken
from components.feedback import empty
from components.why import why
from services.clinical.analysis.model import Analysis
from services.clinical.safety import Alert
from services.clinical.therapy import DiseaseStatus, Recommendation, TherapyReport
from services.knowledge.drugs import TherapyKind

_OFFERED, _EXCLUDED, _NOT_INDICATED = "Offered", "Excluded for this patient", "Not indicated"


def show(analysis: Analysis, key: str) -> None:
    """Draw the report."""
    report = analysis.therapy
    if not (report.recommendations or report.excluded or report.not_indicated):
        empty("No treatment is listed. " + " ".join(inline(note) for note in report.notes), icon=":material/medication:")
        return
    st.caption(f":material/info: {inline(report.ordering)} {inline(report.label_note)}")
    lists = {_OFFERED: report.recommendations, _EXCLUDED: report.excluded, _NOT_INDICATED: report.not_indicated}
    chosen = st.segmented_control(
        "List", list(lists), default=_OFFERED, required=True, key=f"{key}.list", label_visibility="collapsed",
        format_func=lambda name: f"{name} ({len(lists[name])})",
    )
    if chosen == _OFFERED:
        _lead(report)
        _offered(report.recommendations, key)
    elif chosen == _EXCLUDED:
        _rest(report.excluded, "Nothing is excluded by a rule that could be decided.", key)
    else:
        _rest(report.not_indicated, "Nothing to list.", key)


def _lead(report: TherapyReport) -> None:
    if report.excluded:
        names = ", ".join(one.drug_name for one in report.excluded)
        st.warning(f"**Excluded for this patient ({len(report.excluded)}):** {inline(names)}. Reasons in their own list.",
                   icon=":material/block:")  # fmt: skip
    for note in (*report.notes, *report.disease_notes.values()):
        st.markdown(f":material/info: {inline(note)}")
    if report.missing:
        with st.expander(f"Not known, and asked for by a rule ({len(report.missing)})", icon=":material/help:"):
            st.markdown("\n".join(f"- {inline(one)}" for one in report.missing))


def _offered(recommendations: Sequence[Recommendation], key: str) -> None:
    if not recommendations:
        st.markdown(":material/help: Nothing is offered: every candidate is excluded or not indicated.")
    kinds = list(dict.fromkeys(one.kind for one in recommendations))
    wanted: Sequence[TherapyKind] = ()
    if len(kinds) > 1:
        wanted = st.pills("Kind", kinds, selection_mode="multi", format_func=lambda kind: spoken(kind.value), key=f"{key}.kind")
    for one in recommendations:
        if not wanted or one.kind in wanted:
            _card(one, key=f"{key}.{one.drug_name}")


def _rest(recommendations: Sequence[Recommendation], nothing: str, key: str) -> None:
    if not recommendations:
        st.markdown(nothing)
    for one in recommendations:
        _card(one, key=f"{key}.{one.drug_name}")


def _card(one: Recommendation, key: str) -> None:
    with card():
        with row():
            st.markdown(f"**{inline(one.drug_name)}** · {inline(one.drug_class or spoken(one.kind.value))}", width="content")
            if one.excluded:
                st.badge("excluded", icon=":material/block:", color="red")
            if one.is_current:
                st.badge("taken now", icon=":material/medication:", color="blue")
            for name, status in one.status_by_disease.items():
                badge(LABEL_STATUS[status.status], f"{disease_name(name)}: {_status_words(status)}")
            why(one.explanation, key)
        for reason in one.exclusion_reasons:
            st.markdown(f":red[:material/block: **Excluded**] {inline(reason)}")
        for alert in one.alerts:
            if not (one.excluded and alert.excludes):
                _alert(alert)
        for warning in one.boxed_warnings:
            st.markdown(f":red[:material/report: **Boxed warning**] {inline(warning)}")
        told = [alert.message for alert in one.alerts]
        for line in one.pgx_considerations:
            if not any(message in line for message in told):
                st.markdown(f":material/genetics: {inline(line)}")
        _open_questions(one)
        _details(one)


def _status_words(status: DiseaseStatus) -> str:
    words = LABEL_STATUS[status.status].text
    return f"{words}, if {status.population}" if status.applies is None and status.population else words


def _alert(alert: Alert) -> None:
    word = SEVERITY[alert.severity]
    action = f" :material/arrow_forward: {inline(alert.action)}" if alert.action else ""
    st.markdown(f":{word.colour}[:material/{word.icon}: **{word.text}**] {inline(alert.message)}{action}")


def _open_questions(one: Recommendation) -> None:
    if not one.not_checkable:
        return
    missing = dict.fromkeys(fact for question in one.not_checkable for fact in question.missing)
    st.markdown(f":violet[:material/help: **Could not be checked**] needs: {inline(', '.join(missing))}")


def _details(one: Recommendation) -> None:
    lists = {
        "Use in these diagnoses": [
            f"{disease_name(name)}: {LABEL_STATUS[status.status].text}. {status.population} {status.note}".strip()
            for name, status in one.status_by_disease.items()
        ],
        "Mechanism": [one.mechanism], "Evidence": [one.efficacy_evidence], "Contraindications": one.contraindications,
        "Warnings": one.warnings, "Start only if": one.start_thresholds,
        "Before and during treatment": one.monitoring_requirements, "Note": [one.note],
    }  # fmt: skip
    with st.expander("Details", icon=":material/menu_book:"):
        text = "\n\n".join(
            f"**{heading}**\n\n" + "\n".join(f"- {inline(line)}" for line in lines if line)
            for heading, lines in lists.items() if any(lines)
        )
        st.markdown(text)
        st.caption(f"Sources: {inline('; '.join(str(source) for source in one.sources))}")
