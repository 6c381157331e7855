"""Classify copy number variants with known significance: `python -m validation.cnv FILE... [--reference DIR] [--models FILE]`.

FILE is tab-separated, plain or gzip, with the columns `variant_id`, `cnv_type` (copy number loss or gain), `clinsig` (1
pathogenic, 0 benign), `chr`, `start_hg38`, `end_hg38`. DIR holds ClinGen's dosage files (`clingen_dosage/hg38`), RefSeq gene
extents and the last 50 bases of each penultimate exon. Nothing else is looked at: no ClinVar variant, no other column.

What the reference cannot say is bridged by rules stated here, and only here; the engine itself gets relations:
    * A region counts as contained from 90 % of it on: breakpoints of arrays are known to the nearest probe only.
    * Genes of a pseudoautosomal region are listed under one chromosome; a variant on X or Y meets both.
    * Exons are not in the reference. An end of a gene that is covered takes coding sequence from a tenth of the gene's extent
      on; exons beyond the last are hit when the penultimate one is. The side of an end follows from the penultimate exon
      where that lies in the outer fifth of the gene.
    * An intragenic loss that removes half of a gene or more is taken for PVS1; of any smaller one, and of any intragenic gain,
      exons and reading frame are not known, so 2E or 2I is not assessable and gives no points.

With --models (GFF3 of the file's build, or the `exons.parquet` of installed gene models) the last two rules are not needed: a
gene with a model, found by the accession in the reference or as MANE Select, is judged exon by exon, as the product does.

With --half only the variants of half of the chromosomes are looked at: `choose` those with odd number and X, on which rules may
be compared, `report` the others. Misses are counted by what they touch (`validation.cnv_reasons`): it bounds what can be reached.

Prints a table, misses to stderr with --verbose; the last line is JSON: figures over all files, and per file under `files`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.exons import GeneContext, gene_overlap
from services.genomics.cnv.record import CnvRecord, Dosage, Extent, GeneOverlap, RegionOverlap, Relation
from services.genomics.cnv.sheet import CnvClassification, classify_cnv
from validation.cnv_reasons import reasons_of_misses
from validation.gene_models import read_gene_models

DEFAULT_REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "data" / "reference"
NEEDED = ("variant_id", "cnv_type", "clinsig", "chr", "start_hg38", "end_hg38")
CONTAINED, CODING, OUTER, LOST = 0.90, 0.10, 0.20, 0.50
PSEUDOAUTOSOMAL_END = {"hg38": 2_781_479, "hg19": 0}
"""Last base of the first pseudoautosomal region where X and Y share coordinates; in GRCh37 they do not."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A named stretch, 0-based half-open as in BED. `score` is the dosage score, `accession` the transcript."""

    start: int
    end: int
    name: str
    score: str = ""
    accession: str = ""

    def meets(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end

    def covered(self, start: int, end: int) -> float:
        return max(0, min(self.end, end) - max(self.start, start)) / (self.end - self.start)


class Track:
    """Intervals by chromosome; a search looks only at those that begin before the end asked for.

    `shared_end` is the last base of the pseudoautosomal region in which X and Y have the same coordinates, 0 for none.
    """

    def __init__(self, rows: Iterable[tuple[str, Interval]], shared_end: int) -> None:
        self._shared_end = shared_end
        self._rows: dict[str, list[Interval]] = defaultdict(list)
        for chromosome, interval in rows:
            self._rows[chromosome].append(interval)
        for found in self._rows.values():
            found.sort(key=lambda one: (one.start, one.end, one.name))
        self._starts = {name: [one.start for one in found] for name, found in self._rows.items()}

    def overlapping(self, chromosome: str, start: int, end: int) -> list[Interval]:
        is_shared = chromosome in ("chrX", "chrY") and start < self._shared_end
        names = ("chrX", "chrY") if is_shared else (chromosome,)
        found = [one for name in names for one in self._search(name, start, end)]
        return sorted(set(found), key=lambda one: (one.start, one.end, one.name))

    def __iter__(self) -> Iterator[Interval]:
        return (one for found in self._rows.values() for one in found)

    def _search(self, chromosome: str, start: int, end: int) -> list[Interval]:
        last = bisect_left(self._starts.get(chromosome, []), end)
        return [one for one in self._rows.get(chromosome, [])[:last] if one.meets(start, end)]



@dataclass(frozen=True, slots=True)
class Reference:
    """The reference folder read."""

    coding: Track
    penultimate: dict[str, Interval]
    accessions: dict[str, str]
    hi_genes: Track
    ts_genes: Track
    hi_regions: Track
    ts_regions: Track
    benign_gain_genes: dict[tuple[int, int], frozenset[str]]
    models: Mapping[str, GeneModel] = field(default_factory=dict)
    """By accession without version, or by symbol; empty: no gene models were given."""


@dataclass(frozen=True, slots=True)
class Case:
    """One variant of a file with what it was said to be."""

    name: str
    kind: CnvType
    chromosome: str
    start: int
    end: int
    is_pathogenic: bool


def read_reference(folder: Path, build: str = "hg38") -> Reference:
    """Read the files of a build (hg38, hg19); raises InvalidInputError naming one that is missing or has too few columns."""
    dosage, shared = folder / "clingen_dosage" / build, PSEUDOAUTOSOMAL_END[build]
    genes = [
        (chromosome, Interval(start, end, rest[1], accession=rest[0]))
        for chromosome, start, end, rest in _bed(folder / f"refseq_genes.{build}.bed.gz", 2) if rest[0].startswith("NM_")
    ]
    coding = Track(genes, shared)
    benign: dict[tuple[int, int], set[str]] = defaultdict(set)
    for _, start, end, rest in _bed(dosage / "Benign_TS_region_genelist.bed", 1):
        benign[start, end].add(rest[0])
    return Reference(
        coding=coding,
        penultimate={
            rest[0]: Interval(start, end, rest[0])
            for _, start, end, rest in _bed(folder / f"refseq_penultimate_exon_50bp.{build}.bed.gz", 1)
        },
        accessions={gene.name: gene.accession for _, gene in genes},
        hi_genes=_dosage_genes(dosage / "ClinGen_haploinsufficiency_gene.bed", coding, shared),
        ts_genes=_dosage_genes(dosage / "ClinGen_triplosensitivity_gene.bed", coding, shared),
        hi_regions=_dosage_regions(dosage / "ClinGen_region_curation_list.HI.bed", shared),
        ts_regions=_dosage_regions(dosage / "ClinGen_region_curation_list.TS.bed", shared),
        benign_gain_genes={place: frozenset(names) for place, names in benign.items()},
    )


def _dosage_genes(path: Path, coding: Track, shared_end: int) -> Track:
    """Read curated genes under the names that the gene extents have: a gene renamed since is the one in its place."""
    known = {one.name for one in coding}
    rows = []
    for chromosome, start, end, rest in _bed(path, 2):
        name = rest[0] if rest[0] in known else _name_in_place(coding, chromosome, start, end) or rest[0]
        rows.append((chromosome, Interval(start, end, name, score=rest[1])))
    return Track(rows, shared_end)


def _name_in_place(coding: Track, chromosome: str, start: int, end: int) -> str | None:
    place = Interval(start, end, "")
    found = [
        one.name for one in coding.overlapping(chromosome, start, end)
        if one.covered(start, end) >= CONTAINED and place.covered(one.start, one.end) >= CONTAINED
    ]
    return found[0] if len(found) == 1 else None


def _dosage_regions(path: Path, shared_end: int) -> Track:
    rows = (
        (chromosome, Interval(start, end, f"{chromosome}:{start + 1}-{end}", score=rest[0]))
        for chromosome, start, end, rest in _bed(path, 1)
    )
    return Track(rows, shared_end)


def _bed(path: Path, columns: int) -> Iterator[tuple[str, int, int, list[str]]]:
    if not path.is_file():
        raise InvalidInputError(f"the reference has no {path.name}")
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            cells = line.rstrip("\r\n").split("\t")
            if line.startswith(("track", "#", "browser")) or not line.strip():
                continue
            if len(cells) < 3 + columns or not (cells[1].isdigit() and cells[2].isdigit()) or int(cells[1]) >= int(cells[2]):
                raise InvalidInputError(f"{path.name}, line {number}: chromosome, start, end and {columns} more columns")
            yield cells[0], int(cells[1]), int(cells[2]), cells[3:]


def _open(path: Path) -> TextIO:
    return TextIOWrapper(gzip.open(path), encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8", newline="")


def is_chosen_on(case: Case) -> bool:
    """Whether rules may be compared on a variant: neighbours share their genes, so a half is made of whole chromosomes."""
    name = case.chromosome.removeprefix("chr")
    return name == "X" or (name.isdigit() and int(name) % 2 == 1)


def read_cases(path: Path) -> list[Case]:
    """Read one file of variants; raises InvalidInputError with line and column."""
    with _open(path) as lines:
        reader = csv.DictReader(lines, delimiter="\t")
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInputError(f"{path.name} has no column {', '.join(missing)}")
        return [_case(cells, f"{path.name}, line {reader.line_num}") for cells in reader]


def _case(cells: dict[str, str], place: str) -> Case:
    words = cells["cnv_type"].lower().split()
    kind = next((one for one in CnvType if one.value in words), None)
    start, end = cells["start_hg38"], cells["end_hg38"]
    if kind is None:
        raise InvalidInputError(f"{place}, cnv_type: {cells['cnv_type'][:30]!r} is neither loss nor gain")
    if cells["clinsig"] not in ("0", "1"):
        raise InvalidInputError(f"{place}, clinsig: 0 benign or 1 pathogenic")
    if not (start.isdigit() and end.isdigit()) or int(start) > int(end):
        raise InvalidInputError(f"{place}, start_hg38 and end_hg38: the first and the last base, 1-based")
    chromosome = cells["chr"] if cells["chr"].startswith("chr") else f"chr{cells['chr']}"
    return Case(cells["variant_id"], kind, chromosome, max(0, int(start) - 1), int(end), cells["clinsig"] == "1")


def record_of(case: Case, reference: Reference) -> CnvRecord:
    """State what a variant overlaps, by the rules of this module's docstring."""
    place = (case.chromosome, case.start, case.end)
    coding = reference.coding.overlapping(*place)
    return CnvRecord(
        kind=case.kind,
        protein_coding=tuple(sorted({one.name for one in coding})),
        other_elements=None,
        genes=tuple(_genes(case, reference)),
        regions=tuple(_regions(case, reference, coding)),
    )


def _genes(case: Case, reference: Reference) -> Iterator[GeneOverlap]:
    place = (case.chromosome, case.start, case.end)
    ts_scores = {one.name: one.score for one in reference.ts_genes.overlapping(*place)}
    for gene in reference.hi_genes.overlapping(*place):
        ts = Dosage.of_score(ts_scores.pop(gene.name, ""))
        yield from _gene(case, gene, Dosage.of_score(gene.score), ts, reference)
    for gene in reference.ts_genes.overlapping(*place):
        if gene.name in ts_scores:
            yield from _gene(case, gene, Dosage.NOT_CURATED, Dosage.of_score(gene.score), reference)


def _gene(case: Case, gene: Interval, hi: Dosage, ts: Dosage, reference: Reference) -> Iterator[GeneOverlap]:
    """Give how the variant lies to a gene: by its exons where there is a model, else by the rules of the docstring."""
    model = _model_of(gene, reference)
    if model is None:
        yield _by_extent(case, gene, hi, ts, reference)
        return
    context = GeneContext(gene.name, hi, ts, is_relevant=True)
    overlap = gene_overlap(model, context, case.kind, case.start + 1, case.end)
    if overlap is not None:
        yield overlap


def _model_of(gene: Interval, reference: Reference) -> GeneModel | None:
    """Return the model of a gene if it lies where the reference has the gene, so in the same build."""
    model = reference.models.get(reference.accessions.get(gene.name, "")) or reference.models.get(gene.name)
    if model is None:
        return None
    return model if gene.meets(min(model.exons)[0] - 1, max(one[1] for one in model.exons)) else None


def _by_extent(case: Case, gene: Interval, hi: Dosage, ts: Dosage, reference: Reference) -> GeneOverlap:
    if case.start <= gene.start and gene.end <= case.end:
        return GeneOverlap(gene.name, Relation.COMPLETE, hi, ts)
    share = gene.covered(case.start, case.end)
    marker = reference.penultimate.get(reference.accessions.get(gene.name, ""))
    hits_penultimate = marker.meets(case.start, case.end) if marker is not None else None
    if gene.start <= case.start and case.end <= gene.end:
        is_lost = case.kind is CnvType.LOSS and share >= LOST
        strength = Strength.VERY_STRONG if is_lost else None
        return GeneOverlap(gene.name, Relation.INTRAGENIC, hi, ts, pvs1=strength, pvs1_known=is_lost)
    relation = _covered_end(case, gene, marker)
    return GeneOverlap(
        gene.name, relation, hi, ts, coding_involved=True if share >= CODING else None,
        last_exon_only=not hits_penultimate if hits_penultimate is not None else None,
    )


def _covered_end(case: Case, gene: Interval, marker: Interval | None) -> Relation:
    if marker is None:
        return Relation.ONE_END
    place = (marker.start - gene.start) / (gene.end - gene.start)
    if OUTER < place < 1 - OUTER:
        return Relation.ONE_END
    last_is_right = place >= 1 - OUTER
    covers_right = case.end >= gene.end
    return Relation.THREE_PRIME if covers_right == last_is_right else Relation.FIVE_PRIME


def _regions(case: Case, reference: Reference, coding: Sequence[Interval]) -> Iterator[RegionOverlap]:
    place = (case.chromosome, case.start, case.end)
    names = {one.name for one in coding}
    cut = any(one.start < edge < one.end for one in coding for edge in (case.start, case.end))
    for region in reference.hi_regions.overlapping(*place):
        yield RegionOverlap(
            region.name, _extent(case, region), Dosage.of_score(region.score),
            critical_part_contained=_is_contained(case, region),
        )
    for region in reference.ts_regions.overlapping(*place):
        listed = reference.benign_gain_genes.get((region.start, region.end))
        yield RegionOverlap(
            region.name, _extent(case, region), triplosensitivity=Dosage.of_score(region.score),
            critical_part_contained=_is_contained(case, region),
            other_genes=tuple(sorted(names - listed)) if listed is not None else None, genes_interrupted=cut,
        )


def _is_contained(case: Case, region: Interval) -> bool | None:
    return True if region.covered(case.start, case.end) >= CONTAINED else None


def _extent(case: Case, region: Interval) -> Extent:
    if (case.start, case.end) == (region.start, region.end):
        return Extent.IDENTICAL
    if case.start <= region.start and region.end <= case.end:
        return Extent.CONTAINS
    return Extent.WITHIN if region.start <= case.start and case.end <= region.end else Extent.PARTIAL


def figures(results: Iterable[tuple[Case, CnvClassification]]) -> dict[str, float]:
    """Return n, shares called right, uncertain and the wrong way (pathogenic as benign or the reverse)."""
    pairs = [(case.is_pathogenic, made.pathogenicity.tier) for case, made in results]
    pathogenic = [tier for is_pathogenic, tier in pairs if is_pathogenic]
    benign = [tier for is_pathogenic, tier in pairs if not is_pathogenic]
    wrong = sum(tier == -1 for tier in pathogenic) + sum(tier == 1 for tier in benign)
    return {
        "n": len(pairs),
        "pathogenic_sensitivity": _share(sum(tier == 1 for tier in pathogenic), len(pathogenic)),
        "benign_called_benign": _share(sum(tier == -1 for tier in benign), len(benign)),
        "vus": _share(sum(tier == 0 for _, tier in pairs), len(pairs)),
        "wrong_way": _share(wrong, len(pairs)),
    }


def _share(part: int, total: int) -> float:
    return round(part / total, 4) if total else 0.0


def _tell(case: Case, made: CnvClassification) -> None:
    known = "pathogenic" if case.is_pathogenic else "benign"
    if made.pathogenicity.tier != (1 if case.is_pathogenic else -1):
        cells = ", ".join(f"{row.cell.id} {row.counted} ({row.reason})" for row in made.applied if row.counted)
        mark = "uncertain" if made.pathogenicity is Pathogenicity.UNCERTAIN else "WRONG WAY"
        print(f"{mark} {case.name} {case.chromosome}:{case.start + 1}-{case.end} {known}: {made.score} {cells}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; 0 when done, 2 for a file that cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--reference", type=Path, default=DEFAULT_REFERENCE)
    parser.add_argument("--models", type=Path, help="gene models: GFF3 (also gzip) or exons.parquet")
    parser.add_argument("--half", choices=("choose", "report"), help="look at half of the chromosomes only")
    parser.add_argument("--verbose", action="store_true", help="tell each variant that is not called right")
    chosen = parser.parse_args(arguments)
    results: dict[str, list[tuple[Case, CnvClassification]]] = {}
    try:
        reference = read_reference(chosen.reference)
        if chosen.models is not None:
            reference = replace(reference, models=read_gene_models(chosen.models))
        for path in chosen.files:
            cases = [one for one in read_cases(path) if chosen.half is None or is_chosen_on(one) == (chosen.half == "choose")]
            print(f"{path.name}: {len(cases)} variants", file=sys.stderr)
            results[str(path)] = [(case, classify_cnv(record_of(case, reference))) for case in cases]
    except (OSError, InvalidInputError) as error:
        print(f"cannot use the input: {error}", file=sys.stderr)
        return 2
    if chosen.verbose:
        for case, made in (pair for pairs in results.values() for pair in pairs):
            _tell(case, made)
    every = [pair for pairs in results.values() for pair in pairs]
    print(f"{'file':28} {'n':>6} {'sensitivity':>12} {'benign right':>13} {'uncertain':>10} {'wrong way':>10}")
    for name, one in (*((Path(name).name, figures(pairs)) for name, pairs in results.items()), ("overall", figures(every))):
        print(
            f"{name:28} {one['n']:6} {one['pathogenic_sensitivity']:12.2%} {one['benign_called_benign']:13.2%} "
            f"{one['vus']:10.2%} {one['wrong_way']:10.2%}"
        )
    for line in reasons_of_misses((case, record_of(case, reference), made) for case, made in every if case.is_pathogenic):
        print(line)
    print(json.dumps({**figures(every), "files": {Path(name).name: figures(pairs) for name, pairs in results.items()}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
