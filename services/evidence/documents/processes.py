"""Children that open PDFs: started when needed, kept while healthy, killed and replaced when a document overruns.

A `WorkerPool` is safe to use from many threads. A call takes a free child, hands it the open file, and waits up to the wall
time limit. A child that is late, dies, or breaks the protocol is killed; the call ends in a `DocumentError` that says which
limit was hit, and the next call gets a fresh child.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Literal

from services.errors import BrokenDocumentError, DocumentLimitError, UnavailableError
from services.evidence.documents.model import Limits

_ROOT = Path(__file__).resolve().parents[3]
_START_SECONDS = 60.0
_MAX_BLOB = 200_000_000
_DOCUMENTS_PER_CHILD = 500  # a long-lived parser slowly fragments its memory


class _ChildLostError(Exception):
    """The child ended or spoke out of turn before it answered."""


class _Child:
    """One child process and the socket to it."""

    def __init__(self, kind: str, memory_bytes: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # `-S` with an explicit path keeps start-up files of site-packages out; the environment holds no secret of ours.
            self.process = subprocess.Popen(  # noqa: S603 - a fixed command, no part of it from a user
                [sys.executable, "-S", "-P", "-m", "services.evidence.documents.worker", kind, str(theirs.fileno()),
                 str(memory_bytes)],
                env={"PYTHONPATH": import_path(), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
                cwd="/", pass_fds=[theirs.fileno()], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        self.socket = ours
        self.served = 0

    def wait_until_ready(self) -> None:
        """Wait for the child's first word. :raise UnavailableError: it cannot run here."""
        try:
            answer, _ = self.receive(time.monotonic() + _START_SECONDS, 10_000)
        except (TimeoutError, OSError, _ChildLostError) as error:
            raise UnavailableError("The process that reads PDF documents could not be started.") from error
        if not answer.get("ready"):
            raise UnavailableError(
                f"The process that reads PDF documents lacks the Python package {answer.get('missing')!r}: install it."
            )

    def ask(self, request: dict[str, Any], file_descriptor: int, deadline: float, max_body: int) -> tuple[dict[str, Any], bytes]:
        """Send one request and return its answer. :raise TimeoutError: not answered before `deadline` (monotonic)."""
        body = json.dumps(request).encode()
        self._set_deadline(deadline)
        socket.send_fds(self.socket, [struct.pack(">Q", len(body))], [file_descriptor])
        self.socket.sendall(body)
        self.served += 1
        return self.receive(deadline, max_body)

    def receive(self, deadline: float, max_body: int) -> tuple[dict[str, Any], bytes]:
        lengths = struct.unpack(">QQ", self._exactly(16, deadline))
        if lengths[0] > max_body or lengths[1] > _MAX_BLOB:
            raise _ChildLostError
        try:
            answer = json.loads(self._exactly(lengths[0], deadline))
        except ValueError as error:
            raise _ChildLostError from error
        if not isinstance(answer, dict):
            raise _ChildLostError
        return answer, self._exactly(lengths[1], deadline)

    def _exactly(self, count: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < count:
            self._set_deadline(deadline)
            part = self.socket.recv(min(count - len(received), 1 << 20))
            if not part:
                raise _ChildLostError
            received += part
        return bytes(received)

    def _set_deadline(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.socket.settimeout(remaining)

    def end(self) -> int:
        """Kill the child and return its exit status; negative is the signal that ended it before."""
        self.socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout=0.2)
        self.process.kill()
        self.process.wait()
        return 0


class WorkerPool:
    """Up to `limits.workers` children of one kind ("text" or "image")."""

    def __init__(self, kind: Literal["text", "image"], limits: Limits) -> None:
        self._kind = kind
        self._limits = limits
        self._slots = threading.BoundedSemaphore(limits.workers)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._closed = False
        self._finalizer = weakref.finalize(self, _end_all, self._idle)

    def run(self, request: dict[str, Any], file_descriptor: int) -> tuple[dict[str, Any], bytes]:
        """Have a child work on the open file; returns its answer and blob.

        :raise DocumentLimitError: the document overran its time or memory.
        :raise BrokenDocumentError: the child crashed on the document.
        :raise UnavailableError: no child can be started, or the pool is closed.
        """
        limits = self._limits
        with self._slots:
            child = self._take()
            try:
                answer = child.ask(
                    {**request, "cpu_seconds": limits.cpu_seconds}, file_descriptor,
                    time.monotonic() + limits.wall_seconds, max_body=20 * limits.characters + 10_000_000,
                )
            except TimeoutError as error:
                self._kill(child)
                raise DocumentLimitError(self._time_message()) from error
            except (_ChildLostError, OSError) as error:
                raise self._died(child.end()) from error
            except BaseException:
                self._kill(child)  # an interrupted call leaves an answer on the way: this child cannot be used again
                raise
            self._give_back(child, ends=bool(answer[0].get("ends")))
            return answer

    def close(self) -> None:
        """End all children. Idempotent; a call under way ends with its own answer first."""
        with self._lock:
            self._closed = True
            idle, self._idle[:] = list(self._idle), []
        for child in idle:
            child.end()

    def _take(self) -> _Child:
        with self._lock:
            if self._closed:
                raise UnavailableError("The document reader has been closed.")
            while self._idle:
                child = self._idle.pop()
                if child.process.poll() is None:
                    return child
                child.end()
        child = _Child(self._kind, self._limits.memory_bytes)
        try:
            child.wait_until_ready()
        except BaseException:
            self._kill(child)
            raise
        return child

    def _give_back(self, child: _Child, *, ends: bool) -> None:
        with self._lock:
            if not ends and not self._closed and child.served < _DOCUMENTS_PER_CHILD and child.process.poll() is None:
                self._idle.append(child)
                return
        child.end()

    @staticmethod
    def _kill(child: _Child) -> None:
        child.process.kill()
        child.end()

    def _time_message(self) -> str:
        return (
            f"The document was not finished within {self._limits.wall_seconds:g} seconds and was given up. "
            "Print it to a new PDF or split it, and upload that."
        )

    def _died(self, status: int) -> DocumentLimitError | BrokenDocumentError:
        if status == -signal.SIGXCPU:
            return DocumentLimitError(
                f"The document needed more than {self._limits.cpu_seconds} seconds of processor time and was given up. "
                "Print it to a new PDF or split it, and upload that."
            )
        if status == -signal.SIGKILL:
            return DocumentLimitError(
                "The document needs more memory to read than it may use. Print it to a new PDF or split it, and upload that."
            )
        return BrokenDocumentError(
            "The PDF is damaged in a way that stops the reader. Export the document again and upload the new file."
        )


def _end_all(children: list[_Child]) -> None:
    while children:
        children.pop().end()


def import_path() -> str:
    """The import path of this process, made absolute, with the product's own folder first."""
    entries = [str(_ROOT), *(os.path.abspath(entry) for entry in sys.path if entry and os.path.exists(entry))]
    return os.pathsep.join(dict.fromkeys(entry for entry in entries if os.pathsep not in entry))
