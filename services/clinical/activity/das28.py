"""DAS28: the square-root and logarithm formula of rheumatoid arthritis, with ESR or with CRP (Prevoo 1995; Wells 2009)."""

from __future__ import annotations

import math

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step


def das28_esr(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return 0.56·√TJC28 + 0.28·√SJC28 + 0.70·ln(ESR) + 0.014·GH; an ESR below 1 mm/h is refused.

    ln(0) does not exist and a logarithm below 0 would lower the score without meaning.
    """
    esr = answers.number("esr_mm_h")
    if esr < 1:
        reason = f"is {esr:g}: below 1 mm/h the logarithm has no meaning here; enter the laboratory's lowest reported value"
        return Verdict(invalid={"esr_mm_h": reason})
    return _sum(_joints(answers), Step(label="0.70·ln(ESR)", points=0.70 * math.log(esr)), _global(answers))


def das28_crp(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return 0.56·√TJC28 + 0.28·√SJC28 + 0.36·ln(CRP + 1) + 0.014·GH + 0.96, CRP in mg/L."""
    crp = Step(label="0.36·ln(CRP + 1)", points=0.36 * math.log(answers.number("crp_mg_l") + 1))
    return _sum(_joints(answers), crp, _global(answers), Step(label="constant", points=0.96))


def _joints(answers: Answers) -> tuple[Step, ...]:
    return (
        Step(label="0.56·√TJC28", points=0.56 * math.sqrt(answers.number("tjc28"))),
        Step(label="0.28·√SJC28", points=0.28 * math.sqrt(answers.number("sjc28"))),
    )


def _global(answers: Answers) -> Step:
    return Step(label="0.014·patient global", points=0.014 * answers.number("pga_0_100_mm"))


def _sum(joints: tuple[Step, ...], *terms: Step) -> Verdict:
    steps = (*joints, *terms)
    total = sum(step.points or 0.0 for step in steps)
    return Verdict(total, steps=steps, components={step.label: round(step.points or 0.0, 4) for step in steps})
