"""The INFO field of a whole block: keys and values told apart at once, each key's values read as one column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.problems import warning
from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.plan import FieldPlan, TablePlan
from services.variants.vcf.record import INFO_KEY
from services.variants.vcf.strings import (
    Mask,
    Offsets,
    Parsed,
    Pieces,
    contains_byte,
    encode,
    indices,
    mask_of,
    parse,
    scatter,
    split,
    stable_order,
)
from services.variants.vcf.values import FRACTIONS, NOT_NEGATIVE_INFO, STRUCTURAL_SINCE_44


@dataclass(slots=True)
class FieldValues:
    """The values of one field. Entry e (one line, or one sample of a line) has values `first[e]` .. `first[e + 1]`."""

    values: pa.Array
    first: Offsets
    entry_of: Offsets
    """Per line (or cell) the number of its entry, -1 where the field is absent."""

    def at(self, cells: Offsets, place: Offsets | int) -> pa.Array:
        """Return value number `place` of each cell; null where the cell has no such value."""
        entry = self.entry_of[cells]
        here = np.maximum(entry, 0)
        wanted = self.first[here] + place
        wanted = np.where((entry >= 0) & (wanted < self.first[here + 1]), wanted, -1)
        return self.values.take(indices(wanted))

    def lists(self, cells: Offsets) -> pa.Array:
        """Return the whole list of each cell; null where the field is absent or is a single missing value."""
        counts = np.diff(self.first)
        alone = np.zeros(len(counts), dtype=bool)
        single = np.flatnonzero(counts == 1)
        if len(single):
            alone[single] = mask_of(pc.is_null(self.values.take(pa.array(self.first[single]))))
        offsets = pa.array(self.first.astype(np.int32))
        lists = pa.ListArray.from_arrays(offsets, self.values)
        entry = self.entry_of[cells]
        entry = np.where((entry >= 0) & ~alone[np.maximum(entry, 0)], entry, -1) if len(alone) else entry
        return lists.take(indices(entry))


def read_values(texts: pa.Array, kind: FieldType, *, decode: bool, single: bool) -> tuple[Parsed, Offsets, Mask | None]:
    """Split comma-separated texts and read them. Returns values, the first value of each text, and which texts are doubtful.

    With `single`, a text is one value: commas then belong to it.
    """
    n = len(texts)
    if single or not contains_byte(texts, b","):
        parsed = parse(texts, kind, decode=decode)
        return parsed, np.arange(n + 1), parsed.bad
    pieces = split(texts, b",")
    parsed = parse(pieces.all(), kind, decode=decode)
    bad = None
    if parsed.bad is not None:
        bad = np.zeros(n, dtype=bool)
        bad[pieces.rows()[parsed.bad]] = True
    return parsed, pieces.first, bad


def out_of_range(key: str, values: pa.Array, not_negative: frozenset[str]) -> Mask | None:
    """Mark values that the key's rules do not allow."""
    if key in FRACTIONS and pa.types.is_floating(values.type):
        return mask_of(pc.or_(pc.less(values, 0.0), pc.invert(pc.less_equal(values, 1.0))))
    if key in not_negative and (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return mask_of(pc.less(values, 0))
    if key in FRACTIONS and pa.types.is_integer(values.type):
        return mask_of(pc.or_(pc.less(values, 0), pc.greater(values, 1)))
    if key == "CIGAR" and pa.types.is_string(values.type):
        return mask_of(pc.invert(pc.match_substring_regex(values, r"^([0-9]{1,10}[MIDNSHPX=])+$")))
    return None


class InfoPart:
    """All INFO columns except unpacked annotation."""

    def __init__(self, lines: Lines, plan: TablePlan) -> None:
        self._lines, self._plan = lines, plan
        self._decode = plan.header.version >= (4, 3)
        self._fields: dict[str, FieldValues] = {}
        self._flags: dict[str, Mask] = {}
        self._undeclared: list[Offsets] = []
        self.texts: dict[str, tuple[pa.Array, Offsets]] = {}
        """Per annotation key the raw values and their lines."""
        info = lines.column(7)
        if plan.header.version < (4, 3) and contains_byte(info, b" "):
            lines.mark(mask_of(pc.match_substring(info, " ")))
        self._missing = mask_of(pc.equal(info, "."))
        self._entries = split(info, b";")
        self._read_entries()

    def _read_entries(self) -> None:
        """Tell keys from values and hand each key's entries on."""
        entries = self._entries
        data = np.frombuffer(entries.data, dtype=np.uint8)
        equals = _first_equals(data, entries)
        has_value = equals < entries.ends
        # every entry is cut in three: the key, the sign, the value
        three = np.empty((len(entries.starts), 4), dtype=np.int64)
        three[:, 0] = entries.starts
        three[:, 1] = equals
        three[:, 2] = equals + has_value
        three[:, 3] = entries.ends
        parts = Pieces(entries.data, three[:, [0, 2]].ravel(), three[:, [1, 3]].ravel(), np.empty(0, np.int64))
        numbers = np.arange(len(entries.starts))
        codes, keys = encode(parts.take(2 * numbers))
        rows = entries.rows()
        order = stable_order(codes, len(keys))
        bounds = np.searchsorted(codes[order], np.arange(len(keys) + 1))
        for code, key in enumerate(keys):
            own = order[bounds[code] : bounds[code + 1]]
            if key == ".":
                own = own[~self._missing[rows[own]]]
                if not len(own):
                    continue
            self._read_key(key, own, rows[own], has_value[own], parts)
        if self._undeclared:
            lines_with = np.sort(np.concatenate(self._undeclared))
            self._undeclared = [lines_with]

    def _read_key(self, key: str, own: Offsets, rows: Offsets, has_value: Mask, parts: Pieces) -> None:
        lines, header = self._lines, self._plan.header
        lines.mark(rows[1:][rows[1:] == rows[:-1]])
        if key not in header.info:
            self._read_undeclared(key, own, rows)
            return
        if header.version >= (4, 4) and key in STRUCTURAL_SINCE_44:
            lines.mark(rows)
        definition = header.info[key]
        if definition.is_flag:
            lines.mark(rows[has_value])
            self._flags[key] = np.zeros(len(lines), dtype=bool)
            self._flags[key][rows] = True
            return
        texts = parts.take(2 * own + 1)
        lines.mark(rows[~has_value | (parts.starts[2 * own + 1] == parts.ends[2 * own + 1])])
        if any(annotation.key == key for annotation in self._plan.annotations):
            self.texts[key] = (texts, rows)
        self._read_declared(key, definition, texts, rows)

    def _read_declared(self, key: str, definition: FieldDefinition, texts: pa.Array, rows: Offsets) -> None:
        lines = self._lines
        is_text = definition.type in (FieldType.STRING, FieldType.CHARACTER)
        single = definition.number == "1" and is_text
        if single and definition.type is FieldType.CHARACTER:
            lines.mark(rows[mask_of(pc.match_substring(texts, ","))])
        parsed, first, doubtful = read_values(texts, definition.type, decode=self._decode, single=single)
        if doubtful is not None:
            lines.mark(rows[doubtful])
        wrong = out_of_range(key, parsed.values, NOT_NEGATIVE_INFO)
        if wrong is not None and wrong.any():
            lines.mark(rows[np.searchsorted(first, np.flatnonzero(wrong), side="right") - 1])
        if key == "CIGAR" and single:
            lines.mark(rows[mask_of(pc.match_substring(texts, ","))])
        counts = np.diff(first)
        wanted = wanted_counts(definition, lines.allele_counts[rows])
        if wanted is not None:
            off = np.flatnonzero(counts != wanted)
            alone = _single_missing(parsed.values, first, counts, off)
            lines.mark(rows[off[~alone]])
            if single and contains_byte(texts, b","):
                lines.mark(rows[mask_of(pc.match_substring(texts, ","))])
        self._fields[key] = FieldValues(parsed.values, first, scatter(len(lines), rows))
        if key == "END":
            if pa.types.is_integer(parsed.values.type):
                self._check_end(parsed.values, first, rows)
            else:
                lines.mark(rows)

    def _check_end(self, values: pa.Array, first: Offsets, rows: Offsets) -> None:
        lines = self._lines
        stated = pc.fill_null(values.take(pa.array(first[:-1])), -1).to_numpy(zero_copy_only=False)
        has_end = mask_of(pc.is_valid(values.take(pa.array(first[:-1]))))
        before = (stated > 0) & (stated < lines.positions[rows]) & ~lines.unspecified[rows]
        lines.mark(rows[has_end & ((stated < 0) | before)])
        lines.info_ends = np.full(len(lines), -1, dtype=np.int64)
        lines.info_ends[rows] = np.where(has_end, stated, -1)

    def _read_undeclared(self, key: str, own: Offsets, rows: Offsets) -> None:
        lines = self._lines
        is_reserved = self._plan.header.info_definition(key) is not None
        if not INFO_KEY.fullmatch(key) or is_reserved:
            lines.mark(rows)
            return
        self._undeclared.append(own)
        clean = rows[~lines.bad[rows]]
        if len(clean):
            lines.notes.append(
                (int(clean[0]), warning(None, "INFO", key, "the header does not declare this key", "info.undeclared"))
            )

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        plan = self._plan
        made: dict[str, pa.Array] = {}
        for key, field_plan in plan.info.items():
            made.update(self._columns(key, field_plan, rows))
        assert plan.info_unplaced is not None
        made[plan.info_unplaced.name] = self._undeclared_text(rows)
        return made

    def _columns(self, key: str, plan: FieldPlan, rows: Rows) -> dict[str, pa.Array]:
        name = plan.columns[0].name
        if plan.definition.is_flag:
            present = self._flags.get(key)
            return {name: pa.array(present[rows.line] if present is not None else np.zeros(len(rows.line), dtype=bool))}
        values = self._fields.get(key)
        if values is None:
            return {column.name: pa.nulls(len(rows.line), column.type) for column in plan.columns}
        return field_columns(plan, values, rows.line, rows.allele)

    def _undeclared_text(self, rows: Rows) -> pa.Array:
        if not self._undeclared:
            return pa.nulls(len(rows.line), pa.string())
        own = self._undeclared[0]
        lines = self._entries.rows()[own]
        offsets = np.searchsorted(lines, np.arange(len(self._lines) + 1))
        texts = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), self._entries.take(own))
        joined = pc.binary_join(texts, ";")
        return pc.if_else(pc.equal(joined, ""), None, joined).take(pa.array(rows.line))


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


