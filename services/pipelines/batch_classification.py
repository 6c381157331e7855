"""Classifies the rows of a table that pass a filter, as a job that writes class columns into the table.

The work is done in a child process on the table's files and the installed packs; the finished table is exchanged for the old one
at the end, so a job that fails, is cancelled or is killed leaves the table as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from services.access.principals import Principal
from services.errors import AccessDeniedError, ConflictError, InvalidInputError
from services.jobs.model import Job, JobProblem, WorkFailedError
from services.jobs.running import JobRun
from services.jobs.service import JobKind, Jobs
from services.variants.annotation.writing import put_in_place
from services.variants.filters import Filter
from services.variants.library import VariantLibrary
from services.variants.manifest import TABLE_FILE, read_manifest
from services.variants.tables import table_version

KIND = "classification"
TASK = "classify_table"
MAX_ROWS = 200_000
_READY = "ready"
_CLASSIFIED = 95


class BatchClassification:
    """Classification jobs. Callers see what `Jobs` and the library let them see."""

    def __init__(self, jobs: Jobs, library: VariantLibrary, references: Path, scratch: Path) -> None:
        """`references` is the folder of the packs; `scratch` keeps which rows the jobs are to classify."""
        self._jobs = jobs
        self._library = library
        self._references = references
        self._scratch = scratch
        jobs.register(JobKind(KIND, work=self._work, undo=self._undo, remove=self._remove))

    def submit(self, principal: Principal, name_or_id: str, condition: Filter | None = None) -> Job:
        """Classify the rows that pass a filter, all where it is None. Which rows pass is decided now, not when the job runs.

        Conditions on notes must have been resolved (`Marks.resolve`).

        :raise NotFoundError: there is no such table.
        :raise ConflictError: the build of the table is not known.
        :raise InvalidInputError: no row passes the filter, or too many do.
        """
        if not principal.may_see_patients:
            raise AccessDeniedError("you may not classify variants: ask an administrator for access")
        info = self._library.get(principal, name_or_id)
        if info.assembly is None:
            raise ConflictError("state the genome build of this table first: evidence is looked up by place")
        table = self._library.open(principal, info.id)
        passing = table.count(condition)
        if passing > MAX_ROWS:
            raise InvalidInputError(f"{passing:,} rows pass: classify at most {MAX_ROWS:,} at once, narrow the filter")
        rows = [number for batch in table.stream(condition, (), ["row_id"]) for number in batch.column(0).to_pylist()]
        if not rows:
            raise InvalidInputError("no row passes this filter: there is nothing to classify")
        request = {
            "table_id": info.id, "table_name": info.name, "assembly": str(info.assembly), "count": len(rows),
            "rows": self._write(rows),
        }
        return self._jobs.submit(
            principal, KIND, request, sample_name=info.sample_name, message=f"{len(rows):,} variants wait to be classified"
        )

    # -- the work

    def _work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        request, made = run.request, run.folder / "classified"
        table_id = str(request["table_id"])
        folder = self._library.folder(table_id)
        if not (made / _READY).exists():
            self._classify(run, folder, made)
        run.report("replacing", _CLASSIFIED + 1, "Putting the columns into the table")
        put_in_place(folder, made)
        self._library.changed(table_id)
        told = read_manifest(folder)["classification"]
        classes = ", ".join(f"{count:,} {name}" for name, count in told["classes"].items()) or "none"
        left_out = f"; {told['left_out']:,} have no alleles that could be classified" if told["left_out"] else ""
        unknown = f"; nothing is known of {told['unknown']:,}: install reference data or annotate" if told["unknown"] else ""
        return f"Classified {told['rows']:,} variants of {request['table_name']}: {classes}{left_out}{unknown}.", {
            "table_ids": [table_id], "table_name": request["table_name"], "classes": told["classes"],
            "left_out": told["left_out"], "unknown": told["unknown"],
        }

    def _classify(self, run: JobRun, folder: Path, made: Path) -> None:
        if not (folder / TABLE_FILE).is_file():
            raise WorkFailedError(JobProblem("the table was deleted", "Import the file again, then classify its variants."))
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        before = table_version(folder)
        run.report("classifying", 1, "Looking up the evidence")
        payload = {
            "folder": str(folder.resolve()), "build": run.request["assembly"], "references": str(self._references.resolve()),
            "rows": str(self._file(run.request).resolve()), "target": str(made.resolve()),
        }
        run.child(TASK, payload, stage="classifying", between=(1, _CLASSIFIED))
        if table_version(folder) != before:
            raise WorkFailedError(JobProblem("the table was annotated anew meanwhile", "Retry: the new annotation is used then."))
        (made / _READY).touch()

    def _undo(self, job: Job) -> None:
        """Nothing to take back: the table is exchanged at the very end, and the job's folder is deleted with it."""

    def _remove(self, job: Job) -> None:
        self._file(job.request).unlink(missing_ok=True)

    # -- which rows

    def _write(self, rows: list[int]) -> str:
        self._scratch.mkdir(parents=True, exist_ok=True)
        name = f"{uuid4().hex}.parquet"
        pq.write_table(pa.table({"row_id": pa.array(rows, pa.int64())}), self._scratch / name)
        return name

    def _file(self, request: Mapping[str, Any]) -> Path:
        return self._scratch / Path(str(request["rows"])).name
