"""The harness that measures extraction: it finds what is right, counts what is wrong, and can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demo_data.catalogue import load_patients
from demo_data.render import render_all
from services.evidence.documents.reading import DocumentReader
from services.evidence.extraction import Fact, LabContent
from validation import extraction


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Fact, ...]]:
    """The facts of one demo patient, read from rendered PDFs."""
    patient = load_patients()[0]
    folder = tmp_path_factory.mktemp("pdfs")
    render_all(folder, [patient])
    with DocumentReader() as reader:
        return {document.id: extraction._facts(reader, folder, patient, document) for document in patient.documents}


def _tallies(facts: dict[str, tuple[Fact, ...]]) -> dict[str, extraction.Tally]:
    tallies = {kind: extraction.Tally() for kind in extraction.KINDS}
    extraction.compare(load_patients()[0], facts, tallies)
    return tallies


def test_targets_hold_for_a_demo_patient(facts: dict[str, tuple[Fact, ...]]) -> None:
    tallies = _tallies(facts)
    for kind, target in (("labs", 0.95), ("antibodies", 0.95), ("hla", 0.95), ("medications", 0.9), ("diagnoses", 0.9)):
        assert tallies[kind].recall >= target, (kind, tallies[kind].missed)
        assert tallies[kind].precision >= target, (kind, tallies[kind].wrong)


def test_nothing_extracted_means_nothing_found(facts: dict[str, tuple[Fact, ...]]) -> None:
    tallies = _tallies(dict.fromkeys(facts, ()))
    assert tallies["labs"].recall == 0
    assert tallies["labs"].missed


def test_a_wrong_number_costs_precision_and_recall(facts: dict[str, tuple[Fact, ...]]) -> None:
    broken = {
        document: tuple(
            replace(fact, content=fact.content.model_copy(update={"value": 987.0}))
            if isinstance(fact.content, LabContent) and fact.content.value is not None
            else fact
            for fact in of
        )
        for document, of in facts.items()
    }
    right, wrong = _tallies(facts)["labs"], _tallies(broken)["labs"]
    assert wrong.recall < right.recall - 0.5
    assert wrong.precision < right.precision - 0.5


def test_a_wrong_date_costs_recall(facts: dict[str, tuple[Fact, ...]]) -> None:
    broken = {document: tuple(replace(fact, effective=None) for fact in of) for document, of in facts.items()}
    assert _tallies(broken)["medications"].recall < 0.2


def test_a_wrong_call_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert extraction.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_last_line_is_one_json_object(
    facts: dict[str, tuple[Fact, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extraction, "measure", lambda _: _tallies(facts))
    assert extraction.main([str(tmp_path)]) == 0
    figures = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert set(figures) == set(extraction.KINDS)
    assert set(figures["labs"]) == {"precision", "recall", "n"}
