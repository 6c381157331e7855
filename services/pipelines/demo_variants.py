"""The variants of the demo patients as tables: written by the project's script, imported like any file, linked to the patients.

It runs when the demo patients are taken in. The tables are a few hundred rows, so this is done in place and not as jobs: nothing
of it waits in the queue of somebody's work. What is there already is left as it is, so a run that was interrupted is completed by
the next one; a table that somebody deleted comes back only when the demo patients are loaded again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from services.access.principals import Principal
from services.errors import NotFoundError, UnavailableError
from services.genomics.genome import GenomeBuild
from services.patients.registry import PatientRegistry
from services.pipelines.annotation_work import installed_packs
from services.variants.annotation.model import AnnotationRequest
from services.variants.annotation.service import annotate
from services.variants.annotation.writing import put_in_place
from services.variants.imports import ImportOptions, Status, import_file
from services.variants.library import VariantLibrary

_BUILD = GenomeBuild.GRCH38
_SAMPLE_TYPE = "demo"


class DemoVariants:
    """Loads the demo variants. Idempotent. `folder` is for work in between, on the file system of the tables."""

    def __init__(self, library: VariantLibrary, patients: PatientRegistry, references: Path, folder: Path) -> None:
        self._library = library
        self._patients = patients
        self._references = references
        self._folder = folder

    def load(self, access: Principal) -> tuple[str, ...]:
        """Import and link the tables of the demo patients who are there. Returns the ids of all their tables.

        :raise UnavailableError: a demo file could not be imported; nothing of it is left behind.
        """
        # here and not at the head: it is needed when the demo patients are loaded, and never after
        from demo_data.variants import write_variants

        loaded = []
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            folder = Path(scratch)
            for one in write_variants(folder):
                if not self._is_patient(one.patient, access):
                    continue
                table_id = _table_id(one.path.name)
                if not self._library.folder(table_id).exists():
                    self._import(one.path, table_id, folder)
                self._library.register(
                    table_id, access.name, one.title, _BUILD, sample_type=_SAMPLE_TYPE, notes=one.notes, patient_id=one.patient
                )
                loaded.append(table_id)
        return tuple(loaded)

    def _is_patient(self, patient_id: str, access: Principal) -> bool:
        try:
            self._patients.get(patient_id, access)
        except NotFoundError:
            return False
        return True

    def _import(self, path: Path, table_id: str, scratch: Path) -> None:
        made = scratch / table_id
        outcome = import_file(path, made, ImportOptions(expected_build=_BUILD))
        if outcome.status is not Status.IMPORTED:
            reason = outcome.refusal.text if outcome.refusal else "the import was stopped"
            raise UnavailableError(f"the demo variants {path.name} could not be imported: {reason}")
        # with packs installed, the table waits for whoever wants them used: reading large packs is a job's work
        if not installed_packs(self._references, _BUILD):
            work = scratch / f"{table_id}.annotation"
            annotate(AnnotationRequest(made, _BUILD, {}), work, lambda _share, _said: None, lambda: False)
            put_in_place(made, work / "annotated")
        os.replace(made, self._library.folder(table_id))


def _table_id(file_name: str) -> str:
    return hashlib.sha256(f"demo variants/{file_name}".encode()).hexdigest()[:32]
