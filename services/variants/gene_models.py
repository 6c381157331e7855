"""The transcripts of installed gene models, by gene, by accession or by place, as the projection of HGVS needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from services.errors import InvalidInputError, UnavailableError
from services.genomics.hgvs.transcript import TranscriptModel
from services.variants.reference.asking import ask
from services.variants.reference.model import Pack

EXONS_FILE = "exons.parquet"
_RANKS = {"mane_select": 0, "mane_plus_clinical": 1, "canonical": 2}
_KEPT = 256
_MAX_TRANSCRIPTS = 400
_LONGEST = 3_000_000
"""More bases than any human gene has: the file is sorted by place, and what is farther away is not read."""
_BY_GENE = "gene IN (?, ?)"
_BY_ACCESSION = "(transcript = ? OR starts_with(transcript, ?))"
_BY_PLACE = (
    "chrom = ? AND start BETWEEN ? AND ? AND transcript IN (SELECT transcript FROM read_parquet(?) WHERE chrom = ? "
    'AND start BETWEEN ? AND ? GROUP BY transcript HAVING min(start) <= ? AND max("end") >= ?)'
)


def transcripts_of_gene(pack: Pack, gene: str) -> tuple[TranscriptModel, ...]:
    """Return the transcripts of a gene, MANE Select first, then MANE Plus Clinical, canonical and the longest of the others."""
    return _asked(pack.folder / EXONS_FILE, pack.sha256, _BY_GENE, (gene, gene.upper()))


def transcripts_named(pack: Pack, accession: str) -> tuple[TranscriptModel, ...]:
    """Return the transcripts with an accession, whatever its version; several where a model has several places for it."""
    bare = accession.partition(".")[0]
    return _asked(pack.folder / EXONS_FILE, pack.sha256, _BY_ACCESSION, (bare, f"{bare}."))


def transcripts_over(pack: Pack, chrom: str, start: int, end: int) -> tuple[TranscriptModel, ...]:
    """Return the transcripts that overlap a stretch, introns included, in the order of `transcripts_of_gene`; at most 400."""
    path = pack.folder / EXONS_FILE
    window = (start - 2 * _LONGEST, end + 2 * _LONGEST)
    return _asked(path, pack.sha256, _BY_PLACE, (chrom, *window, str(path), chrom, *window, end, start))


@lru_cache(maxsize=_KEPT)
def _asked(path: Path, _sha256: str, condition: str, values: tuple[Any, ...]) -> tuple[TranscriptModel, ...]:
    """An installed pack never changes, so that what it answered can be kept by its path and content."""
    sql = f"""
        SELECT transcript, any_value(version) AS version, any_value(gene) AS gene, any_value(mark) AS mark, chrom,
               any_value(strand) AS strand, list([start, "end"]) AS exons, min(coding_start) AS coding_start,
               max(coding_end) AS coding_end, sum("end" - start + 1) AS length
        FROM read_parquet(?) WHERE {condition}
        GROUP BY transcript, chrom ORDER BY length DESC, transcript LIMIT {_MAX_TRANSCRIPTS}
    """  # noqa: S608 - the conditions are constants of this module
    try:
        rows = ask([path], sql, [str(path), *values])
    except duckdb.Error as error:
        raise UnavailableError("the installed gene models cannot be read: install them again") from error
    return tuple(sorted(_models(rows), key=lambda one: _RANKS.get(one.mark, len(_RANKS))))


def _models(rows: Iterable[Mapping[str, Any]]) -> list[TranscriptModel]:
    made = []
    for row in rows:
        name = row["transcript"]
        accession = f"{name}.{row['version']}" if row["version"] and "." not in name else name
        coding = None if row["coding_start"] is None else (row["coding_start"], row["coding_end"])
        exons = tuple((start, end) for start, end in row["exons"])
        try:
            made.append(
                TranscriptModel(
                    accession, row["gene"] or "", row["mark"] or "", row["chrom"], row["strand"] == "+", exons, coding
                )
            )
        except InvalidInputError:
            continue  # a model whose exons contradict each other places nothing
    return made
