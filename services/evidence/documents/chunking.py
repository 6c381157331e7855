"""Cut a document into passages small enough to embed and exact enough to cite.

A chunk lies on one page, is a verbatim stretch of that page's text, and breaks between sentences. Table rows are never cut;
when a table goes on in the next chunk its header line is repeated in front, so that a number is never without its column.
Every character of a page other than white space and boilerplate is in at least one chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.evidence.documents.describing import DocumentDescription
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.documents.sectioning import Section, sections
from services.evidence.documents.sentences import Kind, Span, spans
from services.evidence.documents.tables import cells_of

_LONGEST_GROUP_NAME = 12  # words
_TINY_SHARE = 0.15  # a piece below this share of `max_tokens` joins its neighbour

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of one page.

    `page_start_char` and `page_end_char` are half-open offsets into `Page.text`. `text` is that stretch verbatim, with the
    header line of its table in front where the table began in an earlier chunk. `context` says in one line what the
    passage comes from; put it before the text when embedding, never when quoting.
    """

    ordinal: int
    page: int
    section: str
    text: str
    token_count: int
    page_start_char: int
    page_end_char: int
    context: str = ""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence with its cost. `header` is the header line of the table it is a row of, or ""."""

    start: int
    end: int
    kind: Kind
    tokens: int
    header: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A chunk in the making: a run of units of one section, the first `shared` of them repeated from the piece before."""

    section: str
    units: tuple[_Unit, ...]
    header: str = ""


def chunk(
    parsed: ParsedDocument,
    description: DocumentDescription,
    *,
    count_tokens: CountTokens,
    max_tokens: int = 220,
    overlap_sentences: int = 1,
) -> tuple[Chunk, ...]:
    """Return the passages of the document in reading order.

    `count_tokens` is the embedding model's own count; no chunk exceeds `max_tokens` of it, except a single table row or
    a single unbroken word longer than that. Neighbouring chunks of prose share `overlap_sentences` sentences.
    """
    if max_tokens < 16:
        raise ValueError("max_tokens must be at least 16")
    made: list[Chunk] = []
    by_page: dict[int, list[Section]] = {}
    for section in sections(parsed.pages):
        by_page.setdefault(section.page, []).append(section)
    header = ""
    for page in parsed.pages:
        pieces: list[_Piece] = []
        for section in by_page.get(page.number, ()):
            header, units = _units(page, section, header, count_tokens, max_tokens)
            pieces.extend(_packed(page, section.name, units, count_tokens, max_tokens, overlap_sentences))
        for piece in _merged(page, pieces, count_tokens, max_tokens):
            text = _text(page, piece)
            made.append(
                Chunk(
                    ordinal=len(made), page=page.number, section=piece.section, text=text, token_count=count_tokens(text),
                    page_start_char=piece.units[0].start, page_end_char=piece.units[-1].end,
                    context=_context(description, piece.section),
                )
            )
    return tuple(made)


def _units(
    page: Page, section: Section, header: str, count_tokens: CountTokens, max_tokens: int
) -> tuple[str, list[_Unit]]:
    """The sentences of a section; one too long for a chunk is cut at clauses, then at words.

    `header` is the header line of the table that was open where the section before ended, and the first value returned
    the one that is open now: a table goes on over a page break, and over a heading inside it.
    """
    body = page.text[section.start:section.end]
    units: list[_Unit] = []
    for span in spans(body):
        text = body[span.start:span.end]
        start, end = span.start + section.start, span.end + section.start
        if span.kind is Kind.HEADER:
            header = text
        elif span.kind is Kind.PROSE and len(text.split()) > _LONGEST_GROUP_NAME:
            header = ""  # running text ends a table; a short line may be a group name inside it
        tokens = count_tokens(text)
        if tokens > max_tokens and span.kind is not Kind.ROW:
            units.extend(_cut(page.text, Span(start, end, span.kind), count_tokens, max_tokens))
            continue
        fits = span.kind is Kind.ROW and len(cells_of(text)) == len(cells_of(header))
        units.append(_Unit(start, end, span.kind, tokens, header if fits else ""))
    return header, units


