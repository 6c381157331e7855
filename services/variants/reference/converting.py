"""What a converter is: from the published files of a source to the files of a pack.

A converter reads the files a source publishes, as they are published, and writes what `services/variants/reference/library.py`
describes into `folder`. It refuses a file of another kind or build by naming what it found and what it expected. It must hold
less than 2 GB of memory whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.errors import ConflictError
from services.genomics.genome import GenomeBuild

Report = Callable[[float, str], None]
"""Called with the share of the work that is done (0 to 1) and what to show."""
ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One conversion: what to read, for which build, and where to write."""

    sources: tuple[Path, ...]
    build: GenomeBuild | None
    folder: Path
    report: Report
    should_stop: ShouldStop

    def check(self) -> None:
        """:raise ConflictError: somebody asked to stop."""
        if self.should_stop():
            raise ConflictError("the installation was stopped; nothing was installed")


@dataclass(frozen=True, slots=True)
class Converted:
    """What came of it. `version`, `date` and `name` are what the file says of itself, None where it says nothing."""

    rows: int
    version: str | None = None
    date: str | None = None
    name: str | None = None
    notes: tuple[str, ...] = ()
    """What a reader should know, in whole sentences: records that were left out, and why."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Kept in the manifest as they are."""


Converter = Callable[[Conversion], Converted]
