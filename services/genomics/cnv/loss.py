"""Section 2 for losses: established haploinsufficient genes and regions down to the exon, benign regions, predictions."""

from __future__ import annotations

from decimal import Decimal

from services.genomics.acmg.criteria import Strength
from services.genomics.cnv.record import CnvRecord, Dosage, Extent, GeneOverlap, RegionOverlap, Relation
from services.genomics.cnv.scoring import Entry, default_entry

PVS1_POINTS = {
    Strength.VERY_STRONG: Decimal("0.90"), Strength.STRONG: Decimal("0.45"), Strength.MODERATE: Decimal("0.30"),
    Strength.SUPPORTING: Decimal("0.15"),
}
"""Points of 2E by the strength of PVS1."""


def loss_entries(record: CnvRecord) -> list[Entry]:
    """Fill section 2. Several genes: each cell takes its best gene. Benign cells only where nothing established is hit."""
    found: dict[str, Entry] = {}
    genes = [one for one in record.genes if one.haploinsufficiency is Dosage.ESTABLISHED]
    regions = [one for one in record.regions if one.haploinsufficiency is Dosage.ESTABLISHED]
    for entry in (*(_gene(record, one) for one in genes), *(_region(record, one) for one in regions)):
        _keep(found, entry)
    if not genes and not any(entry.points for entry in found.values()):
        for one in record.regions:
            if one.haploinsufficiency is Dosage.UNLIKELY:
                _keep(found, _benign(record, one))
    _keep(found, _predicted(record, {one.symbol for one in genes}))
    return list(found.values())


def _keep(found: dict[str, Entry], entry: Entry | None) -> None:
    if entry is None:
        return
    known = found.get(entry.cell)
    if known is None or known.points is None or (entry.points is not None and abs(entry.points) > abs(known.points)):
        found[entry.cell] = entry


def _gene(record: CnvRecord, gene: GeneOverlap) -> Entry:
    text = f"{gene.symbol}: {gene.relation}"
    if gene.relation is Relation.COMPLETE:
        return default_entry(record, "2A", text)
    if gene.relation is Relation.INTRAGENIC:
        return _intragenic(gene)
    if gene.relation is Relation.FIVE_PRIME:
        if gene.coding_involved is None:
            return Entry("2C-1", None, f"{text}; whether coding sequence is involved is not known")
        return default_entry(record, "2C-1" if gene.coding_involved else "2C-2", text)
    if gene.relation is Relation.THREE_PRIME:
        return _three_prime(record, gene, text)
    return _either_end(record, gene, text)


def _either_end(record: CnvRecord, gene: GeneOverlap, text: str) -> Entry:
    """Score a covered end whose side is not known: with coding exons beyond the last one both sides give 0.90."""
    if gene.coding_involved and gene.last_exon_only is False:
        return default_entry(record, "2C-1", f"{text}; more than a terminal exon is involved, as 2C-1 or 2D-4")
    return Entry("2C-1", None, f"{text}; the exons involved are not known")


def _three_prime(record: CnvRecord, gene: GeneOverlap, text: str) -> Entry:
    if gene.coding_involved is False:
        return default_entry(record, "2D-1", text)
    if gene.last_exon_only is False:
        return default_entry(record, "2D-4", f"{text}; further exons involved")
    if gene.last_exon_only is None or gene.coding_involved is None:
        return Entry("2D-4", None, f"{text}; the exons involved are not known")
    if gene.last_exon_has_pathogenic:
        return default_entry(record, "2D-2", f"{text}; pathogenic variants are established in the last exon")
    if gene.last_exon_has_pathogenic is None:
        return default_entry(record, "2D-3", f"{text}; pathogenic variants in the last exon were not looked up")
    return default_entry(record, "2D-3", f"{text}; no pathogenic variant is established in the last exon")


def _intragenic(gene: GeneOverlap) -> Entry:
    text = f"{gene.symbol}: {gene.relation}"
    if not gene.pvs1_known:
        return Entry("2E", None, f"{text}; exons and reading frame are not known")
    if gene.pvs1 is None:
        return Entry("2E", Decimal(0), f"{text}; PVS1 does not apply")
    return Entry("2E", PVS1_POINTS[gene.pvs1], f"{text}; PVS1 {gene.pvs1}")


def _region(record: CnvRecord, region: RegionOverlap) -> Entry:
    if region.extent in (Extent.CONTAINS, Extent.IDENTICAL):
        return default_entry(record, "2A", f"{region.name}: {region.extent}")
    if region.critical_part_contained:
        return default_entry(record, "2A", f"{region.name}: its causative gene or critical part is contained")
    return default_entry(record, "2B", f"{region.name}: {region.extent}")


def _benign(record: CnvRecord, region: RegionOverlap) -> Entry:
    if region.extent in (Extent.WITHIN, Extent.IDENTICAL):
        return default_entry(record, "2F", f"{region.name}: {region.extent}")
    return default_entry(record, "2G", f"{region.name}: {region.extent}")


def _predicted(record: CnvRecord, established: set[str]) -> Entry | None:
    """Enter 2H for a predicted gene that curation does not already judge."""
    if record.predicted_haploinsufficient is None:
        return Entry("2H", None, "predictions of haploinsufficiency not looked up")
    others = [name for name in record.predicted_haploinsufficient if name not in established]
    return default_entry(record, "2H", f"predicted: {', '.join(others[:10])}") if others else None
