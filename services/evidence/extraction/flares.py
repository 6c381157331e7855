"""Flares and relapses out of documents: "a flare of her arthritis in March 2024", "relapsed in June 2023", "now flaring".

A sentence counts only where it tells that the patient had one. A denied, feared, conditional or future flare is none, nor is a
relative's; "relapsing-remitting" names a course, "cells and flare" is seen in the eye, an exacerbation of asthma is another
illness. A flare without a date that is not going on is kept undated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.evidence.extraction.dating import Moment, find_moments
from services.evidence.extraction.facts import DateBasis, FlareContent, Precision
from services.evidence.extraction.onsets import is_about_others, readable
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import Sentence, Sheet

MAX_SENTENCE = 800
_FLARE = re.compile(
    r"\b(?:flare(?:s|d)?(?:[ -]?ups?)?|flaring(?: up)?|relapse(?:s|d)?|exacerbations?|exacerbated)\b(?![ -]free)", re.IGNORECASE
)
_NOT_SECTIONS = (
    "family", "plan", "instruction", "education", "recommend", "differential", "reference", "criteria", "allerg", "advice",
    "safety net", "goal",
)
_DENIED = re.compile(
    r"\b(?:no|not|never|without|denies|denied|nor|neither|free of|absence of|negative for|hasn['’]t|has not|did not)\b"
    r"[^;:.]{0,60}$", re.IGNORECASE,
)
_UNREAL = re.compile(
    r"\b(?:if|should|may|might|could|would|can|will|when(?:ever)? (?:she|he|they|you)|in case of|risk|risks|prevent\w*|avoid\w*|"
    r"reduce\w*|to treat|for treating|rescue|next|further|future|any|chance|likelihood|probability|predict\w*|"
    r"opposite of|look\w* like|resembl\w+|mimic\w*|"
    r"rate|annuali[sz]ed|prophyla\w+|due to|because of the risk|fear|worr\w+|possible|suspected|query|rule out|r/o|\?)"
    r"[^;:.]{0,60}$", re.IGNORECASE,
)
_UNREAL_AFTER = re.compile(
    r"^\W{0,2}(?:risk|rate|plan|protocol|precautions?|prevention|prophylaxis|diary|card|threshold|was (?:ruled out|excluded)|"
    r"visit|clinic|service|consultation|(?:is |was |remains |still ){0,2}(?:unlikely|possible|suspected|as likely)|are\b|"
    r"looks?\b|cannot be excluded|if\b|[^;.]{0,60}\b(?:as likely|collected)\b)", re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:cells?\b[^;.]{0,12}\bflare\b|flare and cells?|no cell|aqueous flare|anterior chamber|nasal flar|alar flar|"
    r"(?:asthma|copd|bronchi\w+|heart failure|eczema|gout|migraine|acne)[^;.]{0,20}(?:exacerbat|flare)|"
    r"exacerbat\w+ of (?:her |his |the |known )?(?:asthma|copd|chronic obstructive|bronch|heart|eczema|migraine)|"
    r"exacerbated by)", re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:currently|now|today|present(?:s|ed|ing)?|current|ongoing|is in|in the midst|acute|admitted|new|this)\b"
    r"[^;:.]{0,50}$", re.IGNORECASE,
)
_OTHER_DATE = re.compile(
    r"\b(?:stopped|started|began|diagnosed|diagnosis|born|dob|last seen|seen|visit|review(?:ed)?|clinic|until|biops\w+|scan|mri|"
    r"dose|infusion)\b[^;:]{0,30}$", re.IGNORECASE,
)
_EDGE = re.compile(r";\s|\b(?:but|although|whereas|however)\b|:\s")
_Entry = tuple[FlareContent, When, Place]


def flares_of(sheet: Sheet) -> Iterator[_Entry]:
    """Yield the flares a document tells of, in reading order; one for each date a sentence gives."""
    for sentence in sheet.sentences:
        if len(sentence.text) > MAX_SENTENCE or any(word in sentence.section for word in _NOT_SECTIONS):
            continue
        told: set[When] = set()
        for match in _FLARE.finditer(sentence.text):
            start, stop = _clause(sentence.text, match)
            clause = sentence.text[start:stop]
            if not _is_told(clause, match.start() - start, match.end() - start):
                continue
            for when, offset in _dates(sheet, sentence, match, start, stop):
                if when not in told:
                    told.add(when)
                    place = Place(sentence.page, sentence.start, sentence.end, offset)
                    yield FlareContent(name=" ".join(clause.split()).strip(" ,.;:–—-")[:300]), when, place


def _clause(text: str, match: re.Match[str]) -> tuple[int, int]:
    edges = [0, *(edge.end() for edge in _EDGE.finditer(text)), len(text)]
    return max(edge for edge in edges if edge <= match.start()), min(edge for edge in edges if edge >= match.end())


def _is_told(clause: str, start: int, stop: int) -> bool:
    before, after = clause[:start], clause[stop:]
    if is_about_others(clause) or _ELSEWHERE.search(clause) or clause.rstrip().endswith("?"):
        return False
    return not (_DENIED.search(before) or _UNREAL.search(before) or _UNREAL_AFTER.search(after[:80]))


def _dates(sheet: Sheet, sentence: Sentence, match: re.Match[str], start: int, stop: int) -> Sequence[tuple[When, int]]:
    """Return the stated days and their places, else the day of the document where the flare is going on, else no day."""
    text = readable(sentence.text)
    moments = [
        one for one in find_moments(text, sheet.day, day_first=sheet.by_day)
        if start <= one.start < stop and not _OTHER_DATE.search(_between(text, one, match))
    ]
    if moments:
        return [(When(one.day, one.precision, DateBasis.STATED), one.start) for one in moments]
    before = sentence.text[start:match.start()]
    if sheet.day is not None and (match[0].lower().startswith("flaring") or _NOW.search(before)):
        return [(When(sheet.day, Precision.DAY, DateBasis.DOCUMENT), match.start())]
    return [(When(None, Precision.DAY, DateBasis.NONE), match.start())]


def _between(text: str, moment: Moment, match: re.Match[str]) -> str:
    """The words that stand between a flare and a date, or before a date that comes first."""
    return text[match.end():moment.start] if moment.start >= match.end() else text[max(0, moment.start - 40):moment.start]
