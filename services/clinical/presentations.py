"""How diseases present, and the names of conditions outside the thirteen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from services.clinical.disease import Disease
from services.knowledge.catalogue import load
from services.knowledge.immunology import Presentation

THIRTEEN = frozenset(disease.value for disease in Disease)


@cache
def presentations() -> Mapping[str, Presentation]:
    """Return how each disease and each outside condition presents, by id."""
    return {row.id: row for row in load("disease_presentations", Presentation)}


def name_of(condition: str) -> str:
    """Return the name shown to people for a disease or an outside condition's id."""
    if condition in THIRTEEN:
        return Disease(condition).label
    return presentations()[condition].name
