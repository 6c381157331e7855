"""The calling itself, as the child process does it: from FASTQ files to a folder with alignments, calls and a report.

The folder holds, for a sample S1: `S1.bam`, `S1.bam.bai`, `calls.vcf.gz`, `calls.vcf.gz.tbi`, `report.json`, and where the
reference was uploaded `reference.fa` with its index, so that the alignments can be looked at later.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import re
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.errors import InvalidInputError
from services.genomics.genome import build_from_lengths
from services.pipelines.import_work import RefusedError, Report
from services.pipelines.read_request import DataType, ReadRequest
from services.storage.files import disk_name
from services.variants.calling import parabricks
from services.variants.calling.cautions import cautions_of
from services.variants.calling.intervals import read_intervals
from services.variants.calling.model import (
    GIGABYTE,
    CallingRequest,
    CallingResult,
    Interval,
    Lane,
    RefusedReadsError,
    SampleReads,
)
from services.variants.calling.references import index_reference
from services.variants.calling.service import call_variants

REPORT_FILE, REFERENCE_FILE = "report.json", "reference.fa"
_NICE = 10
_MOST_THREADS = 16
_BYTES_PER_BASE = 4
"""Of memory for the aligner's index: a human genome of 3.1 Gb takes about 12 GB."""
_BASE_MEMORY = GIGABYTE
_UNPACKED_LIMIT = 8 * GIGABYTE
_DISK_FACTOR = 3
_PIECE = 1 << 20


