"""Gene models for the harnesses: GFF3, the `exons.parquet` of installed gene models, or the table that ships with them.

A model is found by its accession without version, and by the gene's symbol where the file marks the transcript as MANE Select.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from services.errors import InvalidInputError
from services.genomics.acmg.gene_model import GeneModel
from services.variants.reference.converters.gff3 import read_gff3
from services.variants.reference.text import open_text

_MARKED = "mane_select"
_STATEMENT = """
    SELECT transcript, any_value(gene), any_value(mark), any_value(strand), list(start ORDER BY start),
           list("end" ORDER BY start), min(coding_start), max(coding_end)
    FROM read_parquet(?) GROUP BY transcript, chrom HAVING min(coding_start) IS NOT NULL
"""


def read_gene_models(path: Path) -> dict[str, GeneModel]:
    """Return coding transcripts; raises InvalidInputError for a file that is neither GFF3 nor a table of exons."""
    found: dict[str, GeneModel] = {}
    for symbol, is_marked, model in _from_table(path) if path.suffix == ".parquet" else _from_gff3(path):
        if model is None:
            continue
        found.setdefault(bare(model.accession), model)
        if is_marked and symbol:
            found.setdefault(symbol, model)
    return found


def read_shipped(path: Path) -> dict[str, tuple[str, GeneModel]]:
    """Return gene and model by accession, from a tab-separated table: `accession`, `gene`, `strand`, `coding`, `exons`."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))
    return {
        row["accession"]: (row["gene"], GeneModel(
            row["accession"], row["strand"] == "+", tuple(map(_span, row["exons"].split(","))), _span(row["coding"])
        )) for row in rows
    }


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last)


def bare(accession: str) -> str:
    """Return an accession without prefix and version."""
    return accession.removeprefix("transcript:").removeprefix("rna-").partition(".")[0]


def _from_table(path: Path) -> Iterator[tuple[str, bool, GeneModel | None]]:
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(_STATEMENT, [str(path)]).fetchall()
    except duckdb.Error as error:
        raise InvalidInputError(f"{path.name} is not a table of exons") from error
    for name, symbol, mark, strand, starts, ends, first, last in rows:
        yield symbol or "", mark == _MARKED, _model(name, strand, zip(starts, ends, strict=True), first, last)


def _from_gff3(path: Path) -> Iterator[tuple[str, bool, GeneModel | None]]:
    with open_text(path) as text:
        found = read_gff3(text, lambda: None)
    for one in found.transcripts.values():
        if one.coding:
            first, last = min(part[0] for part in one.coding), max(part[1] for part in one.coding)
            symbol = found.genes[one.gene].symbol if one.gene in found.genes else None
            yield symbol or "", one.mark == _MARKED, _model(one.id, one.strand, one.exons, first, last)


def _model(name: str, strand: str, exons: Iterable[tuple[int, int]], first: int, last: int) -> GeneModel | None:
    """Return a model, None for a transcript whose exons overlap or do not hold its coding sequence (programmed frameshifts)."""
    try:
        return GeneModel(name, strand == "+", tuple(exons), (first, last))
    except InvalidInputError:
        return None
