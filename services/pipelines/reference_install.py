"""From a published file to a pack of reference data, as a job: fetch it if it is elsewhere, convert it, put it into its place.

A download goes on where it ended: what has arrived is kept beside the library until the job is done or deleted. The pack carries
the id of the job that made it, so a run that continues after a crash finds what is done. Only administrators install.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.access.principals import Principal
from services.errors import AccessDeniedError, ConflictError, InvalidInputError, UnavailableError
from services.jobs.child import StoppedError
from services.jobs.model import Job, JobProblem, WorkFailedError
from services.jobs.running import JobRun
from services.jobs.service import JobKind, Jobs
from services.network.locations import https_form, parse_address
from services.network.remote import Network, file_name_of
from services.network.resuming import fetch_resuming
from services.pipelines.table_job import tell_fetched
from services.storage.files import disk_name
from services.uploads.store import Uploads
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackRequest

KIND = "reference_install"
_FETCHED, _INSTALLED = 40, 99
_DOWNLOADS = ".downloads"
_SPARE_BYTES = 1 << 30
_MAX_FILES = 50


class ReferenceInstalls:
    """Installations as jobs. `network` is how servers are reached."""

    def __init__(self, jobs: Jobs, uploads: Uploads, library: ReferenceLibrary, network: Network | None = None) -> None:
        self._jobs = jobs
        self._uploads = uploads
        self._library = library
        self._network = network
        jobs.register(JobKind(KIND, work=self._work, undo=self._undo, remove=self._remove))

    def submit_uploads(self, principal: Principal, upload_ids: Sequence[str], request: PackRequest) -> Job:
        """Install a pack from one or several files that have arrived; they are deleted when it is installed.

        :raise AccessDeniedError: the caller is no administrator.
        :raise NotFoundError: there is no such upload.
        :raise ConflictError: this version is installed, or an upload is not complete.
        """
        self._refuse(principal, request)
        if not 0 < len(upload_ids) <= _MAX_FILES:
            raise InvalidInputError(f"a pack is made from 1 to {_MAX_FILES} files")
        uploads = [self._uploads.get(principal, upload_id) for upload_id in upload_ids]
        for upload in uploads:
            self._uploads.path(upload.id)
        files = {upload.id: upload.filename for upload in uploads}
        source = {"files": files, "upload_ids": " ".join(files)}
        return self._submit(principal, request, source, f"{uploads[0].filename} waits for its turn")

    def submit_url(self, principal: Principal, url: str, request: PackRequest) -> Job:
        """Fetch a published file, then install it.

        :raise AccessDeniedError: the caller is no administrator.
        :raise InvalidInputError: the address is not one that may be fetched from.
        :raise ConflictError: this version is installed.
        """
        self._refuse(principal, request)
        name = disk_name(file_name_of(url), "download")
        named = replace(request, source_url=request.source_url or _without_query(url))
        return self._submit(principal, named, {"url": url, "file_name": name}, f"{name} waits to be fetched")

    def uploads_in_use(self) -> set[str]:
        """Return the ids of the uploads that a job was given."""
        return {upload_id for given in self._jobs.requested(KIND, "upload_ids") for upload_id in given.split()}

    def remove(self, principal: Principal, pack: Pack) -> None:
        """Remove a pack. Idempotent.

        :raise AccessDeniedError: the caller is no administrator.
        """
        _refuse_others(principal)
        self._library.remove(pack)

    def pin(self, principal: Principal, pack: Pack, *, pinned: bool) -> None:
        """Use this version whatever is installed later, or the newest again.

        :raise AccessDeniedError: the caller is no administrator.
        """
        _refuse_others(principal)
        if pinned:
            self._library.pin(pack)
        else:
            self._library.unpin(pack.kind, pack.build)

    # -- the work

    def _work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        pack = self._library.installed_by(run.job.id)
        if pack is None:
            sources = [self._fetch(run)] if run.request.get("url") else self._uploaded(run)
            pack = self._install(run, sources)
        self._clear(run.job)
        result = {"kind": pack.kind.value, "build": pack.build, "version": pack.version, "rows": pack.rows, "pack": pack.key}
        return f"Installed {pack.stamp}: {pack.rows:,} rows.", result

    def _fetch(self, run: JobRun) -> Path:
        name = disk_name(str(run.request["file_name"]), "download")
        run.report("fetching", 1, f"Fetching {name}")
        path = self._downloads(run.job) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            whole = fetch_resuming(
                str(run.request["url"]), path, limit_bytes=self._room(path.parent), should_stop=run.should_stop,
                on_progress=tell_fetched(run, (1, _FETCHED)), network=self._network,
            )
        except UnavailableError as error:
            advice = "Retry: what has arrived is kept, and the transfer goes on from there."
            raise WorkFailedError(JobProblem(error.message, advice)) from error
        except InvalidInputError as error:
            advice = "Check the address, or fetch the file by other means and install it from a file."
            raise WorkFailedError(JobProblem(error.message, advice)) from error
        if not whole:
            raise StoppedError
        return path

    def _uploaded(self, run: JobRun) -> list[Path]:
        """Give the uploads their own names, which may say the version, in the folder of the run."""
        paths = []
        for number, (upload_id, name) in enumerate(run.request["files"].items()):
            folder = run.folder / str(number)
            folder.mkdir()
            paths.append(folder / disk_name(str(name), "upload"))
            paths[-1].symlink_to(self._uploads.path(str(upload_id)))
        return paths

    def _install(self, run: JobRun, sources: Sequence[Path]) -> Pack:
        start = _FETCHED if run.request.get("url") else 1
        run.report("installing", start, "Converting")
        payload = {
            "root": str(self._library.root), "sources": [str(path.absolute()) for path in sources],
            "request": {**run.request["pack"], "origin": run.job.id},
        }
        run.child("install_reference", payload, stage="installing", between=(start, _INSTALLED))
        pack = self._library.installed_by(run.job.id)
        if pack is None:
            raise UnavailableError("the installed pack was removed again meanwhile")
        return pack

    def _undo(self, job: Job) -> None:
        pack = self._library.installed_by(job.id)
        if pack is not None:
            self._library.remove(pack)
        self._library.sweep()

    def _remove(self, job: Job) -> None:
        """Delete what was given to a job; a pack that it installed stays until it is removed itself."""
        self._clear(job)

    def _clear(self, job: Job) -> None:
        shutil.rmtree(self._downloads(job), ignore_errors=True)
        for upload_id in job.request.get("files", {}):
            self._uploads.discard(str(upload_id))

    # -- what is asked for

    def _submit(self, principal: Principal, request: PackRequest, source: Mapping[str, Any], message: str) -> Job:
        name = " ".join(part for part in (request.name or request.kind.label, request.version, request.build) if part)
        return self._jobs.submit(principal, KIND, {**source, "pack": request.as_dict()}, sample_name=name, message=message)

    def _refuse(self, principal: Principal, request: PackRequest) -> None:
        _refuse_others(principal)
        if request.version is not None and self._library.has(request.kind, request.build, request.version):
            raise ConflictError(f"{request.kind.label} {request.version} is installed already: remove it first")

    def _downloads(self, job: Job) -> Path:
        return self._library.root / _DOWNLOADS / job.id

    def _room(self, folder: Path) -> int:
        return max(0, shutil.disk_usage(folder).free - _SPARE_BYTES)


def _refuse_others(principal: Principal) -> None:
    if not principal.may_administer:
        raise AccessDeniedError("only an administrator may install or remove reference data")


def _without_query(url: str) -> str:
    """Return an address without its query, which may hold a signature."""
    address = parse_address(https_form(url))
    return f"https://{address.name}{address.target.partition('?')[0]}"
