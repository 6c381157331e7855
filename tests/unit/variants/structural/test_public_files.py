"""Structural variants of real callers: every file that can be imported can be annotated, and nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from services.genomics.genome import GenomeBuild
from services.variants.annotation.model import AnnotationRequest, Part
from services.variants.annotation.service import annotate
from services.variants.imports import import_file
from services.variants.outcome import ImportOptions, Mode

OURS = ("sv_deletion", "sv_duplication", "sv_insertion", "sv_inversion", "breakend")
LEAST_FILES = 12


@pytest.mark.shared_data
def test_files_of_many_callers_keep_their_rows_and_get_a_kind(shared: Path, tmp_path: Path) -> None:
    found = sorted(path for path in (shared / "data/sv").rglob("*.vcf*") if path.name.endswith((".vcf", ".vcf.gz")))
    files = [*{path.parent: path for path in found}.values(), *(path for path in found if path.name.startswith("bnd."))]
    annotated = 0
    for number, path in enumerate(files):
        report = import_file(path, tmp_path / str(number), ImportOptions(mode=Mode.LENIENT))
        if report.folder is None:
            continue
        request = AnnotationRequest(report.folder, report.build or GenomeBuild.GRCH37, {}, frozenset({Part.STRUCTURAL}))
        outcome = annotate(request, tmp_path / f"scratch{number}", lambda _share, _message: None, lambda: False)
        rows: list[dict[str, Any]] = pq.read_table(outcome.folder / "variants.parquet").to_pylist()
        before = pq.read_table(report.folder / "variants.parquet").to_pylist()
        names = list(before[0]) if before else []
        assert [[row[name] for name in names] for row in rows] == [[row[name] for name in names] for row in before], path
        assert [path.name for row in rows if row["variant_type"] in OURS and row.get("sv_type") is None] == []
        annotated += 1
    assert annotated >= LEAST_FILES, f"only {annotated} of {len(files)} files were annotated"
