"""The Crohn's Disease Activity Index, eight weighted terms over seven days (Best 1976)."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

LARGEST_WEIGHT_DEDUCTION = -10.0


def cdai_crohn(record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the index. Haematocrit above reference subtracts; weight above standard subtracts at most 10."""
    reference = next(item for item in record.items if item.key == "sex").choices[answers.text("sex") or ""]
    below_standard = 100 * (1 - answers.number("weight_kg") / answers.number("standard_weight_kg"))
    terms = {
        "2·liquid stools": 2 * answers.number("liquid_stools_7d_sum"),
        "5·abdominal pain": 5 * answers.number("abdominal_pain_7d_sum"),
        "7·well-being": 7 * answers.number("wellbeing_7d_sum"),
        "20·complication groups": 20 * answers.number("complication_categories"),
        "30·antidiarrhoeal use": 30 * answers.number("antidiarrheal_use"),
        "10·abdominal mass": 10 * answers.number("mass_0_2_5"),
        f"6·({reference:g} - haematocrit)": 6 * (reference - answers.number("hematocrit_pct")),
        "% below standard weight": max(below_standard, LARGEST_WEIGHT_DEDUCTION),
    }
    steps = tuple(Step(label=label, points=points) for label, points in terms.items())
    return Verdict(sum(terms.values()), steps=steps, components={label: round(points, 4) for label, points in terms.items()})
