"""Antibodies: every result as read, what a positive one speaks for with likelihood ratios, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.analysis_words import OUTCOME, badge, card, inline, row
from components.feedback import empty
from components.why import why
from services.clinical.analysis.model import Analysis
from services.clinical.antibodies import AntibodyFinding, DiseaseLink
from services.clinical.titers import Outcome

_ORDER = tuple(OUTCOME)


def show(analysis: Analysis, key: str) -> None:
    """Draw the panel."""
    report = analysis.antibodies
    if not (report.findings or report.questions or report.unrecognised):
        empty("No antibody result was entered. Add results under **Data**.", icon=":material/vaccines:")
        return
    st.caption(":material/info: An antibody supports a diagnosis; it does not make one. A negative result does not exclude one.")
    findings = sorted(report.findings, key=_strongest_first)
    _table(findings, key)
    for question in report.questions:
        st.warning(f"**{inline(question.written)}**: {inline(question.question)}", icon=":material/help:")
    if report.unrecognised:
        st.warning(f"Not recognised and not read: {inline(', '.join(report.unrecognised))}", icon=":material/visibility_off:")
    for note in report.notes:
        st.markdown(f":material/info: {inline(note)}")
    for position, finding in enumerate(findings):
        if finding.outcome is not Outcome.NEGATIVE:
            _card(finding, key=f"{key}.{position}")


def _strongest_first(finding: AntibodyFinding) -> tuple[int, int, float]:
    titer = finding.verdict.titer.dilution if finding.verdict.titer else 0
    return _ORDER.index(finding.outcome), -titer, -(finding.verdict.times_uln or 0)


def _table(findings: Sequence[AntibodyFinding], key: str) -> None:
    frame = pd.DataFrame(
        {
            "As written": [finding.written for finding in findings],
            "Antibody": [finding.canonical for finding in findings],
            "Result": [OUTCOME[finding.outcome].text for finding in findings],
            "Titer": [finding.verdict.titer.dilution if finding.verdict.titer else None for finding in findings],
            "Times upper limit": [finding.verdict.times_uln for finding in findings],
            "Pattern": [", ".join(finding.patterns) for finding in findings],
            "How it was read": ["; ".join(finding.verdict.how) for finding in findings],
        }
    )
    st.dataframe(
        frame, hide_index=True, key=f"{key}.table", height="content", alt="Antibody results, positive ones first",
        column_config={
            "Titer": st.column_config.NumberColumn(format="1:%d", help="Sorts as a titer; a bound stands in the last column"),
            "Times upper limit": st.column_config.NumberColumn(format="%.1f ×"),
        },
    )


def _card(finding: AntibodyFinding, key: str) -> None:
    with card():
        with row():
            st.markdown(f"**{inline(finding.canonical)}**", width="content")
            badge(OUTCOME[finding.outcome])
            if finding.is_nonspecific:
                st.badge("not specific", icon=":material/blur_on:", color="gray")
            if finding.meets_sle_entry_criterion is not None:
                reached = "reached" if finding.meets_sle_entry_criterion else "not reached"
                st.badge(f"SLE entry criterion 1:80 {reached}", color="gray")
            why(finding.explanation, key)
        if finding.outcome is Outcome.UNKNOWN:
            st.markdown(f":material/help: {inline('; '.join(finding.verdict.how))}")
        lines = [_link(link) for link in finding.links]
        if lines:
            lead = "Associated with" + ("" if finding.outcome is Outcome.POSITIVE else " (if it were positive)")
            st.markdown(f"{lead}\n\n" + "\n".join(f"- {line}" for line in lines))
        for note in finding.notes:
            st.caption(inline(note))


def _link(link: DiseaseLink) -> str:
    parts = []
    if link.sensitivity:
        parts.append(f"sensitivity {link.sensitivity}")
    if link.specificity:
        parts.append(f"specificity {link.specificity}")
    if link.lr_positive:
        parts.append(f"LR+ {link.lr_positive}")
    if link.lr_negative:
        parts.append(f"LR- {link.lr_negative}")
    shown = "; ".join(parts) or "no published figures held"
    beyond = "" if link.is_one_of_thirteen else " :gray-badge[outside the thirteen]"
    basis = f" ({link.basis})" if link.basis else ""
    return f"**{inline(link.name)}**{beyond}: {inline(shown + basis)}"
