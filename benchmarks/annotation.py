"""How fast a table is annotated, and in how much memory.

    python -m benchmarks annotation --annotation-scale 0.2        (or: python -m benchmarks.annotation --scale 0.2)

Everything is simulated, always the same for the same scale: a genome with its genes, ClinVar, frequencies and variants. Scale 1
is 5 million variants on 3.1 billion bases with 20,000 genes, 3 million rows of ClinVar and 50 million of frequencies; the density
of variants and genes is the same at every scale. A run is normalisation, consequences, all joins and the new table, in a process
of its own, so that peak memory is that of the run or of the largest of its children. `cpu_seconds` is the processor time of the
run and its children, which hardly depends on what else the machine does, while seconds do. Besides, 50,000 structural variants
against the exons of all transcripts, at any scale of the genome.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pysam

from benchmarks.report import progress, table
from services.genomics.cnv.cells import CnvType
from services.genomics.genome import CHROMOSOMES, GenomeBuild
from services.variants.annotation.model import AnnotationRequest, Part
from services.variants.annotation.rows import database
from services.variants.annotation.service import annotate
from services.variants.imports import import_file
from services.variants.reference.model import Pack, PackKind
from services.variants.structural.events import Event, SvKind
from services.variants.structural.genes import Stretches, overlapping, touched

DEFAULT_SCALE = 0.01
_BUILD = GenomeBuild.GRCH38
_CHROMS = CHROMOSOMES[:22]
_BASES, _VARIANTS, _GENES, _CLINVAR, _FREQUENCIES = 3_100_000_000, 5_000_000, 20_000, 3_000_000, 50_000_000
_EVENTS = 50_000
_TRANSCRIPTS, _EXONS, _EXON_BASES, _INTRON_BASES = 4, 10, 150, 3_000
_LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)
_RUNS: dict[str, frozenset[PackKind]] = {
    "all": frozenset(PackKind),
    "normalisation and consequences": frozenset({PackKind.SEQUENCE, PackKind.GENE_MODELS}),
    "ClinVar and frequencies": frozenset({PackKind.CLINVAR, PackKind.FREQUENCIES}),
}
_STRUCTURAL = "structural variants"
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Site:
    """Sites of one chromosome: 0-based places with the codes of the reference and the alternate base."""

    places: Numbers
    refs: npt.NDArray[np.uint8]
    alts: npt.NDArray[np.uint8]


def run(scale: float = DEFAULT_SCALE) -> list[dict[str, Any]]:
    """Simulate, annotate and measure. Rows for people: seconds, variants a second, peak memory."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        progress(f"simulating a genome of {_BASES * scale / 1e6:,.0f} million bases")
        _simulate(folder, scale)
        return [_measured(folder, name) for name in (*_RUNS, _STRUCTURAL)]


def _measured(folder: Path, name: str) -> dict[str, Any]:
    progress(f"annotating: {name}")
    command = [sys.executable, "-m", "benchmarks.annotation", "--measure", str(folder), name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure(folder: Path, name: str) -> dict[str, Any]:
    if name == _STRUCTURAL:
        return _structural(folder)
    kinds = _RUNS[name]
    packs = {kind: _pack(folder, kind) for kind in kinds if (folder / kind).is_dir()}
    request = AnnotationRequest(folder / "table", _BUILD, packs, frozenset({Part.SMALL}))
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        started = time.perf_counter()
        outcome = annotate(request, Path(scratch), lambda _share, _message: None, lambda: False)
        seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "measure": name, "rows": outcome.rows, "seconds": round(seconds, 2), "per_second": int(outcome.rows / seconds),
        "cpu_seconds": round(sum(one.ru_utime + one.ru_stime for one in used), 2),
        "peak_mb": max(_own_peak_kb(), used[1].ru_maxrss) // 1024,
    }


