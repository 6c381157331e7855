"""The alleles that VEP is asked for: bare places and bases of a table, nothing else of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.genomics.genome import CHROMOSOMES
from services.variants.annotation.rows import TableRows

_LONGEST = 1_000
_LINES = 50_000
HEADER = "##fileformat=VCFv4.2\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@dataclass(frozen=True, slots=True)
class Allele:
    """A place and its bases; `row_id` says which row of the table it is."""

    row_id: int
    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def written(self) -> str:
        """As the service is asked for it, in VCF's columns; nothing says which row it is."""
        return f"{self.chrom} {self.pos} . {self.ref} {self.alt} . . ."


@dataclass(frozen=True, slots=True)
class Asked:
    """The small variants of a table on chromosomes, in genome order; `left` is how many other rows it has."""

    keys: pa.Table
    left: int

    @property
    def count(self) -> int:
        return int(self.keys.num_rows)

    def alleles(self) -> list[Allele]:
        """Return all of them; only for as many as fit into memory easily."""
        columns = [self.keys[name].to_pylist() for name in ("row_id", "chrom", "pos", "ref", "alt")]
        return [Allele(*values) for values in zip(*columns, strict=True)]

    def write(self, path: Path) -> None:
        """Write them as a VCF without samples; the ID is the row."""
        with path.open("w", encoding="ascii") as file:
            file.write(HEADER + COLUMNS)
            for start in range(0, self.count, _LINES):
                part = self.keys.slice(start, _LINES).to_pydict()
                file.writelines(
                    f"{chrom}\t{pos}\t{row}\t{ref}\t{alt}\t.\t.\t.\n"
                    for row, chrom, pos, ref, alt in zip(
                        part["row_id"], part["chrom"], part["pos"], part["ref"], part["alt"], strict=True
                    )
                )


def asked_for(rows: TableRows, most: int) -> Asked:
    """Collect the small variants of a table. Past `most` they are counted only, and `keys` says no more than their number."""
    found: list[pa.Table] = []
    count = total = 0
    wanted = pa.array(CHROMOSOMES)
    for chunk in rows.chunks():
        total += chunk.rows
        keys = chunk.keys.select(["row_id", "chrom", "pos", "ref", "alt"])
        longest = pc.max_element_wise(pc.binary_length(keys["ref"]), pc.binary_length(keys["alt"]))
        is_small = pc.and_(pc.less_equal(longest, _LONGEST), pc.not_equal(keys["ref"], keys["alt"]))
        usable = pc.and_(pc.and_(pc.is_in(keys["chrom"], wanted), pc.greater(keys["pos"], 0)), keys["alt"].is_valid())
        kept = keys.filter(pc.fill_null(pc.and_(is_small, usable), False))
        count += kept.num_rows
        found.append(kept if count <= most else kept.select(["row_id"]))
    if count > most:
        return Asked(pa.table({"row_id": pa.array(np.zeros(count, dtype=np.int8))}), total - count)
    if not found:
        return Asked(pa.table({name: pa.array([], pa.int64()) for name in ("row_id", "chrom", "pos", "ref", "alt")}), 0)
    together = pa.concat_tables(found)
    order = pc.index_in(together["chrom"], wanted).to_numpy()
    return Asked(together.take(pa.array(np.lexsort((together["pos"].to_numpy(), order)))), total - count)
