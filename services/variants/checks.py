"""Checks across lines: the order of positions, contigs in one piece, and variants that stand twice.

Order is checked on lines as they come, duplicates on rows in genome order (after splitting and trimming, so that `AT>AA` at 5 and
`T>A` at 6 are found to be the same). An unsorted file is a warning only: the table is sorted whatever the file was.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.problems import Problem, warning
from services.variants.vcf.strings import Mask, Offsets, encode, mask_of

_MAX_SHOWN = 100


class OrderCheck:
    """Watches the records of a file go by, block after block."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._contig: str | None = None
        self._position = -1
        self.is_sorted = True

    def check(self, table: pa.Table) -> Iterator[Problem]:
        """Yield what is out of order in the next block; rows of `table` are in the order of the file."""
        if not table.num_rows:
            return
        codes, names = encode(table["chrom"].combine_chunks())
        positions = table["original_pos"].to_numpy()
        lines = table["line"].to_numpy()
        breaks = np.flatnonzero(np.diff(codes)) + 1
        for start, stop in zip([0, *breaks.tolist()], [*breaks.tolist(), len(codes)], strict=True):
            yield from self._run(names[int(codes[start])], positions[start:stop], lines[start:stop])

    def _run(self, contig: str, positions: Offsets, lines: Offsets) -> Iterator[Problem]:
        if contig != self._contig:
            if contig in self._seen:
                self.is_sorted = False
                yield warning(int(lines[0]), "CHROM", contig, "its records do not stand together", "order.contig")
            self._seen.add(contig)
            self._contig, self._position = contig, -1
        before = np.concatenate(([self._position], positions[:-1]))
        back = np.flatnonzero(positions < before)
        if len(back):
            self.is_sorted = False
        for place in back:
            yield warning(
                int(lines[place]), "POS", str(int(positions[place])), f"comes after {int(before[place])}", "order.position"
            )
        self._position = int(positions[-1])


class DuplicateCheck:
    """Finds sequence variants that stand twice, in rows that come in genome order."""

    def __init__(self) -> None:
        self._place: tuple[str, int] | None = None
        self._here: dict[tuple[str, str], int] = {}

    def check(self, table: pa.Table) -> Iterator[Problem]:
        """Yield one warning for each repeated variant in the next rows, which continue those before."""
        if not table.num_rows:
            return
        positions = table["pos"].to_numpy()
        codes, names = encode(table["chrom"].combine_chunks())
        same = np.concatenate(([False], (np.diff(positions) == 0) & (np.diff(codes) == 0)))
        if self._place == (names[int(codes[0])], int(positions[0])):
            same[0] = True
        shared = same | np.append(same[1:], False)
        shared[-1] = True
        rows = np.flatnonzero(shared & _sequences(table["alt"]))
        columns = table.select(["chrom", "pos", "ref", "alt", "line"]).take(pa.array(rows)).to_pydict()
        for chrom, pos, ref, alt, line in zip(*(columns[name] for name in ("chrom", "pos", "ref", "alt", "line")), strict=True):
            if self._place != (chrom, pos):
                self._place, self._here = (chrom, pos), {}
            first = self._here.setdefault((ref, alt), line)
            if first != line:
                yield warning(
                    line, "ALT", f"{chrom}:{pos} {ref}>{alt}", f"the same variant stands on line {first}", "duplicate.variant"
                )


def _sequences(alts: pa.ChunkedArray) -> Mask:
    return mask_of(pc.match_substring_regex(alts, "^[A-Za-z]+$").combine_chunks())
