"""What an annotation is asked for, and what it says it did and did not do.

A part that could not be done is named with its reason and its columns stay out of the table: a column that is there and empty
says "looked up, nothing known", a column that is not there says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from services.genomics.genome import GenomeBuild
from services.variants.annotation.vep.source import VepSource
from services.variants.columns import Column
from services.variants.reference.model import Pack, PackKind

Packs = Mapping[PackKind, Pack]
"""The packs to use, at most one of a kind, all of the table's build."""
Progress = Callable[[float, str], None]
ShouldStop = Callable[[], bool]


class Part(StrEnum):
    """The parts of an annotation; the value is written in the manifest."""

    SMALL = "small variants"
    STRUCTURAL = "structural variants"
    VEP = "VEP"
    """Only where an administrator turned it on, and the user asks for it in this run."""


OWN_PARTS = frozenset({Part.SMALL, Part.STRUCTURAL})
"""What is annotated where nobody says what: from installed data, on this machine."""


@dataclass(frozen=True, slots=True)
class AnnotationRequest:
    """Which table is annotated in which build, with what."""

    folder: Path
    build: GenomeBuild
    packs: Packs
    parts: frozenset[Part] = OWN_PARTS
    vep: VepSource | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that was not annotated. `kind` is a kind of pack, or a word for what is meant; `why` can be shown as it is."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Made:
    """A column of ours: `stamp` names the pack and version its values come from."""

    column: Column
    stamp: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of the table that lie behind each other, `first` to `last` inclusive: what is annotated at once.

    `keys` has one row for each: `row_id`, `chrom` (without chr, MT), `pos`, `end`, `ref`, `alt` in capitals; `alt` is null where
    the allele is no sequence. Place and alleles are left-aligned where a reference sequence is installed.
    """

    first: int
    last: int
    keys: pa.Table

    @property
    def rows(self) -> int:
        return self.last - self.first + 1


class Layer(Protocol):
    """One source of columns.

    `values` returns one for each of `made`, in that order, with a value for each row of the chunk; `known` are the values of the
    layers before, by name.
    """

    @property
    def made(self) -> tuple[Made, ...]: ...
    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]: ...


@dataclass(frozen=True, slots=True)
class PartReport:
    """What one part used, and what it could not do."""

    stamps: tuple[str, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class AnnotationOutcome:
    """A finished annotation: the new files stand in `folder`, to be put in place of the old ones by `put_in_place`."""

    folder: Path
    rows: int
    columns: tuple[str, ...]
    parts: Mapping[Part, PartReport] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return what was used and what is missing, as JSON can hold it."""
        return {
            "parts": [str(part) for part in self.parts], "packs": list(used(self.parts)),
            "missing": [{"kind": one.kind, "why": one.why} for one in missing_of(self.parts)], "columns": list(self.columns),
        }


def used(parts: Mapping[Part, PartReport]) -> tuple[str, ...]:
    """Return the stamps of all packs that were used, each once."""
    return tuple(dict.fromkeys(stamp for report in parts.values() for stamp in report.stamps))


def missing_of(parts: Mapping[Part, PartReport]) -> tuple[Missing, ...]:
    """Return what is missing, each reason once."""
    return tuple(dict.fromkeys(one for report in parts.values() for one in report.missing))


def no_pack(kind: PackKind, build: GenomeBuild, effect: str = "") -> Missing:
    """Say that no pack of a kind is installed, and what that means where it is not plain."""
    where = f" for {build}" if kind.has_build else ""
    return Missing(str(kind), f"no {kind.label} pack{where} is installed" + (f": {effect}" if effect else ""))


def told(missing: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put what a manifest says is missing into few sentences: the packs that are not installed, then what follows from it."""
    lacking: dict[str, list[str]] = {}
    others: list[str] = []
    for one in missing:
        head, _, effect = str(one["why"]).partition(_INSTALLED)
        if one["kind"] in tuple(PackKind) and head.startswith("no ") and _INSTALLED in str(one["why"]):
            effects = lacking.setdefault(PackKind(one["kind"]).label, [])
            effects += [effect.removeprefix(": ")] if effect and effect.removeprefix(": ") not in effects else []
        else:
            others.append(str(one["why"]))
    sentences = [f"not installed: {', '.join(lacking)}"] if lacking else []
    by_effect: dict[str, list[str]] = {}
    for label, effects in lacking.items():
        for text in effects:
            by_effect.setdefault(text, []).append(label)
    return [*sentences, *(f"without {' and '.join(labels)}, {text}" for text, labels in by_effect.items()), *others]


_INSTALLED = " is installed"
