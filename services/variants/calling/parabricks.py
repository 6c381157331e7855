"""NVIDIA Parabricks in place of our own aligner and caller, where `pbrun` is installed: same request, same folder, same report.

Used are `fq2bam` for every design; `haplotypecaller` or `deepvariant` for one germline sample; `mutectcaller` for tumours. These
call one sample (or one pair) at a time: relatives are aligned by Parabricks and called together by bcftools. `pbrun` wants the
index of BWA beside the reference; without it our own engine does the work.
SEE: NVIDIA, "Parabricks documentation", pages fq2bam, haplotypecaller, deepvariant, mutectcaller.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from services.errors import ConflictError, InvalidInputError, UnavailableError
from services.variants.calling.fastq import FastqReader, paired
from services.variants.calling.filtering import Tally
from services.variants.calling.finding import find_variants
from services.variants.calling.model import (
    SOMATIC,
    STATED_LIMITS,
    CallingRequest,
    CallingResult,
    CallReport,
    Design,
    Interval,
    ReadReport,
    SampleReads,
)
from services.variants.calling.references import index_reference
from services.variants.calling.reporting import report_reads
from services.variants.calling.service import put_in_place, tool_versions
from services.variants.calling.tools import Command, Progress, ShouldStop, ToolLimits, never, plain, run, silent
from services.variants.vcf.importing import StoppedError

GermlineCaller = Literal["haplotypecaller", "deepvariant"]
_INDEX = (".amb", ".ann", ".bwt", ".pac", ".sa")
_CHECKED_RECORDS = 10_000
_LOOK_SECONDS = 0.2
_ALIGNED, _MEASURED, _CALLED = 0.6, 0.7, 0.95
_LIMITS = {
    "haplotypecaller": (
        "Small variants by Parabricks haplotypecaller, the model of GATK's HaplotypeCaller; its calls are not filtered: no hard "
        "filters and no recalibration were applied. No structural variants, no copy numbers."
    ),
    "deepvariant": (
        "Small variants by Parabricks deepvariant with its model for short reads. No structural variants, no copy numbers."
    ),
    "mutectcaller": (
        "Somatic small variants by Parabricks mutectcaller, the model of GATK's Mutect2; its calls are not filtered: artefacts, "
        "contamination and orientation bias are not removed. Confirm by another method."
    ),
    "mutectcaller alone": (
        "Small variants of a tumour without a normal sample by Parabricks mutectcaller, the model of GATK's Mutect2: germline "
        "and somatic variants cannot be told apart, and the calls are not filtered. For research use; confirm by another method."
    ),
}


def find_pbrun() -> Path | None:
    """Return where `pbrun` is installed; None where it is not on the path."""
    found = shutil.which("pbrun")
    return Path(found).absolute() if found else None


def can_use(reference: Path) -> bool:
    """Whether the reference has the index that `pbrun fq2bam` needs beside it."""
    return all(Path(f"{reference}{ending}").is_file() for ending in _INDEX)


def call_variants(
    request: CallingRequest, destination: Path, pbrun: Path, germline_caller: GermlineCaller = "haplotypecaller", *,
    report: Progress = silent, should_stop: ShouldStop = never,
) -> CallingResult:
    """Call the variants of a design's samples with Parabricks. The contract is that of `service.call_variants`."""
    started = time.monotonic()
    if destination.exists():
        raise ConflictError("the folder for the results exists already")
    work = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        results = work / "results"
        results.mkdir()
        if not Path(f"{request.reference}.fai").is_file():
            index_reference(request.reference, should_stop)
        runner = _Pbrun(pbrun, work, should_stop)
        for sample in request.samples:
            _check_reads(sample)
        reads, bams = _map_all(runner, request, work, report, should_stop)
        caller = _caller_of(request.design, germline_caller)
        report(_MEASURED, f"Calling variants with {caller}")
        if request.design in (Design.TRIO, Design.FAMILY):
            vcf, calls = find_variants(bams, request, request.reference, work, report=silent, should_stop=should_stop)
            limits = STATED_LIMITS[request.design]
        else:
            raw = runner.call(request, bams, caller)
            report(_CALLED, "Normalising the calls")
            vcf, calls = _normalised(raw, request.reference, work, should_stop)
            limits = _LIMITS[f"{caller} alone" if request.design is Design.TUMOUR_ONLY else caller]
        put_in_place(bams, vcf, results, destination)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report(1.0, f"{calls.snvs:,} single nucleotide variants and {calls.indels:,} insertions and deletions")
    return CallingResult(
        vcf=destination / vcf.name, bams={read.sample: destination / f"{read.sample}.bam" for read in reads}, reads=tuple(reads),
        calls=calls, stated_limits=limits, tools={"parabricks": runner.version, **tool_versions()},
        seconds=time.monotonic() - started, caller=caller,
    )


