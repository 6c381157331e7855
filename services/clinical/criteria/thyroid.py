"""Judges Graves' disease (ATA 2016, PMID 27521067; ETA 2018, PMID 30283735) and Hashimoto's thyroiditis."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import Truth, all_of, any_of, unknown
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step


def decide_graves(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the verdict: overt hyperthyroidism with an autoimmune cause shown; biotin leaves it open."""
    overt = all_of(facts.truth("tsh_suppressed"), facts.truth("ft4_or_t3_raised"))
    cause = any_of(facts.truth("trab_positive"), facts.truth("diffuse_uptake"), facts.truth("orbitopathy"))
    met = all_of(overt, cause)
    notes = []
    if facts.truth("biotin_use").true and not met.false:
        notes.append("biotin can imitate this pattern: stop it and repeat the tests")
        met = unknown("biotin_use")
    if facts.truth("trab_positive").false and facts.truth("diffuse_uptake").false and overt.true:
        notes.append("TRAb negative and uptake low: thyroiditis or exogenous thyroid hormone is likelier")
    if facts.truth("tsh_suppressed").true and facts.truth("ft4_or_t3_raised").false and cause.true:
        notes.append("normal FT4 and T3: subclinical hyperthyroidism; Graves' disease can still be the cause")
    return _verdict(met, overt, cause, "Overt hyperthyroidism", tuple(notes))


def decide_hashimoto(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the verdict: raised TSH with thyroid antibodies or a hypoechoic gland; antibodies alone never."""
    raised = facts.truth("tsh_raised")
    autoimmune = any_of(
        facts.truth("tpo_antibody"), facts.truth("tg_antibody"), facts.truth("hypoechoic_ultrasound")
    )
    notes = []
    if raised.false and facts.truth("on_levothyroxine").true:
        notes.append("TSH is normal on levothyroxine: the value before treatment decides")
        raised = unknown("tsh_raised")
    if raised.false and autoimmune.true:
        notes.append("thyroid antibodies with a normal TSH are a risk state, not Hashimoto's disease")
    return _verdict(all_of(raised, autoimmune), raised, autoimmune, "Raised TSH", tuple(notes))


def _verdict(met: Truth, function: Truth, cause: Truth, label: str, notes: tuple[str, ...]) -> Verdict:
    word = {True: "yes", False: "no", None: "not decided"}
    return Verdict(
        classified=met.value, missing=met.missing, entry_met=function.value, notes=notes,
        steps=(Step(label=label, note=word[function.value]), Step(label="Autoimmune cause", note=word[cause.value])),
    )
