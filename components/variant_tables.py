"""Which table is open, what is known of it, and how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import state
from components.feedback import show_error
from components.formatting import counted, plain
from components.genome_view import OWN_REFERENCE
from components.variant_grid import cell_text
from services.access.principals import Principal
from services.container import Services
from services.errors import NotFoundError, ParatopeError
from services.genomics.genome import GenomeBuild
from services.variants.library import TableInfo

_KEY = "explorer.choice"
_VALUE = 60


def choose(services: Services, access: Principal, head: DeltaGenerator) -> TableInfo | None:
    """Draw the choice of tables into `head`; returns the chosen one, or None where there is none yet."""
    tables = {table.id: table for table in services.variants.list(access)}
    wanted = state.table_id()
    if wanted is not None and wanted not in tables:
        others = "You are looking at another table." if tables else "There is no other table."
        gone = "The table of this link is not here: it was deleted, or it is somebody else's."
        st.warning(f"{gone} {others}", icon=":material/link_off:")
    if not tables:
        return None
    current = wanted if wanted in tables else next((one.id for one in tables.values() if one.available), next(iter(tables)))
    if st.session_state.get(_KEY) not in tables or current != st.session_state.get(_KEY):
        st.session_state[_KEY] = current
    names = [table.sample_name for table in tables.values()]
    chosen: str = head.selectbox(
        "Table", list(tables), key=_KEY, on_change=_choose, label_visibility="collapsed",
        format_func=lambda one: title(tables[one], alone=names.count(tables[one].sample_name) == 1),
    )  # fmt: skip
    state.open_table(chosen)
    state.link_table()
    return tables[chosen]


def _choose() -> None:
    state.open_table(st.session_state[_KEY])


def title(table: TableInfo, *, alone: bool = False) -> str:
    """One line that tells a table from the others; one that is `alone` with its sample's name needs no more names."""
    build = str(table.assembly) if table.assembly else "build unknown"
    gone = "" if table.available else " · files missing"
    named = "" if alone else f" · {table.name}"
    rows = counted(table.row_count, "variant")
    return f"{table.sample_name} · {build} · {rows} · {table.created_at:%Y-%m-%d}{named}{gone}"


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
    if _has_own_reference(services, access, table):
        st.info(
            "Called against a reference of one's own, which is no known genome build: its places are no genome's. So these "
            "variants cannot be annotated, flagged, commented on or found in other tables.", icon=":material/info:",
        )  # fmt: skip
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


def _has_own_reference(services: Services, access: Principal, table: TableInfo) -> bool:
    """Whether the table was called from reads against an uploaded reference: stating a build for it would be wrong."""
    try:
        return bool(table.job_id) and OWN_REFERENCE in services.read_calling.files(access, table.job_id or "")
    except NotFoundError:
        return False


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
    errors, warnings = counted(problems["errors"], "error"), counted(problems["warnings"], "warning")
    st.markdown(f"**Findings of the import**: {errors}, {warnings}")
    firsts: dict[str, dict[str, Any]] = {}
    for one in problems["first"]:
        firsts.setdefault(one["rule"], one)
    st.table(
        [
            {"Kind": one["severity"], "Times": f"{one['count']:,}", "First": _first(firsts.get(one["rule"]), one)}
            for one in problems["by_rule"][:20]
        ],
        border="horizontal", width="content",
    )  # fmt: skip


def _first(found: Mapping[str, Any] | None, rule: Mapping[str, Any]) -> str:
    """Where a rule was broken first and how; the rule's name where that was not kept."""
    if found is None:
        return plain(str(rule["rule"]))
    line = f"line {found['line']:,}, " if found["line"] else ""
    value = f" “{cell_text(found['value'], _VALUE)}”" if found["value"] else ""
    return plain(f"{line}{found['field']}{value}: {found['reason']}")
