"""What reference data say about a lost product: does the lost part matter, is it dispensable, does translation begin elsewhere.

The tree of PVS1 asks this of variants that escape decay, keep the frame or lose the start codon, and only those are looked up.
What the data do not cover stays None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from services.genomics.acmg.null_variant import predicts_decay
from services.genomics.acmg.record import Effect, Significance
from services.genomics.genome import GenomeBuild
from services.variants.classification.changes import CODONS, Change, CodingTranscript
from services.variants.classification.neighbours import significance_of
from services.variants.classification.packs import EXONS_FILE, Found, PackReader, Site
from services.variants.classification.transcripts import Placed
from services.variants.reference.model import PackKind

COMMON = 0.001
"""Loss of an exon is common where one variant that loses it is found in more than 0.1 % of a population (our choice)."""
_TRUNCATING = frozenset({Effect.NONSENSE, Effect.FRAMESHIFT, Effect.SPLICE_SITE})
_SITE = 2
_FREQUENCY = ("af", "popmax_af", "passed")
_CLINVAR = ("significance", "stars", "molecular_consequence")
_REVIEWED = 2
_NOT_TRUNCATING = ("missense_variant", "inframe_deletion", "inframe_insertion", "inframe_indel")
_CALLED = (Significance.PATHOGENIC, Significance.LIKELY_PATHOGENIC)
_STARTS = """
SELECT transcript, any_value(strand), min(coding_start), max(coding_end) FROM read_parquet(?)
WHERE gene = ? AND chrom = ? AND coding_start IS NOT NULL GROUP BY transcript
"""


@dataclass(frozen=True, slots=True)
class LossFacts:
    """The fields of the record's `LossOfFunction` that data can fill."""

    exon_loss_is_common: bool | None = None
    region_is_critical: bool | None = None
    """True where ClinVar has a pathogenic variant with two stars in the lost part that does not truncate; never False."""
    alternative_start: bool | None = None
    pathogenic_before_next_start: bool | None = None


def loss_facts(
    packs: PackReader, build: GenomeBuild, asked: Sequence[tuple[Site, Placed | None, Change | None]]
) -> list[LossFacts]:
    """Return the facts for variants of one build, in the order given, with one question to each pack."""
    spans = {n: span for n, (site, placed, change) in enumerate(asked) if (span := _exon_to_ask(site, placed, change))}
    lost = [n for n, (_, placed, change) in enumerate(asked) if placed and change and change.effect is Effect.START_LOST]
    if not spans and not lost:
        return [LossFacts()] * len(asked)
    wanted = {(asked[n][0].chrom, pos) for n, (first, last) in spans.items() for pos in range(first, last + 1)}
    frequencies = packs.at(PackKind.FREQUENCIES, build, wanted, _FREQUENCY) if wanted else None
    parts = {n: _lost_part(asked[n][1], asked[n][2]) for n in spans}
    clinvar = packs.at(PackKind.CLINVAR, build, {(asked[n][0].chrom, p) for n, part in parts.items() for p in part}, _CLINVAR)
    found = []
    for n, (site, placed, _) in enumerate(asked):
        if n in spans and placed is not None:
            found.append(LossFacts(
                exon_loss_is_common=_is_common(site, spans[n], placed.transcript, frequencies),
                region_is_critical=_is_critical(site, parts[n], clinvar),
            ))
        elif n in lost and placed is not None:
            found.append(_start_facts(packs, build, site, placed))
        else:
            found.append(LossFacts())
    return found


def _exon_to_ask(site: Site, placed: Placed | None, change: Change | None) -> tuple[int, int] | None:
    """Return the coding part of the exon a truncation concerns, with its splice sites; None where the tree does not ask."""
    if placed is None or change is None or change.effect not in _TRUNCATING:
        return None
    model = placed.transcript.model
    if change.stop is not None and predicts_decay(model.facts(), change.stop):
        return None
    exon = min(model.exons, key=lambda one: max(one[0] - site.pos, site.pos - one[1], 0))
    first, last = max(exon[0], model.coding[0]), min(exon[1], model.coding[1])
    return (first - _SITE, last + _SITE) if first <= last else None


def _lost_part(placed: Placed | None, change: Change | None) -> Sequence[int]:
    """Return the genomic positions of the coding bases that are lost: of the skipped exon, else from the change to the end."""
    if placed is None or change is None:
        return ()
    positions = placed.transcript.coding_positions
    if change.lost_exons is not None:
        return positions[change.lost_exons[0] - 1 : change.lost_exons[1]]
    begin = change.changed_from or change.stop
    return positions[begin - 1 :] if begin is not None else ()


def _is_critical(site: Site, part: Sequence[int], found: Found | None) -> bool | None:
    for row in (row for place in part for row in (found.at(site.chrom, place) if found is not None else ())):
        terms = str(row["molecular_consequence"] or "")
        is_reviewed = int(row["stars"] or 0) >= _REVIEWED and significance_of(row["significance"]) in _CALLED
        if is_reviewed and any(term in terms for term in _NOT_TRUNCATING):
            return True
    return None


def _is_common(site: Site, span: tuple[int, int], transcript: CodingTranscript, found: Found | None) -> bool | None:
    """Whether another variant of the population data loses the exon too often; None where the exon is not in the data."""
    if found is None:
        return None
    seen, knows_all = False, transcript.coding is not None
    for pos in range(span[0], span[1] + 1):
        for row in found.at(site.chrom, pos):
            seen = True
            if row["passed"] is False or max(row["af"] or 0.0, row["popmax_af"] or 0.0) <= COMMON:
                continue
            if Site(site.chrom, pos, row["ref"], row["alt"]) == site:
                continue
            change = transcript.change(pos, row["ref"], row["alt"])
            if change is not None and change.effect in _TRUNCATING:
                return True
            knows_all = knows_all and change is not None
    return False if seen and knows_all else None


def _start_facts(packs: PackReader, build: GenomeBuild, site: Site, placed: Placed) -> LossFacts:
    return LossFacts(
        alternative_start=_starts_elsewhere(packs, site, placed),
        pathogenic_before_next_start=_pathogenic_before(packs, build, site, placed.transcript),
    )


def _starts_elsewhere(packs: PackReader, site: Site, placed: Placed) -> bool | None:
    """Return False where every coding transcript of the gene has this start; whether another one works is not in the models."""
    with packs.cursor() as cursor:
        try:
            rows = cursor.execute(_STARTS, [str(placed.pack.folder / EXONS_FILE), placed.gene, site.chrom]).fetchall()
        except duckdb.Error:  # older gene models lack a column: then nothing is known
            return None
    starts = {first if strand == "+" else last for _, strand, first, last in rows}
    return False if len(starts) == 1 else None


def _pathogenic_before(packs: PackReader, build: GenomeBuild, site: Site, transcript: CodingTranscript) -> bool | None:
    """Whether ClinVar has a reviewed pathogenic variant between the lost start and the next in-frame methionine."""
    coding = transcript.coding
    if coding is None:
        return None
    codons = range(3, len(coding) - 2, 3)
    following = next((place for place in codons if CODONS.get(coding[place : place + 3]) == "M"), len(coding))
    places = transcript.positions_of(2, following // 3)
    found = packs.at(PackKind.CLINVAR, build, ((site.chrom, place) for place in places), _CLINVAR)
    if found is None:
        return None
    rows = (row for place in places for row in found.at(site.chrom, place))
    return any(int(row["stars"] or 0) >= 1 and significance_of(row["significance"]) in _CALLED for row in rows)
