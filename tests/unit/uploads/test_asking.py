"""Services that an administrator named: asked at their address and nowhere else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from services.errors import InvalidInputError, UnavailableError
from services.network.asking import Service
from tests.unit.uploads.tls_server import NAME, body, redirect, serving


@pytest.mark.parametrize("sent", [None, b"{}"], ids=["asked", "posted"])
@pytest.mark.parametrize("place", ["https://other.example.org/x", "/elsewhere", "https://127.0.0.1/x"])
def test_a_service_that_redirects_is_not_followed(tmp_path: Path, place: str, sent: bytes | None) -> None:
    with serving(tmp_path, lambda _path, connection: connection.sendall(redirect(place))) as server:
        service = Service.at(f"https://{NAME}/api", network=server.network())
        with pytest.raises(InvalidInputError, match="redirects"):
            service.ask("/info", sent, limit_bytes=1 << 20, silence_seconds=5, should_stop=lambda: False)
        assert len(server.requests) == 1


def test_an_answer_beyond_the_limit_is_not_read_on(tmp_path: Path) -> None:
    def flood(_path: str, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"a" * 65_536 + b"\r\n")

    with serving(tmp_path, flood) as server, pytest.raises(UnavailableError, match="more than 1 MB"):
        Service.at(f"https://{NAME}", network=server.network()).ask(
            "/info", limit_bytes=1 << 20, silence_seconds=20, should_stop=lambda: False
        )


def test_an_answer_comes_whole_with_the_pause_that_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, lambda _path, connection: connection.sendall(body(b"{}", "Retry-After: 7"))) as server:
        service = Service.at(f"https://{NAME}/api", network=server.network())
        answer = service.ask("/info", limit_bytes=1 << 20, silence_seconds=5, should_stop=lambda: False)
    assert answer is not None
    assert (answer.status, answer.body, answer.retry_after) == (200, b"{}", 7.0)
