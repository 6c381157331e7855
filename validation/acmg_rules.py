"""Combine criteria that expert panels applied and compare the class with theirs: `python -m validation.acmg_rules FILE`.

FILE is tab-separated with the columns of the ClinGen Evidence Repository's export: `gene`, `codes_parsed` (`CODE|STRENGTH`,
comma-separated; A, VS, S, M, P), `expert_assertion`, and where present `retracted` and `variation`. Rows without codes,
retracted rows and rows that cannot be read are left out, counted and told on stderr. Only the given codes are looked at: the
class of a row never touches its variant.

Genes fall into two halves by the parity of the first byte of the SHA-256 of their name. Refinements of the combining rules
were chosen on the `choosing` half only (`--choose` repeats that); `reporting` is the half none of them saw. The table gives
both, for the rule set in use and for the published ones. The last line is JSON over all rows.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Classification, Pathogenicity, classify
from services.genomics.acmg.criteria import Evidence, parse_evidence
from services.genomics.acmg.specifications import GENERAL, POINTS_2020, TABLE_2015, Refinement, Specification

NEEDED = ("gene", "codes_parsed", "expert_assertion")
LEAST_ROWS, LEAST_GENES, LEAST_AGREEMENT = 5, 3, 0.75
"""A refinement is chosen when it changes the class of this many rows in this many genes and the panels agree this often."""


@dataclass(frozen=True, slots=True)
class Row:
    """One curated variant."""

    name: str
    gene: str
    evidence: tuple[Evidence, ...]
    asserted: Pathogenicity


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that can be compared, and how many cannot; `unreadable` says where and why."""

    rows: tuple[Row, ...]
    without_codes: int
    retracted: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one refinement changed: rows and genes, and with which class the panel agreed."""

    refinement: Refinement
    for_new: int
    for_old: int
    for_neither: int
    genes: int

    @property
    def is_chosen(self) -> bool:
        changed = self.for_new + self.for_old + self.for_neither
        return changed >= LEAST_ROWS and self.genes >= LEAST_GENES and self.for_new >= LEAST_AGREEMENT * changed


def half_of(gene: str) -> str:
    """Return `choosing` or `reporting`, the same for a gene's name on every machine and for ever."""
    return ("choosing", "reporting")[hashlib.sha256(gene.encode()).digest()[0] % 2]


def read_rows(path: Path) -> Rows:
    """Read a file; raises InvalidInputError when it lacks a column or no row can be read."""
    rows: list[Row] = []
    unreadable: list[str] = []
    without = retracted = 0
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t")
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInputError(f"{path.name} has no column {', '.join(missing)}")
        for cells in reader:
            if (cells.get("retracted") or "").upper() == "TRUE":
                retracted += 1
            elif not (cells["codes_parsed"] or "").strip():
                without += 1
            else:
                try:
                    rows.append(_row(cells, f"{path.name}, line {reader.line_num}"))
                except InvalidInputError as error:
                    unreadable.append(error.message)
    if unreadable and not rows:
        raise InvalidInputError(unreadable[0])
    return Rows(tuple(rows), without, retracted, tuple(unreadable))


def _row(cells: dict[str, str], place: str) -> Row:
    try:
        evidence = tuple(parse_evidence(code) for code in cells["codes_parsed"].replace(";", ",").split(",") if code.strip())
    except InvalidInputError as error:
        raise InvalidInputError(f"{place}, codes_parsed: {error.message}") from error
    asserted = {one.value.lower(): one for one in Pathogenicity}.get((cells["expert_assertion"] or "").strip().lower())
    if asserted is None:
        raise InvalidInputError(f"{place}, expert_assertion: {cells['expert_assertion']!r} is none of the five classes")
    return Row(cells.get("variation") or cells["codes_parsed"], (cells["gene"] or "").strip(), evidence, asserted)


