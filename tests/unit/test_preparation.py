"""What happens before the first answer: steps in order, progress, and failures that are shown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from services.access.principals import PUBLIC
from services.container import build_services
from services.errors import ConfigurationError, StoreUnavailableError, UnavailableError
from services.evidence.embedder import EmbedderState
from services.preparation import Preparation, PreparationStatus
from services.settings import Settings
from tests.real_servers import free_port

Progress = Callable[[int, int], None]


def test_steps_run_in_order_and_once() -> None:
    done: list[str] = []
    preparation = Preparation((("first", lambda _: done.append("first")), ("second", lambda _: done.append("second"))))
    assert preparation.status == PreparationStatus("waiting")
    preparation.start()
    preparation.start()
    assert preparation.wait(10) == PreparationStatus("ready", 1.0, done=True)
    assert done == ["first", "second"]


def test_the_status_tells_the_stage_and_how_far_it_is() -> None:
    seen: list[PreparationStatus] = []

    def step(progress: Progress) -> None:
        seen.append(preparation.status)
        for done, total in ((0, 4), (1, 4), (4, 4), (0, 0)):
            progress(done, total)
            seen.append(preparation.status)

    preparation = Preparation((("indexing", step),))
    preparation.start()
    preparation.wait(10)
    assert [one.stage for one in seen] == ["indexing"] * 5
    assert [one.fraction for one in seen] == [None, 0.0, 0.25, 1.0, None]
    assert not any(one.done for one in seen)


def test_an_explained_failure_is_kept_with_its_stage_and_ends_the_preparation() -> None:
    later: list[str] = []

    def fail(_: Progress) -> None:
        raise StoreUnavailableError("the store does not answer: start it")

    preparation = Preparation((("opening the store", fail), ("later", lambda _: later.append("ran"))))
    preparation.start()
    status = preparation.wait(10)
    assert status == PreparationStatus("opening the store", failure="the store does not answer: start it")
    assert later == []


def test_an_unexpected_failure_is_shown_too_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    preparation = Preparation((("counting", lambda _: 1 // 0),))
    with caplog.at_level(logging.ERROR):
        preparation.start()
        status = preparation.wait(10)
    assert status.failure == "preparation failed unexpectedly (ZeroDivisionError): see the log"
    assert not status.done
    assert "preparation" in caplog.text


def test_stopping_waits_for_the_running_step_and_begins_no_other() -> None:
    running, may_end = threading.Event(), threading.Event()
    later: list[str] = []

    def step(_: Progress) -> None:
        running.set()
        may_end.wait(10)

    preparation = Preparation((("long", step), ("later", lambda _: later.append("ran"))))
    preparation.start()
    assert running.wait(10)
    threading.Timer(0.1, may_end.set).start()
    preparation.stop(10)
    assert may_end.is_set()
    assert later == []
    assert not preparation.wait(10).done


def test_stopping_what_never_began_does_nothing() -> None:
    preparation = Preparation(())
    preparation.stop()
    assert preparation.status.stage == "waiting"


# The real steps


def settings(folder: Path, **given: object) -> Settings:
    return Settings.model_validate({"data_dir": folder, "demo_data": False, **given})


def test_without_its_model_the_product_says_so_and_answers_no_search(tmp_path: Path) -> None:
    services = build_services(settings(tmp_path, embedding_model=str(tmp_path / "no-such-model")))
    try:
        services.preparation.start()
        status = services.preparation.wait(120)
        assert "AUTO_EMBEDDING_MODEL" in (status.failure or "")
        assert services.embedder.state is EmbedderState.FAILED
        with pytest.raises(UnavailableError, match="AUTO_EMBEDDING_MODEL"):
            services.search.search("C3", access=PUBLIC)
    finally:
        services.close()


def test_without_its_store_the_product_says_so(tmp_path: Path) -> None:
    services = build_services(settings(tmp_path, milvus_uri=f"http://127.0.0.1:{free_port()}"))
    try:
        services.preparation.start()
        status = services.preparation.wait(120)
        assert "AUTO_MILVUS_URI" in (status.failure or "")
        assert not status.done
    finally:
        services.close()


def test_a_second_start_indexes_nothing_again_and_a_changed_model_is_refused(tmp_path: Path) -> None:
    counts: list[tuple[int, ...]] = []
    for _ in range(2):
        services = build_services(settings(tmp_path))
        try:
            services.preparation.start()
            assert services.preparation.wait(300).done, services.preparation.status
            counts.append(tuple(status.rows for status in services.store.statuses()))
            assert services.index.load_curated() == 0
            assert services.index.repair() == ()
        finally:
            services.close()
    assert counts[0] == counts[1]
    assert sum(counts[0]) > 1_000

    changed = build_services(settings(tmp_path))
    try:
        changed.store._model = "another-model"
        changed.preparation.start()
        failure = changed.preparation.wait(300).failure or ""
        assert "another-model" in failure
        assert "rebuild" in failure
    finally:
        changed.close()


def test_settings_that_contradict_each_other_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AUTO_API_KEY"):
        build_services(settings(tmp_path, api_host="0.0.0.0"))


def test_closing_lets_another_start_use_the_same_folder(tmp_path: Path) -> None:
    for _ in range(2):
        services = build_services(settings(tmp_path))
        services.store.create(4, names=["genomic_evidence"])
        services.close()
