"""What a change between two scores of one instrument means, where a minimal important change is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.clinical.activity.records import Change
from services.clinical.activity.registry import INSTRUMENTS
from services.clinical.activity.results import ActivityScore
from services.clinical.explanation import Explanation, Input, Status, Step
from services.errors import InvalidInputError

Meaning = Literal[
    "important_improvement", "major_improvement", "important_worsening", "below_important_change", "no_published_change"
]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """The difference current - previous and its meaning."""

    instrument_id: str
    difference: float
    meaning: Meaning
    note: str
    explanation: Explanation


def delta(previous: ActivityScore, current: ActivityScore) -> ScoreChange | None:
    """Compare two scores of one instrument; None unless both are OK and carry a value.

    :raise InvalidInputError: the scores belong to different instruments.
    """
    if previous.instrument_id != current.instrument_id:
        raise InvalidInputError(f"{previous.instrument_id} and {current.instrument_id} cannot be compared")
    values = (previous.value, current.value)
    if previous.status is not Status.OK or current.status is not Status.OK or values[0] is None or values[1] is None:
        return None
    record = INSTRUMENTS[current.instrument_id].record
    difference = round(values[1] - values[0], 6)
    meaning = _meaning(record.change, values[0], difference)
    note = record.change.note if record.change else "No minimal important change is given for this instrument."
    explanation = Explanation(
        rule=_rule(record.change),
        inputs=(Input(name="previous", value=f"{values[0]:g}"), Input(name="current", value=f"{values[1]:g}")),
        steps=(Step(label="current - previous", points=difference),),
        sources=record.sources,
        version=f"{record.id} {record.version}",
    )
    return ScoreChange(record.id, difference, meaning, note, explanation)


def _meaning(change: Change | None, before: float, difference: float) -> Meaning:
    if change is None:
        return "no_published_change"
    if change.major_improvement is not None and difference <= -change.major_improvement:
        return "major_improvement"
    if change.improvement is not None and difference <= -change.improvement:
        return "important_improvement"
    if change.worsening is not None and difference >= change.worsening:
        share_reached = change.worsening_share is None or difference >= change.worsening_share * before
        return "important_worsening" if share_reached else "below_important_change"
    published = change.improvement if difference < 0 else change.worsening
    return "below_important_change" if published is not None or difference == 0 else "no_published_change"


def _rule(change: Change | None) -> str:
    if change is None:
        return "no published minimal important change"
    parts = {
        "major improvement": change.major_improvement, "improvement": change.improvement, "worsening": change.worsening,
    }  # fmt: skip
    text = ", ".join(f"{name} ≥{value:g}" for name, value in parts.items() if value is not None)
    return text + (f" and ≥{change.worsening_share:.0%}" if change.worsening_share is not None else "")
