"""Genes of a row: all it may be found by, and how well its gene tolerates loss of function and missense changes."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.annotation.model import Chunk, Made
from services.variants.columns import Column, Origin
from services.variants.reference.model import Pack

_COLUMNS = (
    ("pli", "Probability that the gene does not tolerate loss of one copy, 0 to 1"),
    ("loeuf", "Upper bound of observed to expected loss-of-function variants of the gene; low means not tolerated"),
    ("missense_z", "Z score of missense constraint of the gene; high means fewer missense variants than expected"),
)


class ConstraintLayer:
    """Gene constraint by the column `gene`; of several transcripts, the one with the lowest LOEUF."""

    def __init__(self, pack: Pack, connection: duckdb.DuckDBPyConnection) -> None:
        self.made = tuple(
            Made(Column(name, pa.float64(), f"{text} ({pack.stamp}; not of this variant)", Origin.ANNOTATION), pack.stamp)
            for name, text in _COLUMNS
        )
        sql = """
            SELECT gene, CAST(pli AS DOUBLE), CAST(loeuf AS DOUBLE), CAST(missense_z AS DOUBLE) FROM read_parquet(?)
            WHERE gene IS NOT NULL QUALIFY row_number() OVER (PARTITION BY gene ORDER BY loeuf NULLS LAST, transcript) = 1
        """
        rows = connection.execute(sql, [str(pack.path)]).fetchall()
        self._of_gene = {str(row[0]): tuple(row[1:]) for row in rows}

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        del chunk
        coded = known["gene"].dictionary_encode()
        found = [self._of_gene.get(str(gene), (None, None, None)) for gene in coded.dictionary.to_pylist()]
        return [
            pa.array([values[number] for values in found], pa.float64()).take(coded.indices) for number in range(len(_COLUMNS))
        ]


class GeneListLayer:
    """One column to find a row by any of its genes: those of a structural variant, of its transcripts, as stated, or curated."""

    def __init__(self, stamp: str) -> None:
        text = "Every gene the variant touches: by its transcripts, as a structural variant, or by the extent of a curated gene"
        self.made = (Made(Column("gene_list", pa.list_(pa.string()), text, Origin.ANNOTATION), stamp),)

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        del chunk
        found = [known[name] for name in ("sv_genes", "gene_list") if name in known]
        if "gene_list" not in known and "gene" in known:
            found.append(_as_lists(known["gene"]))
        return [pc.coalesce(*found, known["curated_gene"])]


def _as_lists(values: pa.Array) -> pa.Array:
    coded = values.dictionary_encode()
    lists = pa.array([[one] for one in coded.dictionary.to_pylist()], pa.list_(pa.string()))
    return lists.take(coded.indices)
