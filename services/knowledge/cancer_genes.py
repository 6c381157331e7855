"""Which genes promote cancer when active and which when lost, as far as that is settled.

A gene that is not listed has no settled role here: unknown, not "no role".
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.sources import Source

CancerRole = Literal["oncogene", "tumour suppressor"]
CANCER_GENES_SOURCE = Source(citation="Vogelstein 2013, Science (cancer genome landscapes)", doi="10.1126/science.1235122")


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    role: CancerRole
    symbols: tuple[str, ...] = Field(min_length=1)


def cancer_role(symbol: str) -> CancerRole | None:
    """Return the settled role of a gene, None where there is none. Symbols are HGNC's, in any case."""
    return _roles().get(symbol.upper())


@cache
def _roles() -> dict[str, CancerRole]:
    found: dict[str, CancerRole] = {}
    for group in load("cancer_genes", _Group):
        for symbol in group.symbols:
            if found.setdefault(symbol.upper(), group.role) != group.role:
                raise ConfigurationError(f"cancer_genes.yaml gives {symbol} two roles")
    return found
