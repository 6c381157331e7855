"""The answers a formula computes from: read, converted and checked, by item key."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One usable answer. `written` is what was sent, for the explanation."""

    value: object
    unit: str | None = None
    written: str = ""
    date: datetime.date | None = None
    note: str = ""


@dataclass(slots=True)
class Answers:
    """Everything read from one set of inputs.

    `values` holds the usable answers by item key; `missing` what is unknown, in item order; `invalid` the refused inputs
    with the reason; `unused` the inputs that are no item of this instrument; `contradiction` is set when two inputs cannot
    both be true.
    """

    values: dict[str, Answer] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    invalid: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    contradiction: str = ""

    def has(self, key: str) -> bool:
        return key in self.values

    def number(self, key: str) -> float:
        """Return a number; a flag counts 1 or 0. The item must have been answered."""
        value = self.values[key].value
        if not isinstance(value, int | float):
            raise TypeError(f"item {key} is no number")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        return self.number(key) if self.has(key) else None

    def flag(self, key: str) -> bool | None:
        """Return a flag, None where it is unknown."""
        return bool(self.values[key].value) if self.has(key) else None

    def text(self, key: str) -> str | None:
        """Return a choice, None where it is unknown."""
        return str(self.values[key].value) if self.has(key) else None

    def members(self, key: str) -> tuple[str, ...]:
        value = self.values[key].value
        return value if isinstance(value, tuple) else ()

    def limits(self, key: str) -> tuple[float | None, float | None] | None:
        value = self.values[key].value if self.has(key) else None
        return value if isinstance(value, tuple) and len(value) == 2 else None
