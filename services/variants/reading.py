"""Turn a file on disk into line-aligned blocks of decompressed bytes, whatever it is packed in.

Plain text, gzip (also of several members), BGZF and bzip2 are read here; BCF goes through `bcf.py`. What a reader must not pass
over in silence is refused with the byte where it happened: a BGZF file without its end-of-file block (a truncated copy), a block
whose CRC-32 or length is wrong, a gzip stream that stops early. Limits hold against decompression bombs: total size, ratio after
the first 10 MB, empty blocks in a row, and the length of one line.

BGZF: SAM specification (samtools/hts-specs, SAMv1, section 4.1). gzip: RFC 1952.
"""

from __future__ import annotations

import bz2
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import deflate
import numpy as np

from services.variants.problems import UnusableFileError, error

_READ_BYTES = 1 << 20
_RATIO_STARTS_AT = 10 * 1024 * 1024
_BGZF_CONTENT = 65_536
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"\xfd7zXZ\x00", "xz-compressed; unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed; unpack it, or pack it with gzip"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x9d", "packed with compress; unpack it, or pack it with gzip"),
    (b"CRAM", "a CRAM file of reads, not of variants"),
)


class Packing(StrEnum):
    """How the bytes on disk are wrapped."""

    PLAIN = "plain"
    GZIP = "gzip"
    BGZF = "bgzf"
    BZIP2 = "bzip2"


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Bounds on what one file may unpack to."""

    decompressed_bytes: int = 400 * 1024**3
    ratio: int = 200
    """Decompressed to compressed size after the first 10 MB; VCF files reach 10 to 60."""
    empty_blocks: int = 1_000
    line_bytes: int = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines. `first_line` counts from 1; only the file's last block may lack its final newline."""

    first_line: int
    data: bytes
    bytes_read: int
    """How much of the file on disk has been consumed, for progress."""


def packing_of(path: Path) -> Packing:
    """Recognise the packing by its first bytes; refuse formats that are known and not read here."""
    with path.open("rb") as handle:
        head = handle.read(18)
    for magic, description in _OTHER_FORMATS:
        if head.startswith(magic):
            raise UnusableFileError(error(None, "file", "", f"this is {description}", "file.format"))
    if head.startswith(b"BZh"):
        return Packing.BZIP2
    if not head.startswith(b"\x1f\x8b"):
        return Packing.PLAIN
    has_extra = len(head) == 18 and head[3] & 4
    return Packing.BGZF if has_extra and head[12:14] == b"BC" else Packing.GZIP


