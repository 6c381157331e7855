"""The cells of the two score sheets: points by default, allowed range, limit of the sum.

Riggs 2020, Tables 1 and 2 (doi 10.1038/s41436-019-0686-8), with the values of the ClinGen CNV calculator where it departs from
print: -0.90 by default for gain 2F and for 4O, both down to -1.00. All points are decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.errors import InvalidInputError, NotFoundError
from services.knowledge.sources import Source

RIGGS_2020 = Source(citation="Riggs 2020, Genet Med (ACMG/ClinGen copy number variants)", doi="10.1038/s41436-019-0686-8")


class CnvType(StrEnum):
    LOSS = "loss"
    GAIN = "gain"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `low` and `high` bound one entry; `limit` bounds the sum of repeated entries (cases, families, studies)."""

    id: str
    text: str
    default: Decimal
    low: Decimal
    high: Decimal
    limit: Decimal
    automatic: bool = False

    @property
    def section(self) -> int:
        return int(self.id[0])

    @property
    def reach(self) -> tuple[Decimal, Decimal]:
        """The least and the most points that the cell takes, repeated entries together."""
        return min(self.low, self.limit), max(self.high, self.limit)

    def check(self, points: Decimal) -> Decimal:
        """Return the points; raises InvalidInputError outside the cell's range or with more than two decimals."""
        low, high = self.reach
        if not points.is_finite() or not low <= points <= high:
            raise InvalidInputError(f"cell {self.id} takes {self.low} to {self.high} points, at most {self.limit} in all")
        if points != points.quantize(Decimal("0.01")):
            raise InvalidInputError(f"cell {self.id}: points have two decimals")
        return points


def _cell(
    cell: str, text: str, default: str, low: str, high: str, limit: str | None = None, *, automatic: bool = False
) -> Cell:
    reach = limit if limit is not None else (low if Decimal(low) < 0 else high)
    return Cell(cell, text, Decimal(default), Decimal(low), Decimal(high), Decimal(reach), automatic)


def _fixed(cell: str, text: str, points: str = "0") -> Cell:
    return _cell(cell, text, points, points, points, automatic=True)


_CONTENT = (
    _fixed("1A", "Contains protein-coding or other known functionally important elements"),
    _fixed("1B", "Contains neither protein-coding nor other known functionally important elements", "-0.60"),
)
_LOSS_OVERLAP = (
    _cell("2A", "Contains an established haploinsufficient gene or region completely", "1", "0", "1", automatic=True),
    _fixed("2B", "Overlaps an established haploinsufficient region in part; causative gene or critical part not known to be hit"),
    _cell("2C-1", "Covers the 5' end of an established haploinsufficient gene, coding sequence involved", "0.90", "0.45", "1",
          automatic=True),
    _cell("2C-2", "Covers the 5' end of an established haploinsufficient gene, only its 5' untranslated region", "0", "0", "0.45",
          automatic=True),
    _fixed("2D-1", "Covers the 3' end of an established haploinsufficient gene, only its 3' untranslated region"),
    _cell("2D-2", "Covers only the last exon, in which other pathogenic variants are established", "0.90", "0.45", "0.90",
          automatic=True),
    _cell("2D-3", "Covers only the last exon, in which no other pathogenic variant is established", "0.30", "0", "0.45",
          automatic=True),
    _cell("2D-4", "Covers the last and further exons; nonsense-mediated decay expected", "0.90", "0.45", "1", automatic=True),
    _cell("2E", "Both breakpoints within one haploinsufficient gene: graded like PVS1", "0", "0", "0.90", automatic=True),
    _cell("2F", "Contained completely in an established benign region", "-1", "-1", "0", automatic=True),
    _fixed("2G", "Overlaps an established benign region and includes further material"),
    _cell("2H", "Two or more predictors call at least one gene haploinsufficient", "0.15", "0", "0.15", automatic=True),
)
_GAIN_OVERLAP = (
    _cell("2A", "Contains an established triplosensitive gene or critical region completely", "1", "0", "1", automatic=True),
    _fixed("2B", "Overlaps an established triplosensitive region in part; causative gene or critical part not known to be hit"),
    _cell("2C", "Identical in gene content to an established benign gain", "-1", "-1", "0", automatic=True),
    _cell("2D", "Smaller than an established benign gain, interrupts no protein-coding gene", "-1", "-1", "0", automatic=True),
    _fixed("2E", "Smaller than an established benign gain, may interrupt a protein-coding gene"),
    _cell("2F", "Larger than an established benign gain, no further protein-coding gene", "-0.90", "-1", "0", automatic=True),
    _fixed("2G", "Overlaps an established benign gain and includes further material"),
    _fixed("2H", "Contains an established haploinsufficient gene completely"),
    _cell("2I", "Both breakpoints within one haploinsufficient gene: graded like PVS1", "0", "0", "0.90", automatic=True),
    _fixed("2J", "One breakpoint within an established haploinsufficient gene; phenotype inconsistent or unknown"),
    _cell("2K", "One breakpoint within an established haploinsufficient gene; phenotype highly specific for its loss", "0.45",
          "0", "0.45", automatic=True),
    _fixed("2L", "Breakpoints within genes of no established clinical significance"),
)


