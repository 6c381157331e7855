"""Dates as clinical text writes them: whole, without a year ("3 May"), or only a month or year ("Feb 2021", "in 2019").

A date without a year is the last such day before the document was written; nothing is ever placed after the document
unless the text speaks of a plan.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from services.evidence.documents.dates import find_dates
from services.evidence.extraction.facts import Precision

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted((name.capitalize() for name in _MONTHS), key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_PARTIAL = re.compile(
    rf"(?<![\w/.-])(?:"
    rf"(?P<short_day>\d{{1,2}})[\s-](?P<short_month>{_MONTH})[\s-](?P<short_year>\d\d)(?!\d|[:.]\d)"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month_of_day>{_MONTH})\b"
    rf"|(?P<month_first>{_MONTH})\.?\s(?P<day_of_month>\d{{1,2}})(?:st|nd|rd|th)?(?![\d/]|,?\s?{_YEAR})"
    rf"|(?P<month>{_MONTH})\.?,?[\s-](?:of\s)?(?P<year_of_month>{_YEAR})(?!\d)"
    rf"|(?P<number_month>0?[1-9]|1[0-2])/(?P<year_of_number>{_YEAR})(?![\d/])"
    rf"|(?P<iso_year>{_YEAR})-(?P<iso_month>0[1-9]|1[0-2])(?![\d-])"
    rf"|(?:(?<=\bin\s)|(?<=\bsince\s)|(?<=\blast\s)|(?<=\buntil\s)|(?<=\bof\s)|"
    rf"(?<=\bfrom\s))(?P<lone_month>{_MONTH})\b(?!\.?,?\s\d)"
    rf"|(?:(?<=\bin\s)|(?<=\bsince\s)|(?<=\bfrom\s)|(?<=\bto\s)|(?<=\buntil\s)|(?<=\()|(?<=[,;]\s)|(?<=\bof\s)|(?<=[-–])|"
    rf"(?<=\bearly\s)|(?<=\blate\s)|(?<=\bmid-))"
    rf"(?P<year>{_YEAR})(?![\d/%-]|\.\d|\s?(?:mg|IU|mL|U|g)\b)"
    rf")"
)
_CAPITAL_MONTH = re.compile(rf"\b(?:{_MONTH})\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date at text[start:end), as exact as it is written."""

    day: datetime.date
    precision: Precision
    start: int
    end: int


def find_moments(
    text: str, reference: datetime.date | None, *, day_first: bool | None, future: bool = False
) -> tuple[Moment, ...]:
    """Return the dates of `text` in order.

    `reference` is the day the text was written: it supplies a missing year, the last one that does not lie ahead, or with
    `future` the next. Without it a date that has no year is not read.
    """
    if not any(char.isdigit() for char in text) and not _CAPITAL_MONTH.search(text):
        return ()
    moments = [Moment(one.value, Precision.DAY, one.start, one.end) for one in find_dates(text, day_first=day_first)]
    for match in _PARTIAL.finditer(text):
        if any(match.start() < one.end and one.start < match.end() for one in moments):
            continue
        moment = _partial(match, reference, future=future)
        if moment is not None:
            moments.append(moment)
    return tuple(sorted(moments, key=lambda one: one.start))


def _partial(match: re.Match[str], reference: datetime.date | None, *, future: bool) -> Moment | None:
    try:
        if match["short_day"]:
            year = 2000 + int(match["short_year"])
            day = datetime.date(year if year < 2070 else year - 100, _number(match["short_month"]), int(match["short_day"]))
            return Moment(day, Precision.DAY, match.start(), match.end())
        if match["month"] or match["number_month"] or match["iso_month"]:
            month = _number(match["month"]) if match["month"] else int(match["number_month"] or match["iso_month"])
            year = int(match["year_of_month"] or match["year_of_number"] or match["iso_year"])
            return Moment(datetime.date(year, month, 1), Precision.MONTH, match.start(), match.end())
        if match["year"]:
            return Moment(datetime.date(int(match["year"]), 1, 1), Precision.YEAR, match.start(), match.end())
        if reference is None:
            return None
        month = _number(match["month_of_day"] or match["month_first"] or match["lone_month"])
        number = int(match["day"] or match["day_of_month"] or 1)
        precision = Precision.MONTH if match["lone_month"] else Precision.DAY
        return Moment(_near(month, number, reference, future=future), precision, match.start(), match.end())
    except ValueError:
        return None  # 31 June, or 30 February in the year that was supplied


def _number(name: str) -> int:
    return _MONTHS[name.lower()]


def _near(month: int, day: int, reference: datetime.date, *, future: bool) -> datetime.date:
    if future:
        ahead = (month, day) >= (reference.month, reference.day)
        return datetime.date(reference.year if ahead else reference.year + 1, month, day)
    passed = (month, day) <= (reference.month, reference.day)
    return datetime.date(reference.year if passed else reference.year - 1, month, day)
