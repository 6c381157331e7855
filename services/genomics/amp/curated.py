"""The evidence that ships with the product, as items the tiers understand."""

from __future__ import annotations

from functools import cache

from services.genomics.amp.alterations import parse_alteration
from services.genomics.amp.evidence import EvidenceItem, EvidenceType, Level
from services.knowledge.somatic_evidence import SOMATIC_EVIDENCE_VERSION, SomaticEvidence, somatic_evidence

_TYPES = {
    "sensitivity": EvidenceType.SENSITIVITY, "resistance": EvidenceType.RESISTANCE, "diagnostic": EvidenceType.DIAGNOSTIC,
    "prognostic": EvidenceType.PROGNOSTIC,
}


@cache
def curated_evidence() -> tuple[EvidenceItem, ...]:
    """Return one item per row and alteration, in the order of the file."""
    return tuple(
        EvidenceItem(
            f"{row.gene} {alteration}, {_short(row)}", row.gene, parse_alteration(alteration, row.residues), _TYPES[row.type],
            Level[row.level], row.tumour, _statement(row, alteration), row.cited, SOMATIC_EVIDENCE_VERSION,
            therapies=row.therapies, outcome=row.outcome, excluded=row.not_in, origin="somatic",
        )
        for row in somatic_evidence() for alteration in row.alterations
    )


def _short(row: SomaticEvidence) -> str:
    return ", ".join(part for part in (row.tumour, row.type, "/".join(row.therapies)) if part)


def _statement(row: SomaticEvidence, alteration: str) -> str:
    what = f"{row.type} to {', '.join(row.therapies)}" if row.therapies else f"{row.type}: {row.outcome}"
    return f"{row.gene} {alteration} in {row.tumour}: {what}" + (f" ({row.note})" if row.note else "")
