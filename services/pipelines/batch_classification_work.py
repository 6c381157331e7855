"""The classification of a table's rows, as the child process does it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from services.genomics.genome import GenomeBuild
from services.pipelines.import_work import Report
from services.variants.classification.table_columns import classify_table as classify


def classify_table(payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Write the classified table into `payload["target"]`. Returns `{"rows", "left_out", "unknown", "classes"}`.

    The parent ends this process to stop it, so nothing here asks whether to stop.
    """
    rows = pq.read_table(payload["rows"]).column("row_id").to_pylist()
    done = classify(
        Path(payload["folder"]), GenomeBuild(payload["build"]), Path(payload["references"]), rows, Path(payload["target"]),
        report, lambda: False,
    )
    return {"rows": done.rows, "left_out": done.left_out, "unknown": done.unknown, "classes": dict(done.classes)}
