"""Keys and headers over real HTTP: who is let in, from where, and what every response carries."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from services.container import Services
from tests.contract.conftest import Serve
from tests.real_servers import free_port, wait_for_port

PATIENT = "Zqxv Canary"
KEY = "canary-key-7f3a91"
OPEN = ("/", "/health", "/healthz", "/metrics")
LOCKED = (
    ("POST", "/search"), ("POST", "/query"), ("POST", "/query/stream"), ("POST", "/analyze"), ("POST", "/differential"),
    ("POST", "/ingest/upload"), ("POST", "/ingest/demo-data"), ("GET", "/collections"), ("POST", "/collections/create"),
    ("GET", "/openapi.json"), ("GET", "/no-such-path"),
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.fixture
def locked(services: Services, serve: Serve) -> httpx.Client:
    return serve(services, api_key=SecretStr(KEY))


WAYS: dict[str, dict[str, Any]] = {
    "bearer": {"headers": {"Authorization": f"Bearer {KEY}"}},
    "bearer in lower case": {"headers": {"authorization": f"bearer {KEY}"}},
    "own header": {"headers": {"X-API-Key": KEY}},
    "query": {"params": {"api_key": KEY}},
}
WRONG: dict[str, dict[str, Any]] = {
    "bearer": {"headers": {"Authorization": "Bearer wrong"}},
    "own header": {"headers": {"X-API-Key": "wrong"}},
    "query": {"params": {"api_key": "wrong"}},
    "longer": {"headers": {"X-API-Key": KEY + "x"}},
    "shorter": {"headers": {"X-API-Key": KEY[:-1]}},
    "not text": {"headers": {"X-API-Key": b"\xff\xfe"}},
    "wrong before right": {"headers": {"Authorization": "Bearer wrong", "X-API-Key": KEY}},
}


@pytest.mark.parametrize("way", WAYS)
def test_the_key_is_accepted_in_each_documented_place(locked: httpx.Client, way: str) -> None:
    assert locked.get("/collections", **WAYS[way]).status_code == 200


@pytest.mark.parametrize(("method", "path"), LOCKED)
def test_without_the_key_nothing_else_answers(locked: httpx.Client, method: str, path: str) -> None:
    response = locked.request(method, path)
    assert response.status_code == 401
    assert "X-API-Key" in response.json()["detail"]


@pytest.mark.parametrize("path", OPEN)
def test_health_and_identity_need_no_key(locked: httpx.Client, path: str) -> None:
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize("path", [*OPEN, "/collections"])
@pytest.mark.parametrize("way", WRONG)
def test_a_wrong_key_is_refused_even_where_none_is_needed(services: Services, serve: Serve, path: str, way: str) -> None:
    response = serve(services, api_key=SecretStr(KEY)).get(path, **WRONG[way])
    assert response.status_code == 401
    assert response.json() == {"detail": "the API key is not valid"}


@pytest.mark.parametrize("path", ["/collections/", "/COLLECTIONS", "/health/../collections", "/%63ollections"])
def test_another_spelling_of_a_path_does_not_pass_the_door(locked: httpx.Client, path: str) -> None:
    assert locked.get(path).status_code == 401


def test_with_no_key_configured_the_api_is_open_and_a_key_that_is_sent_does_not_matter(api: httpx.Client) -> None:
    assert api.get("/collections").status_code == 200
    assert api.get("/collections", headers={"X-API-Key": "any"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8532", "192.168.1.5:8532", "localhost.evil.example", "127.0.0.1.nip.io", ""]
)
def test_an_open_api_does_not_answer_under_a_foreign_name(api: httpx.Client, host: str) -> None:
    response = api.get("/collections", headers={"Host": host})
    assert response.status_code == 403
    assert "AUTO_API_KEY" in response.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8532", "127.0.0.1:8532", "[::1]:8532", "127.0.0.2"])
def test_an_open_api_answers_under_this_machines_names(api: httpx.Client, host: str) -> None:
    assert api.get("/collections", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "http://10.0.0.1"])
def test_a_page_of_another_site_cannot_change_anything(api: httpx.Client, origin: str) -> None:
    before = api.get("/collections").json()
    response = api.post("/collections/create?drop_existing=true", headers={"Origin": origin})
    assert response.status_code == 403
    assert api.get("/collections").json() == before


def test_the_dashboard_on_another_port_may_call_an_open_api(api: httpx.Client) -> None:
    assert api.get("/collections", headers={"Origin": "http://localhost:8531"}).status_code == 200


def test_with_a_key_the_name_does_not_matter(locked: httpx.Client) -> None:
    headers = {"Host": "paratope.hospital.example", "Origin": "https://paratope.hospital.example", "X-API-Key": KEY}
    assert locked.get("/collections", headers=headers).status_code == 200


def test_every_kind_of_response_carries_the_headers(locked: httpx.Client, serve: Serve, services: Services) -> None:
    key = {"X-API-Key": KEY}
    responses = [
        locked.get("/healthz"), locked.get("/metrics"), locked.get("/collections"), locked.get("/no-such-path", headers=key),
        locked.post("/search", json={}, headers=key), locked.get("/search", headers=key),
        locked.post("/query/stream", json={"question": "C3"}, headers=key),
        serve(None).get("/health"), serve(_broken(services)).get("/collections"),
    ]
    assert [response.status_code for response in responses] == [200, 200, 401, 404, 422, 405, 200, 503, 500]
    for response in responses:
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
        assert float(response.headers["x-process-time-ms"]) >= 0
        assert "server" not in response.headers


def test_before_the_services_exist_the_api_says_that_it_is_starting(serve: Serve) -> None:
    client = serve(None)
    assert client.get("/healthz").status_code == 200
    for method, path, body in (
        ("GET", "/", None), ("GET", "/health", None), ("GET", "/collections", None), ("POST", "/search", {"question": "C3"}),
        ("POST", "/query/stream", {"question": "C3"}),
    ):
        response = client.request(method, path, json=body)
        assert response.status_code == 503
        assert "not ready" in response.json()["detail"]


def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_no_patient(
    services: Services, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = serve(_broken(services)).get("/collections", params={"api_key": KEY})
    assert response.status_code == 500
    assert response.json() == {"detail": "unexpected error: it was logged; try again or report it"}
    logged = "\n".join(str(record.__dict__) for record in _own(caplog))
    assert "unexpected RuntimeError in GET /collections" in logged
    assert PATIENT not in logged
    assert KEY not in logged


@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_never_logged(
    locked: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], way: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        locked.get("/collections", **WAYS[way])
        locked.get("/no-such-path", **WAYS[way])
        locked.post("/search", content=b"{", **WAYS[way])
    written = capfd.readouterr()
    assert KEY not in written.out + written.err + "\n".join(str(record.__dict__) for record in _own(caplog))


def _own(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the product logged, without the client of this test."""
    return [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]


