"""Reads the evidence of an installed release back as items the tiers of somatic variants understand."""

from __future__ import annotations

from typing import Any

import duckdb

from services.genomics.amp.alterations import parse_alteration
from services.genomics.amp.evidence import EvidenceItem, EvidenceType, Level
from services.knowledge.sources import Source
from services.variants.reference.converters.somatic_evidence import SEPARATOR
from services.variants.reference.model import Pack


def evidence_about(pack: Pack, gene: str) -> tuple[EvidenceItem, ...]:
    """Return the items about a gene, in the order of their ids; `pack` is of the kind of somatic evidence."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * FROM read_parquet(?) WHERE upper(gene) = upper(?) ORDER BY id", [str(pack.path), gene]
        )
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return tuple(_item(row, pack.stamp) for row in rows)


def _item(row: dict[str, Any], dataset: str) -> EvidenceItem:
    return EvidenceItem(
        row["id"], row["gene"], parse_alteration(row["alteration"] or ""), EvidenceType(row["type"]), Level(row["level"]),
        row["tumour"], row["statement"] or "", Source(citation=row["citation"]), dataset,
        therapies=tuple((row["therapies"] or "").split(SEPARATOR)) if row["therapies"] else (),
        outcome=row["outcome"] or "", supports=row["supports"], rating=row["rating"], origin=row["origin"] or "",
        url=row["url"] or "",
    )