def _gene_count(first: int, second: int) -> tuple[Cell, ...]:
    return (
        _fixed("3A", f"0 to {first - 1} protein-coding genes"),
        _cell("3B", f"{first} to {second - 1} protein-coding genes", "0.45", "0", "0.45", automatic=True),
        _cell("3C", f"{second} or more protein-coding genes", "0.90", "0.45", "0.90", automatic=True),
    )


_LITERATURE = (
    _cell("4A", "Reported de novo, phenotype highly specific and relatively unique", "0.45", "0", "0.45", "0.90"),
    _cell("4B", "Reported de novo, phenotype highly specific, not unique", "0.30", "0", "0.45", "0.90"),
    _cell("4C", "Reported de novo, phenotype consistent, not highly specific", "0.15", "0", "0.30", "0.90"),
    _cell("4D", "Reported, phenotype not consistent", "0", "-0.30", "0", "-0.30"),
    _cell("4E", "Reported with highly specific phenotype, inheritance unknown", "0.10", "0", "0.15", "0.30"),
    _cell("4F", "3 or 4 observed segregations", "0.15", "0", "0.15", "0.45"),
    _cell("4G", "5 or 6 observed segregations", "0.30", "0", "0.30", "0.45"),
    _cell("4H", "7 or more observed segregations", "0.45", "0", "0.45", "0.45"),
    _cell("4I", "Absent in an affected relative with a consistent, specific phenotype", "-0.45", "-0.45", "0", "-0.90"),
    _cell("4J", "Present in a relative without the specific phenotype", "-0.30", "-0.30", "0", "-0.90"),
    _cell("4K", "Present in a relative without the nonspecific phenotype", "-0.15", "-0.15", "0", "-0.30"),
    _cell("4L", "More frequent in cases with a specific phenotype than in controls", "0.45", "0", "0.45", "0.45"),
    _cell("4M", "More frequent in cases with a nonspecific or unknown phenotype than in controls", "0.30", "0", "0.30", "0.45"),
    _cell("4N", "No significant difference between cases and controls", "-0.90", "-0.90", "0", "-0.90"),
    _cell("4O", "Overlaps common variation of the population", "-0.90", "-1", "0", "-1", automatic=True),
)
_FAMILY = (
    _cell("5A", "De novo in the patient: scored like the de novo cases of section 4", "0", "-0.30", "0.45", "0.45"),
    _cell("5B", "Specific phenotype, no family history, inherited from an unaffected parent", "-0.30", "-0.45", "0", "-0.45"),
    _cell("5C", "Nonspecific phenotype, no family history, inherited from an unaffected parent", "-0.15", "-0.30", "0", "-0.30"),
    _cell("5D", "Segregates with the phenotype in the family: scored like section 4's segregations", "0", "0", "0.45", "0.45"),
    _cell("5E", "Does not segregate: scored like the non-segregations of section 4", "0", "-0.45", "0", "-0.45"),
    _fixed("5F", "Inheritance unavailable or uninformative"),
    _cell("5G", "Inheritance unavailable; phenotype nonspecific but consistent", "0.10", "0", "0.15", "0.15"),
    _cell("5H", "Inheritance unavailable; phenotype highly specific and consistent", "0.30", "0", "0.30", "0.30"),
)
GENE_COUNT_STEPS = {CnvType.LOSS: (25, 35), CnvType.GAIN: (35, 50)}
"""Least numbers of protein-coding genes for 3B and 3C."""

SHEETS: dict[CnvType, tuple[Cell, ...]] = {
    CnvType.LOSS: (*_CONTENT, *_LOSS_OVERLAP, *_gene_count(*GENE_COUNT_STEPS[CnvType.LOSS]), *_LITERATURE, *_FAMILY),
    CnvType.GAIN: (*_CONTENT, *_GAIN_OVERLAP, *_gene_count(*GENE_COUNT_STEPS[CnvType.GAIN]), *_LITERATURE, *_FAMILY),
}
_BY_ID = {kind: {cell.id: cell for cell in cells} for kind, cells in SHEETS.items()}


def cell_of(kind: CnvType, cell_id: str) -> Cell:
    """Return a cell; raises NotFoundError for one the sheet does not have."""
    cell = _BY_ID[kind].get(cell_id)
    if cell is None:
        raise NotFoundError(f"the sheet for a {kind} has no cell {cell_id[:10]}")
    return cell
