from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.assistant.language_model import LanguageModel, Timing
from services.storage.database import Database
from tests.fakes.messages_api import MessagesApi

OpenDatabase = Callable[[], Database]
MakeModel = Callable[..., LanguageModel]


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as server:
        yield server


@pytest.fixture
def make_model() -> Iterator[MakeModel]:
    made: list[LanguageModel] = []

    def make(base_url: str | None, *, key: str | None = "test-key", timing: Timing | None = None) -> LanguageModel:
        made.append(LanguageModel(model="claude-test", api_key=key, base_url=base_url, timing=timing))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.fixture
def model(api: MessagesApi, make_model: MakeModel) -> LanguageModel:
    return make_model(api.url)


@pytest.fixture
def open_database(tmp_path: Path) -> Iterator[OpenDatabase]:
    """Each call opens the same file anew, as a restarted program would."""
    opened: list[Database] = []

    def open_it() -> Database:
        database = Database(f"sqlite:///{tmp_path / 'paratope.db'}")
        database.migrate()
        opened.append(database)
        return database

    yield open_it
    for database in opened:
        database.close()
