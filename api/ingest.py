"""Documents in: one uploaded PDF, or all demo patients."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, UploadFile

from api.dependencies import Caller, UsesServices
from services.clinical.profile import PatientId

router = APIRouter(prefix="/ingest", tags=["ingest"])


@router.post("/upload")
def upload(file: UploadFile, patient_id: Annotated[PatientId, Form()], services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Take in a clinical PDF for a patient."""
    ingested = services.documents.ingest(patient_id, file.filename or "document.pdf", file.file.read(), caller)
    document = ingested.document
    return {
        "status": "success",
        "filename": document.filename,
        "patient_id": document.patient_id,
        "chunks_ingested": document.passage_count,
        "doc_type": document.doc_type,
        "specialty": document.specialty,
        "outcome": ingested.outcome.value,
        "document_id": document.id,
        "document_date": document.document_date,
        "notes": list(document.notes),
    }


@router.post("/demo-data")
def demo_data(services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Load the demo patients. Repeating it changes nothing."""
    passages = services.demo.load(caller)
    return {"status": "success", "patients": passages, "total_chunks": sum(passages.values())}
