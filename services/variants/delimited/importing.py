"""Import of a CSV or TSV file: two passes, one to learn the types of the columns, one to make the rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild, beyond_chromosome_end, build_named_in, refseq_chromosome
from services.variants.builds import other_build
from services.variants.checks import DuplicateCheck, OrderCheck
from services.variants.columns import CORE, Column, NameBook, Origin
from services.variants.delimited.cells import ARROW_TYPES, MISSING, ColumnTypes, Row, fits, typed
from services.variants.delimited.coordinates import Coordinates
from services.variants.delimited.placing import core_rows, place_cell, places_of
from services.variants.delimited.sniffing import Dialect, Text, sniff
from services.variants.outcome import ImportOptions, Mode, Progress, ShouldStop
from services.variants.problems import Problem, ProblemLog, UnusableFileError, error, warning
from services.variants.reference.sequence import ReferenceGenome
from services.variants.vcf.blocks import RejectedLine
from services.variants.vcf.importing import Counts, Outputs, RejectedSink, StoppedError
from services.variants.writing import TableWriter

_BATCH = 20_000


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
    types = ColumnTypes(len(dialect.names))
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
        types = ColumnTypes(len(dialect.names))
        for batch in _batches(_rows(self.path, dialect, self.options)):
            if should_stop():
                raise StoppedError
            types.see([row for _, row in batch])
        set_by_user = self.options.delimited.types
        unknown = [name for name in set_by_user if name not in dialect.names] + [
            kind for kind in set_by_user.values() if kind not in ARROW_TYPES
        ]
        if unknown:
            raise InvalidInputError(f"{unknown[0]!r} is neither a column of the file nor a type (text, integer, number, flag)")
        self._kinds = [set_by_user.get(name, types.of(index)) for index, name in enumerate(dialect.names)]
        names = NameBook()
        for column in CORE:
            names.unique(column.name)
        own = [
            Column(names.unique(f"file_{name}"), ARROW_TYPES[kind], f"Column {name} of the file", Origin.FILE, name)
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
            if stripped.lower() not in MISSING and not fits(stripped, kind):
                return error(line, dialect.names[index], cell, f"is not of the type {kind}", "value.type")
            values[self._names[index]] = typed(cell, kind)
        try:
            places = places_of(cells, dialect)
        except InvalidInputError as problem:
            name, value = place_cell(cells, dialect)
            return error(line, name, value, problem.message, "row.place")
        wrong = self._check_place(line, places[0])
        if wrong is not None:
            return wrong
        return core_rows(line, cells, dialect, places, values, reference)

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
