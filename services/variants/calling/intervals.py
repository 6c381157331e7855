"""The regions of a capture kit, as a BED file states them: read, held against the reference, merged.

BED counts from 0 and leaves out the end; here regions are 1-based with both ends inclusive, as SAM tools write them. Names are
taken with or without `chr`, whichever the reference has.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.variants.calling.model import Interval, RefusedReadsError

_MAX_BYTES = 200 << 20
_MAX_REGIONS = 2_000_000
_MAX_LINE = 100_000
_HEADERS = (b"#", b"browser", b"track")
_ADVICE = "Give the BED file of the capture kit in the build of the reference: tab-separated contig, start, end."


def read_intervals(path: Path, lengths: Mapping[str, int], name: str = "") -> tuple[Interval, ...]:
    """Return the regions of a BED file, in the order of the reference's sequences, overlapping ones joined.

    :param lengths: the reference's sequences with their lengths, in order.
    :param name: what messages call the file.
    :raise RefusedReadsError: a line is no region of this reference; the message names file and line.
    """
    name = name or path.name
    found: dict[str, list[tuple[int, int]]] = {contig: [] for contig in lengths}
    count = 0
    for number, line in _lines(path, name):
        fields = line.split()
        if not fields or line.startswith(_HEADERS):
            continue
        count += 1
        if count > _MAX_REGIONS:
            raise RefusedReadsError(f"{name} has more than {_MAX_REGIONS:,} regions", _ADVICE)
        contig, first, last = _region(fields, lengths, f"{name}, line {number:,}")
        found[contig].append((first, last))
    if not count:
        raise RefusedReadsError(f"{name} has no region", _ADVICE)
    return tuple(Interval(contig, *region) for contig, regions in found.items() for region in _merged(regions))


def _region(fields: list[bytes], lengths: Mapping[str, int], where: str) -> tuple[str, int, int]:
    if len(fields) < 3 or not fields[1].isdigit() or not fields[2].isdigit() or max(map(len, fields[1:3])) > 12:
        raise RefusedReadsError(f"{where}: contig, start and end are expected", _ADVICE)
    stated, start, end = fields[0].decode("utf-8", "replace"), int(fields[1]), int(fields[2])
    names = (stated, stated.removeprefix("chr"), f"chr{stated}", {"chrM": "MT", "MT": "chrM"}.get(stated, stated))
    contig = next((one for one in names if one in lengths), None)
    if contig is None:
        raise RefusedReadsError(f"{where}: the reference has no sequence {stated[:64]!r}", _ADVICE)
    if not start < end:
        raise RefusedReadsError(f"{where}: the end {end:,} does not lie behind the start {start:,}", _ADVICE)
    if end > lengths[contig]:
        reason = f"{where}: {contig} of the reference has {lengths[contig]:,} bases, the region ends at {end:,}"
        raise RefusedReadsError(f"{reason}: it is of another build", _ADVICE)
    return contig, start + 1, end


def _merged(regions: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    waiting: tuple[int, int] | None = None
    for first, last in sorted(regions):
        if waiting is not None and first <= waiting[1] + 1:
            waiting = (waiting[0], max(waiting[1], last))
            continue
        if waiting is not None:
            yield waiting
        waiting = (first, last)
    if waiting is not None:
        yield waiting


def _lines(path: Path, name: str) -> Iterator[tuple[int, bytes]]:
    read = 0
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        source = gzip.GzipFile(fileobj=file) if packed else file
        number = 0
        try:
            while line := source.readline(_MAX_LINE):
                number += 1
                read += len(line)
                if read > _MAX_BYTES or len(line) == _MAX_LINE:
                    raise RefusedReadsError(f"{name} is no BED file: it is larger than a list of regions can be", _ADVICE)
                yield number, line.rstrip(b"\r\n")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RefusedReadsError(f"{name} is truncated or damaged", "Send the file again.") from error
