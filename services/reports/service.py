"""Reports of a patient: made from an analysis, changed while they are drafts, reviewed, signed, and then never changed.

A signature vouches for one content: signing names the digest of the content that was seen, and a report that changed in
between is refused. The seal shows any later change of a stored row; somebody who can write the database could also write a new
seal, so the printed digest is what a reader compares with.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.access.principals import Principal
from services.clinical.analysis import without_genomics
from services.clinical.profile import Profile
from services.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from services.evidence.documents.model import RenderedPage
from services.evidence.documents.reading import DocumentReader
from services.patients.analyses import AnalysisLog, StoredAnalysis
from services.patients.record import PatientRecord
from services.patients.registry import Patient, PatientRegistry
from services.reports import changes
from services.reports.choices import MAX_NAME, AssistantAnswer, Identity, ReportChoice, ReportState, SectionKind, Standing, stamp
from services.reports.content import Compared, ReportContent, build
from services.reports.fhir import to_bundle
from services.reports.markdown import to_markdown, visible
from services.reports.pdf import print_report, to_pdf
from services.reports.pdf_page import Paper
from services.reports.plain_text import to_plain_text
from services.reports.rows import ChangeRow
from services.reports.store import ReportEntry, ReportStore, StoredReport, Verification
from services.storage.database import Database

_CHANGED = (
    "The record of the patient was changed after this analysis. Run the analysis again for a report of the record as it is now."
)
_UNREADABLE = "The stored record of the patient cannot be analysed as it is: it holds values outside their limits."
_PREVIEW_SCALE = 1.5


class ReportFormat(StrEnum):
    MARKDOWN = "markdown"
    FHIR = "fhir"
    PDF = "pdf"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A report as a file."""

    data: bytes
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class Preview:
    """One page as an image, and how many there are."""

    image: RenderedPage
    page_count: int


