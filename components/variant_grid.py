"""The grid: one page of the table. A click on a row opens it at the side, a click on a header sorts the whole table.

The browser's own sorting would sort one page only, so it is off: selecting a column is taken as the wish to sort by it.
What the browser copies or downloads from a grid may end in a spreadsheet, which runs a cell that begins like a formula: such a
text stands in the grid as it stands in our own export, with an apostrophe before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from components import variant_session
from components.feedback import empty, show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.exports import disarmed
from services.variants.flags import Flag, Tier
from services.variants.library import TableInfo
from services.variants.presets import Preset, columns_of
from services.variants.questions import NotedPage
from services.variants.tables import Sort, VariantTable

FLAGS, COMMENTS = "Flags", "Comments"
TIER_COLOURS: dict[str, str] = {
    Tier.PATHOGENIC: "red", Tier.LIKELY_PATHOGENIC: "orange", Tier.UNCERTAIN: "yellow", Tier.LIKELY_BENIGN: "blue",
    Tier.BENIGN: "green",
}
_SHORT: dict[str, str] = {Tier.LIKELY_PATHOGENIC: "likely path.", Tier.UNCERTAIN: "VUS", Tier.LIKELY_BENIGN: "likely ben."}
_HELP = (
    "“—” is a missing value. By keyboard: arrows move in the grid, Shift and Space open a row, the button Sort sorts. "
    "The grid's own menus, search and download are about this page only: Export takes all rows that pass the filter. An "
    "apostrophe before a text keeps spreadsheets from running it as a formula; the panel at the side shows the text itself."
)
_CELL = 80
_HEIGHT = 560
_ROW = 32


def shown_columns(table: VariantTable) -> tuple[str, ...]:
    """The columns of the view, or the essentials."""
    return variant_session.view().columns or columns_of(Preset.ESSENTIALS, table.columns, table.facts)


def show(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    """Draw the page and the page numbers. `total` counts the rows that pass the filter."""
    view = variant_session.view()
    pages = max(1, -(-total // view.page_size))
    number = min(view.page, pages)
    table = services.workbench.questions.table(access, info.id)
    columns = shown_columns(table)
    try:
        page = services.workbench.questions.page(
            access, info.id, view.condition, view.sort, limit=view.page_size, offset=(number - 1) * view.page_size,
            columns=columns,
        )  # fmt: skip
    except ParatopeError as error:
        show_error(error)
        return
    if page.rows.num_rows == 0:
        empty("No variant passes this filter. Remove a condition above, or look at **Is missing** where values are absent.")
        return
    key = f"explorer.rows.{info.id}.{variant_session.generation()}"
    st.dataframe(
        _frame(page, columns), hide_index=True, key=key, placeholder="—", row_height=_ROW,
        height=min(_HEIGHT, (page.rows.num_rows + 1) * (_ROW + 1) + _ROW),
        on_select=lambda: _selected(services, access, key, page, columns), selection_mode=["single-row", "single-column"],
        selection_default={"selection": {"rows": _place_of(page, variant_session.selected_row())}},
        column_config=_config(table, columns, page, view.sort), alt=f"Variants of {info.sample_name}, page {number} of {pages}",
    )  # fmt: skip
    _paging(services, access, number, pages)


def _paging(services: Services, access: Principal, number: int, pages: int) -> None:
    key = f"explorer.page.{variant_session.generation()}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("Select a row to see its evidence, or a column header to sort all rows by it.", help=_HELP)
        if pages > 1:
            st.pagination(pages, default=number, key=key, on_change=lambda: _turn(services, access, key))


def _turn(services: Services, access: Principal, key: str) -> None:
    variant_session.change(services, access, page=int(st.session_state[key]))


def _selected(services: Services, access: Principal, key: str, page: NotedPage, columns: Sequence[str]) -> None:
    selection = st.session_state[key]["selection"]
    named = [name for name in selection["columns"] if name in columns]
    if selection["columns"]:
        if named:
            variant_session.change(services, access, sort=next_sort(variant_session.view().sort, named[0]))
        return
    rows = selection["rows"]
    numbers = page.rows.column("row_id").to_pylist()
    variant_session.select_row(numbers[rows[0]] if rows and rows[0] < len(numbers) else None)


def _place_of(page: NotedPage, row_id: int | None) -> list[int]:
    numbers = page.rows.column("row_id").to_pylist()
    return [numbers.index(row_id)] if row_id in numbers else []


def next_sort(sort: Sequence[Sort], column: str) -> tuple[Sort, ...]:
    """Upwards, then downwards, then in genome order again."""
    current = next((one for one in sort if one.column == column), None)
    if current is None:
        return (Sort(column),)
    return () if current.descending else (Sort(column, descending=True),)


def _frame(page: NotedPage, columns: Sequence[str]) -> pd.DataFrame:
    cells: dict[str, Any] = {
        FLAGS: [list(dict.fromkeys(short(flag.category) for flag in flags)) for flags in page.flags],
        COMMENTS: [str(count) if count else "" for count in page.comment_counts],
    }
    for name in columns:
        cells[name] = _column(page.rows.column(name).to_pylist())
    return pd.DataFrame(cells)


def _column(values: list[Any]) -> pd.Series:
    """Make a column for display: numbers stay numbers with their gaps, everything else is text of bounded length."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        return pd.Series(values, dtype="Int64")
    if present and all(isinstance(value, float) for value in present):
        return pd.Series([None if value is None else number_text(value) for value in values], dtype="object")
    return pd.Series([None if value is None else grid_text(value) for value in values], dtype="object")


