"""Maps written findings to the curated concepts, with what is denied kept apart from what is present.

A phrase matches when all its words stand close together in one clause, in any order; the most specific phrases win. What
is said of a relative is not a finding of the patient. What matches nothing is handed back as unrecognised.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from services.clinical import labs as laboratory
from services.clinical.explanation import Frozen
from services.clinical.profile import MeasuredValue
from services.clinical.symptoms.gland_tests import read_gland_tests
from services.clinical.symptoms.text import DOUBT, MAX_TEXT, clauses, fold_word, fold_words
from services.clinical.symptoms.vitals import read_vitals
from services.knowledge.catalogue import load
from services.knowledge.immunology import Concept

MAX_SYMPTOMS = 100

_NUMBER_AFTER_NAME = re.compile(r"(?<=[\s:=<>~])(\d[\d.,]{0,12})")
_ADULT_YEARS = 40


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold_word(word) for word in words.split())


_SEPARATORS = frozenset({",", "and"})
_DENIALS = _folded("no")
_DOUBTS = _folded(DOUBT)
_NORMALS = _folded("normal unremarkable intact preserved spared")
_AT_END = _folded("absent")
_DIRECTIONS = _folded("high low normal better worse")
_RELATIVES = _folded(
    "mother father sister brother aunt uncle cousin grandmother grandfather sibling parent family son daughter husband wife "
    "spouse partner niece nephew"
)


class Finding(Frozen):
    """One concept as found in one entry. `present` is False where the entry denies it."""

    concept: str
    name: str
    hpo: str | None
    text: str
    present: bool


class SymptomReading(Frozen):
    """What was recognised, in order; `uncertain` entries name findings in doubt; `unrecognised` ones name nothing known."""

    findings: tuple[Finding, ...] = ()
    uncertain: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()


class _Entry(NamedTuple):
    findings: tuple[Finding, ...]
    is_uncertain: bool


class _Phrase(NamedTuple):
    words: tuple[frozenset[str], ...]
    concept: Concept


class _Hit(NamedTuple):
    positions: frozenset[int]
    phrase: _Phrase


@cache
def concepts() -> Mapping[str, Concept]:
    """Return the curated concepts by id."""
    return {row.id: row for row in load("symptoms", Concept)}


@cache
def ancestors(concept: str) -> frozenset[str]:
    """Return the ids of every broader finding `concept` implies, itself excluded."""
    found: set[str] = set()
    waiting = list(concepts()[concept].parents)
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            waiting.extend(concepts()[parent].parents)
    return frozenset(found)


def read_symptoms(entries: Iterable[str], sex: str | None = None) -> SymptomReading:
    """Read free-text findings, one or several in each entry; at most `MAX_SYMPTOMS` entries are read.

    `sex` ("F" or "M") decides the limits of laboratory values written into an entry, where they differ.
    """
    findings: list[Finding] = []
    uncertain: list[str] = []
    unrecognised: list[str] = []
    for entry in list(entries)[:MAX_SYMPTOMS]:
        written = entry.strip()[:MAX_TEXT]
        if not written:
            continue
        found = _read_entry(written, sex)
        findings.extend(found.findings)
        if found.is_uncertain:
            uncertain.append(written)
        elif not found.findings:
            unrecognised.append(written)
    return SymptomReading(findings=tuple(findings), uncertain=tuple(uncertain), unrecognised=tuple(unrecognised))


def read_labs(panel: laboratory.LabPanel) -> tuple[Finding, ...]:
    """Return the findings that laboratory readings amount to, each compared to the limits shown with it."""
    findings: list[Finding] = []
    for reading in panel.readings:
        for concept, rule in _lab_rules().get(reading.key, ()):
            if _fulfils(reading, rule):
                text = f"{reading.label} {reading.shown} {reading.unit}".strip()
                findings.append(_finding(concept, text, present=True))
    return tuple(findings)


def _finding(concept: Concept, text: str, *, present: bool) -> Finding:
    return Finding(concept=concept.id, name=concept.name, hpo=concept.hpo, text=text, present=present)


@lru_cache(maxsize=4096)
def _read_entry(entry: str, sex: str | None) -> _Entry:
    findings: dict[tuple[str, bool], Finding] = {}
    is_uncertain = False
    for clause in clauses(entry):
        for part in _split_at_and(clause):
            for concept, present in _read_clause(part):
                if present is None:
                    is_uncertain = True
                    continue
                findings.setdefault((concept.id, present), _finding(concept, entry, present=present))
    if any(character.isdigit() for character in entry):
        for test in read_gland_tests(entry):
            findings.pop((test.concept, not test.is_abnormal), None)
            findings[test.concept, test.is_abnormal] = _finding(concepts()[test.concept], entry, present=test.is_abnormal)
        measured = [_finding(concepts()[one], entry, present=True) for one in read_vitals(entry)]
        labs = [] if findings or is_uncertain else read_labs(_as_lab(entry, sex))
        for finding in (*measured, *labs):
            findings.setdefault((finding.concept, True), finding.model_copy(update={"text": entry}))
    return _Entry(tuple(findings.values()), is_uncertain)


def _as_lab(entry: str, sex: str | None) -> laboratory.LabPanel:
    """Read `haemoglobin 9.1 g/dL` as an adult's laboratory value; an empty panel when it is none."""
    number = _NUMBER_AFTER_NAME.search(entry)
    if number is None:
        return laboratory.LabPanel()
    name = entry[: number.start()].strip(" :=<>~(")
    for filler in (" of", " is", " at", " was", " level", " levels"):
        name = name.removesuffix(filler)
    quantity = laboratory.parse_quantity(entry[number.start(1) :])
    if quantity is None or not name:
        return laboratory.LabPanel()
    value = quantity.value if quantity.unit is None else MeasuredValue(value=quantity.value, unit=quantity.unit)
    return laboratory.normalise({name: value}, sex, age_years=_ADULT_YEARS)


