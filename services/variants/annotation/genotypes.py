"""Genotypes of a table's rows as a VCF of single alleles needs them: the row's own allele is 1, every other is 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import duckdb

from services.variants.filters import quoted
from services.variants.manifest import TABLE_FILE, read_manifest

MAX_SAMPLES = 16
"""With more samples nobody asks which variants of one person lie on one chromosome copy, and it would take long."""
_GENOTYPE = re.compile(r"(?:[0-9]{1,4}|\.)(?:[|/](?:[0-9]{1,4}|\.)){0,7}")
_PHASE_SET = re.compile(r"[0-9]{1,12}")


class Genotypes:
    """The genotypes of a table. `samples` is empty where it has none, or too many."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._path = str(folder / TABLE_FILE)
        entries = read_manifest(folder)["columns"]
        fields: dict[str, dict[str, str]] = {"GT": {}, "PS": {}}
        for entry in entries:
            if entry.get("sample") and entry.get("field") in fields and entry["origin"] == "format" and "part" not in entry:
                fields[entry["field"]][entry["sample"]] = entry["name"]
        self.too_many = len(fields["GT"]) > MAX_SAMPLES
        self.samples: tuple[str, ...] = () if self.too_many else tuple(fields["GT"])
        self._genotypes = [fields["GT"][one] for one in self.samples]
        self._sets = [fields["PS"].get(one) for one in self.samples]

    def of(self, row_ids: Sequence[int]) -> list[str]:
        """Return the sample columns of rows, joined by tabs, each as `GT:PS`; empty texts where there are no samples."""
        if not self.samples:
            return [""] * len(row_ids)
        parts = [f"CAST({quoted(name)} AS VARCHAR)" for name in self._genotypes]
        parts += [f"CAST({quoted(name)} AS VARCHAR)" if name else "NULL" for name in self._sets]
        low, high = min(row_ids), max(row_ids)
        sql = (
            f"SELECT row_id, allele_index, {', '.join(parts)} FROM read_parquet(?) "  # noqa: S608 (quoted names)
            "WHERE row_id BETWEEN ? AND ? AND row_id IN (SELECT unnest(?::BIGINT[]))"
        )
        count = len(self.samples)
        found: dict[int, str] = {}
        for row_id, allele, *values in self._connection.execute(sql, [self._path, low, high, list(row_ids)]).fetchall():
            found[row_id] = "\t".join(
                _written(genotype or ".", phase or ".", allele or 1)
                for genotype, phase in zip(values[:count], values[count:], strict=True)
            )
        return [found[row_id] for row_id in row_ids]


@lru_cache(maxsize=8_192)
def _written(genotype: str, phase: str, allele: int) -> str:
    if not _GENOTYPE.fullmatch(genotype):
        return ".:."
    own = str(allele)
    recoded = "".join(
        part if part in "|/." else ("1" if part == own else "0") for part in re.split(r"([|/])", genotype)
    )
    return f"{recoded}:{phase if _PHASE_SET.fullmatch(phase) else '.'}"
