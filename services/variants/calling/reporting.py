"""Coverage and quality of one sample's alignments, from `samtools stats` and `samtools coverage`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.variants.calling.model import ContigCoverage, Interval, ReadReport
from services.variants.calling.tools import Command, ShouldStop, ToolLimits, run

_DEPTHS = (1, 10, 20, 30)
_MOST_DEPTH = "2000"


def report_reads(
    sample: str, bam: Path, reference: Path, counted: dict[str, Any], folder: Path, limits: ToolLimits, should_stop: ShouldStop,
    intervals: Sequence[Interval] = (),
) -> ReadReport:
    """Measure a sorted BAM with duplicates marked; depth and qualities are those of reads that are no duplicates.

    `counted` is what the aligner counted (`reads`, `aligned`, `duplicates`, `encodings`); what is missing is taken from the BAM.
    With intervals the qualities, insert sizes, depth and breadth are those of reads and positions inside them.
    """
    stats, coverage = folder / f"{sample}.stats.txt", folder / f"{sample}.coverage.txt"
    only = ["--target-regions", str(_targets(intervals, folder))] if intervals else []
    run(
        Command.of("samtools", "stats", "--remove-dups", "--coverage", f"1,{_MOST_DEPTH},1", "--ref-seq", reference, *only, bam),
        limits=limits, should_stop=should_stop, output=stats,
    )
    run(Command.of("samtools", "coverage", "-o", coverage, bam), limits=limits, should_stop=should_stop)
    if not {"reads", "aligned", "duplicates"} <= counted.keys():
        counted = {**_counts(bam, folder, limits, should_stop), **counted}
    contigs = _contigs(coverage)
    length = sum(one.length for one in intervals) or sum(contig.length for contig in contigs)
    depths = {int(row[1]): int(row[2]) for row in _rows(stats, "COV")}
    whole = sum(contig.mean_depth * contig.length for contig in contigs)
    inserts = {int(row[0]): int(row[1]) for row in _rows(stats, "IS") if int(row[1])}
    summary = {row[0].rstrip(":"): row[1] for row in _rows(stats, "SN")}
    error_rate = float(summary["error rate"]) if int(float(summary.get("bases mapped (cigar)", "0"))) else None
    return ReadReport(
        sample=sample, reads=int(counted["reads"]), aligned=int(counted["aligned"]),
        properly_paired=int(summary.get("reads properly paired", "0")), duplicates=int(counted["duplicates"]),
        mean_depth=(sum(depth * count for depth, count in depths.items()) if intervals else whole) / length if length else 0.0,
        breadth={least: sum(count for depth, count in depths.items() if depth >= least) / max(1, length) for least in _DEPTHS},
        contigs=contigs, depth_histogram=depths,
        quality_by_cycle=(_by_cycle(stats, "FFQ"), _by_cycle(stats, "LFQ")), insert_sizes=inserts,
        median_insert_size=_median(inserts), error_rate=error_rate,
        quality_encodings=tuple(dict.fromkeys(counted.get("encodings", ()))),
    )  # fmt: skip


def _targets(intervals: Sequence[Interval], folder: Path) -> Path:
    """Write the intervals as `samtools stats` wants them: 1-based, both ends inclusive."""
    path = folder / "targets.txt"
    path.write_text("".join(f"{one.contig}\t{one.first}\t{one.last}\n" for one in intervals), encoding="utf-8")
    return path


def _counts(bam: Path, folder: Path, limits: ToolLimits, should_stop: ShouldStop) -> dict[str, int]:
    """Count the primary records of a BAM that another aligner made."""
    path = folder / f"{bam.stem}.flags.json"
    run(Command.of("samtools", "flagstat", "-O", "json", bam), limits=limits, should_stop=should_stop, output=path)
    passed = json.loads(path.read_text(encoding="utf-8"))["QC-passed reads"]
    return {
        "reads": passed["primary"], "aligned": passed["primary mapped"], "duplicates": passed["primary duplicates"],
    }


def duplicates_marked(path: Path) -> int:
    """Return how many reads `samtools markdup` marked, by its report."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return int(content.get("DUPLICATE TOTAL", 0))


def _rows(path: Path, kind: str) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            name, _, rest = line.rstrip("\n").partition("\t")
            if name == kind:
                yield rest.split("\t")


def _contigs(path: Path) -> tuple[ContigCoverage, ...]:
    with path.open(encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    return tuple(ContigCoverage(row[0], int(row[2]), float(row[6]), float(row[5]) / 100.0) for row in rows)


def _by_cycle(stats: Path, kind: str) -> tuple[float, ...]:
    """Return the mean quality of each cycle: a row of the report counts the bases of one cycle by quality."""
    means = []
    for row in _rows(stats, kind):
        counts = [int(value) for value in row[1:]]
        bases = sum(counts)
        if bases:
            means.append(sum(quality * count for quality, count in enumerate(counts)) / bases)
    return tuple(means)


def _median(counts: dict[int, int]) -> int | None:
    half = sum(counts.values()) / 2
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= half:
            return value
    return None