class _Pbrun:
    """Runs `pbrun` in our process group, so that it ends with the job."""

    def __init__(self, program: Path, work: Path, should_stop: ShouldStop) -> None:
        self._program = program
        self._work = work
        self._should_stop = should_stop
        self._scratch = work / "pbrun"
        self._scratch.mkdir()
        self.version = self._version()

    def align(self, sample: SampleReads, reference: Path) -> Path:
        """Write `SAMPLE.bam`, sorted, duplicates marked, with its index."""
        bam = self._work / f"{sample.name}.bam"
        given: list[str] = []
        for number, lane in enumerate(sample.lanes, start=1):
            name, run_id = sample.name, f"{sample.name}.{number}"
            group = f"@RG\\tID:{run_id}\\tLB:{name}\\tPL:ILLUMINA\\tSM:{name}\\tPU:{run_id}"
            given += ["--in-se-fq", str(lane.first)] if lane.second is None else ["--in-fq", str(lane.first), str(lane.second)]
            given.append(group)
        self._run("fq2bam", ["--ref", str(reference), *given, "--out-bam", str(bam)])
        if not Path(f"{bam}.bai").is_file():
            run(Command.of("samtools", "index", bam), limits=ToolLimits(), should_stop=self._should_stop)
        return bam

    def call(self, request: CallingRequest, bams: Sequence[Path], caller: str) -> Path:
        """Call one sample, or a tumour with or without its normal sample; returns the VCF as the caller wrote it."""
        raw = self._work / "raw.vcf"
        common = ["--ref", str(request.reference), *self._only(request.intervals)]
        if request.design in SOMATIC:
            given = ["--in-tumor-bam", str(bams[0]), "--tumor-name", request.samples[0].name]
            if request.design is Design.TUMOUR_NORMAL:
                given += ["--in-normal-bam", str(bams[1]), "--normal-name", request.samples[1].name]
            self._run(caller, [*common, *given, "--out-vcf", str(raw)])
        else:
            self._run(caller, [*common, "--in-bam", str(bams[0]), "--out-variants", str(raw)])
        if not raw.is_file():
            raise UnavailableError(f"pbrun {caller} ended without a VCF")
        return raw

    def _only(self, intervals: Sequence[Interval]) -> list[str]:
        if not intervals:
            return []
        path = self._work / "intervals.bed"
        path.write_text("".join(f"{one.contig}\t{one.first - 1}\t{one.last}\n" for one in intervals), encoding="utf-8")
        return ["--interval-file", str(path)]

    def _run(self, command: str, arguments: Sequence[str]) -> str:
        line = [str(self._program), command, *arguments]
        if command != "version":
            line += ["--tmp-dir", str(self._scratch)]
        # no secret of ours; what CUDA and the program itself look for
        path = os.pathsep.join((str(self._program.parent), os.defpath, "/usr/local/cuda/bin", "/usr/local/nvidia/bin"))
        environment = {"PATH": path, "HOME": str(self._scratch), "TMPDIR": str(self._scratch), "LC_ALL": "C.UTF-8"}
        with (self._work / f"{command}.log").open("w+b") as log:
            try:
                child = subprocess.Popen(  # noqa: S603 - the installed program; paths are single arguments, no shell is involved
                    line, env=environment, cwd=self._scratch, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            except OSError as error:
                raise UnavailableError(f"pbrun could not be started ({error.strerror})") from error
            try:
                while child.poll() is None:
                    if self._should_stop():
                        raise StoppedError
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(timeout=_LOOK_SECONDS)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            log.seek(0)
            text = log.read()[-20_000:].decode("utf-8", "replace")
        if child.returncode != 0:
            raise InvalidInputError(f"pbrun {command} ended with code {child.returncode}: {plain(text) or 'it said nothing'}")
        return text

    def _version(self) -> str:
        try:
            found = re.search(r"\d+\.\d+(?:\.\d+)?(?:-\d+)?", self._run("version", []))
        except InvalidInputError:
            return "unknown"
        return found[0] if found else "unknown"


def _check_reads(sample: SampleReads) -> None:
    """Refuse malformed files and mixed-up pairs by their first records, with the place; `pbrun` would only fail."""
    for lane in sample.lanes:
        readers = [FastqReader(path) for path in (lane.first, lane.second) if path is not None]
        try:
            records: Iterator[object] = iter(readers[0])
            if lane.second is not None:
                records = paired(readers[0], readers[1], lane.first.name, lane.second.name)
            for _ in islice(records, _CHECKED_RECORDS):
                pass
        finally:
            for reader in readers:
                reader.close()


def _caller_of(design: Design, germline_caller: GermlineCaller) -> str:
    if design in SOMATIC:
        return "mutectcaller"
    return "bcftools" if design in (Design.TRIO, Design.FAMILY) else germline_caller


def _map_all(
    runner: _Pbrun, request: CallingRequest, work: Path, report: Progress, should_stop: ShouldStop
) -> tuple[list[ReadReport], list[Path]]:
    reads, bams = [], []
    for at, sample in enumerate(request.samples):
        report(_ALIGNED * at / len(request.samples), f"Aligning {sample.name} with Parabricks")
        bam = runner.align(sample, request.reference)
        bams.append(bam)
        report(_ALIGNED * (at + 1) / len(request.samples), f"Measuring coverage and quality of {sample.name}")
        reads.append(
            report_reads(sample.name, bam, request.reference, {}, work, ToolLimits(), should_stop, request.intervals)
        )
    return reads, bams


def _normalised(raw: Path, reference: Path, folder: Path, should_stop: ShouldStop) -> tuple[Path, CallReport]:
    """Split to one allele a line, left-align, count, pack and index."""
    text, packed, tally = folder / "calls.vcf", folder / "calls.vcf.gz", Tally()
    normal = Command.of("bcftools", "norm", "--no-version", "-f", reference, "-m", "-any", "-Ov", raw)
    run(normal, limits=ToolLimits(), should_stop=should_stop, output=text)
    with text.open(encoding="utf-8") as lines:
        for line in lines:
            fields = line.split("\t", 7)
            if line.startswith("#") or fields[4] in (".", "*", "<NON_REF>"):
                continue
            tally.add(fields[3].upper(), fields[4].upper(), [] if fields[6] in (".", "PASS") else fields[6].split(";"))
    ordered = Command.of("bcftools", "sort", "-Oz", "-T", folder / "sorting", "-o", packed, text)
    run(ordered, limits=ToolLimits(), should_stop=should_stop)
    run(Command.of("bcftools", "index", "--tbi", packed), limits=ToolLimits(), should_stop=should_stop)
    return packed, tally.report()
