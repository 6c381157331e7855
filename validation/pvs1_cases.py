"""Loss-of-function variants with a known PVS1 strength, read from the columns of two public files.

Comma-separated: `variant_name` (`NM_004360.3:c.1085delT`), `expected_prediction` (`PVS1`, `PVS1_Strong` ..., anything else: does
not apply), `expected_path` (`NF1`, `SS5`, `IC2` ...) and `comment`; a row whose first column begins with `#` is a heading, or a
case its authors set aside. The expected strength is the one the path has in the tree; without a path, the one of the prediction.
Tab-separated, the export of the ClinGen Evidence Repository: `variation`, `gene`, `codes_parsed`; there the strength that the
panel gave PVS1 is expected.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.errors import InvalidInputError
from services.genomics.acmg.record import Effect

NEEDED = ("variant_name", "expected_prediction", "expected_path")
NEEDED_OF_PANELS = ("variation", "gene", "codes_parsed")
NONE = "does not apply"
_VS, _S, _M, _P = "very strong", "strong", "moderate", "supporting"
_PATHS = {
    **dict.fromkeys(("NF1", "SS1", "DEL1", "DEL2", "DUP1", "PTEN"), _VS), **dict.fromkeys(("NF3", "NF5", "DUP2"), _S),
    **dict.fromkeys(("SS3", "SS5", "SS8", "SS10"), _S), **dict.fromkeys(("NF6", "SS6", "SS9", "IC1"), _M), "IC2": _P,
    **dict.fromkeys(("NF2", "NF4", "SS2", "SS4", "SS7", "IC3", "DUP3", "DUP4", "NA"), NONE),
}
_PREDICTIONS = {"PVS1": _VS, "PVS1_VERYSTRONG": _VS, "PVS1_STRONG": _S, "PVS1_MODERATE": _M, "PVS1_SUPPORTING": _P}
_ACCESSION = re.compile(r"(NM_[0-9]{1,9}|ENST[0-9]{1,11})(?:\.[0-9]{1,3})?(?:\([A-Za-z0-9-]{1,30}\))?:c\.([^\s;,]{1,200})")
_FRAMESHIFT = re.compile(r"p\.\(?[A-Z][a-z]{2}([0-9]{1,5})(?:[A-Z][a-z]{2})?fs(?:(?:Ter|\*)([0-9]{1,5}))?")
_NONSENSE = re.compile(r"p\.\(?[A-Z][a-z]{2}([0-9]{1,5})(?:Ter|\*|_[A-Z][a-z]{2}([0-9]{1,5})(?:ins|delins)Ter)")
_START = re.compile(r"p\.\(?Met1[^0-9]|^[123][ACGT]>")
_END = r"(-?[0-9]{1,6})(?:([+-])([0-9]{1,6}))?"
_PLACE = re.compile(rf"{_END}(?:_{_END})?(del|dup|ins|inv|[ACGT]>|[ACGT]{{1,50}}\[)?([ACGT]{{0,100}})(?:ins([ACGT]{{1,100}}))?")
_EXONS = re.compile(r"([0-9]{1,6})-\?_([0-9]{1,6})\+\?del")
_CODE = re.compile(r"PVS1\|(VS|S|M|P)\b")
_GENE = re.compile(r"Gene: ([A-Za-z0-9-]{1,30})")


@dataclass(frozen=True, slots=True)
class Case:
    """One row: transcript without version, what happens, expected strength."""

    name: str
    gene: str
    accession: str
    effect: Effect
    expected: str
    stop: int | None = None
    """First coding position of the new stop codon."""
    changed_from: int | None = None
    shift: int | None = None
    """Change of length modulo 3."""
    splice: tuple[int, bool] | None = None
    """Coding position of the exon's last or first base, and whether it is the last."""
    exons: tuple[int, int] | None = None
    """First and last coding position of deleted exons."""


