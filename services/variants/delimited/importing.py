"""Import of a CSV or TSV file: two passes, one to learn the types of the columns, one to make the rows.

A column's inferred type is one that every value of the file fits, so inference never rejects a row; a type that the user set is
held against each value. Missing are an empty cell, `.`, `NA`, `N/A`, `null` and `None`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.alleles import AlleleForm, VariantType, allele_form, left_align, trim, variant_type
from services.genomics.genome import GenomeBuild, beyond_chromosome_end, build_named_in, refseq_chromosome
from services.variants.builds import other_build
from services.variants.checks import DuplicateCheck, OrderCheck
from services.variants.columns import CORE, Column, NameBook, Origin
from services.variants.delimited.coordinates import Coordinates, from_alleles, parse_coordinates, region
from services.variants.delimited.sniffing import Dialect, Text, sniff
from services.variants.outcome import ImportOptions, Mode, Progress, ShouldStop
from services.variants.problems import Problem, ProblemLog, UnusableFileError, error, warning
from services.variants.reference import ReferenceGenome
from services.variants.vcf.blocks import RejectedLine
from services.variants.vcf.importing import Counts, Outputs, RejectedSink, StoppedError
from services.variants.writing import TableWriter

_BATCH = 20_000
_MISSING = frozenset(["", ".", "na", "n/a", "null", "none"])
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,5})?")
_FLAGS = {"true": True, "false": False, "yes": True, "no": False, "t": True, "f": False}
_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}
Row = list[str]


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    name: str
    role: str | None
    type: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DelimitedPreview:
    """What an import would take a file to be, from its first rows; to be shown and corrected before the import."""

    encoding: str
    delimiter: str
    has_header: bool
    zero_based: bool
    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]


def preview_delimited(path: Path, options: ImportOptions | None = None, rows: int = 50) -> DelimitedPreview:
    """Look at the first rows of a CSV or TSV file. Raises UnusableFileError where it is no table."""
    options = options or ImportOptions()
    dialect = sniff(path, options.delimited, options.limits, is_bed=_is_bed(path, options))
    shown = [row for _, row in _first(_rows(path, dialect, options), rows)]
    types = _Types(len(dialect.names))
    types.see(shown)
    by_index = {index: role for role, index in dialect.roles.items()}
    columns = tuple(
        PreviewColumn(
            name,
            by_index.get(index),
            options.delimited.types.get(name, types.of(index)),
            tuple(row[index] for row in shown[:5] if index < len(row)),
        )
        for index, name in enumerate(dialect.names)
    )
    problems = [*dialect.problems, *_role_problems(dialect)]
    return DelimitedPreview(
        dialect.encoding,
        dialect.delimiter,
        dialect.has_header,
        dialect.zero_based,
        columns,
        tuple(tuple(row) for row in shown),
        tuple(problems),
    )


def _first(rows: Iterator[tuple[int, Row]], count: int) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(rows):
        if number >= count:
            return
        yield row


def _role_problems(dialect: Dialect) -> list[Problem]:
    roles = dialect.roles
    if "variant" in roles or "region" in roles or {"chrom", "pos"} <= roles.keys():
        return []
    reason = "no column says where the variants are; choose chrom and pos, or a column with HGVS names or regions"
    return [error(None, "columns", ", ".join(dialect.names), reason, "columns.place")]


def _rows(path: Path, dialect: Dialect, options: ImportOptions, text: Text | None = None) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells of each data row; blank lines are passed over."""
    lines = (text or Text(path, dialect.encoding, options.limits)).lines()
    for _ in range(dialect.skipped_lines):
        next(lines, None)
    reader = csv.reader(lines, delimiter=dialect.delimiter)
    before = dialect.skipped_lines
    header_waiting = dialect.has_header
    start = before + 1
    try:
        for row in reader:
            line, start = start, before + reader.line_num + 1
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if header_waiting:
                header_waiting = False
                continue
            yield line, row
    except csv.Error as problem:
        raise UnusableFileError(error(start, "line", "", f"cannot be read: {problem}", "line.quotes")) from problem


class _Types:
    """Narrows down what type each column can have, from all values seen."""

    def __init__(self, width: int) -> None:
        self._possible = [["integer", "number", "flag"] for _ in range(width)]
        self._seen = [False] * width

    def see(self, rows: Sequence[Row]) -> None:
        for index, possible in enumerate(self._possible):
            if not possible:
                continue
            values = {row[index].strip() for row in rows if index < len(row)}
            values = {value for value in values if value.lower() not in _MISSING}
            self._seen[index] |= bool(values)
            possible[:] = [kind for kind in possible if all(fits(value, kind) for value in values)]

    def of(self, index: int) -> str:
        return self._possible[index][0] if self._seen[index] and self._possible[index] else "text"


