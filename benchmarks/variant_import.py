"""How fast variant files become tables, beside `bcftools query` writing the same fields as text.

    python -m benchmarks.variant_import [--scale 0.05] [--keep DIRECTORY]

Three simulated files, always the same for the same scale: `annotated` (1,000,000 variants of one sample with eleven INFO fields
and a CSQ of 24 subfields), `cohort` (100,000 variants of 100 samples), `plain` (5,000,000 variants of one sample). The import
includes reading, every check, splitting, sorting, the Parquet file and the manifest. Each run is a process of its own, so that
peak memory is that of the run. `cpu_seconds` is the processor time, user and system, of the run's process and its children: it
hardly depends on what else the machine does, while seconds do. The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pysam

from services.genomics.genome import CHROMOSOME_LENGTHS, GenomeBuild

_CSQ = (
    "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|EXON|INTRON|HGVSc|HGVSp|cDNA_position|CDS_position|"
    "Protein_position|Amino_acids|Codons|Existing_variation|STRAND|CANONICAL|MANE_SELECT|SIFT|PolyPhen|gnomAD_AF"
)
_CONSEQUENCES = (
    ("missense_variant", "MODERATE"),
    ("synonymous_variant", "LOW"),
    ("intron_variant", "MODIFIER"),
    ("upstream_gene_variant", "MODIFIER"),
    ("stop_gained", "HIGH"),
)
_QUERY = "%CHROM\t%POS\t%ID\t%REF\t%ALT\t%QUAL\t%FILTER\t%INFO[\t%GT\t%AD\t%DP\t%GQ\t%PL]\n"
FULL_SIZE = {"annotated": (1_000_000, 1), "cohort": (100_000, 100), "plain": (5_000_000, 1)}


def simulate(path: Path, kind: str, variants: int, samples: int, seed: int = 20260101) -> None:
    """Write a BGZF file of `variants` records over the 22 autosomes, sorted, about 2 % of them with two alternate alleles."""
    random = Random(seed)
    with pysam.BGZFile(str(path), "wb", None) as handle:
        handle.write("".join(_header(kind, samples)).encode())
        lengths = [(name, length) for name, length in CHROMOSOME_LENGTHS[GenomeBuild.GRCH38].items() if name.isdigit()]
        total = sum(length for _, length in lengths)
        for name, length in lengths:
            count = max(1, variants * length // total)
            handle.write("".join(_records(random, kind, name, length, count, samples)).encode())


def _header(kind: str, samples: int) -> Iterator[str]:
    yield "##fileformat=VCFv4.2\n"
    yield '##FILTER=<ID=LowQual,Description="Low quality">\n'
    for name, length in CHROMOSOME_LENGTHS[GenomeBuild.GRCH38].items():
        yield f"##contig=<ID=chr{name},length={length},assembly=GRCh38>\n"
    for key, number, type_ in (
        ("AC", "A", "Integer"),
        ("AF", "A", "Float"),
        ("AN", "1", "Integer"),
        ("DP", "1", "Integer"),
        ("FS", "1", "Float"),
    ):
        yield f'##INFO=<ID={key},Number={number},Type={type_},Description="{key}">\n'
    if kind == "annotated":
        for key in ("MQ", "QD", "SOR", "ReadPosRankSum", "BaseQRankSum"):
            yield f'##INFO=<ID={key},Number=1,Type=Float,Description="{key}">\n'
        yield '##INFO=<ID=DB,Number=0,Type=Flag,Description="dbSNP">\n'
        yield f'##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations. Format: {_CSQ}">\n'
    for key, number, type_ in (
        ("GT", "1", "String"),
        ("AD", "R", "Integer"),
        ("DP", "1", "Integer"),
        ("GQ", "1", "Integer"),
        ("PL", "G", "Integer"),
    ):
        yield f'##FORMAT=<ID={key},Number={number},Type={type_},Description="{key}">\n'
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(f"S{i:03d}" for i in range(samples)) + "\n"


def _records(random: Random, kind: str, name: str, length: int, count: int, samples: int) -> Iterator[str]:
    step = max(2, (length - 20_000) // (count + 1))
    position = 10_000
    for number in range(count):
        position += random.randint(1, 2 * step - 1)
        if position > length:
            return
        ref = "ACGT"[random.randrange(4)]
        alts = _alternates(random, ref)
        n = len(alts)
        frequencies = ",".join(f"{random.random():.4g}" for _ in alts)
        info = (
            f"AC={','.join(['1'] * n)};AF={frequencies};AN={2 * samples};DP={random.randint(5, 90)};FS={random.random() * 10:.3f}"
        )
        if kind == "annotated":
            info += (
                f";MQ={random.random() * 60:.2f};QD={random.random() * 30:.2f};SOR={random.random():.3f}"
                f";ReadPosRankSum={random.random() - 0.5:.3f};BaseQRankSum={random.random() - 0.5:.3f}"
            )
            info += ";DB" if random.random() < 0.8 else ""
            info += ";CSQ=" + ",".join(_entry(random, alts[k % n], number, k) for k in range(random.choice((1, 2, 2, 3, 4))))
        genotypes = "\t".join(_genotype(random, n) for _ in range(samples))
        identifier = f"rs{random.randint(1, 10**9)}" if random.random() < 0.8 else "."
        quality = f"{random.random() * 2000:.2f}"
        filters = "PASS" if random.random() < 0.95 else "LowQual"
        place = f"chr{name}\t{position}\t{identifier}\t{ref}\t{','.join(alts)}"
        yield f"{place}\t{quality}\t{filters}\t{info}\tGT:AD:DP:GQ:PL\t{genotypes}\n"


def _alternates(random: Random, ref: str) -> list[str]:
    others = [base for base in "ACGT" if base != ref]
    chance = random.random()
    if chance < 0.86:
        return [random.choice(others)]
    if chance < 0.98:
        return [ref + "".join(random.choice("ACGT") for _ in range(random.randint(1, 6)))]
    return random.sample(others, 2)


def _entry(random: Random, alt: str, number: int, transcript: int) -> str:
    consequence, impact = random.choice(_CONSEQUENCES)
    gene, protein = number // 50, number % 900
    transcript_id = f"ENST{gene * 10 + transcript:011d}.2"
    main = ("YES", "NM_000001.2") if transcript == 0 else ("", "")
    subfields = [
        *(alt, consequence, impact, f"GENE{gene}", f"ENSG{gene:011d}", "Transcript", transcript_id, "protein_coding", "3/12", ""),
        *(
            f"{transcript_id}:c.{number % 3000}A>G",
            f"ENSP{gene:011d}.1:p.Lys{protein}Glu",
            f"{number % 4000}",
            f"{number % 3000}",
        ),
        *(f"{protein}", "K/E", "Aag/Gag", f"rs{number}", "1", *main, "tolerated(0.3)", "benign(0.02)", f"{random.random():.4g}"),
    ]
    return "|".join(subfields)


def _genotype(random: Random, alternates: int) -> str:
    chance = random.random()
    genotype = "0/1" if chance < 0.45 else "1/1" if chance < 0.6 else "0|1" if chance < 0.7 else "./." if chance < 0.72 else "0/0"
    depths = [random.randint(0, 40) for _ in range(alternates + 1)]
    likelihoods = ",".join(str(random.randint(0, 900)) for _ in range((alternates + 1) * (alternates + 2) // 2))
    return f"{genotype}:{','.join(map(str, depths))}:{sum(depths)}:{random.randint(0, 99)}:{likelihoods}"


def _measure(arguments: list[str]) -> dict[str, float]:
    """Run this module in a process of its own and return what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.variant_import", *arguments], capture_output=True, text=True, check=True
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _run_import(source: Path) -> None:
    from services.variants.imports import ImportOptions, import_file

    with tempfile.TemporaryDirectory() as directory:
        started, busy = time.perf_counter(), _processor_time()
        report = import_file(source, Path(directory) / "table", ImportOptions())
        seconds, cpu_seconds = time.perf_counter() - started, _processor_time() - busy
        size = sum(path.stat().st_size for path in (Path(directory) / "table").iterdir())
    _print_run(seconds, cpu_seconds, report.records_read, rows=report.rows, table_megabytes=round(size / 1e6, 1))