def _split_at_and(words: list[str]) -> list[list[str]]:
    """Cut a clause where each side has its own direction word (`TSH low, T4 high`, `high TSH and low T4`)."""
    parts: list[list[str]] = [[]]
    for index, word in enumerate(words):
        if word in _SEPARATORS and _DIRECTIONS & set(parts[-1]) and _DIRECTIONS & set(words[index + 1 : index + 5]):
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _read_clause(words: list[str]) -> list[tuple[Concept, bool | None]]:
    """Return the concepts of a clause, each as present, denied, or None where the clause only considers it."""
    positions: dict[str, list[int]] = {}
    for index, word in enumerate(words):
        if word not in _SEPARATORS:
            positions.setdefault(word, []).append(index)
    hits = _most_specific(_hits(positions))
    relatives = _RELATIVES & positions.keys()
    result: list[tuple[Concept, bool | None]] = []
    for hit in hits:
        own_words = {words[index] for index in hit.positions}
        if relatives and not relatives & own_words:
            continue
        denied = _is_denied(words, hit.positions)
        result.append((hit.phrase.concept, None if not denied and _is_doubted(words, hit.positions) else not denied))
    return result


def _hits(positions: Mapping[str, list[int]]) -> list[_Hit]:
    hits: list[_Hit] = []
    for word in positions:
        for phrase in _index().get(word, ()):
            found = _closest(phrase, positions)
            if found is not None:
                hits.append(_Hit(found, phrase))
    return hits


def _closest(phrase: _Phrase, positions: Mapping[str, list[int]]) -> frozenset[int] | None:
    """Return the tightest set of positions that holds every word of `phrase`, or None when too far apart."""
    places = [sorted(index for word in choice for index in positions.get(word, ())) for choice in phrase.words]
    if not all(places):
        return None
    best: tuple[int, ...] | None = None
    for anchor in places[0]:
        chosen = tuple(min(place, key=lambda index: abs(index - anchor)) for place in places)
        if len(set(chosen)) == len(chosen) and (best is None or _span(chosen) < _span(best)):
            best = chosen
    if best is None or _span(best) > 2 * len(phrase.words) + 2:
        return None
    return frozenset(best)


def _span(chosen: tuple[int, ...]) -> int:
    return max(chosen) - min(chosen) + 1


