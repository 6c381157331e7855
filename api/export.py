"""A patient's report over HTTP: Markdown, FHIR R4 or PDF. Always an unsigned draft; signing is done by a person on the page."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Caller, UsesServices
from services.clinical.profile import PatientId
from services.reports.choices import MAX_ANSWER, Identity
from services.reports.service import ReportFormat

router = APIRouter(tags=["export"])
_FORMATS = (ReportFormat.MARKDOWN, ReportFormat.FHIR, ReportFormat.PDF)


class ExportRequest(BaseModel):
    """`format` is checked by the route: an unsupported one is 400 by contract, not 422."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    patient_id: PatientId
    format: Annotated[str, Field(max_length=40)] = ReportFormat.MARKDOWN.value
    query_answer: Annotated[str, Field(max_length=MAX_ANSWER)] | None = None
    identity: tuple[Identity, ...] | None = None


@router.post("/export")
def export(request: ExportRequest, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Export the report of a patient's latest analysis; without one, of the stored record."""
    form = next((one for one in _FORMATS if one.value == request.format.strip().lower()), None)
    if form is None:
        known = ", ".join(one.value for one in _FORMATS)
        raise HTTPException(400, f"unsupported export format: choose one of {known}")
    made = services.reports.export(
        request.patient_id, form, caller, query_answer=request.query_answer, identity=request.identity
    )
    if form is ReportFormat.PDF:
        return {"format": form.value, "content_base64": base64.b64encode(made.data).decode()}
    text = made.data.decode()
    return {"format": form.value, "content": json.loads(text) if form is ReportFormat.FHIR else text}
