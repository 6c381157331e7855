"""How strongly one piece of evidence speaks for or against one hypothesis, in natural-log units.

The picture of a disease is a set of findings with the frequency classes of the Human Phenotype Ontology; a finding's
weight is ln(P(finding | disease) / P(finding | neither)). Antibodies use the published sensitivity and specificity ranges,
non-specific ones are capped. HLA moves a ranking a little and never starts one. Every weight is capped, because findings of
one patient are not independent and the classes are not measurements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from math import log
from typing import Final

from services.clinical.antibodies import antibodies
from services.clinical.differential.report import Evidence
from services.clinical.hla import HlaAssociation, HlaReport
from services.clinical.presentations import presentations
from services.clinical.symptoms import Finding, ancestors, concepts
from services.knowledge.immunology import AntibodyLink, AntibodyRecord, Presentation

# Middles of the HPO frequency classes (very frequent 80-99 %, frequent 30-79 %, occasional 5-29 %, very rare 1-4 %).
_FREQUENCY: Final = {"very_frequent": 0.9, "frequent": 0.55, "occasional": 0.17, "rare": 0.03}
# Assumed frequency of a finding in patients seen for something else. Assumptions of the ranking, not measurements.
_BACKGROUND: Final = {"very_common": 0.35, "common": 0.15, "uncommon": 0.06, "rare": 0.02, "very_rare": 0.004}

FINDING_CAP: Final = 4.0
AGAINST_FINDING: Final = -1.5
ABSENT_FLOOR: Final = -1.5
UNEXPLAINED: Final = {"very_common": 0.0, "common": 0.0, "uncommon": -0.1, "rare": -0.3, "very_rare": -0.6}
INHERITED: Final = 0.7
ANTIBODY_CAP: Final = log(50)
NONSPECIFIC_CAP: Final = log(3)
NEGATIVE_FLOOR: Final = -2.5
AGAINST_ANTIBODY: Final = -3.5
AGAINST_NONSPECIFIC: Final = -0.7
DEFAULT_SENSITIVITY: Final = 0.3
DEFAULT_BACKGROUND: Final = 0.05
UNKNOWN_SPECIFICITY: Final = 0.8
HLA_SHARE: Final = 0.25
HLA_CAP: Final = 0.8
HLA_UNQUANTIFIED: Final = 0.1
HLA_EXCLUDED: Final = -2.0
B27_ABSENT: Final = -1.0
_AGE_BOUNDS: Final = (-2.5, 0.7)
_SEX_BOUNDS: Final = (-1.2, 0.6)


def prior_evidence(
    presentation: Presentation, age: int | None, sex: str | None, *, at_onset: bool = False
) -> Iterable[Evidence]:
    """Return what age, sex and how common the condition is say; unknown age or sex says nothing.

    `at_onset` says that the age (years) is that at which the symptoms began.
    """
    return _prior_evidence(presentation.id, age, sex, at_onset=at_onset)


@lru_cache(maxsize=32768)
def _prior_evidence(condition: str, age: int | None, sex: str | None, *, at_onset: bool) -> tuple[Evidence, ...]:
    return tuple(_priors(presentations()[condition], age, sex, "age at onset" if at_onset else "age"))


def _priors(presentation: Presentation, age: int | None, sex: str | None, age_name: str) -> Iterable[Evidence]:
    if presentation.log_prior:
        yield Evidence(kind="prior", text="less common than most of the conditions compared", weight=presentation.log_prior)
    if age is not None and presentation.age_weights:
        started = max((start for start in presentation.age_weights if start <= age), default=None)
        if started is not None:
            weight = _within(log(presentation.age_weights[started]), _AGE_BOUNDS)
            if weight:
                yield Evidence(kind="age", text=f"{age_name} {age}", weight=weight)
    if sex is not None and presentation.female_fraction is not None:
        share = presentation.female_fraction if sex == "F" else 1 - presentation.female_fraction
        weight = _within(log(2 * share), _SEX_BOUNDS)
        if weight:
            yield Evidence(kind="sex", text="female" if sex == "F" else "male", weight=weight)


def finding_evidence(finding: Finding) -> Mapping[str, Evidence]:
    """Return what one finding says about each hypothesis it says anything about, by condition."""
    return _finding_table(finding.concept, present=finding.present)


@lru_cache(maxsize=2048)
def _finding_table(concept_id: str, *, present: bool) -> Mapping[str, Evidence]:
    found = ((condition, _finding_evidence(condition, concept_id, present=present)) for condition in presentations())
    return {condition: evidence for condition, evidence in found if evidence is not None}


def _finding_evidence(condition: str, concept_id: str, *, present: bool) -> Evidence | None:
    concept = concepts()[concept_id]
    weight = _present_weight(condition, concept_id) if present else _absent_weight(condition, concept_id)
    if not weight:
        return None
    text = concept.name if present else f"no {concept.name[:1].lower()}{concept.name[1:]}"
    return Evidence(kind="finding", text=text, weight=weight)


def _present_weight(condition: str, concept: str) -> float:
    picture = _picture(condition)
    if concept in picture.against:
        return AGAINST_FINDING
    direct = picture.frequency.get(concept)
    if direct is not None:
        return min(FINDING_CAP, max(0.1, log(direct / _background(concept))))
    inherited = [
        log(picture.frequency[broader] / _background(broader)) for broader in ancestors(concept) if broader in picture.frequency
    ]
    if inherited:
        return min(FINDING_CAP, max(0.1, INHERITED * max(inherited)))
    if any(broader in picture.against for broader in ancestors(concept)):
        return AGAINST_FINDING
    return UNEXPLAINED[concepts()[concept].background]


def _absent_weight(condition: str, concept: str) -> float:
    frequency = _picture(condition).frequency.get(concept)
    if frequency is None or frequency <= _FREQUENCY["occasional"]:
        return 0.0
    return max(ABSENT_FLOOR, min(0.0, log((1 - frequency) / (1 - _background(concept)))))


@lru_cache(maxsize=1024)
def antibody_evidence(antibody: str, *, positive: bool) -> Mapping[str, Evidence]:
    """Return what one antibody result says about each hypothesis it says anything about, by condition."""
    record = antibodies()[antibody]
    concerned = dict.fromkeys((*record.against, *(link.disease for link in record.links)))
    found = ((condition, _antibody_evidence(antibody, condition, positive=positive)) for condition in concerned)
    return {condition: evidence for condition, evidence in found if evidence is not None}


def _antibody_evidence(antibody: str, disease: str, *, positive: bool) -> Evidence | None:
    record = antibodies()[antibody]
    if disease in record.against:
        if not positive:
            return None
        weight = AGAINST_ANTIBODY if record.links else AGAINST_NONSPECIFIC
        return Evidence(kind="antibody", text=f"{record.name} positive speaks against it", weight=weight)
    link = next((one for one in record.links if one.disease == disease and one.population), None)
    if link is None:
        link = next((one for one in record.links if one.disease == disease), None)
        if link is None or not positive:
            return None
    weight = _antibody_weight(record, link, positive=positive)
    if not weight:
        return None
    return Evidence(kind="antibody", text=f"{record.name} {'positive' if positive else 'negative'}", weight=weight)


def _antibody_weight(record: AntibodyRecord, link: AntibodyLink, *, positive: bool) -> float:
    elsewhere = max(_elsewhere(record, link), 0.005)
    usable = link.sensitivity if link.population else None
    there = min(usable.middle, 0.98) if usable else DEFAULT_SENSITIVITY
    cap = NONSPECIFIC_CAP if record.nonspecific else ANTIBODY_CAP
    if positive:
        share = 1.0 if link.specificity else UNKNOWN_SPECIFICITY
        return max(0.1, share * min(cap, log(max(there, 0.01) / elsewhere)))
    if usable is None:
        return 0.0
    return max(NEGATIVE_FLOOR, min(0.0, log((1 - there) / (1 - elsewhere))))


def _elsewhere(record: AntibodyRecord, link: AntibodyLink) -> float:
    """Return the share of positives without the disease: from this link, the row, or the row's other links."""
    if link.specificity is not None:
        return 1 - link.specificity.middle
    others = [1 - one.specificity.middle for one in record.links if one.specificity is not None and one.population]
    return record.background or max(others, default=DEFAULT_BACKGROUND)


