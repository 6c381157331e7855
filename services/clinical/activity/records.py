"""The record of an instrument: its items, bands, published changes, text and sources, as in `data/instruments.yaml`."""

from __future__ import annotations

from enum import StrEnum
from functools import cache, cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.clinical.disease import Disease
from services.knowledge.catalogue import load
from services.knowledge.sources import Source

Level = Literal["remission", "low", "moderate", "high", "very_high"]
Scale = Literal["0-10", "0-100"]


class ItemKind(StrEnum):
    """How an item is answered; `LEVEL` is low/normal/high or a number with limits, `MEMBERS` a list out of the choices."""

    NUMBER = "number"
    COUNT = "count"
    FLAG = "flag"
    CHOICE = "choice"
    MEMBERS = "members"
    LIMITS = "limits"
    LEVEL = "level"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_conversion(value: object) -> object:
    return (value, 0.0) if isinstance(value, int | float) else value


class Item(_Record):
    """One question of an instrument. `choices` maps an answer to its points; `legal` lists the only allowed numbers.

    `instead` names items any of which makes this one unnecessary; `below_limit` names the flag that a result printed as
    "below the detection limit" sets instead.
    """

    key: str
    label: str
    kind: ItemKind
    help: str = ""
    group: str = ""
    unit: str | None = None
    units: dict[str, Annotated[tuple[float, float], BeforeValidator(_as_conversion)]] = {}
    named_units: dict[str, str] = {}
    scale: Scale | None = None
    analyte: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    legal: tuple[float, ...] = ()
    choices: dict[str, float] = {}
    synonyms: dict[str, str] = {}
    weight: float = 0.0
    required: bool = True
    instead: tuple[str, ...] = ()
    below_limit: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def integer(self) -> bool:
        return self.kind is ItemKind.COUNT


class Band(_Record):
    """One band of values: `below` its bound, or `upto` and including it; the last band has neither."""

    band: str
    level: Level | None = None
    below: float | None = None
    upto: float | None = None

    def holds(self, value: float) -> bool:
        if self.below is not None:
            return value < self.below
        return self.upto is None or value <= self.upto


class Change(_Record):
    """Published minimal important changes; `worsening_share` is needed in addition, as a share of the earlier value."""

    improvement: float | None = None
    major_improvement: float | None = None
    worsening: float | None = None
    worsening_share: float | None = None
    note: str = ""


class InstrumentRecord(_Record):
    """One row of `instruments.yaml`."""

    id: str
    name: str
    diseases: tuple[Disease, ...] = Field(min_length=1)
    population: str | None = None
    formula: str
    kind: Literal["activity", "patient_reported", "disability", "extent", "state", "status", "control", "emergency"] = "activity"
    checklist: bool = False
    on_request: bool = False
    rule: str
    measures: str
    range: tuple[float | None, float | None] | None
    items: tuple[Item, ...]
    bands: tuple[Band, ...] = ()
    change: Change | None = None
    pitfalls: str
    not_for: str
    sources: tuple[Source, ...] = Field(min_length=1)
    version: str

    @cached_property
    def labels(self) -> dict[str, str]:
        """The name shown for each item, by key."""
        return {item.key: item.label for item in self.items}

    @cached_property
    def from_laboratory(self) -> tuple[Item, ...]:
        """The items a laboratory value can answer."""
        return tuple(item for item in self.items if item.analyte)

    @cached_property
    def needed(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The required items, each with the items that make it unnecessary."""
        return tuple((item.key, item.instead) for item in self.items if item.required)

    def band_of(self, value: float) -> Band | None:
        """Return the band of an unrounded value; six decimals are kept, so that binary noise does not move it."""
        return next((band for band in self.bands if band.holds(round(value, 6))), None)

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """The upper end of each band, as the API shows it; an open last band ends at the range, or is left out."""
        upper = self.range[1] if self.range else None
        bounds = ((band.band, band.below if band.below is not None else band.upto) for band in self.bands)
        return {name: bound if bound is not None else upper for name, bound in bounds if bound is not None or upper is not None}  # type: ignore[misc]  # the condition leaves no None


@cache
def records() -> tuple[InstrumentRecord, ...]:
    """Return every instrument record, in file order."""
    return load("instruments", InstrumentRecord)