def _run_query(source: Path) -> None:
    import pysam.bcftools

    with tempfile.TemporaryDirectory() as directory:
        started, busy = time.perf_counter(), _processor_time()
        pysam.bcftools.query("-f", _QUERY, "-o", f"{directory}/text.tsv", str(source), catch_stdout=False)
        seconds, cpu_seconds = time.perf_counter() - started, _processor_time() - busy
        with Path(directory, "text.tsv").open("rb") as handle:
            records = sum(1 for _ in handle)
    _print_run(seconds, cpu_seconds, records)


def _processor_time() -> float:
    """Return the seconds of user and system time that this process and its ended children have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _print_run(seconds: float, cpu_seconds: float, records: int, **more: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "seconds": round(seconds, 2),
                "cpu_seconds": round(cpu_seconds, 2),
                "records": records,
                "per_second": round(records / seconds),
                "peak_mb": round(peak),
                **more,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.02, help="1 is the full size")
    parser.add_argument("--keep", type=Path, help="where to keep the simulated files")
    parser.add_argument("--kinds", nargs="*", default=list(FULL_SIZE), choices=list(FULL_SIZE))
    parser.add_argument("--import-only", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--query-only", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.import_only:
        _run_import(arguments.import_only)
        return
    if arguments.query_only:
        _run_query(arguments.query_only)
        return
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(_compare(arguments.keep or Path(temporary), arguments.kinds, arguments.scale)))


def _compare(directory: Path, kinds: list[str], scale: float) -> dict[str, object]:
    results: dict[str, object] = {"scale": scale}
    for kind in kinds:
        variants, samples = FULL_SIZE[kind]
        source = directory / f"{kind}_{scale}.vcf.gz"
        if not source.exists():
            simulate(source, kind, int(variants * scale), samples)
        query = _measure(["--query-only", str(source)])
        imported = _measure(["--import-only", str(source)])
        ratio = round(imported["seconds"] / query["seconds"], 2)
        results[kind] = {
            "import": imported,
            "bcftools_query": query,
            "import_to_query": ratio,
            "import_to_query_cpu": round(imported["cpu_seconds"] / query["cpu_seconds"], 2),
            "megabytes": round(source.stat().st_size / 1e6, 1),
        }
        for name, run in (("import", imported), ("bcftools query", query)):
            speed = f"{run['seconds']:8.2f} s {run['cpu_seconds']:8.2f} s cpu {run['per_second']:>9,}/s"
            print(f"{kind:10} {name:15} {speed} {run['peak_mb']:>6} MB")
    return results


if __name__ == "__main__":
    main()
