"""The stories hold together: identities, dates, journeys, questions."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from demo_data.catalogue import load_patients
from demo_data.reading import facilities
from demo_data.render.fonts import SUPPORTED
from demo_data.schema import DemoDocument, DemoPatient, MedicationStatus
from services.clinical.disease import Disease

PATIENTS = load_patients()
BY_ID = {patient.id: patient for patient in PATIENTS}
every_patient = pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.id)


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


def facts_text(document: DemoDocument) -> str:
    return f"{document.text()}\n{document.model_dump_json()}"


def test_nine_patients_with_the_documented_names() -> None:
    assert len(PATIENTS) == 9
    assert {"sarah_mitchell", "maya_rodriguez", "david_park", "linda_chen", "rachel_thompson"} <= set(BY_ID)
    assert BY_ID["sarah_mitchell"].mrn == "SMI-2022-44871"
    assert BY_ID["david_park"].mrn == "DPA-2019-33102"


def test_each_of_the_thirteen_diseases_has_a_patient() -> None:
    assert {disease for patient in PATIENTS for disease in patient.conditions} == set(Disease)


def test_identities_are_not_shared() -> None:
    for field in ("mrn", "name", "dob"):
        assert max(Counter(getattr(patient, field) for patient in PATIENTS).values()) == 1


def test_the_catalogue_is_read_once() -> None:
    assert load_patients() is load_patients()


@every_patient
def test_documents_are_in_date_order_with_distinct_ids(patient: DemoPatient) -> None:
    assert all(earlier.date <= later.date for earlier, later in pairwise(patient.documents))
    assert len({document.id for document in patient.documents}) == len(patient.documents) >= 15
    assert patient.documents[0].date > patient.dob


@every_patient
def test_no_document_knows_the_future(patient: DemoPatient) -> None:
    for document in patient.documents:
        days = [panel.specimen_date for panel in document.labs]
        days += [finding.specimen_date for finding in document.antibodies]
        days += [procedure.date for procedure in document.procedures]
        days += [diagnosis.date for diagnosis in document.diagnoses]
        for medication in document.medications:
            if medication.status is MedicationStatus.PLANNED:
                assert medication.start is not None
                assert medication.start >= document.date
            elif medication.start:
                days.append(medication.start)
            # a course may be ended with a date some days ahead of the visit
            if medication.stop:
                assert (medication.stop - document.date).days <= 31
        assert max([*days, document.date]) == document.date, document.id


@every_patient
def test_journey_points_to_documents_of_the_same_day(patient: DemoPatient) -> None:
    journey = patient.journey
    for entry in (*journey.earlier_labels, *journey.missed_signals, *journey.diagnoses):
        document = patient.document(entry.document)
        assert document is not None, entry.document
        assert document.date == entry.date


@every_patient
def test_first_document_comes_after_the_first_symptom_or_belongs_to_another_disease(patient: DemoPatient) -> None:
    signals = [entry.date for entry in (*patient.journey.earlier_labels, *patient.journey.missed_signals)]
    assert patient.dob < patient.journey.first_symptom_date <= min(signals)


@every_patient
def test_delay_counts_whole_months_to_the_disease_that_explains_the_first_symptom(patient: DemoPatient) -> None:
    journey = patient.journey
    assert journey.delay_months == months_between(journey.first_symptom_date, journey.diagnoses[0].date)


@every_patient
def test_diagnosis_document_confirms_the_disease(patient: DemoPatient) -> None:
    assert {entry.disease for entry in patient.journey.diagnoses} == set(patient.conditions)
    for entry in patient.journey.diagnoses:
        document = patient.document(entry.document)
        assert document is not None
        confirmed = [d for d in document.diagnoses if d.status == "confirmed" and d.disease is entry.disease]
        assert confirmed, entry
        earlier = [
            d for other in patient.documents if other.date < entry.date
            for d in other.diagnoses if d.status == "confirmed" and d.disease is entry.disease
        ]
        assert not earlier, entry


@every_patient
def test_earlier_labels_stand_in_the_problem_list_of_their_document(patient: DemoPatient) -> None:
    for label in patient.journey.earlier_labels:
        document = patient.document(label.document)
        assert document is not None
        words = set(re.findall(r"[a-z]{3,}", label.label.lower()))
        written = facts_text(document).lower()
        assert any(word in written for word in words), label


@every_patient
def test_questions_are_answered_by_their_documents(patient: DemoPatient) -> None:
    assert len(patient.questions) >= 4
    for item in patient.questions:
        documents = [patient.document(document_id) for document_id in item.documents]
        assert all(documents), item.documents
        written = " ".join(facts_text(document) for document in documents if document)
        for number in re.findall(r"\d{4}-\d{2}-\d{2}|\d+(?:\.\d+)?", item.answer):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", written), (item.question, number)


@every_patient
def test_current_medications_are_not_stopped_in_the_record(patient: DemoPatient) -> None:
    for line in patient.current_medications:
        drug = line.split()[0].lower()
        mentions = [
            medication for document in patient.documents for medication in document.medications
            if medication.name.lower().startswith(drug)
        ]
        if drug == "gluten-free":
            continue
        assert mentions, line
        assert mentions[-1].status not in (MedicationStatus.STOPPED, MedicationStatus.PAST), line


@every_patient
def test_what_was_last_taken_is_listed_as_current(patient: DemoPatient) -> None:
    current = " ".join(patient.current_medications).lower()
    for medication in patient.documents[-1].medications:
        if medication.status in (MedicationStatus.CURRENT, MedicationStatus.STARTED, MedicationStatus.CHANGED):
            assert medication.name.lower().split()[0] in current, medication.name


@every_patient
def test_a_drug_keeps_its_start_date_unless_a_later_course_or_dose_began(patient: DemoPatient) -> None:
    started: dict[str, set[date]] = {}
    for document in patient.documents:
        for medication in document.medications:
            known = started.setdefault(medication.name, set())
            if medication.status in (MedicationStatus.STOPPED, MedicationStatus.CURRENT) and known and medication.start:
                assert medication.start in known or medication.start > max(known), (document.id, medication.name)
            if medication.start:
                known.add(medication.start)


@every_patient
def test_serology_agrees_with_the_record(patient: DemoPatient) -> None:
    results = {
        (result.test, panel.specimen_date): result.shown
        for document in patient.documents for panel in document.labs for result in panel.results
    }
    for item in patient.serology:
        if item.name == "Total IgA":
            assert ("IgA", item.date) in results
        else:
            assert results[item.name, item.date].split()[0] in item.result


@every_patient
def test_ages_in_prose_follow_from_the_date_of_birth(patient: DemoPatient) -> None:
    for document in patient.documents:
        age = patient.age_on(document.date)
        for written in re.findall(r"\b(\d{1,2})-year-old\b", document.text()):
            assert int(written) == age, document.id


@every_patient
def test_each_letterhead_is_known_and_each_character_can_be_printed(patient: DemoPatient) -> None:
    for document in patient.documents:
        assert document.facility in facilities()
        unprintable = {sign for sign in document.model_dump_json() if ord(sign) not in SUPPORTED}
        assert not unprintable, (document.id, unprintable)


def test_no_sentence_is_used_twice() -> None:
    seen: dict[str, str] = {}
    for patient in PATIENTS:
        for document in patient.documents:
            for sentence in set(re.split(r"(?<=[.!?])\s+", document.text().replace("\n", " "))):
                if len(sentence) >= 45:
                    where = f"{patient.id}/{document.id}"
                    assert sentence not in seen, (sentence, where, seen.get(sentence))
                    seen[sentence] = where
