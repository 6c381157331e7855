"""The record put together from documents: results, courses, conditions, events, and what people corrected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER, PUBLIC
from services.clinical.analysis import analyse
from services.clinical.disease import Disease
from services.clinical.profile import Profile
from services.clinical.titers import Outcome
from services.errors import AccessDeniedError, InvalidInputError, NotFoundError
from services.evidence.documents.reading import DocumentReader
from services.evidence.embedder import SentenceEmbedder
from services.evidence.extraction import DiagnosisStatus, FactKind, LabContent, MedicationContent
from services.evidence.index import EvidenceIndex
from services.evidence.store import EvidenceStore
from services.patients.documents import DocumentLibrary
from services.patients.fact_passages import ANTIBODIES, LABS, TIMELINES
from services.patients.facts import FactStatus
from services.patients.record import PatientRecord
from services.patients.registry import PatientRegistry
from services.patients.timeline import EventKind
from services.storage.database import Database
from services.storage.files import FileStore
from tests.fakes.pdfs import text_pdf

PATIENT = "reed"

NOTE = """Fenwick Bay Medical Group
PROGRESS NOTE
Patient: Jordan Alma Reed   MRN: FB-204417   DOB: 05/17/1985
Date: {date}
"""
JANUARY = (
    NOTE.format(date="01/20/2022")
    + """LABORATORY DATA
Chemistry - collected 01/13/2022
CRP: 12 mg/L (H) (ref <5)
C3: 88 mg/dL (ref 90-180)
Anti-dsDNA: 68 IU/mL (ref <30)
MEDICATIONS
- hydroxychloroquine 200 mg oral twice daily - started on 01/20/2022
- prednisone 20 mg oral daily for 5 days - started on 01/20/2022
DIAGNOSES
1. Systemic lupus erythematosus - suspected
"""
)
MARCH = (
    NOTE.format(date="03/22/2022")
    + """INTERVAL HISTORY
CRP 12 and C3 88 in January. HLA-B27 negative.
LABORATORY DATA
Chemistry - collected 03/15/2022
CRP: 28 mg/L (H) (ref <5)
C3: 71 mg/dL (L) (ref 90-180)
TSH: <0.01 mIU/L (ref 0.4-4.5)
ANA: 1:640 homogeneous
Disease measures
SLEDAI-2K: 8
MEDICATIONS
- hydroxychloroquine 200 mg oral twice daily - current since 01/20/2022
- mycophenolate mofetil 500 mg oral twice daily - started on 03/22/2022
DIAGNOSES
1. Systemic lupus erythematosus - confirmed
2. Rosacea - ruled out
"""
)
JUNE = (
    NOTE.format(date="06/20/2022")
    + """LABORATORY DATA
Earlier results - collected 03/15/2022
CRP: 28 mg/L (H) (ref <5)
MEDICATIONS
- hydroxychloroquine 200 mg oral twice daily - stopped (01/20/2022 to 06/13/2022); rash
- mycophenolate mofetil 1000 mg oral twice daily - changed on 06/20/2022
PROCEDURES
Kidney biopsy, 06/14/2022
Class IV nephritis.
"""
)


@cache
def _pdf(text: str) -> bytes:
    """The same bytes for the same text: a new file would carry a new creation time."""
    return text_pdf(text)


class Shelf:
    """The services around a patient's documents, all real, in one folder."""

    def __init__(self, folder: Path, database: Database, embedder: SentenceEmbedder) -> None:
        self.store = EvidenceStore(str(folder / "vectors.db"), token=None, model=embedder.name)
        self.index = EvidenceIndex(database, self.store, embedder)
        self.index.create_collections()
        self.patients = PatientRegistry(database)
        self.reader = DocumentReader()
        files = FileStore(folder / "files")
        self.library = DocumentLibrary(database, files, self.reader, self.index, embedder, self.patients, 50 << 20)
        self.record = PatientRecord(database, self.index, self.patients)

    def take_in(self, name: str, text: str) -> str:
        return self.library.ingest(PATIENT, name, _pdf(text), LOCAL_USER).document.id

    def close(self) -> None:
        self.reader.close()
        self.store.close()


@pytest.fixture
def shelf(tmp_path: Path, database: Database, embedder: SentenceEmbedder) -> Iterator[Shelf]:
    made = Shelf(tmp_path, database, embedder)
    made.patients.create(PATIENT, LOCAL_USER, name="Jordan Reed", date_of_birth=date(1985, 5, 17), sex="F")
    yield made
    made.close()


