"""Cytogenetic bands: in which a place lies, and where a band that somebody wrote begins and ends.

From the table `cytoBand` of the UCSC Genome Browser for both builds. Places are 1-based and inclusive, chromosomes without `chr`;
the mitochondrial genome has no bands.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from services.knowledge.catalogue import load

_WRITTEN = re.compile(r"[pq](?:[0-9]{1,2}(?:\.[0-9]{1,3})?|ter)?")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    build: str
    chrom: str
    bands: str


@dataclass(frozen=True, slots=True)
class _Bands:
    """Names and last bases, from the end of the short arm to the end of the long arm."""

    names: tuple[str, ...]
    ends: tuple[int, ...]


@cache
def _all() -> Mapping[tuple[str, str], _Bands]:
    found = {}
    for row in load("cytobands", _Row):
        pairs = [one.split("=") for one in row.bands.split()]
        found[row.build, row.chrom] = _Bands(tuple(name for name, _ in pairs), tuple(int(end) for _, end in pairs))
    return found


def band_of(build: str, chrom: str, start: int, end: int) -> str | None:
    """Return the bands of a stretch such as `22q11.21` or `5p15.33-p14.1`; None past the chromosome or where it has none."""
    bands = _all().get((build, chrom))
    if bands is None or start < 1 or end < start or start > bands.ends[-1]:
        return None
    first, last = (bands.names[bisect_left(bands.ends, place)] for place in (start, min(end, bands.ends[-1])))
    return f"{chrom}{first}" if first == last else f"{chrom}{first}-{last}"


def stretch_of(build: str, chrom: str, band: str) -> tuple[int, int] | None:
    """Return first and last base of a band such as `p11.2`, finer bands included (`p36`, `q`, `pter`); None for no such band."""
    bands = _all().get((build, chrom))
    if bands is None or not _WRITTEN.fullmatch(band):
        return None
    if band.endswith("ter"):
        place = 0 if band[0] == "p" else len(bands.names) - 1
        inside = [place] if bands.names[place][0] == band[0] else []
    else:
        inside = [place for place, name in enumerate(bands.names) if _is_part(name, band)]
    if not inside:
        return None
    return (bands.ends[inside[0] - 1] + 1 if inside[0] else 1), bands.ends[inside[-1]]


def _is_part(name: str, band: str) -> bool:
    """Whether a band is a written one or a finer part of it: `p11.2` holds p11.2 and p11.21, not p11.3."""
    if band in ("p", "q"):
        return name[0] == band
    return name == band or (name.startswith(band) and (("." in band) or name[len(band)] == "."))