def _own_peak_kb() -> int:
    """Return the most memory this process held; the usual call counts what its parent held when it was started, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))


def _structural(folder: Path) -> dict[str, Any]:
    exons = pq.read_table(folder / PackKind.GENE_MODELS / "exons.parquet", columns=["chrom", "start", "end"])
    bases = pc.max(exons["end"]).as_py()
    random = np.random.default_rng(3)
    starts = random.integers(1, bases - 200_000, _EVENTS)
    lengths = np.minimum(10 ** random.uniform(1.7, 6.0, _EVENTS), bases / 4).astype(np.int64)
    chroms = random.integers(0, len(_CHROMS), _EVENTS)
    events = [
        Event(number, SvKind.DELETION, _CHROMS[chrom], start, start + length, CnvType.LOSS)
        for number, (chrom, start, length) in enumerate(zip(chroms.tolist(), starts.tolist(), lengths.tolist(), strict=True))
    ]
    theirs = Stretches(
        range(exons.num_rows), exons["chrom"].to_pylist(), exons["start"].to_pylist(), exons["end"].to_pylist()
    )
    ours = touched(events)
    with tempfile.TemporaryDirectory() as scratch, database(Path(scratch)) as connection:
        started, worked = time.perf_counter(), time.process_time()
        found = overlapping(connection, ours, theirs)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    pairs = sum(map(len, found.values()))
    return {
        "measure": f"structural variants x {exons.num_rows:,} exons ({pairs:,} pairs)", "rows": _EVENTS,
        "seconds": round(seconds, 2), "per_second": int(_EVENTS / seconds), "cpu_seconds": round(cpu, 2),
        "peak_mb": _own_peak_kb() // 1024,
    }


def _pack(folder: Path, kind: PackKind) -> Pack:
    return Pack(kind, kind.label, _BUILD, "simulated", "", "", "", "0" * 64, 0, folder / kind)


def _simulate(folder: Path, scale: float) -> None:
    """Write sequence, genes, packs and the table."""
    random = np.random.default_rng(7)
    for kind in (PackKind.SEQUENCE, PackKind.GENE_MODELS, PackKind.CLINVAR, PackKind.FREQUENCIES):
        (folder / kind).mkdir()
    bases = int(_BASES * scale / len(_CHROMS))
    sites: list[_Site] = []
    codes: list[npt.NDArray[np.uint8]] = []
    with (folder / PackKind.SEQUENCE / "genome.fa").open("wb") as fasta:
        for chrom in _CHROMS:
            sequence = random.integers(0, 4, bases, dtype=np.uint8)
            fasta.write(b">" + chrom.encode() + b"\n" + _LETTERS[sequence].tobytes() + b"\n")
            places = np.unique(random.integers(1_000, bases - 1_000, int(_FREQUENCIES * scale / len(_CHROMS))))
            refs = sequence[places]
            sites.append(_Site(places, refs, (refs + random.integers(1, 4, len(places), dtype=np.uint8)) % 4))
            codes.append(sequence[: bases])
    pysam.faidx(str(folder / PackKind.SEQUENCE / "genome.fa"))
    _genes(folder / PackKind.GENE_MODELS, bases, int(_GENES * scale / len(_CHROMS)))
    _write_frequencies(folder / PackKind.FREQUENCIES / "data.parquet", sites, random)
    _write_clinvar(folder / PackKind.CLINVAR / "data.parquet", sites, random, _CLINVAR / _FREQUENCIES)
    _write_table(folder, sites, codes, random, int(_VARIANTS * scale / len(_CHROMS)))


def _genes(folder: Path, bases: int, count: int) -> None:
    """Write genes of ten exons with four transcripts each, evenly over the chromosome; the first transcript is MANE Select."""
    rows: list[dict[str, Any]] = []
    with gzip.open(folder / "genes.gff3.gz", "wt", compresslevel=1) as file:
        file.write("##gff-version 3\n")
        for chrom in _CHROMS:
            for number in range(count):
                file.writelines(_gene(chrom, number, 2_000 + number * ((bases - 60_000) // max(1, count)), rows))
    pq.write_table(pa.Table.from_pylist(rows), folder / "exons.parquet")


def _gene(chrom: str, number: int, start: int, rows: list[dict[str, Any]]) -> Iterator[str]:
    name = f"{chrom}_{number}"
    places = [(start + at * (_EXON_BASES + _INTRON_BASES)) for at in range(_EXONS)]
    end = places[-1] + _EXON_BASES - 1

    def line(kind: str, first: int, last: int, phase: str, attributes: str) -> str:
        return f"{chrom}\tx\t{kind}\t{first}\t{last}\t.\t+\t{phase}\t{attributes}\n"

    yield line("gene", start, end, ".", f"ID=gene:G{name};Name=GENE{name};biotype=protein_coding")
    for copy in range(_TRANSCRIPTS):
        accession = f"T{name}_{copy}"
        tag = ";tag=MANE_Select" if copy == 0 else ""
        yield line("mRNA", start, end, ".", f"ID=transcript:{accession};Parent=gene:G{name};biotype=protein_coding{tag}")
        for at, first in enumerate(places):
            last = first + _EXON_BASES - 1
            yield line("exon", first, last, ".", f"Parent=transcript:{accession}")
            yield line("CDS", first, last, "0", f"Parent=transcript:{accession}")
            rows.append({
                "gene": f"GENE{name}", "gene_id": f"G{name}", "transcript": accession, "biotype": "protein_coding",
                "mark": "mane_select" if copy == 0 else "", "chrom": chrom, "strand": "+", "exon": at + 1, "start": first,
                "end": last, "coding_start": first, "coding_end": last, "version": 1,
            })  # fmt: skip


def _alleles(chrom: int, site: _Site) -> dict[str, pa.Array]:
    letters = pa.array(["A", "C", "G", "T"])
    count = len(site.places)
    return {
        "chrom_order": pa.array(np.full(count, chrom, dtype=np.int32)),
        "chrom": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int8)), [_CHROMS[chrom]]).cast(pa.string()),
        "pos": pa.array((site.places + 1).astype(np.int32)),
        "ref": letters.take(pa.array(site.refs)), "alt": letters.take(pa.array(site.alts)),
    }


def _write_frequencies(path: Path, sites: list[_Site], random: np.random.Generator) -> None:
    writer: pq.ParquetWriter | None = None
    for chrom, site in enumerate(sites):
        count = len(site.places)
        af = random.random(count) ** 8
        rows = pa.table({
            **_alleles(chrom, site), "ac": (af * 150_000).astype(np.int64), "an": np.full(count, 150_000), "af": af,
            "homozygotes": (af * af * 75_000).astype(np.int64), "hemizygotes": np.zeros(count, dtype=np.int64),
            "popmax_population": pa.array(["afr", "nfe", "eas"]).take(pa.array(np.arange(count) % 3)),
            "popmax_ac": (af * 20_000).astype(np.int64), "popmax_an": np.full(count, 20_000), "popmax_af": np.minimum(1, 2 * af),
            "faf95": af / 2, "passed": np.ones(count, dtype=np.bool_),
        })
        writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
        writer.write_table(rows, row_group_size=100_000)
    if writer is not None:
        writer.close()


def _write_clinvar(path: Path, sites: list[_Site], random: np.random.Generator, share: float) -> None:
    tables = []
    words = pa.array(["Pathogenic", "Benign", "Uncertain significance", "Likely benign"])
    for chrom, site in enumerate(sites):
        kept = np.flatnonzero(random.random(len(site.places)) < share)
        chosen = _Site(site.places[kept], site.refs[kept], site.alts[kept])
        text = pa.nulls(len(kept), pa.string()).fill_null("criteria provided, single submitter")
        tables.append(pa.table({
            **_alleles(chrom, chosen), "variation_id": kept, "significance": words.take(pa.array(kept % 4)),
            "stars": (kept % 5).astype(np.int32), "review_status": text, "conditions": text, "gene": text, "rsid": text,
            "molecular_consequence": text, "hgvs": text,
        }))
    pq.write_table(pa.concat_tables(tables), path, compression="zstd", row_group_size=100_000)


def _write_table(
    folder: Path, sites: list[_Site], codes: list[npt.NDArray[np.uint8]], random: np.random.Generator, count: int
) -> None:
    """Write variants, most of them at sites of the reference data, one in eight a deletion, and import them."""
    path = folder / "variants.vcf.gz"
    letters = "ACGT"
    with pysam.BGZFile(str(path), "wb", None) as file:
        lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID=chr{chrom}>" for chrom in _CHROMS),
                 '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
                 '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
                 "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1"]  # fmt: skip
        file.write(("\n".join(lines) + "\n").encode())
        for chrom, site, sequence in zip(_CHROMS, sites, codes, strict=True):
            chosen = np.sort(random.choice(len(site.places), min(count, len(site.places)), replace=False))
            parts = []
            for number, at in enumerate(chosen.tolist()):
                place = int(site.places[at])
                if number % 8:
                    ref, alt = letters[site.refs[at]], letters[site.alts[at]]
                else:
                    ref = "".join(letters[code] for code in sequence[place : place + 2 + number % 3])
                    alt = ref[0]
                parts.append(f"chr{chrom}\t{place + 1}\t.\t{ref}\t{alt}\t50\tPASS\tDP=30\tGT\t0/1\n")
            file.write("".join(parts).encode())
    report = import_file(path, folder / "table")
    assert report.folder is not None, report.refusal


def main() -> None:
    """Measure at the scale that is asked for; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=DEFAULT_SCALE, help="1 is a whole genome")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "RUN"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measure(Path(options.measure[0]), options.measure[1])))
        return
    rows = run(options.scale)
    print(table(rows))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