def decompressed(path: Path, limits: ReadingLimits) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of decompressed bytes, each with the number of bytes consumed on disk so far."""
    packing = packing_of(path)
    guard = _Guard(limits)
    with path.open("rb") as handle:
        if packing is Packing.PLAIN:
            consumed = 0
            while piece := handle.read(_READ_BYTES):
                consumed += len(piece)
                yield piece, consumed
            return
        unpacked = {
            Packing.BGZF: lambda: _bgzf(handle, limits),
            Packing.GZIP: lambda: _gzip(handle),
            Packing.BZIP2: lambda: _bzip2(handle),
        }
        for piece, consumed in unpacked[packing]():
            guard.admit(len(piece), consumed)
            yield piece, consumed


def line_blocks(pieces: Iterator[tuple[bytes, int]], limits: ReadingLimits, block_bytes: int) -> Iterator[LineBlock]:
    """Group decompressed pieces into blocks of about `block_bytes` that end at a line end."""
    waiting: list[bytes] = []
    size, unfinished, line, consumed = 0, 0, 1, 0
    for piece, consumed in pieces:
        cut = piece.rfind(b"\n") + 1
        size += len(piece)
        unfinished = len(piece) - cut if cut else unfinished + len(piece)
        if unfinished > limits.line_bytes:
            number = line + _count_lines(b"".join([*waiting, piece]))
            reason = f"a line is longer than {limits.line_bytes:,} bytes"
            raise UnusableFileError(error(number, "line", "", reason, "file.line_length"))
        if size < block_bytes or not cut:
            waiting.append(piece)
            continue
        data = b"".join([*waiting, piece[:cut]])
        yield LineBlock(line, data, consumed)
        line += _count_lines(data)
        waiting, size = [piece[cut:]], unfinished
    rest = b"".join(waiting)
    if rest:
        yield LineBlock(line, rest, consumed)


def _count_lines(data: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")))  # three times as fast as bytes.count


class _Guard:
    """Refuses a stream that unpacks to far more than its size on disk warrants."""

    def __init__(self, limits: ReadingLimits) -> None:
        self._limits = limits
        self._total = 0

    def admit(self, piece: int, consumed: int) -> None:
        self._total += piece
        if self._total > self._limits.decompressed_bytes:
            reason = f"unpacks to more than {self._limits.decompressed_bytes:,} bytes"
            raise UnusableFileError(error(None, "file", "", reason, "file.size"))
        if self._total > _RATIO_STARTS_AT and self._total > self._limits.ratio * max(consumed, 1):
            reason = f"unpacks to more than {self._limits.ratio} times its size; this looks like a decompression bomb"
            raise UnusableFileError(error(None, "file", "", reason, "file.ratio"))


def _truncated(offset: int, detail: str) -> UnusableFileError:
    return UnusableFileError(error(None, "file", "", f"is truncated at byte {offset:,}: {detail}", "file.truncated"))


def _corrupt(offset: int, detail: str) -> UnusableFileError:
    return UnusableFileError(error(None, "file", "", f"is damaged at byte {offset:,}: {detail}", "file.corrupt"))


def _bgzf(handle: BinaryIO, limits: ReadingLimits) -> Iterator[tuple[bytes, int]]:
    offset, empty, ended = 0, 0, False
    pieces: list[bytearray] = []
    gathered, start, buffer = 0, 0, b""
    while True:
        if len(buffer) - start < 65_536:
            buffer, start = buffer[start:] + handle.read(_READ_BYTES), 0
        if start == len(buffer):
            break
        size = _bgzf_block_size(buffer[start : start + 18], offset)
        block = buffer[start : start + size]
        if len(block) < size:
            raise _truncated(offset, "the last block is incomplete")
        ended = block == _BGZF_END
        content = _inflate(block, offset)
        start += size
        offset += size
        empty = 0 if content else empty + 1
        if empty > limits.empty_blocks:
            raise _corrupt(offset, f"more than {limits.empty_blocks:,} empty blocks in a row")
        pieces.append(content)
        gathered += len(content)
        if gathered >= _READ_BYTES:
            yield b"".join(pieces), offset
            pieces, gathered = [], 0
    if gathered:
        yield b"".join(pieces), offset
    if not ended:
        raise _truncated(offset, "the end-of-file block is missing")


def _bgzf_block_size(buffer: bytes, offset: int) -> int:
    if len(buffer) < 18:
        raise _truncated(offset, "a block header is incomplete")
    if buffer[:4] != b"\x1f\x8b\x08\x04" or buffer[12:16] != b"BC\x02\x00":
        raise _corrupt(offset, "no BGZF block begins here")
    size: int = struct.unpack_from("<H", buffer, 16)[0] + 1
    if size < 28:
        raise _corrupt(offset, "a block is shorter than its own header")
    return size


def _inflate(block: bytes, offset: int) -> bytearray:
    crc, length = struct.unpack_from("<II", block, len(block) - 8)
    if length > _BGZF_CONTENT:
        raise _corrupt(offset, "a block claims more than 65,536 bytes")
    try:
        content = deflate.deflate_decompress(memoryview(block)[18:-8], _BGZF_CONTENT)
    except deflate.DeflateError as problem:
        raise _corrupt(offset, "the block cannot be unpacked") from problem
    if len(content) != length:
        raise _corrupt(offset, "the block's length is not what it states")
    if deflate.crc32(content) != crc:
        raise _corrupt(offset, "the block fails its CRC-32 check")
    return content


def _gzip(handle: BinaryIO) -> Iterator[tuple[bytes, int]]:
    consumed = 0
    inflater = zlib.decompressobj(31)
    started = False
    waiting = b""
    while True:
        if not waiting:
            waiting = handle.read(_READ_BYTES)
            if not waiting:
                break
        if inflater.eof:
            if not waiting.strip(b"\x00"):
                consumed, waiting = consumed + len(waiting), b""
                continue
            inflater = zlib.decompressobj(31)
        started = True
        try:
            content = inflater.decompress(waiting, 4 * _READ_BYTES)
        except zlib.error as problem:
            raise _corrupt(consumed, f"the gzip stream cannot be unpacked ({problem})") from problem
        rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        consumed += len(waiting) - len(rest)
        waiting = rest
        if content:
            yield content, consumed
    if started and not inflater.eof and (content := inflater.flush()):
        yield content, consumed
    if not started or not inflater.eof:
        raise _truncated(consumed, "the gzip stream stops before its end")


def _bzip2(handle: BinaryIO) -> Iterator[tuple[bytes, int]]:
    consumed = 0
    unpacker = bz2.BZ2Decompressor()
    while waiting := handle.read(_READ_BYTES):
        while waiting:
            if unpacker.eof:
                unpacker = bz2.BZ2Decompressor()
            try:
                content = unpacker.decompress(waiting, 4 * _READ_BYTES)
                while content:
                    yield content, consumed
                    content = b"" if unpacker.eof or unpacker.needs_input else unpacker.decompress(b"", 4 * _READ_BYTES)
            except OSError as problem:
                raise _corrupt(consumed, "the bzip2 stream cannot be unpacked") from problem
            consumed += len(waiting) - len(unpacker.unused_data)
            waiting = unpacker.unused_data
    if not unpacker.eof:
        raise _truncated(consumed, "the bzip2 stream stops before its end")
