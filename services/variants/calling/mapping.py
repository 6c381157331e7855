"""One sample's reads to a sorted BAM with duplicates marked: a chain of four children joined by pipes.

Alignment, `samtools fixmate`, `sort` and `markdup` feed each other, so only sorting writes temporary files (Danecek P et al.,
GigaScience 2021, "Twelve years of SAMtools and BCFtools").
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.errors import InvalidInputError
from services.variants.calling.model import CallingRequest, RefusedReadsError, SampleReads
from services.variants.calling.reporting import duplicates_marked
from services.variants.calling.tools import Command, Progress, ShouldStop, ToolLimits, run, run_joined

_ALIGNING = "services.variants.calling.aligning"
_SORT_MEMORY = "256M"
_LONGEST_SECONDS = 14 * 24 * 3600
"""Of processor time and by the clock: a whole genome at thirty reads takes days on a few processors."""


def map_sample(
    sample: SampleReads, request: CallingRequest, reference: Path, folder: Path, *, report: Progress, should_stop: ShouldStop
) -> tuple[Path, dict[str, Any]]:
    """Write `SAMPLE.bam` with its index and return it with what the aligner counted.

    :raise InvalidInputError: a FASTQ file is malformed, files are not a pair, or the reads do not fit the reference.
    """
    bam, state = folder / f"{sample.name}.bam", folder / f"{sample.name}.state.json"
    asked = folder / f"{sample.name}.request.json"
    lanes = [[str(lane.first.absolute()), str(lane.second.absolute()) if lane.second else None] for lane in sample.lanes]
    asked.write_text(
        json.dumps({
            "reference": str(reference), "sample": sample.name, "lanes": lanes, "threads": request.threads,
            "least_aligned": request.thresholds.least_aligned, "state": str(state),
        }),
        encoding="utf-8",
    )
    limits = replace(
        ToolLimits(), memory_bytes=request.memory_bytes, cpu_seconds=_LONGEST_SECONDS, wall_seconds=float(_LONGEST_SECONDS)
    )
    more = str(request.threads - 1)
    chain = [
        Command("the aligner", _ALIGNING, (str(asked),)),
        Command.of("samtools", "fixmate", "-m", "-u", "-O", "bam", "-", "-"),
        Command.of("samtools", "sort", "-u", "-m", _SORT_MEMORY, "-@", more, "-T", folder / f"{sample.name}.sort", "-"),
        Command.of("samtools", "markdup", "-@", more, "--json", "-f", folder / f"{sample.name}.duplicates.json",
                   "-T", folder / f"{sample.name}.markdup", "-", bam),
    ]  # fmt: skip

    def look() -> None:
        content = _state(state)
        if "share" in content:
            report(min(1.0, float(content["share"])), f"Aligning {sample.name}: {content['reads']:,} reads")

    try:
        run_joined(chain, limits=limits, should_stop=should_stop, while_running=look)
    except InvalidInputError as error:
        told = _state(state)
        if "problem" in told:
            raise RefusedReadsError(str(told["problem"]), str(told.get("advice") or "")) from error
        raise
    counted = _state(state)
    if not counted.get("done"):
        raise InvalidInputError(str(counted.get("problem", "the aligner ended without a result")))
    run(Command.of("samtools", "index", bam), limits=limits, should_stop=should_stop)
    return bam, {**counted, "duplicates": duplicates_marked(folder / f"{sample.name}.duplicates.json")}


def _state(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
