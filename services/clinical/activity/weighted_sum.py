"""The weighted sum and the mean: the formula of most instruments, with the weights of the record."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord, Item, ItemKind
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step


def weighted_sum(record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return Σ weight × answer; a flag counts 1 or 0, a list counts its members."""
    items = [item for item in record.items if item.weight and answers.has(item.key)]
    points = {item.key: item.weight * _size(item, answers) for item in items}
    steps = tuple(Step(label=item.label, points=points[item.key]) for item in items if points[item.key])
    return Verdict(sum(points.values()), steps=steps, components=points)


def mean(record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the mean of the items."""
    total = weighted_sum(record, answers)
    return Verdict((total.value or 0.0) / len(record.items), steps=total.steps, components=total.components)


def mayo_full(record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the sum; 2 or less is remission only when no subscore exceeds 1 (Schroeder 1987)."""
    total = weighted_sum(record, answers)
    if total.value is not None and total.value <= 2 and max((total.components or {}).values(), default=0) > 1:
        return Verdict(
            total.value, "mild", total.steps, total.components,
            message="A total of 2 made of one subscore above 1 is not clinical remission.",
        )  # fmt: skip
    return total


def _size(item: Item, answers: Answers) -> float:
    return float(len(answers.members(item.key))) if item.kind is ItemKind.MEMBERS else answers.number(item.key)
