"""A filter in words, for chips and for those who do not read expressions."""

from __future__ import annotations

from services.variants.expressions import END_OF_CHROMOSOME
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
    Text,
    TextTest,
)

_FEW = 4


def in_words(condition: Filter) -> str:
    """Return one line, long lists cut with their number."""
    match condition:
        case And(parts) | Or(parts):
            word = " and " if isinstance(condition, And) else " or "
            return word.join(f"({in_words(one)})" if isinstance(one, And | Or) else in_words(one) for one in parts) or "nothing"
        case Not(part):
            return f"not ({in_words(part)})"
        case Text(column, test, value):
            sign = {TextTest.EQUALS: "is", TextTest.CONTAINS: "contains", TextTest.STARTS_WITH: "starts with"}[test]
            return f"{column} {sign} “{value}”"
        case OneOf(column, values):
            return f"{column} is {_several(values)}"
        case Number():
            return _number(condition)
        case Flag(column, value):
            return f"{column} is {'true' if value else 'false'}"
        case Missing(column, missing):
            return f"{column} is {'missing' if missing else 'not missing'}"
        case Region(chromosome, start, end):
            return chromosome if start == 0 and end == END_OF_CHROMOSOME else f"{chromosome}:{start:,}-{end:,}"
        case Genes(names):
            return f"gene is {_several(names)}"
        case Flagged(categories):
            return f"flagged {_several(categories)}" if categories else "flagged"
        case Commented():
            return "has comments"
        case Rows(numbers):
            return f"{len(numbers):,} chosen rows"


def _several(values: tuple[str, ...]) -> str:
    shown = " or ".join(values[:_FEW])
    return shown if len(values) <= _FEW else f"{shown} or {len(values) - _FEW:,} more"


def _number(condition: Number) -> str:
    column, low, high = condition.column, condition.minimum, condition.maximum
    below, above = "<" if condition.below else "≤", ">" if condition.above else "≥"
    if low is None and high is None:
        return f"{column} is a number"
    if low is None:
        return f"{column} {below} {high:.10g}"
    if high is None:
        return f"{column} {above} {low:.10g}"
    if low == high:
        return f"{column} = {low:.10g}"
    return f"{low:.10g} {'<' if condition.above else '≤'} {column} {below} {high:.10g}"