@pytest.fixture
def full(shelf: Shelf) -> Shelf:
    for name, text in (("march.pdf", MARCH), ("january.pdf", JANUARY), ("june.pdf", JUNE)):
        shelf.take_in(name, text)
    return shelf


def test_results_of_a_test_are_one_series_in_time_order(full: Shelf) -> None:
    series = full.record.results(PATIENT, LOCAL_USER, analyte="crp")
    assert [(one.date, one.value, one.unit, one.abnormal) for one in series] == [
        (date(2022, 1, 13), 12.0, "mg/L", "H"),
        (date(2022, 3, 15), 28.0, "mg/L", "H"),
    ]


def test_a_result_told_by_several_documents_is_one_with_several_places(full: Shelf) -> None:
    january, march = full.record.results(PATIENT, LOCAL_USER, analyte="crp")
    assert len({place.document_id for place in march.places}) == 2
    assert len(january.places) == 2  # the note of March repeats it in a sentence


def test_latest_takes_the_last_day_and_keeps_units_as_reported(full: Shelf) -> None:
    latest = full.record.latest(PATIENT, LOCAL_USER)
    assert (latest["c3"].value, latest["c3"].unit, latest["c3"].date) == (71.0, "mg/dL", date(2022, 3, 15))
    assert latest["c3"].in_canonical_unit() == (71.0, "mg/dL")


def test_a_medication_is_an_interval_with_its_reason_to_stop(full: Shelf) -> None:
    courses = {course.subject: course for course in full.record.medications(PATIENT, LOCAL_USER)}
    stopped = courses["hydroxychloroquine"]
    assert (stopped.status, stopped.start, stopped.stop, stopped.reason) == (
        "stopped",
        date(2022, 1, 20),
        date(2022, 6, 13),
        "rash",
    )
    changed = courses["mycophenolate"]
    assert (changed.status, changed.start, changed.dose) == ("current", date(2022, 3, 22), "1000 mg")
    assert [change.day for change in changed.changes] == [date(2022, 6, 20)]


def test_a_short_course_is_over_after_its_stated_length(full: Shelf) -> None:
    prednisone = next(one for one in full.record.medications(PATIENT, LOCAL_USER) if one.subject == "prednisone")
    assert prednisone.is_taken_on(date(2022, 1, 22))
    assert not prednisone.is_taken_on(date(2022, 3, 1))


def test_a_suspicion_that_is_confirmed_later_is_confirmed(full: Shelf) -> None:
    lupus, rosacea = full.record.diagnoses(PATIENT, LOCAL_USER)
    assert (lupus.disease, lupus.status, lupus.since) == (
        Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS,
        DiagnosisStatus.CONFIRMED,
        date(2022, 3, 22),
    )
    assert [change.status for change in lupus.history] == [DiagnosisStatus.SUSPECTED, DiagnosisStatus.CONFIRMED]
    assert rosacea.status is DiagnosisStatus.RULED_OUT


def test_the_timeline_is_in_order_and_says_each_event_once(full: Shelf) -> None:
    events = full.record.events(PATIENT, LOCAL_USER)
    assert [event.day for event in events] == sorted(event.day for event in events)
    started = [event for event in events if event.title == "hydroxychloroquine started"]
    assert len(started) == 1
    assert len(started[0].places) == 3
    biopsy = next(event for event in events if event.kind is EventKind.PROCEDURE)
    assert (biopsy.title, biopsy.day, biopsy.detail) == ("Kidney biopsy", date(2022, 6, 14), "Class IV nephritis.")


def test_profile_inputs_are_a_profile_an_analysis_accepts(full: Shelf) -> None:
    inputs = full.record.profile_inputs(PATIENT, date(2022, 7, 1), LOCAL_USER)
    profile = Profile.model_validate(inputs.profile)
    assert (profile.age, profile.sex) == (37, "F")
    assert profile.diagnosed_conditions == (Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS,)
    assert profile.current_medications == ("mycophenolate mofetil 1000 mg oral twice daily",)
    assert "hydroxychloroquine (rash)" in profile.extensions["prior_medications"]
    assert profile.autoantibody_panel is not None
    assert {result.antibody for result in profile.autoantibody_panel.results} == {"ANA", "Anti-dsDNA"}
    crp = next(one for one in inputs.inputs if one.name == "CRP")
    assert (crp.days_old, crp.is_stale) == (108, False)
    assert analyse(profile, today=date(2022, 7, 1)) is not None


