"""Compares what the engine answered with what a worked case expects, one line for each difference.

An expectation this module cannot check is a difference: a case never passes because nobody looked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from validation.clinical_adapters.names import fold

Check = Callable[[Any, Mapping[str, Any]], str | None]

# prose for the reader of a case, and values a wrong implementation would give
_NOT_EXPECTATIONS = frozenset({
    "note", "reason", "tolerance", "naive_sum_trap", "wrong_value_if_unit_ignored", "value_without_crp_floor", "rationale",
})
_STOP_WORDS = frozenset({"and", "or", "the", "of", "may", "in", "is", "are", "not", "possible", "with", "a", "to"})
_ENOUGH_WORDS = 0.5


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every difference, empty when the case passes."""
    found = []
    for key, value in expected.items():
        if key in _NOT_EXPECTATIONS:
            continue
        if key == "value":
            message = _number(value, actual, float(expected.get("tolerance", 0)))
        else:
            check = _CHECKS.get(key)
            message = _equal(key, value, actual) if check is None else check(value, actual)
        if message is not None:
            found.append(message)
    return tuple(found)


def _equal(key: str, value: Any, actual: Mapping[str, Any]) -> str | None:
    if key not in actual:
        return f"{key}: expected {value!r}, the engine does not answer this"
    got = actual[key]
    same = fold(got) == fold(value) if isinstance(value, str) and isinstance(got, str) else got == value
    return None if same else f"{key}: expected {value!r}, got {got!r}"


def _number(value: Any, actual: Mapping[str, Any], tolerance: float) -> str | None:
    got = actual.get("value")
    if value is None or got is None:
        return None if got is value else f"value: expected {value!r}, got {got!r}"
    close = abs(float(got) - float(value)) <= tolerance + 1e-9
    return None if close else f"value: expected {value!r} within {tolerance:g}, got {got!r}"


def _close(key: str) -> Check:
    def check(value: Any, actual: Mapping[str, Any]) -> str | None:
        got = actual.get(key)
        if isinstance(got, (int, float)) and isinstance(value, (int, float)) and abs(got - value) <= 1e-6:
            return None
        return None if got == value else f"{key}: expected {value!r}, got {got!r}"

    return check


def _points_by_domain(key: str) -> Check:
    def check(value: Any, actual: Mapping[str, Any]) -> str | None:
        got = actual.get(key) or {}
        listed = {name: points for name, points in got.items() if name in value or points}
        return None if listed == value else f"{key}: expected {value!r}, got {listed!r}"

    return check


def _same_set(key: str) -> Check:
    def check(value: Any, actual: Mapping[str, Any]) -> str | None:
        if key not in actual:
            return f"{key}: the engine does not answer this"
        got = list(actual[key] or ())
        same = {_dotted(name) for name in value} == {_dotted(name) for name in got}
        if not same and len(value) == 1 and (whole := re.match(r"all (\d{1,3}) ", str(value[0]))):
            return None if len(got) == int(whole[1]) else f"{key}: expected {value[0]}, got {len(got)}: {got!r}"
        return None if same else f"{key}: expected {sorted(value)!r}, got {sorted(map(str, got))!r}"

    return check


def _dotted(name: Any) -> str:
    return ".".join(fold(part) for part in str(name).split("."))


def _listed(where: str, *, wanted: bool) -> Check:
    def check(value: Any, actual: Mapping[str, Any]) -> str | None:
        if where not in actual:
            return f"{where}: the engine does not answer this"
        lines = " | ".join(str(line) for line in actual[where])
        wrong = [phrase for phrase in value if (fold(phrase) in fold_long(lines)) != wanted]
        verb = "does not list" if wanted else "lists"
        return f"{where} {verb} {wrong!r}: {lines!r}" if wrong else None

    return check


def fold_long(text: str) -> str:
    """Return `text` folded as names are, without the length limit of a name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _in_words(where: str) -> Check:
    def check(value: Any, actual: Mapping[str, Any]) -> str | None:
        raw = actual.get(where) or ()
        text = raw if isinstance(raw, str) else " ".join(str(line) for line in raw)
        return None if says(value, text) else f"{where}: nothing says {value!r}: {text[:300]!r}"

    return check


def says(expected: str, text: str) -> bool:
    """Return whether `text` carries at least half of the content words of `expected`, which is prose, not an id."""
    wanted = _content(expected.split("/"))
    return not wanted or len(wanted & _content([text])) / len(wanted) >= _ENOUGH_WORDS


def _content(parts: Iterable[str]) -> set[str]:
    words = {word for part in parts for word in fold_long(part).split("_")}
    return {word for word in words if len(word) > 1 and word not in _STOP_WORDS}


def _subset_of_lines(key: str) -> Check:
    def check(value: Any, actual: Mapping[str, Any]) -> str | None:
        got = [fold_long(str(line)) for line in actual.get(key) or ()]
        heads = [fold_long(str(line).split("(")[0]) for line in value]
        same = len(got) == len(heads) and all(any(head in line for line in got) for head in heads)
        return None if same else f"{key}: expected {value!r}, got {actual.get(key)!r}"

    return check


def _must_include(value: Any, actual: Mapping[str, Any]) -> str | None:
    absent = [wanted for wanted in value if not any(_fits(wanted, claim) for claim in actual.get("claims") or ())]
    return f"claims: nothing fits {absent!r}: {actual.get('claims')!r}" if absent else None


def _must_not_include(value: Any, actual: Mapping[str, Any]) -> str | None:
    if "claims" not in actual:
        return "claims: the engine does not answer this"
    wrong = [refused for refused in value if any(_fits(refused, claim) for claim in actual["claims"])]
    return f"claims: these must not appear: {wrong!r}" if wrong else None


def _fits(wanted: Mapping[str, Any], claim: Mapping[str, Any]) -> bool:
    for key, value in wanted.items():
        if key == "reason":
            continue
        if key == "or_min":
            if (claim.get("odds_ratio") or 0) < value:
                return False
        elif key in ("modifier", "drug", "claim"):
            if not says(str(value), str(claim.get(key) or "")):
                return False
        elif key == "direction" and claim.get("kind") == "pharmacogenomic":
            if not says(str(value), f"{claim.get('direction')} {claim.get('effect')}"):
                return False
        elif isinstance(value, str):
            if fold(str(claim.get(key))) != fold(value):
                return False
        elif claim.get(key) != value:
            return False
    return True


_CHECKS: Mapping[str, Check] = {
    "score": _close("score"),
    "ttg_multiple": _close("ttg_multiple"),
    "partial_lower_bound": _close("partial_lower_bound"),
    "domain_scores": _points_by_domain("domain_scores"),
    "component_scores": _points_by_domain("component_scores"),
    "missing": _same_set("missing"),
    "invalid": _same_set("invalid"),
    "unrecognised": _same_set("unrecognised"),
    "failed": _subset_of_lines("failed"),
    "alert": _in_words("alerts"),
    "note_contains": _in_words("notes"),
    "must_list": _listed("listed", wanted=True),
    "must_not_list": _listed("listed", wanted=False),
    "must_not_list_protective": _listed("listed_protective", wanted=False),
    "must_include": _must_include,
    "must_not_include": _must_not_include,
}
