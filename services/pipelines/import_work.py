"""The import itself, as the child process does it: from a file to the folders of one or several tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.errors import ParatopeError
from services.genomics.genome import GenomeBuild
from services.pipelines.import_request import MAX_SPLIT_SAMPLES, ImportRequest
from services.variants.imports import ImportOptions, ImportReport, Status, import_file, looks_like_vcf
from services.variants.outcome import DelimitedOptions
from services.variants.problems import Problem
from services.variants.splitting import split_table
from services.variants.vcf.stream import open_vcf

Report = Callable[[float, str], None]
_TELL_SECONDS = 0.25
_SPLIT_FROM = 0.6


class RefusedError(ParatopeError):
    """The file cannot be imported; `content` is the problem as the parent reads it."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(str(content["reason"]))
        self.content = dict(content)


def import_variants(payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Import `payload["path"]` into folders of `payload["folder"]`.

    Returns `{"tables": [{"folder", "sample"}], "rows", "rejected", "warnings", "build"}`. The folders' names are the numbers of
    the tables, from 0.

    :raise RefusedError: the file cannot be imported.
    """
    request = ImportRequest.model_validate(payload["request"])
    path, folder = Path(payload["path"]), Path(payload["folder"])
    options = _options(request, str(payload["file_name"]))
    samples = _samples_to_split(path, options) if request.split_by_sample else ()
    share = _SPLIT_FROM if samples else 1.0
    outcome = import_file(path, folder / "0", options, _progress(report, share, path.stat().st_size))
    if outcome.status is not Status.IMPORTED:
        raise RefusedError(_refusal(outcome))
    tables = [{"folder": "0", "sample": ""}]
    if samples:
        tables = _split(folder, samples, report)
    return {
        "tables": tables, "rows": outcome.rows, "rejected": outcome.records_rejected, "records": outcome.records_read,
        "warnings": outcome.problems.warnings, "build": str(outcome.build) if outcome.build else None,
    }


def _options(request: ImportRequest, file_name: str) -> ImportOptions:
    chosen = request.delimited
    return ImportOptions(
        mode=request.mode, expected_build=request.assembly, file_name=file_name,
        delimited=DelimitedOptions(
            encoding=chosen.encoding, delimiter=chosen.delimiter, has_header=chosen.has_header, roles=chosen.roles,
            types=chosen.types, zero_based=chosen.zero_based,
        ),
    )


def _samples_to_split(path: Path, options: ImportOptions) -> tuple[str, ...]:
    """Return the samples of the file; none where it has one or none, so that there is nothing to split."""
    if not looks_like_vcf(path, options):
        raise RefusedError({
            "reason": "a CSV or TSV file has no sample columns that it could be split by", "field": "split_by_sample",
            "advice": "Import it without splitting.",
        })
    samples = tuple(open_vcf(path, options.limits).header.samples)
    if len(samples) > MAX_SPLIT_SAMPLES:
        raise RefusedError({
            "reason": f"the file has {len(samples):,} samples; at most {MAX_SPLIT_SAMPLES} can become tables of their own",
            "field": "split_by_sample", "value": f"{len(samples):,} samples",
            "advice": "Import it as one table, or divide the file first, for example with bcftools view -S.",
        })
    return samples if len(samples) > 1 else ()


def _split(folder: Path, samples: tuple[str, ...], report: Report) -> list[dict[str, str]]:
    tables = []
    for number, sample in enumerate(samples, start=1):
        split_table(folder / "0", sample, folder / str(number))
        tables.append({"folder": str(number), "sample": sample})
        report(_SPLIT_FROM + (1 - _SPLIT_FROM) * number / len(samples), f"Writing the table of sample {number} of {len(samples)}")
    return tables


def _progress(report: Report, share_of_all: float, size: int) -> Callable[[float, int], None]:
    told = 0.0

    def tell(share: float, records: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _TELL_SECONDS:
            told = now
            report(share * share_of_all, f"{records:,} records read, {share * size / 1e6:,.0f} of {size / 1e6:,.0f} MB")

    return tell


def _refusal(outcome: ImportReport) -> dict[str, Any]:
    problem = outcome.refusal
    if problem is None:
        return {"reason": "the import was stopped", "advice": "Retry."}
    return {
        "line": problem.line, "field": problem.field, "value": problem.value, "reason": problem.reason,
        "advice": _advice(problem),
    }


def _advice(problem: Problem) -> str:
    if problem.rule == "build.mismatch":
        other = GenomeBuild(problem.value) if problem.value in tuple(GenomeBuild) else None
        stated = f"Import it as {other}" if other else "State the build the file is in"
        return f"{stated}, or check that this is the file you meant."
    if problem.line is not None and problem.rejects_line:
        return "Correct this line in the file, or retry and leave bad lines out: they are kept in a list."
    if problem.line is not None:
        return "Correct this line in the file and upload it again, or retry without bad lines."
    return (
        "Compare the file's size or checksum with where it came from, for a copy may be cut off; else make it anew with the "
        "program that wrote it. Then upload it again."
    )
