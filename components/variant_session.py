"""What the explorer remembers between runs: its view of the table, the selected row, and a number that renews the grid.

The view (filter, sort, columns, page) is also kept by the services for each table, so that a reload shows the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from services.access.principals import Principal
from services.container import Services
from services.variants.expression_text import to_expression
from services.variants.filters import Filter
from services.variants.library import TableInfo
from services.variants.views import View

EXPRESSION = "explorer.expression"
PROBLEM = "explorer.problem"
_TABLE = "explorer.table"
_VERSION = "explorer.version"
_VIEW = "explorer.view"
_ROW = "explorer.row"
_GENERATION = "explorer.generation"
_NEXT_ROW = "explorer.next_row"


def follow(services: Services, access: Principal, table: TableInfo) -> None:
    """Load what this table last looked like when another one was open before; annotated anew, leave out what it lost."""
    opened = services.workbench.questions.table(access, table.id)
    is_same, version = st.session_state.get(_TABLE) == table.id, st.session_state.get(_VERSION)
    if is_same and version == opened.version:
        return
    st.session_state[_TABLE], st.session_state[_VERSION] = table.id, opened.version
    known = list(opened.facts.columns)
    last = view() if is_same else services.workbench.views.last(access, table.id) or View()
    _set(replace(last.for_columns(known), sort=tuple(one for one in last.sort if one.column in known)))
    if is_same:
        _renew()
        return
    wanted, row_id = st.session_state.pop(_NEXT_ROW, (None, None))
    select_row(row_id if wanted == table.id else None)
    _renew()


def view() -> View:
    current: View = st.session_state.get(_VIEW, View())
    return current


def change(services: Services, access: Principal, **changes: Any) -> None:
    """Change the view and keep it. Whatever changes the rows begins at the first page again."""
    if "page" not in changes and set(changes) & {"condition", "sort", "page_size"}:
        changes["page"] = 1
    if "condition" in changes:
        select_row(None)  # it may not be among the rows any more
    _set(replace(view(), **changes))
    _renew()
    services.workbench.views.remember(access, st.session_state[_TABLE], view())


def change_filter(services: Services, access: Principal, condition: Filter | None) -> None:
    change(services, access, condition=condition)


def open_view(services: Services, access: Principal, saved: View, known: list[str]) -> None:
    """Show a saved view of this or another table."""
    fitting = saved.for_columns(known)
    sort = tuple(one for one in fitting.sort if one.column in known)
    change(services, access, condition=fitting.condition, sort=sort, columns=fitting.columns, page_size=fitting.page_size)


def selected_row() -> int | None:
    row: int | None = st.session_state.get(_ROW)
    return row


def select_row(row_id: int | None) -> None:
    st.session_state[_ROW] = row_id


def close_row() -> None:
    """Close the panel and take the selection off the grid."""
    select_row(None)
    _renew()


def open_at(table_id: str, row_id: int) -> None:
    """Select this row when the other table opens."""
    st.session_state[_NEXT_ROW] = (table_id, row_id)


def show_row(table_id: str, row_id: int) -> None:
    """Select this row: at once where its table is open, else when it opens."""
    if st.session_state.get(_TABLE) == table_id:
        select_row(row_id)
        _renew()
    else:
        open_at(table_id, row_id)


def generation() -> int:
    """A number that is new whenever the rows of the grid are others: its old selection must not stay."""
    number: int = st.session_state.setdefault(_GENERATION, 0)
    return number


def _set(new: View) -> None:
    st.session_state[_VIEW] = new
    st.session_state[EXPRESSION] = to_expression(new.condition)
    st.session_state[PROBLEM] = None


def _renew() -> None:
    st.session_state[_GENERATION] = generation() + 1
