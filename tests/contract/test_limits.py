"""Limits over real HTTP: size by declaration and by counting, requests by client and minute."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from api.application import create_api
from api.rate_limits import RateLimit, RequestLimits, client_of
from services.container import Services
from services.settings import Settings
from tests.contract.conftest import Serve
from tests.fakes import pdfs
from tests.real_servers import served

MB = 1 << 20


class Clock:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def small(services: Services, serve: Serve) -> httpx.Client:
    """The API with a limit of one megabyte."""
    return serve(services, max_request_size_mb=1)


def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_read(small: httpx.Client) -> None:
    answer = _raw(small, b"POST /ingest/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"AUTO_MAX_REQUEST_SIZE_MB" in answer


@pytest.mark.parametrize("path", ["/search", "/query", "/ingest/upload", "/analyze", "/differential"])
def test_a_body_without_a_length_is_refused_while_it_streams(small: httpx.Client, path: str) -> None:
    kind, start = "application/json", b'{"question": "'
    if path == "/ingest/upload":
        kind = "multipart/form-data; boundary=x"
        start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = _raw(small, head.encode(), _chunked([start, *[b"a" * 65_536] * 40]))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["detail"]


def test_what_is_within_the_limit_passes_whichever_way_it_is_sent(small: httpx.Client) -> None:
    body = json.dumps({"question": "C3", "ignored": "x" * (MB - 100)}).encode()
    assert len(body) < MB
    headers = {"content-type": "application/json"}
    assert small.post("/search", content=body, headers=headers).status_code == 200
    assert small.post("/search", content=iter([body[:1000], body[1000:]]), headers=headers).status_code == 200


def test_a_refused_upload_leaves_nothing_behind(small: httpx.Client, services: Services) -> None:
    files = services.settings.data_dir / "files"
    before = {path for path in files.rglob("*") if path.is_file()}
    content = pdfs.text_pdf(pdfs.NOTE) + b"%" * (2 * MB)
    assert small.post("/ingest/upload", data={"patient_id": "LIMIT-1"}, files={"file": ("a.pdf", content)}).status_code == 413
    assert {path for path in files.rglob("*") if path.is_file()} == before


def test_the_document_library_has_the_same_limit(services: Services, api: httpx.Client) -> None:
    content = pdfs.text_pdf(pdfs.NOTE) + b"%" * (services.settings.max_request_size_mb * MB)
    response = api.post("/ingest/upload", data={"patient_id": "LIMIT-2"}, files={"file": ("a.pdf", content)})
    assert response.status_code == 413


def test_after_a_refusal_the_next_request_is_served(small: httpx.Client) -> None:
    assert small.post("/search", content=b"x" * (2 * MB)).status_code == 413
    assert small.post("/search", json={"question": "C3"}).status_code == 200


# Requests per minute


def test_a_client_that_asks_too_often_waits_and_is_told_how_long(services: Services, serve: Serve) -> None:
    client = serve(services, rate_limit_per_minute=3)
    answers = [client.get("/healthz") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert "wait" in answers[-1].json()["detail"]


def test_wrong_keys_have_a_small_bucket_of_their_own(services: Services, serve: Serve) -> None:
    client = serve(services, api_key=SecretStr("right"))
    answers = [client.get("/healthz", headers={"X-API-Key": f"guess-{number}"}) for number in range(25)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:20] == [401] * 20
    assert set(statuses[20:]) == {429}
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert client.get("/collections", headers={"X-API-Key": "right"}).status_code == 200


def test_two_listeners_of_one_process_share_one_budget(services: Services) -> None:
    settings, limits = Settings(rate_limit_per_minute=3), RequestLimits(3)
    with (
        served(create_api(settings, lambda: services, limits)) as first,
        served(create_api(settings, lambda: services, limits)) as second,
        httpx.Client(trust_env=False) as client,
    ):
        answers = [client.get(f"{url}/healthz").status_code for url in (first, second, first, second, first)]
    assert answers == [200, 200, 200, 429, 429]


def test_wrong_keys_from_ever_new_addresses_come_to_an_end() -> None:
    limits = RequestLimits(600, Clock())
    waits = [limits.wrong_key(f"192.0.2.{number % 250}") for number in range(400)]
    assert waits[:300] == [0] * 300
    assert min(waits[300:]) > 0


def test_all_addresses_of_one_network_are_one_client() -> None:
    assert client_of("2001:db8:1:2::1") == client_of("2001:db8:1:2:ffff::9") != client_of("2001:db8:1:3::1")
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1") != client_of("192.0.2.2")
    assert client_of("unknown") == "unknown"


def test_the_bucket_refills_with_time_up_to_its_size() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    assert [limit.seconds_to_wait("a") for _ in range(60)] == [0] * 60
    assert limit.seconds_to_wait("a") == 1
    clock.seconds += 2
    assert [limit.seconds_to_wait("a") for _ in range(3)] == [0, 0, 1]
    clock.seconds += 3_600
    assert [limit.seconds_to_wait("a") for _ in range(61)] == [0] * 60 + [1]


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Clock()
    for per_minute in (1, 2, 7, 20, 59, 61, 600):
        limit = RateLimit(per_minute, clock)
        while not (wait := limit.seconds_to_wait("a")):
            pass
        clock.seconds += wait
        assert limit.seconds_to_wait("a") == 0, per_minute


def test_clients_do_not_share_a_bucket_and_their_number_is_bounded() -> None:
    limit = RateLimit(1, Clock())
    assert limit.seconds_to_wait("a") == 0
    assert limit.seconds_to_wait("b") == 0
    assert limit.seconds_to_wait("a") > 0
    for number in range(20_000):
        limit.seconds_to_wait(f"client-{number}")
    assert len(limit._buckets) == 10_000


def _chunked(pieces: list[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def _raw(client: httpx.Client, head: bytes, body: Iterable[bytes] = ()) -> bytes:
    """Send bytes as they are and return what comes back, also when the server stops listening in the middle."""
    address = urlsplit(str(client.base_url))
    received = b""
    with socket.create_connection((address.hostname, address.port), 20) as connection:
        connection.settimeout(20)
        try:
            connection.sendall(head)
            for piece in body:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            while piece := connection.recv(65_536):
                received += piece
                if b"}" in received:
                    break
        except ConnectionResetError:
            pass
    return received
