"""Structural variants of a population that are the same as, or cover, an observed one.

The same: equal kind and a reciprocal overlap of at least half; for insertions, which have no length on the reference, a place at
most 100 bases away. Covering, for the score of copy number variants: equal direction and four fifths of the observed variant.
Frequencies are alleles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.record import PopulationOverlap
from services.genomics.cnv.scoring import COMMON_COVERAGE, COMMON_FREQUENCY
from services.variants.reference.model import Pack
from services.variants.structural.events import Event, SvKind
from services.variants.structural.genes import OVERLAP, binned

RECIPROCAL = 0.5
INSERTION_BASES = 100
_CLASS = {
    SvKind.DELETION: "loss", SvKind.DUPLICATION: "gain", SvKind.INVERSION: "INV", SvKind.INSERTION: "INS",
    SvKind.MOBILE_ELEMENT: "INS",
}  # fmt: skip
_PACK_CLASS = """
    CASE WHEN upper(sv_type) SIMILAR TO '(DEL|LOSS|CN0|CN1).*' THEN 'loss'
        WHEN upper(sv_type) SIMILAR TO '(DUP|GAIN|AMP).*' THEN 'gain'
        WHEN upper(sv_type) SIMILAR TO '(INS|MEI|ME|ALU|LINE|L1|SVA).*' THEN 'INS'
        WHEN upper(sv_type) LIKE 'INV%' THEN 'INV'
        WHEN upper(sv_type) SIMILAR TO '(CNV|MCNV|GAIN\\+LOSS).*' THEN 'CNV' END
"""


@dataclass(frozen=True, slots=True)
class PopulationMatch:
    """A variant of the population. `reciprocal` is the smaller of the two covered fractions, 1 for insertions."""

    name: str
    dataset: str
    frequency: float | None
    reciprocal: float
    covered: float

    @property
    def is_same(self) -> bool:
        return self.reciprocal >= RECIPROCAL

    @property
    def text(self) -> str:
        frequency = "frequency not stated" if self.frequency is None else f"frequency {self.frequency:.3g}"
        return f"{self.dataset} {self.name}: {frequency}, {self.reciprocal:.0%} reciprocal overlap".strip()


def is_comparable(event: Event) -> bool:
    """Whether a variant of this kind can be found among those of a population."""
    return event.dosage is not None or event.kind in _CLASS or event.kind is SvKind.COPY_NUMBER


def _class_of(event: Event) -> str:
    if event.dosage is not None:
        return "loss" if event.dosage is CnvType.LOSS else "gain"
    return _CLASS.get(event.kind, "CNV")


def matches(events: Sequence[Event], pack: Pack, connection: duckdb.DuckDBPyConnection) -> Mapping[int, list[PopulationMatch]]:
    """Return what the pack has for each event, by its place in the sequence: the most frequent of the same first."""
    numbered = [(number, event) for number, event in enumerate(events) if is_comparable(event)]
    reach = [INSERTION_BASES if _class_of(event) == "INS" else 0 for _, event in numbered]
    observed = pa.table({
        "number": pa.array([number for number, _ in numbered], pa.int64()),
        "chrom": pa.array([event.chrom for _, event in numbered], pa.string()),
        "start": pa.array([max(1, event.start - add) for (_, event), add in zip(numbered, reach, strict=True)], pa.int64()),
        "end": pa.array([event.end + add for (_, event), add in zip(numbered, reach, strict=True)], pa.int64()),
        "class": pa.array([_class_of(event) for _, event in numbered], pa.string()),
    })
    connection.register("observed", observed)
    sql = f"""
        WITH population AS (
            SELECT chrom, start, greatest("end", start) AS "end", coalesce(name, '') AS name, coalesce(dataset, '') AS dataset,
                CAST(af AS DOUBLE) AS af, {_PACK_CLASS} AS class
            FROM read_parquet(?) WHERE chrom IN (SELECT DISTINCT chrom FROM observed)
        ),
        pairs AS (
            SELECT a.number, b.name, b.dataset, b.af, a.class AS kind,
                least(a."end", b."end") - greatest(a.start, b.start) + 1.0 AS shared,
                a."end" - a.start + 1.0 AS own, b."end" - b.start + 1.0 AS theirs
            FROM {binned('observed')} a JOIN {binned('population')} b ON {OVERLAP}
                AND (a.class = b.class OR (a.class != 'INS' AND a.class != 'INV' AND b.class = 'CNV')
                    OR (a.class = 'CNV' AND b.class IN ('loss', 'gain')))
        ),
        measured AS (
            SELECT number, name, dataset, af,
                CASE WHEN kind = 'INS' THEN 1.0 ELSE least(shared / own, shared / theirs) END AS mutual,
                CASE WHEN kind = 'INS' THEN 1.0 ELSE shared / own END AS covered
            FROM pairs
        )
        SELECT number, name, dataset, af, mutual, covered FROM measured
        WHERE mutual >= {RECIPROCAL} OR (covered >= {COMMON_COVERAGE} AND af >= {COMMON_FREQUENCY})
        ORDER BY number, mutual >= {RECIPROCAL} DESC, af DESC NULLS LAST, mutual DESC, name
    """  # noqa: S608 (fixed text and numbers)
    found: dict[int, list[PopulationMatch]] = defaultdict(list)
    for number, name, dataset, frequency, mutual, covered in connection.execute(sql, [str(pack.path)]).fetchall():
        found[number].append(PopulationMatch(name, dataset, frequency, mutual, covered))
    return found


def overlaps_for_score(found: Sequence[PopulationMatch]) -> tuple[PopulationOverlap, ...]:
    """Return what section 4O of the score sheet asks for: the most frequent variant that covers the observed one."""
    usable = [one for one in found if one.frequency is not None and one.covered >= COMMON_COVERAGE]
    best = max(usable, key=lambda one: (one.frequency or 0.0, one.name), default=None)
    if best is None:
        return ()
    return (PopulationOverlap(best.dataset or best.name, min(1.0, best.frequency or 0.0), min(1.0, best.covered)),)