def fits(value: str, kind: str) -> bool:
    """Tell whether a value that is not missing can be stored as `kind`."""
    if kind == "integer":
        # an identifier such as 007 must keep its zeros
        return bool(_INTEGER.fullmatch(value)) and not re.match(r"[-+]?0[0-9]", value)
    if kind == "number":
        return bool(_NUMBER.fullmatch(value)) and not re.match(r"[-+]?0[0-9]", value)
    return kind != "flag" or value.lower() in _FLAGS


def _typed(value: str, kind: str) -> Any:
    stripped = value.strip()
    if stripped.lower() in _MISSING:
        return None
    if kind == "integer":
        return int(stripped)
    if kind == "number":
        return float(stripped)
    return _FLAGS[stripped.lower()] if kind == "flag" else value


@dataclass(slots=True)
class DelimitedImport:
    """One run over one file; the counterpart of `VcfImport`."""

    path: Path
    options: ImportOptions
    log: ProblemLog = field(default_factory=ProblemLog)
    counts: Counts = field(default_factory=Counts)
    build: GenomeBuild | None = None
    build_evidence: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    header_lines: tuple[str, ...] = ()
    sample_names: tuple[str, ...] = ()
    contig_names: list[str] = field(default_factory=list)
    numeric_text: dict[str, bool] = field(default_factory=dict)
    is_sorted: bool = True
    rows: int = 0
    format_name: str = "CSV"
    _kinds: list[str] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)

    def run(self, table: Path | None, rejected: Path | None, progress: Progress, should_stop: ShouldStop) -> None:
        """Read the whole file. Raises UnusableFileError where it is refused, StoppedError where the caller stops it."""
        dialect = sniff(self.path, self.options.delimited, self.options.limits, is_bed=_is_bed(self.path, self.options))
        self.format_name = "TSV" if dialect.delimiter == "\t" else "CSV"
        self.header_lines = (*dialect.comments, dialect.delimiter.join(dialect.names))
        for problem in (*dialect.problems, *_role_problems(dialect)):
            self._note(problem)
            if problem.rule == "columns.place":
                raise UnusableFileError(problem)
        self._recognise_build(dialect)
        self._learn_types(dialect, should_stop)
        reference = ReferenceGenome(self.options.reference) if self.options.reference else None
        schema = pa.schema([pa.field(column.name, column.type) for column in self.columns])
        writer = TableWriter(table, schema, [], rows_may_move=reference is not None) if table is not None else None
        sink = RejectedSink(rejected)
        try:
            self._consume(dialect, schema, Outputs(reference, writer, sink), progress, should_stop)
            if writer is not None:
                writer.finish(None)
                self.contig_names = writer.contigs.names
        except BaseException:
            if writer is not None:
                writer.abandon()
            raise
        finally:
            sink.close()
            if reference is not None:
                reference.close()

    def _note(self, problem: Problem) -> None:
        self.log.add(problem)

    def _recognise_build(self, dialect: Dialect) -> None:
        named = build_named_in(" ".join((*dialect.comments, *dialect.names)))
        if named is not None:
            self.build, self.build_evidence = named, (f"the header names {named}",)
        self._refuse_other_build()

    def _refuse_other_build(self) -> None:
        expected = self.options.expected_build
        if expected is not None and self.build is not None and self.build is not expected:
            reason = f"the file is in {self.build} ({self.build_evidence[0]}), but {expected} is expected"
            raise UnusableFileError(error(None, "build", str(self.build), reason, "build.mismatch"))

    def _learn_types(self, dialect: Dialect, should_stop: ShouldStop) -> None:
        types = _Types(len(dialect.names))
        for batch in _batches(_rows(self.path, dialect, self.options)):
            if should_stop():
                raise StoppedError
            types.see([row for _, row in batch])
        set_by_user = self.options.delimited.types
        unknown = [name for name in set_by_user if name not in dialect.names] + [
            kind for kind in set_by_user.values() if kind not in _TYPES
        ]
        if unknown:
            raise InvalidInputError(f"{unknown[0]!r} is neither a column of the file nor a type (text, integer, number, flag)")
        self._kinds = [set_by_user.get(name, types.of(index)) for index, name in enumerate(dialect.names)]
        names = NameBook()
        for column in CORE:
            names.unique(column.name)
        own = [
            Column(names.unique(f"file_{name}"), _TYPES[kind], f"Column {name} of the file", Origin.FILE, name)
            for name, kind in zip(dialect.names, self._kinds, strict=True)
        ]
        self._names = [column.name for column in own]
        self.columns = (*CORE, *own)

    def _consume(
        self,
        dialect: Dialect,
        schema: pa.Schema,
        outputs: Outputs,
        progress: Progress,
        should_stop: ShouldStop,
    ) -> None:
        text = Text(self.path, dialect.encoding, self.options.limits)
        size = max(self.path.stat().st_size, 1)
        order, duplicates = OrderCheck(), DuplicateCheck()
        for batch in _batches(_rows(self.path, dialect, self.options, text)):
            if should_stop():
                raise StoppedError
            made: list[dict[str, Any]] = []
            rejected: list[RejectedLine] = []
            for line, cells in batch:
                found = self._row(line, cells, dialect, outputs.reference)
                if isinstance(found, Problem):
                    self._note(found)
                    if self.options.mode is Mode.STRICT:
                        raise UnusableFileError(found)
                    rejected.append(RejectedLine(line, dialect.delimiter.join(cells), found))
                else:
                    made += found
            self.counts.read += len(batch)
            self.counts.rejected += len(rejected)
            outputs.rejected.add(rejected)
            table = pa.Table.from_pylist(made, schema)
            for problem in order.check(table):
                self._note(problem)
            self.rows += table.num_rows
            for problem in duplicates.check(outputs.writer.add(table) if outputs.writer is not None else table):
                self._note(problem)
            progress(min(text.bytes_read / size, 1.0), self.counts.read)
        progress(1.0, self.counts.read)
        self.is_sorted = order.is_sorted
        if self.counts.read == 0:
            self._note(warning(None, "file", "", "holds a header but no rows", "file.empty"))

    def _row(self, line: int, cells: Row, dialect: Dialect, reference: ReferenceGenome | None) -> list[dict[str, Any]] | Problem:
        """Return the rows of one line, one per alternate allele, or why there are none."""
        if len(cells) != len(dialect.names):
            reason = f"has {len(cells)} cells, the header has {len(dialect.names)}"
            return error(line, "line", dialect.delimiter.join(cells)[:60], reason, "line.columns")
        values: dict[str, Any] = {}
        for index, cell in enumerate(cells):
            kind = self._kinds[index]
            stripped = cell.strip()
            if stripped.lower() not in _MISSING and not fits(stripped, kind):
                return error(line, dialect.names[index], cell, f"is not of the type {kind}", "value.type")
            values[self._names[index]] = _typed(cell, kind)
        try:
            places = _places(cells, dialect)
        except InvalidInputError as problem:
            name, value = _place_cell(cells, dialect)
            return error(line, name, value, problem.message, "row.place")
        wrong = self._check_place(line, places[0])
        if wrong is not None:
            return wrong
        return _core_rows(line, cells, dialect, places, values, reference)

    def _check_place(self, line: int, place: Coordinates) -> Problem | None:
        accession = refseq_chromosome(place.chrom)
        if accession is not None and accession[1] is not None:
            if self.build is None:
                self.build, self.build_evidence = accession[1], (f"{place.chrom} is an accession of {accession[1]}",)
                self._refuse_other_build()
            elif accession[1] is not self.build:
                return error(
                    line, "chrom", place.chrom, f"belongs to {accession[1]}, the file is in {self.build}", "build.mismatch"
                )
        expected = self.build or self.options.expected_build
        if expected is not None and beyond_chromosome_end(expected, place.chrom, place.end):
            other = other_build(expected)
            hint = "" if beyond_chromosome_end(other, place.chrom, place.end) else f"; in {other} it would not"
            return error(line, "pos", str(place.end), f"lies past the end of {place.chrom} in {expected}{hint}", "build.position")
        return None


