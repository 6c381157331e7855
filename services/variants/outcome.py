"""What an import is asked to do, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.genomics.genome import GenomeBuild
from services.variants.problems import Problem, ProblemLog
from services.variants.reading import ReadingLimits

Progress = Callable[[float, int], None]
"""Called with the share of the file that was read (0 to 1) and the number of records so far."""
ShouldStop = Callable[[], bool]


class Mode(StrEnum):
    STRICT = "strict"
    """Refuse the file at its first error."""
    LENIENT = "lenient"
    """Import the good lines; keep the others in a table of rejected lines."""


class Status(StrEnum):
    IMPORTED = "imported"
    REFUSED = "refused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class DelimitedOptions:
    """How to read a CSV or TSV file; None means: find out. `preview_delimited` shows what would be found.

    `roles` maps `chrom`, `pos`, `end`, `ref`, `alt`, `variant`, `region` or `id` to a column's name; `types` maps a column's name
    to `text`, `integer`, `number` or `flag`; `zero_based` says that start positions count from 0 (BED).
    """

    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    roles: Mapping[str, str] | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    zero_based: bool | None = None


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of one import.

    `reference` is an indexed FASTA: REF alleles are compared with it and indels left-aligned. `expected_build` refuses a file
    that is in another one. `samples` limits the genotype columns, all samples are checked nevertheless. `line_by_line` takes the
    slow reader for every line; it gives the same table.
    """

    mode: Mode = Mode.STRICT
    reference: Path | None = None
    expected_build: GenomeBuild | None = None
    samples: tuple[str, ...] | None = None
    limits: ReadingLimits = field(default_factory=ReadingLimits)
    delimited: DelimitedOptions = field(default_factory=DelimitedOptions)
    line_by_line: bool = False
    file_name: str | None = None
    """The name to record; the path's own where None."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import. `records_read` = `records_imported` + `records_rejected` whenever the status is `imported`.

    A record may give several rows, one per alternate allele. `refusal` is the reason for the status `refused`.
    """

    status: Status
    records_read: int
    records_imported: int
    records_rejected: int
    rows: int
    problems: ProblemLog
    refusal: Problem | None = None
    build: GenomeBuild | None = None
    folder: Path | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
