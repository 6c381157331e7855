"""Take the filtered rows along: prepared as a file on demand, then fetched by the browser without passing through memory."""

from __future__ import annotations

import streamlit as st

from components import variant_session
from components.feedback import show_error
from components.variant_grid import shown_columns
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.downloads import MAX_ROWS, SPREADSHEET_ROWS, DownloadKind
from services.variants.library import TableInfo

_NAMES = {
    DownloadKind.CSV: "CSV for spreadsheets", DownloadKind.TSV: "TSV, values as they are", DownloadKind.PARQUET: "Parquet",
}  # fmt: skip


def show(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    """Draw the button with the choice of format and columns. `total` rows pass the filter."""
    with st.popover("Export", icon=":material/download:", on_change="rerun", key="explorer.export") as opened:
        if opened.open:
            _prepare(services, access, info, total)


@st.fragment
def _prepare(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    kind: DownloadKind = st.selectbox("Format", list(_NAMES), format_func=lambda one: _NAMES[one], key="explorer.export.format")
    table = services.workbench.questions.table(access, info.id)
    shown = shown_columns(table)
    choice = st.segmented_control(
        "Columns", ["shown", "all"], default="shown", required=True, key="explorer.export.columns",
        format_func=lambda one: f"The {len(shown)} shown" if one == "shown" else f"All {len(table.columns)}",
    )  # fmt: skip
    st.caption(f"{total:,} rows pass the filter.")
    if kind is DownloadKind.CSV and total > SPREADSHEET_ROWS:
        st.warning(f"A sheet holds {SPREADSHEET_ROWS:,} rows: a spreadsheet will leave out the rest.")
    if total > MAX_ROWS:
        st.warning(f"One export takes at most {MAX_ROWS:,} rows: narrow the filter.")
    if not st.button("Prepare the file", type="primary", key="explorer.export.go", disabled=not 0 < total <= MAX_ROWS):
        return
    view = variant_session.view()
    try:
        with st.spinner("Writing the rows …", show_time=True):
            made = services.workbench.downloads.prepare(
                access, info.id, kind, view.condition, view.sort, shown if choice == "shown" else None
            )
    except ParatopeError as error:
        show_error(error)
        return
    size = f"{made.bytes / 1e6:,.1f} MB" if made.bytes >= 100_000 else f"{made.bytes:,} bytes"
    label, link = f"Download {made.filename} ({size})", f"/api/downloads/{made.token}"
    st.link_button(label, link, icon=":material/download:", type="primary")
    st.caption("The link works for a quarter of an hour. The file holds patient data: keep it as such.")
