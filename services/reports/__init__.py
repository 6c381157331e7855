"""Reports worth signing: one content from a stored analysis, written as Markdown, PDF, plain text and FHIR R4.

`build` makes the content, `to_markdown`, `to_pdf` and `to_bundle` write it, `Reports` keeps and signs it.
"""

from services.reports.choices import AssistantAnswer, Identity, ReportChoice, ReportState, SectionKind, Standing
from services.reports.content import ReportContent, build
from services.reports.fhir import to_bundle
from services.reports.markdown import to_markdown
from services.reports.pdf import to_pdf
from services.reports.pdf_page import Paper
from services.reports.plain_text import to_plain_text
from services.reports.service import Rendered, ReportFormat, Reports
from services.reports.store import ReportEntry, StoredReport, Verification

__all__ = [
    "AssistantAnswer",
    "Identity",
    "Paper",
    "Rendered",
    "ReportChoice",
    "ReportContent",
    "ReportEntry",
    "ReportFormat",
    "ReportState",
    "Reports",
    "SectionKind",
    "Standing",
    "StoredReport",
    "Verification",
    "build",
    "to_bundle",
    "to_markdown",
    "to_pdf",
    "to_plain_text",
]
