"""The INFO field of a whole block: keys and values told apart at once, each key's values read as one column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.problems import warning
from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.columnar_values import (
    ArrayValues,
    FieldValues,
    Reading,
    field_columns,
    out_of_range,
    read_values,
    wanted_counts,
    wrong_counts,
)
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.plan import FieldPlan, TablePlan
from services.variants.vcf.record import INFO_KEY
from services.variants.vcf.strings import Mask, Offsets, Spans, scatter, stable_order
from services.variants.vcf.values import NOT_NEGATIVE_INFO, STRUCTURAL_SINCE_44


class InfoPart:
    """All INFO columns except unpacked annotation."""

    def __init__(self, lines: Lines, plan: TablePlan) -> None:
        self._lines, self._plan = lines, plan
        self._decode = plan.header.version >= (4, 3)
        self._fields: dict[str, FieldValues] = {}
        self._flags: dict[str, Mask] = {}
        self._undeclared: list[Offsets] = []
        self.texts: dict[str, tuple[Spans, Offsets]] = {}
        """Per annotation key the raw values and their lines."""
        info = lines.column(7)
        if plan.header.version < (4, 3):
            lines.mark(info.hold(b" "))
        self._missing = info.equal(b".")
        self._entries = info.split(b";")
        self._read_entries()

    def _read_entries(self) -> None:
        """Tell keys from values and hand each key's entries on."""
        entries = self._entries.spans
        equals = entries.first(b"=")
        has_value = equals < entries.ends
        values = Spans(entries.text, equals + has_value, entries.ends)
        codes, keys = Spans(entries.text, entries.starts, equals).encode()
        rows = self._entries.rows()
        order = stable_order(codes, len(keys))
        bounds = np.concatenate(([0], np.cumsum(np.bincount(codes, minlength=len(keys)))))
        for code, key in enumerate(keys):
            own = order[bounds[code] : bounds[code + 1]]
            if key == ".":
                own = own[~self._missing[rows[own]]]
                if not len(own):
                    continue
            self._read_key(key, own, rows[own], has_value[own], values)
        if self._undeclared:
            self._undeclared = [np.sort(np.concatenate(self._undeclared))]

    def _read_key(self, key: str, own: Offsets, rows: Offsets, has_value: Mask, values: Spans) -> None:
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
        texts = values.at(own)
        lines.mark(rows[texts.starts == texts.ends])  # no sign, or nothing after it
        if any(annotation.key == key for annotation in self._plan.annotations):
            self.texts[key] = (texts, rows)
        self._read_declared(key, definition, texts, rows)

    def _read_declared(self, key: str, definition: FieldDefinition, texts: Spans, rows: Offsets) -> None:
        lines = self._lines
        if definition.number == "1" and definition.type in (FieldType.STRING, FieldType.CHARACTER):
            lines.mark(rows[texts.hold(b",")])
        reading = read_values(texts, definition, decode=self._decode)
        if reading.doubtful is not None:
            lines.mark(rows[reading.doubtful])
        wrong = out_of_range(key, reading, NOT_NEGATIVE_INFO)
        if wrong is not None:
            lines.mark(rows[wrong])
        lines.mark(rows[wrong_counts(reading, wanted_counts(definition, lines.allele_counts[rows]))])
        self._fields[key] = FieldValues(reading, scatter(len(lines), rows))
        if key == "END":
            self._check_end(reading, rows)

    def _check_end(self, reading: Reading, rows: Offsets) -> None:
        lines, values = self._lines, reading.values
        if not isinstance(values, ArrayValues) or not pa.types.is_integer(values.array.type):
            lines.mark(rows)
            return
        ends = values.take(reading.first[:-1])
        has_end = np.asarray(ends.is_valid())
        stated = pc.fill_null(ends, -1).to_numpy(zero_copy_only=False)
        before = (stated > 0) & (stated < lines.positions[rows]) & ~lines.unspecified[rows]
        lines.mark(rows[has_end & ((stated < 0) | before)])
        lines.info_ends = np.full(len(lines), -1, dtype=np.int64)
        lines.info_ends[rows] = stated

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
        texts = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), self._entries.spans.at(own).array())
        joined = pc.binary_join(texts, ";")
        return pc.if_else(pc.equal(joined, ""), None, joined).take(pa.array(rows.line))

