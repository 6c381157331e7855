"""What the running program promises at its doors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.browser.conftest import ROOT, Dashboard, free_port

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/chat", "/apix", "/_stcore/health"])
def test_every_answer_of_the_dashboard_carries_the_policy(dashboard: Dashboard, path: str) -> None:
    headers = httpx.get(f"{dashboard.url}{path}", timeout=30).headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_foreign_host_name_is_refused(dashboard: Dashboard) -> None:
    assert httpx.get(dashboard.url, headers={"Host": "evil.example"}, timeout=30).status_code == 400


def test_a_websocket_from_a_foreign_page_is_refused(dashboard: Dashboard) -> None:
    handshake = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "http://evil.example",
    }
    assert httpx.get(f"{dashboard.url}/_stcore/stream", headers=handshake, timeout=30).status_code == 403
    rebound = {**handshake, "Host": "evil.example"}
    assert httpx.get(f"{dashboard.url}/_stcore/stream", headers=rebound, timeout=30).status_code == 400


def test_both_listeners_serve_the_api(dashboard: Dashboard) -> None:
    for address in (dashboard.api, f"{dashboard.url}/api"):
        assert httpx.get(f"{address}/healthz", timeout=30).json() == {"status": "ok"}


def test_a_port_that_is_taken_is_said_in_one_sentence(dashboard: Dashboard, tmp_path: Path) -> None:
    taken = dashboard.api.rsplit(":", 1)[1]
    environment = {**os.environ, "AUTO_DATA_DIR": str(tmp_path), "AUTO_API_PORT": taken}
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(free_port())],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )
    assert ended.returncode == 2
    assert "AUTO_API_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_first_answer_comes_within_seconds(dashboard: Dashboard) -> None:
    assert dashboard.first_answer_seconds < 30  # a loaded CI machine; docs say what an idle one takes
