"""ClinGen's dosage sensitivity: the curation lists of genes and regions (TSV), or the BED files of one score each.

Scores are ClinGen's: 0 no, 1 little, 2 emerging, 3 sufficient evidence, 30 gene of a recessive phenotype, 40 dosage sensitivity
unlikely; NULL where not evaluated. Several files make one pack: genes and regions, both scores. Positions of the lists are
1-based, those of BED files 0-based half-open; the pack is 1-based inclusive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import beyond_chromosome_end, build_named_in, canonical_chromosome
from services.variants.reference.checks import refuse_misplaced_genes
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names
from services.variants.reference.layouts import LAYOUTS
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Rows, write_table
from services.variants.reference.text import TextFile, open_text

_SCORES = {0, 1, 2, 3, 30, 40}
_PLACE = re.compile(r"(?:chr)?([0-9XYMT]{1,2}):([0-9]{1,9})-([0-9]{1,9})")
_NUMBER = re.compile(r"\d{1,2}")
_WHAT = "a ClinGen dosage list (TSV or BED)"
_HAPLO, _TRIPLO = "Haploinsufficiency Score", "Triplosensitivity Score"
_TOLD_BY = {"haploinsufficiency": ("haploinsufficiency", ".hi."), "triplosensitivity": ("triplosensitivity", ".ts.")}
_DATE = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2}),(\d{4})")
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}


@dataclass(slots=True)
class _Entry:
    """One gene or region while the files are joined."""

    chrom: str
    start: int
    end: int
    haploinsufficiency: int | None = None
    triplosensitivity: int | None = None


def convert(conversion: Conversion) -> Converted:
    """Convert the lists. Raises what `write_table` raises, and InvalidInputError for another file or build."""
    entries: dict[tuple[str, str], _Entry] = {}
    dates: list[str] = []
    for path in conversion.sources:
        conversion.check()
        with open_text(path) as text:
            first = text.stream.peek(1)[:1]
            if first == b"#":
                _read_list(conversion, text, entries, dates)
            else:
                _read_bed(conversion, text, entries)
    if not entries:
        raise InvalidInputError("no gene and no region with a place and a score was found in the file")
    placed = ((name, one.chrom, one.start, one.end) for (kind, name), one in entries.items() if kind == "gene")
    refuse_misplaced_genes(placed, str(conversion.build))
    rows = write_table(conversion, PackKind.DOSAGE, Rows(_SCHEMA, _batches(entries)), "SELECT * FROM source")
    date = max(dates, default=None)
    return Converted(rows, version=date, date=date, name="ClinGen dosage")


def _read_list(conversion: Conversion, text: TextFile, entries: dict[tuple[str, str], _Entry], dates: list[str]) -> None:
    names, _, before = column_names(text, lambda names: "Genomic Location" in names and _HAPLO in names, _WHAT)
    said = "\n".join(before)
    _refuse_build(conversion, text, said)
    if match := _DATE.search(said):
        dates.append(f"{match[3]}-{_MONTHS.get(match[2], 1):02d}-{int(match[1]):02d}")
    kind = "gene" if "Gene Symbol" in names else "region"
    where = {name: names.index(name) for name in names}
    title = where.get("Gene Symbol", where.get("ISCA Region Name", 0))
    for line in text.rest():
        fields = line.split("\t")
        if len(fields) < len(names):
            fields += [""] * (len(names) - len(fields))
        place = _PLACE.fullmatch(fields[where["Genomic Location"]].strip().replace(",", ""))
        if place is None:
            continue  # "tbd": curated without coordinates
        entry = _entry(conversion, entries, kind, fields[title].strip(), place[1], int(place[2]), int(place[3]))
        if entry is not None:
            entry.haploinsufficiency = _score(fields[where[_HAPLO]])
            entry.triplosensitivity = _score(fields[where[_TRIPLO]]) if _TRIPLO in where else None


def _read_bed(conversion: Conversion, text: TextFile, entries: dict[tuple[str, str], _Entry]) -> None:
    header = ""
    if text.stream.peek(5)[:5] == b"track":
        header = text.line()
    _refuse_build(conversion, text, f"{header} {text.name}")
    told = f"{header} {text.name}".lower()
    score_of = [score for score, words in _TOLD_BY.items() if any(word in told for word in words)]
    if len(score_of) != 1:
        raise InvalidInputError(
            f"{text.name} does not say which score it holds: its name or first line must name haploinsufficiency or "
            "triplosensitivity"
        )
    for line in text.rest():
        fields = line.split("\t")
        score = _score(fields[-1]) if len(fields) in (4, 5) else None
        if len(fields) not in (4, 5) or not (fields[1].isdecimal() and fields[2].isdecimal()):
            raise InvalidInputError(f"{text.name} is not {_WHAT}: a line with place and score is expected, found {line[:80]!r}")
        name = fields[3] if len(fields) == 5 else f"{fields[0]}:{int(fields[1]) + 1}-{fields[2]}"
        kind = "gene" if len(fields) == 5 else "region"
        chrom = fields[0].removeprefix("chr")
        entry = _entry(conversion, entries, kind, name, chrom, int(fields[1]) + 1, int(fields[2]))
        if entry is not None:
            setattr(entry, score_of[0], score)


def _entry(
    conversion: Conversion, entries: dict[tuple[str, str], _Entry], kind: str, name: str, chrom: str, start: int, end: int
) -> _Entry | None:
    canonical = canonical_chromosome(chrom)
    if canonical is None or not name:
        return None
    assert conversion.build is not None
    if beyond_chromosome_end(conversion.build, canonical, end):
        raise InvalidInputError(f"{name} ends at {chrom}:{end:,}, beyond the end of the chromosome in {conversion.build}")
    return entries.setdefault((kind, name), _Entry(canonical, start, end))


def _refuse_build(conversion: Conversion, text: TextFile, said: str) -> None:
    named = build_named_in(said)
    if named is not None and named is not conversion.build:
        raise InvalidInputError(f"{text.name} is in {named}, but {conversion.build} was asked for")


def _score(text: str) -> int | None:
    found = _NUMBER.match(text.strip())
    score = int(found[0]) if found else None
    return score if score in _SCORES else None


_SCHEMA = pa.schema([
    (name, pa.int32() if kind == "INTEGER" else pa.string()) for name, kind in LAYOUTS[PackKind.DOSAGE].items()
])


def _batches(entries: dict[tuple[str, str], _Entry]) -> Iterator[pa.RecordBatch]:
    rows: Sequence[dict[str, object]] = [
        {"kind": kind, "name": name, "chrom": entry.chrom, "start": entry.start, "end": entry.end,
         "haploinsufficiency": entry.haploinsufficiency, "triplosensitivity": entry.triplosensitivity}
        for (kind, name), entry in entries.items()
    ]
    yield pa.RecordBatch.from_pylist(list(rows), _SCHEMA)
