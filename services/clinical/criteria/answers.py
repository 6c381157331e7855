"""The answers to a criteria set, checked against its items.

An answer that does not fit its item is rejected by name and never read as something else. An absent key, None and
"unknown" all mean: not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.clinical.criteria.logic import Truth, known, unknown
from services.clinical.criteria.records import OTHER_CAUSE, UNKNOWN, Answer, CriteriaRecord, CriterionItem

MAX_ANSWERS = 200
MAX_TEXT = 80

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Facts:
    """Answers that fit their items. `attributed` are items present but better explained by another cause."""

    values: Mapping[str, bool | float | str] = field(default_factory=dict)
    attributed: frozenset[str] = frozenset()

    def truth(self, key: str) -> Truth:
        """Return the answer to a yes/no item."""
        value = self.values.get(key)
        return unknown(key) if value is None else known(value is True)

    def number(self, key: str) -> float | None:
        value = self.values.get(key)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def compare(self, key: str, *, at_least: float | None = None, below: float | None = None) -> Truth:
        """Return whether a number item is at least, or below, a limit."""
        value = self.number(key)
        if value is None:
            return unknown(key)
        return known((at_least is None or value >= at_least) and (below is None or value < below))

    def choice(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def chosen(self, key: str, *options: str) -> Truth:
        """Return whether a choice item has one of `options`."""
        value = self.choice(key)
        return unknown(key) if value is None else known(value in options)

    def with_answer(self, key: str, value: bool | float | str) -> Facts:
        """Return the same facts with one answer replaced."""
        return Facts({**self.values, key: value}, self.attributed - {key})


def check(record: CriteriaRecord, answers: Mapping[str, Answer]) -> tuple[Facts, tuple[str, ...]]:
    """Return the usable facts and, for each answer that cannot be used, a line naming the item and the reason."""
    if len(answers) > MAX_ANSWERS:
        return Facts(), (f"more than {MAX_ANSWERS} answers",)
    items = {item.key: item for item in record.items}
    values: dict[str, bool | float | str] = {}
    attributed: set[str] = set()
    invalid: list[str] = []
    for key, answer in answers.items():
        item = items.get(key)
        if item is None:
            invalid.append(f"{str(key)[:MAX_TEXT]}: not an item of {record.id}")
            continue
        if answer is None or (isinstance(answer, str) and answer[:MAX_TEXT].strip().lower() in ("", UNKNOWN)):
            continue
        if item.attributable and answer == OTHER_CAUSE:
            values[key] = False
            attributed.add(key)
            continue
        value = _read(item, answer)
        if value is None:
            invalid.append(f"{key}: {_expected(item)}")
        else:
            values[key] = value
    return Facts(values, frozenset(attributed)), tuple(invalid)


def _read(item: CriterionItem, answer: Answer) -> bool | float | str | None:
    if isinstance(answer, str) and len(answer) > MAX_TEXT:
        return None
    if item.kind == "number":
        return _read_number(item, answer)
    if item.kind == "choice":
        return answer if answer in {option.value for option in item.options} else None
    if isinstance(answer, str):
        return _YES_NO.get(answer.strip().lower())
    return answer if isinstance(answer, bool) else None


def _read_number(item: CriterionItem, answer: Answer) -> float | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return None
    try:
        value = float(answer)
    except OverflowError:
        return None
    if not math.isfinite(value) or not item.minimum <= value <= item.maximum:
        return None
    return None if item.integer and value != int(value) else value


def _expected(item: CriterionItem) -> str:
    if item.kind == "choice":
        return "expected one of " + ", ".join(option.value for option in item.options) + ", or unknown"
    if item.kind == "number":
        kind = "a whole number" if item.integer else "a number"
        return f"expected {kind} from {item.minimum:g} to {item.maximum:g}{' ' + item.unit if item.unit else ''}"
    return "expected yes, no or unknown" + (f" (or {OTHER_CAUSE})" if item.attributable else "")
