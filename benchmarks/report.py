"""Small tables and statistics of the benchmarks."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile, rounded to a tenth."""
    cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
    return {"p50_ms": round(statistics.median(milliseconds), 1), "p95_ms": round(cuts[-1], 1)}


def table(rows: Sequence[dict[str, object]]) -> str:
    """Return rows with the same keys as lines of text, numbers to the right."""
    if not rows:
        return "(nothing)"
    heads = list(rows[0])
    cells = [[_shown(row[head]) for head in heads] for row in rows]
    widths = [max(len(head), *(len(line[column]) for line in cells)) for column, head in enumerate(heads)]
    lines = [heads, *cells]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def progress(what: str) -> None:
    """Say on stderr what is being done."""
    print(f"  {what}", file=sys.stderr, flush=True)


def resident_mb(process_id: int) -> float | None:
    """Return the memory a process holds in RAM, None where the system does not tell."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return round(int(line.split()[1]) / 1024, 1) if line else None


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" if isinstance(value, float) else str(value)
