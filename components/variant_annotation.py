"""The annotation of a table: what it was made from, what is missing and why, and the button that makes it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components.feedback import show_error
from components.formatting import plain
from components.variant_grid import cell_text
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.annotation.model import Part, told
from services.variants.library import TableInfo
from services.variants.tables import VariantTable

_LONG = 600
_PARTS = {Part.SMALL: "Small variants", Part.STRUCTURAL: "Structural variants"}


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw the popover in which a table is annotated."""
    with st.popover("Annotate", icon=":material/genetics:", on_change="rerun", key="explorer.annotate") as opened:
        if not opened.open:
            return
        try:
            account(services.workbench.questions.table(access, info.id))
            _form(services, access, info)
        except ParatopeError as error:
            show_error(error)


def account(table: VariantTable) -> None:
    """Say from which packs the columns of a table come, and what was not annotated and why."""
    made = table.manifest.get("annotation")
    if made is None:
        st.caption("This table was not annotated here. Columns that the file brought with it are shown as they are.")
        return
    st.caption(f"Annotated {made['made_at'][:10]} from {plain(', '.join(made['packs']))}.")
    if made["missing"]:
        st.caption("**Not annotated:**  \n" + "  \n".join(f"- {plain(one)}" for one in told(made["missing"])))


def _form(services: Services, access: Principal, info: TableInfo) -> None:
    if info.assembly is None:
        st.info("State the genome build of this table first: reference data belongs to a build.", icon=":material/help:")
        return
    running = services.variant_annotations.running(access, info.id)
    if running is not None:
        st.info(f"Being annotated: {running.progress} %. {plain(running.message)}", icon=":material/progress_activity:")
        st.page_link("pages/variants/jobs.py", label="Watch the job", icon=":material/checklist:")
        return
    chosen = [part for part, label in _PARTS.items() if st.checkbox(label, value=True, key=f"explorer.annotate.{part.name}")]
    chosen += _vep(services, info)
    prospect = services.variant_annotations.prospect(info.assembly, chosen)
    if prospect.packs:
        st.markdown("**Installed**  \n" + "  \n".join(f":material/check: {plain(pack.stamp)}" for pack in prospect.packs))
    if prospect.missing:
        names = ", ".join(kind.label for kind in prospect.missing)
        st.markdown(f"**Not installed for {info.assembly}**  \n:material/remove: {names}")
        st.caption(
            "What is not installed is left out, and said so; the built-in genes and well-known variants are always looked up. "
            "Administrators install reference data."
        )
    if st.button("Annotate", key="explorer.annotate.start", type="primary", disabled=not chosen, icon=":material/play_arrow:"):
        services.variant_annotations.submit(access, info.id, chosen)
        st.rerun()


def _vep(services: Services, info: TableInfo) -> list[Part]:
    """Ask for consent to VEP, for this table and run; nothing is shown where none is turned on for the build."""
    source = None if info.assembly is None else services.variant_annotations.vep(info.assembly)
    if source is None:
        return []
    agreed = st.checkbox(f"VEP on {plain(source.place)}", value=False, key=f"explorer.annotate.VEP.{info.id}")
    st.caption(plain(source.statement))
    return [Part.VEP] if agreed else []


def values(entries: Sequence[Mapping[str, Any]], row: Mapping[str, Any], table: VariantTable) -> None:
    """Draw what reference data says of one row, each pack under its name and version."""
    is_structural = row.get("sv_type") is not None or row.get("sv_gene_count") is not None
    shown = [entry for entry in entries if is_structural or not str(entry["name"]).startswith("sv_")]
    with st.expander("Annotation from reference data", expanded=True):
        for stamp in dict.fromkeys(str(entry["stamp"]) for entry in shown):
            own = [str(entry["name"]) for entry in shown if entry["stamp"] == stamp]
            present = {plain(name): plain(cell_text(row[name], _LONG)) for name in own if row[name] is not None}
            if present:
                st.markdown(f"**{plain(stamp)}**")
                st.table(present, border="horizontal")
            else:
                st.caption(f"**{plain(stamp)}**: nothing for this variant")
        account(table)