def _cut(text: str, span: Span, count_tokens: CountTokens, max_tokens: int) -> list[_Unit]:
    """Cut one overlong sentence into parts, each as long as fits, preferably after a comma or semicolon."""
    words = [(match.start(), match.end()) for match in re.finditer(r"\S+", text[span.start:span.end])]
    units: list[_Unit] = []
    first = 0
    while first < len(words):
        low, high = first + 1, len(words)
        while low < high:  # the most words that fit, by bisection: token counts grow with the text
            middle = (low + high + 1) // 2
            part = text[span.start + words[first][0]:span.start + words[middle - 1][1]]
            low, high = (middle, high) if count_tokens(part) <= max_tokens else (low, middle - 1)
        stop = low
        if stop < len(words):
            clause = next(
                (n for n in range(stop, first + (stop - first) // 2, -1) if text[span.start + words[n - 1][1] - 1] in ",;"), stop
            )
            stop = clause
        start, end = span.start + words[first][0], span.start + words[stop - 1][1]
        units.append(_Unit(start, end, span.kind, count_tokens(text[start:end])))
        first = stop
    return units


def _packed(
    page: Page, name: str, units: Sequence[_Unit], count_tokens: CountTokens, max_tokens: int, overlap: int
) -> list[_Piece]:
    """Fill pieces with units up to the limit. The sum of counts leads; the count of the finished text decides."""
    pieces: list[_Piece] = []
    first = 0
    while first < len(units):
        lead = _lead(units, first, pieces, overlap)
        header = _open_header(units, first)
        stop = _fitting(page, units, first, lead, header, count_tokens, max_tokens)
        if stop == first and lead:
            lead = 0
            stop = _fitting(page, units, first, lead, header, count_tokens, max_tokens)
        if stop == first:
            stop, header = first + 1, ""
        stop = _keep_header_with_rows(units, first, stop)
        pieces.append(_Piece(name, tuple(units[first - lead:stop]), header))
        first = stop
    return pieces


def _open_header(units: Sequence[_Unit], first: int) -> str:
    """The header line that rows at the start of a piece hang on when it stands in an earlier piece, else ""."""
    for unit in units[first:first + 3]:  # a group name may stand before the rows
        if unit.kind is not Kind.PROSE:
            return unit.header
    return ""


def _lead(units: Sequence[_Unit], first: int, pieces: Sequence[_Piece], overlap: int) -> int:
    """Number of sentences to repeat from the piece before: of prose only, and never all of that piece."""
    if not pieces or units[first].kind is not Kind.PROSE:
        return 0
    lead = 0
    room = len(pieces[-1].units) - 1
    while lead < min(overlap, room) and units[first - lead - 1].kind is Kind.PROSE:
        lead += 1
    return lead


def _fitting(
    page: Page, units: Sequence[_Unit], first: int, lead: int, header: str, count_tokens: CountTokens, max_tokens: int
) -> int:
    """Return the end of the longest run from `first` that fits together with `lead` units before it."""
    total = sum(unit.tokens for unit in units[first - lead:first]) + (count_tokens(header) if header else 0)
    stop = first
    while stop < len(units) and total + units[stop].tokens <= max_tokens:
        total += units[stop].tokens
        stop += 1
    while stop > first and count_tokens(_text(page, _Piece("", tuple(units[first - lead:stop]), header))) > max_tokens:
        stop -= 1
    return stop


def _keep_header_with_rows(units: Sequence[_Unit], first: int, stop: int) -> int:
    """Move a header line that would end a piece into the next one, with its rows."""
    while first + 1 < stop < len(units) and units[stop - 1].kind is Kind.HEADER:
        stop -= 1
    return stop


def _merged(page: Page, pieces: Sequence[_Piece], count_tokens: CountTokens, max_tokens: int) -> list[_Piece]:
    """Join a tiny piece (a lone heading, a one-line section) with the next, or else the one before, on the same page."""
    tiny = max(8, int(max_tokens * _TINY_SHARE))
    merged: list[_Piece] = []
    for piece in pieces:
        before = merged[-1] if merged else None
        if before and min(_cost(before), _cost(piece)) < tiny and not piece.header:
            joined = _join(before, piece)
            if count_tokens(_text(page, joined)) <= max_tokens:
                merged[-1] = joined
                continue
        merged.append(piece)
    return merged


def _cost(piece: _Piece) -> int:
    return sum(unit.tokens for unit in piece.units)


def _join(left: _Piece, right: _Piece) -> _Piece:
    units = (*left.units, *(unit for unit in right.units if unit.start >= left.units[-1].end))
    larger = left if _cost(left) >= _cost(right) else right
    return _Piece(larger.section or left.section or right.section, units, left.header)


def _text(page: Page, piece: _Piece) -> str:
    body = page.text[piece.units[0].start:piece.units[-1].end]
    return f"{piece.header}\n{body}" if piece.header else body


def _context(description: DocumentDescription, section: str) -> str:
    """For example "Rheumatology progress note of 2022-03-15, Saltmarsh Rheumatology. Section: Assessment"."""
    parts = [description.label()]
    if description.facility:
        parts.append(description.facility)
    return ", ".join(parts) + (f". Section: {section}" if section else "")
