"""Consequences on transcripts, for a whole table: predicted near exons, read off the gene model between them.

What lies further than a splice region from every exon is in an intron or between genes; nothing has to be predicted for that,
so only the few percent of a genome near exons go through `bcftools csq`. Of the genes a variant touches, the one with the most
severe consequence is shown, on its MANE Select transcript where it has one; every transcript stays in `consequences_all`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.annotation.gene_models import TranscriptPlaces
from services.variants.annotation.genotypes import MAX_SAMPLES, Genotypes
from services.variants.annotation.known import rows_by_chrom
from services.variants.annotation.model import AnnotationRequest, Chunk, Made, Missing, Progress, ShouldStop
from services.variants.annotation.rows import TableRows
from services.variants.annotation.wording import CONSEQUENCE_COLUMNS, SCHEMA, between_exons, of_prediction
from services.variants.columns import Column, Origin
from services.variants.consequences.model import Phasing
from services.variants.consequences.predicting import ConsequenceRequest, ConsequenceRun, predict
from services.variants.reference.model import PackKind

_BATCH = 50_000
_NO_GENES = {"consequence_note": "the gene models have no transcript on this sequence"}
_NOTHING, _WITHOUT_GENES, _PIECES = 0, 1, 2
"""Rows of the table of answers: nothing said, no gene models there, then one for each set of pieces, then the predictions."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """The layer of consequences. Made by `predicted`; then asked chunk by chunk."""

    made: tuple[Made, ...]
    missing: tuple[Missing, ...]
    _places: TranscriptPlaces
    _answers: pa.Table
    _row_ids: np.ndarray[tuple[int], np.dtype[np.int64]]
    """Rows that were predicted, in rising order, with their answers in `_answer_of`."""
    _answer_of: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def transcripts(self) -> list[str]:
        """Every transcript that a row may show."""
        names: list[str] = self._answers["transcript"].unique().drop_null().to_pylist()
        return names

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        """Return the columns of `CONSEQUENCE_COLUMNS`."""
        del known
        chosen = np.full(chunk.rows, _NOTHING, dtype=np.int64)
        positions = chunk.keys["pos"].to_numpy()
        for chrom, rows in rows_by_chrom(chunk):
            is_covered = self._places.pieces.covers(chrom)
            chosen[rows] = _PIECES + self._places.pieces.at(chrom, positions[rows]) if is_covered else _WITHOUT_GENES
        low, high = np.searchsorted(self._row_ids, [chunk.first, chunk.last + 1])
        chosen[self._row_ids[low:high] - chunk.first] = self._answer_of[low:high]
        chosen[chunk.keys["alt"].is_null().to_numpy()] = _NOTHING
        taken = pa.array(chosen)
        return [self._answers[name].combine_chunks().take(taken) for name in SCHEMA.names]


def predicted(
    request: AnnotationRequest, rows: TableRows, connection: duckdb.DuckDBPyConnection, scratch: Path, report: Progress,
    should_stop: ShouldStop,
) -> Consequences:
    """Predict the consequences of every sequence allele near an exon. Raises what `consequences.predicting.predict` raises."""
    models = request.packs[PackKind.GENE_MODELS]
    report(0.0, "Reading the gene models")
    places = TranscriptPlaces(models.folder, connection)
    genotypes = Genotypes(request.folder, connection)
    near = _near_exons(rows, places)
    folder = scratch / "consequences"
    folder.mkdir()
    fixed = pa.Table.from_pylist([{}, _NO_GENES, *(between_exons(places, one) for one in places.pieces.sets)], SCHEMA)
    tables, caller = [fixed], ""
    if near.num_rows:
        _write(near, folder / "near.vcf", genotypes)
        run = predict(
            ConsequenceRequest(
                folder / "near.vcf", models.path, request.packs[PackKind.SEQUENCE].path,
                Phasing.PHASED if genotypes.samples else Phasing.ALONE, leave_out_mismatches=True,
            ),
            _made(folder / "work"), report=report, should_stop=should_stop,
        )  # fmt: skip
        caller = f", {run.caller}"
        tables += _answers(run, places)
    shutil.rmtree(folder)
    row_ids = near["row_id"].to_numpy()
    answers = pa.concat_tables(tables).combine_chunks()
    answered = np.flatnonzero(pc.or_(answers["consequence"].is_valid(), answers["consequence_note"].is_valid()).to_numpy())
    answer_of = fixed.num_rows + np.arange(len(row_ids))
    order = np.argsort(row_ids, kind="stable")
    order = order[np.isin(answer_of[order], answered)]  # without an answer: no transcript is hit, what lies around it speaks
    return Consequences(
        tuple(
            Made(Column(name, kind, f"{text} ({models.stamp}{caller})", Origin.ANNOTATION), models.stamp)
            for name, kind, text in CONSEQUENCE_COLUMNS
        ),
        _not_combined(genotypes), places, answers, row_ids[order], answer_of[order],
    )  # fmt: skip


def _not_combined(genotypes: Genotypes) -> tuple[Missing, ...]:
    if not genotypes.too_many:
        return ()
    why = f"variants of one codon were not looked at together: the table has more than {MAX_SAMPLES} samples"
    return (Missing("phase", why),)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _near_exons(rows: TableRows, places: TranscriptPlaces) -> pa.Table:
    """Return the sequence alleles near an exon, contig by contig in the order of positions."""
    found = []
    for chunk in rows.chunks():
        keys = chunk.keys
        positions = keys["pos"].to_numpy()
        ends = positions + pc.binary_length(pc.fill_null(keys["ref"].combine_chunks(), "")).to_numpy()
        near = np.zeros(chunk.rows, dtype=np.bool_)
        for chrom, at in rows_by_chrom(chunk):
            near[at] = places.exons.touched(chrom, positions[at], ends[at])
        found.append(keys.filter(pa.array(near & keys["alt"].is_valid().to_numpy() & (positions > 0))))
    if not found:
        return pa.table({"row_id": pa.array([], pa.int64())})
    together = pa.concat_tables(found)
    contigs = together["chrom"].combine_chunks().dictionary_encode().indices.to_numpy()
    # left-aligning may have moved a row past its neighbour
    return together.take(pa.array(np.lexsort((together["row_id"].to_numpy(), together["pos"].to_numpy(), contigs))))


def _write(near: pa.Table, path: Path, genotypes: Genotypes) -> None:
    """Write the alleles as a VCF, one on each line."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    if genotypes.samples:
        columns += ["FORMAT", *("".join(sign for sign in name if sign.isprintable()) for name in genotypes.samples)]
    with path.open("w", encoding="utf-8") as file:
        file.write("##fileformat=VCFv4.2\n" + "\t".join(columns) + "\n")
        for start in range(0, near.num_rows, _BATCH):
            part = near.slice(start, _BATCH).to_pydict()
            samples = genotypes.of(part["row_id"])
            form = "\tGT:PS\t" if genotypes.samples else ""
            file.writelines(
                f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t.{form}{own}\n"
                for chrom, pos, ref, alt, own in zip(part["chrom"], part["pos"], part["ref"], part["alt"], samples, strict=True)
            )


def _answers(run: ConsequenceRun, places: TranscriptPlaces) -> Iterator[pa.Table]:
    """Yield one row for each line of the VCF, in its order."""
    waiting: list[dict[str, object]] = []
    for record in run.records():
        waiting.append(of_prediction(places, record))
        if len(waiting) == _BATCH:
            yield pa.Table.from_pylist(waiting, SCHEMA)
            waiting = []
    if waiting:
        yield pa.Table.from_pylist(waiting, SCHEMA)