def test_a_bound_keeps_its_sign_and_is_no_point_of_a_course(full: Shelf) -> None:
    profile = full.record.profile_inputs(PATIENT, date(2022, 7, 1), LOCAL_USER).profile
    tsh = next(value for name, value in profile["biomarkers"].items() if "thyroid" in name.lower())
    assert (tsh["bound"], tsh["value"]) == ("<", 0.01)
    assert not any("thyroid" in name.lower() for name in profile["extensions"].get("lab_history", {}))
    assert full.record.latest(PATIENT, LOCAL_USER)["tsh"].shown == "<0.01 mIU/L"


def test_profile_inputs_know_nothing_of_the_day_after(full: Shelf) -> None:
    inputs = full.record.profile_inputs(PATIENT, date(2022, 2, 1), LOCAL_USER)
    assert inputs.profile["biomarkers"]["C-reactive protein"]["value"] == 12.0
    assert inputs.profile["diagnosed_conditions"] == []
    stale = full.record.profile_inputs(PATIENT, date(2024, 2, 1), LOCAL_USER)
    assert {one.is_stale for one in stale.inputs if one.part != "conditions"} == {True}
    assert {one.is_stale for one in stale.inputs if one.part == "conditions"} == {False}  # a diagnosis does not age
    assert all(one.place is not None for one in stale.inputs)


def test_what_is_not_known_is_named_and_not_filled(shelf: Shelf) -> None:
    shelf.patients.create("nobody", LOCAL_USER)
    inputs = shelf.record.profile_inputs("nobody", date(2022, 2, 1), LOCAL_USER)
    assert "age" not in inputs.profile
    assert inputs.notes == ("age is not in the record: the analysis needs it", "sex is not in the record: the analysis needs it")


def _crp(shelf: Shelf, value: float) -> str:
    results = shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")
    return next(one.fact_ids[0] for one in results if one.value == value)


def test_a_correction_outlives_removing_and_taking_in_the_same_file(shelf: Shelf) -> None:
    document = shelf.take_in("january.pdf", JANUARY)
    fact_id = _crp(shelf, 12.0)
    content = LabContent(test="CRP", subject="crp", analyte="crp", value=1.2, unit="mg/L")
    corrected = shelf.record.correct(fact_id, content, LOCAL_USER, effective=date(2022, 1, 12))
    assert (corrected.status, corrected.review and corrected.review.author) == (FactStatus.CORRECTED, "local")
    assert isinstance(corrected.as_read, LabContent)
    assert corrected.as_read.value == 12.0
    shelf.library.remove(document, LOCAL_USER)
    assert shelf.record.results(PATIENT, LOCAL_USER) == ()
    shelf.take_in("renamed.pdf", JANUARY)
    [again] = shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")
    assert (again.value, again.date, again.status, again.fact_ids) == (1.2, date(2022, 1, 12), FactStatus.CORRECTED, (fact_id,))


