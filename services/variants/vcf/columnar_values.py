"""The values of one INFO or FORMAT field over a whole block: read once, then laid out for the rows of the table.

Numbers are read into an Arrow array. Text stays where it is in the block until the rows are known, so that it is copied once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.plan import FieldPlan
from services.variants.vcf.strings import Mask, Offsets, Spans, contains_byte, decoded, indices, mask_of, parse_numbers, runs
from services.variants.vcf.values import FRACTIONS


class Values(Protocol):
    """Values by number, some of them missing."""

    def take(self, numbers: Offsets) -> pa.Array:
        """Return values by their numbers, in any order; a negative number gives null."""

    def missing(self, numbers: Offsets) -> Mask:
        """Tell which of some values are missing."""


@dataclass(frozen=True, slots=True)
class ArrayValues:
    array: pa.Array

    def take(self, numbers: Offsets) -> pa.Array:
        return self.array.take(indices(numbers))

    def missing(self, numbers: Offsets) -> Mask:
        return mask_of(pc.is_null(self.array.take(pa.array(numbers)))) if self.array.null_count else np.zeros(len(numbers), bool)


@dataclass(frozen=True, slots=True)
class TextValues:
    spans: Spans
    is_missing: Mask

    def take(self, numbers: Offsets) -> pa.Array:
        if not len(self.spans):
            return pa.nulls(len(numbers), pa.string())
        absent = numbers < 0
        nothing = self.is_missing[numbers] | absent  # -1 stands for the last value here; it is absent anyway
        starts = self.spans.starts[numbers]
        return Spans(self.spans.text, starts, np.where(nothing, starts, self.spans.ends[numbers])).array(nothing)

    def missing(self, numbers: Offsets) -> Mask:
        chosen: Mask = self.is_missing[numbers]
        return chosen


def joined(parts: Sequence[Values]) -> Values:
    """Join the values of one field that were read in groups of lines."""
    arrays = [part.array for part in parts if isinstance(part, ArrayValues)]
    if arrays:
        return ArrayValues(pa.concat_arrays(arrays))
    texts = [part for part in parts if isinstance(part, TextValues)]
    spans = Spans(
        texts[0].spans.text,
        np.concatenate([part.spans.starts for part in texts]),
        np.concatenate([part.spans.ends for part in texts]),
    )
    return TextValues(spans, np.concatenate([part.is_missing for part in texts]))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one field: entry e has the values `first[e]` .. `first[e + 1]`; `doubtful` marks entries."""

    values: Values
    first: Offsets
    doubtful: Mask | None = None

    @property
    def is_single(self) -> bool:
        """Tell whether each entry has exactly one value."""
        return int(self.first[-1]) == len(self.first) - 1


def read_values(spans: Spans, definition: FieldDefinition, *, decode: bool) -> Reading:
    """Split comma-separated entries and read their values.

    Text of which the header announces one value is not split. `decode` undoes percent encoding in text.
    """
    kind = definition.type
    first = np.arange(len(spans) + 1)
    rows = None
    if kind in (FieldType.INTEGER, FieldType.FLOAT):
        texts = spans.array()
        if contains_byte(texts, b","):
            pieces = spans.split(b",")
            texts, first, rows = pieces.spans.array(), pieces.first, pieces.rows()
        parsed = parse_numbers(texts, kind)
        return Reading(ArrayValues(parsed.values), first, _entries_with(parsed.bad, rows, len(spans)))
    if definition.number != "1" and spans.hold(b",").any():
        pieces = spans.split(b",")
        spans, first, rows = pieces.spans, pieces.first, pieces.rows()
    missing = spans.equal(b".")
    decode = decode and spans.text.has(b"%")
    if not decode and kind is not FieldType.CHARACTER:
        return Reading(TextValues(spans, missing), first)
    texts = spans.array(missing)
    if decode:
        texts = decoded(texts)
    bad = mask_of(pc.not_equal(pc.utf8_length(texts), 1)) if kind is FieldType.CHARACTER else None
    return Reading(ArrayValues(texts), first, _entries_with(bad, rows, len(first) - 1))


def _entries_with(bad: Mask | None, rows: Offsets | None, count: int) -> Mask | None:
    """Return which entries hold a bad value; None where there is none."""
    if bad is None or not bad.any():
        return None
    if rows is None:
        return bad
    entries = np.zeros(count, dtype=bool)
    entries[rows[bad]] = True
    return entries


