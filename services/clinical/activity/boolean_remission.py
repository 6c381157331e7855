"""States that are reached or not: Boolean 2.0 remission, DORIS remission, the lupus low disease activity state.

Each is a list of conditions that must all hold. One that fails settles the matter even while others are unknown; that is
not used here: every condition is asked for, so that the explanation is complete.
"""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step


def boolean_remission(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return Boolean 2.0 remission of rheumatoid arthritis (Studenic 2022)."""
    return _all(
        "remission",
        {
            "TJC28 ≤1": answers.number("tjc28") <= 1,
            "SJC28 ≤1": answers.number("sjc28") <= 1,
            "CRP ≤1 mg/dL": round(answers.number("crp_mg_dl"), 6) <= 1,
            "patient global ≤2": round(answers.number("pga_0_10"), 6) <= 2,
        },
    )


def doris(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return DORIS remission (van Vollenhoven 2021, PMID 34819388)."""
    return _all(
        "remission",
        {
            "clinical SLEDAI = 0": answers.number("clinical_sledai") == 0,
            "physician global <0.5": answers.number("phga_0_3") < 0.5,
            "prednisolone ≤5 mg/day": answers.number("prednisolone_mg_day") <= 5,
        },
    )


def lldas(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the lupus low disease activity state, five conditions (Franklyn 2016)."""
    sledai = answers.number("sledai_2k")
    return _all(
        "low_disease_activity",
        {
            "SLEDAI-2K ≤4 without major organ activity": sledai <= 4 and not answers.flag("major_organ_activity"),
            "no new activity": not answers.flag("new_activity"),
            "physician global ≤1": answers.number("phga_0_3") <= 1,
            "prednisolone ≤7.5 mg/day": answers.number("prednisolone_mg_day") <= 7.5,
            "standard maintenance treatment tolerated": answers.flag("standard_maintenance_tolerated") is True,
        },
    )


def _all(state: str, conditions: dict[str, bool]) -> Verdict:
    failed = [name for name, holds in conditions.items() if not holds]
    return Verdict(
        band=f"not_{state}" if failed else state,
        steps=tuple(Step(label=name, note="holds" if holds else "does not hold") for name, holds in conditions.items()),
        components=dict(conditions),
        message=f"Not reached: {', '.join(failed)}." if failed else "",
    )
