"""FASTQ files, read record by record and checked on the way.

The format is that of Cock PJA et al., Nucleic Acids Research 2010, "The Sanger FASTQ file format for sequences with quality
scores": `@` and a title, the sequence, `+` and perhaps the title again, and as many quality characters as letters. Sequence and
quality may run over several lines. Files may be gzip (also BGZF, also several members). A message names the file, the record
and the line, so that the reader can find what is wrong.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from services.variants.calling.model import RefusedReadsError

_MAX_LINE = 20_000_000
_LETTERS = re.compile(rb"[ACGTUNRYSWKMBDHVacgtunryswkmbdhv.]*")
_QUALITIES = re.compile(rb"[!-~]*")
_MATE = re.compile(rb"/([12])$")
_MATE_COMMENT = re.compile(rb"^([12]):[YN]:")
_TO_DNA = bytes.maketrans(b"acgtunryswkmbdhvU.", b"ACGTTNNNNNNNNNNNTN")
_CODES = bytes.maketrans(b"RYSWKMBDHV", b"NNNNNNNNNN")
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")

_CORRECT = "Correct the file at this place, or have it made anew by the sequencing centre; other samples are not affected."
_COPY_AGAIN = "Copy the file again from where it came from, compare its checksum, and send it again."
_PAIR_AGAIN = "Check which files belong together: R1 and R2 of the same sample and lane, as the sequencer wrote them."
_SAMPLED_RECORDS = 20_000
_LOWEST_OF_64 = 59
"""`;`: Solexa's -5. No character of an older file lies below it."""
_HIGHEST_OF_33 = 74
"""`J`: what sequencers write at most with offset 33 today (Q41); an older file goes beyond."""


@dataclass(frozen=True, slots=True)
class Read:
    """One record: the name without mate number and comment, bases in capitals (A, C, G, T, N), qualities as in the file."""

    name: bytes
    mate: int | None
    bases: bytes
    qualities: bytes


