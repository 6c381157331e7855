"""Kill the process that runs jobs at random moments, start it again, and look whether a job or a row was lost or doubled.

    python -m validation.job_crashes --runs 100

Each run submits an import to a real process, kills it with `kill -9` after a random time, starts it again, now and then kills
that one too, and waits for the job's end. Then the job must be completed, its table must be there once, with every row of the
file once. The last line is JSON: runs, lost, duplicated, continued (runs that met an unfinished job), slowest_restart_seconds
(from the start of the new process until the job runs again), of which slowest_resume_seconds are spent after the modules are
imported, slowest_child_end_seconds (from the kill until the child is gone).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from pydantic import SecretStr

from services.access.principals import LOCAL_USER
from services.container import build_job_services
from services.errors import ParatopeError
from services.jobs.model import Job, JobStatus
from services.patients.registry import PatientRegistry
from services.pipelines.import_request import ImportRequest
from services.settings import Settings
from services.storage.database import Database
from services.variants.manifest import TABLE_FILE

_ROWS = 40_000
_PATIENCE_SECONDS = 120.0
_SECOND_KILL_SHARE = 0.2
_STARTING, _READY = "starting", "ready"
_HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
)


@dataclass(slots=True)
class Tally:
    """What was seen over all runs."""

    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    continued: int = 0
    slowest_restart_seconds: float = 0.0
    slowest_resume_seconds: float = 0.0
    slowest_child_end_seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "runs": self.runs, "lost": self.lost, "duplicated": self.duplicated, "continued": self.continued,
            "slowest_restart_seconds": round(self.slowest_restart_seconds, 2),
            "slowest_resume_seconds": round(self.slowest_resume_seconds, 2),
            "slowest_child_end_seconds": round(self.slowest_child_end_seconds, 2), "faults": self.faults[:20],
        }


def serve(settings: Settings) -> None:
    """Run jobs, and submit one for each line `UPLOAD_ID` on the standard input; answers with the job's id."""
    database = Database(settings.sql_url)
    work = build_job_services(settings, database, PatientRegistry(database))
    print(f"{_STARTING} {time.time()}", flush=True)
    work.jobs.start()
    print(_READY, flush=True)
    for line in sys.stdin:
        print(work.variant_imports.submit(LOCAL_USER, line.strip(), ImportRequest()).id, flush=True)
    work.jobs.close()
    database.close()


