"""Measures the start of the whole program in an empty data directory: first health answer, ready, memory when idle."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.report import progress, resident_mb

_ROOT = Path(__file__).resolve().parents[1]
_LIMIT_SECONDS = 600.0
_IDLE_SECONDS = 3.0


def run(*, demo_data: bool = False) -> dict[str, Any]:
    """Return seconds to the first answer of /health, seconds until everything is prepared, and resident memory then."""
    progress("start: an empty data directory")
    with tempfile.TemporaryDirectory() as folder:
        api_port, ui_port = _free_port(), _free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AUTO_", "ANTHROPIC_"))},
            "AUTO_DATA_DIR": folder, "AUTO_API_PORT": str(api_port), "AUTO_UI_PORT": str(ui_port),
            "AUTO_DEMO_DATA": str(demo_data).lower(), "HF_HUB_OFFLINE": "1",
        }
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(ui_port)]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            first = _wait(process, api_port, started, ready=False)
            ready = _wait(process, api_port, started, ready=True)
            time.sleep(_IDLE_SECONDS)
            memory = resident_mb(process.pid)
        finally:
            process.terminate()
            process.wait(60)
    return {"first_health_s": round(first, 1), "prepared_s": round(ready, 1), "idle_rss_mb": memory}


def _wait(process: subprocess.Popen[bytes], port: int, started: float, *, ready: bool) -> float:
    while time.perf_counter() - started < _LIMIT_SECONDS:
        if process.poll() is not None:
            raise RuntimeError(f"the program ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
                preparation = json.load(answer)["preparation"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
            continue
        if preparation["failure"]:
            raise RuntimeError(f"the preparation failed: {preparation['failure']}")
        if not ready or preparation["done"]:
            return time.perf_counter() - started
        time.sleep(0.2)
    raise RuntimeError(f"the program did not get ready within {_LIMIT_SECONDS:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
