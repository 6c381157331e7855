"""The ACMG/ClinGen score of a deletion or duplication, from the genes, regions and population variants it meets."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from services.errors import InvalidInputError
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.cnv.exons import GeneContext, gene_overlap
from services.genomics.cnv.record import CnvRecord, Extent, GeneOverlap, PopulationOverlap, RegionOverlap, Relation
from services.genomics.cnv.scoring import COMMON_FREQUENCY
from services.genomics.cnv.sheet import CellStatus, CnvClassification, classify_cnv
from services.variants.structural.dosage import Curated, DosageMap
from services.variants.structural.events import Event
from services.variants.structural.genes import GenePlace


def classified(
    event: Event, touched: Sequence[GenePlace], regions: Sequence[tuple[Curated, frozenset[str]]], dosage: DosageMap,
    population: tuple[PopulationOverlap, ...] | None, *, interrupts_gene: bool | None,
) -> CnvClassification | None:
    """Fill the score sheet; None where the event is neither a loss nor a gain. The arguments are those of `record_of`."""
    record = record_of(event, touched, regions, dosage, population, interrupts_gene=interrupts_gene)
    return None if record is None else _classified(record)


def record_of(
    event: Event, touched: Sequence[GenePlace], regions: Sequence[tuple[Curated, frozenset[str]]], dosage: DosageMap,
    population: tuple[PopulationOverlap, ...] | None, *, interrupts_gene: bool | None,
) -> CnvRecord | None:
    """Return what the score sheet is filled from; None where the event is neither a loss nor a gain.

    `touched` are the genes the event overlaps; `regions` the curated regions with the protein-coding genes of each;
    `interrupts_gene` whether a breakpoint lies in a protein-coding gene, None where no gene models are installed: the
    protein-coding genes are then not counted either.
    """
    if event.dosage is None:
        return None
    coding = tuple(sorted(one.symbol for one in touched if one.is_coding)) if interrupts_gene is not None else None
    curated = [(one, dosage.genes[one.symbol]) for one in touched if one.symbol in dosage.genes]
    return CnvRecord(
        kind=event.dosage, protein_coding=coding,
        genes=tuple(_overlap(event, one, known, _is_common(population)) for one, known in curated),
        regions=tuple(_region(event, region, names, coding, interrupts_gene) for region, names in regions), population=population,
    )  # fmt: skip


@lru_cache(maxsize=20_000)
def _classified(record: CnvRecord) -> CnvClassification:
    """Most events meet no curated gene, and have a record that others have too."""
    return classify_cnv(record)


def sections(found: CnvClassification) -> list[str]:
    """Return the cells that were applied, and those that could not be assessed for want of data, in the order of the sheet."""
    shown = []
    for row in found.rows:
        if row.status is CellStatus.APPLIED:
            shown.append(f"{row.cell.id} {_signed(row.counted)}: {row.reason}")
        elif row.status is CellStatus.NOT_ASSESSABLE and row.cell.automatic:
            shown.append(f"{row.cell.id} not assessed: {row.reason}")
    return shown


def _signed(points: Decimal) -> str:
    return f"{points:+.2f}" if points else "0"


def _is_common(population: tuple[PopulationOverlap, ...] | None) -> bool | None:
    """Say whether what the event takes is often lost in a population, as the PVS1 tree asks; None where nobody looked."""
    return None if population is None else any(one.frequency >= COMMON_FREQUENCY for one in population)


def _overlap(event: Event, gene: GenePlace, curated: Curated, is_common: bool | None) -> GeneOverlap:
    context = GeneContext(
        gene.symbol, curated.haploinsufficiency, curated.triplosensitivity, is_relevant=gene.is_relevant,
        exon_loss_is_common=is_common,
    )
    if gene.coding is not None and event.dosage is not None:
        try:
            exons = tuple(zip(gene.exon_starts, gene.exon_ends, strict=True))
            model = GeneModel(gene.transcript, gene.is_plus_strand, exons, gene.coding)
            found = gene_overlap(model, context, event.dosage, event.start, event.end)
        except InvalidInputError:  # a model that does not hold together, such as a coding end outside the exons
            found = None
        if found is not None:
            return found
    return GeneOverlap(gene.symbol, _relation(event, gene), curated.haploinsufficiency, curated.triplosensitivity)


def _relation(event: Event, gene: GenePlace) -> Relation:
    covers_low, covers_high = event.start <= gene.start, event.end >= gene.end
    if covers_low and covers_high:
        return Relation.COMPLETE
    if not covers_low and not covers_high:
        return Relation.INTRAGENIC
    return Relation.FIVE_PRIME if covers_low == gene.is_plus_strand else Relation.THREE_PRIME


def _region(
    event: Event, region: Curated, names: frozenset[str], coding: tuple[str, ...] | None, interrupts_gene: bool | None
) -> RegionOverlap:
    if (event.start, event.end) == (region.start, region.end):
        extent = Extent.IDENTICAL
    elif event.start <= region.start and event.end >= region.end:
        extent = Extent.CONTAINS
    elif event.start >= region.start and event.end <= region.end:
        extent = Extent.WITHIN
    else:
        extent = Extent.PARTIAL
    others = None if coding is None else tuple(one for one in coding if one not in names)
    return RegionOverlap(
        region.name, extent, region.haploinsufficiency, region.triplosensitivity, other_genes=others,
        genes_interrupted=interrupts_gene,
    )