class Crasher:
    """Drives a process that runs jobs; reads the same database beside it, and never starts the queue itself."""

    def __init__(self, settings: Settings, chance: random.Random) -> None:
        self._settings = settings
        self._chance = chance
        self._database = Database(settings.sql_url)
        self._database.migrate()
        work = build_job_services(settings, self._database, PatientRegistry(self._database))
        self._jobs, self._uploads, self._library = work.jobs, work.uploads, work.variants
        self._started = self._starting = 0.0
        self._ready = False
        self._process = self._start()
        self._usual_seconds = 0.0
        self.tally = Tally()

    def close(self) -> None:
        end(self._process)
        self._library.close()
        self._database.close()

    def measure(self) -> None:
        """Let two jobs run undisturbed, to know how long one takes once the process is up."""
        for _ in range(2):
            upload_id = self._upload()
            self._wait_until_ready()
            began = time.monotonic()
            job = self._finished(self._submit(upload_id))
            self._usual_seconds = time.monotonic() - began
            if job is None or job.status is not JobStatus.COMPLETED:
                raise RuntimeError("an undisturbed job does not complete")

    def run(self) -> None:
        """Submit, kill, start again, and look."""
        self.tally.runs += 1
        upload_id = self._upload()
        self._wait_until_ready()
        moment = self._chance.uniform(0, 1.1 * self._usual_seconds)
        known = {job.id for job in self._jobs.list(LOCAL_USER, limit=1_000)}
        self._say(upload_id)
        time.sleep(moment)
        self._kill()
        acknowledged = self._answered()
        end(self._process)
        if self._chance.random() < _SECOND_KILL_SHARE:
            self._process = self._start()
            time.sleep(self._chance.uniform(0, 2 * self._usual_seconds))
            self._kill()
            end(self._process)
        new = [job for job in self._jobs.list(LOCAL_USER, limit=10) if job.id not in known]
        self._process = self._start()
        for job in new:
            if not job.finished:
                self.tally.continued += 1
                self._note_restart(job)
            self._judge(job.id, moment)
        if acknowledged and acknowledged not in {job.id for job in new}:
            self._fault("lost", f"{acknowledged} was acknowledged and is not stored")

    def _judge(self, job_id: str, moment: float) -> None:
        job = self._finished(job_id)
        if job is None or job.status is not JobStatus.COMPLETED:
            state = "gone" if job is None else f"{job.status.value}: {job.message}"
            self._fault("lost", f"killed after {moment:.2f} s: {state}")
            return
        tables = [table for table in self._library.list(LOCAL_USER) if table.job_id == job_id]
        if len(tables) != 1 or [table.id for table in tables] != list((job.result or {})["table_ids"]):
            self._fault("duplicated" if len(tables) > 1 else "lost", f"killed after {moment:.2f} s: {len(tables)} tables")
            return
        path = self._library.folder(tables[0].id) / TABLE_FILE
        with duckdb.connect(":memory:") as connection:
            counted = connection.execute("SELECT count(*), count(DISTINCT pos) FROM read_parquet(?)", [str(path)]).fetchone()
        if counted != (_ROWS, _ROWS):
            self._fault("lost" if (counted or (0,))[0] < _ROWS else "duplicated", f"killed after {moment:.2f} s: {counted} rows")

    def _fault(self, kind: str, text: str) -> None:
        setattr(self.tally, kind, getattr(self.tally, kind) + 1)
        self.tally.faults.append(text)

    def _note_restart(self, job: Job) -> None:
        """Measure from the start of the new process until the job runs again."""
        began = self._started
        while time.monotonic() - began < _PATIENCE_SECONDS:
            now = self._get(job.id)
            if now is None or now.finished or (now.status is JobStatus.PROCESSING and now.started_at != job.started_at):
                break
            time.sleep(0.02)
        self.tally.slowest_restart_seconds = max(self.tally.slowest_restart_seconds, time.monotonic() - began)
        again = self._get(job.id)
        if again is not None and again.started_at is not None:
            self._wait_until_ready()
            resumed = again.started_at.timestamp() - self._starting
            self.tally.slowest_resume_seconds = max(self.tally.slowest_resume_seconds, resumed)

    def _finished(self, job_id: str) -> Job | None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            job = self._get(job_id)
            if job is None or job.finished:
                return job
            time.sleep(0.05)
        return self._get(job_id)

    def _get(self, job_id: str) -> Job | None:
        try:
            return self._jobs.get(LOCAL_USER, job_id)
        except ParatopeError:
            return None

    def _upload(self) -> str:
        start = self._chance.randrange(1, 1_000)
        body = "".join(f"1\t{start + 10 * number}\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\n" for number in range(_ROWS))
        data = (_HEADER + body).encode()
        upload = self._uploads.begin(LOCAL_USER, "crash.vcf", len(data))
        return self._uploads.append(LOCAL_USER, upload.id, 0, data).id

    def _submit(self, upload_id: str) -> str:
        self._say(upload_id)
        return self._answered()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _answered(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _wait_until_ready(self) -> None:
        if not self._ready:
            self._starting = float(self._answered().removeprefix(_STARTING))
            self._ready = self._answered() == _READY

    def _start(self) -> subprocess.Popen[str]:
        settings = self._settings
        url = settings.database_url.get_secret_value() if settings.database_url else ""
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "validation.job_crashes", "--serve", str(settings.data_dir), "--database-url", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1],
        )
        self._started = time.monotonic()
        self._ready = False
        return process

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()
        began = time.monotonic()
        ours = {job.id for job in self._jobs.list(LOCAL_USER, limit=20)}
        while children(ours) and time.monotonic() - began < _PATIENCE_SECONDS:
            time.sleep(0.02)
        self.tally.slowest_child_end_seconds = max(self.tally.slowest_child_end_seconds, time.monotonic() - began)


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process, if it still runs, and close the pipes to it."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):
            pipe.close()


def children(job_ids: set[str]) -> list[int]:
    """Return the ids of processes that do the heavy part of these jobs; Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "services.pipelines.child" in command and job_ids.intersection(command):
            found.append(int(entry.name))
    return found


def crash(runs: int, folder: Path, seed: int, database_url: str = "") -> Tally:
    """Do `runs` runs in `folder` and return what was seen."""
    crasher = Crasher(_settings(folder, database_url), random.Random(seed))  # noqa: S311 - moments, not secrets
    try:
        crasher.measure()
        for number in range(runs):
            crasher.run()
            print(f"{number + 1}/{runs}: {crasher.tally.lost} lost, {crasher.tally.duplicated} duplicated", flush=True)
        return crasher.tally
    finally:
        crasher.close()


def _settings(folder: Path, database_url: str) -> Settings:
    return Settings(data_dir=folder, demo_data=False, database_url=SecretStr(database_url) if database_url else None)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--serve", type=Path)
    given = parser.parse_args()
    if given.serve is not None:
        serve(_settings(given.serve, given.database_url))
        return 0
    with tempfile.TemporaryDirectory(prefix="paratope-crashes-") as folder:
        tally = crash(given.runs, Path(folder), given.seed, given.database_url)
    print(json.dumps(tally.as_dict()))
    return 0 if tally.lost == tally.duplicated == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
