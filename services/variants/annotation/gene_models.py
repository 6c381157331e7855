"""The transcripts of a gene model pack: where exons lie, and which transcript of which gene speaks for a place between them.

Of the transcripts of a gene that cover a place, the one with the best mark speaks: MANE Select, MANE Plus Clinical, canonical,
then the longest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from services.errors import UnavailableError
from services.variants.annotation.segments import Positions, Segments, Spans, Stretch
from services.variants.consequences.model import TranscriptMark

EXONS_FILE = "exons.parquet"
MARKS = {
    "mane_select": TranscriptMark.MANE_SELECT, "mane_plus_clinical": TranscriptMark.MANE_PLUS_CLINICAL,
    "canonical": TranscriptMark.CANONICAL,
}  # fmt: skip
MARK_RANK = (
    "CASE mark WHEN 'mane_select' THEN 0 WHEN 'mane_plus_clinical' THEN 1 WHEN 'canonical' THEN 2 ELSE 3 END"
)
"""SQL: the rank of a mark, best first."""
SPLICE_REACH = 25
"""Bases beside an exon that are still looked at with it; a splice region reaches 8 bases into the intron."""


@dataclass(frozen=True, slots=True)
class TranscriptSpan:
    """A transcript of a gene from its first to its last base, 1-based."""

    gene: str
    transcript: str
    mark: TranscriptMark
    biotype: str


class TranscriptPlaces:
    """The transcripts of one pack. `spans[k]` belongs to number k of `pieces.sets`."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the exons of a pack. :raise UnavailableError: the pack is damaged."""
        path = folder / EXONS_FILE
        if not path.is_file():
            raise UnavailableError("the gene model pack is damaged (its exons are missing): install it again")
        self.spans: list[TranscriptSpan] = []
        stretches: list[Stretch] = []
        sql = f"""
            SELECT chrom, gene_id, any_value(gene), transcript, any_value(mark), any_value(biotype), min(start), max("end")
            FROM read_parquet(?) GROUP BY chrom, gene_id, transcript
            ORDER BY chrom, gene_id, min({MARK_RANK}), max("end") - min(start) DESC, transcript
        """  # noqa: S608 (fixed text)
        last, taken = ("", ""), list[tuple[int, int]]()
        for chrom, gene_id, gene, transcript, mark, biotype, start, end in connection.execute(sql, [str(path)]).fetchall():
            if (chrom, gene_id) != last:
                last, taken = (chrom, gene_id), []
            free = _without(start, end, taken)
            if free:
                number = len(self.spans)
                self.spans.append(TranscriptSpan(gene or gene_id or "", transcript, _mark(mark), biotype or ""))
                stretches += [Stretch(chrom, first, behind, number) for first, behind in free]
                taken = _joined([*taken, *free])
        self.pieces = Segments(stretches)
        self.exons = Spans(_exons(path, connection))
        self.speakers: dict[str, TranscriptSpan] = {}
        for span in self.spans:
            self.speakers.setdefault(span.gene, span)


def _mark(text: str | None) -> TranscriptMark:
    return MARKS.get(text or "", TranscriptMark.NONE)


def _exons(path: Path, connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[Positions, Positions]]:
    sql = 'SELECT DISTINCT chrom, start, "end" FROM read_parquet(?) ORDER BY chrom, start'
    found: pa.Table = connection.sql(sql, params=[str(path)]).to_arrow_table()
    coded = found["chrom"].combine_chunks().dictionary_encode()
    codes, starts, ends = coded.indices.to_numpy(), found["start"].to_numpy(), found["end"].to_numpy()
    return {
        name: (starts[codes == code].astype(np.int64) - SPLICE_REACH, ends[codes == code].astype(np.int64) + SPLICE_REACH)
        for code, name in enumerate(coded.dictionary.to_pylist())
    }


def _without(start: int, end: int, taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of a stretch without those taken, which are in order and apart."""
    left = []
    for first, last in taken:
        if start < first:
            left.append((start, min(end, first - 1)))
        start = max(start, last + 1)
        if start > end:
            return left
    left.append((start, end))
    return left


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
