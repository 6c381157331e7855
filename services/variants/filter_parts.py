"""A filter as the list of conditions that all must hold: what chips show, facets toggle and a click removes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.variants.filters import And, Filter, Missing, OneOf, Or


def parts_of(condition: Filter | None) -> tuple[Filter, ...]:
    """Return the conditions that must all hold; none for no filter."""
    if condition is None:
        return ()
    return condition.parts if isinstance(condition, And) else (condition,)


def joined(parts: Iterable[Filter]) -> Filter | None:
    """Return the filter that holds where all parts hold; `parts_of` gives them back."""
    kept = tuple(parts)
    if len(kept) == 1 and not isinstance(kept[0], And):
        return kept[0]
    return And(kept) if kept else None


def without_part(condition: Filter | None, number: int) -> Filter | None:
    """Return the filter without its part of this number, from 0."""
    return joined(part for place, part in enumerate(parts_of(condition)) if place != number)


def with_part(condition: Filter | None, part: Filter) -> Filter:
    """Return the filter with one more condition, unless it has it already."""
    parts = parts_of(condition)
    found = joined(parts if part in parts else (*parts, part))
    assert found is not None
    return found


def facet_values(condition: Filter | None, column: str) -> tuple[str | None, ...]:
    """Return which values of a column the filter's facet selects; None stands for missing."""
    for part in parts_of(condition):
        found = _values(part, column)
        if found is not None:
            return found
    return ()


def with_facet(condition: Filter | None, column: str, values: Sequence[str | None]) -> Filter | None:
    """Return the filter with the facet of a column set to these values; with none, without that facet.

    Other conditions stay as they are and in their order.
    """
    kept = [part for part in parts_of(condition) if _values(part, column) is None]
    named = tuple(value for value in values if value is not None)
    choices: list[Filter] = [OneOf(column, named)] if named else []
    if None in values:
        choices.append(Missing(column))
    if choices:
        kept.append(choices[0] if len(choices) == 1 else Or(tuple(choices)))
    return joined(kept)


def without_facet(condition: Filter | None, column: str) -> Filter | None:
    """Return what the counts of a facet are taken from: the filter without that facet, so that its other values can be added."""
    return with_facet(condition, column, ())


def _values(part: Filter, column: str) -> tuple[str | None, ...] | None:
    match part:
        case OneOf(name, values) if name == column:
            return values
        case Missing(name, True) if name == column:
            return (None,)
        case Or((OneOf(name, values), Missing(other, True))) if name == other == column:
            return (*values, None)
    return None
