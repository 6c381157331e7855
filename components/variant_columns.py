"""Which columns the grid shows and in which order, how rows are sorted, how many stand on a page."""

from __future__ import annotations

import streamlit as st

from components import variant_session
from components.variant_grid import shown_columns
from services.access.principals import Principal
from services.container import Services
from services.variants.library import TableInfo
from services.variants.presets import Preset, columns_of
from services.variants.tables import Sort
from services.variants.views import PAGE_SIZES

_NO_SORT = "genome order"


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw the two buttons with their choices."""
    table = services.workbench.questions.table(access, info.id)
    view, number = variant_session.view(), variant_session.generation()
    names = list(table.facts.columns)
    described = {str(entry["name"]): str(entry.get("description") or "") for entry in table.columns}
    shown = shown_columns(table)
    with st.popover("Columns", icon=":material/view_column:", on_change="rerun", key="explorer.columns") as opened:
        if opened.open:
            st.caption("Presets")
            with st.container(horizontal=True, gap="xsmall"):
                for preset in Preset:
                    chosen = columns_of(preset, table.columns, table.facts)
                    st.button(
                        preset.value, key=f"explorer.preset.{preset.name}", on_click=_choose_columns,
                        args=(services, access, None if preset is Preset.ESSENTIALS else chosen),
                    )  # fmt: skip
            key = f"explorer.columns.{number}"
            st.multiselect(
                "Columns, in this order", names, default=list(shown), key=key, on_change=_take_columns,
                args=(services, access, key), help="The list says what each column holds; those chosen show their names.",
                format_func=lambda one: f"{one} ({described[one][:60]})" if described[one] and one not in shown else one,
            )  # fmt: skip
    sorted_by = view.sort[0] if view.sort else None
    with st.popover("Sort", icon=":material/sort:", on_change="rerun", key="explorer.sort") as opened:
        if opened.open:
            keys = (f"explorer.sort.{number}", f"explorer.sort.down.{number}")
            with st.form("explorer.sort.form", border=False):
                st.selectbox(
                    "Sort all rows by", [_NO_SORT, *names], key=keys[0],
                    index=names.index(sorted_by.column) + 1 if sorted_by and sorted_by.column in names else 0,
                )  # fmt: skip
                st.toggle("Largest first", sorted_by is not None and sorted_by.descending, key=keys[1])
                size = f"explorer.size.{number}"
                st.selectbox("Rows on a page", PAGE_SIZES, index=PAGE_SIZES.index(view.page_size), key=size)
                st.form_submit_button("Apply", type="primary", on_click=_sort, args=(services, access, *keys, size))
            st.caption("Missing values come last either way.")


def _choose_columns(services: Services, access: Principal, columns: tuple[str, ...] | None) -> None:
    variant_session.change(services, access, columns=columns)


def _take_columns(services: Services, access: Principal, key: str) -> None:
    chosen = tuple(st.session_state[key])
    if chosen:
        variant_session.change(services, access, columns=chosen)


def _sort(services: Services, access: Principal, column_key: str, down_key: str, size_key: str) -> None:
    column = st.session_state[column_key]
    sort = () if column == _NO_SORT else (Sort(column, descending=bool(st.session_state[down_key])),)
    variant_session.change(services, access, sort=sort, page_size=int(st.session_state[size_key]))
