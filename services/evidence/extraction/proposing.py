"""What a language model proposes for a document, checked before anybody sees it.

A proposal is a kind, a quotation and fields of text. It becomes a fact only if the quotation stands word for word in the text
of the document, if each word and number of its fields stands in that quotation, and if the rules that read documents can
read the fields. Its date is never the model's: it is one that the quoted sentence states, else the one that governs
the place. Status words (started, suspected) are the model's reading; the whole sentence is kept as the quote, so that a person
sees what was left out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.errors import InvalidInputError, LanguageModelError
from services.evidence.documents.describing import DocumentDescription
from services.evidence.documents.model import ParsedDocument
from services.evidence.extraction.content_fields import FIELDS, content_of_fields, statement_of, told_date
from services.evidence.extraction.dating import Moment, find_moments
from services.evidence.extraction.facts import Content, DateBasis, Fact, FactKind, Precision, fact_key
from services.evidence.extraction.reported import When
from services.evidence.extraction.sheet import Line, Sentence, Sheet

MAX_REPLY = 200_000
MAX_PROPOSALS = 80
_QUOTE, _FIELD = 500, 400
_PARTIAL_DATES = frozenset({"start", "stop"})
_LENGTH = {Precision.DAY: 10, Precision.MONTH: 7, Precision.YEAR: 4}


class Dropped(StrEnum):
    """Why a proposal was not taken."""

    UNREADABLE = "not in the form asked for"
    NOT_QUOTED = "the quotation does not stand in the document"
    SAYS_MORE = "it says more than its quotation"
    NOT_UNDERSTOOD = "the rules cannot read what it says"
    KNOWN = "the record has it already"


@dataclass(frozen=True, slots=True)
class Proposals:
    """The proposals that passed every check, and how many did not, by reason."""

    facts: tuple[Fact, ...]
    dropped: Mapping[Dropped, int]


class _Proposal(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: FactKind
    quote: Annotated[str, StringConstraints(min_length=3, max_length=_QUOTE, strip_whitespace=True)]
    page: int | None = None
    date: Annotated[str, StringConstraints(max_length=10)] | None = None
    fields: dict[str, Annotated[str, StringConstraints(max_length=_FIELD)] | None] = Field(max_length=20)


class _RefusedError(Exception):
    def __init__(self, why: Dropped) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class _Span:
    page: int
    start: int
    end: int


def read_reply(text: str) -> list[Any]:
    """Return the entries of a model's reply: `{"facts": [...]}`, also between other words or in a code block.

    :raise LanguageModelError: there is no such object.
    """
    first, last = text.find("{"), text.rfind("}")
    try:
        loaded = json.loads(text[first:last + 1]) if len(text) <= MAX_REPLY else None
    except (ValueError, RecursionError):
        loaded = None
    entries = loaded.get("facts") if isinstance(loaded, dict) else None
    if not isinstance(entries, list):
        raise LanguageModelError(
            "the language model did not answer in the form asked for: nothing was taken, try again", retryable=True
        )
    return entries


def checked(
    entries: Iterable[Any], parsed: ParsedDocument, description: DocumentDescription, known: Iterable[Content]
) -> Proposals:
    """Return the entries that pass every check as facts of the document, in reading order.

    `known` is what the record holds of this document, rejected facts included: what a person rejected is not proposed again.
    """
    sheet = Sheet(parsed, description)
    stated = {statement_of(one) for one in known}
    facts: list[Fact] = []
    dropped: Counter[Dropped] = Counter()
    for entry in islice(entries, MAX_PROPOSALS):
        try:
            fact = _fact(_read(entry), sheet)
            statement = statement_of(fact.content)
            if statement in stated:
                raise _RefusedError(Dropped.KNOWN)
        except _RefusedError as refused:
            dropped[refused.why] += 1
            continue
        stated.add(statement)
        facts.append(fact)
    return Proposals(tuple(sorted(facts, key=lambda one: (one.page, one.start))), dropped)


def _read(entry: Any) -> _Proposal:
    try:
        proposal = _Proposal.model_validate(entry)
    except ValidationError as error:
        raise _RefusedError(Dropped.UNREADABLE) from error
    if proposal.kind not in FIELDS:
        raise _RefusedError(Dropped.UNREADABLE)
    return proposal


def _fact(proposal: _Proposal, sheet: Sheet) -> Fact:
    quoted = _located(proposal, sheet)
    whole = _sentence(quoted, sheet)
    text = sheet.page_text(whole.page)[whole.start:whole.end]
    moments = find_moments(" ".join(text.split()), sheet.day, day_first=sheet.by_day)
    fields = _literal(proposal, moments)
    try:
        content = content_of_fields(proposal.kind, fields)
    except InvalidInputError as error:
        raise _RefusedError(Dropped.NOT_UNDERSTOOD) from error
    when = _when(proposal, content, moments, whole, sheet)
    quote = sheet.quote(whole.page, whole.start, whole.end)
    key = fact_key(content.kind, whole.page, f"proposed {quote} {statement_of(content)}", 0, 0)
    return Fact(key, whole.page, whole.start, whole.end, quote, when.day, when.precision, when.basis, content)


def _located(proposal: _Proposal, sheet: Sheet) -> _Span:
    """Find the quotation, word for word; only white space may differ, because lines end anywhere."""
    pattern = re.compile(r"\s+".join(map(re.escape, proposal.quote.split())))
    named = [page for page in sheet.pages if page.number == proposal.page]
    for page in (*named, *(one for one in sheet.pages if one.number != proposal.page)):
        match = pattern.search(page.text)
        if match is not None:
            return _Span(page.number, match.start(), match.end())
    raise _RefusedError(Dropped.NOT_QUOTED)


def _sentence(quoted: _Span, sheet: Sheet) -> _Span:
    """Widen a quotation to the sentences or rows that it stands in, where these are not too long to be read."""
    standing: tuple[Sentence | Line, ...] = (*sheet.sentences, *sheet.lines)
    parts = (_Span(one.page, one.start, one.end) for one in standing)
    around = [one for one in parts if one.page == quoted.page and one.start < quoted.end and quoted.start < one.end]
    start = min((one.start for one in around), default=quoted.start)
    end = max((one.end for one in around), default=quoted.end)
    return _Span(quoted.page, min(start, quoted.start), max(end, quoted.end)) if end - start <= _QUOTE else quoted


def _literal(proposal: _Proposal, moments: Sequence[Moment]) -> dict[str, str]:
    """Return the fields whose words stand in the quotation. A required one that does not drops the proposal."""
    dates = {one.day.isoformat()[: _LENGTH[one.precision]] for one in moments}
    kept: dict[str, str] = {}
    for field in FIELDS[proposal.kind]:
        text = " ".join((proposal.fields.get(field.name) or "").split())
        if field.name in _PARTIAL_DATES:
            is_said = text in dates
        elif field.name == "flag":
            is_said = text in proposal.quote.split() or f"({text})" in proposal.quote
        elif field.choices:
            is_said = text in field.choices
        else:
            is_said = bool(text) and _stands_in(text, proposal.quote)
        if is_said and text:
            kept[field.name] = text
        elif field.is_required:
            raise _RefusedError(Dropped.SAYS_MORE)
    if proposal.kind is FactKind.ANTIBODY:
        kept.pop("outcome", None)  # what a result means follows from the result
    return kept


def _stands_in(text: str, quote: str) -> bool:
    """Whether the words stand in the quotation as a whole: "4" does not stand in "40" or in "4.5"."""
    if all(part in " ,;/" for part in text):
        return False
    names = [part.strip() for part in text.split(",")] if "*" in text else [text]
    return all(_whole_words(name, quote) for name in names if name)


def _whole_words(text: str, quote: str) -> bool:
    words = r"\s+".join(map(re.escape, text.split()))
    return re.search(rf"(?<!\w)(?<!\d[.,]){words}(?!\w)(?![.,]\d)", quote, re.IGNORECASE) is not None


def _when(proposal: _Proposal, content: Content, moments: Sequence[Moment], whole: _Span, sheet: Sheet) -> When:
    """The day it holds for: a start or stop it tells, a date its sentence states, what governs its line, the document's."""
    told = told_date(content)
    if told is not None:
        return When(told.day, told.precision, DateBasis.STATED)
    for moment in moments:
        if proposal.date and moment.day.isoformat()[: _LENGTH[moment.precision]] == proposal.date:
            return When(moment.day, moment.precision, DateBasis.STATED)
    for line in sheet.lines:
        if line.page == whole.page and line.start < whole.end and whole.start < line.end and line.governing.day is not None:
            return When(line.governing.day, line.governing.precision, line.governing.basis)
    return When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)