class Reports:
    """Makes, keeps, signs and renders reports."""

    def __init__(
        self, database: Database, patients: PatientRegistry, analyses: AnalysisLog, reader: DocumentReader,
        record: PatientRecord | None = None,
    ) -> None:
        self._store = ReportStore(database)
        self._patients = patients
        self._analyses = analyses
        self._reader = reader
        self._record = record

    def create(
        self,
        patient_id: str,
        access: Principal,
        *,
        analysis_id: str | None = None,
        choice: ReportChoice | None = None,
        answer: AssistantAnswer | None = None,
    ) -> StoredReport:
        """Keep a draft from the given analysis, else from the latest, else from one run now of the stored record.

        :raise NotFoundError: there is no such patient or analysis, or the caller may not know.
        :raise InvalidInputError: the analysis is another patient's.
        """
        patient = self._patients.get(patient_id, access)
        stored = self._analysis(patient, access, analysis_id)
        content = self._content(patient, stored, choice or ReportChoice(), answer, access)
        return self._store.insert(patient.id, stored.id if stored else None, content, access.name, datetime.now(UTC))

    def change(
        self, report_id: str, access: Principal, *, choice: ReportChoice, answer: AssistantAnswer | None = None
    ) -> StoredReport:
        """Write a report anew from its analysis with another choice; a reviewed one is a draft again.

        :raise ConflictError: it is signed.
        """
        before = self.get(report_id, access)
        _require_unsigned(before.entry)
        patient = self._patients.get(before.entry.patient_id, access)
        stored = self._analysis(patient, access, before.entry.analysis_id)
        content = self._content(patient, stored, choice, answer, access)
        self._store.replace_content(before.id, content, stored.id if stored else None, datetime.now(UTC))
        return self.get(report_id, access)

    def revise(self, report_id: str, access: Principal) -> StoredReport:
        """Begin the next version of a signed report: a draft with the same choice from the patient's latest analysis.

        :raise ConflictError: it is not signed, so that it can be changed itself; or a newer version exists.
        """
        before = self.get(report_id, access)
        if before.entry.state is not ReportState.SIGNED:
            raise ConflictError("this version is not signed yet: change it instead of beginning a new one")
        patient = self._patients.get(before.entry.patient_id, access)
        stored = self._analysis(patient, access, None)
        content = self._content(patient, stored, before.content.choice, before.content.answer, access)
        analysis_id = stored.id if stored else None
        return self._store.insert(patient.id, analysis_id, content, access.name, datetime.now(UTC), after=before.entry)

    def review(self, report_id: str, name: str, access: Principal, *, seen: str) -> StoredReport:
        """Mark the content with the digest `seen` as reviewed by `name`.

        :raise ConflictError: it is signed, or its content is not the one seen.
        """
        self.get(report_id, access)
        self._store.mark_reviewed(report_id, checked_name(name), seen, datetime.now(UTC))
        return self.get(report_id, access)

    def sign(self, report_id: str, name: str, access: Principal, *, seen: str) -> StoredReport:
        """Sign a reviewed report whose content has the digest `seen`. It cannot be changed afterwards.

        :raise ConflictError: it was not reviewed, is signed already, or its content is not the one seen.
        """
        entry = self.get(report_id, access).entry
        _require_unsigned(entry)
        if entry.state is not ReportState.REVIEWED:
            raise ConflictError("the report was not reviewed yet: mark it as reviewed, then sign it")
        self._store.sign(report_id, checked_name(name), access.name, seen, datetime.now(UTC))
        return self.get(report_id, access)

    def discard(self, report_id: str, access: Principal) -> None:
        """Remove a report that is not signed. :raise ConflictError: it is signed."""
        self.get(report_id, access)
        self._store.remove_unsigned(report_id)

    def get(self, report_id: str, access: Principal) -> StoredReport:
        """:raise NotFoundError: there is none with that id, or the caller may not know."""
        if not access.may_see_patients:
            raise NotFoundError("no such report: choose one from the patient's list")
        return self._store.get(report_id)

    def list(self, patient_id: str, access: Principal) -> tuple[ReportEntry, ...]:
        """Return the reports of a patient, newest first. :raise NotFoundError: no such patient, or not for this caller."""
        return self._store.list(self._patients.get(patient_id, access).id)

    def verify(self, report_id: str, access: Principal) -> Verification:
        """Say whether a signed report is still what was signed. :raise ConflictError: it is not signed."""
        if not access.may_see_patients:
            raise NotFoundError("no such report: choose one from the patient's list")
        return self._store.verify(report_id)

    def render(
        self, report_id: str, form: ReportFormat, access: Principal, *, paper: Paper = Paper.A4
    ) -> Rendered:
        """Return a kept report as a file."""
        report = self.get(report_id, access)
        name = f"report-{report.entry.patient_id}-v{report.entry.version}-{report.entry.state.value}"
        return _rendered(report.content, report.standing, form, paper, name)

    def preview(self, report_id: str, access: Principal, *, page: int, paper: Paper = Paper.A4) -> Preview:
        """Draw a page (counted from 1) of the printed report as it will come out of the printer.

        :raise NotFoundError: the report has no such page.
        """
        report = self.get(report_id, access)
        printed = print_report(report.content, report.standing, paper)
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            file.write(printed.data)
            file.flush()
            return Preview(self._reader.page_image(Path(file.name), page, scale=_PREVIEW_SCALE), printed.page_count)

    def export(
        self,
        patient_id: str,
        form: ReportFormat,
        access: Principal,
        *,
        query_answer: str | None = None,
        identity: Collection[Identity] | None = None,
    ) -> Rendered:
        """Return an unsigned report of the latest analysis without keeping it.

        Without `identity` a printed report says who the patient is, and a FHIR bundle names the patient id only.

        :raise NotFoundError: there is no such patient, or the caller may not know.
        :raise AccessDeniedError: the caller may not see patients.
        """
        if not access.may_see_patients:
            raise AccessDeniedError("this key may not export patient reports: ask for one that may")
        patient = self._patients.get(patient_id, access)
        shown = identity if identity is not None else () if form is ReportFormat.FHIR else tuple(Identity)
        answer = AssistantAnswer(text=query_answer, origin="request") if query_answer and query_answer.strip() else None
        choice = ReportChoice.of(tuple(SectionKind), tuple(shown))
        content = self._content(patient, self._analysis(patient, access, None), choice, answer, access)
        standing = Standing(prepared_at=datetime.now(UTC), digest=content.digest())
        return _rendered(content, standing, form, Paper.A4, f"report-{patient.id}-draft")

    def _analysis(self, patient: Patient, access: Principal, analysis_id: str | None) -> StoredAnalysis | None:
        if analysis_id is not None:
            stored = self._analyses.get(analysis_id, access)
            if stored.entry.patient_id != patient.id:
                raise InvalidInputError("the analysis belongs to another patient: choose one from this patient's list")
            return stored
        latest = self._analyses.latest(patient.id, access)
        if latest is not None:
            return latest
        profile = _profile(patient)
        return self._analyses.run(profile, access) if profile is not None else None

    def _content(
        self, patient: Patient, stored: StoredAnalysis | None, choice: ReportChoice, answer: AssistantAnswer | None,
        access: Principal,
    ) -> ReportContent:
        """Build the content, and say so where the record is no longer the one that was analysed."""
        profile = _profile(patient)
        remarks = []
        if patient.profile and profile is None:
            remarks.append(_UNREADABLE)
        elif stored is not None and profile is not None and profile != without_genomics(stored.profile):
            remarks.append(_CHANGED)
        return build(patient, stored, choice, answer, remarks, self._compared(patient, stored, access))

    def _compared(self, patient: Patient, stored: StoredAnalysis | None, access: Principal) -> Compared:
        """Compare with the analysis before, and look at what the documents of the last half year tell."""
        rows: list[ChangeRow] = []
        said: list[str] = []
        entries = self._analyses.list(patient.id, access) if stored is not None else ()
        before = next((entry for entry in entries if stored is not None and entry.created_at < stored.entry.created_at), None)
        if stored is not None and before is not None:
            found = self._analyses.compare(before.id, stored.id, access)
            rows += changes.between_analyses(found)
            rules = "" if found.same_rules else "; the rules changed in between, so a difference may come from them"
            said.append(f"Compared with the analysis of {stamp(before.created_at)}{rules}.")
        if self._record is not None:
            events, labs = self._record.events(patient.id, access), self._record.results(patient.id, access)
            antibodies = self._record.antibodies(patient.id, access)
            newest = changes.newest_day(events, [*labs, *antibodies])
            if newest is not None:
                rows += changes.in_documents(events, labs, antibodies, newest)
                said.append(f"From the documents: the half year to the newest one ({newest}).")
        return Compared(changes=tuple(rows), with_what=tuple(said))


