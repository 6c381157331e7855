"""Stated values of published instruments: "SLEDAI-2K: 8", "DAS28-CRP of 5.4", with the items where the note prints them.

Only what a clinician wrote down is taken; nothing is computed here. A cut-off ("BASDAI of at least 4"), a goal or a value out
of the instrument's range is not a measurement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from services.clinical.activity.records import InstrumentRecord, records
from services.clinical.labs.analytes import locate
from services.evidence.extraction.dating import find_moments
from services.evidence.extraction.facts import ActivityContent, DateBasis, Precision
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import Sentence, Sheet
from services.evidence.extraction.words import Dictionary, Hit, cut

# Names notes use besides the instrument's own id.
_ALSO = {
    "SLEDAI-2K": ("SLEDAI",), "DAS28-CRP": ("DAS28 (CRP)", "DAS28 CRP", "DAS-28 CRP"),
    "DAS28-ESR": ("DAS28 (ESR)", "DAS28 ESR", "DAS-28 ESR"),
    "EDSS": ("Expanded Disability Status Scale",), "mRSS": ("modified Rodnan skin score", "Rodnan skin score"),
    "CAS": ("clinical activity score",),
    "HBI": ("Harvey-Bradshaw index",), "MG-ADL": ("MGADL", "MG ADL"),
    "QMG": ("QMG score", "quantitative myasthenia gravis score"),
    "ASDAS-CRP": ("ASDAS (CRP)", "ASDAS"),
}
_LINK = re.compile(
    r"(?:\s*\([^()]{1,40}\))?[\s:=]*(?:(?:score|total|value|index|today|currently|now|was|is|of|at|remains|stable|has|fallen|"
    r"risen|improved|worsened|fell|rose|down|up|to|from|again|still|only|step|remained|measured)\s+){0,6}[:=]?\s*"
)
_VALUE = re.compile(r"(?<![<>≥≤])(\d{1,3}(?:[.,]\d{1,2})?)(?![\d]|[.,]\d|\s?[-–]\s?\d|\s?(?:%|mg|weeks?|months?|years?|days?|"
                    r"points?\s+(?:or|and)))")
_NOT_MEASURED = re.compile(r"\b(?:if|target|goal|aim|until|threshold|cut-?off|at least|should|when|criteria|unless|range|"
                           r"maximum|planned|expected)\b|[≥≤<>]", re.IGNORECASE)
_FROM_TO = re.compile(r"\s*(?:to|→|->)\s*(\d{1,3}(?:[.,]\d{1,2})?)(?!\d)")
_ITEM = re.compile(r"\s*(?P<name>[A-Za-z][^;:=]{0,80}?)\s*[:=]?\s*(?P<value>-?\d{1,4}(?:[.,]\d{1,2})?)\s*$")
_ITEMS_LABEL = re.compile(r"\s*(?:items?|components?|subscores?|breakdown)\s*:\s*", re.IGNORECASE)
_EARLIER = re.compile(r"\b(?:previous(?:ly)?|prior|last (?:visit|year)|earlier|initially|baseline|ago|before)\b", re.IGNORECASE)

_Entry = tuple[ActivityContent, When, Place]


@cache
def instrument_names() -> Dictionary[InstrumentRecord]:
    """Return the names of the published instruments as notes write them."""
    # HbA1c and C-peptide are instruments of control, and laboratory results on paper
    names = [(record.id, record) for record in records() if locate(record.id) is None]
    names += [(name, record) for record in records() for name in _ALSO.get(record.id, ())]
    return Dictionary(names)


def scores_of(sheet: Sheet) -> Iterator[_Entry]:
    """Yield the stated instrument values of a document, table rows included."""
    sentences = sheet.sentences
    for number, sentence in enumerate(sentences):
        text = sentence.text
        if len(text) > 2000:
            continue
        hits = instrument_names().find(text, cut(text))
        for index, hit in enumerate(hits):
            limit = hits[index + 1].start if index + 1 < len(hits) else len(text)
            found = _value(text, hit, limit)
            if found is None:
                continue
            value, end = found
            following = sentences[number + 1] if number + 1 < len(sentences) and index == len(hits) - 1 else None
            content = ActivityContent(instrument=hit.value.id, value=value, items=_items(text[end:limit], following))
            yield content, _when(sheet, sentence, hit), Place(sentence.page, sentence.start, sentence.end, hit.start)
    yield from _table_rows(sheet)


def _table_rows(sheet: Sheet) -> Iterator[_Entry]:
    for line in sheet.lines:
        record = _whole(line.cells[0].text) if len(line.cells) >= 2 else None
        if record is None:
            continue
        value = next((read for cell in line.cells[1:] if (read := _number(cell.text, record)) is not None), None)
        if value is not None:
            when = When(line.governing.day, line.governing.precision, line.governing.basis)
            yield ActivityContent(instrument=record.id, value=value), when, Place(line.page, line.start, line.end, 0)


def _whole(name: str) -> InstrumentRecord | None:
    return instrument_names().get(re.sub(r"\s*\(.*\)$", "", name)) if any(char.isupper() for char in name) else None


def _number(text: str, record: InstrumentRecord) -> float | None:
    match = re.fullmatch(r"(\d{1,3}(?:[.,]\d{1,2})?)(?:\s*\([^()]{1,40}\))?", text.strip())
    return _in_range(float(match.group(1).replace(",", ".")), record) if match is not None else None


def _value(text: str, hit: Hit[InstrumentRecord], limit: int) -> tuple[float, int] | None:
    link = _LINK.match(text, hit.end)
    position = link.end() if link is not None else hit.end
    before = text[max(0, hit.start - 60):hit.start].rpartition(".")[2]
    if _NOT_MEASURED.search(before) or _NOT_MEASURED.search(text[hit.end:position]):
        return None
    match = _VALUE.match(text, position)
    if match is None or match.end() > limit:
        return None
    later = _FROM_TO.match(text, match.end())
    number, end = (later.group(1), later.end()) if later is not None else (match.group(1), match.end())
    value = _in_range(float(number.replace(",", ".")), hit.value)
    return None if value is None else (value, end)


def _in_range(value: float, record: InstrumentRecord) -> float | None:
    low, high = record.range or (None, None)
    return value if (low is None or value >= low) and (high is None or value <= high) else None


def _items(rest: str, following: Sentence | None) -> dict[str, float]:
    """The items behind the value or in the next line: "Items: arthritis 4; rash 2." """
    source = rest
    label = _ITEMS_LABEL.match(source.lstrip(" .,;\n("))
    if label is None and following is not None:
        source = following.text
        label = _ITEMS_LABEL.match(source)
    if label is None:
        return {}
    body = source[source.index(label.group().strip()) + len(label.group().strip()):]
    found: dict[str, float] = {}
    for part in " ".join(body.split()).rstrip(".").split(";")[:60]:
        match = _ITEM.fullmatch(part)
        if match is not None:
            found[match["name"].strip()[:200]] = float(match["value"].replace(",", "."))
    return found


def _when(sheet: Sheet, sentence: Sentence, hit: Hit[InstrumentRecord]) -> When:
    moments = find_moments(sentence.text, sheet.day, day_first=sheet.by_day)
    near = [one for one in moments if -30 <= one.start - hit.end <= 40 or (hit.start - one.end <= 12 and one.end <= hit.start)]
    if near:
        return When(near[0].day, near[0].precision, DateBasis.STATED)
    if _EARLIER.search(sentence.text):
        return When(None, Precision.DAY, DateBasis.NONE)
    return When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)
