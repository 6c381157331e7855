"""The filter while it is being built: a tree of groups and conditions that may still be unfinished. Knows nothing of Streamlit.

Every filter can be opened here and comes back with the same meaning; unfinished conditions are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from services.errors import InvalidInputError
from services.variants.expressions import parse_expression
from services.variants.filters import (
    And,
    Commented,
    Filter,
    Flag,
    Flagged,
    Genes,
    Missing,
    Not,
    Number,
    OneOf,
    Or,
    Region,
    Rows,
    TableFacts,
    Text,
    TextTest,
)

GENE, REGION, FLAG, COMMENT = "Gene list", "Region", "Flag", "Comments"
SPECIAL = (GENE, REGION, FLAG, COMMENT)
"""What a condition can be about besides a column."""
_numbers = count(1)


class Mode(StrEnum):
    ALL = "all of these"
    ANY = "any of these"
    NONE = "none of these"


class Comparison(StrEnum):
    """How a column is compared; the value is what the menu says."""

    ONE_OF = "is one of"
    EQUALS = "is exactly"
    CONTAINS = "contains"
    STARTS = "starts with"
    BETWEEN = "is between"
    AT_LEAST = "is at least"
    AT_MOST = "is at most"
    ABOVE = "is above"
    BELOW = "is below"
    TRUE = "is true"
    FALSE = "is false"
    MISSING = "is missing"
    PRESENT = "is not missing"


_ABSENCE = (Comparison.MISSING, Comparison.PRESENT)
_TEXT_TESTS = (Comparison.ONE_OF, Comparison.CONTAINS, Comparison.STARTS, Comparison.EQUALS, *_ABSENCE)
_NUMBER_TESTS = (
    Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.ABOVE, Comparison.BELOW, Comparison.BETWEEN, Comparison.ONE_OF, *_ABSENCE,
)  # fmt: skip
_FLAG_TESTS = (Comparison.TRUE, Comparison.FALSE, *_ABSENCE)
_SIDES = {
    Comparison.AT_LEAST: (True, False), Comparison.ABOVE: (True, True), Comparison.AT_MOST: (False, False),
    Comparison.BELOW: (False, True),
}  # fmt: skip
"""Whether the bound is the lower one, and whether it is left out itself."""
_TEXTS = {
    Comparison.EQUALS: TextTest.EQUALS, Comparison.CONTAINS: TextTest.CONTAINS, Comparison.STARTS: TextTest.STARTS_WITH,
}  # fmt: skip


@dataclass(slots=True)
class Condition:
    """One line of the builder. `text` is what was typed, `values` what was chosen, `low` and `high` are numbers."""

    about: str | None = None
    test: Comparison | None = None
    text: str = ""
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    ends: tuple[bool, bool] = (False, False)
    id: int = field(default_factory=lambda: next(_numbers))


@dataclass(slots=True)
class Group:
    """Conditions and groups, and how many of them must hold."""

    mode: Mode = Mode.ALL
    parts: list[Condition | Group] = field(default_factory=list)
    id: int = field(default_factory=lambda: next(_numbers))


def comparisons_for(about: str, facts: TableFacts) -> tuple[Comparison, ...]:
    """Return which comparisons fit a column; none for a subject that is no column."""
    if about in SPECIAL and about not in facts.columns:
        return ()
    element = facts.column(about).element
    if element == "flag":
        return _FLAG_TESTS
    return _NUMBER_TESTS if element in ("integer", "number") or about in facts.numeric else _TEXT_TESTS


def draft_of(condition: Filter | None) -> Group:
    """Open a filter in the builder."""
    if condition is None:
        return Group(parts=[Condition()])
    node = _node(condition)
    return node if isinstance(node, Group) else Group(parts=[node])


def _node(condition: Filter) -> Condition | Group:
    match condition:
        case And(parts):
            return Group(Mode.ALL, [_node(part) for part in parts])
        case Or(parts):
            return Group(Mode.ANY, [_node(part) for part in parts])
        case Not(Or(parts)):
            return Group(Mode.NONE, [_node(part) for part in parts])
        case Not(part):
            return Group(Mode.NONE, [_node(part)])
        case Number(column, low, high, above, below):
            return Condition(column, _number_test(condition), low=low, high=high, ends=(above, below))
        case Text(column, test, value):
            return Condition(column, next(one for one, kind in _TEXTS.items() if kind is test), text=value)
        case OneOf(column, values):
            return Condition(column, Comparison.ONE_OF, values=values)
        case Flag(column, value):
            return Condition(column, Comparison.TRUE if value else Comparison.FALSE)
        case Missing(column, missing):
            return Condition(column, Comparison.MISSING if missing else Comparison.PRESENT)
        case Region(chromosome, start, end):
            return Condition(REGION, text=f"{chromosome}:{start}-{end}")
        case Genes(names):
            return Condition(GENE, text=", ".join(names))
        case Flagged(categories):
            return Condition(FLAG, values=categories)
        case Commented():
            return Condition(COMMENT)
        case Rows():
            raise InvalidInputError("rows chosen by number cannot be edited")


def _number_test(condition: Number) -> Comparison:
    if condition.minimum is None and condition.maximum is None:
        return Comparison.PRESENT
    if condition.maximum is None:
        return Comparison.ABOVE if condition.above else Comparison.AT_LEAST
    if condition.minimum is None:
        return Comparison.BELOW if condition.below else Comparison.AT_MOST
    return Comparison.BETWEEN


def filter_of(group: Group, facts: TableFacts) -> Filter | None:
    """Return the filter of what is finished; None where nothing is.

    :raise InvalidInputError: a finished condition cannot hold, e.g. a region that ends before it begins.
    """
    parts = tuple(_parts(group, facts))
    if not parts:
        return None
    if group.mode is Mode.NONE:
        return Not(parts[0] if len(parts) == 1 else Or(parts))
    if len(parts) == 1:
        return parts[0]
    return And(parts) if group.mode is Mode.ALL else Or(parts)


def _parts(group: Group, facts: TableFacts) -> Iterator[Filter]:
    for part in group.parts:
        made = filter_of(part, facts) if isinstance(part, Group) else condition_filter(part, facts)
        if made is not None:
            yield made


def condition_filter(condition: Condition, facts: TableFacts) -> Filter | None:
    """Return the filter of one line, or None while it is unfinished."""
    about = condition.about
    if about is None:
        return None
    if about in SPECIAL and about not in facts.columns:
        return _special(condition, about, facts)
    match condition.test:
        case Comparison.ONE_OF:
            return OneOf(about, condition.values) if condition.values else None
        case Comparison.EQUALS | Comparison.CONTAINS | Comparison.STARTS:
            return Text(about, _TEXTS[condition.test], condition.text) if condition.text else None
        case Comparison.TRUE | Comparison.FALSE:
            return Flag(about, condition.test is Comparison.TRUE)
        case Comparison.MISSING | Comparison.PRESENT:
            return Missing(about, condition.test is Comparison.MISSING)
        case Comparison.BETWEEN:
            return _between(condition, about)
        case None:
            return None
    is_low, is_open = _SIDES[condition.test]
    bound = condition.low if is_low else condition.high
    if bound is None or not math.isfinite(bound):
        return None
    return Number(about, bound, None, above=is_open) if is_low else Number(about, None, bound, below=is_open)


def _between(condition: Condition, about: str) -> Filter | None:
    low, high = condition.low, condition.high
    if low is None or high is None:
        return None
    if low > high:
        raise InvalidInputError(f"{about}: the lower bound is above the upper one")
    return Number(about, low, high, *condition.ends)


def _special(condition: Condition, about: str, facts: TableFacts) -> Filter | None:
    if about == COMMENT:
        return Commented()
    if about == FLAG:
        return Flagged(condition.values)
    if about == GENE:
        names = genes_in(condition.text)
        return Genes(names) if names else None
    text = condition.text.strip()
    return parse_expression("region '" + text.replace("'", "''") + "'", facts) if text else None


def genes_in(text: str) -> tuple[str, ...]:
    """Return the genes of a pasted list: separated by blanks, commas, semicolons or lines; each once, in order."""
    return tuple(dict.fromkeys(name for name in re.split(r"[\s,;]+", text) if name))