def out_of_range(key: str, reading: Reading, not_negative: frozenset[str]) -> Offsets | None:
    """Return the entries with a value that the key's rules do not allow."""
    wrong = _wrong_values(key, reading, not_negative)
    if wrong is None or not wrong.any():
        return None
    entries: Offsets = np.searchsorted(reading.first, np.flatnonzero(wrong), side="right") - 1
    return entries


def _wrong_values(key: str, reading: Reading, not_negative: frozenset[str]) -> Mask | None:
    values = reading.values
    if key == "CIGAR":
        texts = values.take(np.arange(int(reading.first[-1])))
        if pa.types.is_string(texts.type):
            return mask_of(pc.invert(pc.match_substring_regex(texts, r"^([0-9]{1,10}[MIDNSHPX=])+$")))
    if not isinstance(values, ArrayValues) or pa.types.is_string(values.array.type):
        return None
    if key in FRACTIONS:
        if pa.types.is_floating(values.array.type):
            return mask_of(pc.or_(pc.less(values.array, 0.0), pc.invert(pc.less_equal(values.array, 1.0))))
        return mask_of(pc.or_(pc.less(values.array, 0), pc.greater(values.array, 1)))
    return mask_of(pc.less(values.array, 0)) if key in not_negative else None


def wrong_counts(reading: Reading, wanted: Offsets | None) -> Offsets:
    """Return the entries whose number of values is not the wanted one; one missing value alone is allowed whatever the Number."""
    if wanted is None:
        return np.empty(0, np.int64)
    counts = np.diff(reading.first)
    off = np.flatnonzero(counts != wanted)
    if not len(off):
        return off
    alone = counts[off] == 1
    alone[alone] = reading.values.missing(reading.first[off[alone]])
    wrong: Offsets = off[~alone]
    return wrong


def wanted_counts(definition: FieldDefinition, allele_counts: Offsets) -> Offsets | None:
    """Return how many values each entry must have, or None where any count is allowed."""
    if definition.number == "A":
        return allele_counts
    if definition.number == "R":
        return allele_counts + 1
    return np.full(len(allele_counts), definition.fixed_count) if definition.fixed_count is not None else None


@dataclass(frozen=True, slots=True)
class FieldValues:
    """The values of one field, found by cell: a line, or one sample of a line."""

    reading: Reading
    entry_of: Offsets
    """Per cell the number of its entry, -1 where the field is absent."""

    def at(self, cells: Offsets, place: Offsets | int) -> pa.Array:
        """Return value number `place` of each cell; null where the cell has no such value."""
        entry, reading = self.entry_of[cells], self.reading
        if reading.is_single:
            return reading.values.take(entry if isinstance(place, int) and place == 0 else np.where(place == 0, entry, -1))
        here = np.maximum(entry, 0)
        wanted = reading.first[here] + place
        return reading.values.take(np.where((entry >= 0) & (wanted < reading.first[here + 1]), wanted, -1))

    def runs(self, cells: Offsets) -> tuple[Offsets, Offsets, Mask]:
        """Return for each cell its first value, how many it has, and whether it has any that is not just missing."""
        entry, first = self.entry_of[cells], self.reading.first
        here = np.maximum(entry, 0)
        begin, present = first[here], entry >= 0
        counts = first[here + 1] - begin
        alone = present & (counts == 1)
        if alone.any():
            present[alone] = ~self.reading.values.missing(begin[alone])
        return begin, np.where(present, counts, 0), present

    def lists(self, cells: Offsets) -> pa.Array:
        """Return the whole list of each cell; null where the field is absent or is a single missing value."""
        begin, counts, present = self.runs(cells)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), self.reading.values.take(runs(begin, counts)), mask=pa.array(~present))


def field_columns(plan: FieldPlan, values: FieldValues, cells: Offsets, allele: Offsets) -> dict[str, pa.Array]:
    """Return the column or columns of a field for rows with the given cells (lines, or samples of lines) and alleles from 0."""
    number = plan.definition.number
    name = plan.columns[0].name
    if number == "R":
        return {name: values.at(cells, 0), plan.columns[1].name: values.at(cells, 1 + allele)}
    if number == "A":
        return {name: values.at(cells, allele)}
    if number == "1":
        return {name: values.at(cells, 0)}
    return {name: values.lists(cells)}
