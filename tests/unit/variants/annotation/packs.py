"""Small packs in the documented layout, written as rows a test can read, and tables to annotate with them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pysam

from services.genomics.genome import CHROMOSOMES, GenomeBuild
from services.variants.annotation.model import OWN_PARTS, AnnotationOutcome, AnnotationRequest, Packs, Part
from services.variants.annotation.service import annotate
from services.variants.annotation.writing import put_in_place
from services.variants.manifest import read_manifest
from services.variants.reference.model import Pack, PackKind
from tests.unit.variants.support import HEADER, imported_folder, vcf

CODONS = "ATG GCT TGT AAA GAT CCT GGT CTG TTC CAT AGA TCA ACT GTT TAC TGG ATC CAA AAC TAA".split()
BEFORE, BEHIND = "ACGTTGCAAC" * 5, "GGATCTTACG" * 200
SEQUENCE = BEFORE + "".join(CODONS) + BEHIND
"""51 to 110 codes; a run of ten A begins at 3001."""
SEQUENCE = SEQUENCE.ljust(2_999, "C") + "G" + "A" * 10 + "C" * 990
GFF = """\
##gff-version 3
1\tx\tgene\t41\t900\t.\t+\t.\tID=gene:G1;Name=GENE1;biotype=protein_coding
1\tx\tmRNA\t41\t900\t.\t+\t.\tID=transcript:T9;Parent=gene:G1;biotype=protein_coding;tag=basic,MANE_Select
1\tx\texon\t41\t300\t.\t+\t.\tParent=transcript:T9
1\tx\texon\t800\t900\t.\t+\t.\tParent=transcript:T9
1\tx\tCDS\t51\t110\t.\t+\t0\tParent=transcript:T9
1\tx\tfive_prime_UTR\t41\t50\t.\t+\t.\tParent=transcript:T9
1\tx\tthree_prime_UTR\t111\t300\t.\t+\t.\tParent=transcript:T9
1\tx\tthree_prime_UTR\t800\t900\t.\t+\t.\tParent=transcript:T9
"""
EXONS = [
    {"gene": "GENE1", "gene_id": "G1", "transcript": "T9", "mark": "mane_select", "biotype": "protein_coding", "chrom": "1",
     "strand": "+", "exon": 1, "start": 41, "end": 300, "coding_start": 51, "coding_end": 110, "version": 4},
    {"gene": "GENE1", "gene_id": "G1", "transcript": "T9", "mark": "mane_select", "biotype": "protein_coding", "chrom": "1",
     "strand": "+", "exon": 2, "start": 800, "end": 900, "coding_start": None, "coding_end": None,
     "version": 4},
]  # fmt: skip


def snv(pos: int, name: str = "chr1") -> str:
    """Return a line with the reference's own base as REF."""
    ref = SEQUENCE[pos - 1]
    return f"{name} {pos} . {ref} {'T' if ref != 'T' else 'C'} 50 PASS . GT 0/1"


def codon(number: int) -> int:
    """Return the position of the first base of a codon."""
    return 51 + 3 * (number - 1)


class Shelf:
    """Packs of one build in a folder."""

    def __init__(self, folder: Path, build: GenomeBuild = GenomeBuild.GRCH38) -> None:
        self._folder = folder
        self.build = build
        self.packs: dict[PackKind, Pack] = {}

    def place(self, kind: PackKind, version: str = "2026-11", rows: int = 1) -> Path:
        """Enter a pack and return its folder, to be filled."""
        folder = self._folder / kind / version
        folder.mkdir(parents=True)
        build = self.build if kind.has_build else None
        self.packs[kind] = Pack(kind, kind.label, build, version, version, "", "", "0" * 64, rows, folder)
        return folder

    def rows(self, kind: PackKind, *rows: Mapping[str, Any], version: str = "2026-11", name: str = "data.parquet") -> None:
        """Enter a pack of these rows, in order; rows with alleles get their chromosome's number."""
        entries = [dict(row) for row in rows]
        if entries and "pos" in entries[0]:
            entries = [{"chrom_order": CHROMOSOMES.index(row["chrom"]), **row} for row in entries]
            entries.sort(key=lambda row: (row["chrom_order"], row["pos"], row["ref"], row["alt"]))
        pq.write_table(pa.Table.from_pylist(entries), self.place(kind, version, len(entries)) / name)

    def genes(self, exons: Sequence[Mapping[str, Any]] = EXONS, gff: str = GFF) -> None:
        """Enter gene models and the sequence they belong to."""
        folder = self.place(PackKind.GENE_MODELS)
        (folder / "genes.gff3.gz").write_bytes(gzip.compress(gff.encode()))
        pq.write_table(pa.Table.from_pylist([dict(row) for row in exons]), folder / "exons.parquet")

    def sequence(self, **contigs: str) -> None:
        """Enter a reference sequence; contigs are given as `c1="ACGT"` for the contig 1."""
        fasta = self.place(PackKind.SEQUENCE) / "genome.fa"
        named = {name.removeprefix("c"): text for name, text in (contigs or {"c1": SEQUENCE}).items()}
        fasta.write_text("".join(f">{name}\n{text}\n" for name, text in named.items()))
        pysam.faidx(str(fasta))


def clinvar(chrom: str, pos: int, ref: str, alt: str, significance: str, stars: int = 2, number: int = 1) -> dict[str, Any]:
    return {
        "chrom": chrom, "pos": pos, "ref": ref, "alt": alt, "variation_id": number, "significance": significance, "stars": stars,
        "review_status": "criteria provided", "conditions": "A condition", "gene": "GENE1", "rsid": "rs1",
        "molecular_consequence": None, "hgvs": None,
    }  # fmt: skip


def frequency(chrom: str, pos: int, ref: str, alt: str, af: float, an: int = 1_000) -> dict[str, Any]:
    return {
        "chrom": chrom, "pos": pos, "ref": ref, "alt": alt, "ac": int(af * an), "an": an, "af": af, "homozygotes": 3,
        "hemizygotes": 0, "popmax_population": "nfe", "popmax_ac": 5, "popmax_an": 500, "popmax_af": 2 * af, "faf95": af / 2,
        "passed": True,
    }  # fmt: skip


def table(folder: Path, *lines: str, header: str = HEADER, samples: tuple[str, ...] = ("S1",)) -> Path:
    """Import lines (blanks for tabs) and return the folder of the table."""
    return imported_folder(folder, vcf(*lines, samples=samples, header=header))


def annotated(
    folder: Path, packs: Packs, build: GenomeBuild = GenomeBuild.GRCH38, *parts: Part
) -> tuple[list[dict[str, Any]], AnnotationOutcome]:
    """Annotate a table and put it in place; returns its rows and what was done."""
    scratch = folder.parent / f"scratch{len(list(folder.parent.glob('scratch*')))}"
    request = AnnotationRequest(folder, build, packs, frozenset(parts) or OWN_PARTS)
    outcome = annotate(request, scratch, lambda _share, _message: None, lambda: False)
    put_in_place(folder, outcome.folder)
    rows: list[dict[str, Any]] = pq.read_table(folder / "variants.parquet").to_pylist()
    assert list(rows[0]) == [entry["name"] for entry in read_manifest(folder)["columns"]]
    return rows, outcome


def reasons(outcome: AnnotationOutcome) -> dict[str, str]:
    """Return what is missing, by kind."""
    found: dict[str, str] = {}
    for one in outcome.summary()["missing"]:
        found[one["kind"]] = "; ".join(filter(None, (found.get(one["kind"]), one["why"])))
    return found