def hla_evidence(report: HlaReport, disease: str) -> Iterable[Evidence]:
    """Yield what HLA says: the strongest risk row and the strongest protective row of the disease, each once."""
    rows = [one for one in report.of(disease) if one.certainty == "typed" and not one.is_uncertain]
    for direction in ("risk", "protective"):
        weighed = [(_hla_weight(one), one) for one in rows if one.direction == direction]
        if weighed:
            weight, row = max(weighed, key=lambda pair: abs(pair[0]))
            yield Evidence(kind="hla", text=f"{row.allele} ({row.direction})", weight=weight)
    if disease == "celiac_disease" and report.is_dq2_dq8_excluded:
        yield Evidence(kind="hla", text="DQ2 and DQ8 absent", weight=HLA_EXCLUDED)
    if disease == "ankylosing_spondylitis" and "B*27" in report.absent_alleles:
        yield Evidence(kind="hla", text="B*27 absent", weight=B27_ABSENT)


def _hla_weight(row: HlaAssociation) -> float:
    if row.odds_ratio is None or row.modifiers:
        return HLA_UNQUANTIFIED if row.direction == "risk" else -HLA_UNQUANTIFIED
    return _within(HLA_SHARE * log(row.odds_ratio), (-HLA_CAP, HLA_CAP))


class _Picture:
    """The frequency of every finding a presentation lists or implies."""

    def __init__(self, presentation: Presentation) -> None:
        frequency: dict[str, float] = {}
        for name, value in _FREQUENCY.items():
            for concept in getattr(presentation, name):
                for one in (concept, *ancestors(concept)):
                    frequency[one] = max(frequency.get(one, 0.0), value)
        self.against = frozenset(presentation.against)
        self.frequency: Mapping[str, float] = {one: value for one, value in frequency.items() if one not in self.against}


@cache
def _pictures() -> Mapping[str, _Picture]:
    return {row.id: _Picture(row) for row in presentations().values()}


def _picture(condition: str) -> _Picture:
    return _pictures()[condition]


def _background(concept: str) -> float:
    return _BACKGROUND[concepts()[concept].background]


def _within(value: float, bounds: tuple[float, float]) -> float:
    return max(bounds[0], min(bounds[1], value))
