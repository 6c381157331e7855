"""Predictions: PP3, BP4 and BP7.

Missense: one calibrated predictor, the rule set's, never several (intervals with strengths: Pejaver 2022, Table 2; AlphaMissense:
Bergquist 2025). Effects on splicing: SpliceAI from 0.2 on supports PP3, up to 0.1 supports BP4 (Walker 2023); what lies between
says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.record import NULL_EFFECTS, Effect, Prediction, VariantRecord
from services.genomics.acmg.references import BERGQUIST_2025, PEJAVER_2022, WALKER_2023
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import Specification
from services.knowledge.sources import Source

SPLICE_DAMAGING, SPLICE_HARMLESS = 0.2, 0.1
DONOR_DISTANCE, ACCEPTOR_DISTANCE = 7, -21
"""An intronic change is far from splicing from +7 and before -21 on (Walker 2023, BP7)."""

_P, _M, _S, _VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG


@dataclass(frozen=True, slots=True)
class Calibration:
    """Intervals of one predictor: a score at or above (damaging) or at or below (harmless) a bound has the strength."""

    predictor: str
    damaging: tuple[tuple[float, Strength], ...]
    harmless: tuple[tuple[float, Strength], ...]
    source: Source = PEJAVER_2022

    def strength(self, score: float) -> tuple[Criterion, Strength] | None:
        """Return PP3 or BP4 with its strength, None between the intervals."""
        for bound, strength in self.damaging:
            if score >= bound:
                return Criterion.PP3, strength
        for bound, strength in self.harmless:
            if score <= bound:
                return Criterion.BP4, strength
        return None


CALIBRATIONS = {
    one.predictor.lower(): one for one in (
        Calibration("REVEL", ((0.932, _S), (0.773, _M), (0.644, _P)), ((0.003, _VS), (0.016, _S), (0.183, _M), (0.290, _P))),
        Calibration("BayesDel", ((0.50, _S), (0.27, _M), (0.13, _P)), ((-0.36, _M), (-0.18, _P))),
        Calibration("VEST4", ((0.965, _S), (0.861, _M), (0.764, _P)), ((0.302, _M), (0.449, _P))),
        Calibration("MutPred2", ((0.932, _S), (0.829, _M), (0.737, _P)), ((0.010, _S), (0.197, _M), (0.391, _P))),
        Calibration("CADD", ((28.1, _M), (25.3, _P)), ((0.15, _S), (17.3, _M), (22.7, _P))),
        Calibration("AlphaMissense", ((0.990, _S), (0.906, _M), (0.792, _P)), ((0.099, _M), (0.169, _P)), BERGQUIST_2025),
    )
}


def assess_pp3(record: VariantRecord, rules: Specification) -> CriterionResult:
    if record.effect in NULL_EFFECTS:
        return not_met(Criterion.PP3, "a null variant is judged by PVS1", {"effect": record.effect}, PEJAVER_2022)
    chosen, called = _called(record, rules)
    inputs = _inputs(record, chosen)
    splice = record.splice_delta is not None and record.splice_delta >= SPLICE_DAMAGING
    if called is not None and called[0] is Criterion.PP3 and chosen is not None:
        text = f"{chosen.predictor} {chosen.score:g} lies in the {called[1]} interval of damage"
        return met(Criterion.PP3, called[1], text, inputs, CALIBRATIONS[rules.predictor.lower()].source)
    if splice:
        return met(Criterion.PP3, _P, f"SpliceAI {record.splice_delta:g} predicts an effect on splicing", inputs, WALKER_2023)
    if chosen is None and record.splice_delta is None:
        return not_assessable(Criterion.PP3, _missing(record, rules), inputs, PEJAVER_2022)
    return not_met(Criterion.PP3, "no prediction of damage", inputs, PEJAVER_2022)


def assess_bp4(record: VariantRecord, rules: Specification) -> CriterionResult:
    if record.effect in NULL_EFFECTS:
        return not_met(Criterion.BP4, "a null variant is judged by PVS1", {"effect": record.effect}, PEJAVER_2022)
    chosen, called = _called(record, rules)
    inputs = _inputs(record, chosen)
    delta = record.splice_delta
    if delta is not None and delta > SPLICE_HARMLESS:
        return not_met(Criterion.BP4, f"SpliceAI {delta:g} does not exclude an effect on splicing", inputs, WALKER_2023)
    if record.effect is Effect.MISSENSE:
        if chosen is None:
            return not_assessable(Criterion.BP4, _missing(record, rules), inputs, PEJAVER_2022)
        if called is not None and called[0] is Criterion.BP4:
            text = f"{chosen.predictor} {chosen.score:g} lies in the {called[1]} interval of no effect"
            return met(Criterion.BP4, called[1], text, inputs, CALIBRATIONS[rules.predictor.lower()].source)
        return not_met(Criterion.BP4, f"{chosen.predictor} {chosen.score:g} does not exclude an effect", inputs, PEJAVER_2022)
    if delta is None:
        return not_assessable(Criterion.BP4, "no prediction of splicing", inputs, WALKER_2023)
    if record.effect in (Effect.SYNONYMOUS, Effect.SPLICE_REGION, Effect.INTRONIC, Effect.UNTRANSLATED):
        return met(Criterion.BP4, _P, f"SpliceAI {delta:g} predicts no effect on splicing", inputs, WALKER_2023)
    return not_assessable(Criterion.BP4, f"no calibrated predictor for {record.effect}", inputs, PEJAVER_2022)


def assess_bp7(record: VariantRecord, rules: Specification) -> CriterionResult:
    """Judge a silent or deep intronic change; without a prediction of splicing it is never met."""
    distance, delta = record.intron_distance, record.splice_delta
    inputs = {"effect": record.effect, "intron distance": distance, "at exon edge": record.at_exon_edge, "splice delta": delta}
    if record.effect not in (Effect.SYNONYMOUS, Effect.INTRONIC):
        return not_met(Criterion.BP7, f"{record.effect} is neither silent nor deep intronic", inputs, WALKER_2023)
    if delta is None:
        return not_assessable(Criterion.BP7, "no prediction of splicing", inputs, WALKER_2023)
    if delta > SPLICE_HARMLESS:
        return not_met(Criterion.BP7, f"SpliceAI {delta:g} does not exclude an effect on splicing", inputs, WALKER_2023)
    if record.effect is Effect.SYNONYMOUS and record.at_exon_edge is not False:
        if record.at_exon_edge is None:
            return not_assessable(Criterion.BP7, "distance to the exon's edges not known", inputs, WALKER_2023)
        return not_met(Criterion.BP7, "at the edge of its exon, where a silent change may disturb splicing", inputs, WALKER_2023)
    if record.effect is Effect.INTRONIC:
        if distance is None:
            return not_assessable(Criterion.BP7, "distance to the exon not known", inputs, WALKER_2023)
        if not (distance >= DONOR_DISTANCE or distance <= ACCEPTOR_DISTANCE):
            return not_met(Criterion.BP7, "too near to the exon", inputs, WALKER_2023)
    return met(Criterion.BP7, rules.strength(Criterion.BP7), f"{record.effect}, SpliceAI {delta:g}", inputs, WALKER_2023)


def _called(record: VariantRecord, rules: Specification) -> tuple[Prediction | None, tuple[Criterion, Strength] | None]:
    """Return the one score that may be used and what it says; only missense changes are calibrated."""
    if rules.predictor.lower() not in CALIBRATIONS:
        raise InvalidInputError(f"{rules.name} names {rules.predictor}, for which there is no calibration")
    if record.effect is not Effect.MISSENSE:
        return None, None
    wanted = rules.predictor.lower()
    chosen = next((one for one in record.predictions if one.predictor.lower() == wanted), None)
    return chosen, CALIBRATIONS[wanted].strength(chosen.score) if chosen is not None else None


def _missing(record: VariantRecord, rules: Specification) -> str:
    return f"no {rules.predictor} score" if record.effect is Effect.MISSENSE else "no prediction of splicing"


def _inputs(record: VariantRecord, chosen: Prediction | None) -> dict[str, object]:
    score = f"{chosen.predictor} {chosen.score:g} {chosen.version}".strip() if chosen is not None else None
    return {"effect": record.effect, "predictor": score, "splice delta": record.splice_delta}
