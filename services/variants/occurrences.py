"""In which other tables does a variant occur? One query over the files of all tables of its build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from services.access.principals import Principal
from services.errors import InvalidInputError, UnavailableError
from services.genomics.genome import canonical_chromosome
from services.variants.identity import IDENTITY_COLUMNS, VariantIdentity, identity_of
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import TABLE_FILE

MAX_TABLES = 500
_SELECTION = ", ".join(f'"{name}"' for name in ("row_id", *IDENTITY_COLUMNS))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A row of a table that is the variant asked for."""

    table: TableInfo
    row_id: int


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where a variant occurs, newest table first.

    `searched` counts the tables that were looked at, `left_out` those over the limit of 500.
    """

    found: tuple[Occurrence, ...]
    searched: int
    left_out: int


def occurrences(library: VariantLibrary, principal: Principal, identity: VariantIdentity, *, without: str = "") -> Occurrences:
    """Return the tables that hold this variant, other than `without`.

    Tables whose build is not known are not searched: a position without a build says nothing.
    """
    tables = [
        table for table in library.list(principal) if table.available and table.id != without and table.assembly is identity.build
    ]
    chosen = tables[:MAX_TABLES]
    by_path = {str((library.folder(table.id) / TABLE_FILE).resolve()): table for table in chosen}
    found = [
        Occurrence(by_path[row["filename"]], row["row_id"]) for row in _rows_at(list(by_path), identity) if _same(row, identity)
    ]
    place = {table.id: number for number, table in enumerate(chosen)}
    found.sort(key=lambda one: (place[one.table.id], one.row_id))
    return Occurrences(tuple(found), len(chosen), len(tables) - len(chosen))


def _rows_at(paths: list[str], identity: VariantIdentity) -> list[dict[str, Any]]:
    if not paths:
        return []
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "256MB", "threads": 2, "python_enable_replacements": False, "autoinstall_known_extensions": False,
    }  # fmt: skip
    sql = (
        f"SELECT {_SELECTION}, filename FROM read_parquet(?, filename = true, union_by_name = true) "  # noqa: S608 (our names)
        "WHERE pos = ? ORDER BY filename, row_id"
    )
    try:
        with duckdb.connect(":memory:", config=config) as connection:
            found = connection.sql(sql, params=[paths, identity.variant.position]).to_arrow_table().to_pylist()
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as problem:
        raise UnavailableError("the other tables cannot be searched now; one may just have been deleted: try again") from problem
    rows: list[dict[str, Any]] = found
    return rows


def _same(row: dict[str, Any], identity: VariantIdentity) -> bool:
    wanted = identity.variant.chromosome
    if (canonical_chromosome(row["chrom"]) or row["chrom"]) != wanted:
        return False
    try:
        return identity_of(row, identity.build) == identity
    except InvalidInputError:  # a contig of another build
        return False
