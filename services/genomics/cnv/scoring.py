"""What losses and gains score alike: content (section 1), number of genes (section 3), common variation (4O)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.genomics.cnv.cells import GENE_COUNT_STEPS, cell_of
from services.genomics.cnv.record import CnvRecord, PopulationOverlap

COMMON_FREQUENCY = 0.01
COMMON_COVERAGE = 0.80
"""A population variant counts as the same when it covers this much of the observed one."""

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """Points the engine enters into a cell; None where the cell cannot be assessed."""

    cell: str
    points: Decimal | None
    reason: str


def default_entry(record: CnvRecord, cell: str, reason: str) -> Entry:
    return Entry(cell, cell_of(record.kind, cell).default, reason)


def shared_entries(record: CnvRecord) -> list[Entry]:
    """Fill sections 1 and 3 and cell 4O."""
    return [*_content(record), *_gene_count(record), *_population(record)]


def _content(record: CnvRecord) -> list[Entry]:
    if record.protein_coding is None and not (record.genes or record.regions):
        return [Entry("1A", None, "gene content not known"), Entry("1B", None, "gene content not known")]
    if record.protein_coding:
        return [default_entry(record, "1A", _genes(len(record.protein_coding)))]
    if record.genes:
        return [default_entry(record, "1A", f"{', '.join(one.symbol for one in record.genes[:_SHOWN])} at least")]
    if record.other_elements or record.regions:
        return [default_entry(record, "1A", "no protein-coding gene, but other important elements or curated regions")]
    unknown = " (other elements not looked up)" if record.other_elements is None else ""
    return [default_entry(record, "1B", f"no protein-coding gene{unknown}")]


def _gene_count(record: CnvRecord) -> list[Entry]:
    if record.protein_coding is None:
        return [Entry(cell, None, "protein-coding genes not counted") for cell in ("3A", "3B", "3C")]
    number = len(set(record.protein_coding))
    first, second = GENE_COUNT_STEPS[record.kind]
    cell = "3C" if number >= second else "3B" if number >= first else "3A"
    return [default_entry(record, cell, _genes(number))]


def _genes(number: int) -> str:
    return f"{number} protein-coding gene{'' if number == 1 else 's'}"


def _population(record: CnvRecord) -> list[Entry]:
    if record.population is None:
        return [Entry("4O", None, "population variants not looked up")]
    common = _common(record.population)
    if common is None:
        return []
    text = f"{common.dataset}: {common.frequency:.2%} carry a {record.kind} that covers {common.covered_fraction:.0%}"
    return [default_entry(record, "4O", text)]


def _common(population: Sequence[PopulationOverlap]) -> PopulationOverlap | None:
    usable = [one for one in population if one.frequency >= COMMON_FREQUENCY and one.covered_fraction >= COMMON_COVERAGE]
    return max(usable, key=lambda one: (one.frequency, one.dataset), default=None)
