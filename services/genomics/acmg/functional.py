"""Functional studies (PS3, BS3): odds of pathogenicity of an assay, published or worked out from control variants.

Brnich 2020: strengths by the odds, a control misread taken for granted in a perfect set, at least 11 control variants for more
than supporting, basic controls alone supporting.
"""

from __future__ import annotations

from dataclasses import replace

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.observations import Functional, FunctionalBasis, Readout
from services.genomics.acmg.references import BRNICH_2020
from services.genomics.acmg.results import CriterionResult, Origin, met, not_assessable, not_met

_P, _M, _S, _VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG
LEAST_CONTROLS = 11
"""Control variants, pathogenic and benign together, from which on an assay may be more than supporting."""


def assess_functional(odds: float, *, assay: str, controls: int | None = None) -> CriterionResult:
    """Turn an assay's odds of pathogenicity into PS3 (above 2.1) or BS3 (below 0.48); between them it says nothing.

    With fewer than 11 `controls` it is supporting at most; None: the odds are published and were not counted here.
    """
    if not 0.0 < odds < 1e6:
        raise InvalidInputError("odds of pathogenicity are a positive number")
    few = controls is not None and controls < LEAST_CONTROLS
    inputs = {"assay": assay, "odds of pathogenicity": f"{odds:.3g}", "control variants": controls}
    text = f"{assay}: odds {odds:.3g}" + (f", at most supporting with {controls} control variants" if few else "")
    for bound, strength in ((350.0, _VS), (18.7, _S), (4.3, _M), (2.1, _P)):
        if odds > bound:
            return met(Criterion.PS3, _P if few else strength, text, inputs, BRNICH_2020, origin=Origin.EXPERT)
    for bound, strength in ((0.053, _S), (0.23, _M), (0.48, _P)):
        if odds < bound:
            return met(Criterion.BS3, _P if few else strength, text, inputs, BRNICH_2020, origin=Origin.EXPERT)
    return not_met(Criterion.PS3, f"{assay}: odds {odds:.3g} are indeterminate", inputs, BRNICH_2020, origin=Origin.EXPERT)


def odds_of_controls(pathogenic: tuple[int, int], benign: tuple[int, int], *, is_abnormal: bool) -> float:
    """Return the odds of pathogenicity of a readout from control variants, each given as (abnormal, normal) counts.

    Odds of pathogenic among the controls with this readout, over those among all controls. Where no control was misread, one is
    taken to be, so that a small perfect set is not infinitely sure (Brnich 2020).

    :raise InvalidInputError: there are no pathogenic, or no benign controls.
    """
    if not sum(pathogenic) or not sum(benign):
        raise InvalidInputError("odds need pathogenic and benign control variants")
    right, wrong = (pathogenic[0], benign[0]) if is_abnormal else (benign[1], pathogenic[1])
    ratio = max(right, 1) / max(wrong, 1)
    return (ratio if is_abnormal else 1 / ratio) * sum(benign) / sum(pathogenic)


def assess_assay(observed: Functional) -> CriterionResult:
    """Judge PS3 or BS3 by how an assay was validated; basic controls alone are supporting at most (Brnich 2020)."""
    assay, readout, basis = observed.assay.strip() or "assay", observed.readout, observed.basis
    inputs: dict[str, object] = {"assay": assay, "validated by": basis, "the variant is": readout}
    if basis is FunctionalBasis.ODDS:
        if not observed.odds:
            text = "the odds of pathogenicity were not entered"
            return not_assessable(Criterion.PS3, text, inputs, BRNICH_2020, origin=Origin.EXPERT)
        return assess_functional(observed.odds, assay=assay)
    is_abnormal = readout is Readout.ABNORMAL
    criterion = Criterion.BS3 if readout is Readout.NORMAL else Criterion.PS3
    if basis is FunctionalBasis.NONE:
        return not_met(criterion, f"{assay}: not used without controls and replicates", inputs, BRNICH_2020, origin=Origin.EXPERT)
    if readout is Readout.BETWEEN:
        return not_met(criterion, f"{assay}: the readout is not clear", inputs, BRNICH_2020, origin=Origin.EXPERT)
    if basis is FunctionalBasis.BASIC:
        return met(criterion, _P, f"{assay}: {readout}, no control variants", inputs, BRNICH_2020, origin=Origin.EXPERT)
    pathogenic = observed.pathogenic_abnormal, observed.pathogenic_normal
    benign = observed.benign_abnormal, observed.benign_normal
    if not sum(pathogenic) or not sum(benign):
        text = "pathogenic and benign control variants are both needed"
        return not_assessable(criterion, text, inputs, BRNICH_2020, origin=Origin.EXPERT)
    odds = odds_of_controls(pathogenic, benign, is_abnormal=is_abnormal)
    if (odds > 1.0) is not is_abnormal:
        text = f"{assay}: controls do not tell {readout} apart (odds {odds:.3g})"
        return not_met(criterion, text, inputs, BRNICH_2020, origin=Origin.EXPERT)
    judged = assess_functional(odds, assay=f"{assay} {readout}", controls=sum(pathogenic) + sum(benign))
    return replace(judged, criterion=criterion)
