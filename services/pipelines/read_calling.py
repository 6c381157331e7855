"""From sequencing reads to a table of variants, as a job: fetch what is elsewhere, align and call, import, register, annotate.

Alignments, calls and report stay in `root/<job id>` until the job is deleted. Each part finds what is done already: a file that
is here is not fetched again, calls that are complete are not made again, an imported table is not imported again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from services.access.principals import Principal
from services.errors import ConflictError, InvalidInputError, NotFoundError, ParatopeError, UnavailableError
from services.genomics.genome import GenomeBuild
from services.jobs.child import StoppedError
from services.jobs.model import Job, JobProblem, WorkFailedError
from services.jobs.running import JobRun
from services.jobs.service import JobKind, Jobs
from services.patients.registry import PatientRegistry
from services.pipelines.annotation import in_words
from services.pipelines.import_request import ImportRequest
from services.pipelines.read_calling_work import REPORT_FILE
from services.pipelines.read_request import ReadFile, ReadRequest
from services.pipelines.table_job import annotate_made, is_kept, refuse_without_patients, result_of, tell_fetched
from services.pipelines.variant_import import made_table_id
from services.uploads.content import Content
from services.uploads.store import Uploads
from services.variants.annotation.model import Part
from services.variants.calling.parabricks import find_pbrun
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import read_manifest
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind

KIND = "read_calling"
_FETCHED = 15
_BAM = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.bam(?:\.bai)?"
_NAME = re.compile(rf"(?:{_BAM}|calls\.vcf\.gz(?:\.tbi)?|report\.json|reference\.fa(?:\.fai)?)")
_NO_REFERENCE = (
    "no reference sequence of {build} is installed: install one under Administration, Reference data (or by "
    "`python -m services.variants.reference install`), or give the reference as a FASTA file"
)
_NO_BUILD = "the reference is of no known genome build, and reference data belongs to one"
_NO_SVS = "Structural variants are not called from reads here, so there are none to annotate"


class ReadCalling:
    """Calling jobs. Callers see what `Jobs` lets them see."""

    def __init__(
        self, jobs: Jobs, uploads: Uploads, library: VariantLibrary, patients: PatientRegistry, references: ReferenceLibrary,
        root: Path, *, locate_pbrun: Callable[[], Path | None] = find_pbrun,
    ) -> None:
        self._jobs = jobs
        self._uploads = uploads
        self._library = library
        self._patients = patients
        self._references = references
        self._root = root.resolve()
        self._locate_pbrun = locate_pbrun
        jobs.register(JobKind(KIND, work=self._work, undo=self._undo, remove=self._remove, renew=self._renew))

    # -- what callers do

    def submit(self, principal: Principal, request: ReadRequest) -> Job:
        """Queue a run. Files are uploads that have arrived completely, or addresses to fetch from.

        :raise NotFoundError: there is no such upload, or no such patient.
        :raise ConflictError: an upload is not complete, or no reference sequence is installed.
        :raise InvalidInputError: a file is of the wrong kind, or an address may not be fetched from.
        """
        asked = self._request(principal, request)
        return self._jobs.submit(principal, KIND, asked, sample_name=_shown_name(request), message=_waiting(request))

    def announce(self, principal: Principal, *, sample_name: str = "") -> Job:
        """Show that files are on their way: a job in `upload_pending`, until `release` or `Jobs.abandon`."""
        refuse_without_patients(principal, "reads")
        return self._jobs.announce(principal, KIND, sample_name=sample_name)

    def release(self, principal: Principal, job: Job, request: ReadRequest) -> Job:
        """Queue an announced job, now that its uploads are complete. Raises what `submit` raises."""
        asked = self._request(principal, request)
        return self._jobs.release(job, asked, sample_name=_shown_name(request), message=_waiting(request))

    def submit_demo(self, principal: Principal) -> Job:
        """Queue a run on simulated reads of a simulated reference, to show what comes out."""
        from demo_data.reads import write_reads  # not at the head: needed for the demo only

        refuse_without_patients(principal, "reads")
        folder = self._root / f".demo.{os.urandom(8).hex()}"
        folder.mkdir(parents=True)
        try:
            made = write_reads(folder)
            sent = {name: self._send(principal, path) for name, path in made.files.items()}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return self.submit(principal, ReadRequest.model_validate({
            "design": "germline", "reference": sent["reference"], "simulated": True, "sample_name": made.name,
            "notes": made.notes,
            "samples": [{"name": made.sample, "lanes": [{"first": sent["first"], "second": sent["second"]}]}],
        }))

    def active_sequence(self, build: GenomeBuild) -> Pack | None:
        """Return the installed sequence that reads of a build are aligned to; None where there is none."""
        return self._references.active(PackKind.SEQUENCE, build)

    def require_sequence(self, build: GenomeBuild) -> Pack:
        """Return the installed sequence of a build. :raise ConflictError: there is none; the message says how to install one."""
        pack = self.active_sequence(build)
        if pack is None:
            raise ConflictError(_NO_REFERENCE.format(build=build))
        return pack

    @property
    def has_parabricks(self) -> bool:
        """Whether `pbrun` is installed on this machine."""
        return self._locate_pbrun() is not None

    def report(self, principal: Principal, job_id: str) -> dict[str, Any]:
        """Return the report on reads and calls of a job.

        :raise NotFoundError: there is no such job, it is of another kind, or it has not called yet.
        """
        path = self.files(principal, job_id).get(REPORT_FILE)
        if path is None:
            raise NotFoundError("this job has no report on reads: it is of another kind, or has not come so far")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    def files(self, principal: Principal, job_id: str) -> dict[str, Path]:
        """Return the files that a job has made, by name: `S1.bam`, `S1.bam.bai`, `calls.vcf.gz`, its index, `report.json`, and
        `reference.fa` with its index where the reference was uploaded. Empty until the calls are complete.

        :raise NotFoundError: there is no such job for this principal.
        """
        job = self._jobs.get(principal, job_id)
        folder = self._folder(job)
        if job.kind != KIND or not folder.is_dir():
            return {}
        return {path.name: path for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name)}

    def uploads_in_use(self) -> set[str]:
        """Return the ids of all uploads that calling jobs need."""
        return {upload_id for ids in self._jobs.requested(KIND, "upload_ids") for upload_id in ids.split()}

    # -- the work

    def _work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        request = ReadRequest.model_validate(run.request["options"])
        results = self._folder(run.job)
        if not results.is_dir():
            self._call(run, request, self._fetch_all(run, request), results)
        report = json.loads((results / REPORT_FILE).read_text(encoding="utf-8"))
        table_id = made_table_id(run.job, 0)
        if not self._library.folder(table_id).exists():
            self._import(run, request, report, results / "calls.vcf.gz", table_id)
        run.report("registering", _ends(request).imported + 1, "Entering the table into the library")
        table = self._library.register(
            table_id, run.job.owner, _shown_name(request), report["build"], sample_type=_sample_type(request),
            notes=request.notes, patient_id=request.patient_id, choice=request.patient_sample, job_id=run.job.id,
        )
        problem = self._annotate(run, table, request)
        account = read_manifest(self._library.folder(table_id)).get("annotation")
        return _outcome(table, report, request, account, problem)

    def _fetch_all(self, run: JobRun, request: ReadRequest) -> dict[str, Path]:
        """Return where the files lie, by upload id; those that are elsewhere are fetched first, one after the other."""
        paths: dict[str, Path] = {}
        for number, file in enumerate(request.files):
            low, high = (1 + (_FETCHED - 1) * at // len(request.files) for at in (number, number + 1))
            if file.url:
                self._fetch(run, file, low, high)
            try:
                paths[file.upload_id] = self._uploads.path(file.upload_id)
            except ParatopeError as error:
                raise WorkFailedError(JobProblem(f"{file.name}: {error.message}", "Upload it again in a new job.")) from error
        return paths

    def _fetch(self, run: JobRun, file: ReadFile, low: int, high: int) -> None:
        run.report("fetching", low, f"Fetching {file.name}")
        tell = tell_fetched(run, (low, high), file.name)
        try:
            upload = self._uploads.fetch(file.upload_id, file.url, on_progress=tell, should_stop=run.should_stop)
        except (NotFoundError, UnavailableError) as error:
            raise WorkFailedError(JobProblem(f"{file.name}: {error.message}", "Retry: what is here is kept.")) from error
        except InvalidInputError as error:
            advice = "Check the address, and that it leads to the file."
            raise WorkFailedError(JobProblem(f"{file.name}: {error.message}", advice)) from error
        if upload is None:
            raise StoppedError

    def _call(self, run: JobRun, request: ReadRequest, paths: Mapping[str, Path], results: Path) -> None:
        start = _FETCHED if any(file.url for file in request.files) else 1
        run.report("calling", start, "Preparing the reference")
        pack = self._sequence(request)
        pbrun = self._locate_pbrun()
        scratch = run.folder / "calling"
        scratch.mkdir()
        self._root.mkdir(parents=True, exist_ok=True)
        bare = request.with_files({file: file.model_copy(update={"url": ""}) for file in request.files})  # may hold a signature
        payload = {
            "request": bare.model_dump(mode="json"), "files": {name: str(path) for name, path in paths.items()},
            "reference": str(pack.path) if pack else None, "stamp": pack.stamp if pack else "",
            "build": str(pack.build) if pack and pack.build else None,
            "scratch": str(scratch.resolve()), "destination": str(results), "pbrun": str(pbrun) if pbrun else None,
        }
        run.child("call_reads", payload, stage="calling", between=(start, _ends(request).called))

    def _sequence(self, request: ReadRequest) -> Pack | None:
        """Return the installed sequence to align to; None where the reference was uploaded."""
        if request.reference is not None or request.assembly is None:
            return None
        pack = self.active_sequence(request.assembly)
        if pack is None:
            reason = f"no reference sequence of {request.assembly} is installed any more"
            raise WorkFailedError(JobProblem(reason, "Install one under Administration, Reference data, then retry."))
        return pack

    def _import(self, run: JobRun, request: ReadRequest, report: Mapping[str, Any], vcf: Path, table_id: str) -> None:
        start, end = _ends(request)
        run.report("importing", start + 1, "Importing the calls")
        options = ImportRequest(
            sample_name=_shown_name(request), assembly=report["build"], patient_id=request.patient_id
        )
        tables = run.folder / "tables"
        tables.mkdir()
        payload = {
            "path": str(vcf), "folder": str(tables.resolve()), "file_name": f"{_shown_name(request)}.vcf.gz",
            "request": options.model_dump(mode="json"),
        }
        made = run.child("import_variants", payload, stage="importing", between=(start + 1, end))
        os.replace(tables / made["tables"][0]["folder"], self._library.folder(table_id))

    def _annotate(self, run: JobRun, table: TableInfo, request: ReadRequest) -> str:
        """Annotate the table where that was asked for; returns why not, blank where all went well or nothing was asked for."""
        if not request.annotates_small:
            return ""
        return annotate_made(
            run, self._library.folder(table.id), table.assembly, (Part.SMALL,), self._references.root,
            between=(_ends(request).imported + 2, 99), no_build=_NO_BUILD,
        )

    def _undo(self, job: Job) -> None:
        """Delete the table. Calls that are complete stay: another attempt goes on with them, and the job's deletion ends them."""
        self._library.delete_by_job(job.id)
        shutil.rmtree(self._library.folder(made_table_id(job, 0)), ignore_errors=True)

    def _remove(self, job: Job) -> None:
        self._undo(job)
        shutil.rmtree(self._folder(job), ignore_errors=True)
        for upload_id in str(job.request.get("upload_ids", "")).split():
            if self._jobs.users_of(upload_id) <= 1:
                self._uploads.discard(upload_id)

    def _renew(self, job: Job) -> Mapping[str, Any]:
        """Reserve fetched files anew that were refused and deleted, so that another attempt can fetch them."""
        request = ReadRequest.model_validate(job.request["options"])
        owner = Principal(job.owner, may_see_patients=True, may_administer=False)
        files = {
            file: self._expected(owner, file) if file.url and not is_kept(self._uploads, file.upload_id) else file
            for file in request.files
        }
        return _stored(request.with_files(files))

    # -- what is asked for

    def _request(self, principal: Principal, request: ReadRequest) -> dict[str, Any]:
        """Check what was asked for, reserve what is to be fetched, and return what the job stores."""
        refuse_without_patients(principal, "reads")
        if request.patient_id is not None:
            self._patients.get(request.patient_id, principal)
        if request.reference is None and request.assembly is not None:
            self.require_sequence(request.assembly)
        sent = {file: self._checked(principal, file, request) for file in request.files if not file.url}
        fetched = {file: self._expected(principal, file) for file in request.files if file.url}
        return _stored(request.with_files({**sent, **fetched}))

    def _checked(self, principal: Principal, file: ReadFile, request: ReadRequest) -> ReadFile:
        upload = self._uploads.get(principal, file.upload_id)
        self._uploads.path(upload.id)
        expected, wanted = {Content.FASTQ, Content.TABLE}, "reads in FASTQ"  # malformed reads may look like any text
        if file is request.reference:
            expected, wanted = {Content.FASTA}, "a reference in FASTA"
        elif file is request.intervals:
            expected, wanted = {Content.TABLE}, "regions in BED"
        if upload.content is not None and upload.content not in expected:
            raise InvalidInputError(f"{upload.filename} is {upload.content.value.upper()}, and {wanted} are expected here")
        return file.model_copy(update={"name": upload.filename})

    def _expected(self, principal: Principal, file: ReadFile) -> ReadFile:
        upload = self._uploads.expect_remote(principal, file.url)
        return file.model_copy(update={"upload_id": upload.id, "name": upload.filename})

    def _send(self, principal: Principal, path: Path) -> dict[str, str]:
        data = path.read_bytes()
        upload = self._uploads.begin(principal, path.name, len(data))
        return {"upload_id": self._uploads.append(principal, upload.id, 0, data).id}

    def _folder(self, job: Job) -> Path:
        return self._root / job.id


