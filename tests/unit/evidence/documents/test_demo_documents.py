"""The demo record, printed as PDFs, is read back as it was written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo_data.catalogue import load_patients
from demo_data.render import render_all
from demo_data.schema import DemoDocument, DemoPatient
from services.evidence.documents.chunking import chunk
from services.evidence.documents.describing import DocumentDescription, describe
from services.evidence.documents.model import ParsedDocument
from services.evidence.documents.reading import DocumentReader

# The two vocabularies differ in these words.
TYPES = {
    "consult": "consultation", "genetics_report": "genetic_report", "ed_note": "emergency_note",
    "procedure_note": "operative_note",
}
SPECIALTIES = {
    "family_medicine": "primary_care", "internal_medicine": "primary_care", "obstetric_medicine": "obstetrics",
    "neurophysiology": "neurology",
}
REQUIRED_SHARE = 0.97


@dataclass(frozen=True)
class Printed:
    patient: DemoPatient
    source: DemoDocument
    path: Path
    parsed: ParsedDocument
    description: DocumentDescription


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, reader: DocumentReader) -> list[Printed]:
    folder = tmp_path_factory.mktemp("demo")
    patients = load_patients()
    render_all(folder, patients)
    jobs = [(patient, source, folder / patient.id / f"{source.id}.pdf") for patient in patients for source in patient.documents]
    with ThreadPoolExecutor(2) as threads:
        parsed = list(threads.map(lambda job: reader.read(job[2]), jobs))
    return [
        Printed(patient, source, path, document, describe(document, file_name=path.name))
        for (patient, source, path), document in zip(jobs, parsed, strict=True)
    ]


def _wrong(printed: list[Printed], field: str) -> list[str]:
    wrong = []
    for one in printed:
        expected = {
            "doc_type": TYPES.get(one.source.type.value, one.source.type.value),
            "specialty": SPECIALTIES.get(one.source.specialty, one.source.specialty),
            "date": one.source.date, "author": one.source.author.name,
            "patient_name": one.patient.name, "mrn": one.patient.mrn, "date_of_birth": one.patient.dob,
        }[field]
        # A laboratory's report is laboratory medicine, whichever specialty its tests serve.
        if field == "specialty" and one.source.type.value == "lab_report":
            expected = "laboratory_medicine"
        if getattr(one.description, field) != expected:
            wrong.append(f"{one.source.id}: {expected} != {getattr(one.description, field)}")
    return wrong


@pytest.mark.parametrize("field", ["doc_type", "specialty", "date", "author", "patient_name", "mrn", "date_of_birth"])
@pytest.mark.slow
def test_demo_documents_are_described_as_they_were_written(printed: list[Printed], field: str) -> None:
    wrong = _wrong(printed, field)
    assert len(wrong) <= (1 - REQUIRED_SHARE) * len(printed), wrong


@pytest.mark.slow
def test_every_result_of_the_demo_record_is_in_one_chunk_with_its_test(printed: list[Printed]) -> None:
    checked = missing = 0
    for one in printed:
        chunks = chunk(one.parsed, one.description, count_tokens=lambda text: len(text.split()))
        texts = [" ".join(made.text.split()) for made in chunks]
        for panel in one.source.labs:
            for result in panel.results:
                checked += 1
                missing += not any(result.test in text and result.shown in text for text in texts)
    assert checked > 100
    assert missing <= 0.01 * checked
