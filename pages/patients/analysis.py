"""Analysis: enter or import a patient's results, run every engine, and read what they say and why."""

from __future__ import annotations

import streamlit as st

from components import analysis_header, analysis_sections, analysis_session, analysis_start, state
from components.feedback import empty, explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()
patient_id = state.patient_id()
analysis_session.follow(patient_id)

if patient_id is None:
    st.title("Analysis")
    empty("Choose a patient on the left, create one, or open a sample.", icon=":material/clinical_notes:")
    analysis_start.show(services, access)
    st.stop()

with explained():
    patient, begun = analysis_session.from_record(services, access, patient_id)
    opened = analysis_session.opened(services, access, patient)

analysis_header.show(services, access, patient, begun, opened)
section = analysis_sections.choose(has_analysis=opened is not None)
with explained():
    analysis_sections.show(section, services, access, patient, begun, opened)
