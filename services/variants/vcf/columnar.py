"""A block of data lines to columns, all lines at once.

The vectorised reader checks the same rules as `record.py` and hands over every line it is not certain about: a line is either
clean here, with no problem to report except the once-per-file notes about undeclared names, or it goes to the line-by-line
reader. So both give the same rows and the same problems; `tests/unit/variants/test_both_readers.py` holds them to it.

A part of the work (`Part`) parses a group of fields for all lines, marks the lines it is not certain about in `Lines.bad`, and
later makes its columns for the rows that remain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.genomics.alleles import AlleleForm, allele_form, trim, variant_type
from services.variants.problems import Problem, warning
from services.variants.vcf.definitions import FieldType
from services.variants.vcf.header import Header
from services.variants.vcf.plan import TablePlan
from services.variants.vcf.record import check_alleles, check_contig, check_filter, check_identifiers
from services.variants.vcf.strings import Mask, Offsets, cut, encode, mask_of, parse

_SIMPLE = (AlleleForm.SEQUENCE, AlleleForm.MISSING, AlleleForm.OVERLAPPING_DELETION, AlleleForm.UNSPECIFIED)
_NEWLINE, _TAB = 10, 9


@dataclass(slots=True)
class Lines:
    """The lines of one block that have the right number of columns, as offsets of their fields."""

    data: pa.Buffer
    starts: Offsets
    """Per line and column, where the field begins; shape (lines, columns)."""
    ends: Offsets
    numbers: Offsets
    bad: Mask
    positions: Offsets = field(default_factory=lambda: np.empty(0, np.int64))
    allele_counts: Offsets = field(default_factory=lambda: np.empty(0, np.int64))
    unspecified: Mask = field(default_factory=lambda: np.empty(0, bool))
    info_ends: Offsets | None = None
    """INFO END per line, -1 where there is none."""
    notes: list[tuple[int, Problem]] = field(default_factory=list)
    """Once-per-file notes with the index of their line."""

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, index: int) -> pa.Array:
        return cut(self.data, self.starts[:, index], self.ends[:, index])

    def mark(self, lines: Mask | Offsets | None) -> None:
        """Hand lines over to the line-by-line reader."""
        if lines is not None:
            self.bad[lines] = True

    def note_first(self, codes: Offsets, code: int, problem: Problem) -> None:
        """Note a problem at the first line that is not handed over; those report their own."""
        places = np.flatnonzero((codes == code) & ~self.bad)
        if len(places):
            self.notes.append((int(places[0]), problem))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows to make: for each its line (index into `Lines`) and its alternate allele from 0."""

    line: Offsets
    allele: Offsets


class Part(Protocol):
    def columns(self, rows: Rows) -> dict[str, pa.Array]: ...


def lines_of(data: bytes, first_line: int, column_count: int) -> tuple[Lines, Offsets, Offsets]:
    """Find lines and fields. Returns the regular lines, and start and end of the others as offsets into `data`.

    `data` ends with a newline. Irregular are lines with another number of columns, with an empty field, that begin with `#`,
    hold control characters, or are not UTF-8.
    """
    buffer = np.frombuffer(data, dtype=np.uint8)
    line_ends = np.flatnonzero(buffer == _NEWLINE)
    line_starts = np.concatenate(([0], line_ends[:-1] + 1))
    tabs = np.flatnonzero(buffer == _TAB)
    first_tab = np.searchsorted(tabs, line_starts)
    tab_counts = np.diff(np.append(first_tab, len(tabs)))
    regular = (tab_counts == column_count - 1) & (line_ends > line_starts) & (buffer[line_starts] != ord("#"))
    regular &= ~_odd_lines(data, buffer, line_ends)
    chosen = np.flatnonzero(regular)
    inner = (
        tabs[first_tab[chosen][:, None] + np.arange(column_count - 1)]
        if len(chosen)
        else np.empty((0, column_count - 1), np.int64)
    )
    starts = np.concatenate((line_starts[chosen][:, None], inner + 1), axis=1)
    ends = np.concatenate((inner, line_ends[chosen][:, None]), axis=1)
    lines = Lines(pa.py_buffer(data), starts, ends, chosen + first_line, bad=(starts == ends).any(axis=1))
    others = np.flatnonzero(~regular)
    return lines, line_starts, others


def _odd_lines(data: bytes, buffer: np.ndarray[tuple[int], np.dtype[np.uint8]], line_ends: Offsets) -> Mask:
    """Mark lines with control characters or text that is not UTF-8."""
    odd = np.zeros(len(line_ends), dtype=bool)
    control = np.flatnonzero((buffer < 32) & (buffer != _TAB) & (buffer != _NEWLINE))
    odd[np.searchsorted(line_ends, control)] = True
    if data.isascii():
        return odd
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        foreign = np.searchsorted(line_ends, np.flatnonzero(buffer >= 128))
        odd[foreign] = True
    return odd


