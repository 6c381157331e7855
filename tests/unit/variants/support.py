"""Small variant files, written as text where a test can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from services.variants.imports import import_file
from services.variants.outcome import ImportOptions, ImportReport, Status

HEADER = """##fileformat=VCFv4.3
##contig=<ID=chr1,length=248956422>
##contig=<ID=chr2,length=242193529>
##contig=<ID=chrX,length=156040895>
##FILTER=<ID=q10,Description="Quality below 10">
##ALT=<ID=DEL,Description="Deletion">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=AD,Number=R,Type=Integer,Description="Depth per allele">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=DB,Number=0,Type=Flag,Description="dbSNP">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=TAGS,Number=.,Type=String,Description="Tags">
##INFO=<ID=NOTE,Number=1,Type=String,Description="Note">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depth per allele">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">
"""
CSQ_HEADER = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. '
    'Format: Allele|Consequence|IMPACT|SYMBOL|CANONICAL|gnomAD_AF">\n'
)


def vcf(*lines: str, samples: tuple[str, ...] = ("S1",), header: str = HEADER) -> str:
    """Return a VCF file. In `lines` a blank stands for a tab."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", *(["FORMAT", *samples] if samples else [])]
    return header + "\t".join(columns) + "\n" + "".join("\t".join(line.split(" ")) + "\n" for line in lines)


def write(folder: Path, text: str | bytes, name: str = "input.vcf") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def imported(
    folder: Path, text: str | bytes, options: ImportOptions | None = None, name: str = "input.vcf"
) -> list[dict[str, Any]]:
    """Import a file that must be accepted and return its rows."""
    report = run(folder, text, options, name)
    assert report.status is Status.IMPORTED, report.refusal
    return rows(report)


def imported_folder(folder: Path, text: str | bytes) -> Path:
    """Import a file that must be accepted and return the folder of its table."""
    report = run(folder, text)
    assert report.folder is not None, report.refusal
    return report.folder


def run(folder: Path, text: str | bytes, options: ImportOptions | None = None, name: str = "input.vcf") -> ImportReport:
    number = len(list(folder.glob("table*")))
    return import_file(write(folder, text, name), folder / f"table{number}", options)


def rows(report: ImportReport) -> list[dict[str, Any]]:
    assert report.folder is not None
    result: list[dict[str, Any]] = pq.read_table(report.folder / "variants.parquet").to_pylist()
    return result


def rules(report: ImportReport) -> set[str]:
    return {rule for rule, _ in report.problems.counts}
