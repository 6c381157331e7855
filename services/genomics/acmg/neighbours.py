"""Criteria from other variants at the residue and from its surroundings: PS1, PM5 and PM1.

PS1 may also compare variants with the same predicted effect on splicing (Walker 2023, Table 2). That asks whether both
predictions mean the same event, which a single score does not say: it is left to the expert, and the reason says so.

A classified variant counts from two stars of review on; one star lowers the strength by one step, none does not count. The
variant itself never counts for itself.
"""

from __future__ import annotations

from services.genomics.acmg.computational import SPLICE_DAMAGING
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.record import Effect, Neighbour, Significance, VariantRecord
from services.genomics.acmg.references import PEJAVER_2022, RICHARDS_2015, WALKER_2023
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import Specification

HOTSPOT_PATHOGENIC = 4
"""Classified pathogenic missense variants around a residue that make a hot spot, without any benign one."""
_STEPS = (Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG)
_MISSENSE = frozenset({Effect.MISSENSE})
_SPLICING = frozenset({Effect.SPLICE_SITE, Effect.SPLICE_REGION})


def assess_ps1(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge another nucleotide change with the same change of the protein, neither of which may act through splicing."""
    if record.effect in _SPLICING or (record.effect is Effect.SYNONYMOUS and (record.splice_delta or 0.0) >= SPLICE_DAMAGING):
        text = "variants with the same effect on splicing were not compared: an expert may enter one (Walker 2023, Table 2)"
        return not_assessable(Criterion.PS1, text, {"effect": record.effect, "splice delta": record.splice_delta}, WALKER_2023)
    refused = _no_neighbours(Criterion.PS1, record)
    if refused is not None:
        return refused
    same = [one for one in _others(record) if one.same_protein_change and not one.alters_splicing]
    return _strongest(Criterion.PS1, same, record, rules, "same amino acid change as")


def assess_pm5(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge other missense changes at the residue; two pathogenic ones weigh one step more."""
    refused = _no_neighbours(Criterion.PM5, record)
    if refused is not None:
        return refused
    others = [one for one in _others(record) if not one.same_protein_change and not one.alters_splicing]
    return _strongest(Criterion.PM5, others, record, rules, "another missense change at the residue of")


def assess_pm1(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge a curated critical domain (default strength) or a hot spot by counts (supporting)."""
    spot = record.hotspot
    if record.effect not in (Effect.MISSENSE, Effect.INFRAME_INDEL):
        return not_met(Criterion.PM1, f"{record.effect} is not judged by domain", {"effect": record.effect}, RICHARDS_2015)
    if spot is None:
        return not_assessable(Criterion.PM1, "no facts about domain or hot spot", {"hot spot": None}, RICHARDS_2015)
    inputs = {"region": spot.name, "pathogenic": spot.pathogenic, "benign": spot.benign, "window": spot.window}
    if spot.benign:
        return not_met(Criterion.PM1, f"{spot.benign} benign missense variants in {spot.name}", inputs, RICHARDS_2015)
    if spot.is_curated:
        return met(Criterion.PM1, rules.strength(Criterion.PM1), f"in {spot.name}, curated as critical", inputs, RICHARDS_2015)
    if spot.pathogenic is None or spot.benign is None:
        return not_assessable(Criterion.PM1, "variants around the residue were not counted", inputs, RICHARDS_2015)
    if spot.pathogenic >= HOTSPOT_PATHOGENIC:
        text = f"{spot.pathogenic} pathogenic and no benign missense variants within {spot.window} residues"
        return met(Criterion.PM1, Strength.SUPPORTING, text, inputs, PEJAVER_2022)
    return not_met(Criterion.PM1, f"{spot.pathogenic} pathogenic nearby, {HOTSPOT_PATHOGENIC} needed", inputs, RICHARDS_2015)


def _others(record: VariantRecord) -> list[Neighbour]:
    return [one for one in record.neighbours or () if not one.same_nucleotide_change]


def _no_neighbours(criterion: Criterion, record: VariantRecord) -> CriterionResult | None:
    if record.effect not in _MISSENSE:
        return not_met(criterion, f"{record.effect} is not missense", {"effect": record.effect}, RICHARDS_2015)
    if record.neighbours is None:
        return not_assessable(criterion, "variants at the residue were not looked up", {"neighbours": None}, RICHARDS_2015)
    if record.splice_delta is not None and record.splice_delta >= SPLICE_DAMAGING:
        inputs = {"splice delta": record.splice_delta}
        return not_assessable(criterion, "the change may act through splicing, not the amino acid", inputs, RICHARDS_2015)
    return None


def _strongest(
    criterion: Criterion, found: list[Neighbour], record: VariantRecord, rules: Specification, text: str
) -> CriterionResult:
    weights = sorted(((_weight(one), one) for one in found), key=lambda pair: (pair[0], pair[1].name), reverse=True)
    counted = [(weight, one) for weight, one in weights if weight > 0]
    named = ", ".join(f"{one.name} ({one.significance}, {one.stars} stars)" for _, one in counted)
    inputs = {"counted": named or "none", "looked up in": record.neighbours_from or None}
    if not counted:
        return not_met(criterion, "no reviewed pathogenic variant to compare with", inputs, RICHARDS_2015)
    full = _STEPS.index(rules.strength(criterion))
    step = full + counted[0][0] - 2
    if criterion is Criterion.PM5 and sum(weight == 2 for weight, _ in counted) >= 2:
        step += 1
    reason = f"{text} {counted[0][1].name} ({counted[0][1].significance})"
    return met(criterion, _STEPS[max(0, min(step, len(_STEPS) - 1))], reason, inputs, RICHARDS_2015)


def _weight(one: Neighbour) -> int:
    """2 for pathogenic with two stars, 1 for one step less, 0 for what does not count."""
    if one.significance not in (Significance.PATHOGENIC, Significance.LIKELY_PATHOGENIC) or one.stars < 1:
        return 0
    return max(0, 2 - (one.stars < 2) - (one.significance is Significance.LIKELY_PATHOGENIC))
