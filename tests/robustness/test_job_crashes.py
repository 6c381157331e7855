"""A few runs of `validation/job_crashes.py`; a hundred are for `python -m validation.job_crashes --runs 100`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER
from services.container import build_job_services
from services.jobs.model import JobStatus
from services.patients.registry import PatientRegistry
from services.pipelines.import_request import ImportRequest
from services.settings import Settings
from services.storage.database import Database
from validation.job_crashes import children, crash, end


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for child processes in /proc")
def test_killing_the_process_at_random_moments_loses_no_job_and_doubles_no_row(tmp_path: Path) -> None:
    tally = crash(5, tmp_path, seed=5)
    assert (tally.runs, tally.lost, tally.duplicated) == (5, 0, 0), tally.faults
    assert tally.continued > 0, "no run met an unfinished job"
    assert tally.slowest_child_end_seconds < 5
    assert tally.slowest_resume_seconds < 5


@pytest.mark.slow
def test_a_job_of_a_killed_process_is_taken_over_by_a_living_one(tmp_path: Path) -> None:
    """What the queue itself does not do: a second process notices by the lock that the first is gone."""
    settings = Settings(data_dir=tmp_path, demo_data=False)
    database = Database(settings.sql_url)
    database.migrate()
    work = build_job_services(settings, database, PatientRegistry(database))
    rows = "".join(f"1\t{position}\t.\tA\tG\t50\tPASS\t.\n" for position in range(1, 500_000))
    data = f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{rows}".encode()
    upload = work.uploads.append(LOCAL_USER, work.uploads.begin(LOCAL_USER, "a.vcf", len(data)).id, 0, data)
    both = [_process(tmp_path), _process(tmp_path)]
    try:
        job = work.variant_imports.submit(LOCAL_USER, upload.id, ImportRequest())
        _until(lambda: bool(children({job.id})))
        (child,) = children({job.id})
        owner = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        end(next(process for process in both if process.pid == owner))
        _until(lambda: work.jobs.get(LOCAL_USER, job.id).finished)
        done = work.jobs.get(LOCAL_USER, job.id)
        assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)
        assert [table.row_count for table in work.variants.list(LOCAL_USER)] == [499_999]
    finally:
        for process in both:
            end(process)
        database.close()


def _process(folder: Path) -> subprocess.Popen[str]:
    """Start a process that runs jobs, and wait until it does."""
    started = subprocess.Popen(
        [sys.executable, "-m", "validation.job_crashes", "--serve", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[2],
    )
    assert started.stdout is not None
    while started.stdout.readline().strip() != "ready":
        assert started.poll() is None
    return started


def _until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
