"""Which transcript a variant is read on, from the installed gene models: MANE Select first, one per gene."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from services.errors import InvalidInputError
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.genome import GenomeBuild
from services.genomics.hgvs.projection import describe
from services.genomics.hgvs.transcript import TranscriptModel
from services.variants.classification.changes import Bases, CodingTranscript
from services.variants.classification.packs import PackReader, Site
from services.variants.reference.model import Pack, PackKind
from services.variants.reference.sequence import ReferenceGenome

_MARKS = ("mane_select", "mane_plus_clinical", "canonical")


@dataclass(frozen=True, slots=True)
class Placed:
    """One coding transcript of a gene, and where it was taken from."""

    gene: str
    mark: str
    transcript: CodingTranscript
    pack: Pack
    first: int
    last: int
    version: int | None
    bases: Bases | None

    def named(self, site: Site) -> str:
        """Write a change on the transcript in HGVS; empty where it reaches past its end, or needs a sequence that is missing."""
        model = self.transcript.model
        if self.bases is None and not len(site.ref) == len(site.alt) == 1:
            return ""
        numbered = f"{model.accession}.{self.version}" if self.version and "." not in model.accession else model.accession
        own = TranscriptModel(numbered, self.gene, self.mark, site.chrom, model.is_plus_strand, model.exons, model.coding)
        change = describe(site.pos, site.ref, site.alt, own, self.bases or _no_bases)
        return f"{numbered}:c.{change}" if change is not None else ""

    @property
    def accession(self) -> str:
        return self.transcript.model.accession

    @property
    def is_mane(self) -> bool:
        return self.mark.startswith("mane")

    def covers(self, first: int, last: int) -> bool:
        return self.first <= last and first <= self.last


class Transcripts:
    """Finds transcripts by place. Reference sequences stay open. Safe for use from several threads."""

    def __init__(self, packs: PackReader) -> None:
        self._packs = packs
        self._genomes: dict[Path, ReferenceGenome] = {}
        self._lock = Lock()

    def over(self, build: GenomeBuild, chrom: str, first: int, last: int) -> tuple[Placed, ...] | None:
        """Return the chosen coding transcript of each gene over a stretch; None where no gene models are installed."""
        found = self._packs.exons(build, chrom, first, last)
        if found is None:
            return None
        pack, rows = found
        by_transcript: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows:
            by_transcript[row["transcript"]].append(row)
        # the mitochondrion has another genetic code than the one a change is worked out with: only places are told there
        bases = None if chrom == "MT" else self._bases(build, chrom)
        best: dict[str, Placed] = {}
        for exons in by_transcript.values():
            placed = _placed(exons, bases, pack)
            if placed is not None and _rank(placed) < _rank(best.get(placed.gene)):
                best[placed.gene] = placed
        return tuple(sorted(best.values(), key=lambda one: (_rank(one), one.gene)))

    def has_sequence(self, build: GenomeBuild) -> bool:
        return self._packs.pack(PackKind.SEQUENCE, build) is not None

    def close(self) -> None:
        with self._lock:
            for genome in self._genomes.values():
                genome.close()
            self._genomes.clear()

    def _bases(self, build: GenomeBuild, chrom: str) -> Bases | None:
        pack = self._packs.pack(PackKind.SEQUENCE, build)
        if pack is None:
            return None
        with self._lock:
            genome = self._genomes.get(pack.path)
            if genome is None:
                genome = self._genomes[pack.path] = ReferenceGenome(pack.path)
        contig = genome.contig(chrom)
        return None if contig is None else lambda first, last: genome.bases(contig, first, last)


def of_place(placed: Iterable[Placed], first: int, last: int, gene: str) -> Placed | None:
    """Return the transcript to read a variant on: the named gene's, else the first one that covers it."""
    over = [one for one in placed if one.covers(first, last)]
    return next((one for one in over if one.gene == gene), over[0] if over and not gene else None)


def _placed(rows: Sequence[Mapping[str, Any]], bases: Bases | None, pack: Pack) -> Placed | None:
    coding = [(row["coding_start"], row["coding_end"]) for row in rows if row["coding_start"] is not None]
    if not coding:
        return None
    head = rows[0]
    try:
        model = GeneModel(
            head["transcript"], head["strand"] == "+", tuple((row["start"], row["end"]) for row in rows),
            (min(start for start, _ in coding), max(end for _, end in coding)),
        )
    except InvalidInputError:  # a gene model that contradicts itself can decide nothing
        return None
    ends = min(first for first, _ in model.exons), max(last for _, last in model.exons)
    return Placed(head["gene"], head["mark"] or "", CodingTranscript(model, bases), pack, *ends, head["version"], bases)


def _no_bases(_first: int, _last: int) -> str:
    return ""


def _rank(placed: Placed | None) -> tuple[int, int, str]:
    """Order by mark, then the longest span, then the accession; lower is better."""
    if placed is None:
        return (len(_MARKS) + 1, 0, "")
    exons = placed.transcript.model.exons
    place = _MARKS.index(placed.mark) if placed.mark in _MARKS else len(_MARKS)
    return (place, -sum(last - first + 1 for first, last in exons), placed.accession)
