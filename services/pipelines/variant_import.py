"""From a file to a table in the library, as a job: fetch if the file is elsewhere, import, register, annotate where asked to.

Each part finds what is done already: a fetched file is not fetched again, an imported table is not imported again, a registered
table stays registered. The ids of the tables follow from the job's id, so a run that continues after a crash makes the same ones.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.access.principals import Principal
from services.errors import InvalidInputError, NotFoundError, UnavailableError
from services.genomics.genome import GenomeBuild
from services.jobs.child import StoppedError
from services.jobs.model import Job, JobProblem, WorkFailedError
from services.jobs.running import JobRun
from services.jobs.service import JobKind, Jobs
from services.patients.registry import PatientRegistry
from services.pipelines.annotation import in_words
from services.pipelines.import_request import MAX_SPLIT_SAMPLES, ImportRequest
from services.pipelines.table_job import annotate_made, is_kept, refuse_without_patients, result_of, tell_fetched
from services.storage.files import display_name
from services.uploads.store import Uploads
from services.variants.imports import Mode
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import read_manifest

KIND = "variant_import"
_FETCHED, _IMPORTED = 30, 95
_IMPORTED_FIRST = 50
"""Percent at which a table is imported when it is to be annotated after that."""
_KEPT_UPLOADS = timedelta(days=7)
_NO_BUILD = "the genome build is not known; state it in the explorer and annotate the table there"


class VariantImports:
    """Imports as jobs. Callers see what `Jobs` lets them see."""

    def __init__(
        self, jobs: Jobs, uploads: Uploads, library: VariantLibrary, patients: PatientRegistry, references: Path | None = None
    ) -> None:
        """`references` is the folder of reference data for annotations; None: there is none but what is built in."""
        self._jobs = jobs
        self._uploads = uploads
        self._library = library
        self._patients = patients
        self._references = references
        jobs.register(JobKind(KIND, work=self._work, undo=self._undo, remove=self._remove))

    def submit(self, principal: Principal, upload_id: str, options: ImportRequest) -> Job:
        """Import an upload that has arrived completely.

        :raise NotFoundError: there is no such upload, or no such patient.
        :raise ConflictError: the upload is not complete.
        :raise InvalidInputError: the file holds no variants.
        """
        request = self._request(principal, upload_id, options)
        return self._jobs.submit(
            principal, KIND, request, sample_name=_shown_name(options, request),
            message=f"{request['file_name']} waits for its turn",
        )

    def submit_url(self, principal: Principal, url: str, options: ImportRequest) -> Job:
        """Fetch a file from a server, then import it.

        :raise InvalidInputError: the address is not one that may be fetched from.
        """
        self._check_patient(principal, options)
        upload = self._uploads.expect_remote(principal, url)
        request = {"upload_id": upload.id, "url": url, "file_name": upload.filename, "options": options.model_dump(mode="json")}
        return self._jobs.submit(
            principal, KIND, request, sample_name=_shown_name(options, request), message=f"{upload.filename} waits to be fetched"
        )

    def announce(self, principal: Principal, *, sample_name: str = "") -> Job:
        """Show that a file is on its way: a job in `upload_pending`, until `release` or `Jobs.abandon`."""
        refuse_without_patients(principal, "variants")
        return self._jobs.announce(principal, KIND, sample_name=sample_name)

    def release(self, principal: Principal, job: Job, upload_id: str, options: ImportRequest) -> Job:
        """Queue an announced job, now that its upload is complete. Raises what `submit` raises."""
        request = self._request(principal, upload_id, options)
        return self._jobs.release(
            job, request, sample_name=_shown_name(options, request), message=f"{request['file_name']} waits for its turn"
        )

    def retry(
        self, principal: Principal, job_id: str, *, mode: Mode | None = None, assembly: GenomeBuild | None = None
    ) -> Job:
        """Try a failed or cancelled import again; `mode` lenient leaves bad lines out, `assembly` states another build.

        :raise ConflictError: it has not failed and was not cancelled.
        """
        job = self._jobs.get(principal, job_id)
        changes: dict[str, Any] = {}
        chosen = {"mode": mode, "assembly": assembly}
        if mode is not None or assembly is not None:
            stated = {name: value.value for name, value in chosen.items() if value is not None}
            changes["options"] = {**job.request.get("options", {}), **stated}
        url = job.request.get("url") if job.kind == KIND else None
        if url and job.retryable and not is_kept(self._uploads, str(job.request["upload_id"])):
            changes["upload_id"] = self._uploads.expect_remote(Principal(job.owner, True, False), str(url)).id
        return self._jobs.retry(principal, job_id, changes)

    def tables_of(self, principal: Principal, job: Job) -> list[TableInfo]:
        """Return the tables a completed job made that are still there."""
        found = []
        for table_id in (job.result or {}).get("table_ids", ()):
            try:
                found.append(self._library.get(principal, str(table_id)))
            except NotFoundError:
                continue
        return found

    def sweep_uploads(self, also_in_use: Collection[str] = ()) -> int:
        """Delete uploads that no job uses and nobody touched for a week; returns how many."""
        return self._uploads.sweep(_KEPT_UPLOADS, in_use={*self._jobs.requested(KIND, "upload_id"), *also_in_use})

    # -- the work

    def _work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        options = ImportRequest.model_validate(run.request["options"])
        path = self._fetch(run)
        first = self._library.folder(made_table_id(run.job, 0))
        done = self._tables_done(run.job) if first.exists() else None
        if done is None:
            done = self._import(run, path, options)
        run.report("registering", _imported(options) + 1, "Entering the tables into the library")
        tables = [self._register(run.job, table_id, options) for table_id in done]
        problem = self._annotate(run, tables, options)
        return _outcome(tables, [read_manifest(self._library.folder(table.id)) for table in tables], options, problem)

    def _fetch(self, run: JobRun) -> Path:
        upload_id, url = str(run.request["upload_id"]), run.request.get("url")
        if url:
            run.report("fetching", 1, f"Fetching {run.request['file_name']}")
            try:
                upload = self._uploads.fetch(
                    upload_id, str(url), on_progress=tell_fetched(run, (1, _FETCHED)), should_stop=run.should_stop,
                )
            except (NotFoundError, UnavailableError) as error:
                raise WorkFailedError(JobProblem(error.message, "Retry: the file is fetched again.")) from error
            except InvalidInputError as error:
                raise WorkFailedError(JobProblem(error.message, "Check the address, and that it leads to the file.")) from error
            if upload is None:
                raise StoppedError
        return self._uploads.path(upload_id)

    def _import(self, run: JobRun, path: Path, options: ImportRequest) -> list[str]:
        start = _FETCHED if run.request.get("url") else 1
        run.report("importing", start, f"Reading {run.request['file_name']}")
        payload = {
            "path": str(path), "folder": str(run.folder.resolve()), "file_name": run.request["file_name"],
            "request": options.model_dump(mode="json"),
        }
        made = run.child("import_variants", payload, stage="importing", between=(start, _imported(options)))
        # the first table goes last: its folder says that all of them are in their places
        numbered = [(made_table_id(run.job, number), run.folder / table["folder"]) for number, table in enumerate(made["tables"])]
        for table_id, folder in reversed(numbered):
            if not self._library.folder(table_id).exists():
                os.replace(folder, self._library.folder(table_id))
        return [table_id for table_id, _ in numbered]

    def _tables_done(self, job: Job) -> list[str]:
        """Return the ids of tables that an earlier run put into their places."""
        ids: list[str] = []
        while self._library.folder(made_table_id(job, len(ids))).exists():
            ids.append(made_table_id(job, len(ids)))
        return ids

    def _register(self, job: Job, table_id: str, options: ImportRequest) -> TableInfo:
        manifest = read_manifest(self._library.folder(table_id))
        name, samples = options.sample_name.strip(), manifest["samples"]
        if "split_from" in manifest:
            name = f"{name} {samples[0]}".strip()
        elif not name:
            name = samples[0] if len(samples) == 1 else _bare_name(str(job.request["file_name"]))
        return self._library.register(
            table_id, job.owner, name, options.assembly or options.default_assembly, sample_type=options.sample_type,
            notes=options.notes, patient_id=options.patient_id, job_id=job.id,
        )

    def _annotate(self, run: JobRun, tables: list[TableInfo], options: ImportRequest) -> str:
        """Annotate the tables as the import was asked to; returns why not, blank where all went well."""
        parts = options.parts_to_annotate
        first, whole = _imported(options) + 1, 99
        for number, table in enumerate(tables):
            folder = self._library.folder(table.id)
            share = (whole - first) / len(tables)
            between = (first + int(share * number), first + int(share * (number + 1)))
            problem = annotate_made(run, folder, table.assembly, parts, self._references, between=between, no_build=_NO_BUILD)
            if problem:
                return problem
        return ""

    def _undo(self, job: Job) -> None:
        self._library.delete_by_job(job.id)
        for number in range(MAX_SPLIT_SAMPLES + 1):  # those in their places that were not entered yet
            shutil.rmtree(self._library.folder(made_table_id(job, number)), ignore_errors=True)

    def _remove(self, job: Job) -> None:
        self._undo(job)
        upload_id = str(job.request.get("upload_id", ""))
        if upload_id and self._jobs.users_of(upload_id) <= 1:
            self._uploads.discard(upload_id)

    # -- what is asked for

    def _request(self, principal: Principal, upload_id: str, options: ImportRequest) -> dict[str, Any]:
        self._check_patient(principal, options)
        upload = self._uploads.get(principal, upload_id)
        self._uploads.path(upload.id)
        if upload.content is not None and not upload.content.is_variants:
            raise InvalidInputError(f"{upload.filename} holds no variants: a VCF, BCF, CSV or TSV file is expected")
        return {"upload_id": upload.id, "file_name": upload.filename, "options": options.model_dump(mode="json")}

    def _check_patient(self, principal: Principal, options: ImportRequest) -> None:
        refuse_without_patients(principal, "variants")
        if options.patient_id is not None:
            self._patients.get(options.patient_id, principal)


def made_table_id(job: Job, number: int) -> str:
    """Return the id of a job's table; it follows from the job's id, so a run that continues after a crash makes the same ones."""
    return hashlib.sha256(f"{job.id}/{number}".encode()).hexdigest()[:32]


def _imported(options: ImportRequest) -> int:
    return _IMPORTED_FIRST if options.asks_for_annotation else _IMPORTED


def _outcome(
    tables: list[TableInfo], manifests: list[dict[str, Any]], options: ImportRequest, problem: str
) -> tuple[str, Mapping[str, Any]]:
    counts = manifests[0]["counts"]
    rows, rejected = tables[0].row_count, tables[0].rejected_count
    counted = f"{rows:,} row{'' if rows == 1 else 's'}"
    what = f"{counted} into {tables[0].name}" if len(tables) == 1 else f"{counted} into each of {len(tables)} tables"
    said = [f"Imported {what}"]
    if rejected:
        said.append(
            f"{rejected:,} of {counts['records_read']:,} records {'was' if rejected == 1 else 'were'} left out and kept in a list"
        )
    if options.patient_id is not None and (open_link := _open_link(tables, manifests)):
        said.append(open_link)
    account = manifests[0].get("annotation")
    if problem:
        said.append(f"Not annotated: {problem}")
    elif account is not None:
        said.append(in_words(account))
    if options.enable_ditto:
        said.append("DITTO scores are not available here; the predictors are those of the packs named")
    result = result_of(tables, account, problem, manifests[0]["problems"]["warnings"])
    return ". ".join(part.rstrip(".") for part in said) + ".", result


def _open_link(tables: Sequence[TableInfo], manifests: Sequence[Mapping[str, Any]]) -> str:
    """Say what is missing before the patient named with a file has findings; empty where nothing is."""
    if not any(table.links for table in tables):
        return "None of the tables is linked to the patient: no sample is called so. Link the right one in the explorer"
    if len(manifests[0]["samples"]) > 1 and not any(link.choice.sample for table in tables for link in table.links):
        return "Which sample is the patient is not chosen: choose it in the explorer"
    return ""


def _shown_name(options: ImportRequest, request: Mapping[str, Any]) -> str:
    return options.sample_name.strip() or _bare_name(str(request["file_name"]))


def _bare_name(file_name: str) -> str:
    """Return a file's name without the endings that say how it is packed and written."""
    bare = re.sub(r"(\.(vcf|bcf|csv|tsv|txt|bed|gz|bgz|bz2)){1,4}$", "", file_name[-255:], flags=re.IGNORECASE)
    return display_name(bare, "sample")
