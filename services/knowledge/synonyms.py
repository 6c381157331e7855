"""Query expansion: the other names of what a question names.

Two tables feed it. `synonyms.yaml` is ours: antibodies, tests, drugs, HLA serology, symptoms in lay words, what a
chart's history tells, abbreviations and eponyms. `disease_names.tsv.gz` carries the disease names of open ontologies (see
`build_disease_names.py` for their sources and licences). The longest name wins, words match whole, and an
abbreviation (`MS`, `AS`, `RA`) is recognised only as it is capitalised, so that "as" and "ra" in a sentence never become a
disease. An abbreviation that stands for too many things is left alone: a wrong expansion costs more than none.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.names import american, fold_words, is_abbreviation, words

MAX_QUERY_LENGTH = 1_000
MAX_TERMS = 8
SHARE_ABBREVIATION = 3
SHARE_NAME = 2
SHARE_WORD = 1
_MAX_NAME_WORDS = 14
_MAX_MEANINGS = 2

# Capitalised words that are also abbreviations; a heading in capitals must not be expanded.
_WORDS_IN_CAPITALS = frozenset(
    """A AN AND ARE AT BE BY CAN DO DOES FOR FROM GET HAS HAVE HE HER HIM HIS HOW I IF IN IS IT ITS MAY ME MY NO NOT OF
    ON OR OUR OUT SHE SO THE TO UP US WAS WE WHAT WHEN WHO WHY WITH YES YOU TEST TYPE RISK HELP SIGN PAIN DRUG CARE
    ADD MAP STAR DOS CHAR SEM SET CAT CAMP FACE FAST FAT FIT HAD LET ONE TWO NEW OLD BAD BIG RED SAD""".split()
)


class SynonymGroup(BaseModel):
    """Terms that mean the same; the first is the preferred one. `kind` says what they name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(
        pattern=r"^(disease|antibody|test|drug|hla|symptom|anatomy|abbreviation|eponym|spelling|procedure|history)$"
    )
    terms: tuple[str, ...] = Field(min_length=2)


@dataclass(frozen=True, slots=True)
class _Table:
    """Groups of names, and where each look-up key and each abbreviation points."""

    groups: tuple[tuple[str, ...], ...]
    by_key: dict[str, tuple[int, ...]]
    by_abbreviation: dict[str, tuple[int, ...]]
    curated: int  # groups below this number are ours
    longest: dict[str, int]  # first word of a key -> words in the longest key that starts with it


def expand(query: str, limit: int = MAX_TERMS) -> tuple[str, ...]:
    """Return up to `limit` further names for what the query names, in query order, preferred names first.

    Deterministic; nothing the query already says is returned. Only the first 1,000 characters are read. The first call
    loads the tables.
    """
    raw = words(query[:MAX_QUERY_LENGTH])
    if not raw or limit <= 0:
        return ()
    table = _table()
    known = _said(raw)
    terms: list[str] = []
    for match in _matches(raw, table):
        for group in match.groups:
            fresh = 0
            for term in _ordered(table.groups[group]):
                news = _said(words(term)) - known
                if news and fresh < match.share:
                    terms.append(term)
                    known |= news
                    fresh += 1
    terms += [spelled for word in raw if (spelled := american(word.lower())) not in known and word.lower() != spelled]
    return tuple(terms[:limit])


@dataclass(frozen=True, slots=True)
class _Match:
    groups: tuple[int, ...]
    share: int  # how many names of each group are worth adding


def _said(raw: list[str]) -> set[str]:
    """The words of a text for telling what a name would add: lower case, without a plural s; spelling kept."""
    return {word.lower().removesuffix("s") if len(word) > 4 else word.lower() for word in raw}


def _matches(raw: list[str], table: _Table) -> Iterator[_Match]:
    """Yield the groups of each name in the query, left to right, longest name first."""
    folded = fold_words(raw)
    shouting = len(raw) > 3 and not any(character.islower() for word in raw for character in word)
    position = 0
    while position < len(raw):
        step = 1
        for length in range(min(max(table.longest.get(folded[position], 0), 3), len(raw) - position), 0, -1):
            match = _match(raw[position : position + length], folded[position : position + length], shouting, table)
            if match:
                yield match
                step = length
                break
        position += step


