"""Three-valued truth: yes, no, or not known yet and for want of what.

Classification rules are written with `all_of`, `any_of`, `at_least` and `negate`. An undecided result carries the keys
whose answers would be needed, so no rule keeps a list of missing items by hand. The connectives are sound: answering
an unknown part never turns a decided result around.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth value; `missing` is empty unless `value` is None."""

    value: bool | None
    missing: frozenset[str] = frozenset()

    @property
    def true(self) -> bool:
        return self.value is True

    @property
    def false(self) -> bool:
        return self.value is False


YES = Truth(True)
NO = Truth(False)


def unknown(*keys: str) -> Truth:
    """Return an undecided value that lacks `keys`."""
    return Truth(None, frozenset(keys))


def known(value: bool) -> Truth:
    return YES if value else NO


def negate(part: Truth) -> Truth:
    return part if part.value is None else known(not part.value)


def at_least(count: int, parts: Iterable[Truth]) -> Truth:
    """Return yes when `count` parts hold, no when they no longer can, else undecided with everything still open."""
    holding = 0
    still_open: list[frozenset[str]] = []
    for part in parts:
        if part.value is None:
            still_open.append(part.missing)
        elif part.value:
            holding += 1
    if holding >= count:
        return YES
    if holding + len(still_open) < count:
        return NO
    return Truth(None, still_open[0] if len(still_open) == 1 else frozenset[str]().union(*still_open))


def all_of(*parts: Truth) -> Truth:
    return at_least(len(parts), parts)


def any_of(*parts: Truth) -> Truth:
    return at_least(1, parts)
