"""The sidebar of every page: status lights, the chosen patient, and the permanent disclaimer."""

from __future__ import annotations

import streamlit as st

from components import state
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.evidence.embedder import EmbedderState

DISCLAIMER = (
    "Decision support for clinicians, not a diagnosis. Not for time-critical use. Check every statement against its source."
)
_GENERAL = ""


def show(services: Services, access: Principal) -> None:
    """Draw the sidebar below the navigation."""
    with st.sidebar:
        _patient_picker(services, access)
        st.divider()
        _lights(services)
        st.caption(f":material/health_and_safety: {DISCLAIMER}")


def _patient_picker(services: Services, access: Principal) -> None:
    try:
        names = {patient.id: patient.name for patient in services.patients.list(access)}
    except ParatopeError as error:
        st.error(error.message)
        return
    chosen = state.patient_id()
    if chosen is not None and chosen not in names:
        state.choose_patient(None)
        chosen = None
    options = [_GENERAL, *names]
    picked = st.selectbox(
        "Patient",
        options,
        index=options.index(chosen or _GENERAL),
        format_func=lambda identifier: names.get(identifier, "No patient: general knowledge"),
        help="With a patient chosen, you see this patient and the general knowledge, never another patient.",
    )
    if (picked or None) != chosen:
        state.choose_patient(picked or None)
        st.rerun()
    state.link_patient()


def _lights(services: Services) -> None:
    preparation = services.preparation.status
    embedder = services.embedder.state
    if services.store.connected():
        _light("green", "check_circle", "Evidence store", "connected")
    else:
        _light("red", "error", "Evidence store", "not reachable")
    if embedder is EmbedderState.READY:
        _light("green", "check_circle", "Embedding model", "ready")
    elif embedder is EmbedderState.FAILED:
        _light("red", "error", "Embedding model", "failed")
    else:
        _light("orange", "hourglass_top", "Embedding model", "loading")
    if services.assistant.model_available:
        _light("green", "check_circle", "Language model", services.settings.llm_model)
    else:
        _light("gray", "format_quote", "Language model", "none: quotations only")
    if preparation.failure:
        _light("red", "error", "Preparation", "stopped")
    elif not preparation.done:
        _light("orange", "hourglass_top", "Preparation", preparation.stage)


def _light(colour: str, icon: str, label: str, word: str) -> None:
    st.caption(f":{colour}[:material/{icon}:] {label}: {word}")
