"""The harness that measures the way to the diagnosis: two patients match their sources, and a wrong course is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo_data.catalogue import load_patients
from services.evidence.documents.reading import DocumentReader
from services.evidence.extraction import DiagnosisContent, LabelContent, SymptomContent
from services.patients.facts import StoredFact
from validation import odyssey

PATIENTS = ("james_okonkwo", "sarah_mitchell")
DEMO = {one.id: one for one in load_patients() if one.id in PATIENTS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pdfs")


@pytest.fixture(scope="module")
def compared(folder: Path) -> list[odyssey.Comparison]:
    return odyssey.measure(folder, PATIENTS)


@pytest.fixture(scope="module")
def james(compared: list[odyssey.Comparison], folder: Path) -> list[StoredFact]:
    assert compared
    with DocumentReader() as reader:
        return odyssey.facts_of(reader, folder, DEMO["james_okonkwo"])


def test_delay_and_earlier_labels_match_their_sources(compared: list[odyssey.Comparison]) -> None:
    assert [one.patient_id for one in compared] == list(PATIENTS)
    for one in compared:
        assert one.delay_matched, one
        assert one.missed == ()
        assert len(one.wrong) <= 1, one.wrong


def test_the_totals_name_every_figure(compared: list[odyssey.Comparison]) -> None:
    totals = odyssey.figures(compared)
    assert totals["patients"] == totals["delay_matched"] == 2
    assert totals["labels_recall"] == 1.0
    assert totals["labels_precision"] >= 0.85


def test_without_the_onset_there_is_no_delay(james: list[StoredFact]) -> None:
    silent = [fact for fact in james if not isinstance(fact.content, SymptomContent)]
    assert odyssey.compare(DEMO["james_okonkwo"], silent).traced_months is None


def test_a_record_without_the_earlier_names_misses_them(james: list[StoredFact]) -> None:
    nameless = [
        fact for fact in james
        if not isinstance(fact.content, LabelContent)
        and not (isinstance(fact.content, DiagnosisContent) and fact.content.disease is None)
    ]
    assert odyssey.compare(DEMO["james_okonkwo"], nameless).missed


def test_a_call_without_a_folder_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert odyssey.main([]) == 2
    assert "usage" in capsys.readouterr().err
