"""Find known names in short clinical text, word by word.

Text is folded (case, accents and apostrophes go) and cut into words; names are looked up as runs of words, the longest
first. The cost is linear in the text: one dictionary look-up for each word and name length, no backtracking pattern.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

MAX_TEXT = 1000
"""Longer text is cut before it is read; the profile allows 200 characters for one entry."""

_WORD = re.compile(r"[a-z0-9]+")
_PLUS = re.compile(r"(?<=[a-z0-9)])\s?\+(?![a-z0-9])|\(\+\)")
_MINUS = re.compile(r"(?<=[a-z0-9])[-−](?=[\s,;/)]|$)|\([-−]\)")


class Match(NamedTuple, Generic[Value]):
    """A name found in `words[start:end]`."""

    start: int
    end: int
    value: Value


def fold(text: str) -> str:
    """Return `text` in lower case ASCII, apostrophes dropped, `HBsAg+` written out as `hbsag positive`."""
    plain = unicodedata.normalize("NFKD", text[:MAX_TEXT].replace("µ", "u").replace("−", "-"))
    lowered = plain.encode("ascii", "ignore").decode().lower().replace("'", "").replace("`", "")
    return _MINUS.sub(" negative ", _PLUS.sub(" positive ", lowered))


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of `text` in order; numbers with decimals come apart and are read elsewhere."""
    return tuple(_WORD.findall(fold(text)))


class PhraseIndex(Generic[Value]):
    """Names and what they stand for. A name may stand for one value only; the first given wins."""

    def __init__(self, names: Iterable[tuple[str, Value]]) -> None:
        self._values: dict[tuple[str, ...], Value] = {}
        for name, value in names:
            key = words(name)
            if key:
                self._values.setdefault(key, value)
        self._longest: dict[str, int] = {}  # by first word
        for key in self._values:
            self._longest[key[0]] = max(len(key), self._longest.get(key[0], 0))

    def get(self, name: str) -> Value | None:
        """Return what exactly `name` stands for, or None."""
        return self._values.get(words(name))

    def find(self, text_words: tuple[str, ...]) -> tuple[Match[Value], ...]:
        """Return the names in `text_words`, leftmost and longest first, never overlapping."""
        found: list[Match[Value]] = []
        position = 0
        while position < len(text_words):
            longest = self._longest.get(text_words[position], 0)
            for length in range(min(longest, len(text_words) - position), 0, -1):
                value = self._values.get(text_words[position : position + length])
                if value is not None:
                    found.append(Match(position, position + length, value))
                    position += length
                    break
            else:
                position += 1
        return tuple(found)
