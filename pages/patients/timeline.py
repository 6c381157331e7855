"""Timeline: the course of the disease, laboratory trends, and every fact that was read from the documents."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from components import lab_trends, odyssey_view, patient_card, record_facts, source_viewer, state, timeline_chart
from components.feedback import empty, explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()
patient_id = state.patient_id()

with explained():
    patient_card.heading("Timeline", services, access, patient_id)
if patient_id is None:
    empty("Choose a patient on the left to see the course of their disease.")
    st.stop()

with explained():
    documents = services.documents.list(patient_id, access)
if not documents:
    empty("No documents yet for this patient: upload some under **Documents**.")
    st.stop()

view = st.segmented_control(
    "View", ["Course", "Laboratory trends", "Way to the diagnosis", "Facts"], default="Course", required=True,
    key="timeline.view", label_visibility="collapsed",
)
with explained():
    if view == "Course":
        clicked = timeline_chart.show(
            documents, (*services.record.events(patient_id, access), *services.record.high_activity(patient_id, access)),
            services.record.medications(patient_id, access), until=datetime.now(UTC).date(), key="timeline.chart",
        )
        st.caption(
            "Click a mark or a bar to open the page that says so. Scroll to zoom, drag to move, double-click for everything. "
            "Striped bars have ended; high activity is a score its instrument calls high."
        )
        if clicked is not None:
            source_viewer.open_page(services, access, clicked.document_id, clicked.page, clicked.quote)
    elif view == "Laboratory trends":
        results = services.record.results(patient_id, access)
        lab_trends.show(results, services.record.medications(patient_id, access), key="timeline.labs")
    elif view == "Way to the diagnosis":
        odyssey_view.show(services, access, patient_id, key="timeline.odyssey")
    else:
        record_facts.show(services, access, patient_id)
