"""Reference data: listed, installed as a job, and removed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.arrival import submitted
from api.dependencies import Caller, UsesServices
from services.container import Services
from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.reference.model import ANY_BUILD, Pack, PackKind, PackRequest

router = APIRouter(prefix="/reference", tags=["reference"])


class Installation(BaseModel):
    """What to install: an address or uploads, and what the files do not say of themselves."""

    kind: PackKind
    build: GenomeBuild | None = None
    version: Annotated[str, Field(max_length=64)] | None = None
    url: Annotated[str, Field(max_length=8_192)] | None = None
    upload_ids: Annotated[list[str], Field(max_length=50)] = Field(default_factory=list)
    licence: Annotated[str, Field(max_length=1_000)] = ""
    sha256: Annotated[str, Field(max_length=64)] | None = None
    md5: Annotated[str, Field(max_length=32)] | None = None


@router.get("")
def list_packs(services: UsesServices) -> dict[str, Any]:
    """The installed packs, and what is missing for each build."""
    missing = [
        {"kind": kind.value, "build": build, "why": why}
        for build in GenomeBuild for kind in PackKind if (why := services.references.why_missing(kind, build))
    ]
    return {"packs": [_entry(services, pack) for pack in services.references.installed()], "missing": missing}


@router.post("")
def install(asked: Installation, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Queue an installation, from an address or from files sent to `/uploads`."""
    request = PackRequest(
        asked.kind, asked.build, version=asked.version, licence=asked.licence, sha256=asked.sha256, md5=asked.md5
    )
    if bool(asked.url) == bool(asked.upload_ids):
        raise InvalidInputError("give either url or upload_ids")
    if asked.url:
        job = services.reference_installs.submit_url(caller, asked.url, request)
    else:
        job = services.reference_installs.submit_uploads(caller, asked.upload_ids, request)
    return submitted(job)


@router.delete("/{kind}/{build}/{version}")
def remove(kind: PackKind, build: str, version: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Remove a pack; `build` is `any` for kinds without coordinates."""
    if build not in (*GenomeBuild, ANY_BUILD):
        raise InvalidInputError(f"the build must be one of {', '.join(GenomeBuild)}, or {ANY_BUILD}")
    pack = services.references.find(kind, None if build == ANY_BUILD else GenomeBuild(build), version)
    services.reference_installs.remove(caller, pack)
    return {"pack": pack.stamp, "deleted": True}


def _entry(services: Services, pack: Pack) -> dict[str, Any]:
    return {
        "kind": pack.kind.value, "name": pack.name, "build": pack.build, "version": pack.version, "date": pack.date,
        "source_url": pack.source_url, "licence": pack.licence, "sha256": pack.sha256, "rows": pack.rows, "bytes": pack.size,
        "in_use": services.references.active(pack.kind, pack.build) == pack, "pinned": services.references.pinned(pack),
    }
