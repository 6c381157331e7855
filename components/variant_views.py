"""Saved views: keep filter, sort and columns under a name, open them again in this or another table."""

from __future__ import annotations

import streamlit as st

from components import variant_session
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.filter_words import in_words
from services.variants.library import TableInfo
from services.variants.views import MAX_NAME, SavedView

_PROBLEM = "explorer.views.problem"
_NAME = "explorer.views.name"


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw the list of views and the box to save the present one."""
    with st.popover("Views", icon=":material/bookmarks:", on_change="rerun", key="explorer.views") as opened:
        if not opened.open:
            return
        problem = st.session_state.pop(_PROBLEM, None)
        if isinstance(problem, ParatopeError):
            show_error(problem)
        saved = services.workbench.views.list(access)
        if not saved:
            st.caption("No saved view yet. A view keeps the filter, the sort and the columns, for use in any table.")
        for one in saved:
            _entry(services, access, info, one)
        with st.form("explorer.views.form", border=False, clear_on_submit=True):
            st.text_input("Save the present view as", key=_NAME, max_chars=MAX_NAME, placeholder="Rare and damaging")
            st.form_submit_button("Save", icon=":material/bookmark_add:", on_click=_save, args=(services, access))


def _entry(services: Services, access: Principal, info: TableInfo, saved: SavedView) -> None:
    words = in_words(saved.view.condition) if saved.view.condition else "no filter"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            plain(saved.name), key=f"explorer.view.{saved.id}", width="stretch", help=plain(words[:300]), on_click=_open,
            args=(services, access, info, saved),
        )  # fmt: skip
        st.button(
            ":material/delete:", key=f"explorer.view.delete.{saved.id}", type="tertiary", help=f"Delete the view {saved.name}",
            on_click=_delete, args=(services, access, saved.id),
        )  # fmt: skip


def _open(services: Services, access: Principal, info: TableInfo, saved: SavedView) -> None:
    known = list(services.workbench.questions.table(access, info.id).facts.columns)
    variant_session.open_view(services, access, saved.view, known)


def _save(services: Services, access: Principal) -> None:
    try:
        services.workbench.views.save(access, st.session_state[_NAME], variant_session.view())
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error


def _delete(services: Services, access: Principal, view_id: str) -> None:
    try:
        services.workbench.views.delete(access, view_id)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error
