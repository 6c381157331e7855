"""Real servers on the loopback for tests: a Milvus over the network, and the API over HTTP. Each is ended by its own handle."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MilvusServer:
    """A Milvus in a process of its own, as `AUTO_MILVUS_URI` would name it."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Serve the folder at the port of before."""
        program = Path(sys.executable).with_name("milvus-lite")
        self._process = subprocess.Popen(
            [program, "server", "--data-dir", self._folder, "--host", "127.0.0.1", "--port", str(self._port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_for_port(self._port, 60)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def pause(self) -> None:
        """Stop answering without closing a connection, as a hung machine does."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)


def wait_for_port(port: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} s")


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve `app` over HTTP with the settings that `app.py` uses; gives the base URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the API did not start")
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
