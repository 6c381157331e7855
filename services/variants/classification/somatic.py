"""Runs the AMP/ASCO/CAP rules on what was gathered: the tier of a somatic variant in a tumour type.

The evidence is what ships with the product, and the release of CIViC where one is installed. Beside the tier stands how likely
the variant is oncogenic; the tiers need it for evidence on any mutation of a gene. Each item that was looked at is a row of the
result, those that count first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.errors import InvalidInputError
from services.genomics.acmg.record import Effect, PopulationData
from services.genomics.amp.alterations import short_protein
from services.genomics.amp.curated import curated_evidence
from services.genomics.amp.evidence import EvidenceItem
from services.genomics.amp.tiers import AmpClassification, Judged, classify_amp
from services.genomics.amp.variant import PopulationFrequency, SomaticKind, SomaticVariant
from services.genomics.oncogenicity.engine import OncogenicAssessment, Oncogenicity, assess_oncogenicity
from services.genomics.oncogenicity.from_germline import oncogenic_record
from services.variants.classification.content import ClassificationContent, CriterionRow, EvidenceRow, Scheme
from services.variants.classification.gathering import Gathered
from services.variants.classification.judging import Context

NO_TIER = "No tier"
_KINDS = {
    Effect.MISSENSE: SomaticKind.MISSENSE, Effect.NONSENSE: SomaticKind.NONSENSE, Effect.FRAMESHIFT: SomaticKind.FRAMESHIFT,
    Effect.SPLICE_SITE: SomaticKind.SPLICE_SITE, Effect.START_LOST: SomaticKind.START_LOST,
    Effect.WHOLE_GENE_DELETION: SomaticKind.GENE_LOSS, Effect.SYNONYMOUS: SomaticKind.SILENT,
    Effect.INTRONIC: SomaticKind.SILENT, Effect.UNTRANSLATED: SomaticKind.SILENT,
}


_ONCOGENIC = {
    Oncogenicity.ONCOGENIC: True, Oncogenicity.LIKELY_ONCOGENIC: True, Oncogenicity.LIKELY_BENIGN: False,
    Oncogenicity.BENIGN: False,
}


def judge_somatic(
    gathered: Gathered, context: Context, *, is_germline: bool | None = None, installed: Sequence[EvidenceItem] = ()
) -> ClassificationContent:
    """Classify for the tumour type in `context.condition`; without one no variant is Tier I, and the result says so.

    :raise InvalidInputError: the gene is not known, so there is nothing that evidence could be about.
    """
    if not gathered.gene:
        raise InvalidInputError("the gene of this variant is not known: name it, annotate the table, or install gene models")
    variant = somatic_variant(gathered, is_germline=is_germline)
    judged = assess_oncogenicity(oncogenic_record(gathered.record, variant.kind))
    variant = replace(variant, is_oncogenic=_ONCOGENIC.get(judged.oncogenicity))
    called = classify_amp(variant, (*curated_evidence(), *installed), context.condition or None)
    tier = f"Tier {called.tier}" if called.tier is not None else NO_TIER
    details = (
        ("Meaning", called.summary),
        ("Oncogenicity", _oncogenicity(judged)),
        *((f"In {one.tumour}", f"Tier {one.tier}") for one in called.elsewhere),
    )
    return ClassificationContent(
        scheme=Scheme.AMP, classification=tier, details=details, conflicts=called.conflicts,
        criteria=tuple(_row(one) for one in called.judged),
        evidence=(*gathered.evidence, *_inputs(called, len(gathered.evidence))),
        rule_set=called.rules, rules_version=called.rules.partition("@")[2],
        data_versions=tuple(sorted({*gathered.record.data_versions, *called.data_versions})),
        condition=context.condition, phenotype_terms=context.phenotype_terms, description=context.description,
        hgvs=" ".join(one for one in (gathered.hgvs_coding, gathered.hgvs_protein) if one)[:500],
    )


def _oncogenicity(judged: OncogenicAssessment) -> str:
    met = ", ".join(f"{one.code} {one.points:+d}" for one in judged.results if one.points) or "no criterion met"
    return f"{judged.oncogenicity}, {judged.points} points ({met}; {judged.rules})"


def somatic_variant(gathered: Gathered, *, is_germline: bool | None = None) -> SomaticVariant:
    """Return the variant as the tiers ask for it."""
    record = gathered.record
    kind = _KINDS.get(record.effect, SomaticKind.OTHER) if gathered.effect_known else SomaticKind.OTHER
    if gathered.effect_known and record.effect is Effect.INFRAME_INDEL:
        kind = SomaticKind.INFRAME_INSERTION if gathered.is_longer else SomaticKind.INFRAME_DELETION
    return SomaticVariant(
        gathered.gene[:60], kind, short_protein(gathered.protein)[:300] if gathered.protein else "", gathered.exon,
        population=_population(record.populations), is_germline=is_germline, data_versions=record.data_versions,
    )


def _population(datasets: tuple[PopulationData, ...]) -> PopulationFrequency | None:
    known = [
        (one, frequency) for one in datasets if one.passed_filters for frequency in one.frequencies
        if not frequency.is_founder and frequency.allele_number
    ]
    if not known:
        return None
    dataset, highest = max(known, key=lambda pair: (pair[1].frequency, pair[1].population))
    return PopulationFrequency(f"{dataset.dataset} {dataset.version}", highest.population, highest.frequency)


def _row(one: Judged) -> CriterionRow:
    item = one.item
    what = ", ".join(item.therapies) or item.outcome
    return CriterionRow(
        code=item.id, title=f"{item.type}: {what}" if what else str(item.type), status="applied" if one.tier else "not applied",
        strength=f"level {item.level}", points=f"Tier {one.tier}" if one.tier else "", reason=one.reason,
        inputs=(("tumour type of the evidence", item.tumour), ("about", item.alteration.text), ("statement", item.statement)),
        source=item.source.citation,
    )


def _inputs(called: AmpClassification, count: int) -> tuple[EvidenceRow, ...]:
    return tuple(
        EvidenceRow(
            id=f"E{count + number}", topic="Used for the tier", name=name, value=None if value == "unknown" else value,
            note="not known" if value == "unknown" else "",
        )
        for number, (name, value) in enumerate(called.inputs, start=1)
    )
