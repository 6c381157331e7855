"""Loading the demo patients, with its progress."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.feedback import explained
from services.access.principals import Principal
from services.container import Services
from services.patients.registry import Patient


def offer(services: Services, access: Principal, patients: Sequence[Patient], key: str) -> None:
    """Draw the button where no demo patient is there yet: the main one without patients, a small one beside real ones."""
    if any(patient.demo for patient in patients) or under_way(services):
        return
    if st.button(
        "Load demo patients", type="tertiary" if patients else "primary", icon=":material/group_add:", key=key
    ):
        with explained():
            show(services, access)
        st.rerun()


def under_way(services: Services) -> bool:
    """Whether the demo patients are being taken in, or will be before the preparation ends."""
    preparation = services.preparation.status
    starting = services.settings.demo_data and not preparation.done and preparation.failure is None
    return starting or services.demo.loading


def show(services: Services, access: Principal) -> None:
    """Load and show how far it is; returns when all documents are in."""
    bar = st.progress(0.0, text="Writing the demo documents …")

    def advance(done: int, total: int) -> None:
        bar.progress(done / total, text=f"{done} of {total} documents read")

    services.demo.load(access, advance)
    bar.empty()
