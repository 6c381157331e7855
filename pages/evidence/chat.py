"""Ask: a conversation about one patient or about the general knowledge, with citations that open their source."""

from __future__ import annotations

import streamlit as st

from components import chat_panel, state
from components.feedback import explained
from components.formatting import plain
from components.runtime import Need, get_services, require_access

access = require_access(Need.READ)
services = get_services()
patient_id = state.patient_id()

with explained():
    patient = services.patients.get(patient_id, access) if patient_id else None

heading, settings, history = st.columns([4, 1.2, 1.2], vertical_alignment="bottom")
heading.title(f"Ask about {plain(patient.name)}" if patient else "Ask the general knowledge")
with settings:
    scope = chat_panel.options()
with history, explained():
    chat_panel.history_menu(services, access, patient_id)

area = st.container()
with area, explained():
    chat_panel.conversation(services, access, patient)

chat_panel.ask(services, access, patient, scope, area)
