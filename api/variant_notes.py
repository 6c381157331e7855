"""Flags and comments over HTTP, as CSV.

The documented paths begin with `/api`. On the dashboard's origin that is where the whole API is mounted; on the API's own port it
is part of the path. The router is therefore included twice (`api/application.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from api.dependencies import Caller, UsesServices

router = APIRouter(tags=["variant notes"])

TableName = Annotated[str, Query(min_length=1, max_length=128)]
Format = Annotated[str, Query(alias="format", max_length=40)]
ProjectId = Annotated[str | None, Query(max_length=128)]


@router.get("/variant-flags/export")
def flags(
    services: UsesServices, caller: Caller, table_name: TableName, form: Format = "csv", project_id: ProjectId = None,
    include_member_flags: bool = False,
) -> StreamingResponse:  # fmt: skip
    """The flags on the variants of a table: the caller's own, or everybody's for the owner of the table.

    `project_id` is taken for compatibility and narrows nothing: the table says which variants are meant.
    """
    del project_id
    _check(form)
    return _csv(services.workbench.note_exports.flags(caller, table_name, of_members=include_member_flags), table_name, "flags")


@router.get("/variant-comments/export")
def comments(
    services: UsesServices, caller: Caller, table_name: TableName, form: Format = "csv", project_id: ProjectId = None,
    include_member_comments: bool = False,
) -> StreamingResponse:  # fmt: skip
    """The comments on the variants of a table, thread by thread: the caller's own, or everybody's for the owner of the table.

    `project_id` is taken for compatibility and narrows nothing: the table says which variants are meant.
    """
    del project_id
    _check(form)
    lines = services.workbench.note_exports.comments(caller, table_name, of_members=include_member_comments)
    return _csv(lines, table_name, "comments")


def _check(form: str) -> None:
    if form.strip().lower() != "csv":
        raise HTTPException(400, "unsupported export format: csv is the one")


def _csv(lines: Iterator[str], table_name: str, what: str) -> StreamingResponse:
    name = f"{table_name}_{what}.csv"  # the table was found, so its name has letters, digits and underscores only
    return StreamingResponse(
        lines, media_type="text/csv; charset=utf-8", headers={"content-disposition": f'attachment; filename="{name}"'}
    )
