"""Report: choose what it contains, look at it as it prints, review and sign it, take it along."""

from __future__ import annotations

import streamlit as st

from components import patient_card, report_choice, report_list, report_preview, report_session, report_signing, state
from components.feedback import empty, explained
from components.formatting import plain
from components.runtime import Need, get_services, require_access
from services.reports.closing import DISCLAIMER

access = require_access(Need.PATIENTS)
services = get_services()
patient_id = state.patient_id()
report_session.follow(patient_id)

with explained():
    patient_card.heading("Report", services, access, patient_id)
st.caption(plain(DISCLAIMER))
if patient_id is None:
    empty("Choose a patient on the left to write a report about them.", icon=":material/lab_profile:")
    st.stop()

with explained():
    entries = services.reports.list(patient_id, access)
    report_list.show(services, access, patient_id, entries)
    opened = report_session.opened(entries)
    report = services.reports.get(opened, access) if opened else None

if report is None:
    empty("No report yet. **New draft** writes one from the latest analysis of this patient.", icon=":material/lab_profile:")
    st.stop()

side, main = st.columns([2, 3], gap="large")
with side:
    report_signing.show(services, access, report)
    report_choice.show(services, access, report)
with main:
    report_preview.show(services, access, report)
