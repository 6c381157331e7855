"""What the analysis starts from: each value of the record with its date, age, place and what was changed by hand."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import analysis_session, source_viewer
from components.analysis_words import inline
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.patients.registry import Patient
from services.patients.starting import PARTS, Origin, Start, StartingValue

_STATE = {
    Origin.RECORD: "from the record", Origin.ENTERED: "✎ entered, not in the documents", Origin.OVERRIDDEN: "✎ overridden",
    Origin.REMOVED: "✎ taken out",
}  # fmt: skip
_ALL, _STALE, _CHANGED = "All", "Stale", "Changed by hand"
_ORDER = list(PARTS)
_MONTH_DAYS = 30.44


def show(services: Services, access: Principal, patient: Patient, begun: Start) -> None:
    """Draw the values and what can be done with the selected one; nothing where the record gives none."""
    if not begun.values:
        return
    st.subheader("What the analysis starts from")
    stale = [one for one in begun.values if one.is_stale]
    changed = [one for one in begun.values if one.origin is not Origin.RECORD]
    count = Counter(one.origin for one in begun.values)
    st.caption(
        f"The latest valid values of {patient.document_count} documents: {count[Origin.RECORD]} from the record"
        + (f", {len(stale)} of them more than a year old" if stale else "")
        + (f", {len(changed)} entered or changed by hand" if changed else "")
        + ". Select a row to open its page."
    )
    _notes(begun)
    shown = {_ALL: list(begun.values), _STALE: stale, _CHANGED: changed}
    offered = [name for name, rows in shown.items() if rows]
    view = st.segmented_control(
        "Values", offered, default=_ALL, required=True, key="analysis.starting.view", label_visibility="collapsed",
        format_func=lambda name: f"{name} {len(shown[name])}",
    )  # fmt: skip
    rows = sorted(shown[str(view)], key=lambda one: (_ORDER.index(one.part), one.name.lower()))
    table = st.dataframe(
        _frame(rows), hide_index=True, on_select="rerun", selection_mode="single-row", key=f"analysis.starting.table.{view}",
        height=min(36 * len(rows) + 38, 420), alt="Values the analysis starts from",
        column_config={
            "Date": st.column_config.DateColumn(format="YYYY-MM-DD"), "Value": st.column_config.TextColumn(width="medium"),
        },
    )
    chosen = table["selection"]["rows"]
    if chosen and chosen[0] < len(rows):
        _actions(services, access, patient, rows[chosen[0]])


def age_words(value: StartingValue) -> str:
    """How old a value is: "14 months: stale", "3 days", "no date"."""
    if value.days_old is None:
        return "" if value.date is None and not value.is_stale else "no date: stale" if value.is_stale else ""
    months = int(value.days_old / _MONTH_DAYS)
    told = f"{value.days_old} days" if months < 2 else f"{months} months" if months < 24 else f"{months // 12} years"
    return f"{told}: stale" if value.is_stale else told


def newest(begun: Start) -> StartingValue | None:
    """The latest dated result an analysis starts from, None where the record gives none."""
    dated = [one for one in begun.values if one.date is not None and one.part in ("biomarkers", "autoantibodies")]
    return max(dated, key=lambda one: one.date or datetime.date.min, default=None)


def _notes(begun: Start) -> None:
    if begun.notes:
        with st.expander(f"To check in the record ({len(begun.notes)})", icon=":material/rule:"):
            st.markdown("\n".join(f"- {inline(note)}" for note in begun.notes))


def _frame(rows: Sequence[StartingValue]) -> pd.DataFrame:
    columns: dict[str, list[object]] = {
        "Part": [PARTS[one.part] for one in rows],
        "Name": [one.name for one in rows],
        "Value": [one.shown for one in rows],
        "Date": [one.date for one in rows],
        "Age": [age_words(one) for one in rows],
        "State": [_STATE[one.origin] for one in rows],
        "Document": [one.place.document_title if one.place is not None else "" for one in rows],
    }
    if any(one.record_shown for one in rows):
        columns["The record says"] = [one.record_shown for one in rows]
    return pd.DataFrame(columns)


def _actions(services: Services, access: Principal, patient: Patient, value: StartingValue) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        about = "about " if value.is_approximate else ""
        dated = f", {about}{value.date.isoformat()}" if value.date is not None else ""
        st.markdown(f"**{inline(value.name)}** {inline(value.shown)}{dated}", width="content")
        if value.place is not None and st.button("Open the page", key="analysis.starting.open", icon=":material/menu_book:"):
            source_viewer.open_page(services, access, value.place.document_id, value.place.page, value.place.quote)
        if value.origin in (Origin.OVERRIDDEN, Origin.REMOVED) and st.button(
            "Use the record's value", key="analysis.starting.follow", icon=":material/undo:", help=value.record_shown or None
        ):
            _follow(services, access, patient, value)


def _follow(services: Services, access: Principal, patient: Patient, value: StartingValue) -> None:
    try:
        analysis_session.follow_record(services, access, patient, value)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()
