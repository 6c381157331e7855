"""Home: the state of the system, the patients, recent questions, and the first step for a newcomer."""

from __future__ import annotations

import streamlit as st

from components import demo_loading, patient_card, state
from components.feedback import empty, explained
from components.formatting import plain
from components.runtime import Need, get_services, require_access

access = require_access(Need.READ)
services = get_services()

st.title("Paratope")
st.caption("One patient's record and variants, joined; every answer with evidence you can check.")

with explained():
    patients = services.patients.list(access)
    conversations = services.conversations.list(access.name)

if not patients and demo_loading.under_way(services):
    empty("No patients yet. The demo patients are being taken in: they appear here one by one.")
elif not patients:
    empty("No patients yet. Load the nine demo patients to look around, or upload a PDF under **Documents**.")
demo_loading.offer(services, access, patients, key="home.load_demo")

if patients:
    st.subheader("Patients")
    opened = patient_card.grid(patients, key="home.patient")
    if opened is not None:
        state.choose_patient(opened)
        st.switch_page("pages/patients/analysis.py")

st.subheader("Recent questions")
if not conversations:
    empty("No questions yet. Open **Ask** and try one.", icon=":material/forum:")
for conversation in conversations[:5]:
    about = next((patient.name for patient in patients if patient.id == conversation.patient_id), "general knowledge")
    if st.button(
        f"{plain(conversation.title)} — {plain(about)}", key=f"home.conversation.{conversation.id}", icon=":material/chat:",
        type="tertiary",
    ):
        state.choose_patient(conversation.patient_id)
        state.open_conversation(conversation.id)
        st.switch_page("pages/evidence/chat.py")
