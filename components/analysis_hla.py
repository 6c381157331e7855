"""HLA: published associations at the resolution typed, and alleles that matter for a drug. Susceptibility, not diagnosis."""

from __future__ import annotations

import streamlit as st

from components.analysis_words import SEVERITY, Word, badge, card, inline, row
from components.feedback import empty
from components.why import why
from services.clinical.analysis.model import Analysis
from services.clinical.hla import HlaAssociation, HlaDrugFinding, HlaReport
from services.clinical.safety import Severity

_DIRECTION = {
    "risk": Word("raises susceptibility", "north_east", "orange"),
    "protective": Word("lowers susceptibility", "south_east", "green"),
    "not_associated": Word("not associated", "remove", "gray"),
}


def show(analysis: Analysis, key: str) -> None:
    """Draw the typing."""
    report = analysis.hla
    if not (report.typed or report.unrecognised or report.absent):
        empty("No HLA typing was entered. Add alleles under **Data**.", icon=":material/genetics:")
        return
    st.info("HLA is susceptibility, never a diagnosis: most carriers stay healthy. An odds ratio holds for its population.",
            icon=":material/genetics:")  # fmt: skip
    st.markdown(f"**Typed:** {inline(', '.join(report.typed) or 'nothing readable')}")
    if report.is_dq2_dq8_excluded:
        st.markdown(":material/check: HLA-DQ2 and HLA-DQ8 are excluded by this typing.")
    if report.unrecognised:
        st.warning(f"Not readable as HLA alleles: {inline(', '.join(report.unrecognised))}", icon=":material/visibility_off:")
    if report.pgx:
        st.subheader("Matters for a drug")
        drugs(report, key=key)
    st.subheader("Disease associations")
    if not report.associations:
        st.markdown("None of the curated associations concerns this typing.")
    diagnosed = {disease.value for disease in analysis.diagnoses}
    for position, one in enumerate(sorted(report.associations, key=lambda one: one.disease not in diagnosed)):
        _association(one, is_diagnosed=one.disease in diagnosed, key=f"{key}.association.{position}")
    if report.absent_alleles:
        with st.expander(f"Associated alleles this typing does not have ({len(report.absent_alleles)})"):
            st.markdown(inline(", ".join(report.absent_alleles)))
    for note in report.notes:
        st.caption(inline(note))


def drugs(report: HlaReport, key: str) -> None:
    """Draw the alleles that matter for a drug."""
    for position, finding in enumerate(report.pgx):
        _drug(finding, key=f"{key}.pgx.{position}")


def _association(one: HlaAssociation, *, is_diagnosed: bool, key: str) -> None:
    with card():
        with row():
            st.markdown(f"**{inline(one.label)}** · {inline(one.disease_name)}", width="content")
            badge(_DIRECTION[one.direction])
            if is_diagnosed:
                st.badge("diagnosed", color="gray")
            if one.certainty == "possible":
                st.badge("possible: typed too coarsely", icon=":material/help:", color="violet")
            if one.is_uncertain:
                st.badge("evidence uncertain", icon=":material/help:", color="violet")
            why(one.explanation, key)
        figure = _odds(one)
        parts = [figure, f"population: {one.population}", one.subset, one.absolute_risk, f"matched by {one.allele}"]
        st.markdown(inline("; ".join(part for part in parts if part)))
        for text in (*one.modifiers, *([one.note] if one.note else [])):
            st.caption(inline(text))


def _odds(one: HlaAssociation) -> str:
    if one.odds_ratio is None:
        return "no odds ratio for this typing"
    interval = f" (95 % CI {one.interval[0]:g} to {one.interval[1]:g})" if one.interval else ""
    return f"odds ratio {one.odds_ratio:g}{interval}"


def _drug(finding: HlaDrugFinding, key: str) -> None:
    with card():
        with row():
            badge(SEVERITY[Severity(finding.severity)])
            st.markdown(f"**{inline(finding.label)}** · {inline(finding.drug)}", width="content")
            if finding.certainty == "possible":
                st.badge("possible: typed too coarsely", icon=":material/help:", color="violet")
            why(finding.explanation, key)
        st.markdown(inline(" ".join(part for part in (f"{finding.effect}.", finding.figure, finding.population) if part)))
        st.markdown(f":material/arrow_forward: **Do:** {inline(finding.action)}")
