"""What a result printed as a bound (`<5`, `>100`) says about a limit: above, below, or not decided."""

from __future__ import annotations

from typing import Literal

Bound = Literal["<", "<=", ">", ">="]


def is_above(value: float, bound: Bound | None, limit: float) -> bool | None:
    """Return whether the true value is above `limit`, None where the bound leaves it open."""
    if bound is None:
        return value > limit
    if bound in ("<", "<="):
        return False if value <= limit else None
    return True if value > limit or (bound == ">" and value == limit) else None


def is_below(value: float, bound: Bound | None, limit: float) -> bool | None:
    """Return whether the true value is below `limit`, None where the bound leaves it open."""
    if bound is None:
        return value < limit
    if bound in (">", ">="):
        return False if value >= limit else None
    return True if value < limit or (bound == "<" and value == limit) else None
