"""What became of what was entered: each laboratory value as read, and everything the analysis could not use."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.analysis_words import inline
from services.clinical.analysis import Analysis
from services.clinical.labs import Reading, normalise
from services.clinical.profile import Profile
from services.patients.registry import Patient

_KINDS = {
    "biomarker": "laboratory value", "extension": "entry of the context", "instrument": "instrument", "criteria": "criteria set",
}  # fmt: skip
_FLAGS = {"H": "↑ high", "L": "↓ low", None: ""}


def show(patient: Patient) -> None:
    """Draw the table of readings of the stored record, and what could not be read."""
    profile = Profile.model_validate(patient.profile)
    panel = normalise(profile.biomarkers, profile.sex, age_years=profile.age)
    if not (panel.readings or panel.problems or panel.unrecognised):
        return
    st.subheader("How the saved laboratory values are read")
    frame = pd.DataFrame(
        {
            "As written": [f"{one.name}: {one.written}" for one in panel.readings],
            "Test": [one.label for one in panel.readings],
            "Value": [one.value for one in panel.readings],
            "Unit": [one.unit for one in panel.readings],
            "Flag": [_FLAGS[one.flag] for one in panel.readings],
            "Limits": [_limits(one) for one in panel.readings],
            "Limits from": [one.range_source or "none known" for one in panel.readings],
            "Date": [one.date for one in panel.readings],
            "Remark": [one.note for one in panel.readings],
        }
    )
    st.dataframe(frame, hide_index=True, alt="Laboratory values as read", height="content" if len(frame) < 15 else 400,
                 column_config={"Value": st.column_config.NumberColumn(format="%.4g")})  # fmt: skip
    for problem in panel.problems:
        st.markdown(f":material/error: **{inline(problem.name)}** {inline(problem.message)}")
    if panel.unrecognised:
        st.markdown(f":material/visibility_off: Not recognised as a laboratory value: {inline(', '.join(panel.unrecognised))}")


def unused(analysis: Analysis) -> None:
    """Draw what the shown analysis could not use, with the reason: problems, unknown names, open questions."""
    if not (analysis.problems or analysis.unrecognised or analysis.questions):
        return
    st.subheader("What the analysis could not use")
    lines = [f":material/error: **{inline(one.name)}** {inline(one.message)}" for one in analysis.problems]
    lines += [f":material/help: **{inline(one.written)}** {inline(one.question)}" for one in analysis.questions]
    lines += [
        f":material/visibility_off: **{inline(one.written)}** is not a known {inline(_KINDS.get(one.kind, one.kind))}"
        for one in analysis.unrecognised
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))


def _limits(one: Reading) -> str:
    if one.lln is None and one.uln is None:
        return ""
    if one.lln is None:
        return f"up to {one.uln:g}"
    return f"from {one.lln:g}" if one.uln is None else f"{one.lln:g} to {one.uln:g}"
