"""Fixtures that build the real thing: a real embedding model, a real Milvus, a real database, all in temporary folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from services.container import Services, build_services
from services.evidence.embedder import SentenceEmbedder
from services.settings import OFFLINE_MODEL, Settings
from services.storage.database import Database

for variable in [name for name in os.environ if name.startswith(("AUTO_", "ANTHROPIC_"))]:
    del os.environ[variable]  # a developer's settings must not change what the tests see
os.environ["HF_HUB_OFFLINE"] = "1"

# the same examples on every machine and run; how fast they are drawn depends on what else a machine does
settings.register_profile("paratope", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("paratope")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public files; tests that ask for it carry the marker `shared_data`."""
    if not SHARED.is_dir():
        pytest.skip("the public test files (../shared) are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def embedder() -> SentenceEmbedder:
    model = SentenceEmbedder(OFFLINE_MODEL)
    model.start()
    return model


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'record.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services with the curated knowledge indexed and no patients; tests that add patients use ids of their own."""
    folder = tmp_path_factory.mktemp("services")
    built = build_services(Settings(data_dir=folder, demo_data=False, rate_limit_per_minute=100_000))
    built.preparation.start()
    status = built.preparation.wait(300)
    assert status.done, status
    yield built
    built.close()
