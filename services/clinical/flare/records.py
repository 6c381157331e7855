"""The rows of `flare_predictors.yaml`: for each disease its predictors, urgent alerts, monitoring and sources."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.clinical.disease import Disease
from services.knowledge.catalogue import load
from services.knowledge.sources import Source


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PredictorTest(_Row):
    """One question to the patient's data. Exactly one subject; laboratory limits in the analyte's canonical unit.

    `above_uln` and `below_lln` are multiples of the limits the laboratory (or the analyte table) gives; without a
    limit the question stays open. `rises_percent` and `falls_percent` compare the two latest dated values.
    """

    lab: str | None = None
    context: str | None = None
    antibody: str | None = None
    medication: tuple[str, ...] = ()
    sex: Literal["M", "F"] | None = None
    age_below: float | None = None
    subtype: Literal["crohns_disease", "ulcerative_colitis"] | None = None
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    above_uln: float | None = None
    at_most_uln: float | None = None
    below_lln: float | None = None
    rises_percent: float | None = None
    falls_percent: float | None = None
    and_above: float | None = None

    @model_validator(mode="after")
    def _ask_one_thing(self) -> PredictorTest:
        subjects = (self.lab, self.context, self.antibody, self.medication or None, self.sex, self.age_below)
        if sum(subject is not None for subject in subjects) != 1:
            raise ValueError("a test has exactly one subject")
        limits = (
            self.above, self.at_least, self.below, self.at_most, self.above_uln, self.at_most_uln, self.below_lln,
            self.rises_percent, self.falls_percent,
        )
        if sum(limit is not None for limit in limits) != (1 if self.lab else 0):
            raise ValueError("a laboratory test has exactly one limit, any other test none")
        return self


class FlarePredictor(_Row):
    """A factor with its direction. `unless` names a predictor that says the same more strongly.

    A predictor that is not meaningful `alone` (sex, age) counts only beside another one.
    """

    id: str
    label: str
    direction: Literal["increases", "decreases"]
    strength: Literal[1, 2]
    test: PredictorTest
    source: str
    note: str = ""
    unless: str | None = None
    alone: bool = True
    monitoring: tuple[str, ...] = ()


class FlareAlertRule(_Row):
    """An urgent state: any of the groups, each of which must hold completely."""

    id: str
    title: str
    severity: Literal["critical", "major"]
    any_of: tuple[tuple[PredictorTest, ...], ...] = Field(min_length=1)
    action: str
    source: str


class FlareRecord(_Row):
    """One disease. Without half of `core` a level of low is never given.

    `core_alternatives` lists values that serve instead of a core value; `core_context` are answers that count as core.
    """

    disease: Disease
    outcome: str
    horizon_days: int = Field(gt=0)
    core: tuple[str, ...] = ()
    core_alternatives: dict[str, tuple[str, ...]] = {}
    core_context: tuple[str, ...] = ()
    monitoring: tuple[str, ...] = Field(min_length=1)
    not_markers: str
    predictors: tuple[FlarePredictor, ...] = Field(min_length=1)
    alerts: tuple[FlareAlertRule, ...] = ()
    sources: dict[str, Source]

    @model_validator(mode="after")
    def _name_known_sources(self) -> FlareRecord:
        ids = {predictor.id for predictor in self.predictors}
        for predictor in self.predictors:
            if predictor.source not in self.sources:
                raise ValueError(f"{self.disease}: {predictor.id} names the unknown source {predictor.source}")
            if predictor.unless is not None and predictor.unless not in ids:
                raise ValueError(f"{self.disease}: {predictor.id} refers to the unknown {predictor.unless}")
        for alert in self.alerts:
            if alert.source not in self.sources:
                raise ValueError(f"{self.disease}: {alert.id} names the unknown source {alert.source}")
        return self


@cache
def flare_records() -> dict[Disease, FlareRecord]:
    """Return every row by disease."""
    return {record.disease: record for record in load("flare_predictors", FlareRecord)}
