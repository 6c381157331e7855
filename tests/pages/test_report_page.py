"""The report page against real services: nothing there, a draft, choices, review, signature, versions, hostile text."""

from __future__ import annotations

import copy
from typing import Any

from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from components.report_signing import form_key
from services.access.principals import LOCAL_USER
from services.container import Services
from services.errors import ConflictError
from services.reports import ReportChoice, ReportState, SectionKind
from services.reports.store import ReportEntry
from tests.pages.conftest import OpenPage

PAGE = "pages/patients/report.py"
HOSTILE = "<script>alert(1)</script> ![x](http://127.0.0.1:9/leak) [a](javascript:alert(1)) $$x$$ `c` | --- |"
PROFILE: dict[str, Any] = {
    "patient_id": "x", "age": 34, "sex": "F", "diagnosed_conditions": ["systemic_lupus_erythematosus"],
    "autoantibody_panel": {
        "patient_id": "x", "collection_date": "2025-11-03",
        "results": [{"antibody": "ANA", "value": 640, "titer": "1:640", "reference_range": "<1:80", "pattern": "homogeneous"}],
    },
    "hla_profile": {"hla_drb1": ["DRB1*03:01", "DRB1*15:01"]},
    "biomarkers": {"C3": {"value": 0.62, "unit": "g/L", "reference_range": "0.9-1.8", "date": "2025-11-03"}},
}  # fmt: skip


def enter(services: Services, patient_id: str, profile: dict[str, Any] | None = None) -> str:
    """Create a patient with this record, without reports."""
    record = {**copy.deepcopy(PROFILE if profile is None else profile)}
    if record:
        record["patient_id"] = patient_id
    try:
        services.patients.create(patient_id, LOCAL_USER, name=f"Person {patient_id}", sex="F", profile=record)
    except ConflictError:
        for entry in services.reports.list(patient_id, LOCAL_USER):
            if entry.state is not ReportState.SIGNED:
                services.reports.discard(entry.id, LOCAL_USER)
    return patient_id


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "error", "info", "success", "code")
    return "\n".join(str(one.value) for kind in kinds for one in app.get(kind))


def newest(services: Services, patient_id: str) -> ReportEntry:
    return services.reports.list(patient_id, LOCAL_USER)[0]


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def signed_page(app: AppTest, services: Services, patient_id: str) -> AppTest:
    """Write a draft, review it and sign it as a reader does."""
    press(app, "report.create")
    for _ in range(2):
        key = form_key(newest(services, patient_id))
        app.text_input(key=f"{key}.name").set_value("Dr. Grace Example")
        press(app, f"{key}.go")
    return app


def test_without_a_patient_the_page_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert "Choose a patient" in words(app)


def test_without_a_report_there_is_a_button_that_writes_one(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-new")
    app = open_page(PAGE, patient)
    assert "No report yet" in words(app)
    press(app, "report.create")
    assert newest(services, patient).state is ReportState.DRAFT
    assert "draft, unsigned" in words(app).replace("\\", "")


def test_a_patient_without_a_record_gets_a_report_that_says_so(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-empty", {})
    app = press(open_page(PAGE, patient), "report.create")
    app.segmented_control(key="report.view").set_value("Text").run()
    assert "No analysis of this patient is stored" in words(app)


def test_the_preview_has_pages_text_and_a_form_to_copy(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-views")
    app = press(open_page(PAGE, patient), "report.create")
    assert len(app.get("image")) == 1
    app.segmented_control(key="report.view").set_value("Text").run()
    assert "# Autoimmune Analysis Report" in words(app)
    app.segmented_control(key="report.view").set_value("Copy").run()
    assert "AUTOIMMUNE ANALYSIS REPORT" in app.code[0].value
    assert not app.exception


def test_sections_that_are_left_out_are_gone(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-choice")
    app = press(open_page(PAGE, patient), "report.create")
    key = f"report.choice.{newest(services, patient).id}"
    app.pills(key=f"{key}.sections").set_value([SectionKind.LABS])
    press(app, f"{key}.go")
    report = services.reports.get(newest(services, patient).id, LOCAL_USER)
    assert report.content.choice.sections == (SectionKind.LABS,)
    assert report.content.facts.hla == ()


def test_a_report_is_reviewed_then_signed_then_verified(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-sign")
    app = signed_page(open_page(PAGE, patient), services, patient)
    entry = newest(services, patient)
    assert (entry.state, entry.signed_by) == (ReportState.SIGNED, "Dr. Grace Example")
    assert entry.digest in words(app)
    assert "signed by Dr. Grace Example" in words(app).replace("\\", "")
    press(app, f"report.signed.{entry.id}.verify")
    assert "Intact" in words(app)


def test_a_signed_report_offers_a_new_version_and_no_change(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-version")
    app = signed_page(open_page(PAGE, patient), services, patient)
    first = newest(services, patient)
    assert app.pills(key=f"report.choice.{first.id}.sections").disabled
    press(app, f"report.signed.{first.id}.revise")
    second = newest(services, patient)
    assert (second.version, second.state) == (2, ReportState.DRAFT)
    assert services.reports.verify(first.id, LOCAL_USER).is_intact


def test_a_review_without_a_name_is_refused_in_words(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-nameless")
    app = press(open_page(PAGE, patient), "report.create")
    press(app, f"{form_key(newest(services, patient))}.go")
    assert "Enter your name" in words(app)
    assert newest(services, patient).state is ReportState.DRAFT


def test_a_click_on_what_changed_elsewhere_does_nothing(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-race")
    app = press(open_page(PAGE, patient), "report.create")
    entry = newest(services, patient)
    key = form_key(entry)
    services.reports.review(entry.id, "Dr. Other", LOCAL_USER, seen=entry.digest)
    app.text_input(key=f"{key}.name").set_value("Dr. Grace Example")
    press(app, f"{key}.go")  # the button said "Mark as reviewed"; now it would be "Sign"
    assert (newest(services, patient).state, newest(services, patient).reviewed_by) == (ReportState.REVIEWED, "Dr. Other")
    key = form_key(newest(services, patient))
    services.reports.change(entry.id, LOCAL_USER, choice=ReportChoice.of([SectionKind.LABS], []))
    app.text_input(key=f"{key}.name").set_value("Dr. Grace Example")
    press(app, f"{key}.go")  # the button said "Sign", for another content
    assert newest(services, patient).state is ReportState.DRAFT


def test_hostile_text_in_the_record_stays_text(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, "report-hostile", {**PROFILE, "current_medications": [HOSTILE]})
    app = press(open_page(PAGE, patient), "report.create")
    app.segmented_control(key="report.view").set_value("Text").run()
    assert not app.exception
    text = next(str(one.value) for one in app.markdown if "Autoimmune Analysis Report" in str(one.value))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "alert(1)" in html
    for tag in ("<script", "<img", "<a "):
        assert tag not in html


def test_another_patient_closes_the_open_report(open_page: OpenPage, services: Services) -> None:
    first, second = enter(services, "report-one"), enter(services, "report-two")
    press(open_page(PAGE, first), "report.create")
    app = open_page(PAGE, second)
    assert "No report yet" in words(app)
