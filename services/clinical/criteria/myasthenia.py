"""Judges myasthenia gravis by its diagnostic elements (PMID 27358333, 33144515) and gives the MGFA class."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import all_of, any_of, negate
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step


def decide_diagnosis(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the verdict: fatigable weakness with an antibody or a transmission defect, no better explanation."""
    clinical = all_of(facts.truth("fatigable_weakness"), negate(facts.truth("better_explanation")))
    tested = any_of(facts.truth("achr_antibody"), facts.truth("musk_antibody"))
    antibody = tested if not facts.truth("lrp4_antibody").true else facts.truth("lrp4_antibody")
    transmission = any_of(facts.truth("rns_decrement_ge_10"), facts.truth("sfemg_abnormal"))
    met = all_of(clinical, any_of(antibody, transmission))
    category = None
    if met.true:
        category = "antibody_positive" if antibody.true else "seronegative"
    elif met.false:
        category = "not_supported" if clinical.false else "clinical_only"
    notes = []
    if category == "clinical_only":
        notes.append("negative tests do not exclude myasthenia gravis: cell-based assays, SFEMG of a weak muscle")
    if met.true and not antibody.true and antibody.value is None:
        notes.append("antibodies not completely tested: AChR first, then MuSK")
    if antibody.true and facts.truth("fatigable_weakness").false:
        notes.append("an antibody without weakness is not myasthenia gravis")
    word = {True: "yes", False: "no", None: "not decided"}
    return Verdict(
        classified=met.value, missing=met.missing, category=category, entry_met=clinical.value, notes=tuple(notes),
        steps=(
            Step(label="Fatigable weakness, not better explained", note=word[clinical.value]),
            Step(label="Pathogenic antibody", note=word[antibody.value]),
            Step(label="Transmission defect", note=word[transmission.value]),
        ),
    )


_SEVERITY = {"mild": "II", "moderate": "III", "severe": "IV"}


def decide_mgfa(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the MGFA class (Jaretzki 2000): intubation first, then feeding tube, then weakness and its pattern."""
    if facts.truth("intubated").true:
        return Verdict(None, category="V")
    if facts.truth("feeding_tube").true:
        return Verdict(None, category="IVb", notes=("a feeding tube without intubation makes class IVb",))
    weakness, pattern = facts.choice("weakness"), facts.choice("predominant")
    if weakness is None:
        return Verdict(None, missing=frozenset({"weakness"}))
    if weakness == "ocular_only":
        return Verdict(None, category="I")
    if pattern is None:
        return Verdict(None, missing=frozenset({"predominant"}), notes=(f"class {_SEVERITY[weakness]}, a or b open",))
    return Verdict(None, category=_SEVERITY[weakness] + ("a" if pattern == "limb_axial" else "b"))
