"""What an evaluation returns: points, domains, what is missing, what would change the class, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.clinical.explanation import Explanation, Frozen, Status, Step


class Change(Frozen):
    """What one answer would do: `answered_now` tells whether it completes an open item or revises an answered one."""

    item: str
    answer: str
    classified: bool | None
    category: str | None = None
    answered_now: bool
    reason: str


@dataclass(frozen=True, slots=True)
class DomainScore:
    """Points of one domain: what is sure now, and what it can still reach. `counted` is the item that counts."""

    key: str
    label: str
    points: float
    points_max_reachable: float
    maximum: float
    counted: str | None = None


class CriteriaResult(Frozen):
    """The outcome of one set for one patient.

    `classified` is None while open items can still decide it. `points` is the sum that is sure now;
    `points_max_reachable` what the open items could still bring. `missing` are the item keys needed to decide.
    """

    criteria_id: str
    status: Status
    classified: bool | None = None
    category: str | None = None
    category_label: str | None = None
    entry_met: bool | None = None
    points: float | None = None
    points_max_reachable: float | None = None
    threshold: float | None = None
    domains: tuple[DomainScore, ...] = ()
    missing: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    would_change: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    explanation: Explanation
    statement: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule function returns; the evaluation wraps it into a `CriteriaResult`.

    `explain` gives the steps where they cost time: the evaluation asks a rule many times and needs them once.
    """

    classified: bool | None
    missing: frozenset[str] = frozenset()
    category: str | None = None
    entry_met: bool | None = None
    points: float | None = None
    points_max: float | None = None
    domains: tuple[DomainScore, ...] = ()
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    explain: Callable[[], tuple[Step, ...]] | None = None
    inconsistent: str = ""