class CorePart:
    """CHROM to FILTER and the alleles."""

    def __init__(self, lines: Lines, plan: TablePlan) -> None:
        self._lines = lines
        header = plan.header
        self._chrom = lines.column(0)
        lines.positions = _positions(lines)
        self._identifiers(lines)
        self._alleles(lines)
        self._quality(lines)
        self._contigs(lines, header)
        self._filters(lines, header)

    def _contigs(self, lines: Lines, header: Header) -> None:
        codes, values = encode(self._chrom)
        lengths = np.array([header.contigs.get(value) or -2 for value in values], dtype=np.int64)
        if len(values):
            length = lengths[codes]
            lines.mark((length >= 0) & (lines.positions > length + 1))
        for code, value in enumerate(values):
            for name, shown, reason, severity, rule in check_contig(value, header):
                if rule == "contig.undeclared":
                    lines.note_first(codes, code, Problem(None, name, shown, reason, severity, rule))
                else:
                    lines.mark(codes == code)

    def _identifiers(self, lines: Lines) -> None:
        texts = lines.column(2)
        doubtful = np.flatnonzero(mask_of(pc.match_substring_regex(texts, r"[;\s]|[^\x00-\x7F]")))
        for line, text in zip(doubtful, texts.take(pa.array(doubtful)).to_pylist(), strict=True):
            if check_identifiers(text):
                lines.bad[line] = True
        self._id = pc.if_else(pc.equal(texts, "."), None, texts)

    def _alleles(self, lines: Lines) -> None:
        """Read each distinct pair of REF and ALT once."""
        pairs = cut(lines.data, lines.starts[:, 3], lines.ends[:, 4])
        self._codes, values = encode(pairs)
        counts, usable, unspecified = [], [], []
        shifts: list[int] = []
        refs: list[str] = []
        alts: list[str | None] = []
        types: list[str] = []
        forms: list[AlleleForm] = []
        for value in values:
            ref, _, written = value.partition("\t")
            alleles, found = check_alleles(ref, written)
            simple = not found and all(allele_form(allele) in _SIMPLE for allele in alleles)
            usable.append(simple)
            counts.append(len(alleles) if simple else 1)
            unspecified.append(simple and any(allele[0] == "<" for allele in alleles))
            for allele in alleles if simple else (".",):
                form = allele_form(allele)
                shift, own_ref, own_alt = (
                    trim(0, ref.upper(), allele.upper()) if form is AlleleForm.SEQUENCE else (0, ref, allele)
                )
                shifts.append(shift)
                refs.append(own_ref)
                alts.append(None if form is AlleleForm.MISSING else own_alt)
                types.append(str(variant_type(ref, allele)) if simple else "")
                forms.append(form)
        per_pair = np.array(counts, dtype=np.int64)
        self._first = np.concatenate(([0], np.cumsum(per_pair)))
        self._shifts = np.array(shifts, dtype=np.int64)
        self._refs, self._alts, self._types = (
            pa.array(refs, pa.string()),
            pa.array(alts, pa.string()),
            pa.array(types, pa.string()),
        )
        self._by_info_end = np.array([form in (AlleleForm.UNSPECIFIED, AlleleForm.MISSING) for form in forms], dtype=bool)
        lines.mark(~np.array(usable, dtype=bool)[self._codes])
        lines.allele_counts = per_pair[self._codes]
        lines.unspecified = np.array(unspecified, dtype=bool)[self._codes]

    def _quality(self, lines: Lines) -> None:
        parsed = parse(lines.column(5), FieldType.FLOAT, decode=False)
        self._qual = parsed.values
        lines.mark(parsed.bad)
        lines.mark(mask_of(pc.less(parsed.values, 0.0)))

    def _filters(self, lines: Lines, header: Header) -> None:
        texts = lines.column(6)
        codes, values = encode(texts)
        declared = tuple(header.filters)
        for code, value in enumerate(values):
            found = check_filter(value, declared)
            if any(rule != "filter.undeclared" for _, _, rule in found):
                lines.mark(codes == code)
                continue
            for shown, reason, rule in found:
                lines.note_first(codes, code, warning(None, "FILTER", shown, reason, rule))
        self._filter = pc.if_else(pc.equal(texts, "."), None, texts)

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        lines, line = self._lines, pa.array(rows.line)
        entry = self._first[self._codes[rows.line]] + rows.allele
        entries = pa.array(entry)
        refs = self._refs.take(entries)
        position = lines.positions[rows.line] + self._shifts[entry]
        ends = position + np.maximum(pc.utf8_length(refs).to_numpy(zero_copy_only=False).astype(np.int64), 1) - 1
        if lines.info_ends is not None:
            stated = lines.info_ends[rows.line]
            ends = np.where(self._by_info_end[entry] & (stated >= position), stated, ends)
        nothing = pa.nulls(len(rows.line))
        return {
            "chrom": self._chrom.take(line),
            "pos": pa.array(position),
            "end": pa.array(ends),
            "id": self._id.take(line),
            "ref": refs,
            "alt": self._alts.take(entries),
            "qual": self._qual.take(line),
            "filter": self._filter.take(line),
            "variant_type": self._types.take(entries),
            "mate_chrom": nothing.cast(pa.string()),
            "mate_pos": nothing.cast(pa.int64()),
            "allele_index": pa.array((rows.allele + 1).astype(np.int32)),
            "allele_count": pa.array(lines.allele_counts[rows.line].astype(np.int32)),
            "line": pa.array(lines.numbers[rows.line]),
            "original_pos": pa.array(lines.positions[rows.line]),
            "original_ref": cut(lines.data, lines.starts[:, 3], lines.ends[:, 3]).take(line),
            "original_alt": cut(lines.data, lines.starts[:, 4], lines.ends[:, 4]).take(line),
        }


def _positions(lines: Lines) -> Offsets:
    texts = lines.column(1)
    plain = mask_of(pc.and_(pc.match_substring_regex(texts, "^[0-9]+$"), pc.less_equal(pc.binary_length(texts), 12)))
    if not plain.all():
        lines.mark(~plain)
        texts = pc.if_else(pa.array(plain), texts, "0")
    positions: Offsets = pc.cast(texts, pa.int64()).to_numpy(zero_copy_only=False)
    return positions


def rows_of(lines: Lines) -> Rows:
    """Return the rows of all lines that are not handed over, in the order of the file."""
    good = np.flatnonzero(~lines.bad)
    counts = lines.allele_counts[good]
    total = int(counts.sum())
    first = np.cumsum(counts) - counts
    return Rows(np.repeat(good, counts), np.arange(total) - np.repeat(first, counts))
