"""Reads the evidence of an installed release back as items the tiers of somatic variants understand."""

from __future__ import annotations

from typing import Any

from services.genomics.amp.alterations import parse_alteration
from services.genomics.amp.evidence import EvidenceItem, EvidenceType, Level
from services.knowledge.sources import Source
from services.variants.reference.asking import ask
from services.variants.reference.converters.somatic_evidence import SEPARATOR
from services.variants.reference.model import Pack


def evidence_about(pack: Pack, gene: str) -> tuple[EvidenceItem, ...]:
    """Return the items about a gene, in the order of their ids; `pack` is of the kind of somatic evidence."""
    sql = "SELECT * FROM read_parquet(?) WHERE upper(gene) = upper(?) ORDER BY id"
    rows = ask([pack.path], sql, [str(pack.path), gene])
    return tuple(_item(row, pack.stamp) for row in rows)


def _item(row: dict[str, Any], dataset: str) -> EvidenceItem:
    return EvidenceItem(
        row["id"], row["gene"], parse_alteration(row["alteration"] or ""), EvidenceType(row["type"]), Level(row["level"]),
        row["tumour"], row["statement"] or "", Source(citation=row["citation"]), dataset,
        therapies=tuple((row["therapies"] or "").split(SEPARATOR)) if row["therapies"] else (),
        outcome=row["outcome"] or "", supports=row["supports"], rating=row["rating"], origin=row["origin"] or "",
        url=row["url"] or "",
    )
