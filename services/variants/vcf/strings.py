"""Text of a whole block at once: where its fields stand, and their values as Arrow columns.

A block of text is never taken apart into Python objects, and not copied until a column is made of it. A column is described by
two arrays of offsets into the block (`Spans`); numpy finds the separators, Arrow gathers the wanted pieces into a string array
and reads numbers. Text is valid UTF-8 without control characters when it comes here.
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
_WORD = 8
_WORD_MASKS = np.array([(1 << 8 * length) - 1 for length in range(_WORD + 1)], dtype=np.uint64)
_DOT = pa.scalar(".")


class Text:
    """The bytes of one block, and where each separator stands in it, found once."""

    def __init__(self, data: bytes) -> None:
        self.bytes = data
        self.buffer = pa.py_buffer(data)
        self.view = np.frombuffer(data, dtype=np.uint8)
        self.is_ascii = data.isascii()
        self._found: dict[bytes, Offsets] = {}
        # the eight bytes that begin at each place; the block is padded where it is shorter than that
        padded = data if len(data) >= _WORD else data.ljust(_WORD, b"\x00")
        self._words = np.ndarray((len(padded) - _WORD + 1,), dtype="<u8", buffer=padded, strides=(1,))

    def has(self, byte: bytes) -> bool:
        return byte in self.bytes if byte not in self._found else len(self._found[byte]) > 0

    def found(self, byte: bytes) -> Offsets:
        """Return where a byte stands, in ascending order."""
        if byte not in self._found:
            self._found[byte] = np.flatnonzero(self.view == byte[0])
        return self._found[byte]

    def words(self, starts: Offsets, lengths: Offsets) -> npt.NDArray[np.uint64]:
        """Return the first eight bytes of pieces as one number each, shorter ones filled up with zeros."""
        last = len(self._words) - 1
        words: npt.NDArray[np.uint64] = self._words[np.minimum(starts, last)]
        late = np.flatnonzero(starts > last)
        if len(late):  # what begins in the last bytes of the block: drop the bytes before it
            words[late] >>= (np.minimum(starts[late] - last, _WORD - 1) * 8).astype(np.uint64)
        kept: npt.NDArray[np.uint64] = words & _WORD_MASKS[np.minimum(lengths, _WORD)]
        return kept


@dataclass(frozen=True, slots=True)
class Spans:
    """Pieces of one block: piece i is its bytes `starts[i]` to `ends[i]`."""

    text: Text
    starts: Offsets
    ends: Offsets

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Offsets:
        return self.ends - self.starts

    def at(self, chosen: Offsets | Mask) -> Spans:
        return Spans(self.text, self.starts[chosen], self.ends[chosen])

    def equal(self, value: bytes) -> Mask:
        """Tell which pieces are `value`, of at most eight bytes."""
        same: Mask = self.lengths == len(value)
        close = np.flatnonzero(same)
        word = np.uint64(int.from_bytes(value, "little"))
        same[close] = self.text.words(self.starts[close], np.full(len(close), len(value))) == word
        return same

    def hold(self, byte: bytes) -> Mask:
        """Tell which pieces hold a byte."""
        if not self.text.has(byte):
            return np.zeros(len(self), dtype=bool)
        found = self.text.found(byte)
        holding: Mask = np.searchsorted(found, self.ends) > np.searchsorted(found, self.starts)
        return holding

    def array(self, missing: Mask | None = None) -> pa.Array:
        """Return the pieces as a string array, those marked as missing null."""
        n = len(self)
        if n == 0:
            return pa.array([], pa.string())
        offsets = np.empty(2 * n + 1, dtype=np.int32)
        offsets[0:-1:2] = self.starts
        offsets[1::2] = self.ends
        # every second string is a piece, those between are never looked at; Arrow takes the last offset less the first for the
        # size of them all, and gets half of that as memory for the pieces
        offsets[-1] = min(int(self.starts[0]) + 2 * int(self.lengths.sum()), len(self.text.bytes))
        both = pa.StringArray.from_buffers(2 * n, pa.py_buffer(offsets), self.text.buffer)
        pieces = both.take(pa.array(np.arange(0, 2 * n, 2, dtype=np.int32)))
        if missing is None or not missing.any():
            return pieces
        _, own_offsets, data = pieces.buffers()
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        return pa.StringArray.from_buffers(n, own_offsets, data, valid)

    def split(self, separator: bytes) -> Pieces:
        """Split each piece at every `separator` (one byte). The pieces are in order and do not overlap."""
        found = self.text.found(separator)
        low = np.searchsorted(found, self.starts)
        counts = np.searchsorted(found, self.ends) - low
        first = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(counts + 1, out=first[1:])
        inside = chosen_runs(found, low, counts)
        begins, closes = np.zeros(first[-1], dtype=bool), np.zeros(first[-1], dtype=bool)
        begins[first[:-1]] = True
        closes[first[1:] - 1] = True
        starts, ends = np.empty(first[-1], dtype=np.int64), np.empty(first[-1], dtype=np.int64)
        starts[begins], starts[~begins] = self.starts, inside + 1
        ends[closes], ends[~closes] = self.ends, inside
        return Pieces(Spans(self.text, starts, ends), first)

    def encode(self) -> tuple[Offsets, list[str]]:
        """Return for each piece the number of its distinct value, and the distinct values.

        Most keys, genotypes and contigs fit into eight bytes and are told apart as numbers.
        """
        short = self.lengths <= _WORD
        if short.all():
            return self._encode_short()
        codes = np.empty(len(self), dtype=np.int64)
        codes[short], values = self.at(short)._encode_short()
        own, longer = encode(self.at(~short).array())
        codes[~short] = own + len(values)
        return codes, values + longer

    def _encode_short(self) -> tuple[Offsets, list[str]]:
        words = pa.array(self.text.words(self.starts, self.lengths)).dictionary_encode()
        values = [word.to_bytes(_WORD, "little").rstrip(b"\x00") for word in words.dictionary.to_pylist()]
        return words.indices.to_numpy().astype(np.int64), [value.decode("utf-8") for value in values]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Spans split by one separator. `first[i]` is the number of row i's first piece; `first` has n + 1 entries."""

    spans: Spans
    first: Offsets

    @property
    def counts(self) -> Offsets:
        return np.diff(self.first)

    def rows(self) -> Offsets:
        """Return for each piece the row it belongs to."""
        return np.repeat(np.arange(len(self.first) - 1), self.counts)


