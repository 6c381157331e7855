"""Small packs put into their place by hand, in the layout an installation leaves: readers are tested apart from converters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pysam

from services.genomics.genome import GenomeBuild
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind


def _folder(root: Path, kind: PackKind, build: GenomeBuild, rows: int) -> Path:
    folder = root / kind / build / "test"
    folder.mkdir(parents=True)
    manifest = {
        "format": 1, "kind": kind.value, "name": kind.label, "build": build.value, "version": "test", "date": "2026-11-01",
        "source_url": "", "licence": "", "sha256": "0" * 64, "rows": rows,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def put_sequence(root: Path, build: GenomeBuild, contigs: Mapping[str, str]) -> ReferenceLibrary:
    """Install an indexed FASTA file of these contigs."""
    fasta = _folder(root, PackKind.SEQUENCE, build, len(contigs)) / "genome.fa"
    lines = (f">{name}\n" + "\n".join(bases[at : at + 60] for at in range(0, len(bases), 60)) for name, bases in contigs.items())
    fasta.write_text("\n".join(lines) + "\n", encoding="ascii")
    pysam.faidx(str(fasta))
    return ReferenceLibrary(root)


def put_rows(
    root: Path, kind: PackKind, build: GenomeBuild, rows: Sequence[Mapping[str, Any]], name: str = "data.parquet"
) -> ReferenceLibrary:
    """Install a table as it stands."""
    folder = _folder(root, kind, build, len(rows))
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), folder / name)
    return ReferenceLibrary(root)
