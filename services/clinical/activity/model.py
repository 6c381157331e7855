"""An instrument: a record of `services/knowledge/data/instruments.yaml` and the formula that computes it.

A page builds its editor from `items`; a report prints the `ActivityScore`. Only a score of status `OK` carries a value or a
band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.clinical.activity.evaluation import evaluate
from services.clinical.activity.records import Band, InstrumentRecord, Item, ItemKind
from services.clinical.activity.results import ActivityScore, Formula
from services.clinical.disease import Disease
from services.knowledge.sources import Source

__all__ = ["ActivityScore", "Band", "Instrument", "Item", "ItemKind"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument: its record and its formula."""

    record: InstrumentRecord
    formula: Formula

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def diseases(self) -> tuple[Disease, ...]:
        return self.record.diseases

    @property
    def items(self) -> tuple[Item, ...]:
        return self.record.items

    @property
    def score_range(self) -> tuple[float | None, float | None] | None:
        return self.record.range

    @property
    def bands(self) -> tuple[Band, ...]:
        return self.record.bands

    @property
    def thresholds(self) -> dict[str, float]:
        return dict(self.record.thresholds)

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.record.sources

    @property
    def version(self) -> str:
        return self.record.version

    @property
    def note(self) -> str:
        return self.record.pitfalls

    def compute(self, inputs: Mapping[str, object]) -> ActivityScore:
        """Compute the instrument from `inputs` (item key to answer; an absent key or None is unknown).

        A number under a key that names its unit is in that unit; `{"value": 1.8, "unit": "mg/dL"}` is converted; an object
        without unit, where two units are in use, is missing data. Never raises on a bad answer: the score then has the
        status `invalid_input` and names the input.
        """
        return evaluate(self.record, self.formula, inputs)
