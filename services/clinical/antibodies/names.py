"""Autoantibody names: which antibody a written name means, asked about where it has meant more than one.

A name is looked up as written first (capitals tell `LA` from `La`), then folded (case, Greek letters, punctuation), then
without "anti", "antibody" and the like. A folded name shared by two antibodies is ambiguous, never resolved by order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from services.clinical.explanation import Frozen
from services.clinical.titers import Outcome, parse_outcome
from services.knowledge.catalogue import load
from services.knowledge.immunology import AmbiguousName, AntibodyRecord

MAX_NAME = 200
_SHARED = "This name is used for several antibodies."

_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa"})
_TITER = re.compile(r"(<=|>=|[<>≤≥=])?\s{0,2}\b1\s{0,2}[:/]\s{0,2}\d{2,7}")
_NOISE = frozenset(
    """anti antibody antibodies ab abs autoantibody autoantibodies titer titre titers level levels serum screen test assay
    igg igm total quantitative qualitative eia elisa ifa iif ift cba result concentration""".split()
)


class AntibodyName(Frozen):
    """What a written name means: one antibody, several candidates with the question to ask, or nothing known.

    `stated` is a result written into the name ("ANA negative"), `None` where there is none.
    """

    written: str
    id: str | None = None
    canonical: str | None = None
    candidates: tuple[str, ...] = ()
    question: str = ""
    stated: Outcome | None = None

    @property
    def is_recognised(self) -> bool:
        return self.id is not None

    @property
    def is_ambiguous(self) -> bool:
        return bool(self.candidates)


@cache
def antibodies() -> Mapping[str, AntibodyRecord]:
    """Return the curated antibodies by id."""
    return {row.id: row for row in load("antibodies", AntibodyRecord)}


@lru_cache(maxsize=4096)
def normalise_antibody(written: str) -> AntibodyName:
    """Return which antibody `written` names. Text beyond `MAX_NAME` characters is not a name and is not recognised."""
    shown = written.strip()[:MAX_NAME]
    if len(written) > MAX_NAME or not shown:
        return AntibodyName(written=shown)
    name, stated = _split_result(shown)
    found = _look_up(name)
    if found is None and ("(" in name or ")" in name):
        found = _from_parts(name)
    if found is None:
        return AntibodyName(written=shown, stated=stated)
    return found.model_copy(update={"written": shown, "stated": stated})


def _split_result(shown: str) -> tuple[str, Outcome | None]:
    """Part `anti-Sm 1:80`, `ANA negative`, `not detected: ANCA` into the name and the result written with it."""
    if shown in _exact():
        return shown, None
    name, stated = shown, None
    titer = _TITER.search(name)
    if titer is not None:
        name = name[: titer.start()]
        sign = titer.group(1)
        stated = Outcome.NEGATIVE if sign in {"<", "<=", "≤"} else Outcome.POSITIVE
    words = re.findall(r"[^\s:,;]+", name)
    for count in (3, 2, 1):
        if len(words) <= count:
            continue
        for part, rest in ((words[-count:], words[:-count]), (words[:count], words[count:])):
            outcome = parse_outcome(" ".join(part))
            if outcome is not None:
                return " ".join(rest), outcome
    signed = re.fullmatch(r"(.{2,}?)\s?\(?([+\-−]{1,3})\)?", name.strip())
    if signed is not None:
        return signed.group(1), parse_outcome(signed.group(2))
    return name, stated


def _from_parts(name: str) -> AntibodyName | None:
    """Read `antinuclear antibody (ANA)`: the two names must agree where both are known."""
    found = [result for part in re.split(r"[()]", name) if part.strip() and (result := _look_up(part)) is not None]
    named = {result.id for result in found if result.id is not None}
    if len(named) == 1:
        return next(result for result in found if result.id is not None)
    if named:
        ids = sorted(antibody for antibody in named if antibody)
        return AntibodyName(written=name, candidates=_names(ids), question="Two different antibodies are named.")
    return found[0] if found else None


def _look_up(name: str) -> AntibodyName | None:
    shown = name.strip()
    exact = _exact().get(shown)
    if exact is not None:
        return _resolved(shown, exact)
    for key in _keys(shown):
        asked = _ambiguous().get(key)
        if asked is not None:
            return AntibodyName(written=shown, candidates=_names(asked.candidates), question=asked.why)
        ids = _folded().get(key)
        if ids and len(ids) == 1:
            return _resolved(shown, next(iter(ids)))
        if ids:
            return AntibodyName(written=shown, candidates=_names(sorted(ids)), question=_SHARED)
    return None


def _resolved(shown: str, antibody: str) -> AntibodyName:
    return AntibodyName(written=shown, id=antibody, canonical=antibodies()[antibody].name)


def _names(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(antibodies()[antibody].name for antibody in ids)


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.translate(_GREEK)).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z]+|\d+", plain)


def _fold(text: str) -> str:
    return "".join(_words(text))


def _keys(text: str) -> tuple[str, ...]:
    """The folded name, then the same without the words that do not tell antibodies apart."""
    whole = _words(text)
    bare = [word for word in whole if word not in _NOISE]
    joined = "".join(whole)
    keys = [joined, "".join(bare)]
    for key in (joined, "".join(bare)):
        keys.append(key.removeprefix("anti"))
    return tuple(dict.fromkeys(key for key in keys if key))


def _written_names() -> Iterable[tuple[str, str]]:
    for record in antibodies().values():
        for name in (record.name, record.id, *record.synonyms):
            yield record.id, name


@cache
def _exact() -> Mapping[str, str]:
    owners: dict[str, set[str]] = {}
    for antibody, name in _written_names():
        owners.setdefault(name, set()).add(antibody)
    return {name: next(iter(ids)) for name, ids in owners.items() if len(ids) == 1}


@cache
def _folded() -> Mapping[str, frozenset[str]]:
    """Every folded name and the antibodies it is written for; full names bind before shortened ones."""
    full: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}
    for antibody, name in _written_names():
        first, *rest = _keys(name)
        full.setdefault(first, set()).add(antibody)
        for key in rest:
            short.setdefault(key, set()).add(antibody)
    merged = {key: frozenset(ids) for key, ids in short.items() if len(ids) == 1}
    merged.update({key: frozenset(ids) for key, ids in full.items()})
    return merged


@cache
def _ambiguous() -> Mapping[str, AmbiguousName]:
    names: dict[str, AmbiguousName] = {}
    for row in load("antibody_ambiguities", AmbiguousName):
        for written in (row.name, *row.synonyms):
            names[_fold(written)] = row
    return names
