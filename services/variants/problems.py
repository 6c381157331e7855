"""What is wrong with a variant file, and where: line, field, value, reason, severity and the id of the rule.

An *error* breaks a rule that every reader relies on: a strict import stops there. A lenient import keeps the line in the table of
rejected lines, unless the error concerns one INFO or FORMAT value only (`SET_ASIDE`): then the line is imported, and that value
kept as text in the column of values that found no place. A *warning* is a departure from the specification that leaves the
meaning clear; the line is imported and the warning is kept.

The log keeps the first problems of each rule in full and counts all of them, so that a file with a million bad lines neither
fills the memory nor hides its second kind of defect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from services.errors import InvalidInputError

_MAX_VALUE = 120
SET_ASIDE = frozenset({"info.type", "info.count", "info.value", "info.duplicate", "format.type", "format.count"})
"""Rules about one value of a line; the value is set aside, the line is kept."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` counts from 1 and is None for the file as a whole; `value` is cut to 120 characters."""

    line: int | None
    field: str
    value: str
    reason: str
    severity: Severity
    rule: str

    @property
    def rejects_line(self) -> bool:
        """Whether a lenient import leaves the line out."""
        return self.severity is Severity.ERROR and self.rule not in SET_ASIDE

    @property
    def text(self) -> str:
        """The finding as one sentence, e.g. `line 7, POS: 12a: is not a whole number`."""
        place = f"line {self.line}, " if self.line is not None else ""
        shown = f" {self.value!r}:" if self.value else ""
        return f"{place}{self.field}:{shown} {self.reason}"


def shortened(value: str) -> str:
    """Cut a value for display; says how long it was."""
    return value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}... ({len(value):,} characters)"


def error(line: int | None, name: str, value: str, reason: str, rule: str) -> Problem:
    return Problem(line, name, shortened(value), reason, Severity.ERROR, rule)


def warning(line: int | None, name: str, value: str, reason: str, rule: str) -> Problem:
    return Problem(line, name, shortened(value), reason, Severity.WARNING, rule)


class UnusableFileError(InvalidInputError):
    """The file as a whole cannot be imported; `problem` says why and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


@dataclass(slots=True)
class ProblemLog:
    """Collects problems in the order of the file. `kept_per_rule` bounds the memory; the counts are always complete."""

    kept_per_rule: int = 100
    kept: list[Problem] = field(default_factory=list)
    counts: Counter[tuple[str, Severity]] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        key = (problem.rule, problem.severity)
        self.counts[key] += 1
        if self.counts[key] <= self.kept_per_rule:
            self.kept.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    @property
    def errors(self) -> int:
        return sum(count for (_, severity), count in self.counts.items() if severity is Severity.ERROR)

    @property
    def warnings(self) -> int:
        return sum(count for (_, severity), count in self.counts.items() if severity is Severity.WARNING)

    @property
    def first_error(self) -> Problem | None:
        return next((problem for problem in self.kept if problem.severity is Severity.ERROR), None)
