"""The score sheet: cells filled from the record, cells of the expert, the sum in decimals and the class.

Riggs 2020: pathogenic from 0.99, likely pathogenic 0.90 to 0.98, likely benign -0.98 to -0.90, benign from -0.99 down. Within
section 2 only the strongest positive cell counts, so that two genes do not add up to more than one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.cnv.cells import RIGGS_2020, SHEETS, Cell, CnvType, cell_of
from services.genomics.cnv.gain import gain_entries
from services.genomics.cnv.loss import loss_entries
from services.genomics.cnv.record import CnvRecord
from services.genomics.cnv.scoring import Entry, shared_entries
from services.knowledge.sources import Source

CNV_RULES = "acmg-clingen-cnv@2020.1"
"""The year of the standard, then the revision of its rules here: .1 grades cut exons in 2E; an expert chooses either-or cells."""
EITHER_OR = (("1A", "1B"), ("3A", "3B", "3C"))
"""Cells of which one applies: an expert's choice sets aside what the engine entered into the others."""
_PATHOGENIC, _LIKELY = Decimal("0.99"), Decimal("0.90")
_SEGREGATION = ("4F", "4G", "4H")
_DE_NOVO = ("4A", "4B", "4C")
_DE_NOVO_LIMIT, _SEGREGATION_LIMIT = Decimal("0.90"), Decimal("0.45")


class CellStatus(StrEnum):
    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    NOT_ASSESSABLE = "not assessable"
    EXPERT = "set by an expert"


@dataclass(frozen=True, slots=True)
class ExpertCell:
    """An expert's points for a cell: what the entries of the cell sum to. It replaces what the engine entered."""

    cell: str
    points: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One cell as shown. `counted` is what enters the sum; it differs from `points` where a limit or exclusion applies."""

    cell: Cell
    status: CellStatus
    points: Decimal
    counted: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class CnvClassification:
    """A class with the whole sheet behind it."""

    pathogenicity: Pathogenicity
    score: Decimal
    rows: tuple[SheetRow, ...]
    warnings: tuple[str, ...]
    data_versions: tuple[tuple[str, str], ...] = ()
    rules: str = CNV_RULES
    source: Source = RIGGS_2020

    @property
    def applied(self) -> tuple[SheetRow, ...]:
        return tuple(row for row in self.rows if row.status in (CellStatus.APPLIED, CellStatus.EXPERT))


def class_of_score(score: Decimal) -> Pathogenicity:
    """Return the class of a score; thresholds are exact, there is no rounding."""
    if score >= _PATHOGENIC:
        return Pathogenicity.PATHOGENIC
    if score >= _LIKELY:
        return Pathogenicity.LIKELY_PATHOGENIC
    if score <= -_PATHOGENIC:
        return Pathogenicity.BENIGN
    return Pathogenicity.LIKELY_BENIGN if score <= -_LIKELY else Pathogenicity.UNCERTAIN


def classify_cnv(record: CnvRecord, expert: Iterable[ExpertCell] = ()) -> CnvClassification:
    """Fill the sheet and classify.

    Raises InvalidInputError for an expert's cell given twice, without a note or with points outside its range, and
    NotFoundError for a cell the sheet does not have.
    """
    own = loss_entries(record) if record.kind is CnvType.LOSS else gain_entries(record)
    entered = {entry.cell: entry for entry in (*shared_entries(record), *own)}
    by_expert: dict[str, ExpertCell] = {}
    for given in expert:
        cell_of(record.kind, given.cell).check(given.points)
        if given.cell in by_expert or not given.note.strip():
            raise InvalidInputError(f"cell {given.cell}: one entry with a note")
        by_expert[given.cell] = given
    for group in EITHER_OR:
        if by_expert.keys() & set(group):
            entered = {name: entry for name, entry in entered.items() if name not in group}
    rows = [_row(cell, entered.get(cell.id), by_expert.get(cell.id)) for cell in SHEETS[record.kind]]
    rows = _limit_sums(_one_overlap(rows))
    score = sum((row.counted for row in rows), Decimal(0))
    return CnvClassification(class_of_score(score), score, tuple(rows), _warnings(rows), record.data_versions)


def _row(cell: Cell, entry: Entry | None, expert: ExpertCell | None) -> SheetRow:
    if expert is not None:
        return SheetRow(cell, CellStatus.EXPERT, expert.points, expert.points, expert.note.strip())
    if entry is None:
        reason = "does not apply" if cell.automatic else "needs an expert: nothing was entered"
        status = CellStatus.NOT_APPLIED if cell.automatic else CellStatus.NOT_ASSESSABLE
        return SheetRow(cell, status, Decimal(0), Decimal(0), reason)
    if entry.points is None:
        return SheetRow(cell, CellStatus.NOT_ASSESSABLE, Decimal(0), Decimal(0), entry.reason)
    return SheetRow(cell, CellStatus.APPLIED, cell.check(entry.points), entry.points, entry.reason)


def _one_overlap(rows: list[SheetRow]) -> list[SheetRow]:
    """Count only the strongest positive cell of section 2, the first where several are equal."""
    best = max((row.counted for row in rows if row.cell.section == 2), default=Decimal(0))
    kept, found = [], False
    for row in rows:
        if row.cell.section == 2 and row.counted > 0:
            if row.counted == best and not found:
                found = True
            else:
                text = f"{row.reason}; the strongest cell of section 2 counts"
                row = SheetRow(row.cell, row.status, row.points, Decimal(0), text)
        kept.append(row)
    return kept


def _limit_sums(rows: list[SheetRow]) -> list[SheetRow]:
    """Hold 4A to 4C together at 0.90 and 4F to 4H at 0.45."""
    group_of = {**dict.fromkeys(_DE_NOVO, "de novo"), **dict.fromkeys(_SEGREGATION, "segregation")}
    left = {"de novo": _DE_NOVO_LIMIT, "segregation": _SEGREGATION_LIMIT}
    limited = []
    for row in rows:
        group = group_of.get(row.cell.id)
        if group is not None and row.counted > 0:
            counted = min(row.counted, left[group])
            left[group] -= counted
            row = SheetRow(row.cell, row.status, row.points, counted, row.reason)
        limited.append(row)
    return limited


def _warnings(rows: list[SheetRow]) -> tuple[str, ...]:
    by_id = {row.cell.id: row for row in rows}
    used = {name for name, row in by_id.items() if row.status in (CellStatus.APPLIED, CellStatus.EXPERT)}
    found = []
    if any(row.counted > 0 for row in rows) and any(row.counted <= -_LIKELY for row in rows):
        found.append("evidence points both ways: a cell near benign stands against cells that raise the score")
    family = sorted(name for name in used if name.startswith("5"))
    if len(family) > 1:
        found.append(f"cells {', '.join(family)} are alternatives: one of section 5 applies")
    found += [
        f"{one} and {other} exclude each other" for group in EITHER_OR for one, other in combinations(group, 2)
        if one in used and other in used
    ]
    if used & {"2I", "2E"} and used & {"3B", "3C"}:
        found.append("an intragenic variant is not scored by its number of genes")
    return tuple(found)
