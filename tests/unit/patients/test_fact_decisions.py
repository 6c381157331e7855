"""What people decide about facts: each kind corrected, everywhere it is repeated, kept, listed, and followed by what derives."""

from __future__ import annotations

from datetime import date

import pytest

from services.access.principals import LOCAL_USER, PUBLIC
from services.clinical.disease import Disease
from services.clinical.titers import Outcome
from services.errors import AccessDeniedError, InvalidInputError, NotFoundError
from services.evidence.extraction import DateBasis, FactKind
from services.evidence.extraction.content_fields import fields_of
from services.patients.fact_decisions import FactDecisions
from services.patients.fact_passages import COLLECTIONS
from services.patients.facts import FactStatus, StoredFact
from services.storage.database import Database
from tests.unit.patients.test_record import JANUARY, JUNE, MARCH, PATIENT, Shelf, shelf

__all__ = ["shelf"]  # a fixture

EVERYTHING = """Fenwick Bay Medical Group
PROGRESS NOTE
Patient: Jordan Alma Reed   MRN: FB-204417   DOB: 05/17/1985
Date: 03/22/2022
INTERVAL HISTORY
HLA-B27 positive.
LABORATORY DATA
Chemistry - collected 03/15/2022
CRP: 28 mg/L (H) (ref <5)
Anti-dsDNA: 68 IU/mL (ref <30)
Disease measures
SLEDAI-2K: 8
MEDICATIONS
- methotrexate 15 mg oral weekly - started on 03/01/2022
DIAGNOSES
1. Systemic lupus erythematosus - confirmed
PROCEDURES
Kidney biopsy, 03/14/2022
Class IV nephritis.
IMAGING
X-ray hands, 03/10/2022
Erosions of the second metacarpophalangeal joint.
"""
CORRECTIONS: dict[FactKind, dict[str, str]] = {
    FactKind.LAB: {"result": "2.8", "flag": ""}, FactKind.ANTIBODY: {"result": "12"}, FactKind.HLA: {"present": "no"},
    FactKind.MEDICATION: {"name": "leflunomide", "dose": "20 mg", "frequency": "daily", "start": "2022-02"},
    FactKind.DIAGNOSIS: {"name": "Sjögren disease"}, FactKind.PROCEDURE: {"finding": "Class V nephritis."},
    FactKind.IMAGING: {"region": "feet"}, FactKind.ACTIVITY: {"value": "4"},
}  # fmt: skip


@pytest.fixture
def decisions(shelf: Shelf, database: Database) -> FactDecisions:
    return FactDecisions(database, shelf.record)


def _facts(shelf: Shelf) -> dict[FactKind, StoredFact]:
    found = {one.kind: one for one in shelf.record.facts(PATIENT, LOCAL_USER)}
    assert found.keys() >= CORRECTIONS.keys()
    return found


def _correct(decisions: FactDecisions, fact: StoredFact, changed: dict[str, str], *, everywhere: bool = False) -> StoredFact:
    fields = {**fields_of(fact.content), **changed}
    return decisions.correct(PATIENT, fact.id, fields, LOCAL_USER, effective=fact.effective, everywhere=everywhere)


def _assert_corrected(shelf: Shelf) -> None:
    record, today = shelf.record, date(2022, 4, 1)
    assert [one.value for one in record.results(PATIENT, LOCAL_USER, analyte="crp")] == [2.8]
    assert [one.outcome for one in record.antibodies(PATIENT, LOCAL_USER, antibody="anti_dsdna")] == [Outcome.NEGATIVE]
    [course] = record.medications(PATIENT, LOCAL_USER)
    assert (course.drugs, course.dose, course.start) == (("leflunomide",), "20 mg", date(2022, 2, 1))
    [condition] = record.diagnoses(PATIENT, LOCAL_USER)
    assert condition.disease is Disease.SJOGRENS_SYNDROME
    told = {event.title: event.detail for event in record.events(PATIENT, LOCAL_USER)}
    assert told["Kidney biopsy"] == "Class V nephritis."
    assert {"X-ray, feet", "SLEDAI-2K 4", "leflunomide started"} <= told.keys()
    assert not any("methotrexate" in title or "lupus" in title for title in told)
    profile = record.profile_inputs(PATIENT, today, LOCAL_USER).profile
    assert [one["value"] for one in profile["biomarkers"].values()] == [2.8]
    assert profile["diagnosed_conditions"] == [Disease.SJOGRENS_SYNDROME.value]
    assert profile["current_medications"] == ["leflunomide 20 mg oral daily"]
    assert "hla_profile" not in profile
    rows = [one for name in COLLECTIONS for one in shelf.index.export(name, LOCAL_USER) if one.patient_id == PATIENT]
    passages = " ".join(one.text for one in rows)
    assert "CRP: 2.8 mg/L" in passages
    assert "leflunomide" in passages
    assert "methotrexate" not in passages


