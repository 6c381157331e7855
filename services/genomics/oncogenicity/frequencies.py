"""The frequency that counts: the highest in a general population with enough alleles."""

from __future__ import annotations

from collections.abc import Iterable

from services.genomics.acmg.record import Frequency, PopulationData

LEAST_ALLELES = 2_000


def highest(populations: Iterable[PopulationData]) -> Frequency | None:
    """Return the highest frequency, founders and groups of fewer than 2,000 alleles left out; None where there is none."""
    usable = [
        one for dataset in populations if dataset.passed_filters for one in dataset.frequencies
        if not one.is_founder and one.allele_number >= LEAST_ALLELES
    ]
    return max(usable, key=lambda one: (one.frequency, one.population), default=None)
