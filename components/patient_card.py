"""A patient in short: the card on the home page, the heading of the pages about one patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from components.formatting import counted, plain
from services.access.principals import Principal
from services.container import Services
from services.patients.registry import Patient

_COLUMNS = 3
_PER_PAGE = 12


def grid(patients: Sequence[Patient], key: str) -> str | None:
    """Draw the patients row by row, twelve to a page; returns the id of the one the reader opened."""
    pages = max(1, -(-len(patients) // _PER_PAGE))
    area = st.container()
    number = st.pagination(pages, key=f"{key}.page") if pages > 1 else 1
    first = (min(number, pages) - 1) * _PER_PAGE
    shown = patients[first : first + _PER_PAGE]
    opened = None
    with area:
        for start in range(0, len(shown), _COLUMNS):
            for column, patient in zip(st.columns(_COLUMNS), shown[start : start + _COLUMNS], strict=False):
                with column:
                    if show(patient, key=f"{key}.{patient.id}"):
                        opened = patient.id
    return opened


def heading(title: str, services: Services, access: Principal, patient_id: str | None) -> None:
    """Write the title of a page about one patient, with the name: whose record is open must never be in doubt."""
    patient = next((one for one in services.patients.list(access) if one.id == patient_id), None)
    st.title(f"{title}: {plain(patient.name)}" if patient is not None else title)


def in_short(patient: Patient) -> str:
    """Age, sex and how much is on record, in one line."""
    age = patient.age_on(datetime.now(UTC).date())
    facts = [
        f"{age} years" if age is not None else "age unknown",
        {"F": "female", "M": "male"}.get(patient.sex or "", "sex unknown"),
        counted(patient.document_count, "document"),
    ]
    return " · ".join(facts)


def show(patient: Patient, key: str) -> bool:
    """Draw the card; True when the reader opened the patient."""
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{plain(patient.name)}**" + (" :gray-badge[demo]" if patient.demo else ""))
        st.caption(in_short(patient))
        if patient.summary:
            st.markdown(plain(patient.summary))
        return st.button("Open", key=key, icon=":material/arrow_forward:")
