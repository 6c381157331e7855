"""The API over real HTTP, with the real services behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from api.application import create_api
from services.container import Services
from services.settings import Settings
from tests.real_servers import served

Serve = Callable[..., httpx.Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts the API for given services and settings; gives a client of it."""
    with ExitStack() as stack:

        def start(services: Services | None, **settings: Any) -> httpx.Client:
            limits = {"rate_limit_per_minute": 100_000, **settings}
            url = stack.enter_context(served(create_api(Settings(**limits), lambda: services)))
            return stack.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False))

        yield start


@pytest.fixture(scope="session")
def api(services: Services) -> Iterator[httpx.Client]:
    """The API without a key."""
    with served(create_api(services.settings, lambda: services)) as url, httpx.Client(
        base_url=url, timeout=60, trust_env=False
    ) as client:
        yield client
