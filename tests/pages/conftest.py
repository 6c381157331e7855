"""Runs pages in Streamlit's own test runner, against real services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from components.runtime import provide_services
from services.container import Services

ROOT = Path(__file__).resolve().parents[2]

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def components_of_installed_packages() -> Iterator[None]:
    """Look for Streamlit components among the installed packages once, not in every run: that took most of these tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def open_page(services: Services) -> Iterator[OpenPage]:
    """Open a page as the navigation does; `patient` and `link` are the parameters of the address, as in a browser."""

    def open_it(path: str, patient: str | None = None, *, link: Mapping[str, str] | None = None) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
        for name, value in {**({"patient": patient} if patient is not None else {}), **(link or {})}.items():
            app.query_params[name] = value
        app.switch_page(path)
        return app.run()

    provide_services(services)
    yield open_it
    provide_services(None)
