"""Genes with their exons on one shown transcript, and which of them structural variants touch.

From the gene model pack; without one, the built-in curated genes, of which the extent is known and no exon. Stretches are joined
by bins of 100,000 bases: a plain condition on two ranges makes the database compare everything on a chromosome.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from services.genomics.genome import GenomeBuild
from services.knowledge.genes import genes
from services.variants.annotation.gene_models import EXONS_FILE, MARK_RANK
from services.variants.reference.model import Pack
from services.variants.structural.events import Event

BIN = 100_000


@dataclass(frozen=True, slots=True)
class GenePlace:
    """A gene on the genome, 1-based. Exons are those of `transcript` by rising position, none where they are not known."""

    symbol: str
    chrom: str
    start: int
    end: int
    is_plus_strand: bool
    is_coding: bool | None
    transcript: str = ""
    exon_starts: tuple[int, ...] = ()
    exon_ends: tuple[int, ...] = ()
    coding: tuple[int, int] | None = None
    is_relevant: bool | None = None
    """Whether the transcript is a clinically agreed one (MANE); None where that is not marked."""

    def position_in(self, position: int) -> str:
        """Say where in the gene a position lies: `exon 3 of 12`, `intron 2 of 11`, or only that it is within."""
        count = len(self.exon_starts)
        if not count:
            return "within"
        before = bisect_right(self.exon_starts, position)
        if before and position <= self.exon_ends[before - 1]:
            return f"exon {before if self.is_plus_strand else count - before + 1} of {count}"
        if not before or before == count:
            return "beside the exons of the transcript shown"
        return f"intron {before if self.is_plus_strand else count - before} of {count - 1}"

    def exons_hit(self, start: int, end: int) -> tuple[int, int] | None:
        """Return first and last exon, in the order of the transcript, that a stretch touches; None where it touches none."""
        first, behind = bisect_left(self.exon_ends, start), bisect_right(self.exon_starts, end)
        if first >= behind:
            return None
        count = len(self.exon_starts)
        return (first + 1, behind) if self.is_plus_strand else (count - behind + 1, count - first)


def genes_of(pack: Pack | None, build: GenomeBuild, connection: duckdb.DuckDBPyConnection) -> list[GenePlace]:
    """Return the genes of the pack, each on its best transcript, or the built-in ones."""
    if pack is None:
        return [
            GenePlace(one.symbol, place.chrom, place.start, place.end, place.strand == "+", None)
            for one in genes().values() if (place := one.places.get(build.value)) is not None
        ]
    sql = f"""
        WITH exons AS (SELECT * FROM read_parquet(?)),
        spans AS (
            SELECT chrom, gene_id, min(start) AS first, max("end") AS last, bool_or(biotype = 'protein_coding') AS coding
            FROM exons GROUP BY chrom, gene_id
        ),
        shown AS (
            SELECT chrom, gene_id, transcript FROM exons GROUP BY chrom, gene_id, transcript
            QUALIFY row_number() OVER (
                PARTITION BY chrom, gene_id
                ORDER BY min({MARK_RANK}), any_value(biotype) != 'protein_coding', sum("end" - start + 1) DESC, transcript
            ) = 1
        )
        SELECT coalesce(any_value(e.gene), e.gene_id), e.chrom, any_value(s.first), any_value(s.last), any_value(e.strand),
            any_value(s.coding), e.transcript, list(e.start ORDER BY e.start), list(e."end" ORDER BY e.start),
            min(e.coding_start), max(e.coding_end), bool_or(e.mark IN ('mane_select', 'mane_plus_clinical'))
        FROM exons e JOIN shown USING (chrom, gene_id, transcript) JOIN spans s USING (chrom, gene_id)
        GROUP BY e.chrom, e.gene_id, e.transcript ORDER BY e.chrom, any_value(s.first)
    """  # noqa: S608 (fixed text)
    return [
        GenePlace(
            symbol, chrom, first, last, strand == "+", bool(coding), transcript, tuple(starts), tuple(ends),
            (coding_start, coding_end) if coding_start is not None and coding_end is not None else None, is_mane or None,
        )
        for symbol, chrom, first, last, strand, coding, transcript, starts, ends, coding_start, coding_end, is_mane
        in connection.execute(sql, [str(pack.folder / EXONS_FILE)]).fetchall()
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretches:
    """Numbered stretches to join: those of events, of their breakpoints, of genes, of curated regions."""

    numbers: Sequence[int]
    chroms: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]

    def table(self) -> pa.Table:
        return pa.table({
            "number": pa.array(self.numbers, pa.int64()), "chrom": pa.array(self.chroms, pa.string()),
            "start": pa.array(self.starts, pa.int64()), "end": pa.array(self.ends, pa.int64()),
        })


def touched(events: Sequence[Event]) -> Stretches:
    """Return the stretches that events touch, numbered by the place of the event in the sequence."""
    rows = [(number, *place) for number, event in enumerate(events) for place in event.places]
    return _stretches(rows)


def broken(events: Sequence[Event]) -> Stretches:
    """Return the breakpoints of events as stretches of one base, numbered by the place of the event."""
    rows = [(number, chrom, pos, pos) for number, event in enumerate(events) for chrom, pos in event.breakpoints]
    return _stretches(rows)


def _stretches(rows: Sequence[tuple[int, str, int, int]]) -> Stretches:
    return Stretches([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], [row[3] for row in rows])


def binned(name: str) -> str:
    """Return SQL for the rows of a table of stretches, once for each bin they lie in."""
    return f'(SELECT *, unnest(range(start // {BIN}, "end" // {BIN} + 1)) AS bin FROM {name})'  # noqa: S608 (our names)


OVERLAP = f"""
    a.chrom = b.chrom AND a.bin = b.bin AND a.start <= b."end" AND b.start <= a."end"
    AND a.bin = greatest(a.start, b.start) // {BIN}
"""
"""SQL: two binned stretches overlap; each pair is found once, in the bin in which the overlap begins."""


Pairs = Mapping[int, Sequence[int]]


def overlapping(connection: duckdb.DuckDBPyConnection, ours: Stretches, theirs: Stretches) -> Pairs:
    """Return for each number of ours the numbers of theirs that share a base with it, in rising order, each once."""
    connection.register("ours", ours.table())
    connection.register("theirs", theirs.table())
    sql = f"SELECT a.number AS own, b.number AS other FROM {binned('ours')} a JOIN {binned('theirs')} b ON {OVERLAP}"  # noqa: S608
    found: pa.Table = connection.sql(sql).to_arrow_table()
    own, other = found["own"].to_numpy(), found["other"].to_numpy()
    order = np.lexsort((other, own))
    own, other = own[order], other[order]
    is_new = np.ones(len(own), dtype=np.bool_)
    is_new[1:] = (own[1:] != own[:-1]) | (other[1:] != other[:-1])  # an event with two places can meet one gene twice
    own, other = own[is_new], other[is_new]
    if not len(own):
        return {}
    begins = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
    groups = np.split(other, begins[1:])
    return {number: group.tolist() for number, group in zip(own[begins].tolist(), groups, strict=True)}