def number_text(value: float) -> str:
    """Write a number with its significant digits: 0.00001 must not become 0."""
    return f"{value:.6g}"


def cell_text(value: Any, limit: int = _CELL) -> str:
    """Write a value in one line of at most `limit` characters; says how long it was."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ", ".join("missing" if one is None else number_text(one) if isinstance(one, float) else str(one) for one in value)
    text = number_text(value) if isinstance(value, float) else str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}… ({len(text):,} characters)"


def grid_text(value: Any, limit: int = _CELL) -> str:
    """Write a value as `cell_text` does, so that no spreadsheet takes it for a formula when it is copied or downloaded."""
    text = cell_text(value, limit)
    return disarmed(text) if isinstance(value, str | list) else text


def _config(table: VariantTable, columns: Sequence[str], page: NotedPage, sort: Sequence[Sort]) -> Mapping[str, Any]:
    described = {str(entry["name"]): str(entry.get("description") or "") for entry in table.columns}
    marks = {one.column: " ▼" if one.descending else " ▲" for one in sort}
    used = categories_of(page.flags)
    config: dict[str, Any] = {
        FLAGS: st.column_config.MultiselectColumn(
            FLAGS, options=[short(one) for one in used], color=[colour(one) for one in used], pinned=True, width=110,
            help="What people hold this variant to be, in this and every other table of the same build",
        ),
        COMMENTS: st.column_config.TextColumn(COMMENTS, width=84, help="Number of comments on this variant"),
    }  # fmt: skip
    if not used:
        config[FLAGS] = st.column_config.ListColumn(FLAGS, pinned=True, width=56, help="No variant of this page is flagged")
    whole = {name for name in columns if table.facts.column(name).type == "integer"}
    for name in columns:
        label, about = f"{name}{marks.get(name, '')}", described.get(name, "")[:300] or None
        if name in whole:
            config[name] = st.column_config.NumberColumn(label, help=about, format="%d")
        else:
            config[name] = st.column_config.TextColumn(label, help=about)
    return config


def short(category: str) -> str:
    """A category for a narrow column."""
    return _SHORT.get(category) or disarmed(category)


def colour(category: str) -> str:
    """The colour of a category; labels of one's own have one together."""
    return TIER_COLOURS.get(category, "violet")


def categories_of(flags: Sequence[Sequence[Flag]]) -> tuple[str, ...]:
    """The categories of a page: tiers in their order, then labels by name."""
    used = {flag.category for one in flags for flag in one}
    return (*(str(tier) for tier in Tier if tier in used), *sorted(used - set(Tier)))
