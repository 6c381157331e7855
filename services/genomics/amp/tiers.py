"""The tier of a somatic variant: AMP/ASCO/CAP 2017, from evidence and the patient's tumour type.

Rules (Li 2017), in the order they are asked:
    * Evidence counts when it is about the variant (`matching`) and its source supports it. Level A makes I-A, B I-B, C II-C and
      D II-D where it was gathered in the patient's tumour type or a broader one that includes it.
    * Evidence on therapy from a different tumour type makes II-C from levels A and B, II-D from C and D. Diagnostic and
      prognostic evidence does not carry over. A narrower type, or one whose name is not listed, is treated as different, and
      the tier it would be is stated.
    * Without a tumour type no variant is Tier I: the variant has the tier it has in every tumour type (from evidence on
      therapy), and where it would be higher is listed. Only evidence that does not carry over: no tier is assigned.
    * A variant with a frequency of 1 % or more in a general population is IV, unless evidence of level A or B in the tumour
      type, or recurrence in tumours, contradicts it; the contradiction is flagged.
    * Everything else is III. Recurrence in tumours alone is not clinical significance.
A variant has one tier: the best its evidence gives. Every item keeps its own level, direction and reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.amp.evidence import LI_2017, EvidenceItem, EvidenceType, Level
from services.genomics.amp.matching import Fit, Match, match
from services.genomics.amp.variant import SomaticVariant
from services.knowledge.sources import Source
from services.knowledge.tumour_types import MAX_NAME_LENGTH, Kinship, kinship, tumour_type

AMP_RULES = "amp-asco-cap@2017"
COMMON_FREQUENCY = 0.01
RECURRENT_SAMPLES = 10
"""Tumours with the same change from which on a change counts as recurrent, as in the hot spots of Horak 2022."""


class Tier(StrEnum):
    I_A = "I-A"
    I_B = "I-B"
    II_C = "II-C"
    II_D = "II-D"
    III = "III"
    IV = "IV"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return list(Tier).index(self)


_STRONG, _POTENTIAL = "strong clinical significance", "potential clinical significance"
_MEANINGS = {
    Tier.I_A: f"{_STRONG}, level A", Tier.I_B: f"{_STRONG}, level B", Tier.II_C: f"{_POTENTIAL}, level C",
    Tier.II_D: f"{_POTENTIAL}, level D", Tier.III: "unknown clinical significance", Tier.IV: "benign or likely benign",
}
_IN_TYPE = {Level.A: Tier.I_A, Level.B: Tier.I_B, Level.C: Tier.II_C, Level.D: Tier.II_D}
_ELSEWHERE = {Level.A: Tier.II_C, Level.B: Tier.II_C, Level.C: Tier.II_D, Level.D: Tier.II_D}
_HERE = (Kinship.SAME, Kinship.BROADER)


@dataclass(frozen=True, slots=True)
class Judged:
    """One item judged for this patient. `tier` is None where it does not count; `reason` says why in either case.

    `is_excluded`: an expert does not count it; it is shown, and nothing rests on it.
    """

    item: EvidenceItem
    match: Match
    kinship: Kinship | None
    """None: no tumour type was given."""
    tier: Tier | None
    reason: str
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A tumour type other than the patient's in which the variant would have this tier, with the items that make it."""

    tumour: str
    tier: Tier
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AmpClassification:
    """A tier with everything behind it. `tier` None: not assigned, `summary` says what is missing."""

    tier: Tier | None
    tumour: str | None
    summary: str
    judged: tuple[Judged, ...]
    """Every item about the gene that was looked at, those that count first, strongest first."""
    elsewhere: tuple[Elsewhere, ...]
    conflicts: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    data_versions: tuple[tuple[str, str], ...]
    rules: str = AMP_RULES
    source: Source = LI_2017

    @property
    def counted(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.tier is not None)


