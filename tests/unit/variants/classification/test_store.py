"""Versions of classifications: kept, signed, never changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.errors import AccessDeniedError, ConflictError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.patients.registry import PatientRegistry
from services.storage.database import Database
from services.storage.tables import variant_classifications
from services.variants.classification.content import ClassificationContent, CriterionRow, Scheme
from services.variants.classification.store import Classifications
from services.variants.identity import VariantIdentity
from services.variants.notes import NoteSubject

MEFV = NoteSubject(VariantIdentity(Variant(GenomeBuild.GRCH38, "16", 3243407, "T", "C")), "MEFV")
COLLEAGUE = Principal("colleague", may_see_patients=True, may_administer=False)


def content(classification: str = "Pathogenic", scheme: Scheme = Scheme.ACMG, **changes: object) -> ClassificationContent:
    row = CriterionRow(code="PM2", title="rare", status="met", strength="supporting", points="1", reason="absent")
    values = {"scheme": scheme, "classification": classification, "points": "10", "rule_set": "general@2026.1",
              "rules_version": "2026.1", "criteria": (row,)} | changes
    return ClassificationContent.model_validate(values)


@pytest.fixture
def store(database: Database) -> Classifications:
    return Classifications(database)


def test_the_same_content_is_not_a_second_version_and_another_one_is(store: Classifications) -> None:
    first = store.save(LOCAL_USER, MEFV, content())
    assert store.save(LOCAL_USER, MEFV, content()).id == first.id
    second = store.save(COLLEAGUE, MEFV, content("Likely Pathogenic"))
    assert (first.version, second.version) == (1, 2)
    assert store.latest(LOCAL_USER, MEFV.identity) == second
    assert [one.version for one in store.history(LOCAL_USER, MEFV.identity)] == [2, 1]
    assert store.get(LOCAL_USER, first.id) == first


def test_schemes_are_numbered_apart_and_builds_are_never_mixed(store: Classifications) -> None:
    store.save(LOCAL_USER, MEFV, content())
    assert store.save(LOCAL_USER, MEFV, content("Tier III", Scheme.AMP)).version == 1
    other = VariantIdentity(Variant(GenomeBuild.GRCH37, "16", 3243407, "T", "C"))
    assert store.latest(LOCAL_USER, other) is None
    assert len(store.history(LOCAL_USER, MEFV.identity)) == 2
    assert len(store.history(LOCAL_USER, MEFV.identity, Scheme.AMP)) == 1


def test_a_signed_version_stays_as_it_was_when_the_class_changes(store: Classifications) -> None:
    first = store.save(LOCAL_USER, MEFV, content())
    signed = store.sign(LOCAL_USER, first.id, "Dr. A. Weber", seen=first.digest)
    assert signed.signed_by == "Dr. A. Weber"
    assert signed.signed_at is not None
    second = store.save(LOCAL_USER, MEFV, content("Uncertain Significance"))
    assert not second.is_signed
    assert store.get(LOCAL_USER, first.id) == signed
    with pytest.raises(ConflictError, match="signed already"):
        store.sign(COLLEAGUE, first.id, "Dr. B", seen=first.digest)


def test_only_what_was_seen_and_only_the_newest_version_is_signed(store: Classifications) -> None:
    first = store.save(LOCAL_USER, MEFV, content())
    with pytest.raises(ConflictError, match="not the one you looked at"):
        store.sign(LOCAL_USER, first.id, "Dr. A", seen="0" * 64)
    store.save(LOCAL_USER, MEFV, content("Benign"))
    with pytest.raises(ConflictError, match="newer"):
        store.sign(LOCAL_USER, first.id, "Dr. A", seen=first.digest)


def test_a_changed_row_is_told_from_what_was_signed(store: Classifications, database: Database) -> None:
    first = store.save(LOCAL_USER, MEFV, content())
    store.sign(LOCAL_USER, first.id, "Dr. A", seen=first.digest)
    forged = content("Benign").model_dump(mode="json")
    with database.begin() as connection:
        connection.execute(sa.update(variant_classifications).values(content=forged))
    assert not store.get(LOCAL_USER, first.id).is_intact


def test_a_patient_has_the_newest_linked_version_of_each_variant(store: Classifications, database: Database) -> None:
    PatientRegistry(database).ensure("P1", LOCAL_USER)
    store.save(LOCAL_USER, MEFV, content(), patient_id="P1")
    newest = store.save(LOCAL_USER, MEFV, content("Likely Pathogenic"), patient_id="P1")
    store.save(LOCAL_USER, MEFV, content("Benign"))
    assert store.of_patient(LOCAL_USER, "P1") == (newest,)
    with pytest.raises(NotFoundError, match="patient"):
        store.save(LOCAL_USER, MEFV, content("Benign"), patient_id="nobody")


def test_who_may_not_see_patients_sees_and_writes_nothing(store: Classifications) -> None:
    first = store.save(LOCAL_USER, MEFV, content())
    for attempt in (
        lambda: store.save(PUBLIC, MEFV, content()),
        lambda: store.get(PUBLIC, first.id),
        lambda: store.latest(PUBLIC, MEFV.identity),
        lambda: store.history(PUBLIC, MEFV.identity),
        lambda: store.of_patient(PUBLIC, "P1"),
        lambda: store.sign(PUBLIC, first.id, "x", seen=first.digest),
    ):
        with pytest.raises(AccessDeniedError):
            attempt()
