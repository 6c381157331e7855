"""Reads to variants: alignment, report and calls as one piece of work that ends whole or not at all.

Everything is made in a folder beside the destination, which is renamed when all is done; a run that fails, is stopped or is
killed leaves the destination as it was.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from services.errors import ConflictError, InvalidInputError
from services.variants.calling.finding import find_variants
from services.variants.calling.mapping import map_sample
from services.variants.calling.model import STATED_LIMITS, CallingRequest, CallingResult, ReadReport
from services.variants.calling.references import usable_reference
from services.variants.calling.reporting import report_reads
from services.variants.calling.tools import Progress, ShouldStop, ToolLimits, never, silent

_ALIGNED, _MEASURED = 0.6, 0.7


def call_variants(
    request: CallingRequest, destination: Path, *, report: Progress = silent, should_stop: ShouldStop = never
) -> CallingResult:
    """Call the variants of a design's samples; `destination` must not exist and holds the BAM files and the VCF afterwards.

    :raise InvalidInputError: reads or reference cannot be used; the message names file, record and reason.
    :raise UnavailableError: a limit of time or memory was reached.
    :raise StoppedError: told to stop; nothing is left behind.
    """
    started = time.monotonic()
    if destination.exists():
        raise ConflictError("the folder for the results exists already")
    _check_files(request)
    work = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        results = work / "results"
        results.mkdir()
        reference = usable_reference(request.reference, work, should_stop)
        reads, bams = _map_all(request, reference, work, report, should_stop)
        vcf, calls = find_variants(
            bams, request, reference, work, report=_between(report, _MEASURED, 1.0), should_stop=should_stop
        )
        put_in_place(bams, vcf, results, destination)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report(1.0, f"{calls.snvs:,} single nucleotide variants and {calls.indels:,} insertions and deletions")
    return CallingResult(
        vcf=destination / vcf.name, bams={read.sample: destination / f"{read.sample}.bam" for read in reads}, reads=tuple(reads),
        calls=calls, stated_limits=STATED_LIMITS[request.design], tools=tool_versions(), seconds=time.monotonic() - started,
    )


def put_in_place(bams: Sequence[Path], vcf: Path, results: Path, destination: Path) -> None:
    """Gather alignments and calls with their indexes in the folder `results`, and rename it when it is complete."""
    for path in (*bams, *(Path(f"{bam}.bai") for bam in bams), vcf, Path(f"{vcf}.tbi")):
        os.replace(path, results / path.name)
    os.replace(results, destination)


def tool_versions() -> dict[str, str]:
    """Return the versions of what aligns and calls."""
    pysam, mappy = importlib.import_module("pysam"), importlib.import_module("mappy")
    version = importlib.import_module("pysam.version")
    return {
        "mappy": str(mappy.__version__), "pysam": str(pysam.__version__), "samtools": str(version.__samtools_version__),
        "bcftools": str(version.__bcftools_version__), "htslib": str(version.__htslib_version__),
    }


def _map_all(
    request: CallingRequest, reference: Path, work: Path, report: Progress, should_stop: ShouldStop
) -> tuple[list[ReadReport], list[Path]]:
    reads: list[ReadReport] = []
    bams: list[Path] = []
    share = 1.0 / len(request.samples)
    for at, sample in enumerate(request.samples):
        first, last = at * share * _ALIGNED, (at + 1) * share * _ALIGNED
        bam, counted = map_sample(
            sample, request, reference, work, report=_between(report, first, last), should_stop=should_stop
        )
        report(last, f"Measuring coverage and quality of {sample.name}")
        reads.append(report_reads(sample.name, bam, reference, counted, work, ToolLimits(), should_stop, request.intervals))
        bams.append(bam)
    report(_MEASURED, "Calling variants")
    return reads, bams


def _between(report: Progress, first: float, last: float) -> Callable[[float, str], None]:
    def scaled(share: float, message: str) -> None:
        report(first + (last - first) * share, message)

    return scaled


def _check_files(request: CallingRequest) -> None:
    """Refuse what is missing, and a file that is given twice, before any work."""
    files = [path for sample in request.samples for lane in sample.lanes for path in (lane.first, lane.second) if path]
    for path in (*files, request.reference):
        if not path.is_file():
            raise InvalidInputError(f"{path.name} does not exist")
    real = [path.resolve() for path in files]
    twice = next((path for path in real if real.count(path) > 1), None)
    if twice is not None:
        raise InvalidInputError(f"{twice.name} is given twice")