def figures(rows: Iterable[Row], specification: Specification = GENERAL) -> dict[str, float]:
    """Return n, agreement on five and three tiers, and how many fell from pathogenic to benign or the reverse."""
    pairs = [(classify(row.evidence, specification).pathogenicity, row.asserted) for row in rows]
    total = len(pairs)
    return {
        "n": total,
        "five_tier": _share(sum(given is asserted for given, asserted in pairs), total),
        "three_tier": _share(sum(given.tier == asserted.tier for given, asserted in pairs), total),
        "flips": sum(given.tier * asserted.tier < 0 for given, asserted in pairs),
    }


def try_refinement(rows: Iterable[Row], refinement: Refinement) -> Choice:
    """Add one refinement to the published points and count whom the panels side with where the class changes."""
    refined = replace(POINTS_2020, refinements=frozenset({refinement}))
    for_new = for_old = for_neither = 0
    genes: set[str] = set()
    for row in rows:
        old, new = classify(row.evidence, POINTS_2020).pathogenicity, classify(row.evidence, refined).pathogenicity
        if old is not new:
            genes.add(row.gene)
            for_new += row.asserted is new
            for_old += row.asserted is old
            for_neither += row.asserted not in (old, new)
    return Choice(refinement, for_new, for_old, for_neither, len(genes))


def _share(part: int, total: int) -> float:
    return round(part / total, 4) if total else 0.0


def _print_table(rows: Sequence[Row]) -> None:
    halves = {"all": rows} | {name: [row for row in rows if half_of(row.gene) == name] for name in ("choosing", "reporting")}
    print(f"{'rule set':24} {'genes':10} {'n':>6} {'five-tier':>10} {'three-tier':>11} {'flips':>6}")
    for specification in (GENERAL, POINTS_2020, TABLE_2015):
        for name, part in halves.items():
            one = figures(part, specification)
            print(
                f"{specification.name:24} {name:10} {one['n']:6} {one['five_tier']:10.2%} {one['three_tier']:11.2%} "
                f"{one['flips']:6}"
            )


def _print_choice(rows: Sequence[Row]) -> None:
    print(f"\n{'refinement (new class : old class : neither)':92} {'half':10} {'rows':>13} {'genes':>6}")
    for refinement in Refinement:
        for half in ("choosing", "reporting"):
            tried = try_refinement([row for row in rows if half_of(row.gene) == half], refinement)
            mark = " chosen" if half == "choosing" and tried.is_chosen else ""
            rows_of = f"{tried.for_new} : {tried.for_old} : {tried.for_neither}"
            print(f"{refinement:92} {half:10} {rows_of:>13} {tried.genes:6}{mark}")


def _print_disagreements(rows: Sequence[Row]) -> None:
    for row in rows:
        made: Classification = classify(row.evidence)
        if made.pathogenicity is not row.asserted:
            codes = " ".join(map(str, made.evidence))
            print(
                f"{row.name}\t{row.gene}\t{half_of(row.gene)}\tpanel {row.asserted}\there {made.pathogenicity}\t"
                f"{made.points} points\t2015 {made.by_table}\t{codes}"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; 0 when done, 2 for a file that cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--verbose", action="store_true", help="list every row where the class differs from the panel's")
    parser.add_argument("--choose", action="store_true", help="try each refinement on both halves of the genes")
    chosen = parser.parse_args(arguments)
    try:
        read = read_rows(chosen.file)
    except (OSError, InvalidInputError) as error:
        print(f"cannot use {chosen.file}: {error}", file=sys.stderr)
        return 2
    for text in read.unreadable:
        print(f"left out: {text}", file=sys.stderr)
    counted = f"{read.without_codes} without codes, {read.retracted} retracted, {len(read.unreadable)} unreadable"
    print(f"{len(read.rows)} rows; {counted}", file=sys.stderr)
    _print_table(read.rows)
    if chosen.choose:
        _print_choice(read.rows)
    if chosen.verbose:
        _print_disagreements(read.rows)
    print(json.dumps(figures(read.rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