def _is_bed(path: Path, options: ImportOptions) -> bool:
    return (options.file_name or path.name).lower().endswith((".bed", ".bed.gz"))


def _batches(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    batch: list[tuple[int, Row]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _cell(cells: Row, dialect: Dialect, role: str) -> str:
    index = dialect.roles.get(role)
    return cells[index].strip() if index is not None and index < len(cells) else ""


def _place_cell(cells: Row, dialect: Dialect) -> tuple[str, str]:
    role = next((role for role in ("variant", "region", "pos") if role in dialect.roles), "pos")
    if {"chrom", "pos"} <= dialect.roles.keys():
        shown = "-".join(filter(None, (_cell(cells, dialect, part) for part in ("chrom", "pos", "ref", "alt"))))
        return dialect.names[dialect.roles["pos"]], shown
    return dialect.names[dialect.roles[role]], _cell(cells, dialect, role)


def _places(cells: Row, dialect: Dialect) -> list[Coordinates]:
    """Return one place per alternate allele; InvalidInputError says what is wrong."""
    roles = dialect.roles
    if {"chrom", "pos"} <= roles.keys() and _cell(cells, dialect, "chrom"):
        return _from_columns(cells, dialect)
    role = "variant" if "variant" in roles and _cell(cells, dialect, "variant") else "region"
    return [parse_coordinates(_cell(cells, dialect, role))]


def _from_columns(cells: Row, dialect: Dialect) -> list[Coordinates]:
    chrom, position_text, end_text = (_cell(cells, dialect, role) for role in ("chrom", "pos", "end"))
    if re.search(r"\s", chrom):
        raise InvalidInputError("a chromosome holds no whitespace")
    if not re.fullmatch(r"[0-9]{1,12}", position_text):
        raise InvalidInputError(f"the position {position_text!r} is not a whole number")
    position = int(position_text) + dialect.zero_based
    if end_text and end_text.lower() not in _MISSING and not re.fullmatch(r"[0-9]{1,12}", end_text):
        raise InvalidInputError(f"the end {end_text!r} is not a whole number")
    end = int(end_text) if re.fullmatch(r"[0-9]{1,12}", end_text) else None
    ref, alt = (_cell(cells, dialect, role) for role in ("ref", "alt"))
    if not ref and not alt:
        if "ref" in dialect.roles and "alt" in dialect.roles:
            raise InvalidInputError("has neither a reference nor an alternate allele")
        return [region(chrom, position, end if end is not None else position)]
    places = [from_alleles(chrom, position, ref, allele) for allele in alt.split(",")]
    if end is None:
        return places
    return [
        Coordinates(place.chrom, place.position, end, place.ref, place.alt) if place.alt and place.alt.startswith("<") else place
        for place in places
    ]


def _core_rows(
    line: int, cells: Row, dialect: Dialect, places: list[Coordinates], values: dict[str, Any], reference: ReferenceGenome | None
) -> list[dict[str, Any]] | Problem:
    identifier = _cell(cells, dialect, "id")
    rows = []
    for number, place in enumerate(places, start=1):
        position, end, ref, alt = place.position, place.end, place.ref, place.alt
        if reference is not None and ref is not None and alt is not None:
            placed = _placed(line, place, reference)
            if isinstance(placed, Problem):
                return placed
            position, end, ref, alt = placed
        elif ref is not None and alt is not None and allele_form(alt) is AlleleForm.SEQUENCE:
            position, ref, alt = trim(position, ref, alt)
            end = position + len(ref) - 1
        kind = VariantType.REGION if ref is None or alt is None else variant_type(ref, alt)
        rows.append(
            {
                **values,
                "chrom": place.chrom,
                "pos": position,
                "end": end,
                "id": None if identifier.lower() in _MISSING else identifier,
                "ref": ref,
                "alt": alt,
                "variant_type": str(kind),
                "allele_index": number,
                "allele_count": len(places),
                "line": line,
                "original_pos": place.position,
                "original_ref": _cell(cells, dialect, "ref") or place.ref,
                "original_alt": _cell(cells, dialect, "alt") or place.alt,
            }
        )
    return rows


def _placed(line: int, place: Coordinates, reference: ReferenceGenome) -> tuple[int, int, str, str] | Problem:
    """Fill in bases that the notation leaves open, compare the rest with the reference, left-align indels."""
    assert place.ref is not None
    assert place.alt is not None
    contig = reference.contig(place.chrom)
    if contig is None:
        return place.position, place.end, place.ref, place.alt
    there = reference.bases(contig, place.position, place.position + len(place.ref) - 1)
    if len(there) != len(place.ref) or any(
        own not in ("N", base) and base in "ACGT" for own, base in zip(place.ref, there, strict=True)
    ):
        ours = reference.build
        reason = (
            f"REF is {place.ref[:20]}, the reference ({ours.build if ours else 'build unknown'}) has {there[:20] or 'nothing'}"
        )
        return error(line, "ref", place.ref, reason, "ref.reference")
    alt = there[0] + place.alt[1:] if place.alt.startswith("N") else place.alt
    if allele_form(alt) is not AlleleForm.SEQUENCE:
        return place.position, place.end, there, alt
    position, ref, alt = left_align(place.position, there, alt, lambda start, end: reference.bases(contig, start, end))
    return position, position + len(ref) - 1, ref, alt
