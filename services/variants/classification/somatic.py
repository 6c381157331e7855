"""Runs the AMP/ASCO/CAP rules on what was gathered: the tier of a somatic variant in a tumour type.

The evidence is what ships with the product, the release of CIViC where one is installed, and what a person adds; a person may
leave an item out. Beside the tier stands how likely the variant is oncogenic, with a person's points where there are any; the
tiers need it for evidence on any mutation of a gene. Each item that was looked at is a row of the result, those that count first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.errors import InvalidInputError
from services.genomics.acmg.record import Effect, PopulationData
from services.genomics.amp.alterations import Alteration, Scope, short_protein
from services.genomics.amp.curated import curated_evidence
from services.genomics.amp.evidence import EvidenceItem
from services.genomics.amp.tiers import AmpClassification, Judged, classify_amp
from services.genomics.amp.variant import PopulationFrequency, SomaticKind, SomaticVariant
from services.genomics.oncogenicity.criteria import Code, CodeResult, CodeStatus
from services.genomics.oncogenicity.engine import OncogenicAssessment, OncogenicDecision, Oncogenicity, assess_oncogenicity
from services.genomics.oncogenicity.from_germline import oncogenic_record
from services.knowledge.sources import Source
from services.variants.classification.content import (
    ClassificationContent,
    CriterionRow,
    EvidenceRow,
    ExcludedEvidence,
    ExpertEntry,
    Judgement,
    OncogenicityContent,
    OwnEvidence,
    Scheme,
)
from services.variants.classification.gathering import Gathered
from services.variants.classification.judging import Context

NO_TIER = "No tier"
OWN_DATASET = "entered by an expert"
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


@dataclass(frozen=True, slots=True)
class SomaticChoices:
    """What a person changes: points of criteria of oncogenicity, items of evidence added or left out."""

    expert: tuple[ExpertEntry, ...] = ()
    own: tuple[OwnEvidence, ...] = ()
    excluded: tuple[ExcludedEvidence, ...] = ()
    is_germline: bool | None = None
    """Whether the variant was also found in normal tissue."""


def judge_somatic(
    gathered: Gathered, context: Context, choices: SomaticChoices, installed: Sequence[EvidenceItem] = ()
) -> ClassificationContent:
    """Classify for the tumour type in `context.condition`; without one no variant is Tier I, and the result says so.

    :raise InvalidInputError: the gene is not known, so there is nothing that evidence could be about; or a choice cannot be.
    """
    if not gathered.gene:
        raise InvalidInputError("the gene of this variant is not known: name it, annotate the table, or install gene models")
    variant = somatic_variant(gathered, is_germline=choices.is_germline)
    record = oncogenic_record(gathered.record, variant.kind)
    decisions = [_decision(one) for one in choices.expert]
    judged = assess_oncogenicity(record, decisions)
    variant = replace(variant, is_oncogenic=_ONCOGENIC.get(judged.oncogenicity))
    own = [_own_item(number, one, gathered.gene) for number, one in enumerate(choices.own, start=1)]
    excluded = {one.id: one.reason for one in choices.excluded}
    called = classify_amp(variant, (*curated_evidence(), *installed, *own), context.condition or None, excluded)
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
        expert=choices.expert, own_evidence=choices.own, excluded_evidence=choices.excluded,
        oncogenicity=_sheet(judged, assess_oncogenicity(record) if decisions else judged, choices.expert),
    )


def _decision(entry: ExpertEntry) -> OncogenicDecision:
    if entry.code not in Code.__members__:
        raise InvalidInputError(f"{entry.code!r} is no criterion of oncogenicity")
    if entry.status not in (CodeStatus.MET, CodeStatus.NOT_MET) or entry.observed is not None:
        raise InvalidInputError(f"{entry.code}: an expert says met or not met, with points")
    points = None
    if entry.points:
        if not re.fullmatch(r"-?[0-9]", entry.points):
            raise InvalidInputError(f"{entry.code}: points are 1, 2, 4 or 8, down with a minus")
        points = int(entry.points)
    return OncogenicDecision(Code[entry.code], entry.status == CodeStatus.MET, entry.note, points)


def _own_item(number: int, one: OwnEvidence, gene: str) -> EvidenceItem:
    what = ", ".join(one.therapies) or one.outcome
    return EvidenceItem(
        f"own {number}", gene, Alteration("this variant", Scope.VARIANT), one.type, one.level, one.tumour,
        one.note or f"{one.type}: {what}", Source(citation=one.source), OWN_DATASET, therapies=one.therapies, outcome=one.outcome,
        origin="somatic",
    )


def _sheet(judged: OncogenicAssessment, alone: OncogenicAssessment, entries: Iterable[ExpertEntry]) -> OncogenicityContent:
    notes = {one.code: one.note.strip() for one in entries}
    return OncogenicityContent(
        classification=judged.oncogenicity.value, points=judged.points, rule_set=judged.rules, conflicts=judged.conflicts,
        criteria=tuple(_criterion(one, alone.result(one.code), notes.get(one.code.value, "")) for one in judged.results),
    )


def _criterion(one: CodeResult, before: CodeResult, note: str) -> CriterionRow:
    return CriterionRow(
        code=one.code.value, title=one.code.meaning, status=one.status.value, strength=None,
        points=f"{one.points:+d}" if one.points else "", reason=before.reason, inputs=before.inputs,
        source=one.source.citation, is_expert=one.by_expert, note=note,
        automatic=Judgement(
            status=before.status.value, strength=f"{before.points:+d} points" if before.points else None, reason=before.reason
        ) if one.by_expert else None,
    )  # fmt: skip


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
    status = "excluded" if one.is_excluded else "applied" if one.tier else "not applied"
    return CriterionRow(
        code=item.id, title=f"{item.type}: {what}" if what else str(item.type), status=status,
        strength=f"level {item.level}", points=f"Tier {one.tier}" if one.tier else "", reason=one.reason,
        inputs=(("tumour type of the evidence", item.tumour), ("about", item.alteration.text), ("statement", item.statement)),
        source=item.source.citation, is_expert=item.dataset == OWN_DATASET or one.is_excluded,
        note=one.reason if one.is_excluded else item.statement if item.dataset == OWN_DATASET else "",
    )  # fmt: skip


def _inputs(called: AmpClassification, count: int) -> tuple[EvidenceRow, ...]:
    return tuple(
        EvidenceRow(
            id=f"E{count + number}", topic="Used for the tier", name=name, value=None if value == "unknown" else value,
            note="not known" if value == "unknown" else "",
        )
        for number, (name, value) in enumerate(called.inputs, start=1)
    )
