"""What each allele is on the transcript that is shown, in HGVS: `NM_022162.3:c.2104C>T`, in introns and untranslated parts too.

Single bases are written column by column. What is inserted or deleted has to be shifted 3' along the reference sequence: that is
asked of `services.genomics.hgvs` allele by allele, for alleles on a transcript only; their positions are counted with all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.genomics.hgvs.model import written_edit
from services.genomics.hgvs.projection import StrandEdit, strand_edit
from services.genomics.hgvs.transcript import reverse_complement
from services.variants.annotation.known import rows_by_chrom
from services.variants.annotation.model import Chunk, Made
from services.variants.annotation.segments import Positions
from services.variants.annotation.spliced import Flags, SplicedTranscripts
from services.variants.columns import Column, Origin
from services.variants.reference.model import Pack
from services.variants.reference.sequence import ReferenceGenome

COLUMN = "hgvs_c"
_TEXT = (
    "Change on the transcript shown, HGVS: its accession with the version that the gene models state, then c. (coding) or n. (no "
    "coding sequence); insertions and deletions as far 3' as the sequence allows. Empty: on no transcript, or past the end of it"
)
_AROUND = 256


class CodingChanges:
    """The column `hgvs_c`, by the column `transcript`."""

    def __init__(
        self, models: Pack, sequence: Pack, transcripts: Sequence[str], connection: duckdb.DuckDBPyConnection
    ) -> None:
        """`transcripts` are all that the column `transcript` can name. :raise duckdb.Error: the pack is damaged."""
        stamp = models.stamp
        self.made = (Made(Column(COLUMN, pa.string(), f"{_TEXT} ({stamp}, {sequence.stamp})", Origin.ANNOTATION), stamp),)
        self._sequence = sequence
        self._transcripts = SplicedTranscripts(models.folder, transcripts, connection)

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        """Return the description of each row. :raise InvalidInputError: the reference sequence cannot be read."""
        numbers = self._numbers(chunk, known["transcript"])
        alleles = chunk.keys.select(["ref", "alt"]).combine_chunks()
        lengths = [pc.fill_null(pc.binary_length(alleles[name]), 0).to_numpy() for name in ("ref", "alt")]
        one_base = (numbers >= 0) & (lengths[0] == 1) & (lengths[1] == 1)
        singles = np.flatnonzero(one_base & (pc.fill_null(pc.not_equal(alleles["ref"], alleles["alt"]), False)).to_numpy())
        rows, texts = self._substitutions(chunk, singles, numbers[singles])
        others = np.flatnonzero((numbers >= 0) & ~one_base & (lengths[1] > 0))
        if len(others):
            more, written = self._edits(chunk, others, numbers[others])
            rows, texts = np.append(rows, more), pa.concat_arrays([texts, written])
        places = np.full(chunk.rows, -1, dtype=np.int64)
        places[rows] = np.arange(len(rows))
        return [texts.take(pa.array(places, mask=places < 0))]

    def _numbers(self, chunk: Chunk, transcripts: pa.Array) -> Positions:
        """Return the number of the transcript of each row, -1 where there is none."""
        coded = transcripts.dictionary_encode()
        names = coded.dictionary.to_pylist()
        codes = pc.fill_null(coded.indices, len(names)).to_numpy()
        numbers = np.full(chunk.rows, -1, dtype=np.int64)
        for chrom, rows in rows_by_chrom(chunk):
            numbers[rows] = np.append(self._transcripts.numbers(chrom, names), -1)[codes[rows]]
        return numbers

    def _substitutions(self, chunk: Chunk, rows: Positions, numbers: Positions) -> tuple[Positions, pa.Array]:
        """Describe rows of one base each; returns those that lie on their transcript, with the texts."""
        counted = self._transcripts.counted(numbers, chunk.keys["pos"].to_numpy()[rows].astype(np.int64))
        alleles = chunk.keys.select(["ref", "alt"]).take(pa.array(rows)).combine_chunks()
        pairs = pc.binary_join_element_wise(alleles["ref"], alleles["alt"], ">").combine_chunks().dictionary_encode()
        forward = pairs.dictionary.to_pylist()
        both = pa.array([*forward, *(">".join(map(reverse_complement, pair.split(">"))) for pair in forward)], pa.string())
        is_minus = ~self._transcripts.is_plus[numbers]
        edits = both.take(pa.array(pairs.indices.to_numpy() + is_minus * len(forward)))
        texts = pc.binary_join_element_wise(self._transcripts.heads.take(pa.array(numbers)), counted.written(), edits, "")
        inside = np.flatnonzero(counted.is_inside)
        return rows[inside], texts.take(pa.array(inside))

    def _edits(self, chunk: Chunk, rows: Positions, numbers: Positions) -> tuple[Positions, pa.Array]:
        """Describe rows of other changes; returns those that lie wholly on their transcript, with the texts."""
        found = self._shifted(chunk, rows, self._transcripts.is_plus[numbers])
        kept = np.array([place for place, one in enumerate(found) if one is not None], dtype=np.int64)
        edits = [one for one in found if one is not None]
        rows, numbers = rows[kept], numbers[kept]
        low, high = (np.array([getattr(one, end) for one in edits], dtype=np.int64) for end in ("low", "high"))
        plus = self._transcripts.is_plus[numbers]
        first = self._transcripts.counted(numbers, np.where(plus, low, high))
        last = self._transcripts.counted(numbers, np.where(plus, high, low))
        stretch = pc.if_else(
            pa.array(low == high), first.written(), pc.binary_join_element_wise(first.written(), last.written(), "_")
        )
        done = pa.array([written_edit(one.edit, one.ref, one.alt) for one in edits], pa.string())
        texts = pc.binary_join_element_wise(self._transcripts.heads.take(pa.array(numbers)), stretch, done, "")
        inside = np.flatnonzero(first.is_inside & last.is_inside)
        return rows[inside], texts.take(pa.array(inside))

    def _shifted(self, chunk: Chunk, rows: Positions, plus: Flags) -> list[StrandEdit | None]:
        """Shift alleles 3' one by one; None where the reference does not have their sequence, or nothing is changed."""
        asked = chunk.keys.select(["chrom", "pos", "ref", "alt"]).take(pa.array(rows)).to_pydict()
        found: list[StrandEdit | None] = []
        with closing(ReferenceGenome(self._sequence.path)) as genome:
            windows: dict[str, _Window | None] = {}
            for chrom, pos, ref, alt, forward in zip(
                asked["chrom"], asked["pos"], asked["ref"], asked["alt"], plus.tolist(), strict=True
            ):
                if chrom not in windows:
                    contig = genome.contig(chrom)
                    windows[chrom] = None if contig is None else _Window(genome, contig)
                window = windows[chrom]
                found.append(None if window is None else strand_edit(pos, ref, alt, window.bases, is_plus_strand=forward))
        return found


class _Window:
    """The bases around the place that was asked for last: what is asked next mostly lies there."""

    def __init__(self, genome: ReferenceGenome, contig: str) -> None:
        self._genome, self._contig = genome, contig
        self._length = genome.lengths[contig]
        self._first, self._text = 1, ""

    def bases(self, start: int, end: int) -> str:
        """Return a stretch, 1-based and inclusive; fewer bases at the end of the contig, none past it."""
        start, end = max(start, 1), min(end, self._length)
        if start > end:
            return ""
        if start < self._first or end >= self._first + len(self._text):
            self._first = max(1, start - _AROUND)
            self._text = self._genome.bases(self._contig, self._first, end + _AROUND)
        return self._text[start - self._first : end - self._first + 1]