def test_each_kind_of_fact_can_be_corrected_and_everything_derived_follows(shelf: Shelf, decisions: FactDecisions) -> None:
    document = shelf.take_in("note.pdf", EVERYTHING)
    before = _facts(shelf)
    for kind, changed in CORRECTIONS.items():
        corrected = _correct(decisions, before[kind], changed)
        assert (corrected.status, corrected.as_read) == (FactStatus.CORRECTED, before[kind].content)
    _assert_corrected(shelf)

    shelf.library.remove(document, LOCAL_USER)
    shelf.take_in("again.pdf", EVERYTHING)
    _assert_corrected(shelf)

    history = decisions.of_patient(PATIENT, LOCAL_USER)
    assert len(history) == len(CORRECTIONS)
    assert {(one.status, one.author) for one in history} == {(FactStatus.CORRECTED, "local")}
    shelf.record.restore(before[FactKind.LAB].id, LOCAL_USER)
    assert _facts(shelf)[FactKind.LAB].content == before[FactKind.LAB].content
    assert [one.status for one in decisions.of_fact(before[FactKind.LAB].id, LOCAL_USER)] == [
        FactStatus.EXTRACTED, FactStatus.CORRECTED,
    ]  # fmt: skip


def test_a_correction_reaches_each_document_that_says_the_same(shelf: Shelf, decisions: FactDecisions) -> None:
    for name, text in (("january.pdf", JANUARY), ("march.pdf", MARCH), ("june.pdf", JUNE)):
        shelf.take_in(name, text)
    march = shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")[-1]
    fact = next(one for one in shelf.record.facts(PATIENT, LOCAL_USER) if one.id == march.fact_ids[0])
    _correct(decisions, fact, {"result": "18"}, everywhere=True)
    assert [one.value for one in shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")] == [12.0, 18.0]
    assert len(shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")[-1].places) == len(march.places) == 2

    decisions.reject(PATIENT, fact.id, LOCAL_USER, everywhere=True)
    assert [one.value for one in shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")] == [12.0]


def test_correcting_a_number_does_not_make_its_vague_date_exact(shelf: Shelf, decisions: FactDecisions) -> None:
    in_prose = EVERYTHING.replace("CRP: 28 mg/L (H) (ref <5)\n", "").replace("HLA-B27", "CRP was 28 mg/L. HLA-B27")
    shelf.take_in("note.pdf", in_prose)
    fact = _facts(shelf)[FactKind.LAB]
    assert fact.basis is DateBasis.DOCUMENT
    corrected = _correct(decisions, fact, {"result": "18"})
    assert (corrected.effective, corrected.basis) == (fact.effective, DateBasis.DOCUMENT)
    moved = decisions.correct(PATIENT, fact.id, fields_of(corrected.content), LOCAL_USER, effective=date(2022, 3, 20))
    assert (moved.effective, moved.basis) == (date(2022, 3, 20), DateBasis.STATED)


def test_what_cannot_be_read_changes_nothing_and_strangers_see_nothing(shelf: Shelf, decisions: FactDecisions) -> None:
    shelf.take_in("note.pdf", EVERYTHING)
    fact = _facts(shelf)[FactKind.HLA]
    with pytest.raises(InvalidInputError):
        _correct(decisions, fact, {"alleles": "nothing of the kind"})
    with pytest.raises(NotFoundError):
        decisions.correct(PATIENT, "0" * 32, fields_of(fact.content), LOCAL_USER)
    assert decisions.of_patient(PATIENT, LOCAL_USER) == ()
    for call in (
        lambda: decisions.of_patient(PATIENT, PUBLIC), lambda: decisions.of_fact(fact.id, PUBLIC),
        lambda: decisions.correct(PATIENT, fact.id, fields_of(fact.content), PUBLIC),
        lambda: decisions.reject(PATIENT, fact.id, PUBLIC, everywhere=True),
    ):  # fmt: skip
        with pytest.raises(AccessDeniedError):
            call()
