"""Names of tumour types and what each is a kind of.

A small ontology of our own: about a hundred names, each with its parents. It answers one question, whether evidence gathered
in one tumour type speaks of a patient's: the same type, a broader type that includes it, a narrower one, or another. A name
that is not listed stays comparable by its own text only, and is never guessed.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from pydantic import BaseModel, ConfigDict

from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.names import american

MAX_NAME_LENGTH = 200
_SEPARATORS = re.compile(r"[\s,/_-]+")
_FILLERS = frozenset({"of", "the", "nos", "and"})


class TumourType(BaseModel):
    """One tumour type. `parents` name what it is a kind of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    parents: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


class Kinship(StrEnum):
    """How the tumour type of a piece of evidence lies to the patient's."""

    SAME = "the same tumour type"
    BROADER = "a broader type that includes the patient's"
    NARROWER = "a narrower type, which the patient's may or may not be"
    DIFFERENT = "a different tumour type"
    UNKNOWN = "a name that is not in the list of tumour types"


@cache
def tumour_types() -> tuple[TumourType, ...]:
    """Return all types in the order of the file. Raises ConfigurationError for an unknown parent or a name used twice."""
    known = load("tumour_types", TumourType)
    names = {one.name for one in known}
    for one in known:
        missing = [parent for parent in one.parents if parent not in names]
        if missing:
            raise ConfigurationError(f"tumour type {one.name}: no parent is called {', '.join(missing)}")
    return known


def tumour_type(text: str) -> TumourType | None:
    """Return the type a name or synonym stands for, None for a name that is not listed."""
    return _by_key().get(_key(text)) if len(text) <= MAX_NAME_LENGTH else None


def ancestors(name: str) -> frozenset[str]:
    """Return the names of everything a listed type is a kind of, without itself; empty for a name that is not listed."""
    return _ancestors().get(name, frozenset())


def kinship(evidence: str, patient: str) -> Kinship:
    """Return how the tumour type of evidence lies to the patient's, both as written."""
    if _key(evidence) == _key(patient):
        return Kinship.SAME
    one, other = tumour_type(evidence), tumour_type(patient)
    if one is None or other is None:
        return Kinship.UNKNOWN
    if one.name == other.name:
        return Kinship.SAME
    if one.name in ancestors(other.name):
        return Kinship.BROADER
    return Kinship.NARROWER if other.name in ancestors(one.name) else Kinship.DIFFERENT


@cache
def _by_key() -> dict[str, TumourType]:
    found: dict[str, TumourType] = {}
    for one in tumour_types():
        for text in (one.name, *one.synonyms):
            if found.setdefault(_key(text), one) is not one:
                raise ConfigurationError(f"two tumour types are called {text}: {one.name} and {found[_key(text)].name}")
    return found


@cache
def _ancestors() -> dict[str, frozenset[str]]:
    parents = {one.name: one.parents for one in tumour_types()}
    found: dict[str, frozenset[str]] = {}

    def climb(name: str, path: tuple[str, ...]) -> frozenset[str]:
        if name in path:
            raise ConfigurationError(f"tumour type {name} is its own ancestor")
        if name not in found:
            above = (climb(parent, (*path, name)) | {parent} for parent in parents[name])
            found[name] = frozenset().union(*above)
        return found[name]

    for name in parents:
        climb(name, ())
    return found


def _key(text: str) -> str:
    """Fold case, separators, filler words, spelling and the plural."""
    words = (word for word in _SEPARATORS.split(american(text.casefold())) if word and word not in _FILLERS)
    return " ".join(sorted(word.removesuffix("s") if len(word) > 4 else word for word in words))
