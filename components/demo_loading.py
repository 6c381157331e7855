"""Loading the demo patients, with its progress."""

from __future__ import annotations

import streamlit as st

from services.access.principals import Principal
from services.container import Services


def show(services: Services, access: Principal) -> None:
    """Load and show how far it is; returns when all documents are in."""
    bar = st.progress(0.0, text="Writing the demo documents …")

    def advance(done: int, total: int) -> None:
        bar.progress(done / total, text=f"{done} of {total} documents read")

    services.demo.load(access, advance)
    bar.empty()
