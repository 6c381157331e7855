"""The sidebar of every page: the permanent disclaimer, the chosen patient with a report to take away, status lights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import streamlit as st

from components import patient_card, state
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.evidence.embedder import EmbedderState
from services.patients.registry import Patient
from services.reports.service import ReportFormat

DISCLAIMER = (
    "Decision support for clinicians, not a diagnosis. Not for time-critical use. Check every statement against its source."
)
_GENERAL = ""
_DRAFTS = (
    ("Markdown", ReportFormat.MARKDOWN, "md", "text/markdown"),
    ("FHIR", ReportFormat.FHIR, "json", "application/fhir+json"),
)


def show(services: Services, access: Principal) -> None:
    """Draw the sidebar below the navigation."""
    with st.sidebar:
        st.caption(f":material/health_and_safety: {DISCLAIMER}")
        _patient_picker(services, access)
        st.caption("  \n".join(_lights(services)))


def _patient_picker(services: Services, access: Principal) -> None:
    try:
        patients = {patient.id: patient for patient in services.patients.list(access)}
    except ParatopeError as error:
        show_error(error)
        return
    chosen = state.patient_id()
    if chosen is not None and chosen not in patients:
        state.choose_patient(None)
        chosen = None
    options = [_GENERAL, *patients]
    picked = st.selectbox(
        "Patient",
        options,
        index=options.index(chosen or _GENERAL),
        format_func=lambda identifier: patients[identifier].name if identifier else "No patient: general knowledge",
        help="With a patient chosen, you see this patient and the general knowledge, never another patient.",
    )
    if (picked or None) != chosen:
        state.choose_patient(picked or None)
        st.rerun()
    state.link_patient()
    if chosen is not None:
        _case(services, access, patients[chosen])


def _case(services: Services, access: Principal, patient: Patient) -> None:
    with st.container(border=True):
        st.caption(patient_card.in_short(patient))
        if patient.summary:
            st.caption(plain(patient.summary))
        _exports(services, access, patient.id)


@st.fragment
def _exports(services: Services, access: Principal, patient_id: str) -> None:
    """A draft to take away, made when it is asked for; reviewed and signed reports are made on the page Report."""
    with st.container(horizontal=True):
        for label, form, ending, mime in _DRAFTS:
            st.download_button(
                label, partial(_draft, services, access, patient_id, form), f"report-{patient_id}-draft.{ending}", mime,
                key=f"sidebar.export.{form.value}", on_click="ignore", icon=":material/download:",
                help=f"An unsigned draft as {label}, from the latest saved analysis; without one, from the record.",
            )


def _draft(services: Services, access: Principal, patient_id: str, form: ReportFormat) -> bytes:
    return services.reports.export(patient_id, form, access).data


def _lights(services: Services) -> Iterator[str]:
    preparation = services.preparation.status
    embedder = services.embedder.state
    if services.store.connected():
        yield _light("green", "check_circle", "Evidence store", _held(services))
    else:
        yield _light("red", "error", "Evidence store", "not reachable")
    if embedder is EmbedderState.READY:
        yield _light("green", "check_circle", "Embedding model", "ready")
    elif embedder is EmbedderState.FAILED:
        yield _light("red", "error", "Embedding model", "failed")
    else:
        yield _light("orange", "hourglass_top", "Embedding model", "loading")
    if services.assistant.model_available:
        yield _light("green", "check_circle", "Language model", services.settings.llm_model)
    else:
        yield _light("gray", "format_quote", "Language model", "none, quotations only")
    if preparation.failure:
        yield _light("red", "error", "Preparation", "stopped")
    elif not preparation.done:
        yield _light("orange", "hourglass_top", "Preparation", preparation.stage)


def _held(services: Services) -> str:
    try:
        return f"{sum(status.rows for status in services.store.statuses()):,} passages"
    except ParatopeError:  # it was lost since it last answered; the light turns at the next look
        return "connected"


def _light(colour: str, icon: str, label: str, word: str) -> str:
    return f":{colour}[:material/{icon}:] {label}: {word}"
