"""The clinical activity score of Graves' orbitopathy: 3 of 7 at a first visit, 4 of 10 compared with an earlier one."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord, ItemKind
from services.clinical.activity.results import Verdict
from services.clinical.activity.weighted_sum import weighted_sum

_ACTIVE_FROM = {7: 3, 10: 4}


def _visit(changes: list[bool | None]) -> str | None:
    if any(changes):
        return "followup"
    return "first" if all(change is None for change in changes) else None


def cas(record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the score with its denominator (Mourits 1989; EUGOGO 2021, PMID 34297684).

    The three change items compare with a visit 1 to 3 months before: present at a first visit they are refused, missing at
    a follow-up visit they are asked for. A visit that is not stated is taken from them where they tell.
    """
    changes = [item.key for item in record.items if item.kind is ItemKind.FLAG and not item.required]
    visit = answers.text("visit") or _visit([answers.flag(key) for key in changes])
    if visit is None:
        return Verdict(missing=("visit",), message="Active from 3 of 7 at a first visit, from 4 of 10 at a follow-up visit.")
    if visit == "first":
        compared = [key for key in changes if answers.flag(key)]
        if compared:
            return Verdict(invalid={"present": f"names {', '.join(compared)}, which need a visit 1 to 3 months before"})
        denominator = 7
    else:
        missing = tuple(key for key in changes if not answers.has(key))
        if missing:
            return Verdict(missing=missing)
        denominator = 10
    total = weighted_sum(record, answers)
    score = total.value or 0.0
    band = "active" if score >= _ACTIVE_FROM[denominator] else "inactive"
    return Verdict(
        score, band, total.steps, {**(total.components or {}), "denominator": denominator},
        message=f"{score:g} of {denominator}; active from {_ACTIVE_FROM[denominator]}.",
    )  # fmt: skip
