"""Reads a published file as one stream of text: plain, gzip, BGZF, bzip2, or a ZIP archive with one file in it.

Nothing is unpacked to disk and no more than a piece is in memory. A damaged or truncated file is an error, never a short one: a
gzip member that ends early, a wrong CRC, a BGZF file without its end marker.
"""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from services.errors import InvalidInputError

_BUFFER = 1 << 20
_MAX_LINE = 1 << 22
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class TextFile:
    """A file being read, line by line or as a stream of bytes."""

    def __init__(self, stream: io.BufferedReader, name: str) -> None:
        self.stream = stream
        self.name = name

    def line(self) -> str:
        """Return the next line without its end; empty at the end of the file.

        :raise InvalidInputError: a line is longer than 4 MB, or is not text.
        """
        raw = self.stream.readline(_MAX_LINE)
        if len(raw) == _MAX_LINE:
            raise InvalidInputError(f"{self.name} has a line of more than 4 MB: it is not a table of text")
        try:
            return raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{self.name} is not text in UTF-8") from error

    def rest(self) -> Iterator[str]:
        """Yield the remaining lines that are not blank."""
        while self.stream.peek(1):
            line = self.line()
            if line.strip():
                yield line

    def comments(self) -> list[str]:
        """Take the lines at the front that begin with `#`; the stream then stands at the first line of data."""
        lines = []
        while self.stream.peek(1)[:1] == b"#":
            lines.append(self.line())
        return lines


@contextmanager
def open_text(path: Path, progress: Callable[[float], None] | None = None) -> Iterator[TextFile]:
    """Open a file for reading; `progress` is told the share of it that has been read.

    :raise InvalidInputError: it is damaged, truncated, or packed in a way that is not known here; also while it is read.
    """
    with path.open("rb") as file:
        counted = _Counted(file, path.stat().st_size, progress)
        with _plain_errors(path.name):
            _refuse_cut_bgzf(file, path.name)
            inner = _unpacked(counted, path.name)
        yield TextFile(io.BufferedReader(cast("io.RawIOBase", _Checked(inner, path.name)), _BUFFER), path.name)


class _Counted(io.RawIOBase):
    """Passes a file through and tells how much of it has been read."""

    def __init__(self, file: IO[bytes], size: int, progress: Callable[[float], None] | None) -> None:
        self._file = file
        self._size = max(1, size)
        self._progress = progress

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any, /) -> int:
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        if self._progress is not None:
            self._progress(min(1.0, self._file.tell() / self._size))
        return len(piece)


class _Checked(io.RawIOBase):
    """Passes unpacked bytes through and says plainly what was wrong with the packed ones."""

    def __init__(self, inner: IO[bytes], name: str) -> None:
        self._inner = inner
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        with _plain_errors(self._name):
            piece = self._inner.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _unpacked(counted: _Counted, name: str) -> IO[bytes]:
    first = counted.read(4) or b""
    counted.seek(0)
    buffered = io.BufferedReader(counted, _BUFFER)
    if first.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered, mode="rb"))
    if first.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(buffered, "rb"))
    if first == b"PK\x03\x04":
        archive = zipfile.ZipFile(cast("IO[bytes]", counted))
        files = [entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            raise InvalidInputError(f"{name} is a ZIP archive with {len(files)} files: unpack it and give the one that is meant")
        return archive.open(files[0])
    if first.startswith((b"\x28\xb5\x2f\xfd", b"\xfd7zX", b"7z\xbc\xaf", b"Rar!")):
        raise InvalidInputError(f"{name} is packed in a way that is not read here: unpack it, or pack it with gzip")
    if first.startswith((b"PAR1", b"BCF", b"%PDF")):
        raise InvalidInputError(f"{name} is not text: the file as its source publishes it is needed")
    return cast("IO[bytes]", buffered)


def _refuse_cut_bgzf(file: IO[bytes], name: str) -> None:
    """Refuse a BGZF file without its end marker: cut between two blocks, it would read as a whole one."""
    head = file.read(18)
    is_bgzf = head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"
    if is_bgzf:
        file.seek(-min(len(_BGZF_END), file.seek(0, io.SEEK_END)), io.SEEK_END)
        if file.read() != _BGZF_END:
            raise InvalidInputError(f"{name} is cut off: the end marker of its compression is missing. Fetch it again")
    file.seek(0)


@contextmanager
def _plain_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InvalidInputError(f"{name} is damaged or cut off: fetch it again") from error
    except OSError as error:
        if error.errno is None:  # bz2 says so of a damaged stream
            raise InvalidInputError(f"{name} is damaged or cut off: fetch it again") from error
        raise
