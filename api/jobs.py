"""Jobs: files in, and everything about what becomes of them. Field names are those of the documented variant platform."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.arrival import Arrival, submitted
from api.dependencies import Caller, UsesServices
from api.multipart import MalformedFormError, StreamedForm
from services.access.principals import Principal
from services.access.tickets import JOB_EVENTS, ONCE_SECONDS
from services.container import Services
from services.genomics.genome import GenomeBuild
from services.jobs.model import Job, JobEvent, JobProblem
from services.pipelines.import_request import ImportRequest
from services.variants.imports import Mode

router = APIRouter(prefix="/jobs", tags=["jobs"])

_POLL_SECONDS = 0.4
_HEARTBEAT_SECONDS = 15.0
_MAX_OFFSET = 2**53
_OPTIONS = frozenset(ImportRequest.model_fields) - {"default_assembly", "delimited"}
_INTERRUPTED = JobProblem("the upload broke off", "Upload the file again.")


class ImportFields(BaseModel):
    """What every import can be told; checked as a whole by `ImportRequest`."""

    model_config = ConfigDict(extra="ignore")

    sample_name: str = ""
    assembly: str | None = None
    sample_type: str = ""
    notes: str = ""
    split_by_sample: bool = False
    vep_annotation: bool = False
    enable_ditto: bool = False
    annotsv_annotation: bool = False
    mode: str = Mode.STRICT
    patient_id: str | None = None


class CloudUpload(ImportFields):
    """A file to fetch: https, or s3://, gs:// or az:// for a file that everybody may read."""

    cloud_url: Annotated[str, Field(min_length=1, max_length=8_000)]


class FinishedUpload(ImportFields):
    """A file that was sent in pieces and has arrived completely."""

    upload_id: Annotated[str, Field(min_length=1, max_length=32)]


class Retry(BaseModel):
    """`mode` lenient leaves bad lines out; `assembly` states another build."""

    mode: Mode | None = None
    assembly: GenomeBuild | None = None


