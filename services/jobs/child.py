"""The heavy part of a job in a process of its own: it can be killed at any moment, and ends by itself when we end.

The child is started as `python -m services.pipelines.child TASK JOB_ID`: only ids on the command line. What it is to do comes as
one line of JSON on its standard input, which then stays open: its end tells the child that its parent is gone, however that
happened. It answers with lines of JSON on its standard output:

    {"progress": 0.42, "message": "120,000 records"}
    {"result": {...}}  or  {"problem": {"reason", "advice", "line", "field", "value"}}  or  {"crash": "KeyError", "where": "..."}
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.errors import UnavailableError
from services.evidence.documents.processes import import_path
from services.jobs.model import JobProblem, WorkFailedError

_LOG = logging.getLogger("paratope.jobs")
_MODULE = "services.pipelines.child"
_LOOK_SECONDS = 0.2
_MAX_LINE = 4_000_000
_END_SECONDS = 5.0

Report = Callable[[float, str], None]
"""Called with the share of the work that is done (0 to 1) and what to show."""


class StoppedError(Exception):
    """The work was told to stop, and has stopped. Never leaves the job that was stopped."""


def run_child(
    task: str, job_id: str, payload: Mapping[str, Any], *, report: Report, should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Run a task in a child process and return its result; kills the child with all it started when told to stop.

    :raise StoppedError: it was told to stop; nothing of it runs any more.
    :raise WorkFailedError: the task says why it cannot be done, or ended without a word.
    :raise UnavailableError: no process could be started.
    """
    child = _start(task, job_id)
    try:
        _tell(child, payload)
        for line in _lines(child, should_stop):
            if "progress" in line:
                report(float(line["progress"]), str(line.get("message", "")))
            elif "result" in line:
                result: dict[str, Any] = line["result"]
                return result
            else:
                raise _failure(task, line)
    finally:
        status = _end(child)
    raise WorkFailedError(_without_a_word(status))


def _start(task: str, job_id: str) -> subprocess.Popen[bytes]:
    # the environment holds no secret of ours; `-S` keeps start-up files of site-packages out
    environment = {"PYTHONPATH": import_path(), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.Popen(  # noqa: S603 - a fixed command; the task and the id are ours
            [sys.executable, "-S", "-P", "-m", _MODULE, task, job_id],
            env=environment, cwd="/", start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise UnavailableError(f"no process could be started for the job ({error.strerror}): try again") from error


def _tell(child: subprocess.Popen[bytes], payload: Mapping[str, Any]) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it ended at once: its exit status says more
        child.stdin.write(json.dumps(payload).encode() + b"\n")
        child.stdin.flush()


def _lines(child: subprocess.Popen[bytes], should_stop: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """Yield what the child says, until it closes its end. :raise StoppedError: told to stop, which is asked all the time."""
    assert child.stdout is not None
    pending = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if should_stop():
                raise StoppedError
            if not selector.select(_LOOK_SECONDS):
                continue
            piece = os.read(child.stdout.fileno(), 1 << 16)
            if not piece or len(pending) > _MAX_LINE:
                return
            pending += piece
            *whole, rest = pending.split(b"\n")
            pending = bytearray(rest)
            for line in whole:
                content = json.loads(line)
                assert isinstance(content, dict)
                yield content


def _end(child: subprocess.Popen[bytes]) -> int:
    """Make sure that nothing of the child runs any more; return its exit status, negative for the signal that ended it."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()  # the child ends at this by itself
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    return child.wait(timeout=_END_SECONDS)


def _failure(task: str, line: Mapping[str, Any]) -> WorkFailedError:
    if "problem" in line:
        return WorkFailedError(JobProblem.from_dict(line["problem"]))
    _LOG.error("unexpected %s in task %s\n%s", line.get("crash"), task, line.get("where", ""))
    return WorkFailedError(
        JobProblem(
            f"the work ended in an unexpected error ({line.get('crash')}), which was logged",
            "Try again. If it happens again, report it with the id of this job.",
        )
    )


def _without_a_word(status: int) -> JobProblem:
    if status == -signal.SIGKILL:
        return JobProblem(
            "the operating system ended the work, most likely because the machine ran out of memory",
            "Close other programs or use a machine with more memory, then retry.",
        )
    if status < 0:
        return JobProblem(
            f"the work crashed ({signal.Signals(-status).name})", "Retry. If it happens again, report it with the id of this job."
        )
    return JobProblem("the work ended without a result", "Retry. If it happens again, report it with the id of this job.")
