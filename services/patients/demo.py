"""The demo patients: rendered to PDF and taken in like any other document."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demo_data.catalogue import load_patients
from services.access.principals import Principal
from services.clinical.profile import Profile
from services.errors import ConflictError
from services.evidence.embedder import Progress
from services.patients.analyses import AnalysisLog
from services.patients.documents import DocumentLibrary
from services.patients.record import PatientRecord
from services.patients.registry import PatientRegistry

if TYPE_CHECKING:
    from demo_data.schema import DemoPatient


class DemoLoader:
    """Loads the nine demo patients. Idempotent: what is already there is left as it is.

    `afterwards` is what else belongs to them, in this order; each is called at the end of each load.
    """

    def __init__(
        self, patients: PatientRegistry, library: DocumentLibrary, folder: Path,
        afterwards: Sequence[Callable[[Principal], object]] = (),
    ) -> None:
        self._patients = patients
        self._library = library
        self._folder = folder
        self._afterwards = afterwards
        self._loading = threading.Lock()

    @property
    def loading(self) -> bool:
        """Whether a load is running now."""
        return self._loading.locked()

    @property
    def unfinished(self) -> bool:
        """Whether a load was begun and did not reach its end: the program was stopped meanwhile."""
        return self._begun.exists()

    @property
    def _begun(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}.begun")

    def load(self, access: Principal, progress: Progress | None = None) -> dict[str, int]:
        """Render and take in all demo documents. Returns the number of passages of each patient.

        One load at a time: a second caller waits for the first and then finds everything there.
        """
        with self._loading:
            self._begun.parent.mkdir(parents=True, exist_ok=True)
            self._begun.touch()
            passages = self._load(access, progress)
            for bring_in in self._afterwards:
                bring_in(access)
            self._begun.unlink(missing_ok=True)
            return passages

    def _load(self, access: Principal, progress: Progress | None) -> dict[str, int]:
        # here and not at the head: the PDF writer is needed on the first start only
        from demo_data.render import render_all

        rendered = render_all(self._folder)
        total = sum(len(paths) for paths in rendered.values())
        done = 0
        passages: dict[str, int] = {}
        for patient in load_patients():
            self._create(patient, access)
            paths = rendered[patient.id]
            batch = [(path.name, path.read_bytes()) for path in paths]
            try:
                ingested = self._library.ingest_many(patient.id, batch, access)
            except ConflictError:  # somebody uploads one of these documents now: then it is there the second time
                ingested = self._library.ingest_many(patient.id, batch, access)
            passages[patient.id] = sum(one.document.passage_count for one in ingested)
            done += len(paths)
            if progress is not None:
                progress(done, total)
        return passages

    def _create(self, patient: DemoPatient, access: Principal) -> None:
        from demo_data.current_profile import profile_of

        try:
            self._patients.create(
                patient.id, access, name=patient.name, date_of_birth=patient.dob, sex=patient.sex, mrn=patient.mrn,
                demo=True, summary=patient.summary, profile=profile_of(patient).model_dump(mode="json", exclude_none=True),
            )
        except ConflictError:
            return


class DemoAnalyses:
    """Analyses what the records of the demo patients say, so that each has a summary to look at."""

    def __init__(self, patients: PatientRegistry, record: PatientRecord, analyses: AnalysisLog) -> None:
        self._patients = patients
        self._record = record
        self._analyses = analyses

    def run(self, access: Principal) -> None:
        """Analyse every demo patient of whom no analysis is kept."""
        for patient in self._patients.list(access):
            if patient.demo and self._analyses.latest(patient.id, access) is None:
                begun = self._record.start(patient.id, datetime.datetime.now(datetime.UTC).date(), access)
                self._analyses.run(Profile.model_validate(begun.profile), access)


def demo_questions(patient_id: str) -> tuple[str, ...]:
    """Questions that the record of a demo patient answers; empty for anyone else."""
    return next((tuple(one.question for one in patient.questions) for patient in load_patients() if patient.id == patient_id), ())
