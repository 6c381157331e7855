"""The Burch-Wartofsky points for thyroid storm (1993): an emergency score, not Graves activity."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

_TEMPERATURE_F = ((104.0, 30), (103.0, 25), (102.0, 20), (101.0, 15), (100.0, 10), (99.0, 5))
_HEART_RATE = ((140.0, 25), (130.0, 20), (120.0, 15), (110.0, 10), (90.0, 5))


def burch_wartofsky(record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the sum of the seven parts."""
    points = {
        "temperature": _points(round(answers.number("temperature_f"), 6), _TEMPERATURE_F),
        "heart_rate": _points(answers.number("heart_rate"), _HEART_RATE),
        "atrial_fibrillation": 10 * answers.number("atrial_fibrillation"),
        "precipitant": 10 * answers.number("precipitant"),
    }
    for item in record.items:
        if item.choices:
            points[item.key] = item.choices[answers.text(item.key) or ""]
    steps = tuple(Step(label=name.replace("_", " "), points=part) for name, part in points.items())
    return Verdict(sum(points.values()), steps=steps, components=points)


def _points(value: float, table: tuple[tuple[float, int], ...]) -> float:
    return float(next((points for bound, points in table if value >= bound), 0))
