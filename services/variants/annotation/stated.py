"""Consequences as the file itself states them (CSQ of VEP, ANN of SnpEff, BCSQ of bcftools), under our names.

Used where no gene models are installed. The file's own columns stay beside: nothing is recomputed, nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from services.variants.annotation.model import Chunk, Made
from services.variants.annotation.wording import CONSEQUENCE_COLUMNS
from services.variants.columns import Column, Origin
from services.variants.consequences.terms import Impact, impact_of, ontology_term
from services.variants.filters import quoted
from services.variants.manifest import TABLE_FILE

_PARTS: Mapping[str, tuple[str, ...]] = {
    "gene": ("SYMBOL", "Gene_Name", "gene"),
    "consequence": ("Consequence", "Annotation"),
    "impact": ("IMPACT", "Annotation_Impact"),
    "transcript": ("Feature", "Feature_ID", "transcript"),
    "hgvs_c": ("HGVSc", "HGVS.c"),
    "hgvs_p": ("HGVSp", "HGVS.p"),
}
"""Our column to the subfields it can be taken from, the first that is there."""
_DESCRIPTIONS = {name: text for name, _, text in CONSEQUENCE_COLUMNS} | {
    "hgvs_c": "Change of the transcript, HGVS", "transcript": "Transcript of the entry",
}  # fmt: skip


class StatedConsequences:
    """The columns that can be read from one annotation field of the file."""

    def __init__(
        self, folder: Path, entries: Sequence[Mapping[str, Any]], field: str, connection: duckdb.DuckDBPyConnection
    ) -> None:
        self._path = str(folder / TABLE_FILE)
        self._connection = connection
        own = {str(one.get("part", "")): str(one["name"]) for one in entries if one.get("field") == field}
        self._from = {
            name: next((own[part] for part in parts if part in own), None) for name, parts in _PARTS.items()
        }
        self._from = {name: source for name, source in self._from.items() if source is not None}
        if "consequence" in self._from:
            self._from.setdefault("impact", self._from["consequence"])
        self._impact_is_stated = self._from.get("impact") != self._from.get("consequence")
        self.made = tuple(
            Made(
                Column(name, pa.string(), f"{_DESCRIPTIONS[name]}, as stated by {field} of the file", Origin.ANNOTATION),
                f"{field} of the file",
            )
            for name in self._from
        )  # fmt: skip

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        del known
        names = ", ".join(quoted(str(source)) for source in dict.fromkeys(self._from.values()))
        sql = f"SELECT row_id, {names} FROM read_parquet(?) WHERE row_id BETWEEN ? AND ? ORDER BY row_id"  # noqa: S608 (quoted)
        found: pa.Table = self._connection.sql(sql, params=[self._path, chunk.first, chunk.last]).to_arrow_table()
        return [self._column(name, found[str(source)].combine_chunks()) for name, source in self._from.items()]

    def _column(self, name: str, values: pa.Array) -> pa.Array:
        if name == "consequence":
            return _mapped(values, lambda text: "&".join(ontology_term(one) for one in text.lstrip("*").split("&")))
        if name == "impact" and not self._impact_is_stated:
            return _mapped(values, _impact)
        return values.cast(pa.string())


def _impact(text: str) -> str | None:
    found = impact_of(tuple(ontology_term(one) for one in text.lstrip("*").split("&") if one))
    return None if found is Impact.UNKNOWN else found.value


def _mapped(values: pa.Array, change: Any) -> pa.Array:
    """Change each different value once."""
    coded = values.cast(pa.string()).dictionary_encode()
    return pa.array([change(one) for one in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def stated_field(entries: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the first annotation field of the file that states consequences, or None."""
    wanted = _PARTS["consequence"]
    return next((str(one["field"]) for one in entries if one.get("field") and one.get("part") in wanted), None)
