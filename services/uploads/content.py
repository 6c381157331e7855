"""Tells by its first bytes what a file is, and refuses what could never be imported, in words its owner understands.

This is the early answer, given after the first 64 KiB instead of after an hour of uploading. The importers look at the whole
file again and hold their own limits (`services/variants/reading.py`: total size, ratio, empty blocks, length of a line).
"""

from __future__ import annotations

import bz2
import re
import zlib
from enum import StrEnum

from services.errors import InvalidInputError

HEAD_BYTES = 64 * 1024
_ENOUGH_BYTES = 4 * 1024
# the same two numbers as the reader of variant files: a bomb is refused here only where it would be refused there
_RATIO = 200
_RATIO_STARTS_AT = 10 * 1024 * 1024
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a")
_UTF16_SAMPLE = 200


class Content(StrEnum):
    """What is inside, after unpacking gzip, BGZF or bzip2."""

    VCF = "vcf"
    BCF = "bcf"
    TABLE = "table"
    """Text in columns: CSV, TSV, BED; the importer finds out which."""
    FASTQ = "fastq"
    FASTA = "fasta"
    """Sequences: a reference to align reads to."""
    PDF = "pdf"

    @property
    def is_variants(self) -> bool:
        return self in (Content.VCF, Content.BCF, Content.TABLE)


# Bytes that text cannot begin with; where a magic number is readable text, the file must also hold bytes that text does not.
_REFUSED = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first"),
    (b"\xfd7zXZ\x00", "packed with xz: unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard: unpack it, or pack it with gzip"),
    (b"\x1f\x9d", "packed with compress: unpack it, or pack it with gzip"),
    (b"\x7fELF", "a program for Linux"),
    (b"\xcf\xfa\xed\xfe", "a program for macOS"),
    (b"\xce\xfa\xed\xfe", "a program for macOS"),
    (b"\xca\xfe\xba\xbe", "a program for macOS or Java"),
    (b"\xd0\xcf\x11\xe0", "an old Office document: save the sheet as CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"BAM\x01", "a BAM file of aligned reads: variants are called from FASTQ files"),
    (b"CRAM", "a CRAM file of aligned reads: variants are called from FASTQ files"),
)
_REFUSED_IF_BINARY = (
    (b"MZ", "a program for Windows"),
    (b"PAR1", "a Parquet file"),
    (b"BM", "a picture"),
)
_REFUSED_TEXT = (
    (re.compile(rb"#! ?/"), "a script"),
    (re.compile(rb"(?i)<(?:!doctype html|html|head|body)"), "a web page, not data: a link may lead to a sign-in page"),
    (re.compile(rb"<\?xml|(?i:<error>)"), "an XML document; a server may have sent an error instead of the file"),
    (re.compile(rb"@(?:HD|SQ|RG|PG|CO)\t"), "a SAM file of aligned reads: variants are called from FASTQ files"),
)
_FASTA = re.compile(rb">[^\n]{1,500}\n[A-Za-z*\-\r\n]{20}")


def inspect(head: bytes, *, whole: bool) -> Content | None:
    """Return what a file with these first bytes is, or None where more of them are needed.

    `head` is at most the first `HEAD_BYTES`; `whole` says that there are no more to come, or that there are enough.

    :raise InvalidInputError: the file is of a kind that cannot be imported; the message says which.
    """
    if not head and whole:
        raise InvalidInputError("the file is empty")
    _refuse(head, _REFUSED)
    inner, packed = _unpacked(head, whole)
    if packed:
        _refuse(inner, _REFUSED)
        if len(inner) > 262 and inner[257:262] == b"ustar":
            raise InvalidInputError("the file is a packed tar archive: unpack it first")
        if inner.startswith((b"\x1f\x8b", b"BZh9")):
            raise InvalidInputError("the file is packed twice: unpack it once")
    elif len(head) > 262 and head[257:262] == b"ustar":
        raise InvalidInputError("the file is a tar archive: unpack it first")
    if inner.startswith(b"BCF\x02"):
        return Content.BCF
    if inner.startswith(b"%PDF-"):
        return Content.PDF
    if not whole and len(inner) < _ENOUGH_BYTES:
        return None
    if not inner:
        raise InvalidInputError("the packed file is empty" if packed else "the file is empty")
    return _of_text(inner)


def _of_text(inner: bytes) -> Content:
    if _is_fastq(inner):
        return Content.FASTQ  # also with odd bytes among the qualities: who reads the records says which one is wrong
    if not _is_text(inner):
        _refuse(inner, _REFUSED_IF_BINARY)
        known = "VCF, BCF, CSV, TSV, FASTQ, FASTA or PDF is expected"
        raise InvalidInputError(f"the file is neither text nor a format known here: {known}")
    text = inner.removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, name in _REFUSED_TEXT:
        if pattern.match(text):
            raise InvalidInputError(f"the file is {name}")
    if text.startswith((b"##fileformat=VCF", b"##fileformat", b"#CHROM\tPOS")):
        return Content.VCF
    if _FASTA.match(text):
        return Content.FASTA
    return Content.FASTQ if _is_fastq(text) else Content.TABLE


def _is_fastq(text: bytes) -> bool:
    lines = text[: 32 * 1024].split(b"\n", 4)
    return len(lines) >= 4 and lines[0][:1] == b"@" and lines[2][:1] == b"+" and lines[1].strip().isalpha()


def _is_text(data: bytes) -> bool:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    sample = data[:_UTF16_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) // 5 and min(even, odd) == 0:
        return True  # UTF-16 without its mark
    controls = sum(count for byte in range(32) if byte not in _TEXT_CONTROLS and (count := data.count(byte)))
    return 0 not in data and controls * 100 <= len(data)


def _refuse(data: bytes, kinds: tuple[tuple[bytes, str], ...]) -> None:
    for magic, name in kinds:
        if data.startswith(magic):
            raise InvalidInputError(f"the file is {name}")


def _unpacked(head: bytes, whole: bool) -> tuple[bytes, bool]:
    """Return the first bytes inside and whether the file is packed; what cannot be unpacked is refused."""
    if head.startswith(b"\x1f\x8b"):
        return _inflated(head, whole), True
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        try:
            return bz2.BZ2Decompressor().decompress(head, HEAD_BYTES), True
        except OSError as problem:
            raise InvalidInputError("the file claims to be bzip2 but cannot be unpacked: send it again") from problem
    return head, False


def _inflated(head: bytes, whole: bool) -> bytes:
    """Unpack gzip of one or many members; keeps the first bytes only, counts the others."""
    kept, total, waiting = b"", 0, head
    inflater = zlib.decompressobj(31)
    try:
        while waiting:
            piece = inflater.decompress(waiting, HEAD_BYTES)
            total += len(piece)
            kept += piece[: HEAD_BYTES - len(kept)]
            if total > _RATIO_STARTS_AT and total > _RATIO * len(head):
                raise InvalidInputError(
                    f"the file unpacks to more than {_RATIO} times its size: this looks like a decompression bomb"
                )
            if not whole and len(kept) >= _ENOUGH_BYTES:
                break
            if not inflater.eof:
                waiting = inflater.unconsumed_tail
            else:
                waiting = inflater.unused_data.lstrip(b"\x00")
                inflater = zlib.decompressobj(31)
    except zlib.error as problem:
        if not kept:
            raise InvalidInputError("the file claims to be gzip but cannot be unpacked: send it again") from problem
    return kept
