"""The report to look at: its pages as they print, its text, a form to copy, and the files to download."""

from __future__ import annotations

from functools import partial

import streamlit as st

from components.feedback import explained
from services.access.principals import Principal
from services.container import Services
from services.reports.markdown import to_markdown
from services.reports.pdf_page import Paper
from services.reports.plain_text import to_plain_text
from services.reports.service import Preview, ReportFormat
from services.reports.store import StoredReport

_FILES = (
    ("PDF, A4", ReportFormat.PDF, Paper.A4, "application/pdf", "pdf"),
    ("PDF, Letter", ReportFormat.PDF, Paper.LETTER, "application/pdf", "pdf"),
    ("Markdown", ReportFormat.MARKDOWN, Paper.A4, "text/markdown", "md"),
    ("FHIR R4", ReportFormat.FHIR, Paper.A4, "application/fhir+json", "fhir.json"),
    ("Plain text", ReportFormat.TEXT, Paper.A4, "text/plain", "txt"),
)
_KEPT = 128


def show(services: Services, access: Principal, report: StoredReport) -> None:
    """Draw the downloads and the chosen view."""
    _downloads(services, access, report)
    view = st.segmented_control(
        "View", ["Pages", "Text", "Copy"], default="Pages", required=True, key="report.view", label_visibility="collapsed"
    )
    if view == "Pages":
        _pages(services, access, report)
    elif view == "Text":
        with st.container(border=True):
            st.markdown(to_markdown(report.content, report.standing))
    else:
        st.caption("Plain text for a record system: the button at its upper right copies it.")
        st.code(to_plain_text(report.content, report.standing), language=None)


def _downloads(services: Services, access: Principal, report: StoredReport) -> None:
    """The bytes are made when a button is pressed, by a reader who may still see them."""
    with st.container(horizontal=True):
        for label, form, paper, media_type, ending in _FILES:
            name = f"report-{report.entry.patient_id}-v{report.entry.version}-{report.entry.state.value}"
            size = f"-{paper.value.lower()}" if form is ReportFormat.PDF else ""
            st.download_button(
                label, partial(_file, services, access, report.id, form, paper),
                file_name=f"{name}{size}.{ending}", mime=media_type, icon=":material/download:",
                key=f"report.download.{form.value}.{paper.value}", on_click="ignore",
            )  # fmt: skip


def _file(services: Services, access: Principal, report_id: str, form: ReportFormat, paper: Paper) -> bytes:
    return services.reports.render(report_id, form, access, paper=paper).data


def _pages(services: Services, access: Principal, report: StoredReport) -> None:
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    paper = bar.segmented_control("Paper", list(Paper), default=Paper.A4, required=True, key="report.paper",
                                  format_func=lambda one: one.value)  # fmt: skip
    with explained():
        count = _page(services, access, report, Paper(paper), 1).page_count
        chosen = bar.number_input(f"Page (of {count})", 1, count, 1, key=f"report.page.{report.id}.{count}", width=160)
        preview = _page(services, access, report, Paper(paper), int(chosen))
    with st.container(border=True):
        st.image(preview.image.png, alt=f"{preview.image.alt} of the report; the view Text has its words", width="stretch")


def _page(services: Services, access: Principal, report: StoredReport, paper: Paper, page: int) -> Preview:
    standing = report.standing.model_dump_json()
    return _drawn(report.id, report.content.digest(), standing, paper, page, access.name, services, access)


@st.cache_data(max_entries=_KEPT, show_spinner="Drawing the page …")
def _drawn(
    report_id: str, digest: str, standing: str, paper: Paper, page: int, reader: str,  # noqa: ARG001 - the cache's key
    _services: Services, _access: Principal,
) -> Preview:
    """A page of one content in one standing for one reader."""
    return _services.reports.preview(report_id, _access, page=page, paper=paper)
