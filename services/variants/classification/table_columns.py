"""Classifies rows of a table and writes class, points and criteria as columns into a new table beside the old one.

Only the rows asked for are classified; the columns of the others stay empty, as those of rows that cannot be classified (alleles
that are not spelled out, contigs that are no chromosomes) or of which nothing is known: no evidence is not "uncertain". The
columns of an earlier run are replaced, so that a table never mixes two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.errors import InvalidInputError
from services.genomics.acmg.engine import Assessment
from services.genomics.acmg.results import RULES_VERSION, Status
from services.genomics.genome import GenomeBuild
from services.variants.annotation.writing import write_table
from services.variants.classification.gathering import Gatherer, Question
from services.variants.classification.judging import assessed
from services.variants.classification.packs import PackReader
from services.variants.classification.record import gathered
from services.variants.classification.row_facts import COLUMN_NAMES
from services.variants.classification.service import question_of_row, require_sequence
from services.variants.columns import Column, NameBook, Origin
from services.variants.identity import IDENTITY_COLUMNS, identity_of
from services.variants.manifest import TABLE_FILE, read_manifest, type_name, write_manifest
from services.variants.reference.library import ReferenceLibrary

MADE = (
    Column("acmg_class", pa.string(), "Class by ACMG/AMP from the evidence that was installed, not reviewed", Origin.ANNOTATION),
    Column("acmg_points", pa.int32(), "Points of the class (Tavtigian 2020), benign evidence counted down", Origin.ANNOTATION),
    Column("acmg_criteria", pa.string(), "The criteria that are met, with their strengths", Origin.ANNOTATION),
)
CHUNK = 1_000

Report = Callable[[float, str], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Classified:
    """What a run did. `classes` counts by class, `left_out` rows without alleles, `unknown` rows without any evidence."""

    rows: int
    left_out: int
    unknown: int
    classes: Mapping[str, int]


class _Columns:
    """Collects the values of one run and what it rests on."""

    def __init__(self) -> None:
        self.by_class: dict[str, int] = {}
        self.left_out = self.unknown = 0
        self.versions: dict[str, str] = {}
        self.rule_sets: set[str] = set()

    def values(self, found: Assessment | None) -> tuple[str | None, int | None, str | None]:
        if found is None:
            self.left_out += 1
            return None, None, None
        if all(one.status is Status.NOT_ASSESSABLE for one in found.results):
            self.unknown += 1
            return None, None, None
        called = found.classification
        self.by_class[called.pathogenicity.value] = self.by_class.get(called.pathogenicity.value, 0) + 1
        self.versions.update(found.data_versions)
        self.rule_sets.add(called.specification)
        codes = ", ".join(f"{one.criterion} {one.strength}" for one in found.results if one.strength is not None)
        return called.pathogenicity.value, called.points, codes


def classify_table(
    folder: Path, build: GenomeBuild, references: Path, chosen: Sequence[int], target: Path, report: Report,
    should_stop: ShouldStop,
) -> Classified:
    """Write the classified table into `target`. `chosen` are row numbers; the table in `folder` is only read.

    :raise StoppedError: told to stop.
    :raise UnavailableError: a pack cannot be read.
    """
    manifest = read_manifest(folder)
    replaced = set(manifest.get("classification", {}).get("columns", ()))
    names = _names(manifest, replaced)
    stamps = tuple(manifest.get("annotation", {}).get("packs", ()))
    gatherer, made = Gatherer(PackReader(ReferenceLibrary(references))), _Columns()
    wanted = frozenset(chosen)
    schema = pa.schema([(name, one.type) for name, one in zip(names, MADE, strict=True)])
    try:
        values = _values(folder / TABLE_FILE, build, gatherer, wanted, stamps, made, report)
        write_table(folder / TABLE_FILE, target / TABLE_FILE, replaced, schema, values, should_stop)
    finally:
        gatherer.close()
    write_manifest(target, _described(manifest, replaced, names, made, len(wanted)))
    return Classified(len(wanted), made.left_out, made.unknown, dict(sorted(made.by_class.items())))


def _names(manifest: Mapping[str, Any], replaced: set[str]) -> list[str]:
    book = NameBook()
    for entry in manifest["columns"]:
        if entry["name"] not in replaced:
            book.unique(str(entry["name"]))
    return [book.unique(one.name) for one in MADE]


def _values(
    path: Path, build: GenomeBuild, gatherer: Gatherer, wanted: frozenset[int], stamps: tuple[str, ...], made: _Columns,
    report: Report,
) -> Iterator[pa.Table]:
    schema, done = pa.schema([(one.name, one.type) for one in MADE]), 0
    with pq.ParquetFile(path) as table:
        present = [name for name in table.schema_arrow.names if name.lower() in COLUMN_NAMES or name in IDENTITY_COLUMNS]
        columns = list(dict.fromkeys(["row_id", *present]))
        for batch in table.iter_batches(batch_size=CHUNK, columns=columns):
            rows = batch.to_pylist()
            picked = [place for place, row in enumerate(rows) if row["row_id"] in wanted]
            found = _judged([rows[place] for place in picked], build, gatherer, stamps)
            values: list[tuple[str | None, int | None, str | None]] = [(None, None, None)] * len(rows)
            for place, one in zip(picked, found, strict=True):
                values[place] = made.values(one)
            done += len(picked)
            if picked:
                report(done / max(1, len(wanted)), f"{done:,} of {len(wanted):,} variants classified")
            yield pa.Table.from_arrays([
                pa.array([row[number] for row in values], field.type) for number, field in enumerate(schema)
            ], schema=schema)


def _judged(
    rows: Sequence[Mapping[str, Any]], build: GenomeBuild, gatherer: Gatherer, stamps: tuple[str, ...]
) -> list[Assessment | None]:
    questions: list[Question] = []
    places: list[int] = []
    for place, row in enumerate(rows):
        question = _question(row, build, stamps)
        if question is not None:
            questions.append(question)
            places.append(place)
    found: list[Assessment | None] = [None] * len(rows)
    if questions:
        for place, known in zip(places, gatherer.known(build, questions), strict=True):
            found[place] = assessed(gathered(known, with_evidence=False))
    return found


def _question(row: Mapping[str, Any], build: GenomeBuild, stamps: tuple[str, ...]) -> Question | None:
    try:
        identity = identity_of(row, build)
        require_sequence(identity)
    except InvalidInputError:  # a region, a symbolic allele or a contig of another build has no class under this scheme
        return None
    return question_of_row(identity, row, stamps)


def _described(
    manifest: Mapping[str, Any], replaced: set[str], names: Sequence[str], made: _Columns, asked: int
) -> dict[str, Any]:
    columns = [entry for entry in manifest["columns"] if entry["name"] not in replaced]
    columns += [
        {"name": name, "type": type_name(one.type), "description": one.description, "origin": str(one.origin)}
        for name, one in zip(names, MADE, strict=True)
    ]
    return {
        **manifest, "columns": columns,
        "classification": {
            "columns": list(names), "rules_version": RULES_VERSION, "rule_sets": sorted(made.rule_sets),
            "data_versions": dict(sorted(made.versions.items())), "rows": asked, "left_out": made.left_out,
            "unknown": made.unknown, "classes": dict(sorted(made.by_class.items())),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }
