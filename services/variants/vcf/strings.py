"""Whole columns of text at once: cutting a block of bytes into Arrow string arrays, splitting them, and reading numbers.

A block of text holds its fields in order, so a column is described by two arrays of offsets into the same bytes. Arrow copies
the wanted pieces (`take`) without making Python objects; numpy finds the separators. Text is valid UTF-8 when it comes here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.vcf.definitions import FieldType
from services.variants.vcf.values import decode_percent

Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_DOT = pa.scalar(".")


def cut(data: pa.Buffer, starts: Offsets, ends: Offsets) -> pa.Array:
    """Return the pieces `data[starts[i]:ends[i]]` as a string array; pieces must be in order and not overlap."""
    if len(starts) == 0:
        return pa.array([], pa.string())
    return _interleaved(data, starts, ends).take(pa.array(np.arange(0, 2 * len(starts), 2)))


def _interleaved(data: pa.Buffer, starts: Offsets, ends: Offsets) -> pa.Array:
    offsets = np.empty(2 * len(starts) + 1, dtype=np.int32)
    offsets[0:-1:2] = starts
    offsets[1::2] = ends
    offsets[-1] = ends[-1]
    return pa.StringArray.from_buffers(2 * len(starts), pa.py_buffer(offsets), data)


def raw(array: pa.Array) -> tuple[pa.Buffer, Offsets]:
    """Return the bytes of a string array without nulls and the n + 1 offsets into them."""
    _, offset_buffer, data = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    return (data if data is not None else pa.py_buffer(b"")), offsets


@dataclass(slots=True)
class Pieces:
    """A string array split by one separator. `first[i]` is the number of row i's first piece; `first` has n + 1 entries."""

    data: pa.Buffer
    starts: Offsets
    ends: Offsets
    first: Offsets
    _array: pa.Array | None = None
    """All pieces and, between them, the separators; made once."""

    @property
    def counts(self) -> Offsets:
        return np.diff(self.first)

    def all(self) -> pa.Array:
        return self.take(np.arange(len(self.starts)))

    def take(self, numbers: Offsets) -> pa.Array:
        """Return pieces by their numbers, in any order; -1 gives null."""
        if len(self.starts) == 0:
            return pa.nulls(len(numbers), pa.string())
        if self._array is None:
            self._array = _interleaved(self.data, self.starts, self.ends)
        return self._array.take(indices(2 * numbers))

    def rows(self) -> Offsets:
        """Return for each piece the row it belongs to."""
        return np.repeat(np.arange(len(self.first) - 1), self.counts)


def indices(numbers: Offsets) -> pa.Array:
    """Return numbers for `take`, negative ones as null."""
    mask = numbers < 0
    return pa.array(numbers, mask=mask) if mask.any() else pa.array(numbers)


def split(array: pa.Array, separator: bytes) -> Pieces:
    """Split each string of an array without nulls at every `separator` (one byte)."""
    data, offsets = raw(array)
    low, high = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
    view = np.frombuffer(data, dtype=np.uint8, count=high)[low:] if high else np.empty(0, np.uint8)
    found = np.flatnonzero(view == separator[0]) + low
    n = len(array)
    per_row = np.diff(np.searchsorted(found, offsets))
    row_of_found = np.repeat(np.arange(n), per_row)
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(per_row + 1, out=first[1:])
    total = int(first[-1])
    starts = np.empty(total, dtype=np.int64)
    ends = np.empty(total, dtype=np.int64)
    at = np.arange(len(found)) + row_of_found  # number of the piece that ends at each separator
    is_last = np.zeros(total, dtype=bool)
    is_last[first[1:] - 1] = True
    ends[at] = found
    ends[is_last] = offsets[1:]
    starts[at + 1] = found + 1
    starts[first[:-1]] = offsets[:-1]
    return Pieces(data, starts, ends, first)


def contains_byte(array: pa.Array, *bytes_: bytes) -> bool:
    """Tell whether any string of an array holds one of the bytes."""
    data, offsets = raw(array)
    if len(offsets) == 0 or offsets[-1] == 0:
        return False
    view = np.frombuffer(data, dtype=np.uint8, count=int(offsets[-1]))[int(offsets[0]) :]
    return any(bool((view == byte[0]).any()) for byte in bytes_)


def mask_of(array: pa.Array) -> Mask:
    """Return a boolean Arrow array as numpy, null as False."""
    return np.asarray(pc.fill_null(array, False))


def encode(array: pa.Array) -> tuple[Offsets, list[str]]:
    """Return for each string the number of its distinct value, and the distinct values in order of appearance."""
    encoded = array.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


@dataclass(frozen=True, slots=True)
class Parsed:
    """Typed values and which texts could not be read; those are null in `values`."""

    values: pa.Array
    bad: Mask | None


_INTEGER = r"^-?[0-9]{1,18}$"
_FLOAT = r"^[-+]?(([0-9]{1,300}(\.[0-9]{0,300})?)|(\.[0-9]{1,300}))([eE][-+]?[0-9]{1,5})?$"


def parse(texts: pa.Array, kind: FieldType, *, decode: bool) -> Parsed:
    """Read a column of values of one type; `.` and null become null. `decode` undoes percent encoding in text."""
    if contains_byte(texts, b"."):
        dots = pc.equal(texts, _DOT)
        if pc.any(dots).as_py():
            texts = pc.if_else(dots, None, texts)
    if kind in (FieldType.INTEGER, FieldType.FLOAT):
        return _numbers(texts, kind)
    if decode:
        texts = decoded(texts)
    bad = None
    if kind is FieldType.CHARACTER:
        bad = mask_of(pc.not_equal(pc.utf8_length(texts), 1))
    return Parsed(texts, bad if bad is not None and bad.any() else None)


def _numbers(texts: pa.Array, kind: FieldType) -> Parsed:
    target = pa.int64() if kind is FieldType.INTEGER else pa.float64()
    if kind is FieldType.FLOAT or not contains_byte(texts, b"x", b"X"):  # Arrow reads 0x1F
        try:
            return Parsed(pc.cast(texts, target), None)
        except pa.ArrowInvalid:
            pass  # some text is no number: find out which
    good = pc.match_substring_regex(texts, _INTEGER if kind is FieldType.INTEGER else _FLOAT)
    bad = mask_of(pc.invert(good))
    return Parsed(pc.cast(pc.if_else(good, texts, None), target), bad)


def decoded(texts: pa.Array) -> pa.Array:
    """Undo percent encoding where it occurs."""
    if not contains_byte(texts, b"%"):
        return texts
    return pa.array([decode_percent(text) if text is not None else None for text in texts.to_pylist()], pa.string())


def stable_order(codes: Offsets, distinct: int) -> Offsets:
    """Return the order that groups equal codes, keeping the order within a group."""
    small = codes.astype(np.uint16) if distinct < 65_536 else codes  # numpy sorts 16-bit numbers by radix
    return np.argsort(small, kind="stable")


def scatter(length: int, rows: Offsets) -> Offsets:
    """Return for each of `length` rows the place of the value that belongs to it in `rows`, or -1."""
    places = np.full(length, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return places