@router.post("/upload")
async def upload(request: Request, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Take in a VCF, BCF, CSV or TSV file as the form field `file` and queue its import.

    Other fields: sample_name, assembly, sample_type, notes, split_by_sample, vep_annotation, enable_ditto, annotsv_annotation,
    and ours: mode (strict, lenient), patient_id. The file is written to disk while it arrives.
    """
    fields: dict[str, str] = {}
    arrival = Arrival(services, caller, _INTERRUPTED)
    try:
        async for part in StreamedForm(request).parts():
            if part.name != "file":
                fields[part.name] = await part.text()
                continue
            if arrival.job is not None:
                raise MalformedFormError("send one file in a form")
            options = _options(fields)  # a field that is wrong is refused before the file, where it stands before it
            arrival.job = await asyncio.to_thread(services.variant_imports.announce, caller, sample_name=options.sample_name)
            await arrival.take(part.filename or "", part.pieces(), named=False)
        if arrival.job is None:
            raise MalformedFormError("the form has no file: send it in the field 'file'")
        job = await asyncio.to_thread(
            services.variant_imports.release, caller, arrival.job, arrival.uploads[0].id, _options(fields)
        )
    except BaseException as error:  # a cancelled request too must not leave a job that waits for ever
        arrival.give_up(error)
        raise
    return submitted(job)


@router.post("/upload/from-cloud-url")
def upload_from_cloud_url(body: CloudUpload, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Queue the import of a file that is fetched from a public or presigned address."""
    options = _options(body.model_dump(exclude={"cloud_url"}, exclude_none=True))
    return submitted(services.variant_imports.submit_url(caller, body.cloud_url, options))


@router.post("/upload/from-upload")
def upload_from_upload(body: FinishedUpload, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Queue the import of a file that was sent in pieces to `/uploads`."""
    options = _options(body.model_dump(exclude={"upload_id"}, exclude_none=True))
    return submitted(services.variant_imports.submit(caller, body.upload_id, options))


@router.get("")
def list_jobs(
    services: UsesServices,
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=_MAX_OFFSET)] = 0,
    status: str | None = None,
) -> list[dict[str, Any]]:
    """List jobs, newest first."""
    return [_listed(job) for job in services.jobs.list(caller, limit=limit, offset=offset, status=status)]


@router.get("/events")
async def events(
    request: Request,
    services: UsesServices,
    caller: Caller,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Follow jobs as server-sent events. The ids of events grow; a client that comes back with `Last-Event-ID` misses none.

    Without it the stream begins with the latest event of each unfinished job.
    """
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 19 else None
    return StreamingResponse(
        _stream(request, services, caller, after), media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/events/ticket")
def event_ticket(services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Give a ticket that opens `/jobs/events?ticket=` once, within a minute: the key then stands in no address."""
    ticket = services.tickets.mint(caller, JOB_EVENTS, ONCE_SECONDS)
    return {"ticket": ticket, "expires_in": int(ONCE_SECONDS)}


@router.get("/{job_id}/status")
def status(job_id: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Say how far a job is; a failed one says why, where and what to do in `problem`."""
    job = services.jobs.get(caller, job_id)
    return {
        "job_id": job.id, "status": job.status.value, "progress": job.progress, "message": job.message,
        "created_at": _stamp(job.created_at), "updated_at": _stamp(job.updated_at), "stage": job.stage, "attempt": job.attempt,
        "sample_name": job.sample_name, "problem": job.problem.as_dict() if job.problem else None,
        "result": dict(job.result) if job.result else None,
        **_optional(started_at=job.started_at, completed_at=job.completed_at),
    }


@router.get("/{job_id}/log")
def log(job_id: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Give the history of a job, oldest first."""
    return {"job_id": job_id, "events": [{**_told(event), "at": _stamp(event.created_at), "stage": event.stage,
                                          "attempt": event.attempt} for event in services.jobs.log(caller, job_id)]}


@router.post("/{job_id}/cancel")
def cancel(job_id: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Cancel a queued or processing job; 409 in any other state."""
    job = services.jobs.cancel(caller, job_id)
    return submitted(job)


@router.post("/{job_id}/retry")
def retry(job_id: str, services: UsesServices, caller: Caller, body: Retry | None = None) -> dict[str, Any]:
    """Queue a failed or cancelled job again; 409 in any other state."""
    changes = body or Retry()
    return submitted(services.variant_imports.retry(caller, job_id, mode=changes.mode, assembly=changes.assembly))


@router.delete("/{job_id}")
def delete(job_id: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Delete a finished job with its tables and its file; 409 while it is not finished."""
    return {"job_id": services.jobs.delete(caller, job_id).id, "deleted": True}


async def _stream(request: Request, services: Services, caller: Principal, after: int | None) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    last = after or 0
    if after is None:
        current, last = await asyncio.to_thread(services.jobs.current_events, caller)
        for event in current:
            yield _sse(event)
    silent = 0.0
    while not services.jobs.closed and not await request.is_disconnected():
        new = await asyncio.to_thread(services.jobs.events, last, caller)
        for event in new:
            last = event.number
            yield _sse(event)
        silent = 0.0 if new else silent + _POLL_SECONDS
        if silent >= _HEARTBEAT_SECONDS:
            silent = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(_POLL_SECONDS)


def _sse(event: JobEvent) -> str:
    return f"id: {event.number}\ndata: {json.dumps(_told(event), ensure_ascii=False)}\n\n"


def _told(event: JobEvent) -> dict[str, Any]:
    return {"job_id": event.job_id, "status": event.status.value, "progress": event.progress, "message": event.message}


def _options(fields: Mapping[str, Any]) -> ImportRequest:
    """Read the options of a form or a body; the build is GRCh38 where neither the caller nor the file tells."""
    known = {name: value for name, value in fields.items() if name in _OPTIONS and value != ""}
    try:
        return ImportRequest.model_validate({**known, "default_assembly": GenomeBuild.GRCH38})
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error


def _listed(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id, "status": job.status.value, "sample_name": job.sample_name, "created_at": _stamp(job.created_at),
        **_optional(completed_at=job.completed_at), "progress": job.progress, "stage": job.stage, "message": job.message,
        "table_names": list((job.result or {}).get("table_names", ())),
    }


def _optional(**stamps: datetime | None) -> dict[str, str]:
    return {name: _stamp(stamp) for name, stamp in stamps.items() if stamp is not None}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
