"""Judges celiac serology (ESPGHAN 2020, PMID 31568151) and grades duodenal histology (Marsh-Oberhuber)."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step

_ADULT_YEARS = 18
_NO_BIOPSY_MULTIPLE = 10.0


def decide_serology(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the serological pathway: what it allows, or which answer is needed first.

    `classified` is True only where the diagnosis can be made without biopsy, and None where biopsy decides.
    """
    multiple = facts.number("ttg_multiple")
    steps = () if multiple is None else (Step(label="tTG-IgA", note=f"{multiple:g} times the upper limit"),)
    iga, gluten = facts.choice("total_iga"), facts.truth("on_gluten")
    if iga == "deficient":
        return Verdict(
            None, category="iga_deficient_use_igg_tests_and_biopsy", steps=steps,
            notes=("low total IgA makes IgA-based tests falsely negative: a negative tTG-IgA excludes nothing",),
        )
    if multiple is None:
        return Verdict(None, missing=frozenset({"ttg_multiple"}), steps=steps)
    if multiple <= 1:
        return _negative(iga is None, gluten.value, steps)
    return _positive(facts, multiple, gluten.false, steps)


def _negative(iga_unknown: bool, on_gluten: bool | None, steps: tuple[Step, ...]) -> Verdict:
    if on_gluten is False:
        return Verdict(
            None, category="serology_unreliable_on_gluten_free_diet", steps=steps,
            notes=("negative on a gluten-free diet: test again on gluten; HLA-DQ2/DQ8 negative would argue against",),
        )
    missing = {key for key, open_ in (("on_gluten", on_gluten is None), ("total_iga", iga_unknown)) if open_}
    if missing:
        return Verdict(None, missing=frozenset(missing), steps=steps)
    return Verdict(None, category="negative_serology", steps=steps)


def _positive(facts: Facts, multiple: float, gluten_free: bool, steps: tuple[Step, ...]) -> Verdict:
    notes = ["on a gluten-free diet the biopsy can be falsely normal"] if gluten_free else []
    biopsy = Verdict(None, category="positive_serology_biopsy_needed", steps=steps, notes=tuple(notes))
    if multiple < _NO_BIOPSY_MULTIPLE or facts.truth("family_agreement").false:
        return biopsy
    age, ema = facts.number("age"), facts.truth("ema_second_sample")
    if ema.false:
        return Verdict(None, category=biopsy.category, steps=steps, notes=(
            *notes, "tTG-IgA is at least 10 times the upper limit but EMA is negative: biopsy decides"))
    if age is not None and age >= _ADULT_YEARS:
        return Verdict(None, category=biopsy.category, steps=steps, notes=(
            *notes, "adult: biopsy remains the default even at 10 times the upper limit; some guidelines accept it"))
    needed = (("age", age is None), ("ema_second_sample", ema.value is None),
              ("total_iga", facts.choice("total_iga") is None))
    missing = {key for key, open_ in needed if open_}
    if missing:
        return Verdict(None, missing=frozenset(missing), steps=steps, notes=tuple(notes))
    return Verdict(True, category="no_biopsy_diagnosis_possible", steps=steps, notes=(
        *notes, "to be discussed and agreed with the family; HLA and symptoms are not required"))


_ATROPHY = {"partial": "marsh_3a", "subtotal": "marsh_3b", "total": "marsh_3c"}


def decide_marsh(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the Marsh-Oberhuber grade; atrophy or crypt hyperplasia without raised IEL is not a Marsh pattern."""
    lymphocytes, crypts, villi = facts.truth("raised_iel"), facts.truth("crypt_hyperplasia"), facts.choice("villi")
    if lymphocytes.false and (crypts.true or villi in _ATROPHY):
        return Verdict(None, inconsistent=(
            "crypt hyperplasia or villous atrophy without raised intraepithelial lymphocytes is not a Marsh pattern: "
            "consider other causes"))
    if crypts.false and villi in _ATROPHY:
        return Verdict(None, inconsistent="villous atrophy without crypt hyperplasia is not a Marsh pattern")
    missing = lymphocytes.missing | crypts.missing | (frozenset() if villi else frozenset({"villi"}))
    if missing:
        return Verdict(None, missing=missing)
    if villi in _ATROPHY:
        return Verdict(None, category=_ATROPHY[villi])
    return Verdict(None, category="marsh_2" if crypts.true else "marsh_1" if lymphocytes.true else "marsh_0")
