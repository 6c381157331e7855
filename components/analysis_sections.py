"""The sections of the analysis page: which there are, and what each draws."""

from __future__ import annotations

import streamlit as st

from components import (
    analysis_activity,
    analysis_alerts,
    analysis_antibodies,
    analysis_differential,
    analysis_flare,
    analysis_genomics,
    analysis_history,
    analysis_hla,
    analysis_readings,
    analysis_session,
    analysis_starting,
    analysis_summary,
    analysis_therapy,
    criteria_board,
    lab_import,
    profile_form,
)
from components.analysis_session import Opened
from components.feedback import empty
from services.access.principals import Principal
from services.container import Services
from services.patients.registry import Patient
from services.patients.starting import Start

DATA = "Data"
SECTIONS = (
    DATA, "Summary", "Alerts", "Antibodies", "HLA", "Genomics", "Activity", "Criteria", "Differential", "Flare", "Therapy",
    "History",
)  # fmt: skip
_KEY = "analysis.section"


def choose(*, has_analysis: bool) -> str:
    """Draw the choice of section; a section asked for by a button wins."""
    wanted = analysis_session.next_section()
    if wanted is not None:
        st.session_state[_KEY] = wanted
    elif _KEY not in st.session_state:
        st.session_state[_KEY] = "Summary" if has_analysis else DATA
    chosen = st.segmented_control("Section", SECTIONS, required=True, key=_KEY, label_visibility="collapsed")
    return str(chosen)


def show(
    section: str, services: Services, access: Principal, patient: Patient, begun: Start, opened: Opened | None
) -> None:
    """Draw one section. All but data, genomics and history need an analysis; history shows that there is none."""
    key = f"analysis.{section.lower()}"
    if section == DATA:
        _data(services, access, patient, begun, opened)
    elif section == "History":
        analysis_history.show(services, access, patient, opened)
    elif section == "Genomics":
        analysis_genomics.show(services, access, patient, opened, key)
    elif opened is None:
        empty("No analysis yet. Enter data under **Data**, then run the analysis.", icon=":material/play_circle:")
    elif section == "Activity":
        courses = analysis_history.courses(services, access, patient)
        documented = services.record.activity_courses(patient.id, access)
        analysis_activity.show(opened, begun, courses, documented, services, access, key)
    elif section == "Criteria":
        criteria_board.show(opened.analysis, services, access, key)
    else:
        drawn = {
            "Summary": analysis_summary.show, "Alerts": analysis_alerts.show, "Antibodies": analysis_antibodies.show,
            "HLA": analysis_hla.show, "Differential": analysis_differential.show, "Flare": analysis_flare.show,
            "Therapy": analysis_therapy.show,
        }  # fmt: skip
        drawn[section](opened.analysis, key)


def _data(services: Services, access: Principal, patient: Patient, begun: Start, opened: Opened | None) -> None:
    analysis_starting.show(services, access, patient, begun)
    if begun.values:
        with st.expander("Change or add values by hand", icon=":material/edit:"):
            profile_form.show(services, access, patient)
    with st.expander("Import a lab table", icon=":material/upload_file:"):
        lab_import.show(
            services, access, patient, sex=profile_form.known_sex(patient), age=profile_form.known_age(patient)
        )
    if not begun.values:
        profile_form.show(services, access, patient)
    if analysis_session.valid_profile(patient) is not None:
        analysis_readings.show(patient)
    if opened is not None:
        analysis_readings.unused(opened.analysis)
