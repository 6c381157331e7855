"""Writes the PDFs of all patients below one folder and leaves alone what is already right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from demo_data.catalogue import load_patients
from demo_data.reading import HERE
from demo_data.render.layout import render_document
from demo_data.schema import DemoDocument, DemoPatient

MANIFEST = "manifest.json"


def render_all(directory: Path, patients: Sequence[DemoPatient] | None = None) -> dict[str, list[Path]]:
    """Write `<directory>/<patient_id>/<document id>.pdf` for every document and return the paths by patient.

    Idempotent: a file whose source, renderer and bytes are unchanged since the last call is not written again. A
    manifest beside the folders records what was written. `patients` defaults to all demo patients.
    """
    directory.mkdir(parents=True, exist_ok=True)
    manifest_path = directory / MANIFEST
    before: dict[str, str] = json.loads(manifest_path.read_text(encoding="utf-8")) if manifest_path.exists() else {}
    after = dict(before)
    version = _renderer_version()
    written: dict[str, list[Path]] = {}
    for patient in load_patients() if patients is None else patients:
        folder = directory / patient.id
        folder.mkdir(exist_ok=True)
        written[patient.id] = []
        for document in patient.documents:
            path = folder / f"{document.id}.pdf"
            key = f"{patient.id}/{path.name}"
            source = _source_digest(patient, document, version)
            if not path.exists() or before.get(key) != f"{source} {_digest(path.read_bytes())}":
                content = render_document(patient, document)
                path.write_bytes(content)
                after[key] = f"{source} {_digest(content)}"
            written[patient.id].append(path)
    manifest_path.write_text(json.dumps(after, indent=1, sort_keys=True), encoding="utf-8")
    return written


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _source_digest(patient: DemoPatient, document: DemoDocument, version: str) -> str:
    identity = f"{patient.name}|{patient.mrn}|{patient.dob}|{patient.sex}"
    return _digest(f"{version}|{identity}|{document.model_dump_json()}".encode())


def _renderer_version() -> str:
    sources = sorted((*(HERE / "render").glob("*.py"), HERE / "facilities.yaml"))
    packages = ("fpdf2", "fonttools", "font-source-sans-pro", "font-source-serif-pro")
    versions = "|".join(f"{name} {metadata.version(name)}" for name in packages)
    return _digest(b"".join(path.read_bytes() for path in sources) + versions.encode())
