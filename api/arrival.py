"""Files on their way in through a form, and the job that shows them, however the sending ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi.exceptions import RequestValidationError

from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.jobs.model import Job, JobProblem
from services.storage.files import display_name
from services.uploads.model import Upload

_TELL_BYTES = 8 << 20


class Arrival:
    """The files of one form. `job` is set before the first of them comes."""

    def __init__(self, services: Services, caller: Principal, interrupted: JobProblem) -> None:
        """`interrupted` is what the job says when its sender went away."""
        self._services = services
        self._caller = caller
        self._interrupted = interrupted
        self.job: Job | None = None
        self.uploads: list[Upload] = []

    async def take(self, filename: str, pieces: AsyncIterator[bytes], *, named: bool) -> Upload:
        """Write one file to disk while it arrives. `named`: the job tells which of several files is coming."""
        label = f"{display_name(filename, 'a file')[-100:]}: " if named else ""
        upload = await self._services.uploads.receive(self._caller, filename, self._watched(pieces, label))
        self.uploads.append(upload)
        return upload

    async def _watched(self, pieces: AsyncIterator[bytes], label: str) -> AsyncIterator[bytes]:
        """Pass the pieces on and note now and then how much has come."""
        assert self.job is not None
        received = told = 0
        async for piece in pieces:
            received += len(piece)
            if received - told >= _TELL_BYTES:
                told = received
                message = f"{label}{received / 1e6:,.0f} MB have arrived"
                await asyncio.to_thread(self._services.jobs.arriving, self.job, progress=0, message=message)
            yield piece

    def give_up(self, error: BaseException) -> None:
        """End the job that waits for the files, and delete what had come of them.

        A sender who is told what was wrong keeps no job; one who went away finds out from it.
        """
        if self.job is not None:
            if isinstance(error, ParatopeError | RequestValidationError):
                self._services.jobs.withdraw(self.job)
            else:
                self._services.jobs.abandon(self.job, self._interrupted)
        for upload in self.uploads:
            self._services.uploads.discard(upload.id)


def submitted(job: Job) -> dict[str, Any]:
    """Return what a submission, a cancellation or a retry is answered with."""
    return {"job_id": job.id, "status": job.status.value, "message": job.message}
