"""Judges the criteria sets of the relevant diseases as far as the record answers them.

Laboratory values, antibodies and HLA answer their items; a symptom answers an item only where the criterion's wording
leaves nothing to interpret; what a clinician answered in `extensions.criteria` wins. Every answer keeps its origin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from services.clinical.analysis.model import CriteriaAssessment, Problem, Unrecognised
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

# A finding that is the criterion itself. Anything that needs a duration, a count or an examination is left open.
_FROM_FINDINGS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "sle_2019_eular_acr": {
        "psychosis": frozenset({"psychosis"}), "seizure": frozenset({"seizure"}),
        "oral_ulcers": frozenset({"oral_ulcers", "painless_oral_ulcers"}),
        "subacute_cutaneous_or_discoid": frozenset({"discoid_rash"}), "acute_cutaneous": frozenset({"malar_rash"}),
        "pleural_or_pericardial_effusion": frozenset({"pleural_effusion"}), "acute_pericarditis": frozenset({"pericarditis"}),
        "joint_involvement": frozenset({"polyarthritis", "symmetric_arthritis", "small_joint_arthritis"}),
    },
    "ssc_2013_acr_eular": {
        "puffy_fingers": frozenset({"puffy_fingers"}), "sclerodactyly": frozenset({"sclerodactyly"}),
        "digital_tip_ulcers": frozenset({"digital_ulcers"}), "telangiectasia": frozenset({"telangiectasia"}),
        "abnormal_nailfold_capillaries": frozenset({"nailfold_changes"}), "ILD": frozenset({"ild"}),
        "raynaud": frozenset({"raynaud"}),
    },
    "asas_axial_2009": {
        "uveitis": frozenset({"uveitis"}), "dactylitis": frozenset({"dactylitis"}),
        "good_nsaid_response": frozenset({"nsaid_response"}), "family_history": frozenset({"family_spa"}),
    },
    "asas_peripheral_2011": {
        "enthesitis": frozenset({"enthesitis"}), "dactylitis": frozenset({"dactylitis"}), "uveitis": frozenset({"uveitis"}),
        "family_history": frozenset({"family_spa"}),
    },
    "caspar_2006": {"dactylitis": frozenset({"dactylitis"}), "nail_dystrophy": frozenset({"nail_pitting"})},
    "graves_ata_2016": {"diffuse_uptake": frozenset({"diffuse_uptake"})},
    "mg_diagnosis": {"fatigable_weakness": frozenset({"fatigable_weakness", "fatigable_ptosis"})},
    "mcdonald_2017": {"csf_ocb": frozenset({"csf_ocb"})},
}  # fmt: skip
_FROM_OTHER_DIAGNOSES: Mapping[str, Mapping[str, Disease]] = {
    "asas_axial_2009": {"psoriasis": Disease.PSORIASIS, "ibd": Disease.INFLAMMATORY_BOWEL_DISEASE},
    "asas_peripheral_2011": {"psoriasis": Disease.PSORIASIS, "ibd": Disease.INFLAMMATORY_BOWEL_DISEASE},
}


def assess(
    diseases: Collection[Disease],
    evidence: Evidence,
    present: Collection[str],
    diagnoses: Collection[Disease],
    extensions: Mapping[str, Any],
) -> tuple[CriteriaAssessment, ...]:
    """Return each set of `diseases` that the record answers at least one item of, in the order of the diseases.

    `present` are the findings of the record. The age alone answers nothing.
    """
    given = given_answers(extensions)
    assessed: dict[str, CriteriaAssessment] = {}
    for disease in diseases:
        for criteria in for_disease(disease):
            if criteria.id not in assessed:
                one = _assess(criteria, evidence, frozenset(present), frozenset(diagnoses), given.get(criteria.id, {}))
                if one is not None:
                    assessed[criteria.id] = one
    return tuple(assessed.values())


def _assess(
    criteria: CriteriaSet, evidence: Evidence, present: frozenset[str], diagnoses: frozenset[Disease], given: Mapping[str, Answer]
) -> CriteriaAssessment | None:
    sources: tuple[tuple[str, Mapping[str, Answer]], ...] = (
        (_FROM_SYMPTOMS, {item: True for item, found in _FROM_FINDINGS.get(criteria.id, {}).items() if found & present}),
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
    if not (given if describes else answers.keys() - {"age"}):
        return None
    result = criteria.evaluate(answers, with_changes=False)
    return CriteriaAssessment(criteria, answers, origins, result, _items_met(criteria, answers, result))


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
