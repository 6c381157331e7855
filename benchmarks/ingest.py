"""Measures the taking in of the demo patients' PDFs: reading, cutting, embedding, storing."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import progress
from demo_data.catalogue import load_patients
from demo_data.render import render_all
from services.access.principals import LOCAL_USER
from services.container import build_services
from services.settings import Settings


def run(max_patients: int | None = None) -> dict[str, Any]:
    """Return documents, passages, seconds and documents per second for the first `max_patients` demo patients, or all."""
    with tempfile.TemporaryDirectory() as folder:
        progress("ingest: rendering the demo documents")
        rendered = render_all(Path(folder) / "demo")
        services = build_services(Settings(data_dir=Path(folder) / "var", demo_data=False))
        try:
            services.preparation.start()
            status = services.preparation.wait(600)
            if not status.done:
                raise RuntimeError(f"the services are not ready: {status.failure or status.stage}")
            documents = passages = 0
            progress("ingest: taking them in")
            started = time.perf_counter()
            for patient in load_patients()[:max_patients]:
                batch = [(path.name, path.read_bytes()) for path in rendered[patient.id]]
                taken = services.documents.ingest_many(patient.id, batch, LOCAL_USER)
                documents += len(taken)
                passages += sum(one.document.passage_count for one in taken)
            seconds = time.perf_counter() - started
        finally:
            services.close()
    return {
        "documents": documents, "passages": passages, "seconds": round(seconds, 1),
        "documents_per_s": round(documents / seconds, 1), "passages_per_s": round(passages / seconds, 1),
    }
