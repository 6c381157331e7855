"""A few runs of `validation/job_crashes.py`; a hundred are for `python -m validation.job_crashes --runs 100`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from validation.job_crashes import crash


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for child processes in /proc")
def test_killing_the_process_at_random_moments_loses_no_job_and_doubles_no_row(tmp_path: Path) -> None:
    tally = crash(5, tmp_path, seed=5)
    assert (tally.runs, tally.lost, tally.duplicated) == (5, 0, 0), tally.faults
    assert tally.continued > 0, "no run met an unfinished job"
    assert tally.slowest_child_end_seconds < 5
    assert tally.slowest_resume_seconds < 5
