"""What computing an instrument answers, and what its formula hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord, Level
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Frozen, Status, Step


class ActivityScore(Frozen):
    """What computing an instrument answers.

    `value` and `band` are None unless `status` is OK. `level` is the API's level and None where the instrument has no such
    reading (disability, extent, status). `lower_bound` is what the items at hand add up to when others are missing: it is
    a lower bound, never the score. `invalid` names the inputs that were refused.
    """

    instrument_id: str
    name: str
    disease: Disease
    status: Status
    value: float | None = None
    band: str | None = None
    level: Level | None = None
    components: dict[str, Any] = Field(default_factory=dict)
    thresholds: dict[str, float] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    lower_bound: float | None = None
    message: str = ""
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a formula found. A `band` given here stands; otherwise the record's bands decide from the value.

    `missing` names items a formula turned out to need; `contradiction` says why the answers cannot all be true.
    """

    value: float | None = None
    band: str | None = None
    steps: tuple[Step, ...] = ()
    components: Mapping[str, Any] | None = None
    missing: tuple[str, ...] = ()
    invalid: Mapping[str, str] | None = None
    contradiction: str = ""
    message: str = ""


Formula = Callable[[InstrumentRecord, Answers], Verdict]
