"""The demo patients, read once and validated."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from demo_data.reading import HERE, Raw, read_document, read_yaml
from demo_data.schema import DemoDocument, DemoPatient
from services.errors import ConfigurationError

PATIENTS_DIRECTORY = HERE / "patients"


@cache
def load_patients() -> tuple[DemoPatient, ...]:
    """Return every demo patient in the order of their folder names; documents are in date order.

    :raise ConfigurationError: a source file does not fit; the message names patient and document.
    """
    return tuple(_read_patient(folder) for folder in sorted(PATIENTS_DIRECTORY.iterdir()) if folder.is_dir())


def _read_patient(folder: Path) -> DemoPatient:
    patient = read_yaml(folder / "patient.yaml")
    raw_documents: list[Raw] = [row for path in sorted(folder.glob("records*.yaml")) for row in read_yaml(path)]
    raw_documents.sort(key=lambda row: row["date"])
    documents: list[DemoDocument] = []
    used: Counter[str] = Counter()
    for raw in raw_documents:
        try:
            documents.append(read_document(raw, patient["sex"], used, documents))
        except (KeyError, ValueError) as error:
            where = f"{folder.name}, {raw.get('date')} {raw.get('specialty')} {raw.get('type')}"
            raise ConfigurationError(f"demo document {where}: {error!r}") from error
    try:
        return DemoPatient.model_validate({**patient, "id": folder.name, "documents": documents})
    except ValidationError as error:
        raise ConfigurationError(f"demo patient {folder.name}: {error}") from error
