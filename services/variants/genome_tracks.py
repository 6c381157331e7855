"""What the genome view draws without asking for a file: the genes of the product and the table's own variants around a place.

Features are in the form igv.js takes: `start` is 0-based, `end` exclusive. Names hold letters, digits and a few signs only, since
a viewer may write them into a page as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.errors import InvalidInputError
from services.genomics.genome import CHROMOSOME_LENGTHS, GenomeBuild, canonical_chromosome
from services.genomics.hgvs.transcript import TranscriptModel
from services.knowledge.genes import genes, genes_at
from services.variants.filters import Region
from services.variants.gene_models import transcripts_over
from services.variants.reference.model import Pack
from services.variants.tables import VariantTable

Feature = Mapping[str, Any]
AROUND_A_VARIANT = 60
"""Bases shown at either side of a variant."""
_VARIANTS_AROUND = 50_000
_TRANSCRIPTS_AROUND = 100_000
_MITOCHONDRION = 16_569
MAX_VARIANTS = 2_000
_LONGEST_ALLELE = 20
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 .,:*+_()-]")


@dataclass(frozen=True, slots=True)
class Locus:
    """A stretch of a chromosome of a build, without chr, or of a contig of a reference of one's own: then `build` is None.

    1-based and inclusive; `length` is that of the whole contig.

    :raise InvalidInputError: the contig has no such positions.
    """

    build: GenomeBuild | None
    chrom: str
    start: int
    end: int
    length: int

    def __post_init__(self) -> None:
        if not 1 <= self.start <= self.end or self.start > self.length:
            raise InvalidInputError(f"{self.chrom} of {self.genome} has no positions {self.start:,} to {self.end:,}")

    @property
    def genome(self) -> str:
        """The build, or that it is a reference of one's own."""
        return self.build.value if self.build else "the uploaded reference"

    @property
    def written(self) -> str:
        """As `16:50,745,866-50,745,986`."""
        return f"{self.chrom}:{self.start:,}-{self.end:,}"

    def widened(self, bases: int) -> Locus:
        """The same stretch with so many bases more at either side, as far as the contig goes."""
        return replace(self, start=max(1, self.start - bases), end=min(self.length, self.end + bases))


def lengths(build: GenomeBuild) -> Mapping[str, int]:
    """Return the chromosomes of a build with their lengths; the mitochondrion as NC_012920, with which both builds are used."""
    return {**CHROMOSOME_LENGTHS[build], "MT": _MITOCHONDRION}


def locus_of(build: GenomeBuild, row: Mapping[str, Any]) -> Locus | None:
    """Return the place of a table's row; None where it lies on no chromosome of the build."""
    chromosome = canonical_chromosome(row["chrom"] or "")
    return None if chromosome is None else _locus(build, chromosome, lengths(build)[chromosome], row)


def locus_on(contigs: Mapping[str, int], row: Mapping[str, Any]) -> Locus | None:
    """Return the place of a table's row on a reference of one's own, given by the lengths of its contigs."""
    length = contigs.get(row["chrom"] or "")
    return None if length is None else _locus(None, row["chrom"], length, row)


def _locus(build: GenomeBuild | None, chrom: str, length: int, row: Mapping[str, Any]) -> Locus | None:
    position = row["pos"] or 0
    if not 1 <= position <= length:
        return None
    return Locus(build, chrom, position, min(length, max(position, row["end"] or 0)), length)


def gene_features(build: GenomeBuild) -> list[Feature]:
    """Return the built-in genes of a build as they lie on it, each as one stretch without exons."""
    found: list[Feature] = []
    for gene in genes().values():
        place = gene.places.get(build.value)
        if place is not None:
            found.append(
                {"chr": place.chrom, "start": place.start - 1, "end": place.end, "name": gene.symbol, "strand": place.strand}
            )
    return found


def transcript_features(pack: Pack, locus: Locus) -> list[Feature]:
    """Return the transcripts of an installed gene model within 100,000 bases of the place, best first, with exons and UTRs."""
    around = locus.widened(_TRANSCRIPTS_AROUND)
    return [_transcript(one) for one in transcripts_over(pack, around.chrom, around.start, around.end)]


def _transcript(model: TranscriptModel) -> Feature:
    return {
        "chr": model.chrom, "start": model.exons[0][0] - 1, "end": model.exons[-1][1],
        "name": plain_name(f"{model.gene} {model.accession}".strip()), "strand": "+" if model.is_plus_strand else "-",
        "mark": plain_name(model.mark.replace("_", " ")), "exons": [_exon(exon, model.coding) for exon in model.exons],
    }  # fmt: skip


def _exon(exon: tuple[int, int], coding: tuple[int, int] | None) -> Feature:
    """An exon with its coding part; a non-coding exon is drawn thin."""
    first, last = (max(exon[0], coding[0]), min(exon[1], coding[1])) if coding else (1, 0)
    if first > last:
        return {"start": exon[0] - 1, "end": exon[1], "utr": True}
    return {"start": exon[0] - 1, "end": exon[1], "cdStart": first - 1, "cdEnd": last}


def gene_names(locus: Locus) -> tuple[str, ...]:
    """Return the symbols of the built-in genes that overlap the place."""
    if locus.build is None:
        return ()
    return tuple(gene.symbol for gene in genes_at(locus.build.value, locus.chrom, locus.start, locus.end))


@dataclass(frozen=True, slots=True)
class TableFeatures:
    """The table's variants around a place; `left_out` counts those beyond the limit."""

    features: tuple[Feature, ...]
    around: Locus
    left_out: int


def variant_features(table: VariantTable, locus: Locus) -> TableFeatures:
    """Return the rows that overlap the place or lie within 50,000 bases of it, at most 2,000, in genome order."""
    around = locus.widened(_VARIANTS_AROUND)
    region = Region(around.chrom, around.start, around.end)
    rows = table.page(region, limit=MAX_VARIANTS, columns=("pos", "end", "ref", "alt", "variant_type")).to_pylist()
    features = tuple(
        {
            "chr": locus.chrom, "start": row["pos"] - 1, "end": max(row["end"] or 0, row["pos"]),
            "name": f"{_allele(row['ref'])}>{_allele(row['alt'])}", "type": plain_name(str(row["variant_type"] or "")),
        }
        for row in rows
        if row["pos"]
    )  # fmt: skip
    total = table.count(region) if len(rows) == MAX_VARIANTS else len(rows)
    return TableFeatures(features, around, total - len(rows))


def _allele(text: str | None) -> str:
    shown = plain_name(text or ".")
    return shown if len(shown) <= _LONGEST_ALLELE else f"{shown[:_LONGEST_ALLELE]}..."


def plain_name(text: str) -> str:
    """Return a text without what could be markup: other signs are left out."""
    return _NOT_PLAIN.sub("", text[:200])