def _most_specific(hits: list[_Hit]) -> list[_Hit]:
    """Drop a hit whose words are part of a longer hit, so `bloody diarrhoea` is not also plain diarrhoea."""
    kept: dict[str, _Hit] = {}
    for hit in hits:
        if any(hit.positions < other.positions for other in hits):
            continue
        best = kept.get(hit.phrase.concept.id)
        if best is None or len(hit.positions) > len(best.positions):
            kept[hit.phrase.concept.id] = hit
    return list(kept.values())


def _is_denied(words: list[str], own: frozenset[int]) -> bool:
    start, end = min(own), max(own)
    for index in range(start - 1, -1, -1):
        word = words[index]
        if word in _DENIALS or word in _NORMALS:
            return True
        if word == "," and not _list_continues(words, index):
            break
    following = [word for word in words[end + 1 : end + 3] if word != ","]
    if following and following[0] in _NORMALS | _AT_END and words[end + 1] != ",":
        return following == words[end + 1 :][: len(following)] and len(words) - end <= 3
    if words[end + 1 :] and words[end + 1] in _DENIALS and words[end + 2 : end + 3] in ([], [","]):
        return True  # "sacroiliitis excluded"; in "pain without swelling" the denial belongs to what follows
    return any(words[index] in _NORMALS | _DENIALS for index in range(start, end + 1) if index not in own)


def _is_doubted(words: list[str], own: frozenset[int]) -> bool:
    """Whether a finding is only considered: doubt before it, up to the last comma, or right after it."""
    start, end = min(own), max(own)
    for index in range(start - 1, -1, -1):
        if words[index] in _DOUBTS:
            return True
        if words[index] == ",":
            break
    after = words[end + 1 : end + 2]
    return bool(_DOUBTS.intersection(after)) or any(words[index] in _DOUBTS for index in range(start, end) if index not in own)


def _list_continues(words: list[str], comma: int) -> bool:
    """`no fever, chills, rash`: short items after a denial stay denied."""
    ends = [index for index in range(comma + 1, len(words)) if words[index] == ","]
    length = (ends[0] if ends else len(words)) - comma - 1
    return length <= 2 and words[0] in _DENIALS


def _fulfils(reading: laboratory.Reading, rule: str) -> bool:
    kind, _, number = rule.partition(" ")
    if kind == "low":
        return reading.flag == "L"
    if kind == "high":
        return reading.flag == "H"
    return (reading.is_above(float(number)) if kind == "above" else reading.is_below(float(number))) is True


@cache
def _lab_rules() -> Mapping[str, tuple[tuple[Concept, str], ...]]:
    rules: dict[str, tuple[tuple[Concept, str], ...]] = {}
    for concept in concepts().values():
        for lab in concept.labs:
            key, _, rule = lab.partition(" ")
            rules[key] = (*rules.get(key, ()), (concept, rule))
    return rules


@cache
def _phrases() -> tuple[_Phrase, ...]:
    phrases: dict[tuple[tuple[frozenset[str], ...], str], _Phrase] = {}
    for concept in concepts().values():
        for written in concept.phrases:
            choices = _choices(written)
            unique = tuple(dict.fromkeys(choices))
            if unique:
                phrases.setdefault((unique, concept.id), _Phrase(unique, concept))
    return tuple(phrases.values())


def _choices(written: str) -> list[frozenset[str]]:
    """Fold one curated phrase; `kg/lb` is a choice of words."""
    if "/" not in written:
        return [frozenset({word}) for clause in clauses(written) for word in clause if word not in _SEPARATORS]
    return [frozenset(folded) for word in written.split() if (folded := fold_words(word.lower().split("/")))]


@cache
def _index() -> Mapping[str, tuple[_Phrase, ...]]:
    """Each phrase under its rarest word (under all forms of it where that word is a choice)."""
    frequency = Counter(word for phrase in _phrases() for choice in phrase.words for word in choice)
    index: dict[str, list[_Phrase]] = {}
    for phrase in _phrases():
        rarest = min(phrase.words, key=lambda choice: sum(frequency[word] for word in choice))
        for word in rarest:
            index.setdefault(word, []).append(phrase)
    return {word: tuple(found) for word, found in index.items()}
