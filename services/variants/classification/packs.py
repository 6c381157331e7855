"""What the installed reference data say about variants: read for one variant or for thousands with the same few questions.

Positions are 1-based, chromosomes are written without chr, alleles are trimmed. Each answer belongs to one pack, whose stamp goes
into the evidence. A pack that is not installed gives None, never an empty answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from services.errors import UnavailableError
from services.genomics.genome import GenomeBuild
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind

EXONS_FILE = "exons.parquet"
_SHORT = 1_000
_EXONS = """
WITH ranked AS (
    SELECT *, CASE mark WHEN 'mane_select' THEN 0 WHEN 'mane_plus_clinical' THEN 1 WHEN 'canonical' THEN 2 ELSE 3 END AS place
    FROM read_parquet(?) WHERE chrom = ?
), own AS (
    SELECT *, min(start) OVER t AS first, max("end") OVER t AS last, max(coding_start) OVER t AS coding FROM ranked
    WINDOW t AS (PARTITION BY transcript)
), best AS (
    SELECT * FROM own WHERE first <= ? AND last >= ? AND coding IS NOT NULL
    QUALIFY place = min(place) OVER (PARTITION BY gene)
)
SELECT gene, transcript, version, mark, strand, exon, start, "end", coding_start, coding_end FROM best ORDER BY transcript, exon
"""


class Site(NamedTuple):
    """One allele at one place."""

    chrom: str
    pos: int
    ref: str
    alt: str


@dataclass(frozen=True, slots=True)
class Found:
    """The rows a pack has at the positions asked for, by position."""

    pack: Pack
    rows: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]

    def at(self, chrom: str, pos: int) -> Sequence[Mapping[str, Any]]:
        return self.rows.get((chrom, pos), ())

    def exactly(self, site: Site) -> Mapping[str, Any] | None:
        """Return the row of this very allele; None where the pack does not have it."""
        return next((row for row in self.at(site.chrom, site.pos) if row["ref"] == site.ref and row["alt"] == site.alt), None)


class PackReader:
    """Asks the packs in use for a build. Safe for use from several threads."""

    def __init__(self, library: ReferenceLibrary) -> None:
        self._library = library
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = Lock()

    def pack(self, kind: PackKind, build: GenomeBuild) -> Pack | None:
        """Return the pack in use, None where none is installed."""
        return self._library.active(kind, build if kind.has_build else None)

    def at(
        self, kind: PackKind, build: GenomeBuild, places: Iterable[tuple[str, int]], columns: Sequence[str]
    ) -> Found | None:
        """Return the rows at positions; None where no such pack is installed. `columns` are added to place and alleles."""
        pack = self.pack(kind, build)
        if pack is None:
            return None
        by_chrom: dict[str, set[int]] = defaultdict(set)
        for chrom, pos in places:
            by_chrom[chrom].add(pos)
        chosen = ", ".join(f'"{name}"' for name in ("chrom", "pos", "ref", "alt", *columns))
        sql = (
            f"SELECT {chosen} FROM read_parquet(?) WHERE chrom = ? AND pos BETWEEN ? AND ?"  # noqa: S608 (our own names)
        )
        among = " AND pos IN (SELECT unnest(?::BIGINT[]))"
        rows: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
        for chrom, positions in by_chrom.items():
            ordered = sorted(positions)
            values = [str(pack.path), chrom, ordered[0], ordered[-1]]
            is_short = ordered[-1] - ordered[0] < _SHORT  # a plain range is answered faster than a list of positions
            found = self._query(sql, values) if is_short else self._query(sql + among, [*values, ordered])
            for row in found.to_pylist():
                if not is_short or row["pos"] in positions:
                    rows[chrom, row["pos"]].append(row)
        return Found(pack, rows)

    def called_near(
        self, build: GenomeBuild, places: Iterable[tuple[str, int]], distance: int, alleles: int
    ) -> Mapping[tuple[str, int], int]:
        """Return, by place, the highest number of alleles called within `distance` bases where it reaches `alleles`."""
        wanted = set(places)
        around = {(chrom, pos + shift) for chrom, pos in wanted for shift in range(-distance, distance + 1)}
        found = self.at(PackKind.FREQUENCIES, build, around, ("an",)) if wanted else None
        if found is None:
            return {}
        best: dict[tuple[str, int], int] = {}
        for chrom, pos in wanted:
            numbers = [
                row["an"] or 0 for shift in range(-distance, distance + 1) for row in found.at(chrom, pos + shift)
            ]
            if max(numbers, default=0) >= alleles:
                best[chrom, pos] = max(numbers)
        return best

    def constraint(self, build: GenomeBuild, genes: Iterable[str]) -> tuple[Pack, Mapping[str, Mapping[str, Any]]] | None:
        """Return constraint by gene; of several transcripts the one with a score that comes first."""
        pack = self.pack(PackKind.CONSTRAINT, build)
        if pack is None:
            return None
        sql = (
            "SELECT gene, transcript, pli, loeuf, missense_z FROM read_parquet(?) WHERE gene IN (SELECT unnest(?::VARCHAR[])) "
            "ORDER BY gene, missense_z IS NULL, transcript"
        )
        found: dict[str, Mapping[str, Any]] = {}
        for row in self._query(sql, [str(pack.path), sorted(set(genes))]).to_pylist():
            found.setdefault(row["gene"], row)
        return pack, found

    def exons(self, build: GenomeBuild, chrom: str, first: int, last: int) -> tuple[Pack, list[dict[str, Any]]] | None:
        """Return the exons of coding transcripts whose span meets a stretch of a chromosome; of a gene, those marked best."""
        pack = self.pack(PackKind.GENE_MODELS, build)
        if pack is None or not (pack.folder / EXONS_FILE).is_file():
            return None
        return pack, self._query(_EXONS, [str(pack.folder / EXONS_FILE), chrom, last, first]).to_pylist()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection for one question that another module asks."""
        cursor = self._cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _query(self, sql: str, values: Sequence[Any]) -> pa.Table:
        with self.cursor() as cursor:
            try:
                table: pa.Table = cursor.sql(sql, params=list(values)).to_arrow_table()
            except duckdb.Error as problem:
                raise UnavailableError(f"the reference pack {_folder(values)} cannot be read: install it again") from problem
        return table

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = duckdb.connect(":memory:", config={"memory_limit": "512MB", "threads": 2})
                self._connection.execute("SET parquet_metadata_cache = true")  # packs never change once installed
            return self._connection.cursor()


def _folder(values: Sequence[Any]) -> str:
    """Name a pack by its kind, build and version, the last three folders."""
    return "/".join(Path(str(values[0])).parent.parts[-3:])