def test_a_rejected_fact_leaves_record_and_passages_and_can_come_back(shelf: Shelf) -> None:
    shelf.take_in("january.pdf", JANUARY)
    fact_id = _crp(shelf, 12.0)
    shelf.record.reject(fact_id, LOCAL_USER)
    assert shelf.record.results(PATIENT, LOCAL_USER, analyte="crp") == ()
    assert not any("CRP" in passage.text for passage in shelf.index.export(LABS, LOCAL_USER))
    shelf.record.restore(fact_id, LOCAL_USER)
    assert len(shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")) == 1
    assert any("CRP: 12 mg/L" in passage.text for passage in shelf.index.export(LABS, LOCAL_USER))


def test_rejecting_everywhere_takes_out_each_repetition(full: Shelf) -> None:
    full.record.reject(_crp(full, 28.0), LOCAL_USER)
    assert [one.value for one in full.record.results(PATIENT, LOCAL_USER, analyte="crp")] == [12.0, 28.0]
    full.record.reject(_crp(full, 28.0), LOCAL_USER, everywhere=True)
    assert [one.value for one in full.record.results(PATIENT, LOCAL_USER, analyte="crp")] == [12.0]


def test_a_correction_to_another_kind_is_refused(shelf: Shelf) -> None:
    shelf.take_in("january.pdf", JANUARY)
    fact_id = _crp(shelf, 12.0)
    with pytest.raises(InvalidInputError, match="medication"):
        shelf.record.correct(fact_id, MedicationContent(name="x", status="current"), LOCAL_USER)
    with pytest.raises(NotFoundError):
        shelf.record.reject("no-such-fact", LOCAL_USER)


def test_the_three_collections_hold_dated_passages_of_the_document(shelf: Shelf) -> None:
    document = shelf.take_in("january.pdf", JANUARY)
    [labs] = shelf.index.export(LABS, LOCAL_USER)
    assert "CRP: 12 mg/L (high, reference <5) on 2022-01-13." in labs.text
    assert (labs.document_id, labs.page, labs.document_date, labs.patient_id) == (document, 1, "2022-01-13", PATIENT)
    antibodies = [one for one in shelf.index.export(ANTIBODIES, LOCAL_USER) if one.patient_id == PATIENT]
    assert [one.metadata["antibody"] for one in antibodies] == ["Anti-dsDNA"]
    events = shelf.index.export(TIMELINES, LOCAL_USER)
    assert {one.metadata["event"] for one in events} == {"medication", "diagnosis"}
    assert shelf.store.count(LABS) == 1


def test_removing_a_document_removes_everything_made_from_it(shelf: Shelf) -> None:
    document = shelf.take_in("january.pdf", JANUARY)
    shelf.library.remove(document, LOCAL_USER)
    assert shelf.record.facts(PATIENT, LOCAL_USER) == ()
    assert [shelf.store.count(name) for name in (LABS, ANTIBODIES, TIMELINES)] == [0, 0, 0]
    assert shelf.index.repair() == ()


def test_replacing_a_file_replaces_its_facts(shelf: Shelf) -> None:
    shelf.take_in("note.pdf", JANUARY)
    shelf.take_in("note.pdf", MARCH)
    assert [one.value for one in shelf.record.results(PATIENT, LOCAL_USER, analyte="crp")][-1] == 28.0
    assert {fact.document_date for fact in shelf.record.facts(PATIENT, LOCAL_USER)} == {date(2022, 3, 22)}
    assert shelf.index.repair() == ()


def test_facts_are_taken_again_when_the_rules_have_changed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.take_in("january.pdf", JANUARY)
    before = [fact.id for fact in shelf.record.facts(PATIENT, LOCAL_USER)]
    assert shelf.library.refresh_facts(LOCAL_USER) == 0
    monkeypatch.setattr("services.patients.documents.RULES_VERSION", "other rules")
    assert shelf.library.refresh_facts(LOCAL_USER) == 1
    assert [fact.id for fact in shelf.record.facts(PATIENT, LOCAL_USER)] == before
    assert shelf.library.refresh_facts(LOCAL_USER) == 0
    assert shelf.index.repair() == ()


def test_the_same_file_of_two_patients_has_facts_of_its_own(shelf: Shelf) -> None:
    shelf.take_in("january.pdf", JANUARY)
    shelf.patients.create("other", LOCAL_USER)
    shelf.library.ingest("other", "january.pdf", _pdf(JANUARY), LOCAL_USER)
    mine = {fact.id for fact in shelf.record.facts(PATIENT, LOCAL_USER)}
    theirs = {fact.id for fact in shelf.record.facts("other", LOCAL_USER)}
    assert mine.isdisjoint(theirs)
    assert len(mine) == len(theirs)


def test_nobody_without_access_reads_or_changes_a_record(full: Shelf) -> None:
    fact_id = _crp(full, 12.0)
    for call in (
        lambda: full.record.facts(PATIENT, PUBLIC),
        lambda: full.record.results(PATIENT, PUBLIC),
        lambda: full.record.events(PATIENT, PUBLIC),
        lambda: full.record.reject(fact_id, PUBLIC),
        lambda: full.record.accept(fact_id, PUBLIC),
    ):
        with pytest.raises(AccessDeniedError):
            call()
    with pytest.raises(NotFoundError):  # who may not see patients may not learn that there is one
        full.record.profile_inputs(PATIENT, date(2022, 7, 1), PUBLIC)


def test_hla_and_antibodies_of_the_record(full: Shelf) -> None:
    [typed] = full.record.hla(PATIENT, LOCAL_USER)
    assert typed.kind is FactKind.HLA
    [dsdna] = full.record.antibodies(PATIENT, LOCAL_USER, antibody="anti_dsdna")
    assert (dsdna.outcome, dsdna.date) == (Outcome.POSITIVE, date(2022, 1, 13))
