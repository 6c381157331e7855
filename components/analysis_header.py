"""The head of the analysis page: who, the state of the analysis, and the button that runs it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from components import analysis_session, analysis_start, profile_form
from components.analysis_session import Opened
from components.analysis_starting import age_words, newest
from components.analysis_words import disease_name, inline
from components.feedback import explained
from services.access.principals import Principal
from services.clinical.analysis import DISCLAIMER, versions, without_genomics
from services.container import Services
from services.patients.registry import Patient
from services.patients.starting import Start

_SHOWN = 3


def show(services: Services, access: Principal, patient: Patient, begun: Start, opened: Opened | None) -> None:
    """Draw title, state and actions."""
    heading, actions = st.columns([3, 2], vertical_alignment="bottom")
    heading.title(inline(patient.name))
    with actions, st.container(horizontal=True, horizontal_alignment="right"):
        with st.popover("Other patient", icon=":material/person_add:"):
            analysis_start.show(services, access)
        run = st.button("Run the analysis", key="analysis.run", type="primary", icon=":material/play_arrow:",
                        disabled=analysis_session.valid_profile(patient) is None,
                        help="Analyses the latest values of the record and what was entered")  # fmt: skip
    st.caption(f"{inline(' · '.join(['Analysis', *_who(patient), *_when(opened)]))}  \n{inline(DISCLAIMER)}")
    if run:
        with explained():
            analysis_session.run(services, access, patient)
        st.rerun()
    last = newest(begun)
    if last is not None and last.is_stale:
        st.caption(f":material/history: The newest result in the record is of {last.date} ({age_words(last)}). It may no longer "
                   "describe the patient.")  # fmt: skip
    if begun.overridden:
        named = ", ".join(f"{one.name} {one.shown}, the record says {one.record_shown}" for one in begun.overridden[:_SHOWN])
        more = f" and {len(begun.overridden) - _SHOWN} more" if len(begun.overridden) > _SHOWN else ""
        st.caption(f":material/edit: Overridden by hand: {inline(named)}{more}")
    if opened is not None:
        _state(patient, opened)


def _who(patient: Patient) -> list[str]:
    age, sex = profile_form.known_age(patient), profile_form.known_sex(patient)
    diagnoses = [disease_name(one) for one in patient.profile.get("diagnosed_conditions", ())]
    return [
        f"{age} years" if age is not None else "age unknown",
        {"F": "female", "M": "male"}.get(sex or "", "sex unknown"),
        ", ".join(diagnoses) or "no diagnosis entered",
    ]


def _when(opened: Opened | None) -> list[str]:
    if opened is None:
        return ["not analysed yet"]
    return [f"analysed {opened.stored.entry.created_at:%Y-%m-%d %H:%M} UTC by {opened.stored.entry.author}"]


def _state(patient: Patient, opened: Opened) -> None:
    if analysis_session.valid_profile(patient) != without_genomics(opened.stored.profile):
        st.info("The record has changed since this analysis. Run it again to include the changes.", icon=":material/update:")
    if not opened.is_as_kept:
        then, now = _named(opened.stored.entry.versions), _named(versions())
        between = f" ({inline(then)}; now {inline(now)})" if then != now else ""
        st.warning(
            f"The rules have changed since this analysis was kept{between}. Shown is its input under the present rules; "
            "what was kept can be downloaded under History.",
            icon=":material/update:",
        )


def _named(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())
