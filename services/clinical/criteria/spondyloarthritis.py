"""Judges spondyloarthritis: ASAS axial 2009 (PMID 19297344), ASAS peripheral 2011, modified New York 1984."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import Truth, all_of, any_of, at_least
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step


def _of_domain(facts: Facts, record: CriteriaRecord, domain: str) -> list[Truth]:
    return [facts.truth(item.key) for item in record.items if item.domain == domain]


def decide_axial(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict on the entry and the two arms; HLA-B27 is a feature of the imaging arm."""
    entry = all_of(facts.compare("back_pain_months", at_least=3), facts.compare("age_at_onset", below=45))
    b27 = facts.truth("hla_b27")
    features = _of_domain(facts, record, "features")
    imaging = all_of(facts.truth("sacroiliitis_on_imaging"), any_of(b27, *features))
    clinical = all_of(b27, at_least(2, features))
    arm = any_of(imaging, clinical)
    met = all_of(entry, arm)
    category = None
    notes: tuple[str, ...] = ()
    if met.true:
        category = "imaging_arm" if imaging.true else "clinical_arm"
        if imaging.true and clinical.true:
            notes = ("the clinical arm is fulfilled as well",)
    elif met.false:
        category = "entry_not_met" if entry.false else "neither_arm"
    present = sum(feature.true for feature in features)
    return Verdict(
        classified=met.value, missing=met.missing, category=category, entry_met=entry.value, notes=notes,
        steps=(
            Step(label="Entry", note=_word(entry)),
            Step(label="Imaging arm", note=_word(imaging)),
            Step(label="Clinical arm", note=_word(clinical)),
            Step(label="SpA features present, without HLA-B27", note=str(present)),
        ),
    )


def decide_peripheral(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: one entry feature, and one of group A or two others of group B."""
    entries = _of_domain(facts, record, "entry")
    entry = any_of(*entries)
    group_a = any_of(*_of_domain(facts, record, "group_a"))
    # one entry feature is spent on the entry itself, so the entry group and group B together need three
    group_b = at_least(3, [*entries, *_of_domain(facts, record, "group_b")])
    met = all_of(entry, any_of(group_a, group_b))
    return Verdict(
        classified=met.value, missing=met.missing, entry_met=entry.value,
        steps=(
            Step(label="Entry feature", note=_word(entry)),
            Step(label="At least one of group A", note=_word(group_a)),
            Step(label="At least two others of group B", note=_word(group_b)),
        ),
    )


def decide_modified_new_york(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: radiographic grade and one clinical criterion; MRI never replaces the radiograph."""
    right, left = "sij_grade_right", "sij_grade_left"
    bilateral = all_of(facts.compare(right, at_least=2), facts.compare(left, at_least=2))
    unilateral = any_of(facts.compare(right, at_least=3), facts.compare(left, at_least=3))
    radiograph = any_of(bilateral, unilateral)
    clinical = any_of(*_of_domain(facts, record, "clinical"))
    met = all_of(radiograph, clinical)
    notes: tuple[str, ...] = ()
    if radiograph.false and facts.truth("sacroiliitis_mri").true:
        notes = ("sacroiliitis on MRI only: non-radiographic axial spondyloarthritis is possible (ASAS), not AS",)
    return Verdict(
        classified=met.value, missing=met.missing, notes=notes,
        steps=(
            Step(label="Radiographic sacroiliitis", note=_word(radiograph)),
            Step(label="At least one clinical criterion", note=_word(clinical)),
        ),
    )


def _word(truth: Truth) -> str:
    return {True: "yes", False: "no", None: "not decided"}[truth.value]
