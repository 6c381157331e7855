"""Small files in the formats that the sources publish, written for these tests."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pysam

from services.genomics.genome import GenomeBuild

G37, G38 = GenomeBuild.GRCH37, GenomeBuild.GRCH38
CONTIGS = {
    G37: {"1": 249_250_621, "16": 90_354_753, "X": 155_270_560},
    G38: {"chr1": 248_956_422, "chr16": 90_338_345, "chrX": 156_040_895},
}


def packed(path: Path, text: str, *, bgzf: bool = False) -> Path:
    """Write a file packed with gzip, or with BGZF."""
    if bgzf:
        with pysam.BGZFile(str(path), "w") as file:
            file.write(text.encode())
    else:
        path.write_bytes(gzip.compress(text.encode()))
    return path


def vcf(build: GenomeBuild | None, info: Sequence[str], rows: Sequence[str], meta: Sequence[str] = ()) -> str:
    contigs = [f"##contig=<ID={name},length={length}>" for name, length in CONTIGS[build].items()] if build else []
    keys = [f'##INFO=<ID={key},Number=.,Type=String,Description="x">' for key in info]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    return "\n".join(["##fileformat=VCFv4.2", *meta, *contigs, *keys, columns, *rows, ""])


def clinvar(build: GenomeBuild, day: str = "2026-11-10", rows: Sequence[str] = ()) -> str:
    position = {G37: 3_293_447, G38: 3_243_447}[build]
    first = (
        f"16\t{position}\t2538\tC\tT\t.\t.\tALLELEID=17577;CLNDN=Familial_Mediterranean_fever|Recurrent_fever%2C_other;"
        f"CLNHGVS=NC_000016.10:g.{position}C>T;CLNREVSTAT=criteria_provided,_multiple_submitters,_no_conflicts;"
        "CLNSIG=Pathogenic/Likely_pathogenic;GENEINFO=MEFV:4210|OTHER:1;"
        "MC=SO:0001583|missense_variant,SO:0001619|non-coding_transcript_variant;RS=28940578"
    )
    more = [
        "1\t200\t77\tca\tc\t.\t.\tCLNSIG=Benign;CLNREVSTAT=reviewed_by_expert_panel",
        "1\t100\t5\tA\tG\t.\t.\tCLNSIG=Uncertain_significance;CLNREVSTAT=criteria_provided,_single_submitter",
        "X\t300\t6\tA\t.\t.\t.\tCLNSIG=Benign;CLNREVSTAT=practice_guideline",
        "NT_113889.1\t90\t7\tA\tG\t.\t.\tCLNSIG=Benign;CLNREVSTAT=practice_guideline",
    ]
    meta = (f"##fileDate={day}", "##source=ClinVar", f"##reference={build}")
    keys = ("CLNSIG", "CLNREVSTAT", "CLNDN", "GENEINFO", "RS", "MC", "CLNHGVS")
    return vcf(None, keys, [first, *more, *rows], meta)
