"""What the jobs that make tables share: telling how a transfer goes, annotating what was made, and the account at their end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.access.principals import Principal
from services.errors import AccessDeniedError, NotFoundError, ParatopeError
from services.genomics.genome import GenomeBuild
from services.jobs.model import WorkFailedError
from services.jobs.running import JobRun
from services.pipelines.annotation import annotate_in_job
from services.uploads.store import Uploads
from services.variants.annotation.model import Part
from services.variants.library import TableInfo
from services.variants.manifest import read_manifest


def refuse_without_patients(principal: Principal, what: str) -> None:
    """:raise AccessDeniedError: this principal may see no patients, so may not bring in `what`."""
    if not principal.may_see_patients:
        raise AccessDeniedError(f"you may not bring in {what}: ask an administrator for access")


def is_kept(uploads: Uploads, upload_id: str) -> bool:
    """Whether an upload is there: complete, or reserved for a file that is to be fetched."""
    try:
        uploads.path(upload_id)
    except NotFoundError:
        return False
    except ParatopeError:
        return True  # reserved, not fetched yet
    return True


def tell_fetched(run: JobRun, between: tuple[int, int], name: str = "") -> Callable[[int, int | None], None]:
    """Return a function that reports how much of a transfer has arrived, within these percents of the job."""
    low, high = between

    def tell(received: int, size: int | None) -> None:
        share = min(1.0, received / size) if size else 0.0
        of = f" of {size / 1e6:,.1f}" if size else ""
        what = f"Fetching {name}: " if name else ""
        run.report("fetching", low + int((high - low) * share), f"{what}{received / 1e6:,.1f}{of} MB fetched")

    return tell


def annotate_made(
    run: JobRun, folder: Path, build: GenomeBuild | None, parts: Collection[Part], references: Path | None, *,
    between: tuple[int, int], no_build: str,
) -> str:
    """Annotate a table that the job has made, unless an earlier attempt did; returns why not, blank where all went well.

    What stands against the annotation does not take the table back: it is there, and can be annotated later. `no_build` says why
    not where the build is unknown. StoppedError passes.
    """
    done = read_manifest(folder).get("annotation", {}).get("by_part", {})
    if {part.value for part in parts} <= set(done):
        return ""
    if build is None:
        return no_build
    try:
        annotate_in_job(run, folder, build, parts, references, between=between)
    except WorkFailedError as error:
        return error.problem.text
    except ParatopeError as error:
        return error.message
    return ""


def result_of(tables: Sequence[TableInfo], account: Mapping[str, Any] | None, problem: str, warnings: int) -> dict[str, Any]:
    """Return what a job tells of its tables, all of one file. `account` is the annotation's, `problem` why there is none."""
    first = tables[0]
    return {
        "table_ids": [table.id for table in tables], "table_name": first.name, "table_names": [table.name for table in tables],
        "rows": first.row_count, "rejected": first.rejected_count, "warnings": warnings, "assembly": first.assembly,
        "annotated": account is not None and not problem, "packs": account["packs"] if account else [],
        "not_annotated": account["missing"] if account else [],
    }
