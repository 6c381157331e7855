"""The rows of a table as they are compared with reference data: chromosome, position and alleles, left-aligned, in order.

Reads nothing but the columns it needs, a few hundred thousand rows at a time. The columns of the table are not changed by it:
what is left-aligned here is only what is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from services.errors import InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild, beyond_chromosome_end, canonical_chromosome
from services.variants.annotation.model import AnnotationRequest, Chunk, Missing, no_pack
from services.variants.builds import other_build
from services.variants.manifest import TABLE_FILE
from services.variants.reference.model import PackKind
from services.variants.reference.sequence import Mismatch, ReferenceGenome

CHUNK_ROWS = 400_000
MEMORY = "900MB"
_SAMPLED = 4_000
_MOST_MISMATCHES = 0.05
_SEQUENCE = "regexp_full_match(upper(alt), '[ACGTN]+') AND regexp_full_match(upper(ref), '[ACGTN]+')"
_INDELS = "variant_type IN ('insertion', 'deletion', 'delins')"


@dataclass(frozen=True, slots=True)
class Contig:
    """A contig of the table: its rows are `first` to `last`. `chrom` is the chromosome without chr, else the name as it is."""

    order: int
    name: str
    chrom: str
    first: int
    last: int
    highest: int


@contextmanager
def database(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in memory with a bound on it; what does not fit goes to `scratch`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY, "threads": 2, "temp_directory": str(scratch / "spill"), "autoinstall_known_extensions": False,
        "python_enable_replacements": False, "preserve_insertion_order": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        yield connection


class TableRows:
    """The rows of one table in a build that was checked as far as the data allows."""

    def __init__(self, request: AnnotationRequest, connection: duckdb.DuckDBPyConnection) -> None:
        """Look through the table. :raise InvalidInputError: it cannot be in the build that is stated."""
        self.path = request.folder / TABLE_FILE
        if not self.path.is_file():
            raise NotFoundError("the files of this table are gone: delete it and import the file again")
        self._connection = connection
        self._path = str(self.path)
        self.contigs = self._contigs()
        self.count = self.contigs[-1].last + 1 if self.contigs else 0
        self.missing: tuple[Missing, ...] = ()
        _check_lengths(self.contigs, request.build)
        pack = request.packs.get(PackKind.SEQUENCE)
        self._moved = pa.table({
            "row_id": pa.array([], pa.int64()), "pos": pa.array([], pa.int64()), "ref": pa.array([], pa.string()),
            "alt": pa.array([], pa.string()),
        })  # fmt: skip
        if pack is None:
            effect = "insertions and deletions are looked up as the file writes them, without being left-aligned"
            self.missing = (no_pack(PackKind.SEQUENCE, request.build, effect),)
        else:
            genome = ReferenceGenome(pack.path)
            try:
                self._check_bases(genome, request.build)
                self._moved = self._left_aligned(genome)
            finally:
                genome.close()
        connection.register("moved", self._moved)

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order; a chunk ends with a contig, or within a large one."""
        waiting: list[Contig] = []
        for contig in self.contigs:
            if waiting and contig.last - waiting[0].first >= CHUNK_ROWS:
                yield self._chunk(waiting[0].first, waiting[-1].last)
                waiting = []
            waiting.append(contig)
            while len(waiting) == 1 and contig.last - waiting[0].first >= CHUNK_ROWS:
                first = waiting[0].first
                yield self._chunk(first, first + CHUNK_ROWS - 1)
                rest = Contig(contig.order, contig.name, contig.chrom, first + CHUNK_ROWS, contig.last, contig.highest)
                waiting = [rest]
        if waiting:
            yield self._chunk(waiting[0].first, waiting[-1].last)

    def _chunk(self, first: int, last: int) -> Chunk:
        names = pa.table({
            "chrom_order": pa.array([one.order for one in self.contigs], pa.int32()),
            "chromosome": pa.array([one.chrom for one in self.contigs], pa.string()),
        })  # fmt: skip
        self._connection.register("contig_names", names)
        sql = """
            SELECT v.row_id, n.chromosome AS chrom, coalesce(m.pos, v.pos) AS pos, v.last AS "end", coalesce(m.ref, v.ref) AS ref,
                CASE WHEN regexp_full_match(v.alt, '[ACGTN]+') AND regexp_full_match(v.ref, '[ACGTN]+')
                    THEN coalesce(m.alt, v.alt) END AS alt
            FROM (
                SELECT row_id, chrom_order, coalesce(pos, 0) AS pos, greatest(coalesce("end", 0), coalesce(pos, 0)) AS last,
                    upper(ref) AS ref, upper(alt) AS alt
                FROM read_parquet(?) WHERE row_id BETWEEN ? AND ?
            ) v
            JOIN contig_names n USING (chrom_order) LEFT JOIN moved m ON m.row_id = v.row_id ORDER BY v.row_id
        """
        keys: pa.Table = self._connection.sql(sql, params=[self._path, first, last]).to_arrow_table()
        if keys.num_rows != last - first + 1:
            raise InvalidInputError("the table is damaged: rows are missing; import the file again")
        return Chunk(first, last, keys.combine_chunks())

    def _contigs(self) -> list[Contig]:
        sql = (
            "SELECT chrom_order, any_value(chrom), min(row_id), max(row_id), max(pos) FROM read_parquet(?) "
            "GROUP BY chrom_order ORDER BY min(row_id)"
        )
        return [
            Contig(order, name or "", canonical_chromosome(name or "") or (name or ""), first, last, highest or 0)
            for order, name, first, last, highest in self._connection.execute(sql, [self._path]).fetchall()
        ]

    def _check_bases(self, genome: ReferenceGenome, build: GenomeBuild) -> None:
        """Compare REF of rows from all over the table with the sequence of the stated build."""
        step = max(1, self.count // _SAMPLED)
        sql = f"""SELECT line, chrom, pos AS original_pos, upper(ref) AS original_ref, 1 AS allele_index FROM read_parquet(?)
            WHERE pos IS NOT NULL AND row_id % {step} = 0 AND length(ref) <= 50 AND {_SEQUENCE} ORDER BY row_id"""  # noqa: S608 (a number of ours)
        sample: pa.Table = self._connection.sql(sql, params=[self._path]).to_arrow_table()
        found, compared = _mismatches(genome, sample)
        if compared and len(found) > max(1, _MOST_MISMATCHES * compared):
            raise InvalidInputError(
                f"{len(found):,} of {compared:,} compared rows do not fit {build}, for example line {found[0].line:,}: "
                f"{found[0].reason}. The table is in another build than {build}, or was made with another reference"
            )

    def _left_aligned(self, genome: ReferenceGenome) -> pa.Table:
        """Return the rows whose insertion or deletion belongs further left: only those whose alleles end in the same base can."""
        sql = f"""SELECT row_id, line, chrom, pos, "end", upper(ref) AS ref, upper(alt) AS alt, variant_type, pos AS original_pos,
            upper(ref) AS original_ref, 1 AS allele_index FROM read_parquet(?)
            WHERE pos IS NOT NULL AND {_INDELS} AND {_SEQUENCE} AND upper(right(ref, 1)) = upper(right(alt, 1)) ORDER BY row_id"""  # noqa: S608
        rows: pa.Table = self._connection.sql(sql, params=[self._path]).to_arrow_table()
        wrong = {(one.line, one.position, one.ref) for one in _mismatches(genome, rows)[0]}
        places = zip(rows["line"].to_pylist(), rows["pos"].to_pylist(), rows["ref"].to_pylist(), strict=True)
        rows = rows.filter(pa.array([place not in wrong for place in places], pa.bool_()))
        return genome.normalised(rows)[0].select(["row_id", "pos", "ref", "alt"])


def _mismatches(genome: ReferenceGenome, sample: pa.Table) -> tuple[list[Mismatch], int]:
    """Compare rows one by one: they lie far apart, so that the stretch between them is not worth reading."""
    found: list[Mismatch] = []
    compared = 0
    for row in sample.to_pylist():
        contig, position, ref = genome.contig(row["chrom"]), row["original_pos"], row["original_ref"]
        if contig is None or position < 1:
            continue
        expected = genome.bases(contig, position, position + len(ref) - 1)
        compared += 1
        if len(expected) != len(ref) or any(
            own != there and there in "ACGT" and own in "ACGT" for own, there in zip(ref, expected, strict=True)
        ):
            found.append(Mismatch(row["line"], row["chrom"], position, ref, expected))
    return found, compared


def _check_lengths(contigs: list[Contig], build: GenomeBuild) -> None:
    """Refuse positions that the chromosomes of the stated build do not have, where the other build has them."""
    beyond = [one for one in contigs if beyond_chromosome_end(build, one.chrom, one.highest)]
    other = other_build(build)
    if beyond and not any(beyond_chromosome_end(other, one.chrom, one.highest) for one in contigs):
        where = f"{beyond[0].name}:{beyond[0].highest:,}"
        raise InvalidInputError(f"{where} lies beyond the end of that chromosome in {build}: the table fits {other}")
