"""Compares the alerts and recommendations for a patient with what a safety scenario demands and forbids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validation.clinical_comparison import fold_long

SEVERITIES = ("info", "moderate", "major", "critical", "contraindicated")


@dataclass(frozen=True, slots=True)
class ScenarioAlert:
    """An alert as emitted. `text` is everything the reader sees of it."""

    code: str
    severity: str
    text: str
    applies_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioOutcome:
    """What the engine answered. `offered` are drugs listed without being marked contraindicated or excluded."""

    alerts: tuple[ScenarioAlert, ...]
    offered: tuple[str, ...]
    everything: str


def scenario_differences(expected: Mapping[str, Any], outcome: ScenarioOutcome) -> tuple[str, ...]:
    """Return every alert that is absent or too weak, every drug that must not be offered, every forbidden text."""
    found = [
        f"no alert for {wanted['code']} ({wanted['severity']}): {[alert.code for alert in outcome.alerts]}"
        for wanted in expected.get("must_alert", ())
        if not any(_answers(wanted, alert) for alert in outcome.alerts)
    ]
    offered = {fold_long(drug) for drug in outcome.offered}
    found += [f"offers {drug!r}" for drug in expected.get("must_not_recommend", ())
              if fold_long(str(drug).split("(")[0]) in offered]
    text = fold_long(outcome.everything)
    found += [f"states {phrase!r}" for phrase in expected.get("must_not_state", ()) if fold_long(phrase) in text]
    return tuple(found)


def _answers(wanted: Mapping[str, Any], alert: ScenarioAlert) -> bool:
    words = alert.text.lower()
    if fold_long(alert.code) != fold_long(wanted["code"]):
        keywords: Sequence[str] = wanted.get("keywords_any", ())
        if not any(keyword.lower() in words for keyword in keywords):
            return False
    if _rank(alert.severity) < _rank(wanted["severity"]):
        return False
    subjects = [fold_long(subject.split("(")[0]) for subject in wanted.get("applies_to", ())]
    named = fold_long(" ".join([alert.text, *alert.applies_to]))
    return not subjects or any(subject in named for subject in subjects)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity.lower()) if severity.lower() in SEVERITIES else -1