def _match(raw: list[str], folded: list[str], shouting: bool, table: _Table) -> _Match | None:
    groups = table.by_key.get(" ".join(folded), ())
    if groups:
        # A single word of the ontology is often part of a longer name that it does not know: add little.
        return _Match(groups, SHARE_NAME if len(raw) > 1 or groups[0] < table.curated else SHARE_WORD)
    if len(raw) <= 3 and not shouting:
        groups = _abbreviation("".join(raw), table, exact=len(raw) == 1)
        if groups:
            return _Match(groups, SHARE_ABBREVIATION if len(groups) == 1 else 1)
    return None


def _abbreviation(written: str, table: _Table, *, exact: bool) -> tuple[int, ...]:
    if written in _WORDS_IN_CAPITALS:
        return ()
    found = table.by_abbreviation.get(written, ())
    if found or not exact:
        return found
    # A numbered subtype that has no entry of its own falls back on its family: GOSHS2 -> GOSHS.
    family = written.rstrip("0123456789")
    if len(family) >= 3 and family != written and family.isupper():
        return table.by_abbreviation.get(family, ())
    # Written small, an abbreviation with a digit is still unmistakable: hhf3.
    if len(written) >= 4 and written.islower() and any(character.isdigit() for character in written):
        return table.by_abbreviation.get(written.upper(), ())
    return ()


@cache
def _table() -> _Table:
    curated = [group.terms for group in load("synonyms", SynonymGroup)]
    groups = [*curated, *_ontology_groups()]
    keys: dict[str, list[int]] = {}
    abbreviations: dict[str, list[int]] = {}
    for number, terms in enumerate(groups):
        for term in terms:
            if is_abbreviation(term):
                _point(abbreviations, "".join(words(term)), number)
            else:
                raw = words(term)
                if len(raw) <= _MAX_NAME_WORDS:
                    _point(keys, " ".join(fold_words(raw)), number)
    ours = len(curated)
    by_key = {key: kept for key, numbers in keys.items() if (kept := _meanings(key, numbers, groups, ours))}
    by_abbreviation = {key: kept for key, numbers in abbreviations.items() if (kept := _meanings("", numbers, groups, ours))}
    return _Table(tuple(groups), by_key, by_abbreviation, ours, _reach(by_key))


def _point(index: dict[str, list[int]], key: str, number: int) -> None:
    numbers = index.setdefault(key, [])
    if key and number not in numbers:
        numbers.append(number)


def _meanings(key: str, numbers: list[int], groups: list[tuple[str, ...]], ours: int) -> tuple[int, ...]:
    """Return what a name stands for: our own table first, then the concept called exactly that; none when unclear."""
    if len(numbers) == 1:
        return (numbers[0],)
    chosen = [number for number in numbers if number < ours]
    if chosen:
        named = [number for number in numbers if number >= ours and key and _called(groups[number][0], key)]
        return tuple(chosen[:_MAX_MEANINGS] + named[:1])
    called = [number for number in numbers if key and _called(groups[number][0], key)]
    chosen = called[:1] or numbers
    return tuple(chosen) if len(chosen) <= _MAX_MEANINGS else ()


def _called(name: str, key: str) -> bool:
    return " ".join(fold_words(words(name))) == key


def _reach(by_key: Iterable[str]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for key in by_key:
        first, count = key.split(" ", 1)[0], key.count(" ") + 1
        longest[first] = max(longest.get(first, 0), count)
    return longest


@lru_cache(maxsize=1024)
def _ordered(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Return the preferred name first, then the names by how much they say that the earlier ones do not."""
    known = _said(words(terms[0]))
    ordered = [terms[0]]
    rest = list(terms[1:16])
    while rest:
        best = max(rest, key=lambda term: len(_said(words(term)) - known))
        rest.remove(best)
        ordered.append(best)
        known |= _said(words(best))
    return tuple(ordered)


def _ontology_groups() -> list[tuple[str, ...]]:
    try:
        packed = resources.files("services.knowledge").joinpath("data", "disease_names.tsv.gz").read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError("knowledge file data/disease_names.tsv.gz is missing: reinstall the project") from error
    groups = []
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        _identifier, name, further = line.split("\t")
        groups.append((name, *further.split("|")) if further else (name,))
    return groups
