"""Criteria from the kind of change and the gene's tolerance: PM4, BP3, PP2 and BP1."""

from __future__ import annotations

from services.genomics.acmg.computational import SPLICE_HARMLESS
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.record import Effect, VariantRecord
from services.genomics.acmg.references import RICHARDS_2015, WALKER_2023
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import Specification

MISSENSE_Z = 3.09
"""Z score of missense constraint above which a gene tolerates little missense variation (p = 0.001, one-sided)."""


def assess_pm4(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge a changed length: stop lost or in-frame outside repeats; a single residue is supporting."""
    inputs = {"effect": record.effect, "in repeat": record.in_repeat, "residues": record.residues_changed}
    if record.effect is Effect.STOP_LOST:
        return met(Criterion.PM4, rules.strength(Criterion.PM4), "the stop codon is lost", inputs, RICHARDS_2015)
    if record.effect is not Effect.INFRAME_INDEL:
        return not_met(Criterion.PM4, f"{record.effect} does not change the length in frame", inputs, RICHARDS_2015)
    if record.in_repeat is None:
        return not_assessable(Criterion.PM4, "whether the residues lie in a repeat is not known", inputs, RICHARDS_2015)
    if record.in_repeat:
        return not_met(Criterion.PM4, "in a repeat", inputs, RICHARDS_2015)
    if record.residues_changed == 1:
        return met(Criterion.PM4, Strength.SUPPORTING, "one residue added or removed outside repeats", inputs, RICHARDS_2015)
    return met(Criterion.PM4, rules.strength(Criterion.PM4), "length changed in frame outside repeats", inputs, RICHARDS_2015)


def assess_bp3(record: VariantRecord, rules: Specification) -> CriterionResult:
    inputs = {"effect": record.effect, "in repeat": record.in_repeat, "repeat has function": record.repeat_has_function}
    if record.effect is not Effect.INFRAME_INDEL:
        return not_met(Criterion.BP3, f"{record.effect} is not an in-frame deletion or insertion", inputs, RICHARDS_2015)
    if record.in_repeat is None or (record.in_repeat and record.repeat_has_function is None):
        return not_assessable(Criterion.BP3, "repeat, or its function, not known", inputs, RICHARDS_2015)
    if record.in_repeat and not record.repeat_has_function:
        return met(Criterion.BP3, rules.strength(Criterion.BP3), "in a repeat without known function", inputs, RICHARDS_2015)
    return not_met(Criterion.BP3, "not in a repeat, or in one with a function", inputs, RICHARDS_2015)


def assess_pp2(record: VariantRecord, rules: Specification) -> CriterionResult:
    gene = record.gene
    rare = gene.benign_missense_is_rare
    constrained = gene.missense_z >= MISSENSE_Z if gene.missense_z is not None else rare
    common = gene.missense_is_common_mechanism
    inputs = {"missense z": gene.missense_z, "benign missense rare": rare, "missense a mechanism": common}
    if record.effect is not Effect.MISSENSE:
        return not_met(Criterion.PP2, f"{record.effect} is not missense", inputs, RICHARDS_2015)
    if constrained is None or common is None:
        return not_assessable(Criterion.PP2, "constraint or mechanism of the gene is not known", inputs, RICHARDS_2015)
    if constrained and common and rare is not False:
        text = f"missense is a common mechanism in {gene.symbol}, which tolerates little missense variation"
        return met(Criterion.PP2, rules.strength(Criterion.PP2), text, inputs, RICHARDS_2015)
    return not_met(Criterion.PP2, f"{gene.symbol} tolerates missense, or it is no common mechanism", inputs, RICHARDS_2015)


def assess_bp1(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge missense where only truncation causes disease; not where the change may truncate through splicing."""
    only, delta = record.gene.only_truncation_causes_disease, record.splice_delta
    inputs = {"effect": record.effect, "only truncation": only, "splice delta": delta}
    if record.effect is not Effect.MISSENSE:
        return not_met(Criterion.BP1, f"{record.effect} is not missense", inputs, RICHARDS_2015)
    if delta is not None and delta > SPLICE_HARMLESS:
        return not_met(Criterion.BP1, f"SpliceAI {delta:g} does not exclude an effect on splicing", inputs, WALKER_2023)
    if record.gene.only_truncation_causes_disease is None:
        return not_assessable(Criterion.BP1, "the gene's mechanism of disease is not known", inputs, RICHARDS_2015)
    if record.gene.only_truncation_causes_disease:
        text = f"missense in {record.gene.symbol}, where primarily truncation causes disease"
        return met(Criterion.BP1, rules.strength(Criterion.BP1), text, inputs, RICHARDS_2015)
    return not_met(Criterion.BP1, "missense variants of the gene cause disease too", inputs, RICHARDS_2015)
