"""Curated clinical evidence for somatic variants: what ships with the product, beside whatever release of CIViC is installed.

A modest set of statements that are certain: indications in drug labels of the United States Food and Drug Administration, and
entity-defining or risk-defining changes of the WHO classifications and the European LeukemiaNet. A label changes; each row
names it, and the version below says when the set was last read.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.sources import Source
from services.knowledge.tumour_types import tumour_type

SOMATIC_EVIDENCE_VERSION = "curated 2026.1"

_SOURCES = {
    "FDA": None,
    "WHO-HAEM5": Source(citation="Khoury 2022, Leukemia (WHO 5th edition, myeloid)", doi="10.1038/s41375-022-01613-1"),
    "WHO-LYMPH5": Source(citation="Alaggio 2022, Leukemia (WHO 5th edition, lymphoid)", doi="10.1038/s41375-022-01620-2"),
    "WHO-CNS5": Source(citation="Louis 2021, Neuro Oncol (WHO 5th edition, nervous system)", doi="10.1093/neuonc/noab106"),
    "ELN-2022": Source(citation="Döhner 2022, Blood (European LeukemiaNet)", doi="10.1182/blood.2022016867"),
}


class SomaticEvidence(BaseModel):
    """One statement. `alterations` as databases write them; `residues` bound the exon named; `not_in` is what a label excepts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gene: str
    alterations: tuple[str, ...] = Field(min_length=1)
    type: Literal["sensitivity", "resistance", "diagnostic", "prognostic"]
    level: Literal["A", "B", "C", "D"]
    tumour: str
    therapies: tuple[str, ...] = ()
    outcome: str = ""
    note: str = ""
    residues: tuple[int, int] | None = None
    not_in: tuple[str, ...] = ()
    source: str

    @property
    def cited(self) -> Source:
        """Return the source; for a label, the labels of the therapies named."""
        known = _SOURCES[self.source]
        return known or Source(citation=f"FDA prescribing information: {', '.join(self.therapies)}")


@cache
def somatic_evidence() -> tuple[SomaticEvidence, ...]:
    """Return the rows in file order. Raises ConfigurationError for an unknown source or tumour type, or no drug."""
    rows = load("somatic_evidence", SomaticEvidence)
    for position, row in enumerate(rows, 1):
        unlisted = [name for name in (row.tumour, *row.not_in) if tumour_type(name) is None]
        if unlisted or row.source not in _SOURCES or (row.source == "FDA" and not row.therapies):
            raise ConfigurationError(f"somatic_evidence.yaml, row {position}: unknown tumour type or source, or no therapy")
    return rows