class FastqReader:
    """Reads one file from its start. `bytes_read` counts what has been taken from the disk."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._file = path.open("rb")
        head = self._file.read(3)
        packed = head[:2] == b"\x1f\x8b"
        self._file.seek(0)
        if head == b"BZh":
            self._file.close()
            raise RefusedReadsError(f"{self._name} is packed with bzip2", "Unpack it, or pack it with gzip, and send it again.")
        self._source = cast("IO[bytes]", gzip.GzipFile(fileobj=self._file)) if packed else self._file
        self._line = 0
        self._records = 0
        self._pending: bytes | None = None
        if packed:
            self._check_end(path)

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._source.close()
        self._file.close()

    def __iter__(self) -> Iterator[Read]:
        """Yield records to the end of the file.

        :raise RefusedReadsError: a record is malformed, or the file is cut off or damaged.
        """
        while (read := self._next()) is not None:
            yield read
        if not self._records:
            raise RefusedReadsError(f"{self._name} holds no read", _COPY_AGAIN)

    def _check_end(self, path: Path) -> None:
        """Refuse a BGZF file without its end marker: it was cut off between two blocks."""
        size = path.stat().st_size
        head = self._file.read(18)
        is_bgzf = len(head) == 18 and head[3] & 4 and head[12:14] == b"BC"
        if is_bgzf:
            self._file.seek(max(0, size - len(_BGZF_END)))
            if self._file.read() != _BGZF_END:
                raise RefusedReadsError(f"{self._name} is truncated: the end marker of its compression is missing", _COPY_AGAIN)
        self._file.seek(0)

    def _next(self) -> Read | None:
        title = self._title()
        if title is None:
            return None
        self._records += 1
        bases, plus = self._sequence()
        if len(plus) > 1 and plus[1:] != title[1:]:
            raise self._error("the title after + is not the title of the record")
        qualities = self._quality(len(bases))
        words = title[1:].split(None, 1)
        name = words[0] if words else b""
        if not name:
            raise self._error("the record has no name")
        found = _MATE.search(name)
        comment = _MATE_COMMENT.match(words[1]) if len(words) > 1 else None
        mate = int(found[1]) if found else int(comment[1]) if comment else None
        return Read(name[:-2] if found else name, mate, bases.translate(_TO_DNA).translate(_CODES), qualities)

    def _title(self) -> bytes | None:
        line = self._take()
        while line is not None and not line:  # blank lines between records and at the end
            line = self._take()
        if line is None:
            return None
        if not line.startswith(b"@"):
            self._records += 1
            raise self._error(f"the record does not begin with @ but with {_shown(line)}; the one before may be too long")
        return line

    def _sequence(self) -> tuple[bytes, bytes]:
        parts: list[bytes] = []
        while True:
            line = self._take()
            if line is None:
                raise self._error("the file ends within the sequence: it is truncated", _COPY_AGAIN)
            if line.startswith(b"+"):
                return b"".join(parts), line
            if not _LETTERS.fullmatch(line):
                wrong = next(byte for byte in line if not _LETTERS.fullmatch(bytes([byte])))
                raise self._error(f"{_character(wrong)} in the sequence is not a base")
            parts.append(line)

    def _quality(self, wanted: int) -> bytes:
        line = self._take()
        if line is None:
            if wanted:
                raise self._error("the file ends before the qualities: it is truncated", _COPY_AGAIN)
            return b""
        parts = [self._checked(line)]
        length = len(line)
        while length < wanted:
            line = self._take()
            if line is None:
                reason = f"the file ends within the qualities: {length} for {wanted} bases; it is truncated"
                raise self._error(reason, _COPY_AGAIN)
            if not line:
                raise self._error(f"{length} qualities for {wanted} bases")
            parts.append(self._checked(line))
            length += len(line)
        if length > wanted:
            raise self._error(f"{length} qualities for {wanted} bases")
        return b"".join(parts)

    def _checked(self, line: bytes) -> bytes:
        if not _QUALITIES.fullmatch(line):
            wrong = next(byte for byte in line if not 33 <= byte <= 126)
            raise self._error(f"{_character(wrong)} in the qualities is not a quality")
        return line

    def _take(self) -> bytes | None:
        """Return the next line without its end, None at the end of the file."""
        try:
            line = self._source.readline(_MAX_LINE)
        except EOFError as error:
            raise self._error("the gzip file is truncated", _COPY_AGAIN) from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise self._error("the gzip file is damaged", _COPY_AGAIN) from error
        if not line:
            return None
        self._line += 1
        if len(line) == _MAX_LINE:
            raise self._error(f"the line has {_MAX_LINE:,} characters or more")
        return line.rstrip(b"\r\n")

    def _error(self, reason: str, advice: str = _CORRECT) -> RefusedReadsError:
        return RefusedReadsError(f"{self._name}, record {self._records}, line {self._line}: {reason}", advice)


@dataclass(frozen=True, slots=True)
class QualityEncoding:
    """How qualities are written. `offset` is 33 or 64."""

    offset: int
    text: str

    def to_sanger(self, qualities: bytes) -> bytes:
        """Return qualities with offset 33, as BAM tools want them; a Solexa score below 0 becomes 0."""
        return qualities if self.offset == 33 else qualities.translate(_FROM_64)


SANGER = QualityEncoding(33, "Phred+33")
OLDER_ILLUMINA = QualityEncoding(64, "Phred+64 (Solexa or Illumina before 1.8), converted to Phred+33")
_FROM_64 = bytes(max(33, byte - 31) if byte >= 33 else 33 for byte in range(256))


def encoding_of(path: Path) -> QualityEncoding:
    """Tell the encoding from the qualities of the first reads; Phred+33 unless that is all but impossible."""
    lowest, highest = 255, 0
    reader = FastqReader(path)
    try:
        for number, read in enumerate(reader):
            if read.qualities:
                lowest, highest = min(lowest, min(read.qualities)), max(highest, max(read.qualities))
            if lowest < _LOWEST_OF_64 or number >= _SAMPLED_RECORDS:
                break
    finally:
        reader.close()
    return OLDER_ILLUMINA if lowest >= _LOWEST_OF_64 and highest > _HIGHEST_OF_33 else SANGER


def paired(first: FastqReader, second: FastqReader, first_name: str, second_name: str) -> Iterator[tuple[Read, Read]]:
    """Yield the records of two files side by side.

    :raise RefusedReadsError: names or mate numbers disagree, or one file has more reads than the other.
    """
    ones, twos = iter(first), iter(second)
    number = 0
    while True:
        one, two = next(ones, None), next(twos, None)
        if one is None and two is None:
            return
        number += 1
        if one is None or two is None:
            short, long = (first_name, second_name) if one is None else (second_name, first_name)
            raise RefusedReadsError(
                f"{short} ends after {number - 1} reads and {long} does not: the files are not a pair, or one is cut off",
                _PAIR_AGAIN,
            )
        if one.name != two.name:
            raise RefusedReadsError(
                f"record {number}: {first_name} has {_shown(one.name)} and {second_name} {_shown(two.name)}: "
                "the files are not a pair, or their reads stand in different order",
                _PAIR_AGAIN,
            )
        if (one.mate, two.mate) in ((2, 1), (1, 1), (2, 2)):
            raise RefusedReadsError(
                f"record {number}: {first_name} says mate {one.mate}, {second_name} mate {two.mate}: give the first reads first",
                _PAIR_AGAIN,
            )
        yield one, two


def _character(byte: int) -> str:
    """Name a character; one that cannot be seen by what it is or by its number."""
    unseen = {9: "a tab", 32: "a blank"}.get(byte, f"the character number {byte}")
    return repr(chr(byte)) if 33 <= byte <= 126 else unseen


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("latin-1"))
