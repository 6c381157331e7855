"""How an expert panel grades null variants of its gene where it departs from the tree of 2018, as data.

Positions are coding positions of the panel's transcript. They count on any transcript whose coding sequence has the length that
`numbering` names, and on no other: there the tree decides. A strength of None says that PVS1 does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.record import Effect, Transcript

Grades = tuple[tuple[int, Strength | None], ...]
"""(last coding position, strength), from the start of the coding sequence to its end."""


@dataclass(frozen=True, slots=True)
class ExonRule:
    """The strength for exons that are skipped or deleted and lie within `first` to `last`."""

    first: int
    last: int
    strength: Strength | None
    why: str
    at_donor: bool | None = None
    """Only variants of the site behind the exon (True) or before it (False)."""
    keeps_frame: bool | None = None
    effect: Effect | None = None

    def fits(self, lost: tuple[int, int], at_donor: bool | None, keeps_frame: bool | None, effect: Effect) -> bool:
        return (
            self.first <= lost[0] and lost[1] <= self.last
            and self.at_donor in (None, at_donor)
            and self.keeps_frame in (None, keeps_frame)
            and self.effect in (None, effect)
        )


@dataclass(frozen=True, slots=True)
class NullRules:
    """One panel's departures; what is not set is left to the tree.

    `stops` grades by the new stop codon, `shifts` frameshifts by their place and frame (change of length modulo 3, 0 for both),
    `escapes` whatever escapes decay, `in_frame` the loss of exons that keeps the frame, `sites` canonical splice sites.
    """

    numbering: tuple[tuple[int, int], ...]
    """Length of a coding sequence, and what is added to its positions to get the panel's."""
    start: Strength | None = None
    start_refused: str = ""
    stops: Grades = ()
    shifts: tuple[tuple[int, Grades], ...] = ()
    escaping_shifts: Grades = ()
    escapes: Strength | None = None
    in_frame: Strength | None = None
    sites: Strength | None = None
    exons: tuple[ExonRule, ...] = ()

    def offset(self, transcript: Transcript | None) -> int | None:
        """Return what to add to positions of a transcript; None where the panel's positions do not count on it."""
        return None if transcript is None else dict(self.numbering).get(transcript.coding_length)

    def shift_grades(self, frame: int | None) -> Grades:
        """Return the grades for a frameshift; without its frame only those that hold for both."""
        by_frame = dict(self.shifts)
        return by_frame.get(0, ()) or by_frame.get(frame or -1, ())


def graded(grades: Grades, position: int) -> tuple[Strength | None, int] | None:
    """Return strength and last position of the first interval that reaches a position; None beyond the last one."""
    return next(((strength, last) for last, strength in grades if position <= last), None)


def weakest(grades: Grades, start: int) -> Strength | None:
    """Return the weakest strength at or behind a position, None where one of them is none."""
    found = [strength for last, strength in grades if start <= last]
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: one.points) if known and len(known) == len(found) else None
