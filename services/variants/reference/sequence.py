"""A reference genome in FASTA: do the file's REF alleles agree with it, and where does an indel belong when left-aligned?

Contigs are matched by name, or by chromosome where the two sides write it differently (`chr1` and `1`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pysam

from services.errors import InvalidInputError
from services.genomics.alleles import left_align
from services.genomics.genome import BuildEvidence, build_from_lengths, canonical_chromosome
from services.variants.vcf.strings import Offsets, encode

_INDELS = {"insertion", "deletion", "delins"}
_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A record whose REF is not what the reference has there."""

    line: int
    chrom: str
    position: int
    ref: str
    expected: str

    @property
    def reason(self) -> str:
        there = self.expected[:_MAX_SHOWN] or "nothing"
        return f"REF is {self.ref[:_MAX_SHOWN]}, the reference has {there} at {self.chrom}:{self.position}"


class ReferenceGenome:
    """An indexed FASTA file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open `path`; its index (`.fai`) must stand beside it. Raises InvalidInputError otherwise."""
        index = Path(f"{path}.fai")
        if not path.is_file() or not index.is_file():
            raise InvalidInputError("the reference genome must be a FASTA file with its index (.fai) beside it")
        try:
            self._fasta = pysam.FastaFile(str(path))
        except (OSError, ValueError) as problem:
            raise InvalidInputError("the reference genome cannot be read as FASTA") from problem
        self._lock = Lock()
        self.lengths: dict[str, int] = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))
        self._by_chromosome = {canonical: name for name in self.lengths if (canonical := canonical_chromosome(name))}

    @property
    def build(self) -> BuildEvidence | None:
        return build_from_lengths(self.lengths)

    def contig(self, name: str) -> str | None:
        """Return what this reference calls a contig, or None where it has none such."""
        if name in self.lengths:
            return name
        canonical = canonical_chromosome(name)
        return self._by_chromosome.get(canonical) if canonical else None

    def bases(self, contig: str, start: int, end: int) -> str:
        """Return the bases of a 1-based inclusive range in upper case; shorter at the contig's end."""
        with self._lock:
            text: str = self._fasta.fetch(contig, max(start, 1) - 1, min(end, self.lengths[contig]))
        return text.upper()

    def close(self) -> None:
        self._fasta.close()

    def mismatches(self, table: pa.Table) -> tuple[list[Mismatch], int]:
        """Compare each record's REF with the reference. Returns the mismatches and how many records were compared.

        A reference base that is not A, C, G or T agrees with anything, as does N in REF.
        """
        found: list[Mismatch] = []
        compared = 0
        for name, rows in _by_contig(table):
            contig = self.contig(name)
            if contig is None:
                continue
            part = table.select(["line", "original_pos", "original_ref", "allele_index"]).take(pa.array(rows))
            first = part["allele_index"].to_numpy() == 1
            part = part.filter(pa.array(first))
            positions, refs = part["original_pos"].to_numpy(), part["original_ref"].to_pylist()
            if not len(positions):
                continue
            compared += len(positions)
            start = int(positions.min())
            region = self.bases(contig, start, int(positions.max()) + max(map(len, refs)))
            lines = part["line"].to_pylist()
            for line, position, ref in zip(lines, positions.tolist(), refs, strict=True):
                expected = region[position - start : position - start + len(ref)] if position else ref
                if expected != ref and not _agrees(ref.upper(), expected):
                    found.append(Mismatch(line, name, position, ref, expected))
        return found, compared

    def normalised(self, table: pa.Table) -> tuple[pa.Table, int]:
        """Left-align insertions and deletions. Returns the table with new `pos`, `ref`, `alt` and `end`, and how many moved."""
        types = table["variant_type"].to_pylist()
        chosen = [row for row, kind in enumerate(types) if kind in _INDELS]
        if not chosen:
            return table, 0
        wanted = table.select(["chrom", "pos", "ref", "alt"]).take(pa.array(chosen)).to_pydict()
        positions = table["pos"].to_numpy().copy()
        ends = table["end"].to_numpy().copy()
        refs, alts = table["ref"].to_pylist(), table["alt"].to_pylist()
        moved = 0
        for row, chrom, position, ref, alt in zip(
            chosen, wanted["chrom"], wanted["pos"], wanted["ref"], wanted["alt"], strict=True
        ):
            contig = self.contig(chrom)
            if contig is None or position < 1:
                continue
            aligned = left_align(position, ref, alt, partial(self.bases, contig))
            if aligned != (position, ref, alt):
                moved += 1
                positions[row], refs[row], alts[row] = aligned
                ends[row] = aligned[0] + len(aligned[1]) - 1
        if not moved:
            return table, 0
        for name, values in (
            ("pos", pa.array(positions)),
            ("end", pa.array(ends)),
            ("ref", pa.array(refs)),
            ("alt", pa.array(alts)),
        ):
            table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
        return table, moved


def _by_contig(table: pa.Table) -> list[tuple[str, Offsets]]:
    codes, names = encode(table["chrom"].combine_chunks())
    return [(name, np.flatnonzero(codes == code)) for code, name in enumerate(names)]


def _agrees(ref: str, expected: str) -> bool:
    if len(ref) != len(expected):
        return False
    return all(own == there or there not in "ACGT" or own not in "ACGT" for own, there in zip(ref, expected, strict=True))
