"""When symptoms began, as notes tell it: "since March", "an 18-month history of", "for the last two years", "it started in 2017".

A statement counts only where a complaint stands with it and where it is about the patient. A length of time is counted back
from the day of the note, so it is as vague as its unit; a past episode ("had back pain for two weeks in 2010") has none.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.clinical.organ_systems import complaints
from services.evidence.extraction.dating import find_moments
from services.evidence.extraction.facts import DateBasis, Precision, SymptomContent
from services.evidence.extraction.medications import drugs_in
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import RELATIVES, Sentence, Sheet

MAX_SENTENCE = 1200
_NOT = (
    "family", "social", "allerg", "plan", "medication", "treatment", "differential", "reference", "criteria", "exam", "vital",
    "instruction", "education", "recommend", "disposition", "diagnos", "problem", "procedure", "technique", "follow-up", "result",
    "laborator",
)
_NUMBERS = {
    word: number for number, words in enumerate(
        ("one a an", "two couple", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"), start=1
    ) for word in words.split()
}
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_ABOUT = (
    r"(?:(?:at least|nearly|almost|about|around|approximately|roughly|over|more than|some|the|a|past|last|previous|good)\s+){0,4}"
)
_UNIT = r"(?P<unit>day|week|month|year)s?"
_LENGTH = re.compile(
    rf"(?:"
    rf"\b(?:for|over|during|in|within|lasting)\s+{_ABOUT}{_COUNT}(?:\s+of)?[\s-]{_UNIT}\b(?!\s+(?:ago|old|later|after|before|until))"
    .replace("count>", "count_for>").replace("unit>", "unit_for>")
    + rf"|{_COUNT}(?:\s+of)?[\s-]{_UNIT}(?:['’]s?)?[\s-](?:of|history|course)\b".replace("count>", "count_of>").replace(
        "unit>", "unit_of>")
    + rf"|{_COUNT}(?:\s+of)?[\s-]{_UNIT}\s+ago\b".replace("count>", "count_ago>").replace("unit>", "unit_ago>")
    + r")", re.IGNORECASE,
)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SEASON = re.compile(
    r"\b(?:since|in|from|during|of|by)\s+(?:early |late |the |this |last ){0,2}"
    r"(?P<season>spring|summer|autumn|fall|winter)\b(?:\s+(?:of\s+)?(?P<year>(?:19|20)\d\d))?", re.IGNORECASE,
)
_NEW_YEAR = re.compile(r"\bnew year\b(?:\s+(?:of\s+)?(?P<year>(?:19|20)\d\d))?", re.IGNORECASE)
_LAST_YEAR = re.compile(r"\b(?:since|from)\s+(?:early |late )?last year\b", re.IGNORECASE)
_WITHIN_MONTH = re.compile(r"\b(?:(?P<mid>mid[\s-]|middle of )|(?P<late>end of |late |last (?:week|days) of ))$", re.IGNORECASE)
_MID = re.compile(r"(?<=\bmid)-", re.IGNORECASE)
_BEGAN_BEFORE = re.compile(
    r"\b(?:since|from|began|begun|begin|beginning|started|starting|start|onset|noticed|noted|felt|developed|appeared|came on|"
    r"came back|woke|awoke|dat(?:es|ed|ing)(?: it| them| this| back){0,2} to|presented|fell ill|broke out|set in|first)\b"
    r"[^.;:]{0,45}$", re.IGNORECASE,
)
_BEGAN_AFTER = re.compile(
    r"^(?:[^.;:]{0,30}?\b(?:developed|noticed|began|begun|started|onset|appeared|woke)\b|\s{1,3}(?:as|with)\b)", re.IGNORECASE
)
_OVER = re.compile(
    r"\b(?:free|remission|resolved|gone|better|asymptomatic|controlled|improved|healed|cleared|settled|went away|stopped|quit|"
    r"disappeared|eased|halved|softened|decreas\w{1,4}|less|fewer|flat|quiet|stable|fallen|dropped|healing|helped|"
    r"without symptoms|well since)\b", re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|never|without|denies|denied|nor|negative for)\b[^,;.]{0,30}$", re.IGNORECASE)
_POINTS_BACK = re.compile(r"\b(?:it|this|these|they|them|symptoms?|complaints?|problems?|illness|trouble)\b", re.IGNORECASE)
_EDGE = re.compile(r";|,\s|\s[—–-]\s|\b(?:but|although|whereas)\b|:\s")
_FAMILY_DOCTOR = re.compile(r"\bfamily (?:doctor|physician|practi\w{2,7}|medicine|gp|clinician)s?\b", re.IGNORECASE)
_Entry = tuple[SymptomContent, When, Place]


class _Onset(NamedTuple):
    start: int
    end: int
    day: datetime.date
    precision: Precision


def onsets_of(sheet: Sheet) -> Iterator[_Entry]:
    """Yield when complaints began, in reading order."""
    told = [one for one in sheet.sentences if not any(word in one.section for word in _NOT)]
    for number, sentence in enumerate(told):
        if len(sentence.text) > MAX_SENTENCE:
            continue
        seen: set[tuple[datetime.date, str]] = set()
        for onset in _onsets(sheet, sentence.text):
            named = _complaint(sentence.text, onset, told[max(0, number - 2):number], told[number + 1:number + 2])
            if named is None or (onset.day, named) in seen:
                continue
            seen.add((onset.day, named))
            yield (
                SymptomContent(name=named), When(onset.day, onset.precision, DateBasis.STATED),
                Place(sentence.page, sentence.start, sentence.end, onset.start),
            )


def is_about_others(text: str) -> bool:
    """Whether the words name a relative; a family doctor is none."""
    return RELATIVES.search(_FAMILY_DOCTOR.sub(" ", text)) is not None


def readable(text: str) -> str:
    """Return `text` as dates are found in it, letter for letter in its place: "in 2019" of "In 2019", "mid April" of "mid-April".
    """
    return _MID.sub(" ", text[:1].lower() + text[1:])


def _onsets(sheet: Sheet, text: str) -> list[_Onset]:
    """The beginnings a sentence states, without looking at what began."""
    found: list[_Onset] = []
    text = readable(text)
    moments = find_moments(text, sheet.day, day_first=sheet.by_day)
    for moment in moments:
        before = text[max(0, moment.start - 70):moment.start]
        if _BEGAN_BEFORE.search(before) or _BEGAN_AFTER.search(text[moment.end:moment.end + 60]):
            day = moment.day
            within = _WITHIN_MONTH.search(before)
            if within is not None and moment.precision is Precision.MONTH:
                day = day.replace(day=15 if within["mid"] else 25)
            found.append(_Onset(moment.start, moment.end, day, moment.precision))
    if sheet.day is None:
        return found
    found += _seasons(text, sheet.day)
    if not moments:
        found += _lengths(text, sheet.day)
    return [one for one in found if one.day <= sheet.day]


def _seasons(text: str, written: datetime.date) -> Iterator[_Onset]:
    for match in _SEASON.finditer(text):
        is_vague = match.group().lower().startswith(("in ", "during ", "of ", "by ")) and not match["year"]
        if is_vague and not _BEGAN_BEFORE.search(text[max(0, match.start() - 70):match.start()]):
            continue  # "dry cough in winter" tells no year
        month = _SEASONS[match["season"].lower()]
        year = int(match["year"]) if match["year"] else _last_such(month, written)
        yield _Onset(match.start(), match.end(), datetime.date(year, month, 1), Precision.YEAR)
    for match in _NEW_YEAR.finditer(text):
        year = int(match["year"]) if match["year"] else written.year
        yield _Onset(match.start(), match.end(), datetime.date(year, 1, 1), Precision.MONTH)
    for match in _LAST_YEAR.finditer(text):
        yield _Onset(match.start(), match.end(), datetime.date(written.year - 1, 1, 1), Precision.YEAR)


def _last_such(month: int, written: datetime.date) -> int:
    return written.year if month <= written.month else written.year - 1


def _lengths(text: str, written: datetime.date) -> Iterator[_Onset]:
    for match in _LENGTH.finditer(text):
        kind = next(one for one in ("for", "of", "ago") if match[f"count_{one}"])
        word, unit = match[f"count_{kind}"].lower(), match[f"unit_{kind}"].lower()
        count = _NUMBERS.get(word) or int(word)
        day = _counted_back(written, count, unit)
        if day is not None:
            precision = {"day": Precision.DAY, "year": Precision.YEAR}.get(unit, Precision.MONTH)
            yield _Onset(match.start(), match.end(), day, precision)


def _counted_back(written: datetime.date, count: int, unit: str) -> datetime.date | None:
    if count == 0 or (unit == "year" and count > 100):
        return None
    if unit in ("day", "week"):
        return written - datetime.timedelta(days=count * (7 if unit == "week" else 1))
    months = written.year * 12 + written.month - 1 - count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    if year < 1900:
        return None
    following = datetime.date(year + month // 11, (month + 1) % 12 + 1, 1)
    last = (following - datetime.timedelta(days=1)).day
    return datetime.date(year, month + 1, min(written.day, last))


def _complaint(text: str, onset: _Onset, before: Sequence[Sentence], after: Sequence[Sentence]) -> str | None:
    """The words that say what began: of the clause, else of the sentence where the clause only points back to it."""
    edges = [0, *(match.end() for match in _EDGE.finditer(text) if not onset.start <= match.start() < onset.end), len(text)]
    start = max(edge for edge in edges if edge <= onset.start)
    stop = min(edge for edge in edges if edge >= onset.end)
    clause = text[start:stop]
    if is_about_others(clause) or _OVER.search(clause) or drugs_in(clause):
        return None
    if _is_named(clause):
        return _shown(clause)
    if start and not clause[:onset.start - start].strip(" ,"):  # "stiff hands, since March": the clause is the date alone
        lead = text[max(edge for edge in edges if edge < start):start]
        return _shown(lead + clause) if _is_named(lead) and not _OVER.search(lead) and not drugs_in(lead) else None
    if not _POINTS_BACK.search(clause):
        return None
    for other in (text, *(one.text for one in reversed(before)), *(one.text for one in after)):
        if _is_named(other) and not is_about_others(other) and not drugs_in(other):
            return _shown(other)
    return None


def _is_named(text: str) -> bool:
    return any(not _DENIED.search(text[:match.start()]) for match in complaints(text))


def _shown(text: str) -> str:
    return " ".join(text.split()).strip(" ,.;:–—-")[:300]
