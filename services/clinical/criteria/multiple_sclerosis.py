"""Judges multiple sclerosis by the 2017 McDonald criteria (Thompson 2018, PMID 29275977), attack onset and PPMS.

The 2024 revision (Montalban 2025) is described in the record and deliberately not computed.
"""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import NO, YES, Truth, all_of, any_of, at_least, negate, unknown
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step

_REGIONS = ("region_periventricular", "region_cortical_juxtacortical", "region_infratentorial", "region_spinal_cord")


def decide_attack_onset(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the verdict of the attacks-and-lesions table together with the mimic guard."""
    space = _space(facts)
    time = any_of(facts.truth("dit_on_mri"), facts.truth("csf_ocb"), _optional(facts, "further_attack"))
    attacks_ge_1, attacks_ge_2 = (facts.compare("clinical_attacks", at_least=count) for count in (1, 2))
    lesions_ge_1, lesions_ge_2 = (facts.compare("objective_lesions", at_least=count) for count in (1, 2))
    in_space = any_of(lesions_ge_2, all_of(attacks_ge_2, facts.truth("historical_evidence_other_site")), space)
    in_time = any_of(attacks_ge_2, time)
    mimic = _mimic(facts)
    met = all_of(attacks_ge_1, lesions_ge_1, in_space, in_time, negate(mimic))
    return Verdict(
        classified=met.value, missing=met.missing, notes=_notes(facts, mimic),
        entry_met=all_of(attacks_ge_1, lesions_ge_1).value,
        steps=(
            Step(label="At least one attack with objective evidence", note=_word(all_of(attacks_ge_1, lesions_ge_1))),
            Step(label="Dissemination in space", note=_word(in_space)),
            Step(label="Dissemination in time (CSF bands can stand in)", note=_word(in_time)),
            Step(label="No better explanation", note=_word(negate(mimic))),
        ),
    )


def decide_primary_progressive(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the verdict: a year of progression and two of three, without a better explanation."""
    entry = facts.compare("progression_months", at_least=12)
    evidence = at_least(2, (
        facts.compare("brain_lesion_regions", at_least=1),
        facts.compare("spinal_cord_t2_lesions", at_least=2),
        facts.truth("csf_ocb"),
    ))
    met = all_of(entry, evidence, negate(facts.truth("better_explanation")))
    return Verdict(
        classified=met.value, missing=met.missing, entry_met=entry.value,
        steps=(
            Step(label="At least one year of progression", note=_word(entry)),
            Step(label="Two of three", note=_word(evidence)),
        ),
    )


def _space(facts: Facts) -> Truth:
    regions = [facts.truth(region) for region in _REGIONS]
    counted = at_least(2, regions)
    if counted.value is None:
        # the one summary question stands for the four regions
        counted = unknown("dis_on_mri")
    stated = facts.truth("dis_on_mri")
    on_mri = counted if stated.value is None else stated
    return any_of(on_mri, _optional(facts, "further_attack_other_site"))


def _optional(facts: Facts, key: str) -> Truth:
    return YES if facts.truth(key).true else NO


def _mimic(facts: Facts) -> Truth:
    if facts.truth("aqp4_igg").true:
        return YES
    return facts.truth("better_explanation")


def _notes(facts: Facts, mimic: Truth) -> tuple[str, ...]:
    notes = []
    if facts.truth("aqp4_igg").true:
        notes.append("AQP4-IgG positive: neuromyelitis optica spectrum disorder, not MS; 'no better explanation' fails")
    elif mimic.true:
        notes.append("another diagnosis explains the presentation better")
    if facts.truth("mog_igg").true:
        notes.append("MOG-IgG positive: consider MOG antibody-associated disease before accepting MS")
    if facts.truth("aqp4_igg").value is None:
        notes.append("AQP4-IgG not recorded: test where the presentation is atypical")
    return tuple(notes)


def _word(truth: Truth) -> str:
    return {True: "yes", False: "no", None: "not decided"}[truth.value]
