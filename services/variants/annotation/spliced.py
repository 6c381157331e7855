"""Positions of whole columns as `c.` and `n.` descriptions count them: millions of bases by a handful of calls of numpy.

The rule for one base is `services.genomics.hgvs.transcript.TranscriptModel`; a test holds this against it. Transcripts that
rule refuses (exons that overlap, a coding sequence that ends outside of them) have no positions here either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.annotation.gene_models import EXONS_FILE
from services.variants.annotation.segments import Positions

Flags = npt.NDArray[np.bool_]
_STEP = 1 << 32
"""More than any position: transcript and position make one number, and one bisection finds the exon."""
_EXONS = """
    SELECT e.chrom, e.transcript, e.version, e.strand = '+' AS plus, e.start, e."end", e.coding_start, e.coding_end
    FROM read_parquet(?) e SEMI JOIN wanted w ON w.transcript = e.transcript ORDER BY e.chrom, e.transcript, e.start
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Positions of a description, one for each that was asked for. `is_inside`: the transcript has such a position."""

    base: Positions
    offset: Positions
    is_after_stop: Flags
    is_inside: Flags

    def written(self) -> pa.Array:
        """Write them as `76`, `-3`, `*4`, `76+2`."""
        offset = pc.cast(pa.array(self.offset), pa.string())
        beside = pc.if_else(pa.array(self.offset > 0), pc.binary_join_element_wise("+", offset, ""), offset)
        return pc.binary_join_element_wise(
            pc.if_else(pa.array(self.is_after_stop), "*", ""), pc.cast(pa.array(self.base), pa.string()),
            pc.if_else(pa.array(self.offset != 0), beside, ""), "",
        )  # fmt: skip


class SplicedTranscripts:
    """The exons of some transcripts of a pack as columns; a transcript is known by its number from then on.

    `is_plus` is their strand; `heads` what a description on them begins with, as `NM_022162.3:c.`
    """

    def __init__(self, folder: Path, wanted: Sequence[str], connection: duckdb.DuckDBPyConnection) -> None:
        """Read the exons of the transcripts `wanted`. :raise duckdb.Error: the pack is damaged."""
        connection.register("wanted", pa.table({"transcript": pa.array(wanted, pa.string())}))
        found: pa.Table = connection.sql(_EXONS, params=[str(folder / EXONS_FILE)]).to_arrow_table().combine_chunks()
        connection.unregister("wanted")
        starts, ends = (found[name].to_numpy().astype(np.int64) for name in ("start", "end"))
        firsts = _firsts(found["chrom"], found["transcript"])
        self._of_exon: Positions = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(starts))))
        self._starts, self._ends = starts, ends
        self._keys = self._of_exon * _STEP + starts
        heads = found.take(pa.array(firsts)).select(["chrom", "transcript", "version", "plus"]).to_pylist()
        self._numbers = {(one["chrom"], one["transcript"]): number for number, one in enumerate(heads)}
        self.is_plus: Flags = np.array([one["plus"] for one in heads], dtype=np.bool_)
        self._before = self._bases_before(firsts)
        self._is_usable = self._without_overlap(len(firsts))
        is_coding = self._count_coding(found, firsts)
        self.heads = pa.array(
            [f"{_accession(one)}:{'c' if coding else 'n'}." for one, coding in zip(heads, is_coding.tolist(), strict=True)],
            pa.string(),
        )  # fmt: skip

    def numbers(self, chrom: str, names: Sequence[str]) -> Positions:
        """Return the numbers of transcripts of a chromosome; -1 for those that the pack does not have there."""
        return np.array([self._numbers.get((chrom, name), -1) for name in names], dtype=np.int64)

    def counted(self, transcripts: Positions, genomic: Positions) -> Counted:
        """Count genomic positions on transcripts, given by their numbers."""
        exons = np.searchsorted(self._keys, transcripts * _STEP + genomic, side="right") - 1
        has_exon = (exons >= 0) & (self._of_exon[exons] == transcripts)
        in_exon = has_exon & (genomic <= self._ends[exons])
        following = np.minimum(exons + 1, len(self._keys) - 1)
        in_intron = has_exon & ~in_exon & (exons + 1 < len(self._keys)) & (self._of_exon[following] == transcripts)
        plus = self.is_plus[transcripts]
        behind, ahead = genomic - self._ends[exons], self._starts[following] - genomic
        up, down = np.where(plus, behind, ahead), np.where(plus, ahead, behind)
        upstream = np.where(plus, exons, following)
        last = self._before[upstream] + self._ends[upstream] - self._starts[upstream] + 1
        spliced = np.where(in_exon, self._spliced(exons, genomic, plus), np.where(up <= down, last, last + 1))
        offset = np.where(in_exon, 0, np.where(up <= down, up, -down))
        return self._named(transcripts, spliced, offset, (in_exon | in_intron) & self._is_usable[transcripts])

    def _named(self, transcripts: Positions, spliced: Positions, offset: Positions, is_inside: Flags) -> Counted:
        """Count from the start codon, and behind the stop codon from there; from the first base where nothing is coding."""
        first, last = self._coding_first[transcripts], self._coding_last[transcripts]
        coding = first > 0
        is_after_stop = coding & (spliced > last)
        from_start = np.where(spliced >= first, spliced - first + 1, spliced - first)
        base = np.where(coding, np.where(is_after_stop, spliced - last, from_start), spliced)
        return Counted(base, offset, is_after_stop, is_inside)

    def _spliced(self, exons: Positions, genomic: Positions, plus: Flags) -> Positions:
        into: Positions = np.where(plus, genomic - self._starts[exons], self._ends[exons] - genomic)
        return self._before[exons] + into + 1

    def _bases_before(self, firsts: Positions) -> Positions:
        """Return how many bases of its transcript come before each exon, in the direction of the transcript."""
        sizes = self._ends - self._starts + 1
        passed = np.concatenate([[0], np.cumsum(sizes)])
        begun = passed[firsts][self._of_exon]
        total = np.add.reduceat(sizes, firsts)[self._of_exon] if len(firsts) else sizes
        from_low = passed[:-1] - begun
        result: Positions = np.where(self.is_plus[self._of_exon], from_low, total - from_low - sizes)
        return result

    def _without_overlap(self, count: int) -> Flags:
        is_usable = np.ones(count, dtype=np.bool_)
        same = self._of_exon[1:] == self._of_exon[:-1]
        is_usable[self._of_exon[1:][same & (self._starts[1:] <= self._ends[:-1])]] = False
        return is_usable

    def _count_coding(self, found: pa.Table, firsts: Positions) -> Flags:
        """Note where coding sequences begin and end in their transcripts, 0 where there is none."""
        count = len(firsts)
        self._coding_first, self._coding_last = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        if not count:
            return np.zeros(0, dtype=np.bool_)
        low = np.minimum.reduceat(pc.fill_null(found["coding_start"], _INT_MAX).to_numpy().astype(np.int64), firsts)
        high = np.maximum.reduceat(pc.fill_null(found["coding_end"], 0).to_numpy().astype(np.int64), firsts)
        is_coding = high > 0
        coding = np.flatnonzero(is_coding)
        # nothing is known to be coding yet, so that this counts from the first base
        counted = [self.counted(coding, ends[coding]) for ends in (low, high)]
        for one in counted:
            self._is_usable[coding[~one.is_inside | (one.offset != 0)]] = False
        first, last = (one.base for one in counted)
        plus = self.is_plus[coding]
        self._coding_first[coding], self._coding_last[coding] = np.where(plus, first, last), np.where(plus, last, first)
        return is_coding


_INT_MAX = (1 << 31) - 1


def _firsts(chroms: pa.ChunkedArray, names: pa.ChunkedArray) -> Positions:
    """Return the rows at which another transcript begins."""
    codes = [one.combine_chunks().dictionary_encode().indices.to_numpy() for one in (chroms, names)]
    changes = np.ones(len(codes[0]), dtype=np.bool_)
    changes[1:] = (codes[0][1:] != codes[0][:-1]) | (codes[1][1:] != codes[1][:-1])
    return np.flatnonzero(changes).astype(np.int64)


def _accession(head: dict[str, object]) -> str:
    name, version = str(head["transcript"]), head["version"]
    return f"{name}.{version}" if version and "." not in name else name
