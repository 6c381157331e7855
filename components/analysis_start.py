"""The way in: create a patient, or open one of two fictional samples."""

from __future__ import annotations

import datetime

import streamlit as st

from components import analysis_session, state
from components.analysis_samples import SAMPLES, Sample
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ConflictError, ParatopeError

_EARLIEST = datetime.date(1900, 1, 1)


def show(services: Services, access: Principal) -> None:
    """Draw the form for a new patient and the sample buttons; a created or opened patient becomes the chosen one."""
    with st.form("analysis.create", border=False):
        first, second, third, fourth = st.columns([2, 2, 1, 1], vertical_alignment="bottom")
        identifier = first.text_input("Patient id", key="analysis.create.id", max_chars=64, placeholder="e.g. SMI-2022-44871",
                                      help="Letters, digits, dots and dashes; it should not say who the person is.")  # fmt: skip
        name = second.text_input("Name", key="analysis.create.name", max_chars=200)
        born = third.date_input("Date of birth", value=None, min_value=_EARLIEST, max_value=analysis_session.today(),
                                key="analysis.create.born", format="YYYY-MM-DD")  # fmt: skip
        sex = fourth.selectbox("Sex", ["F", "M"], index=None, key="analysis.create.sex", placeholder="not stated",
                               format_func=lambda one: {"F": "female", "M": "male"}[one])  # fmt: skip
        created = st.form_submit_button("Create patient", icon=":material/person_add:", type="primary", key="analysis.create.go")
    if created:
        _create(services, access, identifier.strip(), name.strip(), born, sex)
    st.caption("Or look around with a fictional sample:")
    with st.container(horizontal=True):
        for key, sample in SAMPLES.items():
            if st.button(f"Sample: {sample.label}", key=f"analysis.sample.{key}", icon=":material/science:"):
                _open_sample(services, access, sample)


def _create(
    services: Services, access: Principal, identifier: str, name: str, born: datetime.date | None, sex: str | None
) -> None:
    try:
        patient = services.patients.create(identifier, access, name=name or None, date_of_birth=born, sex=sex)
    except ParatopeError as error:
        show_error(error)
        return
    state.choose_patient(patient.id)
    st.rerun()


def _open_sample(services: Services, access: Principal, sample: Sample) -> None:
    try:
        services.patients.create(
            sample.patient_id, access, name=sample.name, sex=sample.profile["sex"], demo=True, profile=sample.profile,
            summary="Fictional values to try the analysis with.",
        )
    except ConflictError:  # opened before: it is there as it was left
        pass
    except ParatopeError as error:
        show_error(error)
        return
    state.choose_patient(sample.patient_id)
    st.rerun()