def read_cases(path: Path, *, everything: bool = False) -> tuple[list[Case], list[str]]:
    """Return the cases, and what was left out with the reason; raises InvalidInputError for a file without the columns."""
    cases: list[Case] = []
    left_out: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        is_of_panels = "\t" in lines.readline()
        lines.seek(0)
        reader = csv.DictReader(lines, delimiter="\t" if is_of_panels else ",")
        missing = [name for name in (NEEDED_OF_PANELS if is_of_panels else NEEDED) if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInputError(f"{path.name} has no column {', '.join(missing)}")
        for row in reader:
            found = _of_panel(row) if is_of_panels else _of_example(row, (reader.fieldnames or [""])[0], everything)
            if isinstance(found, Case):
                cases.append(found)
            elif found is not None:
                left_out.append(found)
    return cases, left_out


def _of_example(row: Mapping[str, str | None], first: str, everything: bool) -> Case | str | None:
    """Return a case, why it is left out, or None for a heading or a case set aside."""
    if not (row["variant_name"] or "").strip() or ((row[first] or "").startswith("#") and not everything):
        return None
    comment = (row.get("comment") or "")[:1_000]
    gene = _GENE.search(comment)
    return _case((row["variant_name"] or "").strip()[:300], comment, gene.group(1) if gene else "", _expected(row))


def _of_panel(row: Mapping[str, str | None]) -> Case | str | None:
    """Return a case of a panel that judged PVS1; None for a row without it."""
    given = _CODE.search(row["codes_parsed"] or "")
    if given is None:
        return None
    strength = {"VS": _VS, "S": _S, "M": _M, "P": _P}[given.group(1)]
    return _case((row["variation"] or "").strip()[:300], "", (row["gene"] or "").strip(), strength)


def _expected(row: Mapping[str, str | None]) -> str:
    path = (row["expected_path"] or "").strip().upper()
    prediction = (row["expected_prediction"] or "").strip().upper().replace(" ", "").replace("_VERY_", "_VERY")
    return _PATHS.get(path, _PREDICTIONS.get(prediction, NONE))


def _case(name: str, comment: str, gene: str, expected: str) -> Case | str:
    parts = _ACCESSION.search(f"{name} {comment}")
    if parts is None:
        return f"{name}: no coding change of a transcript"
    text, known, change = f"{name} {comment};", (name, gene, parts.group(1)), parts.group(2)
    if found := _EXONS.match(change):
        return Case(*known, Effect.EXON_DELETION, expected, exons=(int(found.group(1)), int(found.group(2))))
    if _START.search(text) or _START.match(change):
        return Case(*known, Effect.START_LOST, expected)
    place, length = _place(change)
    if found := _FRAMESHIFT.search(text):
        stop = _first_base(int(found.group(1)) + int(found.group(2)) - 1) if found.group(2) else None
        return Case(*known, Effect.FRAMESHIFT, expected, stop, place, length % 3 if length is not None else None)
    if found := _NONSENSE.search(text):
        return Case(*known, Effect.NONSENSE, expected, _first_base(int(found.group(2) or found.group(1))))
    site = _site(change)
    if site is not None:
        return Case(*known, Effect.SPLICE_SITE, expected, splice=site)
    if place is not None and length is not None and length % 3:
        return Case(*known, Effect.FRAMESHIFT, expected, None, place, length % 3)
    return f"{name}: nothing says which stop the change makes"


def _first_base(codon: int) -> int:
    return 3 * (codon - 1) + 1


def _place(change: str) -> tuple[int | None, int | None]:
    """Return the first coding base of an exonic change and by how much it lengthens the sequence, each where it is said."""
    found = _PLACE.match(change)
    if found is None or found.group(2) or found.group(5):
        return None, None
    first, last = int(found.group(1)), int(found.group(4) or found.group(1))
    kind, removed, added = found.group(7), last - first + 1, found.group(9) or ""
    if first < 1 or kind is None:
        return None, None
    lengths = {"del": len(added) - removed, "dup": removed, "ins": len(found.group(8))}
    return first, lengths.get(kind)


def _site(change: str) -> tuple[int, bool] | None:
    """Return the exon's end next to a canonical splice site that a change touches, and whether the site is a donor."""
    found = _PLACE.match(change)
    if found is None:
        return None
    begin, end = found.group(1, 2, 3), found.group(4, 5, 6) if found.group(4) else found.group(1, 2, 3)
    if begin[1] == "+" and int(begin[2]) <= 2:
        return int(begin[0]), True
    if end[1] == "-" and int(end[2]) <= 2:
        return int(end[0]), False
    if begin[1] == "-" and end[1] is None:
        return int(begin[0]), False
    return (int(end[0]), True) if begin[1] is None and end[1] == "+" else None
