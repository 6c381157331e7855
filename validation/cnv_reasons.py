"""Why known pathogenic losses and gains are not called: what they touch that curation has judged.

The standard gives points without an expert for established genes and regions (section 2), for the number of genes (section 3) and
for common variation (4O). A variant that touches none of these stays uncertain by rule, whatever else is known of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.genomics.cnv.cells import GENE_COUNT_STEPS, CnvType
from services.genomics.cnv.record import CnvRecord, Dosage, GeneOverlap, RegionOverlap
from services.genomics.cnv.sheet import CnvClassification

_WEAK = (Dosage.EMERGING, Dosage.LITTLE)
_ORDER = (
    "an established gene in part", "an established region in part", "many genes, enough for 3B only",
    "an established gene, but for the other direction", "genes of recessive disease", "genes or regions with score 1 or 2",
    "nothing that is curated",
)


def reasons_of_misses(judged: Iterable[tuple[object, CnvRecord, CnvClassification]]) -> Iterator[str]:
    """Yield a line for each kind of variant and reason; the variants given are the pathogenic ones."""
    counted: Counter[tuple[CnvType, str]] = Counter()
    totals: Counter[CnvType] = Counter()
    for _, record, made in judged:
        totals[record.kind] += 1
        counted[record.kind, "called" if made.pathogenicity.tier == 1 else _reason(record)] += 1
    for kind in CnvType:
        for reason in ("called", *_ORDER):
            if counted[kind, reason]:
                label = reason if reason == "called" else f"missed, touch {reason}"
                yield f"pathogenic {kind}: {counted[kind, reason]:4} of {totals[kind]} {label}"


def _reason(record: CnvRecord) -> str:
    if any(_score(one, record.kind) is Dosage.ESTABLISHED for one in record.genes):
        return _ORDER[0]
    if any(_score(one, record.kind) is Dosage.ESTABLISHED for one in record.regions):
        return _ORDER[1]
    if len(set(record.protein_coding or ())) >= GENE_COUNT_STEPS[record.kind][0]:
        return _ORDER[2]
    if any(one.haploinsufficiency is Dosage.ESTABLISHED for one in record.genes):
        return _ORDER[3]
    if any(one.haploinsufficiency is Dosage.RECESSIVE for one in record.genes):
        return _ORDER[4]
    scores = [*(_score(one, record.kind) for one in record.genes), *(_score(one, record.kind) for one in record.regions)]
    is_weak = any(one in _WEAK for one in scores)
    return _ORDER[5] if is_weak else _ORDER[6]


def _score(one: GeneOverlap | RegionOverlap, kind: CnvType) -> Dosage:
    return one.haploinsufficiency if kind is CnvType.LOSS else one.triplosensitivity