def wanted_counts(definition: FieldDefinition, allele_counts: Offsets) -> Offsets | None:
    """Return how many values each entry must have, or None where any count is allowed."""
    if definition.number == "A":
        return allele_counts
    if definition.number == "R":
        return allele_counts + 1
    return np.full(len(allele_counts), definition.fixed_count) if definition.fixed_count is not None else None


def _single_missing(values: pa.Array, first: Offsets, counts: Offsets, entries: Offsets) -> Mask:
    """Tell which of `entries` hold one missing value only; that is allowed whatever the Number."""
    alone: Mask = counts[entries] == 1
    if alone.any():
        alone[alone] = mask_of(pc.is_null(values.take(pa.array(first[entries[alone]]))))
    return alone


def _first_equals(data: np.ndarray[tuple[int], np.dtype[np.uint8]], entries: Pieces) -> Offsets:
    """Return where the first `=` of each entry stands, or where the entry ends."""
    low, high = (int(entries.starts[0]), int(entries.ends[-1])) if len(entries.starts) else (0, 0)
    found = np.flatnonzero(data[low:high] == ord("=")) + low
    after = np.searchsorted(found, entries.starts)
    candidate = np.append(found, high)[after] if len(found) else np.full(len(entries.starts), high)
    first: Offsets = np.minimum(candidate, entries.ends)
    return first
