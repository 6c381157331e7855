"""Open a variant call file of any packing: its header, then numbered blocks of data lines.

What the specification asks of the file as a whole is checked here: UTF-8 text, line ends, a final newline, a column line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from services.variants.bcf import bcf_as_text
from services.variants.problems import Problem, UnusableFileError, error, warning
from services.variants.reading import LineBlock, ReadingLimits, decompressed, line_blocks
from services.variants.vcf.header import Header, read_header

BLOCK_BYTES = 8 * 1024 * 1024
_MAX_HEADER_BYTES = 64 * 1024 * 1024
_MAX_LOOSE_LINES = 200
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
Pieces = Iterator[tuple[bytes, int]]


@dataclass(slots=True)
class VcfStream:
    """An opened file: `header`, the problems of the header, and `blocks` of data lines with LF line ends."""

    header: Header
    problems: list[Problem]
    blocks: Iterator[LineBlock]
    is_bcf: bool


def open_vcf(path: Path, limits: ReadingLimits | None = None, block_bytes: int = BLOCK_BYTES) -> VcfStream:
    """Open a VCF or BCF file; raises UnusableFileError where nothing can be made of it."""
    limits = limits or ReadingLimits()
    pieces = decompressed(path, limits)
    first = next(pieces, (b"", 0))
    is_bcf = first[0].startswith(b"BCF\x02")
    if is_bcf:
        pieces = bcf_as_text(path)
        first = next(pieces, (b"", 0))
    return _open(chain([first], pieces), first[0], limits, block_bytes, is_bcf)


def _open(pieces: Pieces, first: bytes, limits: ReadingLimits, block_bytes: int, is_bcf: bool) -> VcfStream:
    problems = _check_encoding(first)
    lines, rest = _header_lines(pieces, problems)
    header, found = read_header(lines)
    problems.extend(found)
    blocks = _data_blocks(chain([(rest, 0)], pieces), limits, block_bytes, len(lines) + 1)
    return VcfStream(header, problems, blocks, is_bcf)


def _check_encoding(first: bytes) -> list[Problem]:
    if not first:
        raise UnusableFileError(error(None, "file", "", "is empty", "file.empty"))
    for mark, name in _BYTE_ORDER_MARKS:
        if first.startswith(mark):
            raise UnusableFileError(error(1, "file", "", f"is {name} text; VCF is UTF-8", "file.encoding"))
    if b"\x00" in first[:4096]:
        raise UnusableFileError(error(1, "file", "", "is not text", "file.encoding"))
    if b"\r" in first and b"\n" not in first:
        raise UnusableFileError(error(1, "file", "", "lines end with a carriage return alone", "file.line_ends"))
    if first.startswith(codecs.BOM_UTF8):
        return [warning(1, "file", "", "begins with a byte order mark", "file.byte_order_mark")]
    return []


def _header_lines(pieces: Pieces, problems: list[Problem]) -> tuple[list[tuple[int, str]], bytes]:
    """Return the numbered header lines up to the column line, and what was read beyond it."""
    lines: list[tuple[int, str]] = []
    waiting, total, loose = b"", 0, 0
    for piece, _ in pieces:
        total += len(piece)
        *whole, waiting = (waiting + piece).split(b"\n")
        for index, raw in enumerate(whole):
            lines.append((len(lines) + 1, _header_text(len(lines) + 1, raw, problems)))
            if _is_column_line(lines[-1][1]):
                return lines, b"\n".join([*whole[index + 1 :], waiting])
            loose += not lines[-1][1].startswith("#")
            if loose > _MAX_LOOSE_LINES or total > _MAX_HEADER_BYTES:
                break
        if loose > _MAX_LOOSE_LINES or total > _MAX_HEADER_BYTES:
            break
    if waiting:
        lines.append((len(lines) + 1, _header_text(len(lines) + 1, waiting, problems)))
        if _is_column_line(lines[-1][1]):
            problems.append(warning(len(lines), "file", "", "the last line has no line end", "file.final_newline"))
            return lines, b""
    raise UnusableFileError(
        error(1, "file", lines[0][1] if lines else "", "the line #CHROM with the columns is missing", "header.columns")
    )


def _is_column_line(text: str) -> bool:
    return text.startswith("#") and not text.startswith("##")


def _header_text(number: int, raw: bytes, problems: list[Problem]) -> str:
    if number == 1:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    raw = raw.removesuffix(b"\r")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        problems.append(warning(number, "header", "", "is not UTF-8; read as Latin-1", "file.encoding"))
        return raw.decode("latin-1")


def _data_blocks(pieces: Pieces, limits: ReadingLimits, block_bytes: int, first_line: int) -> Iterator[LineBlock]:
    for block in line_blocks(pieces, limits, block_bytes):
        data = block.data.replace(b"\r\n", b"\n") if b"\r" in block.data else block.data
        yield LineBlock(block.first_line + first_line - 1, data, block.bytes_read)
