"""Exports prepared as files: written in pieces, kept for a while under a name nobody can guess, streamed by the API.

The dashboard cannot hold a file of a gigabyte in memory to hand it to a browser. It has the file written here and gives the
reader a link; the link's 192 random bits are the permission, so it works where the browser has no key, and it ends after a
quarter of an hour.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock

from services.access.principals import Principal
from services.errors import NotFoundError, TooLargeError
from services.variants.exports import ExportFormat, export_parquet, export_text
from services.variants.filters import Filter
from services.variants.library import VariantLibrary
from services.variants.marks import Marks
from services.variants.tables import Sort

MAX_ROWS = 5_000_000
MAX_BYTES = 4 << 30
SECONDS_KEPT = 15 * 60
SPREADSHEET_ROWS = 1_048_575
"""What a sheet holds below its header line."""
_TOKEN = re.compile(r"[0-9a-f]{48}")
Progress = Callable[[int], None]
"""Called with the number of bytes written so far."""


class DownloadKind(StrEnum):
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Download:
    """A file that waits to be fetched. `expires` is in seconds of the process's clock."""

    token: str
    path: Path
    filename: str
    bytes: int
    rows: int
    expires: float
    owned: bool = True
    """Whether the file was written for this download and goes with it."""


class Downloads:
    """Prepares and hands out export files. Those of an earlier process are removed at the start."""

    def __init__(self, library: VariantLibrary, marks: Marks, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._library = library
        self._marks = marks
        self._folder = folder
        self._clock = clock
        self._ready: dict[str, Download] = {}
        self._lock = Lock()
        shutil.rmtree(folder, ignore_errors=True)

    def prepare(
        self, principal: Principal, table_id: str, kind: DownloadKind, condition: Filter | None = None, sort: Sequence[Sort] = (),
        columns: Sequence[str] | None = None, on_progress: Progress | None = None,
    ) -> Download:  # fmt: skip
        """Write the rows that pass to a file and return where it waits.

        :raise TooLargeError: more than five million rows, or more than 4 GB of text.
        """
        self._sweep()
        info = self._library.get(principal, table_id)
        table = self._library.open(principal, info.id)
        plain = self._marks.resolve(principal, info.id, condition)
        rows = table.count(plain)
        if rows > MAX_ROWS:
            raise TooLargeError(f"these are {rows:,} rows; one export takes at most {MAX_ROWS:,}: narrow the filter")
        token = secrets.token_hex(24)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / token
        try:
            if kind is DownloadKind.PARQUET:
                export_parquet(table, path, plain, sort, columns)
            else:
                with path.open("wb") as file:
                    written = 0
                    for piece in export_text(table, ExportFormat(kind), plain, sort, columns):
                        written += file.write(piece)
                        if written > MAX_BYTES:
                            raise TooLargeError("this export is larger than 4 GB: choose fewer columns, or Parquet")
                        if on_progress is not None:
                            on_progress(written)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        download = Download(token, path, f"{info.name}.{kind}", path.stat().st_size, rows, self._clock() + SECONDS_KEPT)
        with self._lock:
            self._ready[token] = download
        return download

    def offer(self, path: Path, filename: str) -> Download:
        """Hand out a file that is kept elsewhere, such as the alignments of a job; the caller has checked who may have it."""
        self._sweep()
        token = secrets.token_hex(24)
        download = Download(token, path, filename, path.stat().st_size, 0, self._clock() + SECONDS_KEPT, owned=False)
        with self._lock:
            self._ready[token] = download
        return download

    def fetch(self, token: str) -> Download:
        """Return a prepared file.

        :raise NotFoundError: the link is wrong, or its quarter of an hour is over.
        """
        self._sweep()
        with self._lock:
            download = self._ready.get(token) if _TOKEN.fullmatch(token) else None
        if download is None or not download.path.is_file():
            raise NotFoundError("this download is over: prepare it again")
        return download

    def close(self) -> None:
        """Remove all files."""
        with self._lock:
            self._ready.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sweep(self) -> None:
        now = self._clock()
        with self._lock:
            over = [token for token, download in self._ready.items() if download.expires <= now]
            for token in over:
                download = self._ready.pop(token)
                if download.owned:
                    download.path.unlink(missing_ok=True)
