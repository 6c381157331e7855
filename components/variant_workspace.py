"""Grid and side panel together, as one fragment: a selected row, a flag or a comment redraws these two and nothing else.

They ask the tables nothing that was asked before: the page of the grid and the selected row are kept by the services.
"""

from __future__ import annotations

import streamlit as st

from components import variant_grid, variant_panel, variant_session
from services.access.principals import Principal
from services.container import Services
from services.variants.library import TableInfo


@st.fragment
def show(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    """Draw the page of the grid, and the selected row beside it. `total` counts the rows that pass the filter."""
    # two columns in both cases, so that the grid keeps its place on the page and its scroll position
    grid, side = st.columns((13, 8) if variant_session.selected_row() is not None else (200, 1), gap="small")
    with side:  # first, because a flag or a comment is seen here as soon as it is drawn, while the grid still comes
        variant_panel.show(services, access, info)
    with grid:
        variant_grid.show(services, access, info, total)
