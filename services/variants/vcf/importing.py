"""Import of one VCF or BCF file: the stream of blocks, the checks across lines, the table, the counts.

Blocks are inflated in one thread and read in two others; results are taken in the order of the file. Memory is bounded by the
few blocks that are under way, whatever the size of the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.genomics.genome import GenomeBuild
from services.variants.builds import BuildFinding, build_of_header
from services.variants.checks import DuplicateCheck, OrderCheck
from services.variants.columns import Column, Origin
from services.variants.outcome import ImportOptions, Mode, Progress, ShouldStop
from services.variants.problems import Problem, ProblemLog, Severity, UnusableFileError, error
from services.variants.reading import LineBlock
from services.variants.reference.sequence import ReferenceGenome
from services.variants.vcf.blocks import BlockReader, BlockResult, RejectedLine
from services.variants.vcf.plan import TablePlan, plan_table
from services.variants.vcf.record import ONCE_PER_VALUE
from services.variants.vcf.stream import VcfStream, open_vcf
from services.variants.writing import TableWriter

_WORKERS = 2
_UNDER_WAY = 4
_REJECTED_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("rule", pa.string()),
        ("text", pa.string()),
    ]
)
_FEW = 200
_WRONG_REFERENCE_SHARE = 0.2
_WRONG_REFERENCE_COUNT = 10


class StoppedError(Exception):
    """The caller asked to stop; internal to the import."""


@dataclass(slots=True)
class Counts:
    read: int = 0
    rejected: int = 0
    moved: int = 0
    in_bulk: int = 0

    @property
    def imported(self) -> int:
        return self.read - self.rejected


@dataclass(frozen=True, slots=True)
class Outputs:
    """What an import reads beside the file, and where it writes."""

    reference: ReferenceGenome | None
    writer: TableWriter | None
    rejected: RejectedSink


@dataclass(slots=True)
class VcfImport:
    """One run over one file. `run` fills the counts and the log; `writer` None checks without writing."""

    path: Path
    options: ImportOptions
    log: ProblemLog = field(default_factory=ProblemLog)
    counts: Counts = field(default_factory=Counts)
    plan: TablePlan | None = None
    finding: BuildFinding | None = None
    is_bcf: bool = False
    is_sorted: bool = True
    numeric_text: dict[str, bool] = field(default_factory=dict)
    contig_names: list[str] = field(default_factory=list)
    rows: int = 0
    _noted: set[tuple[str, str]] = field(default_factory=set)

    @property
    def format_name(self) -> str:
        return self.plan.header.version_text if self.plan else "VCF"

    @property
    def build(self) -> GenomeBuild | None:
        return self.finding.build if self.finding else None

    @property
    def build_evidence(self) -> tuple[str, ...]:
        return self.finding.evidence if self.finding else ()

    @property
    def sample_names(self) -> tuple[str, ...]:
        return tuple(self.plan.header.samples[index] for index in self.plan.samples) if self.plan else ()

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.plan.columns if self.plan else ()

    @property
    def header_lines(self) -> tuple[str, ...]:
        return self.plan.header.lines if self.plan else ()

    def run(self, table: Path | None, rejected: Path | None, progress: Progress, should_stop: ShouldStop) -> None:
        """Read the whole file. Raises UnusableFileError where it is refused, StoppedError where the caller stops it."""
        stream = open_vcf(self.path, self.options.limits)
        self.is_bcf = stream.is_bcf
        self._note(stream.problems)
        self.finding = build_of_header(stream.header, self.options.expected_build)
        self._note(self.finding.problems)
        self._refuse_mismatch(self.finding.problems)
        self.plan = plan_table(stream.header, self.options.samples)
        reference = self._open_reference(stream)
        writer = None
        if table is not None:
            writer = TableWriter(table, self.plan.schema, list(stream.header.contigs), rows_may_move=reference is not None)
        sink = RejectedSink(rejected)
        try:
            self._consume(stream, Outputs(reference, writer, sink), progress, should_stop)
            self._finish(writer)
        except BaseException:
            if writer is not None:
                writer.abandon()
            raise
        finally:
            sink.close()
            if reference is not None:
                reference.close()

    def _consume(
        self,
        stream: VcfStream,
        outputs: Outputs,
        progress: Progress,
        should_stop: ShouldStop,
    ) -> None:
        assert self.plan is not None
        size = max(self.path.stat().st_size, 1)
        reader = BlockReader(self.plan, line_by_line=self.options.line_by_line)
        order, duplicates = OrderCheck(), DuplicateCheck()
        watched = NumericText(self.plan.columns)
        in_order = outputs.writer if outputs.writer is not None else ContigSorter(list(stream.header.contigs))
        for block, result in _read_blocks(stream.blocks, reader):
            if should_stop():
                raise StoppedError
            if outputs.reference is not None:
                self._compare(result, block, outputs.reference)
            self._note(result.problems)
            self._note(order.check(result.table))
            self.counts.read += result.records
            self.counts.rejected += len(result.rejected)
            self.counts.in_bulk += result.read_in_bulk
            self._refuse_error()
            outputs.rejected.add(result.rejected)
            watched.see(result.table)
            self._note(duplicates.check(in_order.add(result.table)))
            self.rows += result.table.num_rows
            progress(min(block.bytes_read / size, 1.0), self.counts.read)
        progress(1.0, self.counts.read)
        self.is_sorted = order.is_sorted
        self.numeric_text = watched.found

    def _finish(self, writer: TableWriter | None) -> None:
        if writer is None:
            return
        again = DuplicateCheck()
        known = {problem.line for problem in self.log.kept if problem.rule == "duplicate.variant"}

        def watch(table: pa.Table) -> None:
            self._note(problem for problem in again.check(table) if problem.line not in known)

        writer.finish(watch)
        self.contig_names = writer.contigs.names
        if writer.rows != self.rows:
            raise AssertionError(f"{self.rows} rows were read, {writer.rows} written")

    def _note(self, problems: Iterator[Problem] | list[Problem] | tuple[Problem, ...]) -> None:
        for problem in problems:
            if problem.rule in ONCE_PER_VALUE:
                if (problem.rule, problem.value) in self._noted:
                    continue
                self._noted.add((problem.rule, problem.value))
            self.log.add(problem)

    def _refuse_mismatch(self, problems: tuple[Problem, ...]) -> None:
        """A wrong build is refused in both modes: no line of the file could be right."""
        wrong = next((problem for problem in problems if problem.severity is Severity.ERROR), None)
        if wrong is not None:
            raise UnusableFileError(wrong)
        self._refuse_error()

    def _refuse_error(self) -> None:
        first = self.log.first_error
        if self.options.mode is Mode.STRICT and first is not None:
            raise UnusableFileError(first)

    def _open_reference(self, stream: VcfStream) -> ReferenceGenome | None:
        if self.options.reference is None:
            return None
        reference = ReferenceGenome(self.options.reference)
        for name, length in stream.header.contigs.items():
            contig = reference.contig(name)
            if contig is None or not length or reference.lengths[contig] == length:
                continue
            ours, theirs = reference.build, self.finding.build if self.finding else None
            reason = (
                f"contig {name} has {length:,} bases in the file ({theirs or 'build unknown'}) and "
                f"{reference.lengths[contig]:,} in the reference ({ours.build if ours else 'build unknown'})"
            )
            raise UnusableFileError(error(None, "build", name, reason, "build.reference"))
        return reference

    def _compare(self, result: BlockResult, block: LineBlock, reference: ReferenceGenome) -> None:
        """Reject records whose REF is not in the reference; left-align the rest."""
        found, compared = reference.mismatches(result.table)
        if len(found) >= _WRONG_REFERENCE_COUNT and len(found) > _WRONG_REFERENCE_SHARE * compared:
            ours, theirs = reference.build, self.finding.build if self.finding else None
            reason = (
                f"{len(found):,} of {compared:,} REF alleles differ from the reference ({ours.build if ours else 'unknown'}): "
                f"the file ({theirs or 'build unknown'}) is in another build. First on line {found[0].line}: {found[0].reason}"
            )
            raise UnusableFileError(error(found[0].line, "build", found[0].ref, reason, "build.reference"))
        if found:
            lines = block.data.split(b"\n")
            for mismatch in found:
                problem = error(mismatch.line, "REF", mismatch.ref, mismatch.reason, "ref.reference")
                text = lines[mismatch.line - block.first_line].decode("utf-8", "replace")
                result.problems.append(problem)
                result.rejected.append(RejectedLine(mismatch.line, text, problem))
            keep = pc.invert(pc.is_in(result.table["line"], pa.array([mismatch.line for mismatch in found], pa.int64())))
            result.table = result.table.filter(keep)
        result.table, moved = reference.normalised(result.table)
        self.counts.moved += moved


def _read_blocks(blocks: Iterator[LineBlock], reader: BlockReader) -> Iterator[tuple[LineBlock, BlockResult]]:
    """Read blocks in threads, a few at a time, and yield them in order."""
    under_way: deque[tuple[LineBlock, Future[BlockResult]]] = deque()
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="variants") as pool:
        try:
            for block in blocks:
                under_way.append((block, pool.submit(reader.read, block)))
                if len(under_way) >= _UNDER_WAY:
                    first, future = under_way.popleft()
                    yield first, future.result()
            while under_way:
                first, future = under_way.popleft()
                yield first, future.result()
        finally:
            for _, future in under_way:
                future.cancel()


class ContigSorter:
    """Puts rows of one block in genome order where no table is written."""

    def __init__(self, contigs: list[str]) -> None:
        self._contigs = contigs

    def add(self, table: pa.Table) -> pa.Table:
        return table.sort_by([("chrom", "ascending"), ("pos", "ascending"), ("line", "ascending")])


class NumericText:
    """Learns which annotation columns hold numbers only, as frequencies and scores in CSQ do."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self._candidates = [c.name for c in columns if c.origin is Origin.ANNOTATION and pa.types.is_string(c.type)]
        self._with_values: set[str] = set()

    def see(self, table: pa.Table) -> None:
        for name in list(self._candidates):
            column = table[name]
            if column.null_count == len(column):
                continue
            try:
                pc.cast(column.slice(0, _FEW), pa.float64())  # most text shows at once that it is none
                pc.cast(column, pa.float64())
                self._with_values.add(name)
            except pa.ArrowInvalid:
                self._candidates.remove(name)

    @property
    def found(self) -> dict[str, bool]:
        return {name: True for name in self._candidates if name in self._with_values}


class RejectedSink:
    """Writes rejected lines to Parquet; makes no file where there are none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def add(self, rejected: list[RejectedLine]) -> None:
        if not rejected or self._path is None:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, _REJECTED_SCHEMA, compression="zstd")
        rows = [
            {
                "line": row.line,
                "field": row.problem.field,
                "value": row.problem.value,
                "reason": row.problem.reason,
                "rule": row.problem.rule,
                "text": row.text,
            }
            for row in sorted(rejected, key=lambda row: row.line)
        ]
        self._writer.write_table(pa.Table.from_pylist(rows, _REJECTED_SCHEMA))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
