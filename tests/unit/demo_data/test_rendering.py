"""The PDFs: enough of them, readable, complete, the same bytes each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from demo_data.catalogue import load_patients
from demo_data.reading import facilities
from demo_data.render import render_all, render_document
from demo_data.render.page import FOOTER
from demo_data.schema import DemoDocument, DemoPatient, TableStyle

PATIENTS = load_patients()
DOCUMENTS = [(patient, document) for patient in PATIENTS for document in patient.documents]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo")
    render_all(directory)
    return directory


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[tuple[str, str], list[str]]:
    """The text of each page of each document."""
    return {
        (patient.id, document.id): [
            re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(folder / patient.id / f"{document.id}.pdf").pages
        ]
        for patient, document in DOCUMENTS
    }


def test_at_least_150_files_named_by_date_specialty_and_type(folder: Path) -> None:
    names = [path.name for path in folder.glob("*/*.pdf")]
    assert len(names) == len(DOCUMENTS) >= 150
    assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}_[a-z0-9_]+\.pdf", name) for name in names)
    assert (folder / "sarah_mitchell" / "2022-03-15_rheumatology_progress_note.pdf").exists()


def test_each_page_names_the_patient_the_page_and_the_fiction(texts: dict[tuple[str, str], list[str]]) -> None:
    for patient, document in DOCUMENTS:
        pages = texts[patient.id, document.id]
        for number, page in enumerate(pages, start=1):
            assert patient.name in page, (patient.id, document.id)
            assert patient.mrn in page
            assert FOOTER in page
            assert f"Page {number} of {len(pages)}" in page


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_every_fact_and_all_prose_is_on_the_pages(texts: dict[tuple[str, str], list[str]]) -> None:
    for patient, document in DOCUMENTS:
        text = squeezed("".join(texts[patient.id, document.id]))
        for expected in stated(document):
            assert squeezed(expected) in text, (patient.id, document.id, expected)


def stated(document: DemoDocument) -> list[str]:
    """What must be readable whatever the table style. Cells wrap, so names of drugs and tests are looked for by word."""
    words = [result.shown for panel in document.labs for result in panel.results]
    words += [finding.shown for finding in document.antibodies]
    words += [result.test.split()[0] for panel in document.labs for result in panel.results]
    words += list(document.hla.alleles if document.hla else ())
    words += [medication.name.split()[0] for medication in document.medications]
    words += [diagnosis.name.split()[0] for diagnosis in document.diagnoses]
    words += [score.instrument for score in document.activity]
    words += [paragraph[:30] for section in document.sections for paragraph in section.paragraphs]
    return words


def test_signs_of_clinical_text_survive_as_unicode(texts: dict[tuple[str, str], list[str]]) -> None:
    everything = " ".join(page for pages in texts.values() for page in pages)
    for sign in ("β", "µ", "≥", "≤", "ö", "é", "°", "×", "²", "³"):
        assert sign in everything, sign


def test_no_character_falls_outside_the_fonts(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    del folder
    for patient in PATIENTS[:2]:
        render_document(patient, patient.documents[0])
    assert "missing" not in caplog.text.lower()


def test_at_least_six_letterheads_and_all_six_table_styles_are_used() -> None:
    assert {document.facility for _, document in DOCUMENTS} == set(facilities())
    assert len(facilities()) >= 6
    with_results = {d.table_style for _, d in DOCUMENTS if d.labs or d.antibodies}
    assert with_results == set(TableStyle)


def test_some_documents_run_over_several_pages(texts: dict[tuple[str, str], list[str]]) -> None:
    assert sum(len(pages) > 1 for pages in texts.values()) >= 15


def test_no_page_is_left_with_a_signature_alone(texts: dict[tuple[str, str], list[str]]) -> None:
    for key, pages in texts.items():
        assert len(pages[-1]) > 260 or len(pages) == 1, key


def test_the_same_source_gives_the_same_bytes_in_another_process(folder: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from demo_data.catalogue import load_patients; "
        "from demo_data.render import render_document; p = load_patients()[0]; "
        "Path(sys.argv[1]).write_bytes(render_document(p, p.documents[0]))"
    )
    target = tmp_path / "again.pdf"
    subprocess.run(
        [sys.executable, "-c", script, str(target)], cwd=ROOT, check=True, timeout=60,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    first = PATIENTS[0]
    assert target.read_bytes() == (folder / first.id / f"{first.documents[0].id}.pdf").read_bytes()


@pytest.fixture
def small() -> tuple[DemoPatient, ...]:
    patient = PATIENTS[0]
    return (patient.model_copy(update={"documents": patient.documents[:3]}),)


def test_unchanged_files_are_left_alone(small: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    paths = render_all(tmp_path, small)[small[0].id]
    for path in paths:
        os.utime(path, ns=(1, 1))
    assert render_all(tmp_path, small)[small[0].id] == paths
    assert {path.stat().st_mtime_ns for path in paths} == {1}


def test_a_damaged_or_missing_file_is_written_again(small: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    damaged, missing, _ = render_all(tmp_path, small)[small[0].id]
    good = damaged.read_bytes()
    damaged.write_bytes(good[:-10])
    missing.unlink()
    render_all(tmp_path, small)
    assert damaged.read_bytes() == good
    assert missing.exists()


def test_a_changed_source_is_rendered_again(small: tuple[DemoPatient, ...], tmp_path: Path) -> None:
    first = render_all(tmp_path, small)[small[0].id][0]
    before = first.read_bytes()
    renamed = (small[0].model_copy(update={"name": "Somebody Else"}),)
    render_all(tmp_path, renamed)
    assert first.read_bytes() != before


def test_dates_inside_the_file_come_from_the_document(folder: Path) -> None:
    patient, document = DOCUMENTS[0]
    created = PdfReader(folder / patient.id / f"{document.id}.pdf").metadata
    assert created is not None
    assert created.creation_date is not None
    assert created.creation_date.date() == document.date
