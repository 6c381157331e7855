"""Which table is open, what is known of it, and how it goes."""

from __future__ import annotations

from typing import Any

import streamlit as st

from components import state
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.genomics.genome import GenomeBuild
from services.variants.library import TableInfo

_KEY = "explorer.choice"


def choose(services: Services, access: Principal) -> TableInfo | None:
    """Draw the choice of tables; returns the chosen one, or None where there is none yet."""
    tables = {table.id: table for table in services.variants.list(access)}
    if not tables:
        return None
    wanted = state.table_id()
    if wanted is not None and wanted not in tables:
        st.warning("The table of this link does not exist any more. Another one is shown.", icon=":material/link_off:")
    current = wanted if wanted in tables else next((one.id for one in tables.values() if one.available), next(iter(tables)))
    if st.session_state.get(_KEY) not in tables or current != st.session_state.get(_KEY):
        st.session_state[_KEY] = current
    chosen: str = st.selectbox(
        "Table", list(tables), key=_KEY, format_func=lambda one: title(tables[one]), on_change=_choose,
        label_visibility="collapsed",
    )  # fmt: skip
    state.open_table(chosen)
    state.link_table()
    return tables[chosen]


def _choose() -> None:
    state.open_table(st.session_state[_KEY])


def title(table: TableInfo) -> str:
    """One line that tells a table from the others."""
    build = str(table.assembly) if table.assembly else "build unknown"
    gone = "" if table.available else " · files missing"
    return f"{table.sample_name} · {build} · {table.row_count:,} variants · {table.created_at:%Y-%m-%d} · {table.name}{gone}"


def about(services: Services, access: Principal, table: TableInfo) -> None:
    """Draw what the import found out about the table, and the way to delete it."""
    with st.popover("About", icon=":material/info:", on_change="rerun", key="explorer.about") as opened:
        if not opened.open:
            return
        manifest = services.workbench.questions.table(access, table.id).manifest
        st.table(_facts(table, manifest), border="horizontal", width="content")
        _problems(manifest["problems"])
        if table.notes:
            st.markdown(f"**Notes** {plain(table.notes)}")
        delete(services, access, table)


def delete(services: Services, access: Principal, table: TableInfo) -> None:
    """Draw the button that deletes the table, with the question before it."""
    if st.button("Delete this table", icon=":material/delete:", key="explorer.delete"):
        _confirm(services, access, table)


@st.dialog("Delete the table?")
def _confirm(services: Services, access: Principal, table: TableInfo) -> None:
    st.markdown(
        f"**{plain(table.sample_name)}**, {table.row_count:,} variants, and its files are deleted for good. "
        "Flags and comments stay with their variants."
    )
    if st.button("Delete for good", type="primary", icon=":material/delete_forever:", key="explorer.delete.sure"):
        try:
            services.workbench.delete(access, table.id)
        except ParatopeError as error:
            show_error(error)
            return
        state.open_table(None)
        state.link_table()
        st.rerun()


def ask_build(services: Services, access: Principal, table: TableInfo) -> None:
    """Where the file does not tell its build: say what that prevents, and take the reader's word."""
    if table.assembly is not None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            ":material/help: The file does not tell its **genome build**. Without it variants cannot be flagged, commented on or "
            "found in other tables."
        )
        with st.popover("State the build"):
            build = st.segmented_control("Build", list(GenomeBuild), key="explorer.build", format_func=str)
            st.caption("This cannot be changed later: positions in the two builds are different places.")
            if st.button("Set the build", disabled=build is None, key="explorer.build.set") and build is not None:
                try:
                    services.variants.set_assembly(access, table.id, build)
                except ParatopeError as error:
                    show_error(error)
                    return
                st.rerun()


def _facts(table: TableInfo, manifest: dict[str, Any]) -> dict[str, str]:
    counts, file, samples = manifest["counts"], manifest["file"], manifest["samples"]
    named = ", ".join(samples[:8]) + (f" and {len(samples) - 8} more" if len(samples) > 8 else "")
    evidence = "; ".join(manifest["build"]["evidence"]) or ("as stated" if table.assembly else "nothing in the file tells it")
    shown = {
        "File": f"{file['name']} ({file['format']}, {file['bytes']:,} bytes)",
        "Build": f"{table.assembly or 'unknown'}: {evidence}",
        "Samples": named or "none",
        "Records read": f"{counts['records_read']:,}",
        "Rows": f"{counts['rows']:,}, one for each alternate allele",
        "Rejected lines": f"{counts['records_rejected']:,}",
        "Indels": "left-aligned against the reference" if manifest["normalised"] else "as in the file, shared bases dropped",
        "Table": table.name,
    }
    return {name: plain(value) for name, value in shown.items()}


def _problems(problems: dict[str, Any]) -> None:
    if not problems["errors"] and not problems["warnings"]:
        return
    st.markdown(f"**Findings of the import**: {problems['errors']:,} errors, {problems['warnings']:,} warnings")
    st.table(
        [
            {"Kind": one["severity"], "Rule": plain(one["rule"]), "Times": f"{one['count']:,}"}
            for one in problems["by_rule"][:20]
        ],
        border="horizontal", width="content",
    )  # fmt: skip