def _broken(services: Services) -> Services:
    """Services whose store fails in a way nobody foresaw, with a patient's name in the message."""

    def fail() -> None:
        raise RuntimeError(f"row of {PATIENT} is broken")

    return replace(services, store=cast(Any, SimpleNamespace(statuses=fail)))


# The whole program, as `make run` starts it


class Program:
    """Dashboard and API in a process of their own, with a key and an empty data directory. `log` is all it wrote."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log.txt"
        api_port, ui_port = free_port(), free_port()
        environment = {
            **os.environ, "AUTO_DATA_DIR": str(folder / "var"), "AUTO_API_PORT": str(api_port), "AUTO_UI_PORT": str(ui_port),
            "AUTO_API_KEY": KEY, "AUTO_DEMO_DATA": "false",
        }
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(ui_port)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=Path(__file__).resolve().parents[2], env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{api_port}", timeout=60, trust_env=False)
        self.ui = httpx.Client(base_url=f"http://127.0.0.1:{ui_port}", timeout=60, trust_env=False)
        wait_for_port(api_port, 120)
        wait_for_port(ui_port, 120)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)
        self.api.close()
        self.ui.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    running = Program(folder)
    yield running
    running.stop()


@pytest.mark.slow
def test_the_program_serves_the_same_api_on_both_ports(program: Program) -> None:
    for client, prefix in ((program.api, ""), (program.ui, "/api")):
        assert client.get(f"{prefix}/healthz").json() == {"status": "ok"}
        assert client.get(f"{prefix}/collections").status_code == 401
        assert client.get(f"{prefix}/healthz", headers={"X-API-Key": "wrong"}).status_code == 401
        assert "x-process-time-ms" in client.get(f"{prefix}/healthz").headers


@pytest.mark.slow
def test_the_dashboard_may_load_nothing_from_elsewhere_and_be_framed_by_nobody_else(program: Program) -> None:
    headers = program.ui.get("/").headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'self'", "connect-src 'self'"):
        assert rule in policy
    assert "http:" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert len(headers.get_list("x-frame-options")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/collections", "/pages/admin/collections.py", "/_stcore/agent/openapi.json", "/../app.py"])
def test_a_deep_link_gives_the_dashboard_and_never_a_source_or_a_row(program: Program, path: str) -> None:
    response = program.ui.get(path)
    assert "require_access" not in response.text
    assert "def " not in response.text


@pytest.mark.slow
def test_the_program_writes_no_key_to_its_log(program: Program) -> None:
    for client, prefix in ((program.api, ""), (program.ui, "/api")):
        for way in WAYS.values():
            client.get(f"{prefix}/collections", **way)
            client.get(f"{prefix}/no-such-path", **way)
            client.post(f"{prefix}/search", content=b"{", **way)
    assert KEY not in program.log.read_text(encoding="utf-8", errors="replace")


@pytest.mark.slow
def test_the_program_ends_while_a_browser_follows_its_jobs(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with (
        program.api.stream("GET", f"/jobs/events?token={KEY}") as first,
        program.ui.stream("GET", f"/api/jobs/events?token={KEY}") as second,
    ):
        for response in (first, second):
            assert next(response.iter_lines()) == "retry: 2000"
        program.stop()
    assert KEY not in program.log.read_text(encoding="utf-8", errors="replace")
