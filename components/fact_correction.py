"""The form that corrects a fact: the fields of its kind, the day it holds for, and whether others say the same."""

from __future__ import annotations

import datetime

import streamlit as st

from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.evidence.extraction import FactKind
from services.evidence.extraction.content_fields import FIELDS, Field, fields_of
from services.patients.facts import StoredFact

_FIRST, _LAST = datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)
_RESULTS = (FactKind.LAB, FactKind.ANTIBODY)


def show(services: Services, access: Principal, fact: StoredFact, repeated: int) -> None:
    """Draw the form. `repeated`: how many other statements say the same."""
    key = f"record.correct.{fact.id}"
    shown = fields_of(fact.content)
    with st.form(key, border=False):
        given = {field.name: _field(field, shown[field.name], f"{key}.{field.name}") for field in FIELDS[fact.kind]}
        day = fact.effective
        if fact.kind is not FactKind.MEDICATION:
            day = st.date_input("Date it holds for", fact.effective, min_value=_FIRST, max_value=_LAST, key=f"{key}.day")
        everywhere = False
        if repeated:
            everywhere = st.checkbox(
                f"Also in the {repeated} other places that say the same", value=fact.kind in _RESULTS, key=f"{key}.everywhere"
            )
        st.caption("The correction is kept with your name and the date, also when the document is read again.")
        pressed = st.form_submit_button("Save the correction", type="primary", key=f"{key}.save")
    if not pressed:
        return
    try:
        services.decisions.correct(fact.patient_id, fact.id, given, access, effective=day, everywhere=everywhere)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()


def _field(field: Field, value: str, key: str) -> str:
    if field.choices:
        position = field.choices.index(value) if value in field.choices else 0
        chosen = st.selectbox(field.label, field.choices, index=position, key=key, format_func=lambda one: _word(one))
        return str(chosen)
    if field.is_long:
        return str(st.text_area(field.label, value, key=key, max_chars=2000))
    return str(st.text_input(field.label, value, key=key, max_chars=400, help=field.hint or None))


def _word(choice: str) -> str:
    return choice.replace("_", " ") or "none"
