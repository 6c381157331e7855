"""Asks the patient's data one question of a predictor: yes, no, or not known, with the value that answered."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from services.clinical.flare.records import PredictorTest
from services.clinical.labs import LabPanel, Reading, analytes

Series = Mapping[str, Sequence[tuple[date, float]]]

MAX_SERIES = 1000
_IL6_BLOCKERS = ("tocilizumab", "sarilumab", "satralizumab", "siltuximab")
_MASKED = frozenset({"crp", "esr"})


@dataclass(frozen=True)
class Patient:
    """What the predictors are asked about. Trends need dated values in canonical units."""

    labs: LabPanel
    sex: str
    age: int
    series: Series = field(default_factory=dict)
    context: Mapping[str, bool] = field(default_factory=dict)
    antibodies: Mapping[str, bool | None] = field(default_factory=dict)
    medications: tuple[str, ...] = ()
    subtype: str | None = None

    @cached_property
    def interleukin_6_blocked(self) -> bool:
        return any(drug in words for words in self.medication_words for drug in _IL6_BLOCKERS)

    @cached_property
    def medication_words(self) -> tuple[str, ...]:
        """Each medication in plain words, with a blank at either end."""
        return tuple(f" {_words(written)} " for written in self.medications)


@dataclass(frozen=True, slots=True)
class Answer:
    """`holds` None means the data do not say; `needs` then names what would answer."""

    holds: bool | None
    detail: str = ""
    needs: str = ""
    date: date | None = None


def ask(test: PredictorTest, patient: Patient) -> Answer:
    """Return the answer of the data to one test."""
    if test.subtype is not None and test.subtype != patient.subtype:
        return Answer(None if patient.subtype is None else False, needs="type of inflammatory bowel disease")
    if test.context is not None:
        holds = patient.context.get(test.context)
        return Answer(holds, needs=plain_name(test.context))
    if test.antibody is not None:
        return Answer(patient.antibodies.get(test.antibody), needs=f"{test.antibody.replace('_', '-')} (antibody)")
    if test.medication:
        return _medication(test.medication, patient.medication_words)
    if test.sex is not None:
        return Answer(patient.sex == test.sex)
    if test.age_below is not None:
        return Answer(patient.age < test.age_below, f"{patient.age} years")
    return _lab(test, patient)


def worsening(test: PredictorTest, patient: Patient) -> bool:
    """Return whether a protective value moves the wrong way by a tenth or more between its two latest dates."""
    points = _points(patient, test.lab) if test.lab else []
    if len(points) < 2 or points[-2][1] <= 0:
        return False
    change = (points[-1][1] - points[-2][1]) / points[-2][1]
    high_is_good = test.at_least is not None or test.above is not None
    return change <= -0.1 if high_is_good else change >= 0.1


def plain_name(key: str) -> str:
    """Return what a person calls a laboratory, antibody or context key."""
    analyte = analytes().get(key)
    return key.replace("_", " ") if analyte is None else analyte.label


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text[:200].lower()))


def _medication(names: tuple[str, ...], medications: tuple[str, ...]) -> Answer:
    if not medications:
        return Answer(None, needs="current medication")
    for padded in medications:
        for name in names:
            if f" {name} " in padded:
                return Answer(True, name)
    return Answer(False)


def _lab(test: PredictorTest, patient: Patient) -> Answer:
    assert test.lab is not None
    if test.rises_percent is not None or test.falls_percent is not None:
        return _trend(test, patient)
    reading = patient.labs.get(test.lab)
    if reading is None:
        return Answer(None, needs=plain_name(test.lab))
    if test.lab in _MASKED and patient.interleukin_6_blocked and not _compare(test, reading):
        return Answer(None, needs=f"{reading.label} is suppressed by interleukin-6 blockade")
    holds = _compare(test, reading)
    if holds is None:
        known_only = f"{reading.label} (known only as {reading.shown})"
        return Answer(None, needs=known_only if reading.bound else f"the laboratory's limit for {reading.label}")
    return Answer(holds, _shown(reading, test), date=reading.date)


def _compare(test: PredictorTest, reading: Reading) -> bool | None:
    if test.above_uln is not None or test.at_most_uln is not None:
        if reading.uln is None:
            return None
        if test.above_uln is not None:
            return reading.is_above(test.above_uln * reading.uln)
        return _not(reading.is_above((test.at_most_uln or 0.0) * reading.uln))
    if test.below_lln is not None:
        return None if reading.lln is None else reading.is_below(test.below_lln * reading.lln)
    parts = [
        None if limit is None else (answer(limit),)
        for limit, answer in (
            (test.above, reading.is_above), (test.at_least, lambda limit: _not(reading.is_below(limit))),
            (test.below, reading.is_below), (test.at_most, lambda limit: _not(reading.is_above(limit))),
        )
    ]  # fmt: skip
    answers = [part[0] for part in parts if part is not None]
    return False if False in answers else None if None in answers else True


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _shown(reading: Reading, test: PredictorTest) -> str:
    shown = f"{reading.shown} {reading.unit}".strip()
    if (test.above_uln is not None or test.at_most_uln is not None) and reading.uln is not None:
        return f"{shown}, upper limit {reading.uln:g}"
    if test.below_lln is not None and reading.lln is not None:
        return f"{shown}, lower limit {reading.lln:g}"
    return shown


def _trend(test: PredictorTest, patient: Patient) -> Answer:
    assert test.lab is not None
    points = _points(patient, test.lab)
    if len(points) < 2:
        return Answer(None, needs=f"{plain_name(test.lab)}: an earlier value with its date")
    (earlier_date, earlier), (later_date, later) = points[-2:]
    if earlier <= 0:
        return Answer(None, needs=f"{plain_name(test.lab)}: an earlier value above zero")
    percent = (later - earlier) / earlier * 100
    detail = f"{earlier:g} on {earlier_date} to {later:g} on {later_date}"
    if test.and_above is not None and later <= test.and_above:
        return Answer(False, detail, date=later_date)
    if test.rises_percent is not None:
        return Answer(percent >= test.rises_percent, detail, date=later_date)
    return Answer(percent <= -(test.falls_percent or 0.0), detail, date=later_date)


def _points(patient: Patient, key: str) -> list[tuple[date, float]]:
    """Return the dated finite values in date order, one for each date, the current reading included."""
    by_date = {when: value for when, value in list(patient.series.get(key, ()))[:MAX_SERIES] if math.isfinite(value)}
    reading = patient.labs.get(key)
    if reading is not None and reading.date is not None and reading.bound is None:
        by_date[reading.date] = reading.value
    return sorted(by_date.items())
