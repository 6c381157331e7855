"""How a copy number variant lies to a gene model: end covered, coding sequence, last exon, reading frame.

Positions are genomic, 1-based and inclusive. For a variant within the gene the PVS1 tree is walked on what the transcript loses:

    * both breakpoints in introns: the exons between;
    * both breakpoints in exons: exactly the bases between, the two rests make one exon with its outer splice sites;
    * a loss with one breakpoint in an inner exon: that exon whole, for it lost a splice site and skipping is what the tree
      predicts for such a site;
    * all of the coding sequence: the whole gene.

A loss of one end of the coding sequence, and a gain that cuts one exon, leave the transcript open: the strength is not known. The
new stop is taken at the first coding base after the variant, the latest it can begin to form: near the end of a gene this
predicts escape from decay rather than decay.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.acmg.null_variant import decide
from services.genomics.acmg.record import Effect, GeneFacts, LossOfFunction, Mechanism, VariantRecord
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.record import Dosage, GeneOverlap, Relation


@dataclass(frozen=True, slots=True)
class GeneContext:
    """What is known of a gene beside its model; the fields go where `GeneOverlap` and the PVS1 tree ask for them."""

    symbol: str
    haploinsufficiency: Dosage = Dosage.NOT_CURATED
    triplosensitivity: Dosage = Dosage.NOT_CURATED
    is_relevant: bool | None = None
    region_is_critical: bool | None = None
    exon_loss_is_common: bool | None = None
    last_exon_has_pathogenic: bool | None = None
    in_tandem: bool | None = None
    phenotype_specific: bool | None = None


def gene_overlap(model: GeneModel, context: GeneContext, kind: CnvType, start: int, end: int) -> GeneOverlap | None:
    """Return how the variant from `start` to `end` lies to the gene, None where it does not touch it.

    Raises InvalidInputError for an end before the start.
    """
    if start > end or start < 1:
        raise InvalidInputError("a variant runs from its first to its last base, 1-based")
    first, last = min(model.exons)[0], max(one[1] for one in model.exons)
    if end < first or last < start:
        return None
    relation = _relation(model, start <= first, end >= last)
    hit = [exon for exon in model.exons if exon[0] <= end and start <= exon[1]]
    final = max(model.exons) if model.is_plus_strand else min(model.exons)
    strength, is_known = _walk(model, context, kind, start, end, hit) if relation is Relation.INTRAGENIC else (None, False)
    return GeneOverlap(
        context.symbol, relation, context.haploinsufficiency, context.triplosensitivity,
        coding_involved=_coding_bases(model, start, end) > 0, last_exon_only=hit == [final],
        last_exon_has_pathogenic=context.last_exon_has_pathogenic, pvs1=strength, pvs1_known=is_known,
        phenotype_specific=context.phenotype_specific,
    )


def _relation(model: GeneModel, covers_low: bool, covers_high: bool) -> Relation:
    if covers_low and covers_high:
        return Relation.COMPLETE
    if not covers_low and not covers_high:
        return Relation.INTRAGENIC
    return Relation.FIVE_PRIME if covers_low == model.is_plus_strand else Relation.THREE_PRIME


def _coding_bases(model: GeneModel, start: int, end: int) -> int:
    low, high = max(start, model.coding[0]), min(end, model.coding[1])
    return sum(max(0, min(last, high) - max(first, low) + 1) for first, last in model.exons)


def _walk(
    model: GeneModel, context: GeneContext, kind: CnvType, start: int, end: int, hit: list[tuple[int, int]]
) -> tuple[Strength | None, bool]:
    """Return the strength of PVS1 and whether the tree could be walked to its end."""
    if _coding_bases(model, start, end) == 0:
        return None, True
    if kind is CnvType.LOSS and start <= model.coding[0] and model.coding[1] <= end:
        return Strength.VERY_STRONG, True
    lost_stretch = _lost_stretch(model, kind, start, end, sorted(hit))
    if lost_stretch is None:
        return None, False
    start, end = lost_stretch
    if start <= model.coding[0] or end >= model.coding[1]:
        return None, False
    bases = _coding_bases(model, start, end)
    before = _coding_before(model, start, end)
    transcript = model.facts(is_relevant=context.is_relevant)
    keeps_frame = bases % 3 == 0
    lost = bases if keeps_frame else transcript.coding_length - before
    branch = decide(VariantRecord(
        Effect.EXON_DELETION if kind is CnvType.LOSS else Effect.EXON_DUPLICATION,
        GeneFacts(context.symbol, loss_of_function=Mechanism.ESTABLISHED),
        transcript=transcript,
        loss=LossOfFunction(
            stop_position=before + bases + 1, keeps_frame=keeps_frame, removed_fraction=lost / transcript.coding_length,
            region_is_critical=context.region_is_critical, exon_loss_is_common=context.exon_loss_is_common,
            in_tandem=context.in_tandem,
        ),
    ))
    return branch.strength, not branch.missing


def _lost_stretch(
    model: GeneModel, kind: CnvType, start: int, end: int, hit: list[tuple[int, int]]
) -> tuple[int, int] | None:
    """Return the stretch that the transcript loses or gets twice; None where its splicing cannot be told."""
    cuts_first, cuts_last = hit[0][0] < start, end < hit[-1][1]
    if cuts_first == cuts_last:
        return start, end
    cut = hit[0] if cuts_first else hit[-1]
    if kind is CnvType.GAIN or cut in (min(model.exons), max(model.exons)):
        return None
    return min(start, cut[0]), max(end, cut[1])


def _coding_before(model: GeneModel, start: int, end: int) -> int:
    """Return how many coding bases the transcript has before the variant."""
    if model.is_plus_strand:
        return _coding_bases(model, model.coding[0], start - 1)
    return _coding_bases(model, end + 1, model.coding[1])
