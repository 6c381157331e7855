"""The "Why?" behind every score, rank, class and recommendation.

One shape for all: what went in (with units and dates), the rule, the points it gave, what was missing, the sources and the
version of the rule. A page renders it; a report prints it; nothing in the clinical engine returns a number without one.
"""

from __future__ import annotations

import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from services.knowledge.sources import Source


class Status(StrEnum):
    """How an evaluation ended. Only `OK` carries a value."""

    OK = "ok"
    INSUFFICIENT_DATA = "insufficient_data"
    INVALID_INPUT = "invalid_input"
    NOT_APPLICABLE = "not_applicable"
    INCONSISTENT_INPUT = "inconsistent_input"


class Frozen(BaseModel):
    """The base of every value the clinical engine returns."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(Frozen):
    """One input as used: after unit conversion, with the specimen or visit date where known."""

    name: str
    value: str
    unit: str | None = None
    date: datetime.date | None = None
    note: str = ""


class Step(Frozen):
    """One line of the calculation. `points` is None where the line explains without adding."""

    label: str
    points: float | None = None
    note: str = ""


class Explanation(Frozen):
    """Inputs, rule, steps, what was missing, sources, version of the rule."""

    rule: str
    inputs: tuple[Input, ...] = ()
    steps: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    version: str
