"""Import of a pasted or uploaded lab table: each row shown as understood before anything is stored."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components import analysis_record, analysis_session
from components.analysis_lab_table import LabTable, RowState, decode, read_table
from components.analysis_words import inline
from components.feedback import explained, show_error
from components.formatting import counted
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.patients.registry import Patient

_EXAMPLE = (
    "Test;Value;Unit;Reference range;Date\nCRP;12,5;mg/L;<5;2024-03-31\nHb;11,2;g/dL;12,0-15,5;2024-03-31\n"
    "ANA;1:320;;<1:80;2024-03-31"
)
_ICONS = {RowState.LAB: "✓", RowState.ANTIBODY: "✓", RowState.PROBLEM: "✗"}


def show(services: Services, access: Principal, patient: Patient, *, sex: str | None, age: int | None) -> None:
    """Draw the import; the rows that could be read are added to the record on request."""
    revision = analysis_session.revision()
    text = st.text_area(
        "Paste a table", key=f"analysis.import.text.{revision}", placeholder=_EXAMPLE, height=150, max_chars=500_000,
        help="With or without header, in English or German; tab, semicolon, comma or bar between the columns.",
    )
    file = st.file_uploader("or upload a CSV file", type=["csv", "tsv", "txt"], key=f"analysis.import.file.{revision}")
    content = decode(file.getvalue()) if file is not None else text
    if not content.strip():
        st.caption("Columns: test, value, unit, reference range, date. You see how each row is understood before it is stored.")
        return
    try:
        table = read_table(content, sex=sex, age_years=age)
    except ParatopeError as error:
        show_error(error)
        return
    _preview(table)
    usable = table.usable
    st.button(
        f"Add {len(usable)} of {counted(len(table.rows), 'row')} to the record", key="analysis.import.add", type="primary",
        icon=":material/playlist_add:", disabled=not usable, on_click=_add, args=(services, access, patient, sex, age, table),
    )


def _add(services: Services, access: Principal, patient: Patient, sex: str | None, age: int | None, table: LabTable) -> None:
    """Before the page is drawn again, so that a run that is interrupted cannot lose the click."""
    usable = table.usable
    with explained():
        analysis_session.save(services, access, analysis_record.with_rows(patient, sex, age, usable))
        left = len(table.rows) - len(usable)
        st.toast(f"{counted(len(usable), 'row')} added" + (f"; {left} not taken over" if left else ""), icon=":material/check:")


def _preview(table: LabTable) -> None:
    for note in table.notes:
        st.caption(inline(note))
    frame = pd.DataFrame(
        {
            "Row": [row.line for row in table.rows],
            "": [_ICONS[row.state] for row in table.rows],
            "As written": [" ".join(part for part in (row.test, row.value, row.unit) if part) for row in table.rows],
            "Understood as": [row.understood for row in table.rows],
            "Limits": [row.limits for row in table.rows],
            "Flag": [(row.reading.flag or "") if row.reading else "" for row in table.rows],
            "Date": [row.day.isoformat() if row.day else row.written_date for row in table.rows],
            "Outcome": [row.state.value for row in table.rows],
            "Remark": [row.reason for row in table.rows],
        }
    )
    st.dataframe(
        frame, hide_index=True, alt="How each row of the table was understood", height="content" if len(frame) < 15 else 400,
        column_config={"Flag": st.column_config.TextColumn(help="H above, L below the limits")},
    )
    lost = [row for row in table.rows if row.state is RowState.PROBLEM]
    if lost:
        said = f"{counted(len(lost), 'row')} cannot be taken over; the remark says why. Correct above."
        st.warning(said, icon=":material/warning:")
