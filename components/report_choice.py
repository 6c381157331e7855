"""What a report contains: its sections, the patient's identifiers, an answer to quote. A change makes it a draft again."""

from __future__ import annotations

import streamlit as st

from components import report_answers
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.reports.choices import Identity, ReportChoice, ReportState, SectionKind
from services.reports.store import StoredReport

_IDENTITY = {Identity.NAME: "Name", Identity.BIRTH_DATE: "Date of birth", Identity.MRN: "Record number"}
_AS_IT_IS = "as it is"
_NONE = "none"
_WORDS = {_AS_IT_IS: "the quoted answer as it is", _NONE: "none"}


def show(services: Services, access: Principal, report: StoredReport) -> None:
    """Draw the form; a signed report shows what was chosen and cannot be changed."""
    choice, signed = report.content.choice, report.entry.state is ReportState.SIGNED
    answers = {} if signed else report_answers.of_patient(services, access, report.entry.patient_id)
    key = f"report.choice.{report.id}"
    with st.form(f"{key}.form"):
        sections = st.pills(
            "Sections", list(SectionKind), selection_mode="multi", default=list(choice.sections), disabled=signed,
            format_func=lambda one: one.heading, key=f"{key}.sections",
            help="Summary, methods, limits, sources and versions are part of every report. Critical alerts stay in the summary.",
        )
        identity = st.pills(
            "Identifiers beside the patient id", list(Identity), selection_mode="multi", default=list(choice.identity),
            disabled=signed, format_func=lambda one: _IDENTITY[one], key=f"{key}.identity",
        )
        kept = [_AS_IT_IS] if report.content.answer is not None else []
        answer = st.selectbox(
            "Quote an answer", [*kept, _NONE, *answers], disabled=signed, key=f"{key}.answer",
            format_func=lambda one: answers[one].question[:90] if one in answers else _WORDS[one],
            help="From the conversations about this patient. An answer of a language model is marked as AI-assisted.",
        )
        changed = st.form_submit_button("Write the report anew", icon=":material/refresh:", disabled=signed, key=f"{key}.go")
    if not changed:
        return
    quoted = report.content.answer if answer == _AS_IT_IS else answers.get(answer or _NONE)
    try:
        services.reports.change(report.id, access, choice=ReportChoice.of(tuple(sections), tuple(identity)), answer=quoted)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()
