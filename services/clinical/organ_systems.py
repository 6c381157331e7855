"""Which organ systems a complaint or an earlier diagnosis speaks of, and in which of them a disease shows itself.

Used to tell what may belong to the course of a disease from what merely happened in the same years. It is a dictionary of
words, not evidence: nothing is scored by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.clinical.disease import Disease
from services.knowledge.catalogue import load

GENERAL = "general"
"""The system of complaints that belong to any disease: tiredness, fever, weight loss."""
MAX_TEXT = 400


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    words: tuple[str, ...]
    diagnoses: tuple[str, ...]
    diseases: tuple[Disease, ...] | Literal["all"]


def complaints_in(text: str) -> tuple[str, ...]:
    """Return the systems whose complaints `text` names, in the order of the file; at most `MAX_TEXT` characters are read."""
    return tuple(system for system, pattern in _patterns("words").items() if pattern.search(text[:MAX_TEXT]))


def complaints(text: str) -> Sequence[re.Match[str]]:
    """Return every complaint named in `text`, in order."""
    return tuple(_any("words").finditer(text[:MAX_TEXT]))


def diagnosis_systems(name: str) -> tuple[str, ...]:
    """Return the systems that a written diagnosis concerns, () where its words are not known."""
    return tuple(system for system, pattern in _patterns("diagnoses").items() if pattern.search(name[:MAX_TEXT]))


@cache
def systems_of(disease: Disease) -> frozenset[str]:
    """Return the systems in which a disease shows itself, those of every disease among them."""
    return frozenset(row.system for row in _rows() if row.diseases == "all" or disease in row.diseases)


def _rows() -> tuple[_Row, ...]:
    return load("organ_systems", _Row)


@cache
def _patterns(part: Literal["words", "diagnoses"]) -> dict[str, re.Pattern[str]]:
    return {row.system: _pattern(row.words if part == "words" else row.diagnoses) for row in _rows()}


@cache
def _any(part: Literal["words", "diagnoses"]) -> re.Pattern[str]:
    return _pattern([word for row in _rows() for word in (row.words if part == "words" else row.diagnoses)])


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(set(words), key=len, reverse=True)
    spelled = "|".join(re.escape(word).replace(r"\*", r"\w{0,20}").replace(r"\ ", r"[\s-]") for word in longest_first)
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.IGNORECASE)
