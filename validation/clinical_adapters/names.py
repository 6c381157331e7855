"""Matches an item name of a worked case to the key a criteria set uses, by what the name says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_FILLER = frozenset({"or", "and", "the", "of", "ge", "le", "gt", "lt", "anti", "antibody", "antibodies", "positive"})
_LIKE_ENOUGH = 0.6


def fold(name: str) -> str:
    """Return `name` in lower case with single underscores."""
    return re.sub(r"[^a-z0-9]+", "_", str(name)[:200].lower()).strip("_")


def item_key(name: str, keys: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """Return the key meant by `name`, or `name` itself where none or more than one fits: the engine then refuses it."""
    by_fold = {fold(key): key for key in keys}
    folded = fold(name)
    if folded in by_fold:
        return by_fold[folded]
    if aliases and folded in aliases:
        return aliases[folded]
    tokens = set(folded.split("_"))
    within = [alias for alias in aliases or {} if set(alias.split("_")) <= tokens]
    if aliases and within:
        return aliases[max(within, key=len)]
    scored = sorted(((_likeness(folded, candidate), key) for candidate, key in by_fold.items()), reverse=True)
    if scored and scored[0][0] >= _LIKE_ENOUGH and (len(scored) == 1 or scored[1][0] < scored[0][0]):
        return scored[0][1]
    return str(name)


def _likeness(left: str, right: str) -> float:
    one, other = set(left.split("_")) - _FILLER, set(right.split("_")) - _FILLER
    return len(one & other) / len(one | other) if one | other else 0.0
