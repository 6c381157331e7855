"""Sequencing reads in, and what was made of them: report, alignments, calls. Field names are those of the documented platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from api.dependencies import Caller, UsesServices
from api.multipart import StreamedForm
from api.read_form import INTERVAL_PART, REFERENCE_PART, REQUIRED, FieldError, ReadForm, read_form
from services.access.principals import Principal
from services.container import Services
from services.errors import InvalidInputError, NotFoundError, ParatopeError
from services.jobs.model import Job, JobProblem
from services.pipelines.read_request import ReadRequest

router = APIRouter(prefix="/jobs", tags=["jobs"])

_TELL_BYTES = 8 << 20
_INTERRUPTED = JobProblem("the upload of the reads broke off", "Send the files again.")


@router.post("/upload/parabricks")
async def upload_reads(request: Request, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Take in reads, as files or as addresses, and queue the calling of their variants.

    The form's fields are checked before the first file is taken where they stand before it. Further parts of ours: `notes`,
    `patient_id`, and `reference_file` (FASTA, in place of the installed sequence; it must stand before the reads).
    """
    fields: dict[str, str] = {}
    arrival = _Arrival(services, caller)
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
                if REFERENCE_PART not in (part.name, *arrival.files):
                    await asyncio.to_thread(services.read_calling.require_sequence, form.build)
            await arrival.take(part.name, part.filename or "", part.pieces(), fields)
        form = read_form(fields)
        for name in arrival.files:
            form.check_part(name)
        job = await asyncio.to_thread(_submit, services, caller, form, arrival)
    except BaseException as error:  # a cancelled request too must not leave a job that waits for ever
        arrival.give_up(error)
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


class _Arrival:
    """Files on their way in, and the job that shows them; the job is announced with the first file."""

    def __init__(self, services: Services, caller: Principal) -> None:
        self._services = services
        self._caller = caller
        self.job: Job | None = None
        self.files: dict[str, list[str]] = {}

    async def take(self, part: str, filename: str, pieces: AsyncIterator[bytes], fields: dict[str, str]) -> None:
        """Write one file to disk while it arrives."""
        if self.job is None:
            self.job = await asyncio.to_thread(
                self._services.read_calling.announce, self._caller, sample_name=fields.get("sample_name", "")[:200]
            )
        try:
            upload = await self._services.uploads.receive(self._caller, filename, self._watched(pieces, self.job, filename))
        except InvalidInputError as error:
            if error.status != InvalidInputError.status:
                raise
            raise FieldError(part[:64], error.message) from error
        self.files.setdefault(part, []).append(upload.id)

    async def _watched(self, pieces: AsyncIterator[bytes], job: Job, filename: str) -> AsyncIterator[bytes]:
        received = told = 0
        async for piece in pieces:
            received += len(piece)
            if received - told >= _TELL_BYTES:
                told = received
                message = f"{filename[-100:]}: {received / 1e6:,.0f} MB have arrived"
                await asyncio.to_thread(self._services.jobs.arriving, job, progress=0, message=message)
            yield piece

    def give_up(self, error: BaseException) -> None:
        """End the job that waits for the files, and delete what had come of them.

        A sender who is told what was wrong keeps no job; one who went away finds out from it.
        """
        if self.job is not None:
            if isinstance(error, ParatopeError):
                self._services.jobs.withdraw(self.job)
            else:
                self._services.jobs.abandon(self.job, _INTERRUPTED)
        for upload_id in (one for ids in self.files.values() for one in ids):
            self._services.uploads.discard(upload_id)


def _submit(services: Services, caller: Principal, form: ReadForm, arrival: _Arrival) -> Job:
    reads = services.read_calling
    asked = form.request(arrival.files)
    try:
        return reads.submit(caller, asked) if arrival.job is None else reads.release(caller, arrival.job, asked)
    except NotFoundError:
        raise
    except InvalidInputError as error:
        raise FieldError("samples_metadata" if arrival.job is None else "files", error.message) from error


def _accepted(job: Job, status: str = "upload_pending") -> dict[str, Any]:
    """Answer as documented: the state in which the job began; where it stands now is told by its status."""
    return {"job_id": job.id, "status": status, "message": job.message}
