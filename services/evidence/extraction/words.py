"""Find the names of a dictionary in running text, with their places.

Text is cut into words once; a name is looked up as a run of words joined without what stands between them, so "IL-6", "IL 6" and
"IL6" are one name. Words are never cut: "component" holds no MPO, "past" no AST. Short names are ordinary words in other
capitals ("as", "la", "Ana"), so they count only as they are really written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

_WORD = re.compile(r"[^\W_]+(?:['’][sS]\b)?")
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "λ": "lambda", "µ": "u", "μ": "u"}
_SHORT = 4
_MAX_WORDS = 9
# Three-letter names that are never English words: notes write them in lower case too.
_LOWER_TOO = frozenset("crp esr tsh wbc hgb rbc plt mcv ldh ggt inr ana ccp bun ldl hdl fvc hcq mtx".split())


class Word(NamedTuple):
    """A word of the text at [start, end); `folded` is what is compared."""

    start: int
    end: int
    folded: str


class Hit(NamedTuple, Generic[Value]):
    """A name found at text[start:end], from word number `first` up to but not including `last`."""

    start: int
    end: int
    first: int
    last: int
    value: Value


@lru_cache(maxsize=16384)
def _fold(word: str) -> str:
    if word[-2:] in ("'s", "’s", "'S", "’S"):
        word = word[:-2]
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    plain = "".join(_GREEK.get(char, char) for char in lowered)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def cut(text: str, start: int = 0, end: int | None = None) -> tuple[Word, ...]:
    """Return the words of text[start:end] with their places in `text`."""
    matches = _WORD.finditer(text, start, len(text) if end is None else end)
    return tuple(Word(match.start(), match.end(), _fold(match.group())) for match in matches)


def key_of(name: str) -> str:
    """Return what a name is looked up by."""
    return "".join(word.folded for word in cut(name))


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Value]):
    value: Value
    written: frozenset[str]


class Dictionary(Generic[Value]):
    """Names and what they stand for; the first of two equal names wins."""

    def __init__(self, names: Iterable[tuple[str, Value]]) -> None:
        self._entries: dict[str, _Entry[Value]] = {}
        self._beginnings: set[str] = set()
        for name, value in names:
            key = key_of(name)
            if not key:
                continue
            known = self._entries.get(key)
            written = known.written | {name} if known else frozenset({name})
            self._entries[key] = _Entry(known.value if known else value, written)
            self._beginnings.update(key[:length] for length in range(1, len(key) + 1))

    def get(self, name: str) -> Value | None:
        """Return what exactly `name` stands for, whatever its capitals, or None."""
        entry = self._entries.get(key_of(name))
        return entry.value if entry else None

    def find(self, text: str, words: Sequence[Word]) -> list[Hit[Value]]:
        """Return the names in `words` of `text`, leftmost and longest first, never overlapping."""
        found: list[Hit[Value]] = []
        position = 0
        while position < len(words):
            hit = self._longest(text, words, position)
            if hit is None:
                position += 1
            else:
                found.append(hit)
                position = hit.last
        return found

    def _longest(self, text: str, words: Sequence[Word], first: int) -> Hit[Value] | None:
        joined = ""
        best: Hit[Value] | None = None
        for last in range(first, min(first + _MAX_WORDS, len(words))):
            joined += words[last].folded
            if joined not in self._beginnings:
                break
            entry = self._entries.get(joined)
            if entry is None:
                continue
            start, end = words[first].start, words[last].end
            if _as_written(text[start:end], joined, entry.written):
                best = Hit(start, end, first, last + 1, entry.value)
        return best


def _as_written(seen: str, key: str, written: frozenset[str]) -> bool:
    """Whether a short name stands in the text as people write it; longer names are not confused with words."""
    if len(key) > _SHORT:
        return "\n\n" not in seen and "|" not in seen
    if any(char in seen for char in " \n|:;,"):
        return False
    if seen in written or seen.isupper():
        return True
    if len(key) == _SHORT:
        return any(name.islower() for name in written)
    return key in _LOWER_TOO and (seen.islower() or (seen.istitle() and key != "ana"))
