"""A block of data lines to columns, all lines at once.

The vectorised reader checks the same rules as `record.py` and hands over every line it is not certain about: a line is either
clean here, with no problem to report except the once-per-file notes about undeclared names, or it goes to the line-by-line
reader. So both give the same rows and the same problems; `tests/unit/variants/test_both_readers.py` holds them to it.

A part of the work (`Part`) parses a group of fields for all lines, marks the lines it is not certain about in `Lines.bad`, and
later makes its columns for the rows that remain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.genomics.alleles import BASES, AlleleForm, allele_form, sequence_type, trim, variant_type
from services.variants.problems import Problem, warning
from services.variants.vcf.definitions import FieldType
from services.variants.vcf.field_rules import MAX_SPREAD, check_alleles, check_contig, check_filter, check_identifiers
from services.variants.vcf.header import Header
from services.variants.vcf.plan import TablePlan
from services.variants.vcf.strings import Mask, Offsets, Spans, Text, mask_of, parse_numbers

_SIMPLE = (AlleleForm.SEQUENCE, AlleleForm.MISSING, AlleleForm.OVERLAPPING_DELETION, AlleleForm.UNSPECIFIED)


@dataclass(slots=True)
class Lines:
    """The lines of one block that have the right number of columns, as offsets of their fields."""

    text: Text
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

    def column(self, index: int) -> Spans:
        return Spans(self.text, self.starts[:, index], self.ends[:, index])

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
    """Find lines and fields. Returns the regular lines, where each line of the block starts, and the numbers of the others.

    `data` ends with a newline. Irregular are lines with another number of columns, with an empty field, that begin with `#`,
    hold control characters, or are not UTF-8.
    """
    text = Text(data)
    control = text.below(32)
    kinds = text.view[control]
    line_ends, tabs = control[kinds == ord("\n")], control[kinds == ord("\t")]
    others = control[(kinds != ord("\n")) & (kinds != ord("\t"))] if len(control) > len(line_ends) + len(tabs) else control[:0]
    line_starts = np.concatenate(([0], line_ends[:-1] + 1))
    first_tab = np.searchsorted(tabs, line_starts)
    tab_counts = np.diff(np.append(first_tab, len(tabs)))
    regular = (tab_counts == column_count - 1) & (line_ends > line_starts) & (text.view[line_starts] != ord("#"))
    if len(others):
        regular[np.searchsorted(line_ends, others)] = False
    regular &= ~_foreign_lines(text, line_ends)
    if regular.all():
        chosen, inner = np.arange(len(line_ends)), tabs.reshape(len(line_ends), column_count - 1)
    else:
        chosen = np.flatnonzero(regular)
        inner = tabs[first_tab[chosen][:, None] + np.arange(column_count - 1)]
    starts = np.concatenate((line_starts[chosen][:, None], inner + 1), axis=1)
    ends = np.concatenate((inner, line_ends[chosen][:, None]), axis=1)
    lines = Lines(text, starts, ends, chosen + first_line, bad=(starts == ends).any(axis=1))
    return lines, line_starts, np.flatnonzero(~regular)


def _foreign_lines(text: Text, line_ends: Offsets) -> Mask:
    """Mark lines with text that is not UTF-8, together with all others that are not ASCII."""
    foreign = np.zeros(len(line_ends), dtype=bool)
    if text.is_ascii:
        return foreign
    try:
        text.bytes.decode("utf-8")
    except UnicodeDecodeError:
        foreign[np.searchsorted(line_ends, np.flatnonzero(text.view >= 128))] = True
    return foreign


@dataclass(frozen=True, slots=True)
class _Allele:
    """One alternate allele as the table shows it."""

    shift: int
    ref: str
    alt: str | None
    type: str
    ends_by_info: bool


@lru_cache(maxsize=65_536)
def _alleles_of(pair: str) -> tuple[tuple[_Allele, ...], bool, bool]:
    """Return the alleles of `REF tab ALT`, whether the vectorised reader takes them, and whether one is unspecified."""
    ref, _, written = pair.partition("\t")
    if BASES.fullmatch(ref) and BASES.fullmatch(written):
        upper_ref, upper_alt = ref.upper(), written.upper()
        if upper_ref != upper_alt:
            shift, own_ref, own_alt = trim(0, upper_ref, upper_alt)
            return (_Allele(shift, own_ref, own_alt, str(sequence_type(own_ref, own_alt)), False),), True, False
    alleles, found = check_alleles(ref, written)
    if found or any(allele_form(allele) not in _SIMPLE for allele in alleles):
        return (_Allele(0, ref, None, "", True),), False, False
    return tuple(_allele(ref, allele) for allele in alleles), True, any(allele[0] == "<" for allele in alleles)


def _allele(ref: str, alt: str) -> _Allele:
    form = allele_form(alt)
    shift, own_ref, own_alt = trim(0, ref.upper(), alt.upper()) if form is AlleleForm.SEQUENCE else (0, ref, alt)
    ends_by_info = form in (AlleleForm.UNSPECIFIED, AlleleForm.MISSING)
    return _Allele(shift, own_ref, None if form is AlleleForm.MISSING else own_alt, str(variant_type(ref, alt)), ends_by_info)


class CorePart:
    """CHROM to FILTER and the alleles."""

    def __init__(self, lines: Lines, plan: TablePlan) -> None:
        self._lines = lines
        header = plan.header
        lines.positions = _positions(lines)
        self._identifiers(lines)
        self._alleles(lines)
        self._quality(lines)
        self._contigs(lines, header)
        self._filters(lines, header)

    def _contigs(self, lines: Lines, header: Header) -> None:
        codes, values = lines.column(0).encode()
        self._chrom_codes, self._chroms = codes, pa.array(values, pa.string())
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
        spans = lines.column(2)
        odd = spans.hold(b";") | spans.hold(b" ")
        if not lines.text.is_ascii:
            odd |= mask_of(pc.invert(pc.string_is_ascii(spans.array())))
        doubtful = np.flatnonzero(odd)
        for line, text in zip(doubtful, spans.at(doubtful).array().to_pylist(), strict=True):
            if check_identifiers(text):
                lines.bad[line] = True

    def _alleles(self, lines: Lines) -> None:
        """Read each distinct pair of REF and ALT once."""
        self._codes, pairs = Spans(lines.text, lines.starts[:, 3], lines.ends[:, 4]).encode()
        read = [_alleles_of(pair) for pair in pairs]
        alleles = [allele for own, _, _ in read for allele in own]
        per_pair = np.array([len(own) for own, _, _ in read], dtype=np.int64)
        self._first = np.concatenate(([0], np.cumsum(per_pair)))
        self._shifts = np.array([allele.shift for allele in alleles], dtype=np.int64)
        self._refs = pa.array([allele.ref for allele in alleles], pa.string())
        self._alts = pa.array([allele.alt for allele in alleles], pa.string())
        self._types = pa.array([allele.type for allele in alleles], pa.string())
        self._by_info_end = np.array([allele.ends_by_info for allele in alleles], dtype=bool)
        lines.mark(~np.array([usable for _, usable, _ in read], dtype=bool)[self._codes])
        lines.allele_counts = per_pair[self._codes]
        lines.mark(lines.allele_counts * (lines.ends[:, -1] - lines.starts[:, 0]) > MAX_SPREAD)
        lines.unspecified = np.array([unspecified for _, _, unspecified in read], dtype=bool)[self._codes]

    def _quality(self, lines: Lines) -> None:
        parsed = parse_numbers(lines.column(5).array(), FieldType.FLOAT)
        self._qual = parsed.values
        lines.mark(parsed.bad)
        lines.mark(mask_of(pc.less(parsed.values, 0.0)))

    def _filters(self, lines: Lines, header: Header) -> None:
        self._filter_codes, values = lines.column(6).encode()
        declared = tuple(header.filters)
        for code, value in enumerate(values):
            found = check_filter(value, declared)
            if any(rule != "filter.undeclared" for _, _, rule in found):
                lines.mark(self._filter_codes == code)
                continue
            for shown, reason, rule in found:
                lines.note_first(self._filter_codes, code, warning(None, "FILTER", shown, reason, rule))
        self._filter = pa.array([None if value == "." else value for value in values], pa.string())

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        lines, line = self._lines, pa.array(rows.line)
        entry = self._first[self._codes[rows.line]] + rows.allele
        entries = pa.array(entry)
        refs = self._refs.take(entries)
        position = lines.positions[rows.line] + self._shifts[entry]
        ends = position + np.maximum(pc.utf8_length(self._refs).to_numpy().astype(np.int64), 1)[entry] - 1
        if lines.info_ends is not None:
            stated = lines.info_ends[rows.line]
            ends = np.where(self._by_info_end[entry] & (stated >= position), stated, ends)
        identifiers = lines.column(2).at(rows.line)
        count = len(rows.line)
        return {
            "chrom": self._chroms.take(pa.array(self._chrom_codes[rows.line])),
            "pos": pa.array(position),
            "end": pa.array(ends),
            "id": identifiers.array(identifiers.equal(b".")),
            "ref": refs,
            "alt": self._alts.take(entries),
            "qual": self._qual.take(line),
            "filter": self._filter.take(pa.array(self._filter_codes[rows.line])),
            "variant_type": self._types.take(entries),
            "mate_chrom": pa.nulls(count, pa.string()),
            "mate_pos": pa.nulls(count, pa.int64()),
            "allele_index": pa.array((rows.allele + 1).astype(np.int32)),
            "allele_count": pa.array(lines.allele_counts[rows.line].astype(np.int32)),
            "line": pa.array(lines.numbers[rows.line]),
            "original_pos": pa.array(lines.positions[rows.line]),
            "original_ref": lines.column(3).at(rows.line).array(),
            "original_alt": lines.column(4).at(rows.line).array(),
        }


def _positions(lines: Lines) -> Offsets:
    spans = lines.column(1)
    texts = spans.array()
    plain = mask_of(pc.ascii_is_decimal(texts)) & (spans.lengths <= 12)
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
