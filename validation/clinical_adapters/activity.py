"""Worked cases of activity instruments: the engine's items carry the cases' names, so inputs go in as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.clinical.activity import INSTRUMENTS, ActivityScore, Instrument, ItemKind, find_instrument

Adapter = Callable[[Mapping[str, Any]], dict[str, Any]]


def _run(instrument: Instrument) -> Adapter:
    def run(inputs: Mapping[str, Any]) -> dict[str, Any]:
        score = instrument.compute(inputs)
        return {
            "status": score.status.value, "value": score.value, "band": score.band, "classification": score.band,
            "level": score.level, "missing": _missing(instrument, score), "invalid": list(score.invalid),
            "reason": score.message, "partial_lower_bound": score.lower_bound, **score.components,
        }  # fmt: skip

    return run


def _missing(instrument: Instrument, score: ActivityScore) -> list[str]:
    """Name the missing items; where a checklist is wholly unanswered the cases say so in words."""
    flags = {item.key for item in instrument.items if item.kind is ItemKind.FLAG}
    if instrument.id == "SLEDAI-2K" and set(score.missing) == flags:
        return [f"all {len(flags)} SLEDAI-2K items"]
    return list(score.missing)


ADAPTERS: Mapping[str, Adapter] = {name: _run(instrument) for name, instrument in INSTRUMENTS.items()}


def by_name(name: str) -> Adapter | None:
    """Return the adapter of an instrument written in another case or punctuation."""
    found = find_instrument(name)
    return None if found is None else _run(found)
