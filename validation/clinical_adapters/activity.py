"""Worked cases of activity instruments: the engine's items carry the cases' names, so inputs go in as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.clinical.activity import INSTRUMENTS, Instrument, find_instrument
from validation.clinical_adapters.names import fold


def _run(instrument: Instrument) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def run(inputs: Mapping[str, Any]) -> dict[str, Any]:
        score = instrument.compute(inputs)
        return {
            "status": score.status.value, "value": score.value, "band": score.band, "classification": score.band,
            "level": score.level, "missing": list(score.missing), "invalid": list(score.invalid),
            "partial_lower_bound": score.lower_bound, **score.components,
        }

    return run


ADAPTERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    name: _run(instrument) for name, instrument in INSTRUMENTS.items()
}


def by_name(name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
    """Return the adapter of an instrument written in another case or punctuation."""
    found = find_instrument(fold(name))
    return None if found is None else _run(found)
