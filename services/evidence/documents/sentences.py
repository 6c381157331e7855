"""Cut clinical text into sentences, knowing abbreviations, titers, decimals and table rows.

A sentence is what a citation points at, so a row of a results table, a heading, a list item and a "Label: value" line each
count as one, and a full stop in "Dr." or "1.5" ends nothing. Every visible character belongs to exactly one sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from services.evidence.documents.tables import is_header, is_row


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ABBREVIATIONS = _words(
    """
    dr mr mrs ms prof st vs approx ca cf e.g i.e eg ie etc al no nos fig figs ref refs vol ed eds jr sr dept tel ext inc
    ltd resp avg max min incl excl est pt pts hx dx rx tx sx fx h/o s/p c/o w/o i.v i.m s.c p.o b.i.d t.i.d q.i.d q.d
    p.r.n a.m p.m o.d b.d n.p.o q.h.s jan feb mar apr jun jul aug sep sept oct nov dec m.d d.o ph.d r.n n.p p.a pharm.d
    u.s u.k temp wt ht neg pos rt lt bilat subsp spp var
    """
)
# These end a sentence when a new one clearly starts ("... at 8 a.m. She ..."); the others above never do.
_MAY_END = _words(
    """
    etc al no nos max min ed inc ltd pt pts hx dx rx tx sx fx i.v i.m s.c p.o b.i.d t.i.d q.i.d q.d p.r.n a.m p.m o.d b.d
    n.p.o q.h.s m.d d.o ph.d r.n n.p p.a pharm.d u.s u.k temp wt ht neg pos bilat dec mar
    """
)
_END = re.compile(r"[.!?…][\"')\]”’]*(?=\s)")
_STARTS_SENTENCE = re.compile(r"[\"'(\[“‘]?(?:[A-ZÀ-ÖØ-Þ]|\d)")
_BULLET = re.compile(r"(?:[•▪◦*‣–—·]|-(?=\s)|\(?\d{1,2}[.)](?=\s)|\(?[a-z][.)](?=\s))\s*", re.IGNORECASE)
_LABEL = re.compile(r"[A-Z][A-Za-z0-9 /()&',.-]{0,40}:(?=\s|$)")
_TERMINAL = re.compile(r"[.!?:;][\"')\]”’]*$")


class Kind(StrEnum):
    """What a span of text is: running prose, a table row, or the header line of a table."""

    PROSE = "prose"
    ROW = "row"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence as the half-open range [start, end) of the text it was cut from."""

    start: int
    end: int
    kind: Kind


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of `text` in order, line breaks inside a sentence turned into spaces."""
    return tuple(" ".join(text[span.start:span.end].split()) for span in spans(text))


def spans(text: str) -> tuple[Span, ...]:
    """Return the sentences of `text` as ranges, in order, without gaps other than white space."""
    result: list[Span] = []
    for start, end, kind in _blocks(text):
        if kind is Kind.PROSE:
            result.extend(Span(first, last, kind) for first, last in _split_prose(text, start, end))
        else:
            result.append(Span(start, end, kind))
    return tuple(result)


def _blocks(text: str) -> list[tuple[int, int, Kind]]:
    """Group lines into blocks: each row, header, list item and label line alone; wrapped lines of prose together."""
    lines = [(match.start(), match.end()) for match in re.finditer(r"[^\n]+", text) if not match.group().isspace()]
    widths = sorted(end - start for start, end in lines)
    full = 0.6 * widths[int(0.9 * (len(widths) - 1))] if widths else 0.0
    blocks: list[tuple[int, int, Kind]] = []
    for index, (start, end) in enumerate(lines):
        line = text[start:end].strip()
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end = start + len(line)
        kind = Kind.HEADER if is_header(line) else Kind.ROW if is_row(line) else Kind.PROSE
        if blocks and kind is not Kind.HEADER and _continues(text, blocks[-1], lines[index - 1], start, line, full):
            first, _, before = blocks[-1]
            blocks[-1] = (first, end, before)
        else:
            blocks.append((start, end, kind))
    return blocks


def _continues(text: str, block: tuple[int, int, Kind], previous: tuple[int, int], start: int, line: str, full: float) -> bool:
    """True when `line` goes on with the prose block before it."""
    _, end, kind = block
    if kind is not Kind.PROSE or text.count("\n", end, start) != 1 or _BULLET.match(line):
        return False
    last_line = text[previous[0]:previous[1]].strip()
    if line[0].islower() or last_line.endswith((",", "(", "/")):
        return not is_row(line) or len(last_line) >= full
    if is_row(line) or _LABEL.match(line):
        return False
    return (len(last_line) >= full and not _TERMINAL.search(last_line)) or (len(last_line) >= full and "." in last_line)


def _split_prose(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    first = start
    for match in _END.finditer(text, start, end):
        following = match.end()
        while following < end and text[following].isspace():
            following += 1
        if following >= end or not _is_boundary(text, first, match.start(), following):
            continue
        pieces.append((first, match.end()))
        first = following
    if first < end:
        pieces.append((first, end))
    return pieces


def _is_boundary(text: str, first: int, stop: int, following: int) -> bool:
    """True when the mark at `stop` ends the sentence that began at `first`."""
    if not (_STARTS_SENTENCE.match(text, following) or _BULLET.match(text, following)):
        return False
    if text[stop] != ".":
        return True
    word_start = stop
    while word_start > first and not text[word_start - 1].isspace():
        word_start -= 1
    word = text[word_start:stop].lstrip("(['\"“‘").lower()
    if word in _ABBREVIATIONS:
        return word in _MAY_END and not text[following].isdigit()
    if len(word) == 1 and word.isalpha():
        return False  # an initial: "J. Smith"
    return not (word.isdigit() and word_start == first)  # a list number: "2. Continue ..."
