"""Grid, side panel and genome view together, as one fragment: a selected row, a flag or a comment redraws these and no more.

They ask the tables nothing that was asked before: the page of the grid and the selected row are kept by the services.
"""

from __future__ import annotations

import streamlit as st

from components import variant_genome, variant_grid, variant_panel
from services.access.principals import Principal
from services.container import Services
from services.variants.library import TableInfo

_PANEL = 384


@st.fragment
def show(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    """Draw the page of the grid, and the selected row beside it. `total` counts the rows that pass the filter."""
    # the same two places with and without a panel, so that the grid keeps its scroll position; a narrow window puts it below
    with st.container(horizontal=True, gap="small"):
        grid, side = st.container(key="explorer.grid"), st.container(key="explorer.panel", width=_PANEL)
    with side:  # first, because a flag or a comment is seen here as soon as it is drawn, while the grid still comes
        variant_panel.show(services, access, info)
    with grid:
        variant_grid.show(services, access, info, total)
    variant_genome.show(services, access, info)
