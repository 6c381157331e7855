"""What is said of one criterion: met, not met or not assessable, with reason, inputs, source and version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Evidence, Strength
from services.knowledge.sources import Source

RULES_VERSION = "2026.3"
"""Version of the automatic rules; a change that can change a class changes it."""


class Status(StrEnum):
    MET = "met"
    NOT_MET = "not met"
    NOT_ASSESSABLE = "not assessable"
    """What would be needed is missing, unknown or switched off: neither for nor against."""


class Origin(StrEnum):
    AUTOMATIC = "automatic"
    EXPERT = "expert"


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion judged. `inputs` are the names and values the judgement rests on, in the order they were looked at."""

    criterion: Criterion
    status: Status
    strength: Strength | None
    reason: str
    inputs: tuple[tuple[str, str], ...]
    source: Source
    version: str = RULES_VERSION
    origin: Origin = Origin.AUTOMATIC

    def __post_init__(self) -> None:
        if (self.status is Status.MET) != (self.strength is not None):
            raise InvalidInputError(f"{self.criterion}: a strength belongs to a met criterion and to no other")
        if self.strength is not None:
            Evidence(self.criterion, self.strength)
        if not self.reason:
            raise InvalidInputError(f"{self.criterion}: a judgement needs its reason")

    @property
    def evidence(self) -> Evidence | None:
        return Evidence(self.criterion, self.strength) if self.strength is not None else None


def met(
    criterion: Criterion, strength: Strength, reason: str, inputs: Mapping[str, object], source: Source,
    *, origin: Origin = Origin.AUTOMATIC,
) -> CriterionResult:
    return CriterionResult(criterion, Status.MET, strength, reason, _shown(inputs), source, origin=origin)


def not_met(
    criterion: Criterion, reason: str, inputs: Mapping[str, object], source: Source, *, origin: Origin = Origin.AUTOMATIC,
) -> CriterionResult:
    return CriterionResult(criterion, Status.NOT_MET, None, reason, _shown(inputs), source, origin=origin)


def not_assessable(
    criterion: Criterion, reason: str, inputs: Mapping[str, object], source: Source, *, origin: Origin = Origin.AUTOMATIC,
) -> CriterionResult:
    return CriterionResult(criterion, Status.NOT_ASSESSABLE, None, reason, _shown(inputs), source, origin=origin)


def evidence_of(results: Iterable[CriterionResult]) -> tuple[Evidence, ...]:
    """Return the met criteria with their strengths, in the order given."""
    return tuple(one.evidence for one in results if one.evidence is not None)


def _shown(inputs: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, "unknown" if value is None else str(value)) for name, value in inputs.items())
