"""The columns `sv_*` of a table: one answer for each structural variant, missing for every other row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from services.genomics.cnv.sheet import CnvClassification
from services.genomics.genome import GenomeBuild
from services.knowledge.cytobands import band_of
from services.variants.annotation.known import STAMP
from services.variants.annotation.model import AnnotationRequest, Chunk, Made, Missing, no_pack
from services.variants.annotation.packs import spread
from services.variants.columns import Column, Origin
from services.variants.manifest import read_manifest
from services.variants.reference.model import PackKind
from services.variants.structural.dosage import Curated, dosage_of
from services.variants.structural.events import Event, Side, SvKind, read_events
from services.variants.structural.fusions import fusions
from services.variants.structural.genes import GenePlace, Stretches, broken, genes_of, overlapping, touched
from services.variants.structural.mates import repeats
from services.variants.structural.population import PopulationMatch, is_comparable, matches, overlaps_for_score
from services.variants.structural.scores import classified, sections

_TEXT, _TEXTS, _WHOLE, _NUMBER = pa.string(), pa.list_(pa.string()), pa.int32(), pa.float64()
_COLUMNS: Final = (
    ("sv_type", _TEXT, "Kind of structural variant: DEL, DUP, INS, INV, BND, CNV or MEI", None),
    ("sv_length", pa.int64(), "Bases of the reference that it spans; empty for insertions and breakends", None),
    ("sv_inserted", pa.int64(), "Bases that an insertion adds, as the file writes them or says", None),
    ("sv_cytoband", _TEXT, "Cytogenetic bands, of both sides of a breakend (UCSC)", None),
    ("sv_copies", _WHOLE, "Copies that the caller counted; two are usual but on X and Y", None),
    ("sv_precision", _TEXT, "How exact the breakpoints are, as the caller says", None),
    ("sv_support", _TEXT, "Reads that support it, as the caller counted them", None),
    ("sv_event", _TEXT, "Junction of a breakend: both records of one event have the same", None),
    ("sv_repeats", _TEXT, "Earlier record of the same event (its ID, else its place); missing for the record that stands first: "
                          "with `sv_repeats is missing` each event is one row", None),
    ("sv_genes", _TEXTS, "Genes that it overlaps, or that lie at its breakends", PackKind.GENE_MODELS),
    ("sv_gene_count", _WHOLE, "Number of those genes", PackKind.GENE_MODELS),
    ("sv_exons", _TEXTS, "Exons it touches on the transcript shown of each gene", PackKind.GENE_MODELS),
    ("sv_breakpoint_genes", _TEXTS, "Genes in which a breakpoint lies, and where in them", PackKind.GENE_MODELS),
    ("sv_fusion", _TEXTS, "Genes that it joins so that one transcript is possible, 5' partner first", PackKind.GENE_MODELS),
    ("sv_dosage", _TEXTS, "Curated dosage sensitivity of the genes and regions it overlaps", PackKind.DOSAGE),
    ("sv_regions", _TEXTS, "Curated regions that it contains, lies within or overlaps, with their dosage sensitivity",
     PackKind.DOSAGE),
    ("sv_population_af", _NUMBER, "Frequency of the most frequent population variant that is the same", PackKind.POPULATION_SV),
    ("sv_population_match", _TEXTS, "Population variants that are the same: equal kind and at least half of both shared; for "
                                    "insertions a place within 100 bases", PackKind.POPULATION_SV),
    ("sv_cnv_score", _NUMBER, "ACMG/ClinGen score of the loss or gain, from the cells that need no expert", None),
    ("sv_cnv_class", _TEXT, "Class that the score makes; it rests on data alone until an expert fills the other cells", None),
    ("sv_cnv_sections", _TEXTS, "Cells of the score sheet that were applied, with points, and those that could not be assessed",
     None),
)  # fmt: skip
_SCHEMA = pa.schema([pa.field("row_id", pa.int64()), *(pa.field(name, kind) for name, kind, _, _ in _COLUMNS)])
_MOST_MATCHES = 5


class StructuralLayer:
    """All structural variants of a table, answered at once: there are few of them."""

    def __init__(self, request: AnnotationRequest, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._packs = request.packs
        entries = [one for one in read_manifest(request.folder)["columns"] if "stamp" not in one]
        self._events = read_events(request.folder, entries, connection)
        self.made: tuple[Made, ...] = ()
        self.missing: tuple[Missing, ...] = (Missing("structural variants", "the table has no structural variant"),)
        if not self._events:
            return
        self._build = request.build
        self._genes = genes_of(request.packs.get(PackKind.GENE_MODELS), request.build, connection)
        self._dosage = dosage_of(request.packs.get(PackKind.DOSAGE), connection)
        self.made = tuple(self._made())
        self._values = pa.Table.from_pylist(list(self._rows()), _SCHEMA)
        self.missing = tuple(self._missing(request))

    @property
    def stamps(self) -> tuple[str, ...]:
        """What was used."""
        return tuple(dict.fromkeys(one.stamp for one in self.made))

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        """Return the columns of the rows of a chunk."""
        del known
        if not self._events:
            return []
        low, high = np.searchsorted(self._values["row_id"].to_numpy(), [chunk.first, chunk.last + 1])
        kept = {one.column.name for one in self.made}
        rows = self._values.slice(low, high - low)
        return spread(rows.select(["row_id", *(one for one in _SCHEMA.names if one in kept)]), chunk)

    def _made(self) -> Iterator[Made]:
        for name, kind, text, source in _COLUMNS:
            pack = self._packs.get(source) if source is not None else None
            if source is PackKind.POPULATION_SV and pack is None:
                continue
            if name in ("sv_exons", "sv_regions") and pack is None:
                continue
            stamp = pack.stamp if pack else STAMP
            own = f" ({stamp})" if source is not None else ""
            yield Made(Column(name, kind, f"{text}{own}", Origin.ANNOTATION), stamp)

    def _rows(self) -> Iterator[dict[str, Any]]:
        events = self._events
        overlaps = overlapping(self._connection, touched(events), _stretches(self._genes))
        breaks = overlapping(self._connection, broken(events), _stretches(self._genes))
        regions = overlapping(self._connection, touched(events), self._dosage.stretches)
        coding = self._coding_of_regions()
        repeated = repeats(events)
        pack = self._packs.get(PackKind.POPULATION_SV)
        population = matches(events, pack, self._connection) if pack is not None else None
        for number, event in enumerate(events):
            hit = [self._genes[one] for one in overlaps.get(number, ())]
            cut = [self._genes[one] for one in breaks.get(number, ())]
            curated = [(self._dosage.regions[one], coding[one]) for one in regions.get(number, ())]
            found = None if population is None else population.get(number, [])
            first = events[repeated[number]] if number in repeated else None
            row = {
                **_place(event, self._build), **_told(event), **_joined(event, first), **_gene_values(event, hit, cut),
                "sv_dosage": self._dosage_of(hit, [one for one, _ in curated]),
                "sv_regions": [one.beside(event.start, event.end) for one, _ in curated if event.has_span] or None,
                **_population_values(found),
            }
            yield row | _score_values(self._score(event, hit, cut, curated, found))

    def _score(
        self, event: Event, hit: Sequence[GenePlace], cut: Sequence[GenePlace],
        regions: Sequence[tuple[Curated, frozenset[str]]], found: Sequence[PopulationMatch] | None,
    ) -> CnvClassification | None:
        """Score a loss or gain. Without gene models only where it meets a curated gene or region: elsewhere nothing is known."""
        has_models = PackKind.GENE_MODELS in self._packs
        if not has_models and not regions and not any(one.symbol in self._dosage.genes for one in hit):
            return None
        interrupts = any(one.is_coding for one in cut) if has_models else None
        population = None if found is None else overlaps_for_score(found)
        return classified(event, hit, regions, self._dosage, population, interrupts_gene=interrupts)

    def _coding_of_regions(self) -> list[frozenset[str]]:
        """Return the protein-coding genes of each curated region."""
        found = overlapping(self._connection, self._dosage.stretches, _stretches(self._genes))
        return [
            frozenset(self._genes[one].symbol for one in found.get(number, ()) if self._genes[one].is_coding)
            for number in range(len(self._dosage.regions))
        ]

    def _dosage_of(self, hit: Sequence[GenePlace], regions: Sequence[Curated]) -> list[str] | None:
        curated = [self._dosage.genes[one.symbol] for one in hit if one.symbol in self._dosage.genes]
        return [text for one in (*curated, *regions) if (text := one.text) is not None] or None

    def _missing(self, request: AnnotationRequest) -> Iterator[Missing]:
        if PackKind.GENE_MODELS not in request.packs:
            effect = f"only the {len(self._genes)} built-in genes were looked at, by their extent; exons are not known"
            yield no_pack(PackKind.GENE_MODELS, request.build, effect)
        if PackKind.DOSAGE not in request.packs:
            effect = "dosage sensitivity is known for the built-in genes only, for no region"
            yield no_pack(PackKind.DOSAGE, request.build, effect)
        if PackKind.POPULATION_SV not in request.packs:
            yield no_pack(PackKind.POPULATION_SV, request.build, "how frequent a structural variant is was not looked up")
        open_ended = [one for one in self._events if one.kind is SvKind.BREAKEND and not one.junctions]
        if open_ended:
            yield Missing("breakends", f"{_count(open_ended)} without the place of the other side: no fusion can be looked for")
        undirected = [one for one in self._events if one.kind is SvKind.COPY_NUMBER and one.dosage is None]
        if undirected:
            why = "whether copies are lost or gained is not told, or depends on the person's sex"
            yield Missing("copy number", f"{_count(undirected)} not scored: {why}")
        unknown = [one for one in self._events if one.kind is SvKind.UNKNOWN]
        if unknown:
            yield Missing("kinds", f"{_count(unknown)} of a kind that is not known: only the genes at the place are given")
        incomparable = [one for one in self._events if not is_comparable(one)]
        if incomparable and PackKind.POPULATION_SV in request.packs:
            yield Missing("population", f"{_count(incomparable)} not compared with a population: breakends and unknown kinds")


def _count(events: Sequence[Event]) -> str:
    return f"{len(events):,} structural variant{'' if len(events) == 1 else 's'}"


def _stretches(places: Sequence[GenePlace]) -> Stretches:
    return Stretches(
        range(len(places)), [one.chrom for one in places], [one.start for one in places], [one.end for one in places]
    )


def _place(event: Event, build: GenomeBuild) -> dict[str, Any]:
    kind = None if event.kind is SvKind.UNKNOWN else event.kind.value
    bands = [band_of(build, chrom, start, end) for chrom, start, end in event.places]
    return {
        "row_id": event.row_id, "sv_type": kind, "sv_length": event.end - event.start + 1 if event.has_span else None,
        "sv_cytoband": " / ".join(dict.fromkeys(one for one in bands if one is not None)) or None,
    }


def _told(event: Event) -> dict[str, Any]:
    call = event.call
    return {
        "sv_inserted": call.inserted, "sv_copies": call.copies, "sv_precision": call.precision, "sv_support": call.support_text,
    }


def _joined(event: Event, first: Event | None) -> dict[str, Any]:
    """Describe the junction of a breakend, the same from both sides, and the record that told of it before."""
    if event.kind is not SvKind.BREAKEND:
        return {}
    told = (first or event).junctions
    sides = sorted(told[0], key=lambda one: (one.chrom, one.position)) if told else []
    text = " joined to ".join(f"{one.chrom}:{one.position}{_KEPT[one.keeps_left]}" for one in sides)
    if len(sides) > 1 and sides[0].chrom == sides[1].chrom:
        text += _like(sides[0], sides[1])
    repeated = None if first is None else first.call.name or f"{first.chrom}:{first.start}"
    return {"sv_event": text or None, "sv_repeats": repeated}


def _like(low: Side, high: Side) -> str:
    """Say what such a junction within a chromosome would come from; callers of breakends alone leave that to the reader."""
    if low.keeps_left is None or high.keeps_left is None:
        return ""
    if low.keeps_left == high.keeps_left:
        return ", as an inversion joins"
    bases = high.position - low.position - 1 if low.keeps_left else high.position - low.position + 1
    return f", as a {'deletion' if low.keeps_left else 'tandem duplication'} of {bases:,} bases joins" if bases > 0 else ""


_KEPT = {True: " (left part)", False: " (right part)", None: ""}
"""Which part of the chromosome goes on at the junction."""


def _gene_values(event: Event, hit: Sequence[GenePlace], cut: Sequence[GenePlace]) -> dict[str, Any]:
    names = list(dict.fromkeys(one.symbol for one in hit))
    places: dict[str, list[str]] = defaultdict(list)
    for chrom, position in event.breakpoints:
        for one in _at(cut, chrom, position):
            where = one.position_in(position)
            if where not in places[one.symbol]:
                places[one.symbol].append(where)
    return {
        "sv_genes": names or None, "sv_gene_count": len(names),
        "sv_exons": [text for one in hit if (text := _exons(event, one)) is not None] or None,
        "sv_breakpoint_genes": [f"{symbol}: {', '.join(found)}" for symbol, found in places.items()] or None,
        "sv_fusion": fusions(event, lambda chrom, position: _at(cut, chrom, position)) or None,
    }  # fmt: skip


def _at(genes: Sequence[GenePlace], chrom: str, position: int) -> list[GenePlace]:
    return [one for one in genes if one.chrom == chrom and one.start <= position <= one.end]


def _exons(event: Event, gene: GenePlace) -> str | None:
    hits = [gene.exons_hit(start, end) for chrom, start, end in event.places if chrom == gene.chrom]
    known = [one for one in hits if one is not None]
    if not known:
        return None
    first, last = min(one[0] for one in known), max(one[1] for one in known)
    count = len(gene.exon_starts)
    which = f"all {count} exons" if last - first + 1 == count and count > 1 else f"exon {first}" if first == last else (
        f"exons {first}-{last}"
    )
    of_all = "" if which.startswith("all") else f" of {count}"
    return f"{gene.symbol} {which}{of_all} ({gene.transcript})"


def _population_values(found: Sequence[PopulationMatch] | None) -> dict[str, Any]:
    same = [one for one in found or () if one.is_same]
    frequencies = [one.frequency for one in same if one.frequency is not None]
    return {
        "sv_population_af": max(frequencies, default=None),
        "sv_population_match": [one.text for one in same[:_MOST_MATCHES]] or None,
    }


def _score_values(found: CnvClassification | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"sv_cnv_score": float(found.score), "sv_cnv_class": str(found.pathogenicity), "sv_cnv_sections": sections(found)}
