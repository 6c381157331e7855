"""Measures the way to the diagnosis against the demo records: `python -m validation.odyssey DIR`.

DIR holds the demo PDFs as `render_all` writes them (`DIR/<patient_id>/<document id>.pdf`); where it is missing or empty they
are rendered into it. Each course is traced from the facts of the PDFs alone and compared with the journey of the source.

The delay matches when it has the same number of whole months. A label is found when the course of one of the patient's
diagnoses has a label of the same day that shares a word with it (compared by its first letters); each counts once. A label
in a course that is none of the source's counts as wrong, although some of them a clinician would call one too. Prints
misses and wrong labels to stderr, a table, and as its last line one JSON object.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo_data.catalogue import load_patients
from demo_data.render import render_all
from demo_data.schema import DemoPatient, EarlierLabel
from services.clinical.odyssey import Odyssey, OdysseyEvent
from services.evidence.documents.describing import describe
from services.evidence.documents.reading import DocumentReader
from services.evidence.extraction import extract
from services.patients.facts import StoredFact, as_stored
from services.patients.journey import odyssey_of
from services.patients.registry import Patient

_WORD = re.compile(r"[a-z]{3,}")
_NO_NAME = frozenset({"the", "and", "with", "from", "due", "left", "right", "disease", "syndrome"})
_SAME_LETTERS = 6


@dataclass(frozen=True, slots=True)
class Comparison:
    """One patient: months of delay stated and traced, the source's labels that were found or missed, and what is no label."""

    patient_id: str
    stated_months: int
    traced_months: int | None
    first_symptom: date | None
    recognisable_on: date | None
    found: tuple[str, ...]
    missed: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def delay_matched(self) -> bool:
        return self.traced_months == self.stated_months


def main(arguments: Sequence[str]) -> int:
    """Run over the folder named in `arguments`; 0 when done, 2 for a wrong call."""
    if len(arguments) != 1:
        print("usage: python -m validation.odyssey DIR", file=sys.stderr)
        return 2
    compared = measure(Path(arguments[0]))
    print(f"{'patient':18} {'stated':>7} {'traced':>7} {'first symptom':>14} {'recognisable':>13} {'labels':>7} {'wrong':>6}")
    for one in compared:
        total = len(one.found) + len(one.missed)
        print(
            f"{one.patient_id:18} {one.stated_months:7} {one.traced_months if one.traced_months is not None else '-':>7} "
            f"{one.first_symptom or '-'!s:>14} {one.recognisable_on or '-'!s:>13} {len(one.found):4}/{total:<2} "
            f"{len(one.wrong):6}"
        )
    print(json.dumps(figures(compared)))
    return 0


def figures(compared: Sequence[Comparison]) -> dict[str, float]:
    """Return the totals of the JSON line."""
    found = sum(len(one.found) for one in compared)
    stated = found + sum(len(one.missed) for one in compared)
    given = found + sum(len(one.wrong) for one in compared)
    return {
        "patients": len(compared), "delay_matched": sum(one.delay_matched for one in compared),
        "labels_precision": round(found / given, 4) if given else 1.0,
        "labels_recall": round(found / stated, 4) if stated else 1.0,
    }


def measure(directory: Path, only: Sequence[str] = ()) -> list[Comparison]:
    """Trace the course of every demo patient, or of those named in `only`, from their PDFs below `directory`."""
    patients = [one for one in load_patients() if not only or one.id in only]
    if not directory.is_dir() or next(directory.glob("*/*.pdf"), None) is None:
        render_all(directory, patients)
    compared = []
    with DocumentReader() as reader:
        for patient in patients:
            print(f"{patient.id}: {len(patient.documents)} documents", file=sys.stderr)
            one = compare(patient, facts_of(reader, directory, patient))
            for label, names in (("missed", one.missed), ("wrong", one.wrong)):
                for name in names:
                    print(f"{patient.id} {label}: {name}", file=sys.stderr)
            compared.append(one)
    return compared


def facts_of(reader: DocumentReader, directory: Path, patient: DemoPatient) -> list[StoredFact]:
    """Return the facts of a patient's PDFs as the record would hold them."""
    found: list[StoredFact] = []
    for document in patient.documents:
        path = directory / patient.id / f"{document.id}.pdf"
        parsed = reader.read(path)
        described = describe(parsed, file_name=path.name)
        row: Mapping[str, str | None] = {
            "id": document.id, "title": document.title, "doc_type": described.doc_type.value, "specialty": described.specialty,
            "document_date": described.date.isoformat() if described.date else None,
        }
        found += as_stored(
            extract(parsed, described), patient_id=patient.id, sha256=parsed.sha256, document=row, reviews={}
        )
    return found


def compare(source: DemoPatient, facts: Sequence[StoredFact]) -> Comparison:
    """Compare the courses traced from `facts` with the journey of the source."""
    person = Patient(
        id=source.id, name=source.name, date_of_birth=source.dob, sex=source.sex, mrn=None, demo=True, summary=""
    )
    diseases = [one.disease for one in source.journey.diagnoses]
    courses = [odyssey_of(person, facts, disease) for disease in diseases]
    first: Odyssey = courses[0]
    given = {(event.date, event.text): event for course in courses for event in course.labels}.values()
    left = list(source.journey.earlier_labels)
    wrong: list[str] = []
    for event in given:
        match = next((one for one in left if _is_same(one, event)), None)
        if match is not None:
            left.remove(match)
        elif not any(_is_same(one, event) for one in source.journey.earlier_labels):
            wrong.append(f"{event.date} {event.text}")
    missed = tuple(f"{one.date} {one.label}" for one in left)
    found = tuple(one.label for one in source.journey.earlier_labels if one not in left)
    return Comparison(
        source.id, source.journey.delay_months, first.delay_months,
        first.first_symptom.date if first.first_symptom is not None else None, first.recognisable_on, found, missed, tuple(wrong),
    )


def _is_same(stated: EarlierLabel, event: OdysseyEvent) -> bool:
    return stated.date == event.date and bool(_stems(stated.label) & _stems(event.text))


def _stems(name: str) -> set[str]:
    return {word[:_SAME_LETTERS] for word in _WORD.findall(name.lower()) if word not in _NO_NAME}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
