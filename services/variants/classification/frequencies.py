"""Population frequencies of one variant, from the frequency pack to what BA1, BS1, BS2 and PM2 judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.genomics.acmg.record import Frequency, PopulationData
from services.variants.reference.model import Pack

COVERED_NEAR = 20
"""A variant that is not in the data was looked for there when another one within this many bases was called."""
_FOUNDERS = frozenset({"asj", "fin", "ami", "mid", "remaining", "oth", "ashkenazi jewish", "finnish", "amish", "middle eastern"})
"""gnomAD's bottlenecked and residual groups: they show a variant's presence, but never that it is too common."""


def population_data(row: Mapping[str, Any] | None, pack: Pack, covered: int | None) -> PopulationData:
    """Return one dataset's view. `row` None: the variant is not in it; `covered` is the number of alleles called beside it."""
    if row is None:
        return PopulationData(pack.name, pack.version, (), covered=True if covered else None)
    frequencies = []
    if row["ac"] is not None and row["an"]:
        frequencies.append(Frequency("all", row["ac"], row["an"], row["homozygotes"], row["hemizygotes"]))
    highest, bound = row["popmax_population"], row["faf95"]
    if highest and row["popmax_ac"] is not None and row["popmax_an"]:
        frequencies.append(Frequency(
            str(highest), row["popmax_ac"], row["popmax_an"], filter_frequency=bound,
            is_founder=str(highest).strip().lower() in _FOUNDERS,
        ))
    return PopulationData(pack.name, pack.version, tuple(frequencies), covered=True, passed_filters=row["passed"] is not False)
