"""Loading the demo patients: once, whole, and repeatable after an interruption."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from demo_data import render
from demo_data.catalogue import load_patients
from demo_data.schema import DemoPatient
from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.container import Services
from services.errors import AccessDeniedError, ConflictError, UnavailableError
from services.evidence.index import EvidenceIndex
from services.patients import demo
from services.patients.analyses import AnalysisLog
from services.patients.demo import DemoAnalyses, DemoLoader, demo_questions
from services.patients.documents import Ingested
from services.patients.record import PatientRecord
from services.storage.database import Database
from tests.fakes import pdfs
from tests.unit.patients.test_documents import Desk


@pytest.fixture
def desk(tmp_path: Path, database: Database, services: Services) -> Iterator[Desk]:
    made = Desk(tmp_path, database, services)
    yield made
    made.store.close()


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[DemoPatient, ...]:
    """The first two demo patients, each with two short documents instead of their many."""
    chosen = load_patients()[:2]
    paths: dict[str, list[Path]] = {}
    for patient in chosen:
        folder = tmp_path / patient.id
        folder.mkdir()
        paths[patient.id] = [
            pdfs.saved(folder, pdfs.text_pdf(f"{pdfs.NOTE}\n{patient.id} {number}"), f"{number}.pdf") for number in range(2)
        ]
    monkeypatch.setattr(demo, "load_patients", lambda: chosen)
    monkeypatch.setattr(render, "render_all", lambda _folder: paths)
    return chosen


def test_the_demo_patients_get_their_names_and_documents_once(desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    loader = DemoLoader(desk.patients, desk.library, tmp_path / "demo")
    told: list[tuple[int, int]] = []
    passages = loader.load(LOCAL_USER, lambda done, total: told.append((done, total)))
    assert set(passages) == {patient.id for patient in two}
    assert sum(passages.values()) == desk.rows()
    assert all(desk.patients.get(patient.id, LOCAL_USER).profile["sex"] == patient.sex for patient in two)
    assert told == [(2, 4), (4, 4)]
    for patient in two:
        stored = desk.patients.get(patient.id, LOCAL_USER)
        assert (stored.name, stored.date_of_birth, stored.sex, stored.demo) == (patient.name, patient.dob, patient.sex, True)
        assert stored.document_count == 2
    rows = desk.rows()
    assert loader.load(LOCAL_USER) == passages
    assert desk.rows() == rows


def test_each_demo_patient_is_analysed_once_after_all_that_belongs_to_them_is_there(
    desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path, database: Database, services: Services
) -> None:
    analyses = AnalysisLog(database, desk.patients)
    record = PatientRecord(database, EvidenceIndex(database, desk.store, services.embedder), desk.patients)
    seen: list[int] = []
    first = DemoAnalyses(desk.patients, record, analyses)
    loader = DemoLoader(
        desk.patients, desk.library, tmp_path / "demo",
        (lambda _: seen.append(sum(len(analyses.list(one.id, LOCAL_USER)) for one in two)), first.run),
    )
    loader.load(LOCAL_USER)
    loader.load(LOCAL_USER)
    assert seen == [0, 2]
    assert [len(analyses.list(one.id, LOCAL_USER)) for one in two] == [1, 1]


def test_loading_again_completes_what_was_interrupted(desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    loader = DemoLoader(desk.patients, desk.library, tmp_path / "demo")
    passages = loader.load(LOCAL_USER)
    rows = desk.rows()
    lost = desk.library.list(two[0].id, LOCAL_USER)[0]
    desk.library.remove(lost.id, LOCAL_USER)
    assert loader.load(LOCAL_USER) == passages
    assert desk.rows() == rows


def test_a_load_that_was_interrupted_is_known_to_be_unfinished_until_it_is_repeated(
    desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = DemoLoader(desk.patients, desk.library, tmp_path / "demo")
    assert not loader.unfinished

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(desk.library, "ingest_many", stopped)
        with pytest.raises(KeyboardInterrupt):
            loader.load(LOCAL_USER)
    assert DemoLoader(desk.patients, desk.library, tmp_path / "demo").unfinished
    loader.load(LOCAL_USER)
    assert not loader.unfinished


def test_a_load_ends_when_what_else_belongs_to_the_patients_is_there_too(
    desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path
) -> None:
    brought: list[str] = []

    def bring(access: Principal) -> None:
        brought.append(access.name)
        if len(brought) == 1:
            raise UnavailableError("no disk")

    loader = DemoLoader(desk.patients, desk.library, tmp_path / "demo", (bring,))
    with pytest.raises(UnavailableError):
        loader.load(LOCAL_USER)
    assert DemoLoader(desk.patients, desk.library, tmp_path / "demo").unfinished
    loader.load(LOCAL_USER)
    assert not loader.unfinished
    assert brought == [LOCAL_USER.name] * 2


def test_loading_twice_at_the_same_time_gives_both_callers_the_same_counts(
    desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path
) -> None:
    loader = DemoLoader(desk.patients, desk.library, tmp_path / "demo")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: loader.load(LOCAL_USER), range(2))
    assert first == second
    assert sum(first.values()) == desk.rows()
    assert not loader.loading


def test_an_upload_of_the_same_document_at_the_same_moment_does_not_end_the_loading(
    desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in, refusals = desk.library.ingest_many, [ConflictError("the same document is being taken in by another request")]

    def sometimes(*given: Any) -> tuple[Ingested, ...]:
        if refusals:
            raise refusals.pop()
        return take_in(*given)

    monkeypatch.setattr(desk.library, "ingest_many", sometimes)
    passages = DemoLoader(desk.patients, desk.library, tmp_path / "demo").load(LOCAL_USER)
    assert sum(passages.values()) == desk.rows() > 0


def test_a_name_that_was_changed_is_left_as_it_is(desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    desk.patients.create(two[0].id, LOCAL_USER, name="Renamed")
    DemoLoader(desk.patients, desk.library, tmp_path / "demo").load(LOCAL_USER)
    assert desk.patients.get(two[0].id, LOCAL_USER).name == "Renamed"


def test_who_may_not_see_patients_may_not_load_them(desk: Desk, two: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    with pytest.raises(AccessDeniedError):
        DemoLoader(desk.patients, desk.library, tmp_path / "demo").load(PUBLIC)
    assert desk.patients.list(LOCAL_USER) == ()


def test_every_demo_patient_has_questions_and_nobody_else_has() -> None:
    for patient in load_patients():
        assert demo_questions(patient.id)
    assert demo_questions("somebody") == ()