def checked_name(name: str) -> str:
    """Return the name a person reviews or signs with.

    :raise InvalidInputError: it is empty or too long.
    """
    shown = " ".join(visible(name[: MAX_NAME * 2]).split())
    if not 2 <= len(shown) <= MAX_NAME:
        raise InvalidInputError(f"enter your name: 2 to {MAX_NAME} characters")
    return shown


def _require_unsigned(entry: ReportEntry) -> None:
    if entry.state is ReportState.SIGNED:
        raise ConflictError("the report is signed and cannot be changed: begin a new version")


def _profile(patient: Patient) -> Profile | None:
    try:
        return Profile.model_validate(patient.profile) if patient.profile else None
    except ValidationError:
        return None


def _rendered(content: ReportContent, standing: Standing, form: ReportFormat, paper: Paper, name: str) -> Rendered:
    if form is ReportFormat.MARKDOWN:
        return Rendered(to_markdown(content, standing).encode(), "text/markdown", f"{name}.md")
    if form is ReportFormat.TEXT:
        return Rendered(to_plain_text(content, standing).encode(), "text/plain", f"{name}.txt")
    if form is ReportFormat.PDF:
        return Rendered(to_pdf(content, standing, paper), "application/pdf", f"{name}-{paper.value.lower()}.pdf")
    bundle: dict[str, Any] = to_bundle(content, standing)
    data = json.dumps(bundle, ensure_ascii=False, indent=1).encode()
    return Rendered(data, "application/fhir+json", f"{name}.fhir.json")
