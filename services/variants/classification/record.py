"""From what was found to the record the rules judge. `None` stays None; why it is None is a gap with words to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.genomics.acmg.record import (
    NULL_EFFECTS,
    Effect,
    LossOfFunction,
    Prediction,
    SourceAssertion,
    Transcript,
    VariantRecord,
)
from services.knowledge.version import knowledge_version
from services.variants.classification.changes import Change
from services.variants.classification.evidence import evidence_of
from services.variants.classification.frequencies import population_data
from services.variants.classification.gaps import Gap
from services.variants.classification.gathering import Gathered, Known
from services.variants.classification.neighbours import hotspot_of, neighbours_of, significance_of
from services.variants.classification.row_facts import effect_of
from services.variants.classification.transcripts import Placed
from services.variants.reference.model import Pack, PackKind

_NO_PACK = "no {what} pack is installed for {build}"


def gathered(known: Known, *, with_evidence: bool = True) -> Gathered:
    """Turn what was found for a variant into its record, the evidence to show (none where only the class is asked), the gaps."""
    effect, change = effect_and_change(known)
    placed = known.placed if effect is not None else None
    gaps = _gaps(known, effect)
    row, clinvar, coding = known.question.row, known.row_of(PackKind.CLINVAR), known.hgvs_coding
    record = VariantRecord(
        effect=effect or Effect.OTHER,
        gene=known.gene.facts,
        chromosome=known.question.site.chrom,
        hgvs_coding=coding[:500],
        populations=_populations(known),
        transcript=_transcript(placed, known),
        loss=_loss(effect, change, known),
        neighbours=_neighbours(known, change),
        neighbours_from=_stamp(known, PackKind.CLINVAR),
        hotspot=_hotspot(known, change),
        predictions=_predictions(known),
        splice_delta=_score(known, PackKind.SPLICEAI, row.splice_delta, at_most=1.0),
        intron_distance=change.intron_distance if change else None,
        at_exon_edge=change.at_exon_edge if change else None,
        in_repeat=change.in_repeat if change else None,
        residues_changed=change.residues_changed if change else None,
        assertion=SourceAssertion("ClinVar", significance_of(str(clinvar["significance"]))) if clinvar else None,
        data_versions=_versions(known),
    )
    return Gathered(
        record, evidence_of(known, effect, gaps) if with_evidence else (), gaps, known.gene.symbol,
        known.placed.accession if known.placed else row.transcript, coding, row.hgvs_protein,
        effect_known=effect is not None, protein=_protein(known, change), exon=_exon(known),
        is_longer=len(known.question.site.alt) > len(known.question.site.ref),
    )


def effect_and_change(known: Known) -> tuple[Effect | None, Change | None]:
    """Return what the variant does, and the worked-out change where it agrees with that.

    The table's annotation decides where it is for the same transcript; else what the gene models say; else ClinVar's term.
    """
    change, row = known.change, known.question.row
    told = row.effect
    if told is not None and (change is None or known.placed is None or _same(row.transcript, known.placed.accession)):
        return told, change if change is not None and change.effect is told else None
    if change is not None:
        return change.effect, change
    clinvar = known.row_of(PackKind.CLINVAR)
    term = str(clinvar["molecular_consequence"] or "") if clinvar else ""
    return told or effect_of(term), None


def _protein(known: Known, change: Change | None) -> str:
    """Return the change as the row writes it, else the worked-out one where single residues say all of it."""
    told = known.question.row.hgvs_protein
    if told or change is None or change.residue is None:
        return told
    simple = change.effect in (Effect.MISSENSE, Effect.NONSENSE)
    return f"{change.before}{change.residue}{change.after}" if simple else ""


def _exon(known: Known) -> int | None:
    return known.placed.transcript.exon_of(known.question.site.pos) if known.placed is not None else None


def _same(one: str, other: str) -> bool:
    return not one or one.split(".")[0] == other.split(".")[0]


def _transcript(placed: Placed | None, known: Known) -> Transcript | None:
    if placed is None:
        return None
    row = known.question.row
    if row.effect is not None and known.change is None and not _same(row.transcript, placed.accession):
        return None
    return placed.transcript.model.facts(is_relevant=True if placed.is_mane else None)


def _loss(effect: Effect | None, change: Change | None, known: Known) -> LossOfFunction:
    if effect not in NULL_EFFECTS:
        return LossOfFunction()
    stop = change.stop if change else None
    protein = known.question.row.protein
    if stop is None and protein is not None and protein.stop_codon is not None:
        stop = protein.stop_codon * 3 - 2
    begin, shift = (change.changed_from, change.shift) if change else (None, None)
    if effect is Effect.FRAMESHIFT and change is None:
        begin, shift = _shift_without_sequence(known)
    return LossOfFunction(
        stop_position=stop, keeps_frame=change.keeps_frame if change else None,
        removed_fraction=change.removed_fraction if change else None,
        changed_from=begin, shift=shift, lost_exons=change.lost_exons if change else None,
        at_donor=change.at_donor if change else None, exon_loss_is_common=known.loss.exon_loss_is_common,
        region_is_critical=known.loss.region_is_critical,
        alternative_start=known.loss.alternative_start, pathogenic_before_next_start=known.loss.pathogenic_before_next_start,
    )


def _shift_without_sequence(known: Known) -> tuple[int | None, int | None]:
    """Return where a frameshift begins, from its place alone: all that gene models say without the reference sequence."""
    if known.placed is None:
        return None, None
    site, model = known.question.site, known.placed.transcript.model
    length = len(site.alt) - len(site.ref)
    shared = next((n for n, (one, other) in enumerate(zip(site.ref, site.alt, strict=False)) if one != other),
                  min(len(site.ref), len(site.alt)))
    first, last = site.pos + shared, max(site.pos + shared, site.pos + len(site.ref) - 1)
    begin = model.coding_position(first if model.is_plus_strand else last)
    return (begin, length % 3) if begin is not None and begin > 0 and length % 3 else (None, None)


def _populations(known: Known) -> tuple[Any, ...]:
    found = known.found[PackKind.FREQUENCIES]
    return () if found is None else (population_data(known.row_of(PackKind.FREQUENCIES), found.pack, known.covered),)


def _comparable(known: Known, change: Change | None) -> bool:
    return (
        change is not None and change.effect is Effect.MISSENSE and change.residue is not None and known.placed is not None
        and known.placed.transcript.coding is not None and known.found[PackKind.CLINVAR] is not None
    )


def _neighbours(known: Known, change: Change | None) -> Any:
    clinvar = known.found[PackKind.CLINVAR]
    if not _comparable(known, change) or change is None or known.placed is None or clinvar is None:
        return None
    return neighbours_of(known.question.site, change, known.placed.transcript, clinvar)


def _hotspot(known: Known, change: Change | None) -> Any:
    clinvar = known.found[PackKind.CLINVAR]
    if not _comparable(known, change) or change is None or known.placed is None or clinvar is None:
        return None
    return hotspot_of(known.question.site, change, known.placed.transcript, clinvar)


def _predictions(known: Known) -> tuple[Prediction, ...]:
    revel = _score(known, PackKind.REVEL, known.question.row.revel, at_most=1.0)
    if revel is None:
        return ()
    return (Prediction("REVEL", revel, _stamp(known, PackKind.REVEL) or "from the table"),)


def _score(known: Known, kind: PackKind, in_row: float | None, *, at_most: float) -> float | None:
    """Return the pack's score; the table's where the pack is not installed or does not have the variant."""
    found = known.found[kind]
    rows = [] if found is None else [
        row for row in found.at(known.question.site.chrom, known.question.site.pos)
        if row["ref"] == known.question.site.ref and row["alt"] == known.question.site.alt and row["score"] is not None
    ]
    accession = known.placed.accession.split(".")[0] if known.placed else ""
    own = [row for row in rows if accession and str(row["transcript"] or "").split(".")[0] == accession]
    score = max((float(row["score"]) for row in own or rows), default=in_row)
    return score if score is not None and 0.0 <= score <= at_most else None


def _gaps(known: Known, effect: Effect | None) -> Mapping[Gap, str]:
    build, row = known.build, known.question.row
    gaps: dict[Gap, str] = {}
    for gap, kind, what in (
        (Gap.FREQUENCIES, PackKind.FREQUENCIES, "population frequency"), (Gap.CLINVAR, PackKind.CLINVAR, "ClinVar"),
        (Gap.REVEL, PackKind.REVEL, "REVEL"), (Gap.SPLICEAI, PackKind.SPLICEAI, "SpliceAI"),
    ):
        if known.found[kind] is None:
            gaps[gap] = _NO_PACK.format(what=what, build=build)
    if effect is not Effect.MISSENSE or row.revel is not None:
        gaps.pop(Gap.REVEL, None)
    elif known.found[PackKind.REVEL] is not None and known.row_of(PackKind.REVEL) is None:
        gaps[Gap.REVEL] = "the REVEL pack has no score for this change"
    if row.splice_delta is not None:
        gaps.pop(Gap.SPLICEAI, None)
    elif known.found[PackKind.SPLICEAI] is not None and known.row_of(PackKind.SPLICEAI) is None:
        gaps[Gap.SPLICEAI] = "the SpliceAI pack has no score for this change"
    if not known.has_models:
        gaps[Gap.GENE_MODELS] = _NO_PACK.format(what="gene model", build=build)
    if not known.has_sequence:
        gaps[Gap.SEQUENCE] = _NO_PACK.format(what="reference sequence", build=build)
    if known.gene.constraint_pack is None:
        gaps[Gap.CONSTRAINT] = "no gene constraint pack is installed"
    if known.gene.inheritance_note:
        gaps[Gap.INHERITANCE] = known.gene.inheritance_note
    if known.gene.mechanism_note:
        gaps[Gap.MECHANISM] = known.gene.mechanism_note
    if effect is None:
        gaps[Gap.CONSEQUENCE] = (
            "nobody knows what the variant does to a transcript: annotate its table, or install gene models and the reference "
            "sequence"
        )
    return gaps


def _versions(known: Known) -> tuple[tuple[str, str], ...]:
    used: list[tuple[str, str]] = [
        (kind.label, found.pack.stamp) for kind, found in known.found.items() if found is not None
    ]
    packs: list[Pack] = [one for one in (known.gene.constraint_pack, known.placed.pack if known.placed else None) if one]
    used += [(pack.kind.label, pack.stamp) for pack in packs]
    row = known.question.row
    if row.consequence:
        used.append(("Annotation of the table", f"{row.origin}: {', '.join(known.question.stamps)}".rstrip(": ")))
    used.append(("Built-in knowledge", knowledge_version()))
    return tuple(sorted(used))


def _stamp(known: Known, kind: PackKind) -> str:
    found = known.found[kind]
    return "" if found is None else found.pack.stamp
