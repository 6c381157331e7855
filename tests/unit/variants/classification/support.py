"""Tiny packs of reference data: a chromosome of a few hundred bases with one gene on each strand, and what was seen on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pysam

from services.genomics.genome import GenomeBuild
from services.variants.reference.layouts import EXONS, LAYOUTS
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind

CHROM = "16"
# a gene of 60 codons on each strand: exons of 60, 60 and 60 bases, introns of 40
_CODONS = ["ATG", *["GCC", "CGG", "GAT", "AAA", "TGG", "CTG"] * 9, "GAA", "GGC", "TTC", "AGC", "TAA"]
CODING = "".join(_CODONS)
_INTRON = "GT" + "C" * 36 + "AG"
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
PLUS_START, MINUS_START = 101, 501


def _gene_text() -> str:
    return CODING[:60] + _INTRON + CODING[60:120] + _INTRON + CODING[120:]


GENE_TEXT = _gene_text()
SEQUENCE = (
    "A" * 100 + GENE_TEXT + "C" * (400 - len(GENE_TEXT)) + GENE_TEXT.translate(_COMPLEMENT)[::-1] + "T" * 200
)


def plus_position(coding: int) -> int:
    """Return the genomic position of a coding base of the gene on the plus strand, both 1-based."""
    return PLUS_START + coding - 1 + 40 * ((coding - 1) // 60)


def minus_position(coding: int) -> int:
    """The same on the minus strand."""
    return MINUS_START + len(GENE_TEXT) - 1 - (coding - 1) - 40 * ((coding - 1) // 60)


def base_at(position: int) -> str:
    return SEQUENCE[position - 1]


def exon_rows(gene: str, strand: str) -> list[dict[str, Any]]:
    rows = []
    for number in range(3):
        ends = [plus_position(number * 60 + 1), plus_position(number * 60 + 60)] if strand == "+" else [
            minus_position(number * 60 + 60), minus_position(number * 60 + 1)
        ]
        rows.append({
            "gene": gene, "gene_id": gene, "transcript": f"NM_{'1' if strand == '+' else '2'}.1", "mark": "mane_select",
            "biotype": "protein_coding", "chrom": CHROM, "strand": strand, "exon": number + 1, "start": ends[0], "end": ends[1],
            "coding_start": ends[0], "coding_end": ends[1],
        })
    return rows


class Shelf:
    """Writes packs into a folder, as an installation leaves them."""

    def __init__(self, root: Path, build: GenomeBuild = GenomeBuild.GRCH38) -> None:
        self.root, self.build = root, build
        self.library = ReferenceLibrary(root)

    def table(self, kind: PackKind, rows: Sequence[Mapping[str, Any]], version: str = "2026-11") -> None:
        folder = self._folder(kind, version, len(rows))
        _parquet(folder / "data.parquet", LAYOUTS[kind], [{"chrom_order": 15, "chrom": CHROM, **row} for row in rows])

    def genes(self, rows: Sequence[Mapping[str, Any]], version: str = "1") -> None:
        folder = self._folder(PackKind.GENE_MODELS, version, len(rows))
        _parquet(folder / "exons.parquet", EXONS, rows)

    def sequence(self) -> None:
        path = self._folder(PackKind.SEQUENCE, "1", 1) / "genome.fa"
        path.write_text(f">{CHROM}\n{SEQUENCE}\n", encoding="ascii")
        pysam.faidx(str(path))

    def complete(self, plus: str = "NOD2", minus: str = "MEFV") -> None:
        """Install everything, with empty evidence: gene models, sequence, and packs that know no variant."""
        self.genes([*exon_rows(plus, "+"), *exon_rows(minus, "-")])
        self.sequence()
        for kind in (PackKind.CLINVAR, PackKind.FREQUENCIES, PackKind.REVEL, PackKind.SPLICEAI, PackKind.ALPHAMISSENSE):
            self.table(kind, [])

    def _folder(self, kind: PackKind, version: str, rows: int) -> Path:
        build = self.build if kind.has_build else None
        folder = self.root / kind / (build or "any") / version
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "kind": kind.value, "name": kind.label, "build": build.value if build else None, "version": version,
            "date": version, "source_url": "", "licence": "", "sha256": "", "rows": rows,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder


def _parquet(path: Path, layout: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in layout.items())
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE t ({columns})")
        for row in rows:
            values = [row.get(name) for name in layout]
            connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(values))})", values)
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
