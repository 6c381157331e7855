"""What VEP says of the rows, in columns of its own beside those of our prediction; both its ways end in a VCF with CSQ.

That VCF is read by what reads the CSQ of any file: the importer chooses one entry for each allele, `StatedConsequences` names
its parts. Where VEP fails, its columns are left out with the reason, and everything else is annotated.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.errors import InvalidInputError, UnavailableError
from services.variants.annotation.model import (
    AnnotationRequest,
    Chunk,
    Layer,
    Made,
    Missing,
    Part,
    PartReport,
    Progress,
    ShouldStop,
)
from services.variants.annotation.rows import TableRows
from services.variants.annotation.stated import StatedConsequences, stated_field
from services.variants.annotation.vep.alleles import COLUMNS, HEADER, Asked, asked_for
from services.variants.annotation.vep.program import run_vep
from services.variants.annotation.vep.service import ENTRY, VepService
from services.variants.annotation.vep.source import VepKind, VepSource
from services.variants.columns import Column, Origin
from services.variants.imports import ImportOptions, Mode, Status, import_file
from services.variants.manifest import TABLE_FILE, read_manifest
from services.variants.reference.model import PackKind
from services.variants.vcf.importing import StoppedError

KEPT_ANSWERS = ".vep.jsonl"
"""Beside the table: what a service has answered, until a run is done."""
_NOTE = "vep_note"
_TEXT = pa.string()
_NO_ANSWER = "VEP gave no answer for this variant"
_NOT_ASKED = "not asked: no small variant on a chromosome"


class VepColumns:
    """The columns `vep_gene`, `vep_consequence` and so on, and `vep_note` for rows of which VEP says nothing."""

    def __init__(
        self, folder: Path, stamp: str, refused: Mapping[int, str], asked: Asked, connection: duckdb.DuckDBPyConnection
    ) -> None:
        """`folder` is the table of VEP's answers, whose ids are rows of ours; `refused` are the rows it refused, and why.

        :raise InvalidInputError: the answers hold no consequences.
        """
        entries: Sequence[Mapping[str, Any]] = read_manifest(folder)["columns"]
        field = stated_field(entries)
        if field is None:
            raise InvalidInputError("VEP's answer holds no consequences")
        stated = StatedConsequences(folder, entries, field, connection)
        ids = pq.read_table(folder / TABLE_FILE, columns=["row_id", "id"]).sort_by("row_id")
        count = ids.num_rows
        own = stated.values(Chunk(0, count - 1, ids), {}) if count else [pa.array([], _TEXT) for _ in stated.made]
        rows = pc.cast(ids["id"], pa.int64()).combine_chunks().to_numpy()
        order = np.argsort(rows, kind="stable")
        self._rows = rows[order]
        self._values = [_unescaped(values).take(pa.array(order)) for values in own]
        self._asked = np.sort(asked.keys["row_id"].to_numpy())
        self._refused = refused
        self.made = (
            *(_made(f"vep_{one.column.name}", one.column.description.partition(", as stated")[0], stamp) for one in stated.made),
            _made(_NOTE, "Why VEP says nothing of this row", stamp),
        )

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        del known
        wanted = np.arange(chunk.first, chunk.last + 1)
        answered, places = _places(self._rows, wanted)
        was_asked, _ = _places(self._asked, wanted)
        taken = pa.array(places, mask=~answered)
        notes: list[str | None] = [
            None if found else _NO_ANSWER if asked else _NOT_ASKED
            for found, asked in zip(answered.tolist(), was_asked.tolist(), strict=True)
        ]
        for row in self._refused.keys() & set(wanted[~answered].tolist()):
            notes[row - chunk.first] = self._refused[row]
        return [*(values.take(taken) for values in self._values), pa.array(notes, _TEXT)]


def vep_layers(
    request: AnnotationRequest, rows: TableRows, connection: duckdb.DuckDBPyConnection, scratch: Path, report: Progress,
    should_stop: ShouldStop,
) -> tuple[list[Layer], PartReport]:
    """Ask the VEP of the request; without an answer there are no columns, and the report says why.

    :raise StoppedError: told to stop; answers that came already are kept for the next run.
    """
    source = request.vep
    if source is None or source.build is not request.build:
        return [], PartReport((), (Missing(Part.VEP, f"VEP is not turned on for {request.build}"),))
    folder = scratch / "vep"
    folder.mkdir()
    try:
        asked = asked_for(rows, source.most)
        _refuse_too_many(asked, source)
        if not asked.count:
            return [], PartReport((), (Missing(Part.VEP, "the table has no small variant on a chromosome to ask VEP for"),))
        vcf, stamp, refused = _answered(source, asked, request, folder, report, should_stop)
        done = import_file(vcf, folder / "table", ImportOptions(mode=Mode.LENIENT), should_stop=should_stop)
        if done.status is Status.STOPPED:
            raise StoppedError
        if done.folder is None:
            raise InvalidInputError(f"VEP's answer cannot be read: {done.refusal.reason if done.refusal else 'it is malformed'}")
        layer = VepColumns(done.folder, stamp, refused, asked, connection)
    except (InvalidInputError, UnavailableError) as error:
        kept = "; what it has answered is kept, annotate again to go on" if (request.folder / KEPT_ANSWERS).is_file() else ""
        return [], PartReport((), (Missing(Part.VEP, f"not annotated by VEP: {error.message}{kept}"),))
    finally:
        shutil.rmtree(folder)
    (request.folder / KEPT_ANSWERS).unlink(missing_ok=True)
    return [layer], PartReport((stamp,), ())


def _refuse_too_many(asked: Asked, source: VepSource) -> None:
    if asked.count > source.most:
        advice = (
            "import a smaller set, such as a panel, or install the program vep" if source.kind is VepKind.SERVICE
            else "import a smaller set"
        )
        raise InvalidInputError(
            f"the table has {asked.count:,} small variants, at most {source.most:,} are annotated by VEP in one run: {advice}"
        )


def _answered(
    source: VepSource, asked: Asked, request: AnnotationRequest, folder: Path, report: Progress, should_stop: ShouldStop
) -> tuple[Path, str, dict[int, str]]:
    """Return a VCF with VEP's entries, the stamp of its columns, and the rows that were refused."""
    if source.kind is VepKind.PROGRAM:
        report(0.0, f"VEP annotates {asked.count:,} variants on this machine")
        asked.write(folder / "asked.vcf")
        sequence = request.packs.get(PackKind.SEQUENCE)
        answers = run_vep(source, folder / "asked.vcf", sequence.path if sequence else None, folder, should_stop)
        return answers.vcf, f"VEP {answers.version} ({source.build}), program on this machine", {}
    alleles = asked.alleles()
    service = VepService(source, request.folder / KEPT_ANSWERS, should_stop)
    found = service.annotated([one.written for one in alleles], report)
    if not any(found.entries.values()):
        raise InvalidInputError(f"{source.place} has no answer for any of {asked.count:,} variants")
    path = folder / "answers.vcf"
    with path.open("w", encoding="ascii") as file:
        file.write(HEADER + '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequences from VEP. Format: '
                   + "|".join(ENTRY) + '">\n' + COLUMNS)  # fmt: skip
        file.writelines(
            f"{one.chrom}\t{one.pos}\t{one.row_id}\t{one.ref}\t{one.alt}\t.\t.\tCSQ={','.join(entries)}\n"
            for one in alleles if (entries := found.entries.get(one.written))
        )  # fmt: skip
    refused = {one.row_id: found.refused[one.written] for one in alleles if one.written in found.refused}
    return path, f"VEP {found.version} ({source.build}), service {source.place}", refused


def _made(name: str, text: str, stamp: str) -> Made:
    return Made(Column(name, _TEXT, f"{text} ({stamp})", Origin.ANNOTATION), stamp)


def _unescaped(values: pa.Array) -> pa.Array:
    """VEP writes = and ; of its own values as the VCF's escapes."""
    return pc.replace_substring(pc.replace_substring(values, "%3D", "="), "%3B", ";")


def _places(rows: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Tell which wanted rows are among sorted ones, and where."""
    if not len(rows):
        return np.zeros(len(wanted), dtype=np.bool_), np.zeros(len(wanted), dtype=np.int64)
    places = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return rows[places] == wanted, places