def classify_amp(
    variant: SomaticVariant, evidence: Iterable[EvidenceItem], tumour: str | None = None,
    excluded: Mapping[str, str] | None = None,
) -> AmpClassification:
    """Return the tier of a variant in a tumour type.

    `evidence` may hold items of other genes and changes; they are left aside. The result does not depend on their order.
    `excluded` are ids of items that an expert does not count, each with the reason; one that is not among the evidence about the
    variant is told as a conflict. Raises InvalidInputError for a tumour type of more than 200 characters, and for an exclusion
    without a reason.
    """
    if tumour is not None and len(tumour) > MAX_NAME_LENGTH:
        raise InvalidInputError(f"the name of a tumour type has at most {MAX_NAME_LENGTH} characters")
    named = (tumour or "").strip() or None
    # a fusion is listed under each of its genes: one item, whichever gene it is found by
    listed = sorted((one for one in evidence if one.gene.upper() in variant.genes), key=lambda one: one.gene)
    about = {(one.dataset, one.id): one for one in listed}
    found = [one for one in (_judge(item, variant, named) for item in about.values()) if one is not None]
    left_out = excluded or {}
    judged = sorted(_without(found, left_out), key=_rank)
    used = [one for one in judged if not one.is_excluded]
    best = min((one.tier for one in used if one.tier is not None), key=lambda tier: tier.rank, default=None)
    elsewhere = _elsewhere(used, named)
    tier, summary = _decide(variant, best, named, elsewhere)
    return AmpClassification(
        tier, named, summary, tuple(judged), elsewhere, (*_conflicts(variant, used, named), *_gone(judged, left_out)),
        _inputs(variant, named),
        (*variant.data_versions, *(("evidence", name) for name in sorted({one.item.dataset for one in judged}))),
    )


def _judge(item: EvidenceItem, variant: SomaticVariant, tumour: str | None) -> Judged | None:
    found = match(item, variant)
    if found.fit is Fit.NONE:
        return None
    kin = _kin(item, tumour) if tumour is not None else None
    if not found.applies:
        return Judged(item, found, kin, None, f"not counted: {found.reason}")
    if not item.supports:
        return Judged(item, found, kin, None, "not counted: the source does not support the association")
    level = f"level {item.level}, {item.level.meaning}"
    if kin in _HERE:
        return Judged(item, found, kin, _IN_TYPE[item.level], f"{level}, in {item.tumour}: {kin}")
    where = "no tumour type is given" if kin is None else f"{item.tumour} is {kin}"
    if not item.type.is_therapeutic:
        return Judged(item, found, kin, None, f"not counted: {item.type} evidence holds in its tumour type only; {where}")
    return Judged(item, found, kin, _ELSEWHERE[item.level], f"{level}, in {item.tumour}; {where}, so at most Tier II")


def _without(judged: Iterable[Judged], excluded: Mapping[str, str]) -> list[Judged]:
    """Set aside what an expert does not count."""
    if any(not reason.strip() for reason in excluded.values()):
        raise InvalidInputError("leaving an item of evidence out needs a reason")
    return [
        replace(one, tier=None, reason=f"excluded by an expert: {excluded[one.item.id].strip()}", is_excluded=True)
        if one.item.id in excluded else one
        for one in judged
    ]


def _gone(judged: Iterable[Judged], excluded: Mapping[str, str]) -> list[str]:
    missing = sorted(set(excluded) - {one.item.id for one in judged})
    return [f"{name[:100]}, left out by an expert, is not among the evidence about the variant any more" for name in missing]


def _kin(item: EvidenceItem, tumour: str) -> Kinship:
    found = kinship(item.tumour, tumour)
    if found is Kinship.BROADER and any(kinship(one, tumour) in _HERE for one in item.excluded):
        return Kinship.DIFFERENT
    return found


def _rank(one: Judged) -> tuple[int, int, int, str, int, str, str]:
    tier = one.tier.rank if one.tier is not None else len(Tier)
    kind = list(EvidenceType).index(one.item.type)
    return tier, kind, one.match.fit is not Fit.EXACT, one.item.level, -(one.item.rating or 0), one.item.dataset, one.item.id


def _elsewhere(judged: Iterable[Judged], tumour: str | None) -> tuple[Elsewhere, ...]:
    """List where the items that apply would make a higher tier than here, strongest first."""
    found: dict[str, list[EvidenceItem]] = {}
    for one in judged:
        if one.match.applies and one.item.supports and (tumour is None or one.kinship not in _HERE):
            listed = tumour_type(one.item.tumour)
            found.setdefault(listed.name if listed else one.item.tumour, []).append(one.item)
    rows = [
        Elsewhere(name, min((_IN_TYPE[item.level] for item in items), key=lambda tier: tier.rank), tuple(i.id for i in items))
        for name, items in found.items()
    ]
    return tuple(sorted(rows, key=lambda one: (one.tier.rank, one.tumour)))


