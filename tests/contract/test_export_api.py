"""POST /export: the documented shapes, the refusals, and what is exported when there is nothing to analyse."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from pypdf import PdfReader

from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from services.access.principals import LOCAL_USER
from services.clinical.profile import Profile
from services.container import Services
from services.errors import ConflictError
from services.reports.fhir import violations

SARAH = next(one for one in load_patients() if one.id == "sarah_mitchell")


@pytest.fixture
def sarah(services: Services) -> str:
    """A patient with a full record under an id of its own."""
    record = profile_of(SARAH).model_copy(update={"patient_id": "export-sarah"}).model_dump(mode="json", exclude_none=True)
    return add(services, "export-sarah", record, name=SARAH.name, date_of_birth=SARAH.dob, mrn=SARAH.mrn, sex=SARAH.sex)


def add(services: Services, patient_id: str, profile: dict[str, Any], **fields: Any) -> str:
    try:
        services.patients.create(patient_id, LOCAL_USER, profile=profile, **fields)
    except ConflictError:
        services.patients.save_profile(patient_id, profile, LOCAL_USER)
    return patient_id


def export(api: httpx.Client, **body: Any) -> httpx.Response:
    return api.post("/export", json=body)


def test_markdown_is_the_default_and_begins_as_documented(api: httpx.Client, sarah: str) -> None:
    answer = export(api, patient_id=sarah)
    assert answer.status_code == 200
    assert answer.json().keys() == {"format", "content"}
    assert answer.json()["format"] == "markdown"
    assert answer.json()["content"].startswith("# Autoimmune Analysis Report\n## Patient: export-sarah\n")


def test_fhir_is_a_bundle_that_keeps_every_rule_and_names_nobody(api: httpx.Client, sarah: str) -> None:
    body = export(api, patient_id=sarah, format="fhir").json()
    assert body["format"] == "fhir"
    Bundle.model_validate(body["content"])
    assert violations(body["content"]) == []
    assert "Mitchell" not in str(body)
    assert SARAH.mrn not in str(body)


def test_fhir_says_who_the_patient_is_when_asked_to(api: httpx.Client, sarah: str) -> None:
    body = export(api, patient_id=sarah, format="fhir", identity=["name", "birth_date"]).json()
    patient = next(one["resource"] for one in body["content"]["entry"] if one["resource"]["resourceType"] == "Patient")
    assert patient["name"] == [{"text": SARAH.name}]
    assert patient["birthDate"] == SARAH.dob.isoformat()


def test_pdf_comes_as_base64(api: httpx.Client, sarah: str) -> None:
    body = export(api, patient_id=sarah, format="pdf").json()
    assert body.keys() == {"format", "content_base64"}
    first = PdfReader(io.BytesIO(base64.b64decode(body["content_base64"]))).pages[0].extract_text()
    assert "Draft, unsigned" in first
    assert SARAH.name in first


@pytest.mark.parametrize("form", ["markdown", "fhir", "pdf"])
def test_the_answer_is_quoted_and_marked_as_ai_assisted(api: httpx.Client, sarah: str, form: str) -> None:
    body = export(api, patient_id=sarah, format=form, query_answer="Meets the 2019 criteria <b>.").json()
    if form == "pdf":
        pdf = PdfReader(io.BytesIO(base64.b64decode(body["content_base64"])))
        text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    else:
        text = str(body["content"])
    assert "Meets the 2019 criteria" in text
    assert "AI-assisted" in text


def test_the_latest_analysis_is_used(api: httpx.Client, services: Services, sarah: str) -> None:
    profile = Profile.model_validate(services.patients.get(sarah, LOCAL_USER).profile)
    latest = services.analyses.run(profile, LOCAL_USER)
    assert latest.id in export(api, patient_id=sarah).json()["content"]


@pytest.mark.parametrize("form", ["markdown", "fhir", "pdf"])
def test_a_patient_without_anything_to_analyse_gets_a_report_that_says_so(
    api: httpx.Client, services: Services, form: str
) -> None:
    patient = add(services, "export-empty", {})
    body = export(api, patient_id=patient, format=form).json()
    if form == "markdown":
        assert "No analysis of this patient is stored" in body["content"]
    elif form == "fhir":
        assert violations(body["content"]) == []
    else:
        assert base64.b64decode(body["content_base64"]).startswith(b"%PDF-")


@pytest.mark.parametrize("form", ["docx", "", "hl7", "markdown;fhir"])
def test_an_unsupported_format_is_400(api: httpx.Client, sarah: str, form: str) -> None:
    answer = export(api, patient_id=sarah, format=form)
    assert answer.status_code == 400
    assert "unsupported export format" in answer.json()["detail"]


def test_an_unknown_patient_is_404(api: httpx.Client) -> None:
    answer = export(api, patient_id="nobody-here")
    assert answer.status_code == 404
    assert "no such patient" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [{}, {"patient_id": ""}, {"patient_id": "../x"}, {"patient_id": "a", "format": 7},
     {"patient_id": "a", "query_answer": "x" * 50_001}, {"patient_id": "a", "identity": ["address"]}],
)  # fmt: skip
def test_a_request_outside_its_limits_is_422(api: httpx.Client, body: dict[str, Any]) -> None:
    assert api.post("/export", json=body).status_code == 422


def test_an_export_is_never_signed_and_keeps_no_report(api: httpx.Client, services: Services, sarah: str) -> None:
    body = export(api, patient_id=sarah, format="fhir").json()
    assert {one["resource"].get("status") for one in body["content"]["entry"]} & {"final"} == set()
    assert services.reports.list(sarah, LOCAL_USER) == ()
