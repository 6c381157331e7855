"""Which stretches cover a position? All stretches of a chromosome are cut at every beginning and end, and the piece is looked up.

The pieces do not overlap, so that a position is found by bisection, and millions of positions are answered by one call of numpy.
Positions are 1-based; stretches include both ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A named part of a chromosome; `number` is the caller's own."""

    chrom: str
    start: int
    end: int
    number: int


class Segments:
    """The pieces of all chromosomes. `sets[k]` are the numbers of the stretches that cover a piece of set `k`; set 0 is empty."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        by_chrom: dict[str, list[Stretch]] = {}
        for one in stretches:
            by_chrom.setdefault(one.chrom, []).append(one)
        self._known: dict[tuple[int, ...], int] = {(): 0}
        self._pieces = {chrom: self._cut(found) for chrom, found in by_chrom.items()}
        self.sets: list[tuple[int, ...]] = list(self._known)

    def covers(self, chrom: str) -> bool:
        """Whether any stretch lies on the chromosome."""
        return chrom in self._pieces

    def at(self, chrom: str, positions: Positions) -> Positions:
        """Return the set of each position."""
        if chrom not in self._pieces:
            return np.zeros(len(positions), dtype=np.int64)
        starts, numbers = self._pieces[chrom]
        return numbers[np.searchsorted(starts, positions, side="right")]

    def _cut(self, stretches: Sequence[Stretch]) -> tuple[Positions, Positions]:
        """Return where pieces begin, and the sets: the one before the first piece, then one for each."""
        changes: dict[int, list[int]] = {}
        for one in stretches:
            changes.setdefault(one.start, []).append(one.number + 1)
            changes.setdefault(one.end + 1, []).append(-one.number - 1)
        active: dict[int, int] = {}
        starts, numbers = sorted(changes), [0]
        for start in starts:
            for change in changes[start]:
                number = abs(change) - 1
                active[number] = active.get(number, 0) + (1 if change > 0 else -1)
                if not active[number]:
                    del active[number]
            numbers.append(self._known.setdefault(tuple(sorted(active)), len(self._known)))
        return np.array(starts, dtype=np.int64), np.array(numbers, dtype=np.int64)


class Spans:
    """A union of stretches, to ask whether anything of it lies between two positions."""

    def __init__(self, stretches: Mapping[str, tuple[Positions, Positions]]) -> None:
        """`stretches`: beginnings and ends for each chromosome, in any order."""
        self._merged = {chrom: _merged(starts, ends) for chrom, (starts, ends) in stretches.items() if len(starts)}

    def touched(self, chrom: str, starts: Positions, ends: Positions) -> npt.NDArray[np.bool_]:
        """Tell for each pair of positions, both included, whether the union has a base between them."""
        if chrom not in self._merged:
            return np.zeros(len(starts), dtype=np.bool_)
        firsts, lasts = self._merged[chrom]
        # the first stretch that does not end before the start: does it begin at the end or before it?
        at = np.searchsorted(lasts, starts, side="left")
        result: npt.NDArray[np.bool_] = (at < len(firsts)) & (firsts[np.minimum(at, len(firsts) - 1)] <= ends)
        return result


def _merged(starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    is_first = np.ones(len(starts), dtype=np.bool_)
    is_first[1:] = starts[1:] > reach[:-1] + 1
    lasts = reach[np.append(np.flatnonzero(is_first)[1:] - 1, len(reach) - 1)]
    return starts[is_first], lasts
