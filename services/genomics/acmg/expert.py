"""Criteria that need an expert: structured observations turned into strengths, and decisions that replace any judgement.

Points for de novo (PS2, PM6) and for variants in trans (PM3) follow the ClinGen recommendations: 0.5 supporting, 1 moderate,
2 strong, 4 very strong. Segregation (PP1): Jarvik 2016, probability that it happened by chance. PS4: odds ratio above 5 with a
confidence interval above 1, or several unrelated probands of a very rare variant (Richards 2015). Functional studies are judged
in `functional`. `assess_observation` is the way in for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from itertools import repeat

from services.errors import InvalidInputError
from services.genomics.acmg import observations as seen
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.functional import assess_assay
from services.genomics.acmg.record import Inheritance, Significance
from services.genomics.acmg.references import JARVIK_2016, RICHARDS_2015, SVI_DE_NOVO, SVI_IN_TRANS
from services.genomics.acmg.results import CriterionResult, Origin, Status, met, not_assessable, not_met
from services.knowledge.sources import Source

_P, _M, _S, _VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG
_POINT_STEPS = ((Decimal(4), _VS), (Decimal(2), _S), (Decimal(1), _M), (Decimal("0.5"), _P))
_HOMOZYGOUS_LIMIT = Decimal(1)
_UNCERTAIN_LIMIT = Decimal("0.5")
_HETEROGENEOUS_LIMIT = Decimal(1)
SUPPORTING_PROBANDS, MODERATE_PROBANDS = 2, 6
"""How many are "several" is not said in 2015; these are the counts of the first panel, for MYH7 (Kelly 2018, Genet Med)."""


class PhenotypeFit(StrEnum):
    """How well the phenotype of a de novo case fits the gene."""

    HIGHLY_SPECIFIC = "highly specific for the gene"
    CONSISTENT = "consistent, not highly specific"
    HETEROGENEOUS = "consistent, high genetic heterogeneity"
    INCONSISTENT = "not consistent"


_DE_NOVO = {
    PhenotypeFit.HIGHLY_SPECIFIC: Decimal(2), PhenotypeFit.CONSISTENT: Decimal(1),
    PhenotypeFit.HETEROGENEOUS: Decimal("0.5"), PhenotypeFit.INCONSISTENT: Decimal(0),
}


@dataclass(frozen=True, slots=True)
class DeNovoCase:
    """One de novo observation; assumed parentage counts half of confirmed."""

    fit: PhenotypeFit
    parents_confirmed: bool

    @property
    def points(self) -> Decimal:
        return _DE_NOVO[self.fit] if self.parents_confirmed else _DE_NOVO[self.fit] / 2


class Phase(StrEnum):
    IN_TRANS = "in trans, confirmed"
    UNKNOWN = "phase unknown"
    HOMOZYGOUS = "homozygous"


@dataclass(frozen=True, slots=True)
class InTransCase:
    """One proband with a recessive disease; `other` classifies the second variant (the variant itself when homozygous)."""

    phase: Phase
    other: Significance

    @property
    def points(self) -> Decimal:
        if self.phase is Phase.HOMOZYGOUS:
            return Decimal("0.5")
        confirmed = self.phase is Phase.IN_TRANS
        if self.other is Significance.PATHOGENIC:
            return Decimal(1) if confirmed else Decimal("0.5")
        if self.other is Significance.LIKELY_PATHOGENIC:
            return Decimal(1) if confirmed else Decimal("0.25")
        return Decimal("0.25") if confirmed and self.other is Significance.OTHER else Decimal(0)


@dataclass(frozen=True, slots=True)
class ExpertDecision:
    """An expert's word on one criterion; it replaces what the engine says. `note` is kept as the reason."""

    criterion: Criterion
    status: Status
    strength: Strength | None
    note: str

    def result(self) -> CriterionResult:
        if not self.note.strip() or len(self.note) > 5_000:
            raise InvalidInputError(f"{self.criterion}: a decision needs a note of at most 5,000 characters")
        return CriterionResult(
            self.criterion, self.status, self.strength, self.note.strip(), (), RICHARDS_2015, origin=Origin.EXPERT
        )


