"""Criteria that need an expert: structured observations turned into strengths, and decisions that replace any judgement.

Points for de novo (PS2, PM6) and for variants in trans (PM3) follow the ClinGen recommendations: 0.5 supporting, 1 moderate,
2 strong, 4 very strong. Functional studies (PS3, BS3): odds of pathogenicity of Brnich 2020. Segregation (PP1): Jarvik 2016,
probability that it happened by chance. PS4: odds ratio above 5 with a confidence interval above 1 (Richards 2015).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.record import Inheritance, Significance
from services.genomics.acmg.references import BRNICH_2020, JARVIK_2016, RICHARDS_2015, SVI_DE_NOVO, SVI_IN_TRANS
from services.genomics.acmg.results import CriterionResult, Origin, Status, met, not_assessable, not_met

_P, _M, _S, _VS = Strength.SUPPORTING, Strength.MODERATE, Strength.STRONG, Strength.VERY_STRONG
_POINT_STEPS = ((Decimal(4), _VS), (Decimal(2), _S), (Decimal(1), _M), (Decimal("0.5"), _P))
_HOMOZYGOUS_LIMIT = Decimal(1)
_UNCERTAIN_LIMIT = Decimal("0.5")


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
    """Sum de novo cases: PS2 when any parentage is confirmed, else PM6; the points of all count together."""
    given = list(cases)
    points = sum((one.points for one in given), Decimal(0))
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


def assess_functional(odds: float, *, assay: str) -> CriterionResult:
    """Turn an assay's odds of pathogenicity into PS3 (above 2.1) or BS3 (below 0.48); between them it says nothing."""
    if not 0.0 < odds < 1e6:
        raise InvalidInputError("odds of pathogenicity are a positive number")
    inputs = {"assay": assay, "odds of pathogenicity": odds}
    for bound, strength in ((350.0, _VS), (18.7, _S), (4.3, _M), (2.1, _P)):
        if odds > bound:
            return met(Criterion.PS3, strength, f"{assay}: odds {odds:g}", inputs, BRNICH_2020, origin=Origin.EXPERT)
    for bound, strength in ((0.053, _S), (0.23, _M), (0.48, _P)):
        if odds < bound:
            return met(Criterion.BS3, strength, f"{assay}: odds {odds:g}", inputs, BRNICH_2020, origin=Origin.EXPERT)
    return not_met(Criterion.PS3, f"{assay}: odds {odds:g} are indeterminate", inputs, BRNICH_2020, origin=Origin.EXPERT)


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


def _by_points(criterion: Criterion, points: Decimal, inputs: dict[str, object], text: str) -> CriterionResult:
    source = SVI_IN_TRANS if criterion is Criterion.PM3 else SVI_DE_NOVO
    for least, strength in _POINT_STEPS:
        if points >= least:
            return met(criterion, strength, f"{points.normalize():f} points {text}", inputs, source, origin=Origin.EXPERT)
    return not_met(criterion, f"{points.normalize():f} points {text}, 0.5 needed", inputs, source, origin=Origin.EXPERT)


def _is_uncertain(one: InTransCase) -> bool:
    return one.phase is not Phase.HOMOZYGOUS and one.other is Significance.OTHER
