"""Large files in pieces: begin, send pieces at their offset, ask how far it is, give up.

A piece may be of any size; its bytes go to disk while they arrive, so the memory of the process does not depend on the file. When
the connection breaks, what had arrived stays; ask for the offset and go on there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from api.dependencies import Caller, UsesServices
from services.settings import Settings
from services.uploads.model import OffsetError, Upload

router = APIRouter(prefix="/uploads", tags=["uploads"])

_SILENCE_SECONDS = 60.0
_CHUNK_BYTES = 8 << 20


class NewUpload(BaseModel):
    """A file that is about to be sent. The same `fingerprint` finds an upload of it that was not finished."""

    filename: Annotated[str, Field(min_length=1, max_length=4_096)]
    size: Annotated[int, Field(ge=1, description="bytes")]
    fingerprint: Annotated[str, Field(max_length=64)] = ""


@router.post("", status_code=201)
def begin(new: NewUpload, services: UsesServices, caller: Caller, response: Response) -> dict[str, Any]:
    """Begin an upload, or find the unfinished one of the same file; `offset` says where to go on."""
    upload = services.uploads.begin(caller, new.filename, new.size, new.fingerprint)
    response.headers.update(_headers(upload))
    return {**_told(upload), "chunk_bytes": chunk_bytes(services.settings)}


@router.get("")
def unfinished(services: UsesServices, caller: Caller) -> list[dict[str, Any]]:
    """List what was begun and not finished, newest first."""
    return [_told(upload) for upload in services.uploads.list_open(caller)]


@router.get("/{upload_id}")
def status(upload_id: str, services: UsesServices, caller: Caller, response: Response) -> dict[str, Any]:
    """Say how much has arrived."""
    upload = services.uploads.get(caller, upload_id)
    response.headers.update(_headers(upload))
    return _told(upload)


@router.head("/{upload_id}", include_in_schema=False)
def offset(upload_id: str, services: UsesServices, caller: Caller) -> Response:
    return Response(headers=_headers(services.uploads.get(caller, upload_id)))


@router.patch("/{upload_id}")
async def append(
    upload_id: str,
    request: Request,
    services: UsesServices,
    caller: Caller,
    upload_offset: Annotated[int, Header(ge=0, description="where this piece begins: the end of what has arrived")],
) -> Response:
    """Add the request's body at its offset. 409 with the expected `offset` when it is another one."""
    try:
        length = request.headers.get("content-length", "")
        upload = await services.uploads.append_stream(
            caller, upload_id, upload_offset, _pieces(request), int(length) if length.isdecimal() else None
        )
    except OffsetError as error:
        headers = {"Upload-Offset": str(error.expected)}
        return JSONResponse({"detail": error.message, "offset": error.expected}, status_code=409, headers=headers)
    except TimeoutError:
        return JSONResponse({"detail": "nothing arrived for a minute: send the rest from the stored offset"}, status_code=408)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads this; what had arrived is on disk
    return JSONResponse(_told(upload), headers=_headers(upload))


@router.delete("/{upload_id}")
def delete(upload_id: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Give an upload up and delete what has arrived."""
    services.uploads.delete(caller, upload_id)
    return {"id": upload_id, "deleted": True}


def chunk_bytes(settings: Settings) -> int:
    """The size of a piece that costs little when it is lost and little in requests."""
    return min(_CHUNK_BYTES, settings.max_upload_size_mb << 20)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; a sender that says nothing for a minute is not waited for."""
    body = request.stream()
    while True:
        async with asyncio.timeout(_SILENCE_SECONDS):
            piece = await anext(body, None)
        if piece is None:
            return
        yield piece


def _told(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "filename": upload.filename,
        "size": upload.size,
        "offset": upload.received,
        "state": upload.state.value,
        "content": upload.content.value if upload.content else None,
        "created_at": upload.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _headers(upload: Upload) -> dict[str, str]:
    length = {} if upload.size is None else {"Upload-Length": str(upload.size)}
    return {"Upload-Offset": str(upload.received), **length}
