"""How errors, empty states and waiting look: one panel each, the same on every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from components.formatting import plain, sentence
from services.errors import ParatopeError, UnavailableError
from services.preparation import PreparationStatus


def show_error(error: ParatopeError) -> None:
    """Say what went wrong and what to do. A message may quote what somebody typed or what a file says: it is shown as written."""
    if isinstance(error, UnavailableError):
        st.error(f"**Not available right now.** {plain(sentence(error.message))}", icon=":material/cloud_off:")
    else:
        st.error(plain(sentence(error.message)), icon=":material/error:")


@contextmanager
def explained() -> Iterator[None]:
    """Turn one of our errors into a panel and stop the run; the page below it is not drawn."""
    try:
        yield
    except ParatopeError as error:
        show_error(error)
        st.stop()


def empty(message: str, *, icon: str = ":material/inbox:") -> None:
    """Say why there is nothing here and what to do."""
    with st.container(border=True):
        st.markdown(f"{icon} {message}")


@st.fragment(run_every=2.0)
def preparation_banner(read: object) -> None:
    """Show how far the preparation is until it is done; then redraw the page once."""
    status = read() if callable(read) else None
    if not isinstance(status, PreparationStatus) or status.done:
        if status is not None and not st.session_state.get("preparation.seen_done"):
            st.session_state["preparation.seen_done"] = True
            st.rerun()
        return
    if status.failure:
        st.error(f"**Preparation stopped while {plain(status.stage)}.** {plain(status.failure)}", icon=":material/error:")
        return
    st.progress(status.fraction or 0.0, text=f"Getting ready: {status.stage} …")
