"""Measures one large upload over HTTP into the whole program: how fast, and by how much the process grows.

    python -m benchmarks.upload --megabytes 2048

The file is made up while it is sent, so that only the program's own memory and disk are measured. The last line is JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import progress, resident_mb

_ROOT = Path(__file__).resolve().parents[1]
_CHUNK = 8 << 20
_SETTLE_SECONDS = 3.0
_START_SECONDS = 600.0
_HEADER = b"##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
_LINE = b"1\t1234567\t.\tA\tG\t50\tPASS\tDP=30;AF=0.5\n"


def run(megabytes: int = 2_048) -> dict[str, Any]:
    """Send a VCF of that many MB in pieces of 8 MB; returns seconds, rate, and resident memory before, at most and after."""
    size = megabytes << 20
    body = (_LINE * (_CHUNK // len(_LINE) + 1))[:_CHUNK]
    with tempfile.TemporaryDirectory() as folder, _program(Path(folder)) as (process, port):
        announced = json.dumps({"filename": "large.vcf", "size": size}).encode()
        upload = _ask(port, "POST", "/api/uploads", announced, "application/json")
        before = _resident(process.pid)
        with _Highest(process.pid) as highest:
            started = time.perf_counter()
            offset = 0
            while offset < size:
                piece = (_HEADER + body)[: min(_CHUNK, size)] if offset == 0 else body[: size - offset]
                answer = _ask(port, "PATCH", f"/api/uploads/{upload['id']}", piece, "application/octet-stream", offset)
                offset = answer["offset"]
            seconds = time.perf_counter() - started
        assert answer["state"] == "complete", answer
        time.sleep(_SETTLE_SECONDS)
        after = _resident(process.pid)
    return {
        "megabytes": megabytes, "seconds": round(seconds, 1), "mb_per_second": round(megabytes / seconds, 1),
        "rss_before_mb": before, "rss_highest_mb": highest.value, "rss_after_mb": after,
        "rss_growth_mb": round(highest.value - before, 1),
    }


@contextmanager
def _program(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    progress("upload: starting the program")
    ui, api = _free_port(), _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AUTO_", "ANTHROPIC_"))},
        "AUTO_DATA_DIR": str(folder), "AUTO_UI_PORT": str(ui), "AUTO_API_PORT": str(api), "AUTO_DEMO_DATA": "false",
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(ui)]
    process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_prepared(process, api)
        time.sleep(_SETTLE_SECONDS)
        yield process, ui
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_prepared(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the program ended with code {process.returncode}")
        try:
            if _ask(port, "GET", "/health", b"", "application/json")["preparation"]["done"]:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError("the program did not get ready")


def _resident(pid: int) -> float:
    value = resident_mb(pid)
    if value is None:
        raise RuntimeError("this system does not tell the memory of a process")
    return value


def _ask(port: int, method: str, path: str, body: bytes, kind: str, offset: int | None = None) -> dict[str, Any]:
    """One request on a connection of its own; waits when the limit of requests says so."""
    headers = {"Content-Type": kind} | ({} if offset is None else {"Upload-Offset": str(offset)})
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content: dict[str, Any] = json.load(answer)
        finally:
            connection.close()
        if answer.status == 429:
            time.sleep(int(answer.headers["Retry-After"]))
            continue
        if answer.status >= 300:
            raise RuntimeError(f"{method} answered {answer.status}: {content}")
        return content


class _Highest:
    """The highest resident memory of a process while the block runs, looked at fifty times a second."""

    def __init__(self, pid: int) -> None:
        self.value = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> _Highest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            self.value = max(self.value, _resident(self._pid))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upload", description="Measure one large upload.")
    parser.add_argument("--megabytes", type=int, default=2_048)
    print(json.dumps(run(parser.parse_args().megabytes)))


if __name__ == "__main__":
    main()
