"""Judges the criteria sets of the relevant diseases as far as the record answers them.

Laboratory values, antibodies and HLA answer their items; a symptom or imaging finding answers an item only where its words are
the item's own (`stated_items`); the stated length of the illness answers what asks for it; what a clinician answered in
`extensions.criteria` wins. Every answer keeps its origin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from services.clinical.analysis import stated_items
from services.clinical.analysis.model import CriteriaAssessment, Problem, Unrecognised
from services.clinical.analysis.stated_items import Statement
from services.clinical.criteria import CRITERIA, for_disease
from services.clinical.criteria.model import CriteriaSet
from services.clinical.criteria.prefill import Evidence, prefill
from services.clinical.criteria.records import Answer, CriterionItem
from services.clinical.criteria.results import CriteriaResult
from services.clinical.differential import Differential
from services.clinical.disease import Disease
from services.clinical.explanation import Status

CRITERIA_KEYS = ("criteria", "criteria_items", "criteria_answers")
# What describes a known disease is shown once somebody described it: a haemoglobin alone is no phenotype.
_DESCRIPTIVE = frozenset({"phenotype", "severity", "histology"})
_FROM_RESULTS, _FROM_SYMPTOMS, _FROM_DIAGNOSES, _GIVEN = "results", "symptoms", "diagnoses", "given"
_FROM_DURATION = "duration of symptoms"
_DURATION_ITEMS = frozenset({"duration_ge_6_weeks", "back_pain_months", "age_at_onset"})
SIX_WEEKS_IN_MONTHS = 2  # whole months are stated: one month may be less than six weeks

# A diagnosis of psoriasis is at least a history of it; whether it is there now is for the examination to say.
_FROM_OTHER_DIAGNOSES: Mapping[str, Mapping[str, Disease]] = {
    "asas_axial_2009": {"psoriasis": Disease.PSORIASIS, "ibd": Disease.INFLAMMATORY_BOWEL_DISEASE},
    "asas_peripheral_2011": {"psoriasis": Disease.PSORIASIS, "ibd": Disease.INFLAMMATORY_BOWEL_DISEASE},
    "caspar_2006": {"personal_history": Disease.PSORIASIS},
}


_JOINT_COMPLAINTS = frozenset({
    "arthralgia", "arthritis", "polyarthritis", "symmetric_arthritis", "small_joint_arthritis", "oligoarthritis",
    "morning_stiffness",
})  # fmt: skip
_BACK_COMPLAINTS = frozenset({"back_pain", "chronic_back_pain", "night_back_pain"})


class Duration(NamedTuple):
    """How long the complaints have lasted, in whole months, and the age in years at which they began."""

    months: int
    onset_age: int


def assess(
    diseases: Collection[Disease],
    evidence: Evidence,
    present: Collection[Statement],
    diagnoses: Collection[Disease],
    extensions: Mapping[str, Any],
    *,
    duration: Duration | None = None,
) -> tuple[CriteriaAssessment, ...]:
    """Return each set of `diseases` that the record answers at least one item of, in the order of the diseases.

    `present` is what the record states. The age and the length of the illness alone answer nothing.
    """
    stated = frozenset(present)
    given = given_answers(extensions)
    assessed: dict[str, CriteriaAssessment] = {}
    for disease in diseases:
        for criteria in for_disease(disease):
            if criteria.id not in assessed:
                one = _assess(criteria, evidence, stated, frozenset(diagnoses), given.get(criteria.id, {}), duration)
                if one is not None:
                    assessed[criteria.id] = one
    return tuple(assessed.values())


def _assess(
    criteria: CriteriaSet,
    evidence: Evidence,
    stated: frozenset[Statement],
    diagnoses: frozenset[Disease],
    given: Mapping[str, Answer],
    duration: Duration | None,
) -> CriteriaAssessment | None:
    sources: tuple[tuple[str, Mapping[str, Answer]], ...] = (
        (_FROM_DURATION, _of_duration(criteria.id, stated, duration)),
        (_FROM_SYMPTOMS, stated_items.answers(criteria.id, stated)),
        (_FROM_DIAGNOSES, {item: True for item, one in _FROM_OTHER_DIAGNOSES.get(criteria.id, {}).items() if one in diagnoses}),
        (_FROM_RESULTS, prefill(criteria.id, evidence)),
        (_GIVEN, {key: answer for key, answer in given.items() if answer is not None}),
    )
    answers: dict[str, Answer] = {}
    origins: dict[str, str] = {}
    for origin, found in sources:
        answers |= found
        origins |= dict.fromkeys(found, origin)
    describes = criteria.purpose in _DESCRIPTIVE
    if not (given if describes else answers.keys() - {"age"} - _DURATION_ITEMS):
        return None
    result = criteria.evaluate(answers, with_changes=False)
    return CriteriaAssessment(criteria, answers, origins, result, _items_met(criteria, answers, result))


def _of_duration(criteria_id: str, stated: frozenset[Statement], duration: Duration | None) -> dict[str, Answer]:
    """Return what the stated length of the complaints answers, where the complaint that a set asks about is among them."""
    if duration is None:
        return {}
    complaints = {one.finding for one in stated}
    if criteria_id == "ra_2010_acr_eular" and complaints & _JOINT_COMPLAINTS and duration.months >= SIX_WEEKS_IN_MONTHS:
        return {"duration_ge_6_weeks": True}
    if criteria_id == "asas_axial_2009" and complaints & _BACK_COMPLAINTS:
        return {"back_pain_months": duration.months, "age_at_onset": duration.onset_age}
    return {}


def _items_met(criteria: CriteriaSet, answers: Mapping[str, Answer], result: CriteriaResult) -> int:
    """Count the items answered yes, and the choices and counts that bring points; exclusions and context do not count."""
    items: dict[str, CriterionItem] = {item.key: item for item in criteria.items}
    yes = sum(
        1 for key, answer in answers.items()
        if answer is True and key in items and items[key].role in {"entry", "criterion"} and items[key].kind == "yes_no"
    )
    counted = {domain.counted for domain in result.domains if domain.points > 0 and domain.counted is not None}
    return yes + sum(1 for key in counted if key in items and items[key].kind != "yes_no")


def count_in(differential: Differential, assessed: Collection[CriteriaAssessment]) -> Differential:
    """Return the differential with the number of criteria items met: the highest of the sets of each disease."""
    met: dict[Disease, int] = {}
    for one in assessed:
        for disease in one.criteria.diseases:
            met[disease] = max(met.get(disease, 0), one.items_met)
    entries = tuple(
        entry.model_copy(update={"classification_criteria_met": met.get(entry.disease, 0)}) for entry in differential.entries
    )
    return differential.model_copy(update={"entries": entries})


def given_answers(extensions: Mapping[str, Any]) -> dict[str, dict[str, Answer]]:
    """Return the answers of `extensions.criteria` by criteria id; unknown sets are left to `unknown_sets`."""
    found: dict[str, dict[str, Answer]] = {}
    for key in CRITERIA_KEYS:
        given = extensions.get(key)
        for criteria, answers in given.items() if isinstance(given, Mapping) else ():
            if criteria in CRITERIA and isinstance(answers, Mapping):
                usable = {str(item)[:120]: _answer(value) for item, value in answers.items()}
                found.setdefault(str(criteria), {}).update(usable)
    return found


def _answer(value: Any) -> Answer:
    return value if isinstance(value, bool | int | float | str) or value is None else "not an answer"


def unknown_sets(extensions: Mapping[str, Any]) -> tuple[Unrecognised, ...]:
    """Return the names under which criteria answers were given that are no criteria set."""
    written = [
        str(criteria)[:200] for key in CRITERIA_KEYS if isinstance(given := extensions.get(key), Mapping)
        for criteria in given if criteria not in CRITERIA
    ]
    return tuple(Unrecognised(kind="criteria", written=one) for one in written)


def problems_of(assessments: Collection[CriteriaAssessment]) -> tuple[Problem, ...]:
    """Return the answers a set refused and the answers that contradict each other."""
    return tuple(
        Problem(part="criteria", name=one.criteria.name, message="; ".join((*one.result.invalid, *one.result.notes))[:500])
        for one in assessments
        if one.result.status in {Status.INVALID_INPUT, Status.INCONSISTENT_INPUT}
    )