def chosen_runs(values: Offsets, first: Offsets, counts: Offsets) -> Offsets:
    """Return `counts[i]` values from place `first[i]` on, for each i; the runs are in order and do not overlap."""
    total = int(counts.sum())
    if total == len(values):
        return values
    return values[runs(first, counts)]


def runs(first: Offsets, counts: Offsets) -> Offsets:
    """Return the numbers `first[i]`, `first[i] + 1` .. (`counts[i]` of them) for each i."""
    before = np.cumsum(counts) - counts
    numbers: Offsets = np.repeat(first - before, counts)
    numbers += np.arange(len(numbers))
    return numbers


def indices(numbers: Offsets) -> pa.Array:
    """Return numbers for `take`, negative ones as null."""
    mask = numbers < 0
    return pa.array(numbers, mask=mask) if mask.any() else pa.array(numbers)


def contains_byte(array: pa.Array, *bytes_: bytes) -> bool:
    """Tell whether any string of an array holds one of the bytes."""
    _, offset_buffer, data = array.buffers()
    if data is None or not len(array):
        return False
    bounds = np.frombuffer(offset_buffer, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    view = np.frombuffer(data, dtype=np.uint8, count=int(bounds[-1]))[int(bounds[0]) :]
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


def parse_numbers(texts: pa.Array, kind: FieldType) -> Parsed:
    """Read a column of numbers of one type; `.` becomes null."""
    if contains_byte(texts, b"."):
        dots = pc.equal(texts, _DOT)
        if pc.any(dots).as_py():
            texts = pc.if_else(dots, None, texts)
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
