"""Weighs the predictors of flare for one disease: three levels, the rule that gave the level, urgent alerts.

The score is ordinal: predictors are counted by strength, because no published model gives their combined probability.
A value that deteriorates is never protective, and a level of low is given only when enough was measured to say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Frozen, Input, Status, Step
from services.clinical.flare.context import context_of, ibd_subtype, unrecognised_context
from services.clinical.flare.reading import Answer, Patient, Series, ask, plain_name, worsening
from services.clinical.flare.records import FlareAlertRule, FlarePredictor, FlareRecord, flare_records
from services.clinical.labs import LabPanel, normalise
from services.clinical.profile import Profile
from services.knowledge.sources import Source

VERSION = "flare rules 1"
MAX_POINTS = 10
Level = Literal["low", "moderate", "high", "insufficient_data"]

RULE = (
    "Predictors count 2 (major) or 1 (minor), protective ones are subtracted. High: an urgent alert, two major predictors, "
    "or 4 points. Moderate: one major predictor or 2 points. Low: fewer, with at least half of the core data measured. "
    "Otherwise insufficient data. An ordinal score, not a probability."
)


class FlareFactor(Frozen):
    """One predictor that holds, with the value that shows it."""

    id: str
    label: str
    strength: int
    detail: str = ""
    note: str = ""
    source: Source

    @property
    def text(self) -> str:
        """One line for a list: `low C3 (55 mg/dL, lower limit 90)`."""
        shown = "; ".join(part for part in (self.detail, self.note) if part)
        return f"{self.label} ({shown})" if shown else self.label


class FlareAlert(Frozen):
    """An urgent state. `action` is what to do now."""

    id: str
    title: str
    severity: Literal["critical", "major"]
    because: tuple[str, ...]
    action: str
    source: Source


class FlareAssessment(Frozen):
    """The outcome for one disease.

    `missing` is what the level itself lacks, `not_assessed` what further predictors would need.
    `status` is `ok` when at least one predictor could be read. `level` can still be `insufficient_data`: nothing raised
    was found, but too little was measured to call the risk low. `risk_score` runs from 0 to 1 in steps of 0.1 and orders
    patients; it is not a probability and is None where the level is `insufficient_data`.
    """

    disease: Disease
    outcome: str
    status: Status
    level: Level
    risk_score: float | None
    current_activity: str
    contributing_factors: tuple[FlareFactor, ...] = ()
    protective_factors: tuple[FlareFactor, ...] = ()
    missing: tuple[str, ...] = ()
    not_assessed: tuple[str, ...] = ()
    recommended_monitoring: tuple[str, ...] = ()
    time_horizon_days: int
    alerts: tuple[FlareAlert, ...] = ()
    notes: tuple[str, ...] = ()
    explanation: Explanation


def assess_flare(
    profile: Profile,
    disease: Disease,
    *,
    labs: LabPanel | None = None,
    series: Series | None = None,
    antibodies: Mapping[str, bool | None] | None = None,
    context: Mapping[str, bool] | None = None,
    current_activity: str | None = None,
) -> FlareAssessment:
    """Return the assessment of `disease` from the profile, its laboratory values and their course.

    `labs` defaults to the profile's own biomarkers. `series` maps an analyte key to dated values in canonical units.
    `antibodies` maps an antibody id to positive, negative or None. `context` overrides what the profile says.
    `current_activity` is the level the activity engine found (`remission` to `very_high`), None where it found none.
    """
    record = flare_records()[disease]
    patient = Patient(
        labs=labs if labs is not None else normalise(profile.biomarkers, profile.sex, age_years=profile.age),
        sex=profile.sex, age=profile.age, series=series or {}, context={**context_of(profile), **(context or {})},
        antibodies=antibodies or {}, medications=profile.current_medications, subtype=ibd_subtype(profile),
    )
    answers = {predictor.id: ask(predictor.test, patient) for predictor in record.predictors}
    raised, lowered = _factors(record, patient, answers)
    alerts = tuple(alert for rule in record.alerts if (alert := _alert(rule, record, patient)) is not None)
    points = _points(raised, lowered, current_activity)
    level = _level(record, patient, raised, alerts, points, current_activity)
    points = max(points, _LEAST_POINTS[level])
    read = any(answers[predictor.id].holds is not None for predictor in record.predictors if predictor.alone)
    missing, not_assessed = _missing(record, patient, answers)
    notes = (record.not_markers, *(f"not recognised: {name}" for name in unrecognised_context(profile)))
    return FlareAssessment(
        disease=disease, outcome=record.outcome,
        status=Status.OK if read or alerts or current_activity else Status.INSUFFICIENT_DATA,
        level=level, risk_score=None if level == "insufficient_data" else points / MAX_POINTS,
        current_activity=current_activity or "unknown", contributing_factors=raised, protective_factors=lowered,
        missing=missing, not_assessed=not_assessed,
        recommended_monitoring=_monitoring(record, raised), time_horizon_days=record.horizon_days,
        alerts=alerts, notes=notes,
        explanation=_explain(record, patient, raised, lowered, missing, current_activity),
    )


def _factors(
    record: FlareRecord, patient: Patient, answers: Mapping[str, Answer]
) -> tuple[tuple[FlareFactor, ...], tuple[FlareFactor, ...]]:
    raised: list[FlareFactor] = []
    lowered: list[FlareFactor] = []
    beside: list[FlareFactor] = []
    for predictor in record.predictors:
        answer = answers[predictor.id]
        if not answer.holds or (predictor.unless and answers[predictor.unless].holds):
            continue
        factor = _factor(record, predictor, answer)
        if predictor.direction == "decreases" and not worsening(predictor.test, patient):
            lowered.append(factor)
        elif predictor.direction == "decreases":
            continue
        elif predictor.alone:
            raised.append(factor)
        else:
            beside.append(factor)
    return tuple(raised + beside if raised else raised), tuple(lowered)


def _factor(record: FlareRecord, predictor: FlarePredictor, answer: Answer) -> FlareFactor:
    return FlareFactor(
        id=predictor.id, label=predictor.label, strength=predictor.strength, detail=answer.detail, note=predictor.note,
        source=record.sources[predictor.source],
    )


def _alert(rule: FlareAlertRule, record: FlareRecord, patient: Patient) -> FlareAlert | None:
    because: list[str] = []
    for group in rule.any_of:
        answers = [ask(test, patient) for test in group]
        if all(answer.holds for answer in answers):
            because += [
                f"{plain_name(test.lab or test.antibody or test.context or '')} {answer.detail}".strip()
                for test, answer in zip(group, answers, strict=True)
            ]
    if not because:
        return None
    return FlareAlert(
        id=rule.id, title=rule.title, severity=rule.severity, because=tuple(dict.fromkeys(because)), action=rule.action,
        source=record.sources[rule.source],
    )


# an alert makes the level high whatever the points are; the score keeps the order of the levels
_LEAST_POINTS: dict[Level, int] = {"high": 4, "moderate": 2, "low": 0, "insufficient_data": 0}
_ACTIVITY_POINTS = {"moderate": 1, "high": 2, "very_high": 2}


def _points(raised: tuple[FlareFactor, ...], lowered: tuple[FlareFactor, ...], activity: str | None) -> int:
    total = sum(factor.strength for factor in raised) - sum(factor.strength for factor in lowered)
    return max(0, min(MAX_POINTS, total + _ACTIVITY_POINTS.get(activity or "", 0)))


def _level(
    record: FlareRecord,
    patient: Patient,
    raised: tuple[FlareFactor, ...],
    alerts: tuple[FlareAlert, ...],
    points: int,
    activity: str | None,
) -> Level:
    major = sum(factor.strength == 2 for factor in raised) + (_ACTIVITY_POINTS.get(activity or "", 0) == 2)
    if alerts or major >= 2 or points >= 4:
        return "high"
    # a protective factor lowers the score, never a major predictor to nothing
    if major or points >= 2:
        return "moderate"
    wanted = len(record.core) + len(record.core_context)
    measured = wanted - len(_open_core(record, patient))
    return "low" if measured and measured * 2 >= wanted else "insufficient_data"


def _open_core(record: FlareRecord, patient: Patient) -> tuple[str, ...]:
    labs = [
        key for key in record.core
        if all(patient.labs.get(name) is None for name in (key, *record.core_alternatives.get(key, ())))
    ]
    return (*labs, *(key for key in record.core_context if key not in patient.context))


def _missing(
    record: FlareRecord, patient: Patient, answers: Mapping[str, Answer]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the core data that are absent, and what the other open predictors would have needed."""
    core = tuple(dict.fromkeys(plain_name(key) for key in _open_core(record, patient)))
    needs = dict.fromkeys(answer.needs for answer in answers.values() if answer.holds is None and answer.needs)
    return core, tuple(need for need in needs if need not in core)


