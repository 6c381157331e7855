"""The patients: who may see them, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from services.access.principals import LOCAL_USER, PUBLIC
from services.errors import AccessDeniedError, ConflictError, InvalidIdentifierError, InvalidInputError, NotFoundError
from services.patients.registry import PatientRegistry
from services.storage.database import Database
from services.storage.tables import documents


@pytest.fixture
def registry(database: Database) -> PatientRegistry:
    return PatientRegistry(database)


def test_a_created_patient_comes_back_as_it_was_given(registry: PatientRegistry) -> None:
    created = registry.create(
        "SMI-2022", LOCAL_USER, name=" Sarah O'Brien-Müller ", date_of_birth=date(1988, 2, 29), sex="F", mrn="00-123", demo=True,
        summary="Lupus since 2020.", profile={"age": 34, "extensions": {"pregnant": None}},
    )
    assert registry.get("SMI-2022", LOCAL_USER) == created
    assert created.name == "Sarah O'Brien-Müller"
    assert created.profile == {"age": 34, "extensions": {"pregnant": None}}
    assert created.document_count == 0


def test_what_is_not_known_stays_unknown(registry: PatientRegistry) -> None:
    created = registry.create("P-1", LOCAL_USER)
    assert created.name == "P-1"
    assert (created.date_of_birth, created.sex, created.mrn, created.profile) == (None, None, None, {})
    assert created.age_on(date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("day", "age"),
    [(date(2026, 2, 28), 37), (date(2026, 3, 1), 38), (date(2024, 2, 29), 36), (date(2024, 2, 28), 35), (date(1988, 2, 29), 0)],
)
def test_age_is_counted_in_whole_years(registry: PatientRegistry, day: date, age: int) -> None:
    assert registry.create("P-1", LOCAL_USER, date_of_birth=date(1988, 2, 29)).age_on(day) == age


def test_an_id_is_given_once_and_the_first_patient_stays(registry: PatientRegistry) -> None:
    registry.create("P-1", LOCAL_USER, name="First")
    with pytest.raises(ConflictError, match="choose another id"):
        registry.create("P-1", LOCAL_USER, name="Second")
    assert registry.get("P-1", LOCAL_USER).name == "First"


def test_ids_differ_by_every_character(registry: PatientRegistry) -> None:
    for identifier in ("P1", "p1", "P10", "P1.", "P1_"):
        registry.create(identifier, LOCAL_USER)
    assert len(registry.list(LOCAL_USER)) == 5
    assert registry.get("p1", LOCAL_USER).id == "p1"


@pytest.mark.parametrize("identifier", ["", " ", "a b", "é", "../x", "x" * 65, 'x"', "-x", ".x", "x\n", "x/y", "x\x00"])
def test_an_id_that_is_not_of_the_allowed_form_is_refused(registry: PatientRegistry, identifier: str) -> None:
    with pytest.raises((InvalidIdentifierError, InvalidInputError)):
        registry.create(identifier, LOCAL_USER)
    with pytest.raises(InvalidIdentifierError):
        registry.get(identifier, LOCAL_USER)
    assert registry.list(LOCAL_USER) == ()


@pytest.mark.parametrize("given", [{"name": " "}, {"name": "x" * 201}, {"sex": "female"}, {"sex": ""}])
def test_a_patient_that_does_not_fit_is_refused(registry: PatientRegistry, given: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        registry.create("P-1", LOCAL_USER, **given)
    assert registry.list(LOCAL_USER) == ()


def test_an_unknown_patient_is_not_found(registry: PatientRegistry) -> None:
    with pytest.raises(NotFoundError):
        registry.get("nobody", LOCAL_USER)
    with pytest.raises(NotFoundError):
        registry.save_profile("nobody", {}, LOCAL_USER)
    assert registry.name_of("nobody") is None


def test_who_may_not_see_patients_learns_nothing_and_changes_nothing(registry: PatientRegistry) -> None:
    registry.create("P-1", LOCAL_USER, name="Secret")
    assert registry.list(PUBLIC) == ()
    with pytest.raises(NotFoundError) as there:
        registry.get("P-1", PUBLIC)
    with pytest.raises(NotFoundError) as not_there:
        registry.get("P-2", PUBLIC)
    assert there.value.message == not_there.value.message
    for attempt in (
        lambda: registry.create("P-3", PUBLIC), lambda: registry.save_profile("P-1", {"age": 1}, PUBLIC),
        lambda: registry.ensure("P-3", PUBLIC),
    ):
        with pytest.raises(AccessDeniedError):
            attempt()
    assert [one.id for one in registry.list(LOCAL_USER)] == ["P-1"]


def test_patients_are_listed_by_name_with_their_documents_counted(registry: PatientRegistry, database: Database) -> None:
    for identifier, name in (("1", "Chen"), ("2", "Adams"), ("3", "Baker")):
        registry.create(identifier, LOCAL_USER, name=name)
    with database.begin() as connection:
        for number in range(3):
            connection.execute(sa.insert(documents), {
                "id": f"d{number}", "patient_id": "1" if number else "3", "sha256": f"{number}", "filename": "a.pdf",
                "file_key": "k", "title": "t", "doc_type": "other", "specialty": "unknown", "page_count": 1, "passage_count": 1,
                "notes": [], "created_at": datetime.now(UTC),
            })
    assert [(one.name, one.document_count) for one in registry.list(LOCAL_USER)] == [("Adams", 0), ("Baker", 1), ("Chen", 2)]
    assert registry.get("1", LOCAL_USER).document_count == 2


def test_ensuring_a_patient_creates_it_once(registry: PatientRegistry) -> None:
    assert registry.ensure("P-1", LOCAL_USER) == registry.ensure("P-1", LOCAL_USER)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: registry.ensure("P-2", LOCAL_USER), range(16)))
    assert len(set(map(repr, together))) == 1
    assert len(registry.list(LOCAL_USER)) == 2


def test_a_saved_profile_replaces_the_earlier_one(registry: PatientRegistry) -> None:
    registry.create("P-1", LOCAL_USER, profile={"age": 30, "sex": "F"})
    registry.save_profile("P-1", {"age": 31}, LOCAL_USER)
    assert registry.get("P-1", LOCAL_USER).profile == {"age": 31}
