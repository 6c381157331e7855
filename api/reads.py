"""Sequencing reads in, and what was made of them: report, alignments, calls. Field names are those of the documented platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from api.arrival import Arrival
from api.dependencies import Caller, UsesServices
from api.multipart import StreamedForm
from api.read_form import INTERVAL_PART, REFERENCE_PART, REQUIRED, FieldError, ReadForm, read_form
from services.access.principals import Principal
from services.container import Services
from services.errors import InvalidInputError, NotFoundError
from services.jobs.model import Job, JobProblem
from services.pipelines.read_request import ReadRequest

router = APIRouter(prefix="/jobs", tags=["jobs"])

_INTERRUPTED = JobProblem("the upload of the reads broke off", "Send the files again.")


@router.post("/upload/parabricks")
async def upload_reads(request: Request, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Take in reads, as files or as addresses, and queue the calling of their variants.

    The form's fields are checked before the first file is taken where they stand before it. Further parts of ours: `notes`,
    `patient_id`, and `reference_file` (FASTA, in place of the installed sequence; it must stand before the reads).
    """
    fields: dict[str, str] = {}
    reads = _Reads(services, caller)
    try:
        async for part in StreamedForm(request).parts():
            if part.filename is None and part.name not in (REFERENCE_PART, INTERVAL_PART):
                fields[part.name] = await part.text()
                continue
            if part.filename == "":
                continue  # a browser sends a file field that was left empty like this
            if all(fields.get(name) for name in REQUIRED):
                form = read_form(fields)
                form.check_part(part.name)
                if REFERENCE_PART not in (part.name, *reads.files):
                    await asyncio.to_thread(services.read_calling.require_sequence, form.build)
            await reads.take(part.name, part.filename or "", part.pieces(), fields)
        form = read_form(fields)
        for name in reads.files:
            form.check_part(name)
        job = await asyncio.to_thread(_submit, services, caller, form, reads)
    except BaseException as error:  # a cancelled request too must not leave a job that waits for ever
        reads.arrival.give_up(error)
        raise
    return _accepted(job)


@router.post("/upload/reads")
def call_uploaded_reads(body: ReadRequest, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Queue the calling of reads that were sent in pieces to `/uploads`, or that are fetched."""
    return _accepted(services.read_calling.submit(caller, body.model_copy(update={"simulated": False})), "queued")


@router.get("/{job_id}/reads")
def report(job_id: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Give the report on the reads and calls of a job, with the names of its files."""
    found = services.read_calling.files(caller, job_id)
    return {"job_id": job_id, "files": sorted(found), **services.read_calling.report(caller, job_id)}


@router.get("/{job_id}/reads/{name}")
def file(job_id: str, name: str, services: UsesServices, caller: Caller) -> FileResponse:
    """Give one file of a job: alignments, calls, an index, the report. Parts of it by the header `Range`."""
    path = services.read_calling.files(caller, job_id).get(name)
    if path is None:
        raise NotFoundError("this job has no such file: GET /jobs/{job_id}/reads names those it has")
    return FileResponse(path, filename=name, media_type="application/octet-stream", headers={"cache-control": "no-store"})


class _Reads:
    """The files of a form by the name of their part."""

    def __init__(self, services: Services, caller: Principal) -> None:
        self._services = services
        self._caller = caller
        self.arrival = Arrival(services, caller, _INTERRUPTED)
        self.files: dict[str, list[str]] = {}

    async def take(self, part: str, filename: str, pieces: AsyncIterator[bytes], fields: dict[str, str]) -> None:
        """Take in one file; the job is announced with the first."""
        if self.arrival.job is None:
            self.arrival.job = await asyncio.to_thread(
                self._services.read_calling.announce, self._caller, sample_name=fields.get("sample_name", "")[:200]
            )
        try:
            upload = await self.arrival.take(filename, pieces, named=True)
        except InvalidInputError as error:
            if error.status != InvalidInputError.status:
                raise
            raise FieldError(part[:64], error.message) from error
        self.files.setdefault(part, []).append(upload.id)


def _submit(services: Services, caller: Principal, form: ReadForm, reads: _Reads) -> Job:
    calling, job = services.read_calling, reads.arrival.job
    asked = form.request(reads.files)
    try:
        return calling.submit(caller, asked) if job is None else calling.release(caller, job, asked)
    except NotFoundError:
        raise
    except InvalidInputError as error:
        raise FieldError("samples_metadata" if job is None else "files", error.message) from error


def _accepted(job: Job, status: str = "upload_pending") -> dict[str, Any]:
    """Answer as documented: the state in which the job began; where it stands now is told by its status."""
    return {"job_id": job.id, "status": status, "message": job.message}
