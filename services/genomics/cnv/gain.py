"""Section 2 for gains: established triplosensitive genes and regions, benign gains, breakpoints in haploinsufficient genes."""

from __future__ import annotations

from decimal import Decimal

from services.genomics.acmg.criteria import Strength
from services.genomics.cnv.record import CnvRecord, Dosage, Extent, GeneOverlap, RegionOverlap, Relation
from services.genomics.cnv.scoring import Entry, default_entry

_PVS1_POINTS = {Strength.VERY_STRONG: Decimal("0.90"), Strength.STRONG: Decimal("0.45")}
"""Points of 2I: weaker strengths of PVS1 give none."""


def gain_entries(record: CnvRecord) -> list[Entry]:
    """Fill section 2. Benign cells only where no established triplosensitive gene or region is contained."""
    found: dict[str, Entry] = {}
    sensitive = [_sensitive_gene(record, one) for one in record.genes]
    for entry in (*sensitive, *(_region(record, one) for one in record.regions)):
        if entry is not None:
            found.setdefault(entry.cell, entry)
    if "2A" not in found:
        for region in record.regions:
            if region.triplosensitivity is Dosage.UNLIKELY:
                entry = _benign(record, region)
                found.setdefault(entry.cell, entry)
    for gene in record.genes:
        entry = _breakpoint(record, gene)
        if entry is not None and _is_better(entry, found.get(entry.cell)):
            found[entry.cell] = entry
    return list(found.values())


def _is_better(entry: Entry, known: Entry | None) -> bool:
    return known is None or known.points is None or (entry.points is not None and entry.points > known.points)


def _sensitive_gene(record: CnvRecord, gene: GeneOverlap) -> Entry | None:
    if gene.triplosensitivity is Dosage.ESTABLISHED and gene.relation is Relation.COMPLETE:
        return default_entry(record, "2A", f"{gene.symbol}: {gene.relation}")
    return None


def _region(record: CnvRecord, region: RegionOverlap) -> Entry | None:
    if region.triplosensitivity is not Dosage.ESTABLISHED:
        return None
    if region.extent in (Extent.CONTAINS, Extent.IDENTICAL) or region.critical_part_contained:
        return default_entry(record, "2A", f"{region.name}: {region.extent}")
    return default_entry(record, "2B", f"{region.name}: {region.extent}")


def _benign(record: CnvRecord, region: RegionOverlap) -> Entry:
    text = f"{region.name}: {region.extent}"
    if region.extent is Extent.IDENTICAL:
        return default_entry(record, "2C", text)
    if region.extent is Extent.WITHIN:
        if region.genes_interrupted is None:
            return Entry("2D", None, f"{text}; whether a breakpoint interrupts a gene is not known")
        return default_entry(record, "2E" if region.genes_interrupted else "2D", text)
    if region.extent is Extent.CONTAINS:
        if region.other_genes is None:
            return Entry("2F", None, f"{text}; its genes were not compared")
        if not region.other_genes:
            return default_entry(record, "2F", f"{text}, without further protein-coding genes")
    return default_entry(record, "2G", text)


def _breakpoint(record: CnvRecord, gene: GeneOverlap) -> Entry | None:
    if gene.haploinsufficiency is not Dosage.ESTABLISHED:
        curated = gene.haploinsufficiency is not Dosage.NOT_CURATED or gene.triplosensitivity is Dosage.ESTABLISHED
        if gene.relation is Relation.COMPLETE or curated:
            return None
        return default_entry(record, "2L", f"{gene.symbol}: {gene.relation}")
    text = f"{gene.symbol}: {gene.relation}"
    if gene.relation is Relation.COMPLETE:
        return default_entry(record, "2H", text)
    if gene.relation is Relation.INTRAGENIC:
        if not gene.pvs1_known:
            return Entry("2I", None, f"{text}; exons and reading frame are not known")
        points = _PVS1_POINTS.get(gene.pvs1, Decimal(0)) if gene.pvs1 is not None else Decimal(0)
        return Entry("2I", points, f"{text}; PVS1 {gene.pvs1 or 'does not apply'}")
    if gene.phenotype_specific:
        return default_entry(record, "2K", f"{text}; phenotype highly specific for its loss")
    return default_entry(record, "2J", text)