def assess_de_novo(cases: Iterable[DeNovoCase]) -> CriterionResult:
    """Sum de novo cases: PS2 when any parentage is confirmed, else PM6; the points of all count together.

    Cases of a disease that many genes cause count at most 1 point together.
    """
    given = list(cases)
    many_genes = sum((one.points for one in given if one.fit is PhenotypeFit.HETEROGENEOUS), Decimal(0))
    others = sum((one.points for one in given if one.fit is not PhenotypeFit.HETEROGENEOUS), Decimal(0))
    points = others + min(many_genes, _HETEROGENEOUS_LIMIT)
    criterion = Criterion.PS2 if any(one.parents_confirmed and one.points for one in given) else Criterion.PM6
    return _by_points(criterion, points, {"cases": len(given), "points": points}, "de novo")


def assess_in_trans(cases: Iterable[InTransCase], inheritance: Inheritance, *, is_rare: bool | None) -> CriterionResult:
    """Sum observations in trans (PM3). Homozygotes count at most 1 point, variants of uncertain significance at most 0.5.

    Only for recessive diseases and only for a variant rare enough for PM2; `is_rare` None is not assessable.
    """
    given = list(cases)
    homozygous = sum((one.points for one in given if one.phase is Phase.HOMOZYGOUS), Decimal(0))
    uncertain = sum((one.points for one in given if _is_uncertain(one)), Decimal(0))
    certain = sum((one.points for one in given if one.phase is not Phase.HOMOZYGOUS and not _is_uncertain(one)), Decimal(0))
    points = certain + min(homozygous, _HOMOZYGOUS_LIMIT) + min(uncertain, _UNCERTAIN_LIMIT)
    inputs = {"cases": len(given), "points": points, "inheritance": inheritance, "rare": is_rare}
    if inheritance is not Inheritance.RECESSIVE:
        return not_met(Criterion.PM3, "only for recessive diseases", inputs, SVI_IN_TRANS, origin=Origin.EXPERT)
    if is_rare is None:
        return not_assessable(Criterion.PM3, "rarity is not known", inputs, SVI_IN_TRANS, origin=Origin.EXPERT)
    if not is_rare:
        return not_met(Criterion.PM3, "too common: partners in trans may be chance", inputs, SVI_IN_TRANS, origin=Origin.EXPERT)
    return _by_points(Criterion.PM3, points, inputs, "in trans")


def assess_segregation(meioses: int, *, families: int) -> CriterionResult:
    """Judge cosegregation (PP1) by N = (1/2)^meioses: at most 1/8, 1/16, 1/32 in one family, 1/4, 1/8, 1/16 in more."""
    if meioses < 0 or families < 0 or (meioses > 0) != (families > 0):
        raise InvalidInputError("informative meioses are counted in at least one family")
    inputs = {"informative meioses": meioses, "families": families}
    least = 2 if families > 1 else 3
    for more, strength in ((2, _S), (1, _M), (0, _P)):
        if meioses >= least + more:
            return met(
                Criterion.PP1, strength, f"{meioses} informative meioses in {families} families", inputs, JARVIK_2016,
                origin=Origin.EXPERT,
            )
    return not_met(Criterion.PP1, f"{meioses} meioses could be chance", inputs, JARVIK_2016, origin=Origin.EXPERT)


