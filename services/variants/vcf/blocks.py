"""One block of data lines to one table: the vectorised reader for what is clean, the line-by-line reader for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.problems import Problem, error, warning
from services.variants.reading import LineBlock
from services.variants.vcf.columnar import CorePart, Lines, Part, lines_of, rows_of
from services.variants.vcf.columnar_annotations import AnnotationPart
from services.variants.vcf.columnar_info import InfoPart
from services.variants.vcf.columnar_samples import SamplesPart
from services.variants.vcf.plan import TablePlan
from services.variants.vcf.record import Record, RecordReader
from services.variants.vcf.strings import Offsets
from services.variants.vcf.tolerant import RowBuilder


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that was not imported: as it stands in the file, and its first error."""

    line: int
    text: str
    problem: Problem


@dataclass(slots=True)
class BlockResult:
    """What a block gave. `records` counts its data lines; each is in `table` or in `rejected`."""

    table: pa.Table
    records: int
    problems: list[Problem] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    read_in_bulk: int = 0
    """Records that the vectorised reader made."""


class BlockReader:
    """Turns blocks of one file into tables. Safe to use from several threads: it keeps no state between blocks."""

    def __init__(self, plan: TablePlan, *, line_by_line: bool = False) -> None:
        self._plan = plan
        self._reader = RecordReader(plan.header)
        self._builder = RowBuilder(plan)
        self._line_by_line = line_by_line

    def read(self, block: LineBlock) -> BlockResult:
        data, unfinished = (block.data, False) if block.data.endswith(b"\n") else (block.data + b"\n", True)
        result = self._read(replace(block, data=data))
        if unfinished:
            last = block.first_line + data.count(b"\n") - 1
            result.problems.append(warning(last, "file", "", "the last line has no line end", "file.final_newline"))
        result.problems.sort(key=lambda problem: problem.line or 0)
        return result

    def _read(self, block: LineBlock) -> BlockResult:
        if self._line_by_line:
            raw = block.data.split(b"\n")[:-1]
            return self._one_by_one([(block.first_line + index, line) for index, line in enumerate(raw)])
        lines, line_starts, others = lines_of(block.data, block.first_line, self._plan.header.column_count)
        table, notes = self._in_bulk(lines)
        in_bulk = int((~lines.bad).sum())
        handed_over = np.sort(np.concatenate((others, lines.numbers[lines.bad] - block.first_line)))
        result = self._one_by_one([(block.first_line + int(at), _line(block.data, line_starts, int(at))) for at in handed_over])
        result.records += in_bulk
        result.read_in_bulk = in_bulk
        result.problems += notes
        if result.table.num_rows:
            joined = pa.concat_tables([table, result.table])
            order = pc.sort_indices(
                joined.select(["line", "allele_index"]), [("line", "ascending"), ("allele_index", "ascending")]
            )
            result.table = joined.take(order)
        else:
            result.table = table
        return result

    def _in_bulk(self, lines: Lines) -> tuple[pa.Table, list[Problem]]:
        schema = self._plan.schema
        if not len(lines):
            return schema.empty_table(), []
        info: InfoPart
        parts: list[Part] = [CorePart(lines, self._plan), info := InfoPart(lines, self._plan)]
        if self._plan.annotations:
            parts.append(AnnotationPart(lines, self._plan, info))
        if self._plan.header.samples:
            parts.append(SamplesPart(lines, self._plan))
        rows = rows_of(lines)
        made: dict[str, pa.Array] = {}
        for part in parts:
            made.update(part.columns(rows))
        notes = [replace(problem, line=int(lines.numbers[at])) for at, problem in lines.notes if not lines.bad[at]]
        table = pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)
        return table, notes

    def _one_by_one(self, numbered: Sequence[tuple[int, bytes]]) -> BlockResult:
        records: list[Record] = []
        problems: list[Problem] = []
        rejected: list[RejectedLine] = []
        count = 0
        for number, raw in numbered:
            record, text, found = self._read_line(number, raw)
            problems += found
            first = next((problem for problem in found if problem.rejects_line), None)
            if record is None and first is None:
                continue  # a blank line
            count += 1
            if first is not None:
                rejected.append(RejectedLine(number, text, first))
            elif record is not None:
                records.append(record)
        return BlockResult(self._builder.table(records), count, problems, rejected)

    def _read_line(self, number: int, raw: bytes) -> tuple[Record | None, str, list[Problem]]:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
            return None, text, [error(number, "line", text[:60], "is not UTF-8 text", "line.encoding")]
        record, found = self._reader.read(number, text)
        return record, text, found


def _line(data: bytes, starts: Offsets, index: int) -> bytes:
    end = int(starts[index + 1]) - 1 if index + 1 < len(starts) else len(data) - 1
    return data[int(starts[index]) : end]
