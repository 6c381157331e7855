"""Copy number variants under ACMG/ClinGen 2020: from a place and a kind to the score sheet, with what it was filled from.

Genes, curated regions and population variants are looked up as the annotation of structural variants does; ClinVar is no evidence
here. Without gene models the protein-coding genes are not counted, and only the built-in genes are known by their extent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

import duckdb

from services.errors import InvalidInputError, UnavailableError
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.record import CnvRecord, Dosage
from services.genomics.cnv.sheet import CnvClassification, ExpertCell, SheetRow, classify_cnv
from services.genomics.genome import GenomeBuild
from services.knowledge.genes import genes_at
from services.knowledge.version import knowledge_version
from services.variants.classification.content import ClassificationContent, CriterionRow, EvidenceRow, ExpertEntry, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.packs import PackReader
from services.variants.classification.transcripts import Transcripts
from services.variants.identity import VariantIdentity
from services.variants.reference.model import Pack, PackKind
from services.variants.structural.dosage import Curated, DosageMap, dosage_of
from services.variants.structural.events import Event, SvKind
from services.variants.structural.genes import GenePlace
from services.variants.structural.population import PopulationMatch, matches, overlaps_for_score
from services.variants.structural.scores import record_of

_KINDS = {CnvType.LOSS: SvKind.DELETION, CnvType.GAIN: SvKind.DUPLICATION}
_SHOWN = 40
_CARRIER = "one copy lost makes a carrier, which gives no points here: look at the other copy"


@dataclass(frozen=True, slots=True)
class GatheredCopyNumber:
    """The record for the score sheet and the evidence to show. `genes` are those the variant overlaps."""

    record: CnvRecord
    evidence: tuple[EvidenceRow, ...]
    genes: tuple[str, ...]


class CopyNumberEvidence:
    """Looks up what a loss or gain overlaps. Safe for use from several threads."""

    def __init__(self, packs: PackReader, transcripts: Transcripts) -> None:
        self._packs = packs
        self._transcripts = transcripts

    def gather(self, identity: VariantIdentity, kind: CnvType) -> GatheredCopyNumber:
        """Collect the evidence for bases `position` to `end` of a chromosome.

        :raise InvalidInputError: the variant has no end, or ends before it begins.
        :raise UnavailableError: a pack cannot be read.
        """
        variant, end = identity.variant, identity.end
        if end is None or end < variant.position:
            raise InvalidInputError("a copy number variant has a first and a last base")
        build = variant.build
        event = Event(0, _KINDS[kind], variant.chromosome, variant.position, end, kind)
        places, models = self._genes(build, event.chrom, event.start, event.end)
        try:
            with self._packs.cursor() as connection:
                dosage_pack = self._packs.pack(PackKind.DOSAGE, build)
                dosage = dosage_of(dosage_pack, connection)
                population_pack = self._packs.pack(PackKind.POPULATION_SV, build)
                found = matches([event], population_pack, connection).get(0, []) if population_pack else None
        except duckdb.Error as problem:
            raise UnavailableError("a pack of reference data cannot be read: install it again") from problem
        regions = self._regions(build, event, dosage)
        ends = (event.start, event.end)
        cut = [one for one in places if one.is_coding and any(one.start <= place <= one.end for place in ends)]
        population = None if found is None else overlaps_for_score(found)
        record = record_of(
            event, places, regions, dosage, population, interrupts_gene=bool(cut) if models is not None else None
        )
        if record is None:
            raise InvalidInputError("only losses and gains are classified by this score sheet")
        packs = [one for one in (models, dosage_pack, population_pack) if one is not None]
        versions = (*((one.kind.label, one.stamp) for one in packs), ("Built-in knowledge", knowledge_version()))
        shown = [one for one, _ in regions]
        evidence = _evidence(event, build, places, models, dosage, dosage_pack, shown, found, population_pack)
        return GatheredCopyNumber(
            replace(record, data_versions=tuple(sorted(versions))), evidence, tuple(one.symbol for one in places)
        )

    def _genes(self, build: GenomeBuild, chrom: str, start: int, end: int) -> tuple[list[GenePlace], Pack | None]:
        placed = self._transcripts.over(build, chrom, start, end)
        if placed is None:
            return [
                GenePlace(one.symbol, chrom, place.start, place.end, place.strand == "+", None)
                for one in genes_at(str(build), chrom, start, end) for place in (one.places[build.value],)
            ], None
        found = []
        for one in placed:
            model = one.transcript.model
            exons = sorted(model.exons)
            found.append(GenePlace(
                one.gene, chrom, exons[0][0], exons[-1][1], model.is_plus_strand, True, model.accession,
                tuple(first for first, _ in exons), tuple(last for _, last in exons), model.coding,
                is_relevant=True if one.is_mane else None,
            ))
        return sorted(found, key=lambda one: one.start), self._packs.pack(PackKind.GENE_MODELS, build)

    def _regions(self, build: GenomeBuild, event: Event, dosage: DosageMap) -> list[tuple[Curated, frozenset[str]]]:
        over = [one for one in dosage.regions if one.chrom == event.chrom and one.start <= event.end and one.end >= event.start]
        return [
            (one, frozenset(gene.symbol for gene in self._genes(build, one.chrom, one.start, one.end)[0])) for one in over
        ]


def judge_cnv(evidence: GatheredCopyNumber, expert: Iterable[ExpertEntry], context: Context) -> ClassificationContent:
    """Fill the score sheet and classify. The same evidence and entries give the same content.

    :raise InvalidInputError: an entry has no note, no points, or points outside its cell.
    :raise NotFoundError: the sheet has no such cell.
    """
    entries = tuple(expert)
    called = classify_cnv(evidence.record, [_cell(one) for one in entries])
    return ClassificationContent(
        scheme=Scheme.CNV, classification=called.pathogenicity.value, points=_points(called.score),
        details=(("Kind", f"copy number {evidence.record.kind}"),), conflicts=called.warnings,
        criteria=tuple(_row(one, called) for one in called.rows), evidence=evidence.evidence, rule_set=called.rules,
        rules_version=called.rules.partition("@")[2], data_versions=called.data_versions, condition=context.condition,
        phenotype_terms=context.phenotype_terms, description=context.description, expert=entries,
    )


def _cell(entry: ExpertEntry) -> ExpertCell:
    try:
        points = Decimal(entry.points or "")
    except InvalidOperation as error:
        raise InvalidInputError(f"cell {entry.code}: points are a number with at most two decimals") from error
    return ExpertCell(entry.code, points, entry.note)


def _row(one: SheetRow, called: CnvClassification) -> CriterionRow:
    is_expert = one.status.name == "EXPERT"
    return CriterionRow(
        code=one.cell.id, title=one.cell.text, status=one.status.value, strength=None, points=_points(one.counted),
        reason=one.reason, source=called.source.citation, is_expert=is_expert, note=one.reason if is_expert else "",
    )


def _points(points: Decimal) -> str:
    return f"{points:.2f}"


def _carried(event: Event, places: list[GenePlace], dosage: DosageMap) -> list[str]:
    """Return the genes of recessive disease that a loss touches."""
    known = [dosage.genes[one.symbol] for one in places if one.symbol in dosage.genes]
    return [one.name for one in known if event.dosage is CnvType.LOSS and one.haploinsufficiency is Dosage.RECESSIVE]


def _evidence(
    event: Event, build: GenomeBuild, places: list[GenePlace], models: Pack | None, dosage: DosageMap, dosage_pack: Pack | None,
    regions: list[Curated], found: list[PopulationMatch] | None, population_pack: Pack | None,
) -> tuple[EvidenceRow, ...]:
    rows: list[tuple[str, str, str | None, Pack | None, str]] = []
    built_in = "" if models else f"no gene model pack is installed for {build}: only built-in genes, by their extent"
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    names = ", ".join(one.symbol for one in places[:_SHOWN]) + more
    rows.append(("Genes", "Length", f"{event.end - event.start + 1:,} bases", None, ""))
    rows.append(("Genes", "Genes overlapped", names or ("none" if models else None), models, built_in))
    count = None if models is None else f"{len(places):,}"
    rows.append(("Genes", "Protein-coding genes", count, models, built_in))
    why = "" if dosage_pack else f"no ClinGen dosage pack is installed for {build}: built-in genes only, no region"
    curated = [text for one in places if one.symbol in dosage.genes and (text := dosage.genes[one.symbol].text)]
    none = "none curated" if dosage_pack else None
    rows.append(("Dosage sensitivity", "Genes", "; ".join(curated) or none, dosage_pack, why))
    beside = "; ".join(one.beside(event.start, event.end) for one in regions)
    rows.append(("Dosage sensitivity", "Regions", beside or none, dosage_pack, why))
    carried = _carried(event, places, dosage)
    if carried:
        rows.append(("Dosage sensitivity", "Genes of recessive disease", ", ".join(carried), dosage_pack, _CARRIER))
    if found is None:
        note = f"no population structural variant pack is installed for {build}"
        rows.append(("Population", "Population variants", None, None, note))
    else:
        same = "; ".join(one.text for one in found[:3])
        rows.append(("Population", "Population variants", same or "none that is the same", population_pack, ""))
    return tuple(
        EvidenceRow(
            id=f"E{number}", topic=topic, name=name, value=value, source=pack.name if pack else "",
            version=pack.version if pack else "", note=note,
        )
        for number, (topic, name, value, pack, note) in enumerate(rows, start=1)
    )
