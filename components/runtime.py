"""Hands the services to the dashboard and stands at the door of every page.

`app.py` builds the services in the server's lifespan and gives them to this module; pages ask for them here. Each page's
first call is `require_access(...)`.
"""

from __future__ import annotations

import threading
from enum import StrEnum

import streamlit as st

from services.access.principals import LOCAL_USER, Principal
from services.container import Services


class Need(StrEnum):
    """What a page needs of its reader."""

    READ = "read"
    PATIENTS = "patients"
    ADMINISTER = "administer"


_lock = threading.Lock()
_services: Services | None = None


def provide_services(services: Services | None) -> None:
    """Called by the server at start, and with None at shutdown."""
    global _services  # one process, one set of services: this is the hand-over point
    with _lock:
        _services = services


def current_services() -> Services | None:
    """The services, or None before start and after shutdown."""
    return _services


def get_services() -> Services:
    """Return the services; while the process is starting, show that and stop the run."""
    services = current_services()
    if services is None:
        st.info("Paratope is starting. This page will work in a few seconds: reload it.", icon=":material/hourglass_top:")
        st.stop()
    return services


def require_access(need: Need) -> Principal:
    """Return who is looking, or stop the run when they may not see this page."""
    principal = LOCAL_USER
    allowed = {
        Need.READ: True,
        Need.PATIENTS: principal.may_see_patients,
        Need.ADMINISTER: principal.may_administer,
    }[need]
    if not allowed:
        st.error("You may not see this page. Ask an administrator for access.", icon=":material/lock:")
        st.stop()
    return principal
