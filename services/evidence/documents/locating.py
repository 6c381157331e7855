"""Find a passage among the characters of a rendered page, so that a highlight lies on its words or nowhere.

Two programs extracted the text: one for the passage (pypdf), one for the page on screen (PDFium). They differ in spaces,
line breaks, hyphens, ligatures and quotes, so both sides are compared without them. Digits, signs and decimal points are
never ignored, and a match must begin and end at the edge of a word or number: "CRP 1" is not found in "CRP 12".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.evidence.documents.sentences import sentences

_MIN_PASSAGE = 3
_MIN_SENTENCE = 12
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212\x02\ufffe")
_QUOTES = {"’": "'", "‘": "'", "“": '"', "”": '"', "`": "'"}
_DROPPED = frozenset("•▪◦‣·|\uf0b7\uf0a7\ufffd")  # with "|", which stands between the cells of a row in our text


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character of the page: its index in PDFium's text page, and the middle of its box in PDF points."""

    index: int
    char: str
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0


Match = tuple[int, ...]


def locate(glyphs: Sequence[Glyph], passage: str, place: Callable[[Sequence[Glyph]], Sequence[Glyph]]) -> tuple[Match, ...]:
    """Return the glyph indices of each place where `passage` stands; empty when it cannot be found with certainty.

    The whole passage is looked for first, in drawing order and then in reading order by position (`place` fills in the
    positions; it is called only when needed). Then its sentences one by one; of a sentence that stands on the page more
    than once, the occurrence right after the sentence before it is taken, or none.
    """
    drawn = _Stream(glyphs)
    whole = drawn.find_all(passage, _MIN_PASSAGE)
    if whole:
        return whole
    placed = _Stream(_in_reading_order(place(glyphs)))
    return placed.find_all(passage, _MIN_PASSAGE) or _by_sentence((drawn, placed), sentences(passage))


def _by_sentence(streams: Sequence[_Stream], parts: Sequence[str]) -> tuple[Match, ...]:
    found: list[Match] = []
    last = -1
    for part in parts:
        for stream in streams:
            matches = stream.find_all(part, _MIN_SENTENCE)
            later = [match for match in matches if last >= 0 and match[0] > last]
            if len(matches) == 1 or later:
                match = matches[0] if len(matches) == 1 else later[0]
                found.append(match)
                last = match[-1]
                break
    return tuple(dict.fromkeys(found))


class _Stream:
    """The folded characters of a page in one order, with the glyph each came from."""

    def __init__(self, glyphs: Sequence[Glyph]) -> None:
        self._glyphs = glyphs
        pairs = _fold((glyph.char, position) for position, glyph in enumerate(glyphs))
        self._text = "".join(char for char, _ in pairs)
        self._positions = [position for _, position in pairs]

    def find_all(self, passage: str, shortest: int) -> tuple[Match, ...]:
        needle = "".join(char for char, _ in _fold((char, 0) for char in passage))
        if len(needle) < shortest:
            return ()
        matches: list[Match] = []
        start = self._text.find(needle)
        while start >= 0:
            end = start + len(needle)
            if self._edge_before(start) and self._edge_after(end):
                positions = self._positions[start:end]
                matches.append(tuple(dict.fromkeys(self._glyphs[position].index for position in positions)))
                start = self._text.find(needle, end)
            else:
                start = self._text.find(needle, start + 1)
        return tuple(matches)

    def _edge_before(self, start: int) -> bool:
        if start == 0 or not self._text[start].isalnum() or not self._touch(start - 1, start):
            return True
        before = self._text[start - 1]
        if before in ".," and start >= 2 and self._text[start].isdigit():
            return not self._text[start - 2].isdigit()
        return not before.isalnum()

    def _edge_after(self, end: int) -> bool:
        if end >= len(self._text) or not self._text[end - 1].isalnum() or not self._touch(end - 1, end):
            return True
        after = self._text[end]
        if after in ".," and end + 1 < len(self._text) and self._text[end - 1].isdigit() and self._touch(end, end + 1):
            return not self._text[end + 1].isdigit()
        return not after.isalnum()

    def _touch(self, left: int, right: int) -> bool:
        """True when no white space stands between two neighbours of the folded text."""
        return self._positions[right] - self._positions[left] <= 1


def _fold(chars: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Fold characters to what is compared: no spaces, accents, ligatures or case; a hyphen only beside a non-letter."""
    folded: list[tuple[str, int]] = []
    for char, position in chars:
        if char in _DASHES:
            folded.append(("-", position))
        elif char.isspace() or char in _DROPPED or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs"):
            continue
        else:
            folded.extend((part, position) for part in _fold_char(char))
    return [
        pair for number, pair in enumerate(folded)
        if pair[0] != "-" or not (
            0 < number < len(folded) - 1 and folded[number - 1][0].isalpha() and folded[number + 1][0].isalpha()
        )
    ]


def _fold_char(char: str) -> str:
    if char in _QUOTES:
        return _QUOTES[char]
    if "\ufb00" <= char <= "\ufb06":
        char = unicodedata.normalize("NFKD", char)
    decomposed = unicodedata.normalize("NFD", char.casefold())
    return "".join(part for part in decomposed if not unicodedata.combining(part))


def _in_reading_order(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Sort glyphs into visual lines, top to bottom, and from left to right within a line."""
    lines: list[list[Glyph]] = []
    for glyph in sorted((glyph for glyph in glyphs if glyph.height > 0), key=lambda glyph: -glyph.y):
        if lines and abs(lines[-1][0].y - glyph.y) <= 0.5 * max(lines[-1][0].height, glyph.height):
            lines[-1].append(glyph)
        else:
            lines.append([glyph])
    ordered: list[Glyph] = []
    for line in lines:
        line.sort(key=lambda glyph: glyph.x)
        for left, right in zip([None, *line], line, strict=False):
            if left is None or right.x - left.x > 0.9 * right.height:
                ordered.append(Glyph(-1, " "))  # a gap: keeps the edge of a word or cell visible
            ordered.append(right)
    return ordered
