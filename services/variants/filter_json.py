"""Filters as JSON: what the API takes and saved views keep. Reading refuses anything that is not exactly one known condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.errors import InvalidInputError
from services.variants.filters import (
    MAX_DEPTH,
    MAX_PARTS,
    MAX_TEXT,
    MAX_VALUES,
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


def filter_from_json(data: object, depth: int = 0) -> Filter:
    """Build a filter from JSON such as `{"and": [{"number": {"column": "qual", "minimum": 30}}, ..]}`.

    Raises InvalidInputError for anything that is not exactly one known condition with known members.
    """
    if depth > MAX_DEPTH:
        raise InvalidInputError(f"a filter is nested at most {MAX_DEPTH} deep")
    if not isinstance(data, Mapping) or len(data) != 1:
        raise InvalidInputError("a filter is an object with exactly one member, e.g. and, number, text")
    kind, body = next(iter(data.items()))
    if kind in ("and", "or"):
        if not isinstance(body, list) or len(body) > MAX_PARTS:
            raise InvalidInputError(f"{kind} takes a list of at most {MAX_PARTS} filters")
        parts = tuple(filter_from_json(part, depth + 1) for part in body)
        return And(parts) if kind == "and" else Or(parts)
    if kind == "not":
        return Not(filter_from_json(body, depth + 1))
    if not isinstance(body, Mapping):
        raise InvalidInputError(f"{str(kind)[:40]} takes an object")
    return _leaf(str(kind), dict(body))


_WITHOUT_COLUMN = ("region", "genes", "flagged", "commented")


def _leaf(kind: str, body: dict[str, Any]) -> Filter:
    members = {
        "text": ("column", "test", "value"),
        "one_of": ("column", "values"),
        "number": ("column", "minimum", "maximum", "above", "below"),
        "flag": ("column", "value"),
        "missing": ("column", "missing"),
        "region": ("chromosome", "start", "end"),
        "genes": ("names",),
        "flagged": ("categories",),
        "commented": (),
    }.get(kind)
    if members is None:
        raise InvalidInputError(f"{kind[:40]!r} is not a filter")
    unknown = [key for key in body if key not in members]
    if unknown:
        raise InvalidInputError(f"{kind} has no member {str(unknown[0])[:40]!r}")
    try:
        return _typed_leaf(kind, body)
    except KeyError as missing:
        raise InvalidInputError(f"{kind} needs {missing.args[0]}") from missing


def _typed_leaf(kind: str, body: dict[str, Any]) -> Filter:
    column = _string(body["column"]) if kind not in _WITHOUT_COLUMN else ""
    match kind:
        case "text":
            if body["test"] not in set(TextTest):
                raise InvalidInputError(f"test is one of {', '.join(TextTest)}")
            return Text(column, TextTest(body["test"]), _string(body["value"]))
        case "one_of":
            return OneOf(column, _strings(body["values"]))
        case "number":
            low, high = _bound(body.get("minimum")), _bound(body.get("maximum"))
            return Number(column, low, high, _truth(body.get("above", False)), _truth(body.get("below", False)))
        case "flag":
            return Flag(column, _truth(body["value"]))
        case "missing":
            return Missing(column, _truth(body.get("missing", True)))
        case "flagged":
            return Flagged(_strings(body.get("categories", [])))
        case "commented":
            return Commented()
        case "region":
            start, end = body["start"], body["end"]
            if not all(isinstance(number, int) and not isinstance(number, bool) for number in (start, end)):
                raise InvalidInputError("start and end of a region are whole numbers")
            return Region(_string(body["chromosome"]), start, end)
    return Genes(_strings(body["names"]))


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInputError("true or false is needed")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidInputError(f"a text of at most {MAX_TEXT:,} characters is needed")
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_VALUES:
        raise InvalidInputError(f"a list of at most {MAX_VALUES:,} texts is needed")
    return tuple(_string(item) for item in value)


def _bound(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InvalidInputError("a bound is a number")
    return float(value)


def filter_to_json(condition: Filter) -> dict[str, Any]:
    """Write a filter so that `filter_from_json` gives it back.

    :raise InvalidInputError: it names rows by number, which mean nothing in another table.
    """
    match condition:
        case And(parts):
            return {"and": [filter_to_json(part) for part in parts]}
        case Or(parts):
            return {"or": [filter_to_json(part) for part in parts]}
        case Not(part):
            return {"not": filter_to_json(part)}
        case Text(column, test, value):
            return {"text": {"column": column, "test": str(test), "value": value}}
        case OneOf(column, values):
            return {"one_of": {"column": column, "values": list(values)}}
        case Number(column, minimum, maximum, above, below):
            ends = {"minimum": minimum, "maximum": maximum, "above": above, "below": below}
            return {"number": {"column": column, **ends}}
        case Flag(column, value):
            return {"flag": {"column": column, "value": value}}
        case Missing(column, missing):
            return {"missing": {"column": column, "missing": missing}}
        case Region(chromosome, start, end):
            return {"region": {"chromosome": chromosome, "start": start, "end": end}}
        case Genes(names):
            return {"genes": {"names": list(names)}}
        case Flagged(categories):
            return {"flagged": {"categories": list(categories)}}
        case Commented():
            return {"commented": {}}
        case Rows():
            raise InvalidInputError("row numbers are not kept: they mean nothing in another table")
