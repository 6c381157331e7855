"""Annotates one table: builds the layers that its packs allow, asks them chunk by chunk, and writes the new table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from services.errors import InvalidInputError, UnavailableError
from services.genomics.genome import GenomeBuild
from services.variants.annotation.coding_changes import CodingChanges
from services.variants.annotation.consequences import predicted
from services.variants.annotation.genes import ConstraintLayer, GeneListLayer
from services.variants.annotation.known import STAMP, KnownLayer
from services.variants.annotation.model import (
    AnnotationOutcome,
    AnnotationRequest,
    Chunk,
    Layer,
    Made,
    Missing,
    Part,
    PartReport,
    Progress,
    ShouldStop,
    no_pack,
)
from services.variants.annotation.packs import BY_CHANGE, PackLayer
from services.variants.annotation.rows import TableRows, database
from services.variants.annotation.stated import StatedConsequences, stated_field
from services.variants.annotation.vep.layer import vep_layers
from services.variants.annotation.writing import NewColumn, earlier_columns, names_for, new_manifest, write_table
from services.variants.manifest import TABLE_FILE, read_manifest, write_manifest
from services.variants.reference.model import PackKind
from services.variants.structural.service import StructuralLayer
from services.variants.vcf.importing import StoppedError

_PREDICTED, _PREPARED_WITH_VEP = 0.35, 0.85
_DAMAGED = "a pack of reference data is damaged or not what it says it is: install it again"


def annotate(request: AnnotationRequest, scratch: Path, report: Progress, should_stop: ShouldStop) -> AnnotationOutcome:
    """Annotate a table; the result stands in `scratch / "annotated"`, which `put_in_place` exchanges for the table.

    :raise InvalidInputError: the table cannot be in the build that is stated.
    :raise UnavailableError: a pack is damaged, or a limit of time or memory was reached.
    :raise StoppedError: told to stop; the table is as it was.
    """
    manifest = read_manifest(request.folder)
    _check_build(manifest["build"]["name"], request)
    target = scratch / "annotated"
    target.mkdir(parents=True)
    try:
        with database(scratch) as connection:
            return _annotate(request, manifest, connection, target, report, should_stop)
    except duckdb.OutOfMemoryException as error:
        raise UnavailableError("annotating this table needs more memory than it may use: free disk space for it") from error
    except duckdb.Error as error:
        raise UnavailableError(_DAMAGED) from error


def _annotate(
    request: AnnotationRequest, manifest: dict[str, Any], connection: duckdb.DuckDBPyConnection, target: Path,
    report: Progress, should_stop: ShouldStop,
) -> AnnotationOutcome:
    rows = TableRows(request, connection)
    layers: list[tuple[Part, Layer]] = []
    reports: dict[Part, PartReport] = {}
    asks_vep = Part.VEP in request.parts
    prepared = _PREPARED_WITH_VEP if asks_vep else _PREDICTED
    if Part.SMALL in request.parts:
        small, missing = _small_layers(request, rows, connection, target.parent, report, should_stop)
        layers += [(Part.SMALL, layer) for layer in small]
        reports[Part.SMALL] = PartReport(_stamps(small), (*rows.missing, *missing))
    if Part.STRUCTURAL in request.parts:
        report(_PREDICTED, "Looking at structural variants")
        structural = StructuralLayer(request, connection)
        layers.append((Part.STRUCTURAL, structural))
        reports[Part.STRUCTURAL] = PartReport(structural.stamps, structural.missing)
    if Part.SMALL in request.parts:
        models = request.packs.get(PackKind.GENE_MODELS)
        layers.append((Part.SMALL, GeneListLayer(models.stamp if models else STAMP)))
    if asks_vep:
        vep, reports[Part.VEP] = vep_layers(
            request, rows, connection, target.parent,
            lambda share, message: report(_PREDICTED + (prepared - _PREDICTED) * share, message), should_stop,
        )  # fmt: skip
        layers += [(Part.VEP, layer) for layer in vep]
    made = {one.column.name: (part, one) for part, layer in layers for one in layer.made}  # what is made twice, the last time
    replaced = earlier_columns(manifest, request.parts)
    names = names_for(manifest, replaced, [one for _, one in made.values()])
    annotated = _annotated(rows, [layer for _, layer in layers], report, should_stop, prepared)
    new = pa.schema([pa.field(name, one.column.type) for name, (_, one) in zip(names, made.values(), strict=True)])
    write_table(rows.path, target / TABLE_FILE, replaced, new, annotated, should_stop)
    columns = [NewColumn(name, part, one) for name, (part, one) in zip(names, made.values(), strict=True)]
    write_manifest(target, new_manifest(manifest, replaced, columns, reports))
    return AnnotationOutcome(target, rows.count, tuple(names), reports)


def _small_layers(
    request: AnnotationRequest, rows: TableRows, connection: duckdb.DuckDBPyConnection, scratch: Path, report: Progress,
    should_stop: ShouldStop,
) -> tuple[list[Layer], list[Missing]]:
    """Build the layers in the order of their columns, and say which cannot be built."""
    layers: list[Layer] = []
    missing: list[Missing] = []
    consequences, why = _consequences(request, rows, connection, scratch, report, should_stop)
    layers += consequences
    missing += why
    layers.append(KnownLayer(request.build))
    for kind in BY_CHANGE:
        pack = request.packs.get(kind)
        if pack is None:
            missing.append(no_pack(kind, request.build))
        else:
            layers.append(PackLayer(pack, connection))
    constraint = request.packs.get(PackKind.CONSTRAINT)
    if constraint is None:
        missing.append(no_pack(PackKind.CONSTRAINT, request.build))
    elif any(one.column.name == "gene" for layer in consequences for one in layer.made):
        layers.append(ConstraintLayer(constraint, connection))
    else:
        missing.append(Missing(PackKind.CONSTRAINT, "the gene of a variant is not known, as its consequence is not"))
    return layers, missing


def _consequences(
    request: AnnotationRequest, rows: TableRows, connection: duckdb.DuckDBPyConnection, scratch: Path, report: Progress,
    should_stop: ShouldStop,
) -> tuple[list[Layer], list[Missing]]:
    lacking = [kind for kind in (PackKind.GENE_MODELS, PackKind.SEQUENCE) if kind not in request.packs]
    if not lacking:
        layer = predicted(
            request, rows, connection, scratch, lambda share, message: report(share * _PREDICTED, message), should_stop
        )
        changes = CodingChanges(
            request.packs[PackKind.GENE_MODELS], request.packs[PackKind.SEQUENCE], layer.transcripts, connection
        )
        return [layer, changes], list(layer.missing)
    entries = [one for one in read_manifest(request.folder)["columns"] if "stamp" not in one]
    field = stated_field(entries)
    if field is None:
        effect = "consequences on genes are not predicted, and the file states none"
        return [], [no_pack(kind, request.build, effect) for kind in lacking]
    effect = f"consequences are those that the file states in {field}; none was predicted"
    stated = StatedConsequences(request.folder, entries, field, connection)
    return [stated], [no_pack(kind, request.build, effect) for kind in lacking]


def _annotated(
    rows: TableRows, layers: Sequence[Layer], report: Progress, should_stop: ShouldStop, prepared: float
) -> Iterator[pa.Table]:
    for chunk in rows.chunks():
        if should_stop():
            raise StoppedError
        yield _columns(chunk, layers)
        share = prepared + (1 - prepared) * (chunk.last + 1) / max(1, rows.count)
        report(min(share, 1.0), f"{chunk.last + 1:,} of {rows.count:,} rows annotated")


def _columns(chunk: Chunk, layers: Sequence[Layer]) -> pa.Table:
    known: dict[str, pa.Array] = {}
    for layer in layers:
        found = layer.values(chunk, known)
        known |= {one.column.name: value for one, value in zip(layer.made, found, strict=True)}
    return pa.Table.from_pydict(known)


def _stamps(layers: Sequence[Layer]) -> tuple[str, ...]:
    made: list[Made] = [one for layer in layers for one in layer.made]
    return tuple(dict.fromkeys([one.stamp for one in made if one.stamp != STAMP] + [STAMP]))


def _check_build(stated: str | None, request: AnnotationRequest) -> None:
    if stated and GenomeBuild(stated) is not request.build:
        raise InvalidInputError(f"the file of this table is in {stated}: it cannot be annotated as {request.build}")