def call_reads(payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Call variants into the new folder `payload["destination"]`.

    The payload holds the request, `files` (upload id to path), `reference` (path of an installed sequence, or null) with its
    `stamp`, `scratch` (an empty folder on the same disk) and `pbrun` (path, or null). Returns what `report.json` says, without
    its longer parts.

    :raise RefusedError: reads, reference or intervals cannot be used, or the machine is too small.
    """
    os.nice(_NICE)
    request = ReadRequest.model_validate(payload["request"])
    scratch = Path(payload["scratch"])
    files = {str(name): Path(path) for name, path in payload["files"].items()}
    try:
        reference = _reference(request, payload, files, scratch)
        lengths = _lengths(reference)
        build = _build(request, payload, lengths)
        _check_disk(request, files, scratch)
        intervals: tuple[Interval, ...] = ()
        if request.intervals is not None:
            intervals = read_intervals(files[request.intervals.upload_id], lengths, request.intervals.name)
        asked = CallingRequest(
            design=request.design, samples=_samples(request, files, scratch), reference=reference, intervals=intervals,
            assembly=build, threads=_threads(), memory_bytes=memory_for(sum(lengths.values()), *_machine_memory()),
        )
        result = _call(asked, request, payload, report, scratch)
    except RefusedReadsError as error:
        raise RefusedError({"reason": error.message, "advice": error.advice}) from error
    content = _report(result, request, payload, lengths) | {"build": build}
    return _finish(result.vcf.parent, content, reference if request.reference else None, Path(payload["destination"]))


def _call(
    asked: CallingRequest, request: ReadRequest, payload: Mapping[str, Any], report: Report, scratch: Path
) -> CallingResult:
    pbrun = Path(payload["pbrun"]) if payload.get("pbrun") else None
    if pbrun is not None and parabricks.can_use(asked.reference):
        return parabricks.call_variants(asked, scratch / "results", pbrun, request.germline_caller, report=report)
    return call_variants(asked, scratch / "results", report=report)


def _reference(request: ReadRequest, payload: Mapping[str, Any], files: Mapping[str, Path], scratch: Path) -> Path:
    """Return the installed sequence, or the uploaded one, unpacked and indexed in the scratch folder."""
    if request.reference is None:
        return Path(payload["reference"])
    uploaded, plain = files[request.reference.upload_id], scratch / REFERENCE_FILE
    _unpack(uploaded, plain, request.reference.name)
    with plain.open("rb") as source:
        if source.read(1) != b">":
            raise RefusedReadsError(
                f"{request.reference.name} is not FASTA: it does not begin with >",
                "Choose a FASTA file as the reference: a line with > and a name, then the bases.",
            )
    try:
        index_reference(plain)
    except InvalidInputError as error:
        raise RefusedReadsError(
            f"{request.reference.name} cannot be indexed: {error.message}",
            "Put the FASTA file right: lines of one length, A C G T N.",
        ) from error
    return plain


def _unpack(source: Path, target: Path, name: str) -> None:
    """Bring an uploaded file in plain form into place: linked where it is plain already."""
    with source.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if not packed:
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, target)
        return
    written = 0
    try:
        with gzip.open(source) as packed_file, target.open("wb") as plain:
            while piece := packed_file.read(_PIECE):
                written += plain.write(piece)
                if written > _UNPACKED_LIMIT:
                    reason = f"{name} unpacks to more than {_UNPACKED_LIMIT // GIGABYTE} GB"
                    raise RefusedReadsError(reason, "Choose a smaller reference.")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedReadsError(f"{name} is truncated or damaged", "Send the reference again.") from error


def _lengths(reference: Path) -> dict[str, int]:
    lines = Path(f"{reference}.fai").read_text(encoding="utf-8").splitlines()
    return {name: int(length) for name, length in (line.split("\t")[:2] for line in lines)}


def _build(request: ReadRequest, payload: Mapping[str, Any], lengths: Mapping[str, int]) -> str | None:
    """Return the build of the reference: what its pack says, else what the lengths of its sequences tell.

    None for an uploaded reference in which no chromosome has the length of a known build: its places are no genome's.

    :raise RefusedError: another build was stated.
    """
    if request.reference is None:
        return str(payload["build"])
    evidence = build_from_lengths(lengths)
    if evidence is None:
        return None
    if request.assembly is None or evidence.build is request.assembly:
        return str(evidence.build)
    raise RefusedError({
        "reason": f"the reference is {evidence.build} by the lengths of its sequences, and {request.assembly} was stated",
        "field": "build", "value": str(evidence.build),
        "advice": f"State {evidence.build}, or choose the reference of {request.assembly}.",
    })


def _check_disk(request: ReadRequest, files: Mapping[str, Path], scratch: Path) -> None:
    size = sum(files[file.upload_id].stat().st_size for file in request.files)
    free = shutil.disk_usage(scratch).free
    if free < _DISK_FACTOR * size:
        raise RefusedReadsError(
            f"the disk has {free / 1e9:,.1f} GB free; these reads need about {_DISK_FACTOR * size / 1e9:,.1f} GB",
            "Free disk space, then retry: the files stay here.",
        )


def _samples(request: ReadRequest, files: Mapping[str, Path], scratch: Path) -> tuple[SampleReads, ...]:
    """Give each file the name its owner knows it by, so that messages name it; two of the same name get folders of their own."""
    made = []
    number = 0
    for sample in request.ordered:
        lanes = []
        for lane in sample.lanes:
            number += 1
            folder = scratch / f"lane{number}"
            folder.mkdir()
            named: list[Path] = []
            for file in (lane.first, lane.second):
                if file is None:
                    continue
                link = folder / disk_name(file.name, "reads.fastq")
                if link.is_symlink():
                    link = folder / f"second_{link.name}"
                link.symlink_to(files[file.upload_id].absolute())
                named.append(link)
            lanes.append(Lane(named[0], named[1] if len(named) > 1 else None))
        made.append(SampleReads(sample.name, tuple(lanes), sample.known_sex))
    return tuple(made)


def _threads() -> int:
    """Leave a processor to the dashboard."""
    return max(1, min(_MOST_THREADS, len(os.sched_getaffinity(0)) - 1))


def memory_for(bases: int, total: int | None, free: int | None) -> int:
    """Return how many bytes of memory the aligner may use for a reference, on a machine with so many in all and free.

    :raise RefusedReadsError: this machine does not have what is needed.
    """
    needed = _BASE_MEMORY + _BYTES_PER_BASE * bases
    told = f"aligning to a reference of {bases / 1e6:,.0f} million bases needs about {needed / 1e9:,.0f} GB of memory"
    if total is not None and total < needed:
        raise RefusedReadsError(
            f"{told}, and this machine has {total / 1e9:,.0f} GB",
            "Call on a machine with more memory, or against a smaller reference, or bring the VCF of another pipeline.",
        )
    if free is not None and free < needed:
        raise RefusedReadsError(f"{told}, and {free / 1e9:,.0f} GB are free now", "Retry when other work here is done.")
    return max(4 * GIGABYTE, 2 * needed)


def _machine_memory() -> tuple[int | None, int | None]:
    """Return total and available memory in bytes, None where the system does not tell."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None, None
    found = {match[1]: int(match[2]) * 1024 for match in re.finditer(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
    return found.get("MemTotal"), found.get("MemAvailable")


def _finish(folder: Path, content: dict[str, Any], uploaded: Path | None, destination: Path) -> dict[str, Any]:
    """Put report and uploaded reference beside the results, and the whole folder into its place."""
    (folder / REPORT_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if uploaded is not None:
        for ending in ("", ".fai"):
            os.replace(f"{uploaded}{ending}", folder / f"{REFERENCE_FILE}{ending}")
    os.replace(folder, destination)
    return {name: content[name] for name in ("caller", "calls", "warnings", "seconds")}


def _remarks(result: CallingResult, request: ReadRequest, payload: Mapping[str, Any]) -> list[str]:
    """Say what was not as it could have been because something was not given."""
    said = []
    if request.data_type is DataType.WES and request.intervals is None:
        said.append(
            "No target regions were given for these exome reads: depth and breadth are those of the whole reference. Give the "
            "BED file of the kit to have them measured where the kit captures."
        )
    if payload.get("pbrun") and "parabricks" not in result.tools:
        said.append("Parabricks is installed and was not used: the index of BWA does not lie beside this reference.")
    return said


def _report(
    result: CallingResult, request: ReadRequest, payload: Mapping[str, Any], lengths: Mapping[str, int]
) -> dict[str, Any]:
    roles = {sample.name: sample.role for sample in request.samples}
    uploaded = request.reference.name if request.reference is not None else ""
    return {
        "version": 1, "design": request.design.value, "sequencer": request.sequencer.value, "data_type": request.data_type.value,
        "simulated": request.simulated, "caller": result.caller, "tools": result.tools, "stated_limits": result.stated_limits,
        "reference": {
            "name": payload.get("stamp") or uploaded, "uploaded": bool(uploaded), "sequences": len(lengths),
            "bases": sum(lengths.values()),
        },
        "intervals": request.intervals.name if request.intervals else None,
        "samples": [
            {**dataclasses.asdict(reads), "role": roles[reads.sample], "aligned_share": reads.aligned_share,
             "duplicate_share": reads.duplicate_share}
            for reads in result.reads
        ],
        "calls": {**dataclasses.asdict(result.calls), "ti_tv": result.calls.ti_tv},
        "warnings": [*cautions_of(result, targeted=request.intervals is not None), *_remarks(result, request, payload)],
        "seconds": round(result.seconds, 1),
    }  # fmt: skip

