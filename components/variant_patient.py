"""Whose variants a table holds, and what it says of that patient: linking, unlinking, and the findings in the explorer."""

from __future__ import annotations

import streamlit as st

from components import genomic_view, state, variant_session
from components.analysis_words import inline
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.library import TableInfo

_ANALYSIS = "pages/patients/analysis.py"


def show(services: Services, access: Principal, table: TableInfo) -> None:
    """Draw the patient of the table with the way to change it, and the way to its findings."""
    patients = {one.id: one for one in services.patients.list(access)}
    named = patients.get(table.patient_id or "")
    label = inline(named.name) if named is not None else "No patient"
    with st.popover(label, icon=":material/person:", on_change="rerun", key="explorer.patient",
                    help="The patient this table belongs to") as opened:  # fmt: skip
        if opened.open:
            _link(services, access, table, {one.id: one.name for one in patients.values()})
    if st.button("Findings", icon=":material/genetics:", key="explorer.findings",
                 help="Well-known and reported variants, and pharmacogenes, in this table"):  # fmt: skip
        _findings(services, access, table)


def _link(services: Services, access: Principal, table: TableInfo, names: dict[str, str]) -> None:
    if not names:
        st.markdown("There is no patient yet: create one under **Analysis**.")
        return
    ids = list(names)
    index = ids.index(table.patient_id) if table.patient_id in names else None
    chosen = st.selectbox(
        "Patient", ids, index=index, format_func=lambda one: f"{names[one]} ({one})", placeholder="Choose a patient",
        key=f"explorer.patient.{table.id}",
    )  # fmt: skip
    st.caption("Findings of the table then appear in the patient's analysis, report and answers.")
    with st.container(horizontal=True):
        if st.button("Link", type="primary", icon=":material/link:", key="explorer.patient.link",
                     disabled=chosen is None or chosen == table.patient_id):  # fmt: skip
            _set(services, access, table, chosen)
        if table.patient_id is not None and st.button("Unlink", icon=":material/link_off:", key="explorer.patient.unlink"):
            _set(services, access, table, None)
    if table.patient_id is not None and st.button(
        "Open the patient's analysis", icon=":material/arrow_forward:", key="explorer.patient.open", type="tertiary"
    ):
        state.choose_patient(table.patient_id)
        st.switch_page(_ANALYSIS)


def _set(services: Services, access: Principal, table: TableInfo, patient_id: str | None) -> None:
    try:
        services.variants.link(access, table.id, patient_id)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()


@st.dialog("Findings of this table", width="large")
def _findings(services: Services, access: Principal, table: TableInfo) -> None:
    accept = st.toggle(
        "Take places without a record for reference", key="explorer.findings.accept",
        help="A file of variants leaves out what is reference and what was never tested alike. What rests on this is marked "
        "as presumed and is not used for treatment.",
    )  # fmt: skip
    try:
        found = services.genomic_findings.of_table(table.id, access, accept_missing=accept)
    except ParatopeError as error:
        show_error(error)
        return
    st.caption("Read from a file of variants: confirm what matters with an independent method.")
    genomic_view.table(found, f"explorer.findings.{table.id}", open_row=lambda row_id: _select(table, row_id))


def _select(table: TableInfo, row_id: int) -> None:
    variant_session.show_row(table.id, row_id)
    st.rerun()