def _monitoring(record: FlareRecord, raised: tuple[FlareFactor, ...]) -> tuple[str, ...]:
    holding = {factor.id for factor in raised}
    first = [line for predictor in record.predictors if predictor.id in holding for line in predictor.monitoring]
    return tuple(dict.fromkeys([*first, *record.monitoring]))


def _explain(
    record: FlareRecord,
    patient: Patient,
    raised: tuple[FlareFactor, ...],
    lowered: tuple[FlareFactor, ...],
    missing: tuple[str, ...],
    activity: str | None,
) -> Explanation:
    steps = [Step(label=factor.label, points=factor.strength, note=factor.detail) for factor in raised]
    steps += [Step(label=factor.label, points=-factor.strength, note=factor.detail) for factor in lowered]
    if activity in _ACTIVITY_POINTS:
        steps.append(Step(label="current disease activity", points=_ACTIVITY_POINTS[activity], note=activity))
    used = {predictor.test.lab for predictor in record.predictors if predictor.test.lab}
    return Explanation(
        rule=RULE,
        inputs=tuple(
            Input(name=reading.label, value=reading.shown, unit=reading.unit, date=reading.date, note=reading.note)
            for reading in patient.labs.readings if reading.key in used
        ),
        steps=tuple(steps), missing=missing,
        sources=tuple(dict.fromkeys(factor.source for factor in (*raised, *lowered))) or tuple(record.sources.values()),
        version=VERSION,
    )
