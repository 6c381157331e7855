"""Pieces of the files a genome view shows: reference sequence and a job's alignments and calls, with their indexes.

A file is named by build or job and part, never by a path, and is looked up anew for whoever asks. `Range` is answered with 206,
`If-Range` is honoured, a range beyond the end is refused with 416. Nothing is to be kept by caches on the way.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.dependencies import Caller, UsesServices
from services.errors import NotFoundError
from services.genomics.genome import GenomeBuild
from services.variants.genome_files import SequencePart, sequence_file

router = APIRouter(prefix="/genome", tags=["genome"])


@router.head("/reference/{build}/{part}", include_in_schema=False)
@router.get("/reference/{build}/{part}", response_class=FileResponse)
def reference(build: GenomeBuild, part: SequencePart, services: UsesServices, _caller: Caller) -> FileResponse:
    """The installed reference sequence of a build, or its index."""
    return _piece(sequence_file(services.references, build, part))


@router.head("/jobs/{job_id}/{name}", include_in_schema=False)
@router.get("/jobs/{job_id}/{name}", response_class=FileResponse)
def made_by_job(job_id: str, name: str, services: UsesServices, caller: Caller) -> FileResponse:
    """A file that a job has made from reads: alignments, calls, an uploaded reference, or an index of these."""
    path = services.read_calling.files(caller, job_id).get(name)
    if path is None:
        raise NotFoundError("the job has made no such file")
    return _piece(path)


def _piece(path: Path) -> FileResponse:
    return FileResponse(path, media_type="application/octet-stream", headers={"cache-control": "private, no-store"})
