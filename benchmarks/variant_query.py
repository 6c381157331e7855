"""How fast questions to a variant table are answered.

    python -m benchmarks.variant_query [--scale 0.05]

Two tables, imported first from the simulated files of `benchmarks.variant_import`: `annotated` (65,000 rows at any scale, what
an exome gives) and `plain` (5,000,000 rows). Each question is asked several times, as a user would: a page is 100 rows of 13
columns. The last line of the output is JSON with p50 and p95 in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from benchmarks.variant_import import FULL_SIZE, simulate
from services.variants.exports import ExportFormat, export_text
from services.variants.filters import And, Filter, Genes, Missing, Not, Number, OneOf, Or, Region, Text, TextTest
from services.variants.imports import import_file
from services.variants.tables import Sort, VariantTable

_REPEATS = 15
_EXOME_ROWS = 65_000
_SHOWN = [
    "row_id",
    "chrom",
    "pos",
    "ref",
    "alt",
    "qual",
    "filter",
    "variant_type",
    "id",
    "info_AF",
    "info_DP",
    "info_AC",
    "fmt_GT.S000",
]
_RARE: Filter = And((Number("info_AF", None, 0.01), OneOf("filter", ("PASS",)), Number("fmt_GQ.S000", 20)))
_SEVERE: Filter = And(
    (
        Number("csq_gnomAD_AF", None, 0.05),
        Or((OneOf("csq_IMPACT", ("HIGH", "MODERATE")), Text("csq_Consequence", TextTest.CONTAINS, "splice"))),
        Not(Missing("id")),
    )
)
Question = Callable[[VariantTable], object]
COMMON: dict[str, Question] = {
    "count": lambda table: table.count(_RARE),
    "first page": lambda table: table.page(limit=100, columns=_SHOWN),
    "filter, sort, page": lambda table: table.page(_RARE, [Sort("qual", descending=True)], limit=100, columns=_SHOWN),
    "filter, sort, page, all columns": lambda table: table.page(_RARE, [Sort("qual", descending=True)], limit=100),
    "sort without filter, page": lambda table: table.page(None, [Sort("info_AF")], limit=100, columns=_SHOWN),
    "region, page": lambda table: table.page(Region("7", 20_000_000, 30_000_000), limit=100, columns=_SHOWN),
    "facets": lambda table: table.facets("variant_type", _RARE),
    "distribution": lambda table: table.distribution("qual", _RARE),
}
ANNOTATED: dict[str, Question] = {
    "severe and rare, sort, page": lambda table: table.page(
        _SEVERE, [Sort("csq_gnomAD_AF")], limit=100, columns=[*_SHOWN, "genes"]
    ),
    "gene list of 500": lambda table: table.count(Genes(tuple(f"GENE{number}" for number in range(0, 5_000, 10)))),
    "export of what is severe": lambda table: sum(map(len, export_text(table, ExportFormat.CSV, _SEVERE, columns=_SHOWN))),
}


def _timed(table: VariantTable, question: Question) -> dict[str, float]:
    question(table)  # the file is in the page cache from here on
    spent = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        question(table)
        spent.append((time.perf_counter() - started) * 1_000)
    cuts = quantiles(spent, n=20)
    return {"p50_ms": round(cuts[9], 1), "p95_ms": round(cuts[18], 1)}


def _measure(folder: Path, kind: str, variants: int, questions: dict[str, Question]) -> dict[str, object]:
    source = folder / f"{kind}.vcf.gz"
    simulate(source, kind, variants, FULL_SIZE[kind][1])
    import_file(source, folder / kind)
    with VariantTable(folder / kind) as table:
        found = {name: _timed(table, question) for name, question in questions.items()}
        for name, times in found.items():
            print(f"{kind:10} {table.rows:>10,} rows  {name:34} p50 {times['p50_ms']:>8.1f} ms  p95 {times['p95_ms']:>8.1f} ms")
        return {"rows": table.rows, "questions": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.02, help="1 is five million rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        results = {
            "scale": arguments.scale,
            "annotated": _measure(folder, "annotated", _EXOME_ROWS, {**COMMON, **ANNOTATED}),
            "plain": _measure(folder, "plain", int(FULL_SIZE["plain"][0] * arguments.scale), COMMON),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
