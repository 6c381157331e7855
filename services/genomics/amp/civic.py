"""Evidence items from the releases of CIViC, https://civicdb.org (public domain, CC0).

Reads the rows of `ClinicalEvidenceSummaries.tsv`, of today's form (`molecular_profile`, `therapies`, `significance`) and of
the form before molecular profiles (`gene`, `variant`, `drugs`, `clinical_significance`). CIViC's levels A to D are taken as
those of Li 2017; E (inferential) has no counterpart. Left out and counted: items not accepted, flagged, of level E, of types
without a tier (predisposing, oncogenic, functional), and without a gene, a disease or a meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from services.errors import InvalidInputError
from services.genomics.amp.alterations import parse_alteration
from services.genomics.amp.evidence import EvidenceItem, EvidenceType, Level
from services.knowledge.sources import Source

LICENCE = "CC0 1.0"
NEEDED = ("disease", "evidence_type", "evidence_level", "evidence_direction", "evidence_id")
_TEXT_LIMIT = 4_000
_BY_SIGNIFICANCE = {
    "sensitivity/response": EvidenceType.SENSITIVITY, "sensitivityresponse": EvidenceType.SENSITIVITY,
    "resistance": EvidenceType.RESISTANCE, "reduced sensitivity": EvidenceType.RESISTANCE,
    "reduced_sensitivity": EvidenceType.RESISTANCE,
}


@dataclass(frozen=True, slots=True)
class CivicRead:
    """What a release gave. `left_out` counts by reason."""

    items: tuple[EvidenceItem, ...]
    left_out: tuple[tuple[str, int], ...]


def read_civic(rows: Iterable[Mapping[str, str | None]], dataset: str) -> CivicRead:
    """Return the items of a release; a fusion gives one item for each gene it names.

    Raises InvalidInputError when the columns are those of another file.
    """
    items: list[EvidenceItem] = []
    left_out: Counter[str] = Counter()
    for number, row in enumerate(rows, 1):
        if number == 1:
            _check(row)
        found = _item(row, dataset)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            items.extend(_by_gene(found))
    return CivicRead(tuple(items), tuple(sorted(left_out.items())))


def _check(row: Mapping[str, str | None]) -> None:
    missing = [name for name in NEEDED if name not in row]
    if missing or not ("molecular_profile" in row or "gene" in row):
        wanted = ", ".join(missing) or "molecular_profile"
        raise InvalidInputError(f"no file of CIViC evidence: it has no column {wanted}; take ClinicalEvidenceSummaries.tsv")


def _item(row: Mapping[str, str | None], dataset: str) -> EvidenceItem | str:
    """Return the item, or why it is left out."""
    if _cell(row, "evidence_status").casefold() not in ("", "accepted"):
        return "not accepted"
    if _cell(row, "is_flagged").casefold() == "true":
        return "flagged for review"
    level, kind = _cell(row, "evidence_level").upper(), _type(row)
    if isinstance(kind, str) and not isinstance(kind, EvidenceType):
        return kind
    if level not in Level.__members__:
        return f"level {level or 'missing'}"
    gene, alteration = _subject(row)
    disease = _cell(row, "disease")
    if not gene or not disease:
        return "without gene or disease"
    rating = _cell(row, "rating")
    number, citation = _cell(row, "evidence_id"), _cell(row, "citation") or "no citation"
    therapies = (_cell(row, "therapies") or _cell(row, "drugs")).split(",")
    return EvidenceItem(
        f"EID{number}", gene, parse_alteration(alteration), kind, Level[level], disease,
        _cell(row, "evidence_statement"), Source(citation=f"CIViC EID{number}: {citation}"), dataset,
        therapies=tuple(sorted(part.strip() for part in therapies if part.strip())),
        outcome=_significance(row), supports=_cell(row, "evidence_direction").casefold().replace("_", " ") == "supports",
        rating=int(rating) if rating in ("1", "2", "3", "4", "5") else None,
        origin=_cell(row, "variant_origin").casefold(), url=_cell(row, "evidence_civic_url"),
    )


def _type(row: Mapping[str, str | None]) -> EvidenceType | str:
    written = _cell(row, "evidence_type").casefold()
    if written == "diagnostic":
        return EvidenceType.DIAGNOSTIC
    if written == "prognostic":
        return EvidenceType.PROGNOSTIC
    if written == "predictive":
        return _BY_SIGNIFICANCE.get(_significance(row).casefold(), "predictive without sensitivity or resistance")
    return f"type {written or 'missing'}"


def _significance(row: Mapping[str, str | None]) -> str:
    return _cell(row, "significance") or _cell(row, "clinical_significance")


def _subject(row: Mapping[str, str | None]) -> tuple[str, str]:
    if gene := _cell(row, "gene"):
        return gene, _cell(row, "variant")
    gene, _, rest = _cell(row, "molecular_profile").partition(" ")
    return gene, f"{gene} {rest}" if "::" in gene else rest


def _by_gene(item: EvidenceItem) -> Iterator[EvidenceItem]:
    if "::" not in item.gene:
        yield item
        return
    for gene in item.gene.split("::"):
        if gene.casefold() not in ("v", "?", ""):
            yield replace(item, gene=gene)


def _cell(row: Mapping[str, str | None], name: str) -> str:
    return (row.get(name) or "").strip()[:_TEXT_LIMIT]
