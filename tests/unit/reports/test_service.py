"""A report's way from draft to signed: what each step needs, what it forbids, and what shows a later change."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from services.access.principals import LOCAL_USER, PUBLIC
from services.clinical.profile import Profile
from services.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from services.patients.analyses import AnalysisLog
from services.patients.registry import PatientRegistry
from services.reports import AssistantAnswer, ReportChoice, ReportFormat, Reports, ReportState, SectionKind, StoredReport
from services.storage.database import Database
from services.storage.tables import reports as reports_table
from tests.unit.reports.conftest import LUPUS

AddPatient = Callable[..., str]


def sign(reports: Reports, report: StoredReport, name: str = "Dr. Grace Example") -> StoredReport:
    reviewed = reports.review(report.id, name, LOCAL_USER, seen=report.entry.digest)
    return reports.sign(report.id, name, LOCAL_USER, seen=reviewed.entry.digest)


def test_a_draft_is_made_of_the_latest_analysis(reports: Reports, analyses: AnalysisLog, add_patient: AddPatient) -> None:
    add_patient()
    analyses.run(Profile.model_validate(LUPUS), LOCAL_USER)
    latest = analyses.run(Profile.model_validate(LUPUS), LOCAL_USER)
    report = reports.create("case-1", LOCAL_USER)
    assert report.entry.analysis_id == latest.id
    assert report.entry.state is ReportState.DRAFT
    assert report.content.analysis is not None
    assert report.content.analysis.id == latest.id


def test_without_an_analysis_the_stored_record_is_analysed_and_kept(
    reports: Reports, analyses: AnalysisLog, add_patient: AddPatient
) -> None:
    add_patient()
    report = reports.create("case-1", LOCAL_USER)
    assert [entry.id for entry in analyses.list("case-1", LOCAL_USER)] == [report.entry.analysis_id]


def test_without_a_record_the_report_says_that_there_is_none(reports: Reports, add_patient: AddPatient) -> None:
    add_patient(profile={})
    report = reports.create("case-1", LOCAL_USER)
    assert report.entry.analysis_id is None
    assert "No analysis of this patient is stored" in report.content.model_dump_json()


def test_a_record_changed_after_the_analysis_is_said_on_the_first_page(
    reports: Reports, analyses: AnalysisLog, patients: PatientRegistry, add_patient: AddPatient
) -> None:
    add_patient()
    analyses.run(Profile.model_validate(LUPUS), LOCAL_USER)
    assert "changed after this analysis" not in reports.create("case-1", LOCAL_USER).content.model_dump_json()
    patients.save_profile("case-1", {**LUPUS, "age": 35}, LOCAL_USER)
    first_page = reports.create("case-1", LOCAL_USER).content.summary.model_dump_json()
    assert "The record of the patient was changed after this analysis" in first_page


def test_an_analysis_of_another_patient_is_refused(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    add_patient("case-2", {**LUPUS, "patient_id": "case-2"})
    other = reports.create("case-2", LOCAL_USER).entry.analysis_id
    with pytest.raises(InvalidInputError, match="another patient"):
        reports.create("case-1", LOCAL_USER, analysis_id=other)


def test_a_report_is_reviewed_then_signed_and_says_by_whom(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    draft = reports.create("case-1", LOCAL_USER)
    with pytest.raises(ConflictError, match="not reviewed yet"):
        reports.sign(draft.id, "Dr. X", LOCAL_USER, seen=draft.entry.digest)
    signed = sign(reports, draft)
    assert signed.entry.state is ReportState.SIGNED
    assert (signed.entry.reviewed_by, signed.entry.signed_by) == ("Dr. Grace Example",) * 2
    assert signed.entry.signed_at is not None
    assert signed.content == draft.content


def test_signing_another_content_than_the_one_seen_is_refused(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    seen = reports.create("case-1", LOCAL_USER)
    reports.change(seen.id, LOCAL_USER, choice=ReportChoice.of([SectionKind.HLA], []))
    with pytest.raises(ConflictError, match="has changed"):
        reports.review(seen.id, "Dr. X", LOCAL_USER, seen=seen.entry.digest)
    now = reports.get(seen.id, LOCAL_USER)
    reports.review(seen.id, "Dr. X", LOCAL_USER, seen=now.entry.digest)
    with pytest.raises(ConflictError, match="has changed"):
        reports.sign(seen.id, "Dr. X", LOCAL_USER, seen=seen.entry.digest)


def test_a_change_makes_a_reviewed_report_a_draft_again(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    draft = reports.create("case-1", LOCAL_USER)
    reports.review(draft.id, "Dr. X", LOCAL_USER, seen=draft.entry.digest)
    changed = reports.change(draft.id, LOCAL_USER, choice=ReportChoice.of([SectionKind.LABS], []))
    assert changed.entry.state is ReportState.DRAFT
    assert changed.entry.reviewed_by is None
    assert changed.entry.digest != draft.entry.digest


def test_a_signed_report_cannot_be_changed_reviewed_signed_again_or_removed(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    signed = sign(reports, reports.create("case-1", LOCAL_USER))
    before = reports.get(signed.id, LOCAL_USER)
    for forbidden in (
        lambda: reports.change(signed.id, LOCAL_USER, choice=ReportChoice()),
        lambda: reports.review(signed.id, "Dr. Y", LOCAL_USER, seen=signed.content.digest()),
        lambda: reports.sign(signed.id, "Dr. Y", LOCAL_USER, seen=signed.content.digest()),
        lambda: reports.discard(signed.id, LOCAL_USER),
    ):
        with pytest.raises(ConflictError):
            forbidden()
    assert reports.get(signed.id, LOCAL_USER) == before


def test_a_signed_report_verifies_and_any_touched_field_shows(
    reports: Reports, database: Database, add_patient: AddPatient
) -> None:
    add_patient()
    signed = sign(reports, reports.create("case-1", LOCAL_USER))
    assert reports.verify(signed.id, LOCAL_USER).is_intact
    with database.begin() as connection:
        row = dict(connection.execute(sa.select(reports_table)).mappings().one())
    content = copy.deepcopy(row["content"])
    content["facts"]["labs"][0]["value"] += 1
    touched = {
        "content": content, "signed_by": "Dr. Mallory", "reviewed_by": "Nobody", "version": 7, "signed_account": "x",
        "author": "y",
        "signed_at": row["signed_at"].replace(year=2031), "prepared_at": row["prepared_at"].replace(year=2020),
    }  # fmt: skip
    for column, value in touched.items():
        with database.begin() as connection:
            connection.execute(sa.update(reports_table).values({column: value}))
        assert not reports.verify(signed.id, LOCAL_USER).is_intact, column
        with database.begin() as connection:
            connection.execute(sa.update(reports_table).values({column: row[column]}))
    assert reports.verify(signed.id, LOCAL_USER).is_intact


def test_a_draft_has_nothing_to_verify(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    with pytest.raises(ConflictError, match="not signed"):
        reports.verify(reports.create("case-1", LOCAL_USER).id, LOCAL_USER)


def test_a_change_after_signing_is_a_new_version_and_the_signed_one_stays(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    first = sign(reports, reports.create("case-1", LOCAL_USER, choice=ReportChoice.of([SectionKind.LABS], [])))
    second = reports.revise(first.id, LOCAL_USER)
    assert (second.entry.version, second.entry.state, second.entry.series_id) == (2, ReportState.DRAFT, first.entry.series_id)
    assert second.content.choice == first.content.choice
    with pytest.raises(ConflictError, match="newer version"):
        reports.revise(first.id, LOCAL_USER)
    with pytest.raises(ConflictError, match="not signed yet"):
        reports.revise(second.id, LOCAL_USER)
    assert reports.verify(first.id, LOCAL_USER).is_intact
    assert [entry.version for entry in reports.list("case-1", LOCAL_USER)] == [2, 1]


def test_a_discarded_draft_is_gone(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    draft = reports.create("case-1", LOCAL_USER)
    reports.discard(draft.id, LOCAL_USER)
    with pytest.raises(NotFoundError):
        reports.get(draft.id, LOCAL_USER)


@pytest.mark.parametrize("name", ["", " ", "x", "\u200b\u200b", "a" * 201])
def test_nobody_reviews_without_a_name(reports: Reports, add_patient: AddPatient, name: str) -> None:
    add_patient()
    draft = reports.create("case-1", LOCAL_USER)
    with pytest.raises(InvalidInputError, match="enter your name"):
        reports.review(draft.id, name, LOCAL_USER, seen=draft.entry.digest)


def test_a_caller_without_patients_learns_nothing(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    draft = reports.create("case-1", LOCAL_USER)
    for hidden in (
        lambda: reports.get(draft.id, PUBLIC),
        lambda: reports.list("case-1", PUBLIC),
        lambda: reports.verify(draft.id, PUBLIC),
        lambda: reports.create("case-1", PUBLIC),
        lambda: reports.review(draft.id, "Dr. X", PUBLIC, seen=draft.entry.digest),
        lambda: reports.render(draft.id, ReportFormat.PDF, PUBLIC),
        lambda: reports.preview(draft.id, PUBLIC, page=1),
    ):
        with pytest.raises(NotFoundError):
            hidden()
    with pytest.raises(AccessDeniedError):
        reports.export("case-1", ReportFormat.MARKDOWN, PUBLIC)


@pytest.mark.parametrize(
    ("form", "begins", "media_type"),
    [(ReportFormat.MARKDOWN, b"# Autoimmune", "text/markdown"), (ReportFormat.PDF, b"%PDF-", "application/pdf"),
     (ReportFormat.TEXT, b"AUTOIMMUNE ANALYSIS REPORT", "text/plain"), (ReportFormat.FHIR, b"{", "application/fhir+json")],
)  # fmt: skip
def test_a_kept_report_comes_out_in_every_form(
    reports: Reports, add_patient: AddPatient, form: ReportFormat, begins: bytes, media_type: str
) -> None:
    add_patient()
    made = reports.render(reports.create("case-1", LOCAL_USER).id, form, LOCAL_USER)
    assert made.data.startswith(begins)
    assert made.media_type == media_type


def test_the_answer_is_kept_with_the_report_and_marks_it(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    answer = AssistantAnswer(text="Because.", origin="assistant", question="Why?", model="model-x")
    report = reports.create("case-1", LOCAL_USER, answer=answer)
    assert reports.get(report.id, LOCAL_USER).content.is_ai_assisted
    assert not reports.change(report.id, LOCAL_USER, choice=ReportChoice(), answer=None).content.is_ai_assisted


def test_the_preview_shows_the_printed_pages(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    report = reports.create("case-1", LOCAL_USER)
    preview = reports.preview(report.id, LOCAL_USER, page=1)
    assert preview.image.png.startswith(b"\x89PNG")
    assert preview.page_count > 2
    with pytest.raises(NotFoundError):
        reports.preview(report.id, LOCAL_USER, page=preview.page_count + 1)


def test_an_export_keeps_no_report_and_names_nobody_in_fhir(reports: Reports, add_patient: AddPatient) -> None:
    add_patient()
    bundle = json.loads(reports.export("case-1", ReportFormat.FHIR, LOCAL_USER).data)
    assert "Ada Example" not in json.dumps(bundle)
    assert "Ada Example" in reports.export("case-1", ReportFormat.MARKDOWN, LOCAL_USER).data.decode()
    assert reports.list("case-1", LOCAL_USER) == ()
