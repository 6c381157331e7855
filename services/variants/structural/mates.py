"""Which records tell of the same junction: the two breakends of one event, which callers write as two records.

Manta, Lumpy and GRIDSS write each side of a junction as a record of its own. Two records are the same event where they join the
same two sides, or where each names the other as its mate (their places can differ when they are not exact).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.variants.structural.events import Event, SvKind


def repeats(events: Sequence[Event]) -> Mapping[int, int]:
    """Return for each event that repeats an earlier one the place of that one in the sequence."""
    first_of: dict[object, int] = {}
    found: dict[int, int] = {}
    for number, event in enumerate(events):
        if event.kind is not SvKind.BREAKEND:
            continue
        keys = _keys(event)
        earlier = next((first_of[key] for key in keys if key in first_of), None)
        if earlier is not None:
            found[number] = earlier
        for key in keys:
            first_of.setdefault(key, number if earlier is None else earlier)
    return found


def _keys(event: Event) -> list[object]:
    keys: list[object] = []
    if event.call.name and event.call.mate:
        keys.append(frozenset((event.call.name, event.call.mate)))
    if event.junctions:
        keys.append(tuple(sorted((side.chrom, side.position, str(side.keeps_left)) for side in event.junctions[0])))
    return keys
