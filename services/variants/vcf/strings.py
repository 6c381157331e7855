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
Words = npt.NDArray[np.uint64]
_WORD = 8
_LONGEST_IN_WORDS = 32
_SCANNED = 1 << 18
_EACH_BYTE = 0x0101010101010101
_EACH_HIGH_BIT = np.uint64(0x80 * _EACH_BYTE)
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
        self._words = np.frombuffer(data, dtype="<u8", count=len(data) // _WORD)

    def has(self, byte: bytes) -> bool:
        return byte in self.bytes if byte not in self._found else len(self._found[byte]) > 0

    def found(self, byte: bytes) -> Offsets:
        """Return where a byte stands, in ascending order."""
        if byte not in self._found:
            self._found[byte] = self._places(np.equal, byte[0])
        return self._found[byte]

    def below(self, limit: int) -> Offsets:
        """Return where bytes below `limit` stand, in ascending order."""
        return self._places(np.less, limit)

    def _places(self, compare: np.ufunc, value: int) -> Offsets:
        hits = np.empty(_SCANNED, dtype=bool)  # small enough to stay in the processor's cache
        places = []
        for start in range(0, len(self.view), _SCANNED):
            part = self.view[start : start + _SCANNED]
            places.append(np.flatnonzero(compare(part, value, out=hits[: len(part)])) + start)
        return np.concatenate(places) if places else np.empty(0, np.int64)

    def words(self, starts: Offsets, lengths: Offsets) -> Words:
        """Return the first eight bytes of pieces as one number each, shorter ones filled up with zeros."""
        late = np.flatnonzero(starts >= (len(self._words) - 1) * _WORD)
        place = starts >> 3
        if len(late):
            place[late] = 0
        # two aligned words hold the eight bytes; numpy reads words at any place, but much slower
        bits = ((starts & 7) << 3).astype(np.uint64)
        if len(self._words) > 1:
            words: Words = (self._words[place] >> bits) | (self._words[place + 1] << (np.uint64(64) - bits))
        else:
            words = np.zeros(len(starts), dtype=np.uint64)
        for number in late:
            words[number] = int.from_bytes(self.bytes[starts[number] : starts[number] + _WORD], "little")
        words &= _WORD_MASKS[np.minimum(lengths, _WORD)]
        return words


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
        starts, ends = np.empty(first[-1], dtype=np.int64), np.empty(first[-1], dtype=np.int64)
        width = int(first[1]) if len(self) else 0
        if width and width * len(self) == first[-1] and (counts == width - 1).all():  # as in most FORMAT columns
            by_row, ends_by_row = starts.reshape(-1, width), ends.reshape(-1, width)
            by_row[:, 0], by_row[:, 1:] = self.starts, inside.reshape(len(self), width - 1) + 1
            ends_by_row[:, -1], ends_by_row[:, :-1] = self.ends, inside.reshape(len(self), width - 1)
            return Pieces(Spans(self.text, starts, ends), first)
        begins, closes = np.zeros(first[-1], dtype=bool), np.zeros(first[-1], dtype=bool)
        begins[first[:-1]] = True
        closes[first[1:] - 1] = True
        starts[begins], starts[~begins] = self.starts, inside + 1
        ends[closes], ends[~closes] = self.ends, inside
        return Pieces(Spans(self.text, starts, ends), first)

    def first(self, byte: bytes) -> Offsets:
        """Return where a byte stands first in each piece, or where the piece ends. Fast where it is near the beginning."""
        pattern = np.uint64(byte[0] * _EACH_BYTE)
        places, lengths = self.ends.copy(), self.lengths
        open_ = np.arange(len(self))
        for skipped in range(0, _LONGEST_IN_WORDS, _WORD):
            differing = self.text.words(self.starts[open_] + skipped, lengths[open_] - skipped) ^ pattern
            # the lowest bit that is set stands in the first byte that does not differ
            zeros = (differing - np.uint64(_EACH_BYTE)) & ~differing & _EACH_HIGH_BIT
            hit = zeros != 0
            before = np.bitwise_count((zeros - np.uint64(1)) & ~zeros)[hit] >> 3
            places[open_[hit]] = self.starts[open_[hit]] + skipped + before
            open_ = open_[~hit & (lengths[open_] > skipped + _WORD)]
            if not len(open_):
                return places
        found = np.append(self.text.found(byte), len(self.text.bytes))
        places[open_] = np.minimum(found[np.searchsorted(found, self.starts[open_])], places[open_])
        return places

    def encode(self) -> tuple[Offsets, list[str]]:
        """Return for each piece the number of its distinct value, and the distinct values.

        Most keys, genotypes, formats and alleles are short: they are told apart eight bytes at a time, as numbers.
        """
        lengths = self.lengths
        codes, count = _distinct(self.text.words(self.starts, lengths))
        longer = np.flatnonzero(lengths > _WORD)
        if not len(longer):
            return codes, self._examples(codes, count)
        for skipped in range(_WORD, _LONGEST_IN_WORDS, _WORD):
            more, of_more = _distinct(self.text.words(self.starts[longer] + skipped, lengths[longer] - skipped))
            own, of_own = _distinct(codes[longer] * of_more + more)
            codes[longer] = own + count
            count += of_own
            longer = longer[lengths[longer] > skipped + _WORD]
        if len(longer):
            codes[longer] = encode(self.at(longer).array())[0] + count
        codes, count = _distinct(codes)
        return codes, self._examples(codes, count)

    def _examples(self, codes: Offsets, count: int) -> list[str]:
        example = np.empty(count, dtype=np.int64)
        example[codes] = np.arange(len(codes))
        starts, ends = self.starts[example].tolist(), self.ends[example].tolist()
        return [self.text.bytes[start:end].decode("utf-8") for start, end in zip(starts, ends, strict=True)]

    def compact(self) -> Spans:
        """Return the same pieces in a text of their own, so that what is searched for in them is not searched for elsewhere."""
        texts = self.array()
        if not len(texts):
            return self
        _, offset_buffer, data = texts.buffers()
        offsets = np.frombuffer(offset_buffer, dtype=np.int32, count=len(texts) + 1).astype(np.int64)
        return Spans(Text(data.slice(0, int(offsets[-1])).to_pybytes()), offsets[:-1], offsets[1:])


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
    if 2 * total < len(values):
        return values[runs(first, counts)]
    gaps = np.concatenate(([0], first + counts))
    inside = np.ones(len(values), dtype=bool)
    inside[runs(gaps, np.append(first, len(values)) - gaps)] = False
    return values[inside]


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


def _distinct(numbers: Words | Offsets) -> tuple[Offsets, int]:
    """Return for each number the number of its distinct value, and how many there are."""
    encoded = pa.array(numbers).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary)


def stable_order(codes: Offsets, distinct: int) -> Offsets:
    """Return the order that groups equal codes, keeping the order within a group."""
    small = codes.astype(np.uint16) if distinct < 65_536 else codes  # numpy sorts 16-bit numbers by radix
    return np.argsort(small, kind="stable")


def scatter(length: int, rows: Offsets) -> Offsets:
    """Return for each of `length` rows the place of the value that belongs to it in `rows`, or -1."""
    places = np.full(length, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return places
