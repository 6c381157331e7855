"""BASDAI and ASDAS: the activity of axial spondyloarthritis (Garrett 1994; Lukas 2009; Machado 2015 for low CRP)."""

from __future__ import annotations

import math

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

CRP_FLOOR_MG_L = 2.0


def basdai(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return (Q1 + Q2 + Q3 + Q4 + mean of Q5 and Q6) / 5."""
    questions = ("q1_fatigue", "q2_spinal_pain", "q3_joint_pain_swelling", "q4_enthesitis")
    stiffness = (answers.number("q5_stiffness_severity") + answers.number("q6_stiffness_duration")) / 2
    parts = {key: answers.number(key) for key in questions} | {"morning_stiffness": stiffness}
    steps = tuple(Step(label=f"{key.replace('_', ' ')} / 5", points=part / 5) for key, part in parts.items())
    return Verdict(sum(parts.values()) / 5, steps=steps, components=parts)


def asdas_crp(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return ASDAS-CRP; CRP below 2 mg/L, or below the detection limit, enters as 2 mg/L (doi 10.1002/art.38921)."""
    measured = answers.optional_number("crp_mg_l")
    undetected = answers.flag("crp_below_detection")
    if measured is None and not undetected:
        return Verdict(missing=("crp_mg_l",))
    crp = CRP_FLOOR_MG_L if undetected or measured is None else max(measured, CRP_FLOOR_MG_L)
    note = "entered as 2 mg/L: below 2 mg/L or below the detection limit" if crp != measured else ""
    inflammation = Step(label="0.58·ln(CRP + 1)", points=0.58 * math.log(crp + 1), note=note)
    return _asdas(answers, (0.12, 0.06, 0.11, 0.07), inflammation, note and f"CRP {note}.")


def asdas_esr(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return ASDAS-ESR."""
    inflammation = Step(label="0.29·√ESR", points=0.29 * math.sqrt(answers.number("esr_mm_h")))
    return _asdas(answers, (0.08, 0.07, 0.11, 0.09), inflammation, "")


_PATIENT_ITEMS = ("back_pain_0_10", "morning_stiffness_duration_0_10", "patient_global_0_10", "peripheral_pain_swelling_0_10")


def _asdas(answers: Answers, weights: tuple[float, ...], inflammation: Step, message: str) -> Verdict:
    patient = tuple(
        Step(label=f"{weight:g}·{key.removesuffix('_0_10').replace('_', ' ')}", points=weight * answers.number(key))
        for weight, key in zip(weights, _PATIENT_ITEMS, strict=True)
    )
    steps = (*patient, inflammation)
    total = sum(step.points or 0.0 for step in steps)
    return Verdict(total, steps=steps, components={step.label: round(step.points or 0.0, 4) for step in steps}, message=message)
