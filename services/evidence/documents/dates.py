"""Find calendar dates in clinical text and read the ambiguous ones by the habit of the document.

03/04/2022 is the 3rd of April or the 4th of March. The document decides: one date in it that can only be read one way
settles the rest. Where nothing settles it, month first is assumed and the reading is marked `assumed`, to be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?<![\w./-])(?:"
    rf"(?P<iso_year>(?:19|20)\d\d)[-/.](?P<iso_month>\d{{1,2}})[-/.](?P<iso_day>\d{{1,2}})(?=T\d|(?![\w/-]))"
    rf"|(?P<first>\d{{1,2}})(?P<mark>[/.-])(?P<second>\d{{1,2}})(?P=mark)(?P<year>(?:19|20)\d\d|\d\d)(?![\w/-])"
    rf"|(?P<day_before>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?:of\s)?(?P<month_after>{_MONTH})\.?,?[\s-](?P<year_after>(?:19|20)\d\d)(?!\d)"
    rf"|(?P<month_before>{_MONTH})\.?\s(?P<day_after>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<year_last>(?:19|20)\d\d)(?!\d)"
    rf")",
    re.IGNORECASE,
)
_PIVOT = 70  # two-digit years from 70 on belong to the last century


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as it stands in the text at [start, end). `assumed`: the order of day and month was not settled."""

    value: date
    start: int
    end: int
    assumed: bool = False


def day_first(text: str) -> bool | None:
    """Return whether the document writes the day before the month; None when no date settles it, or they disagree."""
    votes = set()
    for match in _DATE.finditer(text):
        if match["first"]:
            first, second = int(match["first"]), int(match["second"])
            if first > 12 >= second:
                votes.add(True)
            elif second > 12 >= first:
                votes.add(False)
    return votes.pop() if len(votes) == 1 else None


def find_dates(text: str, *, day_first: bool | None = None) -> Iterator[WrittenDate]:
    """Yield the valid dates of `text` in order. `day_first` is the habit of the document (see `day_first`)."""
    for match in _DATE.finditer(text):
        written = _read(match, day_first)
        if written is not None:
            yield written


def _read(match: re.Match[str], by_day: bool | None) -> WrittenDate | None:
    assumed = False
    if match["iso_year"]:
        parts = int(match["iso_year"]), int(match["iso_month"]), int(match["iso_day"])
    elif match["first"]:
        first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
        if year < 100:
            year += 1900 if year >= _PIVOT else 2000
        dotted = match["mark"] == "."  # 15.03.2022 is day first wherever it is written
        month_leads = first <= 12 and not dotted and (second > 12 or not by_day)
        assumed = not dotted and by_day is None and first <= 12 and second <= 12 and first != second
        parts = (year, first, second) if month_leads else (year, second, first)
    elif match["month_after"]:
        parts = int(match["year_after"]), _MONTHS[match["month_after"].lower()], int(match["day_before"])
    else:
        parts = int(match["year_last"]), _MONTHS[match["month_before"].lower()], int(match["day_after"])
    try:
        return WrittenDate(date(*parts), match.start(), match.end(), assumed)
    except ValueError:
        return None  # 31/02/2022, or 99/99/2022: digits in the form of a date
