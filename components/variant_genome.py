"""The selected row of a table on the genome, over the whole width under the grid; drawn only while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from components import genome_view, variant_session
from components.feedback import show_error
from components.genome_view import OWN_REFERENCE, JobFiles
from services.access.principals import Principal
from services.container import Services
from services.errors import NotFoundError, ParatopeError
from services.variants.genome_files import contig_lengths
from services.variants.genome_tracks import locus_of, locus_on, variant_features
from services.variants.library import TableInfo


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Offer the view of the selected row; nothing where none is selected."""
    row_id = variant_session.selected_row()
    if row_id is None:
        return
    with st.expander("Genome view", icon=":material/genetics:", on_change="rerun", key="explorer.genome") as opened:
        if not opened.open:
            return
        try:
            _draw(services, access, info, row_id)
        except ParatopeError as error:
            show_error(error)


def _draw(services: Services, access: Principal, info: TableInfo, row_id: int) -> None:
    table = services.workbench.questions.table(access, info.id)
    row = services.workbench.questions.row(access, info.id, row_id)
    made = _made_by_job(services, access, info)
    index = made.get(f"{OWN_REFERENCE}.fai")
    if index is not None:
        locus = locus_on(contig_lengths(index), row)
    elif info.assembly is not None:
        locus = locus_of(info.assembly, row)
    else:
        st.caption("State the build of this table to see its variants on the genome.")
        return
    if locus is None:
        st.caption("This row lies on no chromosome of the reference, so there is no place to show.")
        return
    job = JobFiles(info.job_id, tuple(made)) if made and info.job_id else None
    genome_view.show(
        services, access, locus, variants=variant_features(table, locus), job=job, key="explorer.genome.view"
    )


def _made_by_job(services: Services, access: Principal, info: TableInfo) -> Mapping[str, Path]:
    """The files made from reads; none where the table came from a file of variants, or its job was removed."""
    try:
        return services.read_calling.files(access, info.job_id) if info.job_id else {}
    except NotFoundError:
        return {}
