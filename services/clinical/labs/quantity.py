"""Reads numbers, quantities and reference ranges as laboratories print them.

Every function takes at most `MAX_TEXT_LENGTH` characters and uses patterns without nested repetition, so no input is slow.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from services.clinical.bounds import Bound
from services.clinical.labs.units import normalise_unit

MAX_TEXT_LENGTH = 120

_COMPARATORS: dict[str, Bound | None] = {
    "<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">=", "≥": ">=", "=": None, "~": None, "": None,
}  # fmt: skip
_QUANTITY = re.compile(r"^(<=|>=|[<>≤≥=~])?\s*([+\-−]?\d[\d.,']{0,30})")
_NUMBER = r"[+\-−]?\d[\d.,']{0,20}"
_BETWEEN = re.compile(rf"({_NUMBER})\s{{0,5}}(?:-|–|—|−|to|…|\.\.)\s{{0,5}}({_NUMBER})")
_ONE_SIDED = re.compile(rf"(<=|>=|[<>≤≥]|up to|below|less than|under|above|greater than|more than|over)\s{{0,5}}({_NUMBER})")
_UPPER_WORDS = frozenset({"<", "<=", "≤", "up to", "below", "less than", "under"})
# a flag after the unit (`12 mg/L H`), or in brackets; a lone `L` may be litres and stays
_FLAG_WORD = r"(?:HH|LL|H|L|high|low|\*)"
_FLAG = re.compile(rf"(?:\s?[\[(]{_FLAG_WORD}[\])]|\s{_FLAG_WORD}|^(?:HH|LL|H|high|low|\*))$", re.IGNORECASE)
_THOUSANDS = re.compile(r"^[+-]?[1-9]\d{0,2}(,\d{3})+$")


class Quantity(NamedTuple):
    """A number as printed: `comparator` is `<`, `<=`, `>`, `>=` or None; `unit` is canonical where it is known."""

    comparator: Bound | None
    value: float
    unit: str | None


def parse_number(text: str) -> float | None:
    """Return the number a laboratory prints, or None.

    A comma followed by exactly three digits after a leading 1-9 groups thousands (`1,250` is 1250); any other single
    comma is a decimal comma (`4,0` is 4).
    """
    plain = text.strip().rstrip(".,").replace("−", "-").replace("'", "")
    if len(plain) > 32:
        return None
    if _THOUSANDS.match(plain):
        plain = plain.replace(",", "")
    elif "," in plain and "." in plain:
        grouping = "," if plain.rfind(",") < plain.rfind(".") else "."
        plain = plain.replace(grouping, "").replace(",", ".")
    elif plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return None


def parse_quantity(text: str) -> Quantity | None:
    """Read `< 0.3 mg/dL`, `12,5 mg/L`, `>= 1280`; None when it is no quantity (a titer, a word, nothing)."""
    cut = text[:MAX_TEXT_LENGTH].strip()
    match = _QUANTITY.match(cut)
    if match is None:
        return None
    value = parse_number(match.group(2))
    rest = cut[match.end() :].strip()
    if value is None or (rest.startswith((":", "/", "-")) and rest[1:2].isdigit()):
        return None
    rest = _FLAG.sub("", rest)
    unit = normalise_unit(rest) or (rest[:40].strip() or None)
    return Quantity(_COMPARATORS[match.group(1) or ""], value, unit)


def parse_reference_range(text: str) -> tuple[float | None, float | None] | None:
    """Return (low, high) of a printed reference range, None for a side without limit; None when it is not one range.

    Reads `0.4-4.5`, `<5`, `≤ 30`, `> 60`, `4,0–10,0`, `0.4 to 4.5 mIU/L`, `Negative: <20`. A text with two ranges
    (for men and women, say) is not one range.
    """
    cut = text[:MAX_TEXT_LENGTH].lower()
    between = _BETWEEN.findall(cut)
    one_sided = _ONE_SIDED.findall(cut)
    if len(between) + len(one_sided) != 1 or re.search(r"\d\s?:\s?\d", cut):
        return None
    if between:
        low, high = parse_number(between[0][0]), parse_number(between[0][1])
        return (low, high) if low is not None and high is not None and low <= high else None
    word, number = one_sided[0]
    limit = parse_number(number)
    if limit is None:
        return None
    return (None, limit) if word in _UPPER_WORDS else (limit, None)
