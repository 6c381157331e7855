"""The selected row of a table on the genome, over the whole width under the grid; drawn only while it is open."""

from __future__ import annotations

import streamlit as st

from components import genome_view, variant_session
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.genome_tracks import locus_of, variant_features
from services.variants.library import TableInfo


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Offer the view of the selected row; nothing where none is selected."""
    row_id = variant_session.selected_row()
    if row_id is None:
        return
    with st.expander("Genome view", icon=":material/genetics:", on_change="rerun", key="explorer.genome") as opened:
        if not opened.open:
            return
        if info.assembly is None:
            st.caption("State the build of this table to see its variants on the genome.")
            return
        try:
            table = services.workbench.questions.table(access, info.id)
            locus = locus_of(info.assembly, services.workbench.questions.row(access, info.id, row_id))
            if locus is None:
                st.caption(f"This row lies on no chromosome of {info.assembly}, so there is no place to show.")
                return
            around = variant_features(table, locus)
        except ParatopeError as error:
            show_error(error)
            return
        genome_view.show(services, access, locus, variants=around, key="explorer.genome.view")
