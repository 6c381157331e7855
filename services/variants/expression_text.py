"""Write a filter as the expression that `expressions.parse_expression` reads back as the same filter."""

from __future__ import annotations

import re

from services.errors import InvalidInputError
from services.variants.expressions import END_OF_CHROMOSOME, RESERVED
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

_PLAIN_COLUMN = re.compile(r"[A-Za-z_][^\s()<>=!,\"'`]*")
_PLAIN_VALUE = re.compile(r"[^\s()<>=!,\"'`]+")
_SPECIAL = frozenset({"gene", "genes", "flag"})


def to_expression(condition: Filter | None) -> str:
    """Return the expression; blank for no filter.

    :raise InvalidInputError: the filter has no written form (an empty group, rows by number).
    """
    return "" if condition is None else _written(condition)


def _written(condition: Filter) -> str:
    match condition:
        case And(parts) | Or(parts) if parts:
            word = " and " if isinstance(condition, And) else " or "
            return word.join(_inner(part) for part in parts)
        case Not(part):
            return f"not {_inner(part)}"
        case Text(column, test, value):
            sign = {TextTest.EQUALS: "=", TextTest.CONTAINS: "contains", TextTest.STARTS_WITH: "starts with"}[test]
            return f"{column_text(column)} {sign} {_value(value)}"
        case OneOf(column, values):
            return f"{column_text(column)} in ({', '.join(map(_value, values))})"
        case Number():
            return _number(condition)
        case Flag(column, value):
            return f"{column_text(column)} is {'true' if value else 'false'}"
        case Missing(column, missing):
            return f"{column_text(column)} is {'' if missing else 'not '}missing"
        case Region(chromosome, start, end):
            whole = start == 0 and end == END_OF_CHROMOSOME
            return f"region {_value(chromosome if whole else f'{chromosome}:{start}-{end}')}"
        case Genes(names) if names:
            return f"gene in ({', '.join(map(_value, names))})"
        case Flagged(categories):
            return f"flag in ({', '.join(map(_value, categories))})" if categories else "flagged"
        case Commented():
            return "commented"
        case And() | Or() | Genes() | Rows():
            raise InvalidInputError("this filter has no written form")


def _inner(part: Filter) -> str:
    written = _written(part)
    grouped = isinstance(part, And | Or) or (isinstance(part, Number) and " and " in written and "between" not in written)
    return f"({written})" if grouped else written


def _number(condition: Number) -> str:
    column, low, high = column_text(condition.column), condition.minimum, condition.maximum
    lower, upper = ">" if condition.above else ">=", "<" if condition.below else "<="
    if low is None and high is None:
        return f"{column} is not missing"
    if low is None or high is None:
        sign, bound = (lower, low) if low is not None else (upper, high)
        return f"{column} {sign} {_digits(bound or 0.0)}"
    if condition.above or condition.below:
        return f"{column} {lower} {_digits(low)} and {column} {upper} {_digits(high)}"
    return f"{column} = {_digits(low)}" if low == high else f"{column} between {_digits(low)} and {_digits(high)}"


def _digits(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


def column_text(name: str) -> str:
    """Write a column's name so that it is read as a column, in backticks where it must be."""
    lowered = name.lower()
    if _PLAIN_COLUMN.fullmatch(name) and lowered not in RESERVED and lowered not in _SPECIAL:
        return name
    return "`" + name.replace("`", "``") + "`"


def _value(value: str) -> str:
    return value if _PLAIN_VALUE.fullmatch(value) else "'" + value.replace("'", "''") + "'"