def _stored(request: ReadRequest) -> dict[str, Any]:
    """Return a request as a job keeps it; the ids of its uploads stand together, for whoever asks what is in use."""
    ids = " ".join(file.upload_id for file in request.files)
    return {"upload_ids": ids, "options": request.model_dump(mode="json")}


def _shown_name(request: ReadRequest) -> str:
    return request.sample_name.strip() or request.ordered[0].name


def _sample_type(request: ReadRequest) -> str:
    return {"tumour only": "tumor", "tumour and normal": "tumor and normal"}.get(request.design.value, "germline")


def _waiting(request: ReadRequest) -> str:
    what = "wait to be fetched" if any(file.url for file in request.files) else "wait for their turn"
    return f"The reads of {_shown_name(request)} {what}"


class _Ends(NamedTuple):
    """Percent at which the calls are complete, and at which the table is imported."""

    called: int
    imported: int


def _ends(request: ReadRequest) -> _Ends:
    return _Ends(70, 78) if request.annotates_small else _Ends(85, 96)


def _outcome(
    table: TableInfo, report: Mapping[str, Any], request: ReadRequest, account: Mapping[str, Any] | None, problem: str
) -> tuple[str, Mapping[str, Any]]:
    calls = report["calls"]
    said = [
        f"Called {calls['snvs']:,} SNVs and {calls['indels']:,} insertions and deletions by {report['caller']} into {table.name}"
    ]
    if report["warnings"]:
        count = len(report["warnings"])
        said.append(f"{count} warning{'' if count == 1 else 's'} in the report on the reads")
    if problem:
        said.append(f"Not annotated: {problem}")
    elif account is not None:
        said.append(in_words(account))
    if request.annotsv_annotation:
        said.append(_NO_SVS)
    result = {**result_of([table], account, problem, len(report["warnings"])), "caller": report["caller"]}
    return ". ".join(part.rstrip(".") for part in said) + ".", result
