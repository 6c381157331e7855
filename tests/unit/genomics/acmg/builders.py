"""Records the tests of this folder start from: a missense and a nonsense variant in a well-known gene."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.genomics.acmg.record import (
    Effect,
    Frequency,
    GeneFacts,
    Inheritance,
    LossOfFunction,
    Mechanism,
    PopulationData,
    Transcript,
    VariantRecord,
)

GENE = GeneFacts("GENE1", inheritance=Inheritance.DOMINANT, loss_of_function=Mechanism.ESTABLISHED)
TRANSCRIPT = Transcript("NM_000001.1", coding_length=3_000, exon_count=10, last_junction=2_700, is_relevant=True)
MISSENSE = VariantRecord(Effect.MISSENSE, GENE)
NONSENSE = VariantRecord(Effect.NONSENSE, GENE, transcript=TRANSCRIPT, loss=LossOfFunction(stop_position=900))


def population(count: int, number: int = 100_000, *, name: str = "European", **more: Any) -> PopulationData:
    return PopulationData("gnomAD", "4.1", (Frequency(name, count, number, **more),), covered=True)


def nonsense_at(stop: int, **loss: Any) -> VariantRecord:
    return replace(NONSENSE, loss=LossOfFunction(stop_position=stop, **loss))
