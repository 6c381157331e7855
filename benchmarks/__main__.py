"""`make bench`: the benchmarks, or some of them: `python -m benchmarks search --max-vectors 12600`.

Tables for people go to stdout, progress to stderr; the last line of stdout is one JSON object with a key for each section.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from typing import Any

from benchmarks import analysis, annotation, ingest, search, start
from benchmarks.report import table

Result = dict[str, Any] | list[dict[str, Any]]


def main() -> None:
    """Run the chosen sections in order and print what they measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the product on this machine.")
    named = "start, ingest, search, analysis, annotation; all when left out"
    parser.add_argument("sections", nargs="*", metavar="section", help=named)
    parser.add_argument("--max-vectors", type=int, default=search.DEFAULT_MAX_VECTORS, help="largest size of the search")
    parser.add_argument("--max-patients", type=int, default=None, help="how many demo patients to take in")
    parser.add_argument("--annotation-scale", type=float, default=annotation.DEFAULT_SCALE, help="1 is a whole genome")
    options = parser.parse_args()
    sections: dict[str, Callable[[], Result]] = {
        "start": start.run,
        "ingest": lambda: ingest.run(options.max_patients),
        "search": lambda: search.run(options.max_vectors),
        "analysis": analysis.run,
        "annotation": lambda: annotation.run(options.annotation_scale),
    }
    unknown = [name for name in options.sections if name not in sections]
    if unknown or options.max_vectors < 1:
        parser.error(f"no section {unknown[0]!r}" if unknown else "--max-vectors must be at least 1")
    measured: dict[str, Any] = {"machine": {"cpus": os.cpu_count(), "python": platform.python_version()}}
    for name in options.sections or sections:
        result = sections[name]()
        measured[name] = result
        rows = result if isinstance(result, list) else [{"measure": one, "value": value} for one, value in result.items()]
        print(f"\n{name}\n{table(rows)}", flush=True)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
