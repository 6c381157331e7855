"""Starts the real program on free ports with demo data and drives it in Debian's Chromium."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from services.settings import Settings
from services.storage.database import Database
from services.variants.imports import import_file
from services.variants.library import VariantLibrary
from tests.unit.variants.support import write

ROOT = Path(__file__).resolve().parents[2]
_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]
_START_SECONDS = 120
_PREPARE_SECONDS = 600
# a deep link asks the page's own path for two of Streamlit's endpoints before it asks the root
_HARMLESS = re.compile(r"_stcore|404 \(Not Found\)")

expect.set_options(timeout=20_000)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running program. `first_answer_seconds` is from the start of the process to the first answered request."""

    url: str
    api: str
    process: subprocess.Popen[bytes]
    log: Path
    first_answer_seconds: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, **settings: str) -> Dashboard:
    """Start the program on `folder` and wait until it answers."""
    ui, api = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AUTO_", "ANTHROPIC_"))}
    environment |= {
        "AUTO_DATA_DIR": str(folder), "AUTO_UI_PORT": str(ui), "AUTO_API_PORT": str(api), "HF_HUB_OFFLINE": "1", **settings,
    }
    log = folder / "program.log"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(ui)],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )
    while time.monotonic() - began < _START_SECONDS:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            httpx.get(f"http://127.0.0.1:{ui}/", timeout=5).raise_for_status()
            httpx.get(f"http://127.0.0.1:{api}/healthz", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
            continue
        return Dashboard(f"http://127.0.0.1:{ui}", f"http://127.0.0.1:{api}", process, log, time.monotonic() - began)
    stop(process)
    raise AssertionError(log.read_text()[-3000:])


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def wait_until_prepared(dashboard: Dashboard) -> None:
    began = time.monotonic()
    while time.monotonic() - began < _PREPARE_SECONDS:
        preparation = httpx.get(f"{dashboard.api}/health", timeout=60).json()["preparation"]
        assert preparation["failure"] is None, preparation
        if preparation["done"]:
            return
        time.sleep(1)
    raise AssertionError(dashboard.log.read_text()[-3000:])


@contextmanager
def started_with_table(folder: Path, name: str, text: str) -> Iterator[tuple[Dashboard, str]]:
    """The program without demo patients, on a folder that has the VCF as one table (GRCh38); with the table's id."""
    database = Database(Settings(data_dir=folder).sql_url)
    database.migrate()
    library = VariantLibrary(database, folder / "variants")
    table_id = library.new_id()
    report = import_file(write(folder, text), library.folder(table_id))
    assert report.folder is not None, report.refusal
    library.register(table_id, "local", name, "GRCh38")
    database.close()
    running = start(folder, AUTO_DEMO_DATA="false")
    try:
        wait_until_prepared(running)
        yield running, table_id
    finally:
        stop(running.process)


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The program with its demo patients loaded, as after a newcomer's first `make run`."""
    running = start(tmp_path_factory.mktemp("dashboard"))
    try:
        wait_until_prepared(running)
        yield running
    finally:
        stop(running.process)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, dashboard: Dashboard) -> Iterator[Page]:
    """A new tab. The test fails when the browser reported an error, a blocked request among them."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, base_url=dashboard.url)
    tab = context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not _HARMLESS.search(message.text):
            errors.append(message.text)

    tab.on("console", note)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert errors == []
