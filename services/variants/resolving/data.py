"""The installed data a resolution looks at, opened for one build; what is not installed is named as it is missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb

from services.errors import InvalidInputError, UnavailableError
from services.genomics.genome import GenomeBuild
from services.genomics.hgvs.projection import Bases
from services.genomics.hgvs.transcript import TranscriptModel
from services.knowledge.genes import gene as known_gene
from services.knowledge.genes import genes
from services.variants.gene_models import transcripts_named, transcripts_of_gene, transcripts_over
from services.variants.reference.asking import ask
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind
from services.variants.reference.sequence import ReferenceGenome

_MAX_ROWS = 50
_BY_RSID = "SELECT chrom, pos, ref, alt, gene FROM read_parquet(?) WHERE rsid = ? ORDER BY chrom_order, pos, alt"
_BY_MANE = "SELECT symbol FROM read_parquet(?) WHERE split_part(refseq, '.', 1) = ? OR split_part(protein, '.', 1) = ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class InstalledData:
    """Gene models, sequence, ClinVar and MANE of one build; each None where it is not installed."""

    build: GenomeBuild
    models: Pack | None
    genome: ReferenceGenome | None
    clinvar: Pack | None
    mane: Pack | None

    def bases(self, chrom: str) -> Bases | None:
        """Return the bases of a chromosome; None where its sequence is not installed."""
        contig = None if self.genome is None else self.genome.contig(chrom)
        return None if self.genome is None or contig is None else partial(_bases, self.genome, contig)

    def of_gene(self, gene: str) -> tuple[TranscriptModel, ...]:
        """Return the transcripts of a gene, best first; a former symbol is read as the present one where that is known."""
        if self.models is None:
            return ()
        present = known_gene(gene)
        return transcripts_of_gene(self.models, gene) or (
            transcripts_of_gene(self.models, present.symbol) if present is not None else ()
        )

    def named(self, accession: str) -> tuple[TranscriptModel, ...]:
        """Return the transcripts with an accession; for a MANE Select one of RefSeq also its counterpart of the other source."""
        if self.models is None:
            return ()
        found = transcripts_named(self.models, accession)
        if found or not accession.startswith(("NM_", "NP_")):
            return found
        symbol = self.gene_of_mane(accession)
        same = transcripts_of_gene(self.models, symbol) if symbol else ()
        return tuple(one for one in same if one.mark == "mane_select")

    def gene_of_mane(self, accession: str) -> str | None:
        """Return the gene whose MANE Select transcript or protein an accession of RefSeq is, whatever the version."""
        bare = accession.partition(".")[0]
        for one in genes().values():
            if (one.mane_select or "").partition(".")[0] == bare:
                return one.symbol
        rows = _rows(self.mane, _BY_MANE, [bare, bare])
        return str(rows[0]["symbol"]) if rows else None

    def at(self, chrom: str, start: int, end: int) -> tuple[TranscriptModel, ...]:
        """Return the transcripts that overlap a stretch, best first."""
        return () if self.models is None else transcripts_over(self.models, chrom, start, end)

    def by_rsid(self, rsid: str) -> list[Mapping[str, Any]]:
        """Return the rows of the ClinVar pack with an rsID."""
        return _rows(self.clinvar, _BY_RSID, [rsid])


@contextmanager
def installed_data(references: ReferenceLibrary | None, build: GenomeBuild) -> Iterator[InstalledData]:
    """Open what is installed for a build, and close it at the end."""
    if references is None:
        yield InstalledData(build, None, None, None, None)
        return
    sequence = references.active(PackKind.SEQUENCE, build)
    genome = None if sequence is None else _opened(sequence)
    try:
        yield InstalledData(
            build, references.active(PackKind.GENE_MODELS, build), genome, references.active(PackKind.CLINVAR, build),
            references.active(PackKind.MANE, build),
        )
    finally:
        if genome is not None:
            genome.close()


def _bases(genome: ReferenceGenome, contig: str, start: int, end: int) -> str:
    """The bases of a stretch; fewer at the end of a contig, none past it."""
    return genome.bases(contig, start, end) if start <= genome.lengths[contig] else ""


def _opened(sequence: Pack) -> ReferenceGenome:
    try:
        return ReferenceGenome(sequence.path)
    except InvalidInputError as error:
        raise UnavailableError(f"the installed pack {sequence.stamp} cannot be read: install it again") from error


def _rows(pack: Pack | None, sql: str, values: list[str]) -> list[Mapping[str, Any]]:
    if pack is None:
        return []
    try:
        return [*ask([pack.path], sql, [str(pack.path), *values], limit=_MAX_ROWS)]
    except duckdb.Error as error:
        raise UnavailableError(f"the installed pack {pack.stamp} cannot be read: install it again") from error
