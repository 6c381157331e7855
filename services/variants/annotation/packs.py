"""Values that a pack holds for exactly this change: ClinVar, frequencies, predictors. One join per pack and chunk.

A pack can hold a change more than once (a record for each transcript, two datasets); the row to take is then chosen by a rule
that stands with the pack. Rows are matched by chromosome, position and both alleles, never by position alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from services.variants.annotation.model import Chunk, Made
from services.variants.columns import Column, Origin
from services.variants.reference.model import Pack, PackKind

_TEXT, _WHOLE, _NUMBER, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()


@dataclass(frozen=True, slots=True)
class _Value:
    """A column of the table and the column of the pack that it is taken from."""

    name: str
    source: str
    type: pa.DataType
    description: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is taken from a kind of pack, and which row of several: the first in this order."""

    values: tuple[_Value, ...]
    order: str


_CLINVAR = (
    _Value("clinvar_significance", "significance", _TEXT, "Clinical significance in ClinVar, as ClinVar writes it"),
    _Value("clinvar_stars", "stars", _WHOLE, "Review status of the ClinVar record as stars, 0 to 4"),
    _Value("clinvar_review", "review_status", _TEXT, "Review status of the ClinVar record"),
    _Value("clinvar_conditions", "conditions", _TEXT, "Conditions of the ClinVar record"),
    _Value("clinvar_id", "variation_id", _TEXT, "ClinVar variation id"),
    _Value("clinvar_rsid", "rsid", _TEXT, "dbSNP id of the ClinVar record"),
)
_FREQUENCIES = (
    _Value("af", "af", _NUMBER, "Frequency of the allele in the whole reference population, a fraction"),
    _Value("ac", "ac", _WHOLE, "Observations of the allele in the reference population"),
    _Value("an", "an", _WHOLE, "Alleles that were looked at there"),
    _Value("homozygotes", "homozygotes", _WHOLE, "People with two copies of the allele in the reference population"),
    _Value("hemizygotes", "hemizygotes", _WHOLE, "People with the allele on their only X or Y"),
    _Value("popmax_af", "popmax_af", _NUMBER, "Highest frequency among the populations"),
    _Value("popmax_population", "popmax_population", _TEXT, "The population with the highest frequency"),
    _Value("faf95", "faf95", _NUMBER, "Filtering allele frequency: lower bound (95 %) of the highest population frequency"),
    _Value("frequency_passed", "passed", _FLAG, "The reference dataset's own quality filters were passed"),
)
_RULES: Mapping[PackKind, _Rule] = {
    PackKind.CLINVAR: _Rule(_CLINVAR, "p.stars DESC NULLS LAST, p.variation_id"),
    PackKind.FREQUENCIES: _Rule(_FREQUENCIES, "p.an DESC NULLS LAST"),
    PackKind.REVEL: _Rule(
        (_Value("revel", "score", _NUMBER, "REVEL score of a missense change, 0 to 1; the highest of its transcripts"),),
        "p.score DESC NULLS LAST",
    ),
    PackKind.ALPHAMISSENSE: _Rule(
        (_Value("alphamissense", "score", _NUMBER, "AlphaMissense score, 0 to 1; the highest of its transcripts"),),
        "p.score DESC NULLS LAST",
    ),
    PackKind.SPLICEAI: _Rule(
        (_Value("spliceai", "score", _NUMBER, "Largest of the four SpliceAI delta scores, 0 to 1"),), "p.score DESC NULLS LAST"
    ),
}
BY_CHANGE = tuple(_RULES)
"""Kinds of packs that are looked up by the change itself."""


class PackLayer:
    """The columns of one pack that is looked up by chromosome, position and alleles."""

    def __init__(self, pack: Pack, connection: duckdb.DuckDBPyConnection) -> None:
        self._pack = pack
        self._connection = connection
        self._rule = _RULES[pack.kind]
        self.made = tuple(
            Made(Column(one.name, one.type, f"{one.description} ({pack.stamp}; empty: not in it)", Origin.ANNOTATION), pack.stamp)
            for one in self._rule.values
        )

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        """Return the values of the rows that the pack has; missing for all others. :raise duckdb.Error: the pack is damaged."""
        del known
        types = {_TEXT: "VARCHAR", _WHOLE: "BIGINT", _NUMBER: "DOUBLE", _FLAG: "BOOLEAN"}
        chosen = ", ".join(f'CAST(p."{one.source}" AS {types[one.type]}) AS "{one.name}"' for one in self._rule.values)
        asked = chunk.keys.select(["row_id", "chrom", "pos", "ref", "alt"])
        self._connection.register("asked", asked)
        chroms = asked["chrom"].unique().to_pylist()
        sql = f"""
            SELECT k.row_id, {chosen} FROM asked k
            JOIN (SELECT * FROM read_parquet(?) WHERE chrom IN (SELECT unnest(?::VARCHAR[])) AND pos BETWEEN ? AND ?) p
            ON p.chrom = k.chrom AND p.pos = k.pos AND p.ref = k.ref AND p.alt = k.alt
            QUALIFY row_number() OVER (PARTITION BY k.row_id ORDER BY {self._rule.order}) = 1
        """  # noqa: S608 (columns and order of this module)
        positions = asked["pos"].to_numpy()
        bounds = [int(positions.min()), int(positions.max())] if len(positions) else [0, 0]
        found = self._connection.sql(sql, params=[str(self._pack.path), chroms, *bounds]).to_arrow_table()
        self._connection.unregister("asked")
        return spread(found, chunk)


def spread(found: pa.Table, chunk: Chunk) -> list[pa.Array]:
    """Put the rows of a table with `row_id` and values into their places among the rows of the chunk."""
    places = np.full(chunk.rows, -1, dtype=np.int64)
    places[found["row_id"].to_numpy() - chunk.first] = np.arange(found.num_rows)
    taken = pa.array(places, mask=places < 0)
    return [found[name].combine_chunks().take(taken) for name in found.column_names if name != "row_id"]