def assess_case_control(odds_ratio: float, *, lower: float, upper: float) -> CriterionResult:
    """Judge enrichment in cases (PS4): odds ratio above 5 whose 95 % confidence interval lies above 1."""
    if not 0.0 <= lower <= odds_ratio <= upper:
        raise InvalidInputError("the odds ratio lies within its confidence interval")
    inputs = {"odds ratio": odds_ratio, "95 % interval": f"{lower:g} to {upper:g}"}
    text = f"odds ratio {odds_ratio:g} ({lower:g} to {upper:g})"
    if odds_ratio > 5.0 and lower > 1.0:
        return met(Criterion.PS4, _S, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    return not_met(Criterion.PS4, f"{text}: above 5, interval above 1 needed", inputs, RICHARDS_2015, origin=Origin.EXPERT)


def odds_ratio(cases: tuple[int, int], controls: tuple[int, int]) -> tuple[float, float, float]:
    """Return odds ratio and 95 % interval of (with, without) counts: Woolf's method, 0.5 added to each count if one is 0.

    :raise InvalidInputError: there are no cases, or no controls.
    """
    if not sum(cases) or not sum(controls):
        raise InvalidInputError("an odds ratio needs cases and controls")
    added = 0.5 if 0 in (*cases, *controls) else 0.0
    a, b, c, d = (one + added for one in (*cases, *controls))
    ratio, spread = a * d / (b * c), 1.96 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return ratio, ratio * math.exp(-spread), ratio * math.exp(spread)


def assess_probands(count: int, *, is_rare: bool | None) -> CriterionResult:
    """Judge PS4 of a variant too rare to compare: unrelated probands with the same phenotype, 2 supporting, 6 moderate, no more.

    Richards 2015 lets several probands of a variant absent from controls count as moderate.
    """
    inputs = {"unrelated probands": count, "rare": is_rare}
    if is_rare is None:
        return _open(Criterion.PS4, "rarity is not known", inputs, RICHARDS_2015)
    if not is_rare:
        text = "too common to count probands: compare cases with controls"
        return not_met(Criterion.PS4, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    text = f"{count} unrelated probands, the variant is rare"
    if count >= SUPPORTING_PROBANDS:
        strength = _M if count >= MODERATE_PROBANDS else _P
        return met(Criterion.PS4, strength, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    return not_met(Criterion.PS4, f"{text}: {SUPPORTING_PROBANDS} needed", inputs, RICHARDS_2015, origin=Origin.EXPERT)


def assess_cases(observed: seen.Cases, *, is_rare: bool | None) -> CriterionResult:
    """Judge PS4 by counted carriers, a published odds ratio, or probands."""
    if observed.basis is seen.CasesBasis.PROBANDS:
        return assess_probands(observed.probands, is_rare=is_rare if observed.rare is None else observed.rare)
    if observed.basis is seen.CasesBasis.RATIO:
        ratio, lower, upper = observed.odds_ratio, observed.lower, observed.upper
        if ratio is None or lower is None or upper is None:
            text = "odds ratio and both ends of its 95 % interval are needed"
            return _open(Criterion.PS4, text, {"odds ratio": ratio, "lower": lower, "upper": upper}, RICHARDS_2015)
        return assess_case_control(ratio, lower=lower, upper=upper)
    cases, controls = (observed.cases_with, observed.cases_without), (observed.controls_with, observed.controls_without)
    shown = {"cases with and without": "{} / {}".format(*cases), "controls with and without": "{} / {}".format(*controls)}
    if not sum(cases) or not sum(controls):
        return _open(Criterion.PS4, "cases and controls were not counted", shown, RICHARDS_2015)
    ratio, lower, upper = (float(f"{one:.3g}") for one in odds_ratio(cases, controls))
    judged = assess_case_control(ratio, lower=min(lower, ratio), upper=max(upper, ratio))
    return replace(judged, inputs=(*shown.items(), *judged.inputs))


def assess_phenotype(*, is_specific: bool | None, has_single_cause: bool | None, note: str) -> CriterionResult:
    """Judge PP4: the phenotype or family history is highly specific for a disease with a single genetic cause."""
    inputs = {"phenotype specific": is_specific, "single genetic cause": has_single_cause, "phenotype": note}
    if is_specific is False or has_single_cause is False:
        why = "not specific for the disease" if is_specific is False else "the disease has several genetic causes"
        return not_met(Criterion.PP4, why, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    if is_specific is None or has_single_cause is None:
        return not_assessable(
            Criterion.PP4, "specificity, or the number of genetic causes, is not known", inputs, RICHARDS_2015,
            origin=Origin.EXPERT,
        )
    return met(Criterion.PP4, _P, f"highly specific: {note}", inputs, RICHARDS_2015, origin=Origin.EXPERT)


def assess_lack_of_segregation(affected_without: int, *, phenocopies_excluded: bool | None) -> CriterionResult:
    """Judge BS4: affected relatives without the variant, where phenocopies and other causes are excluded."""
    if affected_without < 0:
        raise InvalidInputError("relatives are counted from zero")
    inputs = {"affected relatives without the variant": affected_without, "phenocopies excluded": phenocopies_excluded}
    if affected_without == 0:
        return not_met(Criterion.BS4, "no affected relative without the variant", inputs, RICHARDS_2015, origin=Origin.EXPERT)
    if not phenocopies_excluded:
        text = "phenocopies or a second cause in the family are not excluded"
        return not_assessable(Criterion.BS4, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    text = f"{affected_without} affected relatives without the variant"
    return met(Criterion.BS4, _S, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)


def assess_other_variant(*, in_cis: bool, inheritance: Inheritance, fully_penetrant: bool | None) -> CriterionResult:
    """Judge BP2 beside a pathogenic variant of the gene: in cis in any, in trans in a fully penetrant dominant disease."""
    inputs = {"in cis": in_cis, "inheritance": inheritance, "fully penetrant": fully_penetrant}
    if in_cis:
        text = "in cis with a pathogenic variant"
        return met(Criterion.BP2, _P, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    if inheritance is Inheritance.UNKNOWN or (inheritance is Inheritance.DOMINANT and fully_penetrant is None):
        return not_assessable(
            Criterion.BP2, "inheritance or penetrance is not known", inputs, RICHARDS_2015, origin=Origin.EXPERT
        )
    if inheritance is Inheritance.DOMINANT and fully_penetrant:
        text = "in trans with a pathogenic variant in a fully penetrant dominant disease"
        return met(Criterion.BP2, _P, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)
    text = "in trans counts in a fully penetrant dominant disease only"
    return not_met(Criterion.BP2, text, inputs, RICHARDS_2015, origin=Origin.EXPERT)


def assess_other_cause(*, explains_all: bool | None, note: str) -> CriterionResult:
    """Judge BP5: another genetic cause explains the whole disease of the patient."""
    inputs = {"explains the whole disease": explains_all, "other cause": note}
    if explains_all is None:
        return not_assessable(
            Criterion.BP5, "whether the other cause explains all is not known", inputs, RICHARDS_2015, origin=Origin.EXPERT
        )
    if explains_all:
        return met(Criterion.BP5, _P, f"another cause explains the disease: {note}", inputs, RICHARDS_2015, origin=Origin.EXPERT)
    return not_met(Criterion.BP5, "the other cause explains part of it only", inputs, RICHARDS_2015, origin=Origin.EXPERT)


def assess_observation(observed: seen.AnyObservation, known: seen.Circumstances) -> CriterionResult:
    """Turn what was observed into a criterion with its strength by the published rule; the numbers alone decide.

    Of two criteria that share a form (PS2 and PM6, PS3 and BS3) the observation decides which is judged. An observation in which
    nothing was counted is not assessable.

    :raise InvalidInputError: the numbers contradict each other.
    """
    if observed == type(observed)():
        criterion = next(one for one, form in seen.FORMS.items() if isinstance(observed, form))
        return _open(criterion, "needs an expert: nothing was counted", {}, RICHARDS_2015)
    match observed:
        case seen.DeNovo():
            return assess_de_novo(_de_novo_cases(observed))
        case seen.InTrans():
            inheritance = _inheritance(observed.recessive, Inheritance.RECESSIVE, known)
            return assess_in_trans(
                _in_trans_cases(observed), inheritance, is_rare=known.is_rare if observed.rare is None else observed.rare
            )
        case seen.Functional():
            return assess_assay(observed)
        case seen.Segregation():
            return assess_segregation(observed.meioses, families=observed.families)
        case seen.LackOfSegregation():
            return assess_lack_of_segregation(observed.affected_without, phenocopies_excluded=observed.phenocopies_excluded)
        case seen.Cases():
            return assess_cases(observed, is_rare=known.is_rare)
        case seen.Phenotype():
            words = observed.phenotype.strip() or "no phenotype was written"
            return assess_phenotype(is_specific=observed.specific, has_single_cause=observed.single_cause, note=words)
        case seen.OtherVariant():
            if observed.in_cis is None:
                return _open(Criterion.BP2, "whether it is in cis or in trans is not known", {}, RICHARDS_2015)
            inheritance = _inheritance(observed.dominant, Inheritance.DOMINANT, known)
            return assess_other_variant(
                in_cis=observed.in_cis, inheritance=inheritance, fully_penetrant=observed.fully_penetrant
            )
        case seen.OtherCause():
            return assess_other_cause(explains_all=observed.explains_all, note=observed.cause.strip() or "not named")


def _inheritance(stated: bool | None, wanted: Inheritance, known: seen.Circumstances) -> Inheritance:
    """Return the inheritance to judge by: what the gene says unless an expert stated whether it is the one that is asked for."""
    if stated is None:
        return known.inheritance
    other = Inheritance.RECESSIVE if wanted is Inheritance.DOMINANT else Inheritance.DOMINANT
    return wanted if stated else other


def _de_novo_cases(observed: seen.DeNovo) -> Iterable[DeNovoCase]:
    fits = (
        (PhenotypeFit.HIGHLY_SPECIFIC, observed.specific_confirmed, observed.specific_assumed),
        (PhenotypeFit.CONSISTENT, observed.consistent_confirmed, observed.consistent_assumed),
        (PhenotypeFit.HETEROGENEOUS, observed.heterogeneous_confirmed, observed.heterogeneous_assumed),
    )
    for fit, confirmed, assumed in fits:
        yield from repeat(DeNovoCase(fit, parents_confirmed=True), confirmed)
        yield from repeat(DeNovoCase(fit, parents_confirmed=False), assumed)


def _in_trans_cases(observed: seen.InTrans) -> Iterable[InTransCase]:
    yield from repeat(InTransCase(Phase.IN_TRANS, Significance.PATHOGENIC), observed.confirmed_pathogenic)
    yield from repeat(InTransCase(Phase.IN_TRANS, Significance.OTHER), observed.confirmed_uncertain)
    yield from repeat(InTransCase(Phase.UNKNOWN, Significance.PATHOGENIC), observed.unknown_pathogenic)
    yield from repeat(InTransCase(Phase.UNKNOWN, Significance.LIKELY_PATHOGENIC), observed.unknown_likely_pathogenic)
    yield from repeat(InTransCase(Phase.HOMOZYGOUS, Significance.OTHER), observed.homozygous)


def _open(criterion: Criterion, text: str, inputs: Mapping[str, object], source: Source) -> CriterionResult:
    return not_assessable(criterion, text, inputs, source, origin=Origin.EXPERT)


def _by_points(criterion: Criterion, points: Decimal, inputs: dict[str, object], text: str) -> CriterionResult:
    source = SVI_IN_TRANS if criterion is Criterion.PM3 else SVI_DE_NOVO
    for least, strength in _POINT_STEPS:
        if points >= least:
            return met(criterion, strength, f"{points.normalize():f} points {text}", inputs, source, origin=Origin.EXPERT)
    return not_met(criterion, f"{points.normalize():f} points {text}, 0.5 needed", inputs, source, origin=Origin.EXPERT)


def _is_uncertain(one: InTransCase) -> bool:
    return one.phase is not Phase.HOMOZYGOUS and one.other is Significance.OTHER