def _decide(
    variant: SomaticVariant, best: Tier | None, tumour: str | None, elsewhere: tuple[Elsewhere, ...]
) -> tuple[Tier | None, str]:
    where = "; ".join(f"{one.tier} in {one.tumour}" for one in elsewhere[:6])
    if _is_common(variant) and not _is_recurrent(variant) and (best is None or best.rank > Tier.I_B.rank):
        return Tier.IV, f"found in {_percent(variant)} of a general population, without strong evidence in the tumour type"
    if tumour is None and elsewhere:
        if best is None:
            return None, f"no tier without a tumour type: {where}"
        return best, f"no tumour type is given, so not Tier I: {where}"
    if best is not None:
        return best, f"{best.meaning} in {tumour}" + (f"; elsewhere: {where}" if where else "")
    told = f"no evidence that counts in {tumour or 'any tumour type'}" + (f"; {where}" if where else "")
    return Tier.III, told + ("; recurrent in tumours, which alone is not clinical significance" if _is_recurrent(variant) else "")


def _conflicts(variant: SomaticVariant, judged: Iterable[Judged], tumour: str | None) -> tuple[str, ...]:
    rows = list(judged)
    strong = [one for one in rows if one.tier in (Tier.I_A, Tier.I_B)]
    found = []
    if _is_common(variant) and strong:
        level = strong[0].item.level
        found.append(f"{_percent(variant)} of a general population carry it, which contradicts evidence of level {level}")
    if _is_common(variant) and _is_recurrent(variant):
        found.append("recurrent in tumours and common in a population: exclude a germline variant or an artefact first")
    if variant.is_germline:
        found.append("found in normal tissue too: classify it as a germline variant as well")
    for one in rows:
        if one.match.applies and not one.item.supports and any(_same_claim(one.item, other.item) for other in rows if other.tier):
            found.append(f"{one.item.id} ({one.item.dataset}) does not support what other items say of {one.item.tumour}")
    found += _both_ways(rows, tumour)
    return tuple(dict.fromkeys(found))


def _same_claim(one: EvidenceItem, other: EvidenceItem) -> bool:
    return one.type is other.type and one.therapies == other.therapies and kinship(one.tumour, other.tumour) is Kinship.SAME


def _both_ways(rows: Iterable[Judged], tumour: str | None) -> list[str]:
    """Return therapies for which items of the tumour type state sensitivity and resistance."""
    if tumour is None:
        return []
    here = [one.item for one in rows if one.tier is not None and one.kinship in _HERE]
    sensitive, resistant = (
        {therapy.casefold() for item in here if item.type is kind for therapy in item.therapies}
        for kind in (EvidenceType.SENSITIVITY, EvidenceType.RESISTANCE)
    )
    return [f"items state both sensitivity and resistance to {name}" for name in sorted(sensitive & resistant)]


def _is_common(variant: SomaticVariant) -> bool:
    return variant.population is not None and variant.population.frequency >= COMMON_FREQUENCY


def _is_recurrent(variant: SomaticVariant) -> bool:
    return variant.recurrence is not None and variant.recurrence.same_change >= RECURRENT_SAMPLES


def _percent(variant: SomaticVariant) -> str:
    return f"{variant.population.frequency:.2%}" if variant.population is not None else "an unknown share"


def _inputs(variant: SomaticVariant, tumour: str | None) -> tuple[tuple[str, str], ...]:
    population, recurrence = variant.population, variant.recurrence
    where = f"{population.dataset}, {population.population}" if population else ""
    given: dict[str, object] = {
        "gene": variant.gene, "kind": variant.kind, "protein change": variant.protein or None, "exon": variant.exon,
        "tumour type": tumour, "oncogenic": variant.is_oncogenic, "germline": variant.is_germline,
        "population frequency": f"{population.frequency:g} ({where})" if population else None,
        "recurrence": f"{recurrence.same_change} samples ({recurrence.dataset})" if recurrence else None,
    }
    return tuple((name, "unknown" if value is None else str(value)) for name, value in given.items())
