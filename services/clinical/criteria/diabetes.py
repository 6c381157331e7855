"""Judges diabetes (ADA 2025, doi 10.2337/dc25-S002) and stages type 1 diabetes (Insel 2015, PMID 26404926).

Glucose in mg/dL, HbA1c in %.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import Truth, known, unknown
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step

# item: (lower limit of dysglycaemia, lower limit of the diabetes range)
_LIMITS = {"fpg_mg_dl": (100.0, 126.0), "ogtt_2h_mg_dl": (140.0, 200.0), "hba1c_pct": (5.7, 6.5)}
_RANDOM_DIABETES = 200.0
_CONFIRM = "confirmed_abnormal_test"
_ANTIBODIES = ("gad65", "ia2", "znt8", "iaa")


@dataclass(frozen=True, slots=True)
class Glycemia:
    """What the glycaemic tests say. `diabetes` undecided for want of confirmation lacks that item.

    `raised_elsewhere`: a result below the diabetes range shows dysglycaemia, whatever comes of one that waits.
    """

    diabetes: Truth
    dysglycemia: Truth
    raised_elsewhere: bool
    steps: tuple[Step, ...]


def glycemia(facts: Facts) -> Glycemia:
    """Return whether the results are in the diabetes range (two tests, or one confirmed) and whether raised at all."""
    in_range, raised, open_tests, steps = 0, False, [], []
    raised_elsewhere = facts.truth("hba1c_rise_ge_10_percent").true
    for key, (dysglycemic, diabetic) in _LIMITS.items():
        value = facts.number(key)
        if value is None:
            open_tests.append(key)
            continue
        in_range += value >= diabetic
        raised = raised or value >= dysglycemic
        raised_elsewhere = raised_elsewhere or dysglycemic <= value < diabetic
        word = "diabetes range" if value >= diabetic else "raised" if value >= dysglycemic else "normal"
        steps.append(Step(label=key, note=f"{value:g}: {word}"))
    # a fasting value is a random value too: with classic symptoms 200 mg/dL needs no second test
    glucose = [value for key in ("random_mg_dl", "fpg_mg_dl") if (value := facts.number(key)) is not None]
    random_high = max(glucose, default=0.0) >= _RANDOM_DIABETES
    raised = raised or random_high or raised_elsewhere
    return Glycemia(
        diabetes=_diabetes(facts, in_range, random_high, open_tests),
        dysglycemia=known(True) if raised else (unknown(*open_tests) if open_tests else known(False)),
        raised_elsewhere=raised_elsewhere,
        steps=tuple(steps),
    )


def _diabetes(facts: Facts, in_range: int, random_high: bool, open_tests: list[str]) -> Truth:
    symptoms, confirmed = facts.truth("classic_symptoms"), facts.truth(_CONFIRM)
    if in_range >= 2 or (in_range and confirmed.true) or (random_high and symptoms.true):
        return known(True)
    needed = list(open_tests)
    if in_range == 1 and confirmed.value is None:
        # one result in the range and no clear hyperglycaemia: to be confirmed before it is called diabetes
        needed = [_CONFIRM]
    if random_high and symptoms.value is None:
        needed.append("classic_symptoms")
    return unknown(*needed) if needed else known(False)


def decide_diabetes(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return diabetes, prediabetes or normoglycaemia; a single abnormal result stays open until confirmed."""
    state = glycemia(facts)
    category = None
    if state.diabetes.true:
        category = "diabetes"
    elif state.diabetes.false and state.dysglycemia.true:
        category = "prediabetes"
    elif state.diabetes.false and state.dysglycemia.false:
        category = "normoglycemia"
    notes: tuple[str, ...] = ()
    if _CONFIRM in state.diabetes.missing:
        notes = ("one result in the diabetes range without classic symptoms: repeat the test",)
    missing = state.diabetes.missing | (state.dysglycemia.missing if state.diabetes.false else frozenset())
    return Verdict(state.diabetes.value, missing=missing, category=category, notes=notes, steps=state.steps)


def decide_stage(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the stage; `classified` is whether one of the stages 1 to 3 holds."""
    counted = [key for key in _ANTIBODIES if not (key == "iaa" and facts.truth("insulin_over_two_weeks").true)]
    positive = [key for key in counted if facts.truth(key).true]
    open_antibodies = [key for key in counted if facts.truth(key).value is None]
    state = glycemia(facts)
    steps = (Step(label="Islet autoantibodies positive", note=f"{len(positive)} of {len(counted)}"), *state.steps)
    stage, lacking = _stage(len(positive), open_antibodies, facts.truth("persistent_confirmed"), state)
    notes = []
    if "iaa" not in counted:
        notes.append("insulin autoantibody not counted: insulin was given for more than two weeks")
    if state.diabetes.true and not positive and not open_antibodies:
        notes.append("diabetes criteria met without islet autoantibodies: other forms of diabetes are likelier")
    if stage == "at_risk_single_antibody" and state.diabetes.value is None:
        notes.append("diabetes is not excluded by the tests recorded")
    if _CONFIRM in state.diabetes.missing:
        notes.append("one result in the diabetes range: stage 3 only if confirmed")
    return Verdict(
        None if stage is None else stage.startswith("stage_"), missing=lacking, category=stage,
        notes=tuple(notes), steps=steps,
    )


def _stage(
    positive: int, open_antibodies: list[str], confirmed: Truth, state: Glycemia
) -> tuple[str | None, frozenset[str]]:
    if state.diabetes.true and positive:
        return "stage_3", frozenset()
    if positive < 2 and open_antibodies:
        return None, frozenset(open_antibodies)
    if positive == 0:
        return "not_staged", frozenset()
    # one unconfirmed result in the diabetes range leaves stage 3 open, but takes nothing from a stage 2 that stands without it
    stands = positive >= 2 and confirmed.true and state.raised_elsewhere
    if _CONFIRM in state.diabetes.missing and not stands:
        return None, state.diabetes.missing
    if positive == 1:
        return "at_risk_single_antibody", frozenset()
    if not confirmed.true:
        return None, frozenset({"persistent_confirmed"})
    if state.dysglycemia.true:
        return "stage_2", frozenset()
    if state.dysglycemia.false:
        return "stage_1", frozenset()
    return None, state.dysglycemia.missing
