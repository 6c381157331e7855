"""The child process of a job: reads what it is to do, does it, and says how far it is. SEE: `services/jobs/child.py`.

It has no access to the database and holds no secret. It ends when its parent ends, however that happens: the pipe on its standard
input breaks then, and a thread waits for nothing else.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.errors import ParatopeError
from services.pipelines import annotation_work, batch_classification_work, import_work, read_calling_work, reference_work
from services.pipelines.import_work import RefusedError, Report

Task = Callable[[Mapping[str, Any], Report], dict[str, Any]]
TASKS: Mapping[str, Task] = {
    "annotate_table": annotation_work.annotate_table,
    "call_reads": read_calling_work.call_reads,
    "classify_table": batch_classification_work.classify_table,
    "import_variants": import_work.import_variants,
    "install_reference": reference_work.install_reference,
}


def _go_first() -> None:
    """Have the system end this process before all others when memory runs out: its job fails and says so, nobody else notices."""
    with contextlib.suppress(OSError):  # there is no such file outside Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main(task: str) -> int:
    """Do one task. Returns the exit status: 0 when the parent was told how it ended."""
    logging.disable(logging.CRITICAL)  # library warnings may quote the file
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _go_first()
    said = os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what a library prints must not get into our lines
    payload = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_parent, daemon=True).start()

    def say(content: dict[str, Any]) -> None:
        os.write(said, json.dumps(content).encode() + b"\n")

    try:
        say({"result": TASKS[task](payload, lambda share, message: say({"progress": share, "message": message}))})
    except RefusedError as refused:
        say({"problem": refused.content})
    except ParatopeError as error:
        say({"problem": {"reason": error.message, "advice": "Put this right, then retry."}})
    except OSError as error:
        say({"problem": {"reason": f"a file could not be read or written ({error.strerror})",
                         "advice": "Look for free disk space, then retry."}})
    except Exception as error:  # noqa: BLE001 - the edge of a process: its parent must learn what happened
        # where it happened, without the message: that may hold a line of the file
        say({"crash": type(error).__name__, "where": "".join(traceback.format_tb(error.__traceback__))[-4_000:]})
    return 0


def _end_with_the_parent() -> None:
    while sys.stdin.buffer.read(1 << 10):
        pass
    if os.getpid() == os.getpgrp():
        os.killpg(0, signal.SIGKILL)  # with the tools it has started
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
