"""Candidates from the built-in known variants: by name, by rsID and by place."""

from __future__ import annotations

from services.genomics.genome import GenomeBuild
from services.knowledge.genes import gene as known_gene
from services.knowledge.known_variants import KnownVariant, known_by_name, known_by_rsid, known_variant_at
from services.variants.resolving.model import Candidate, How


def by_name(gene: str, name: str, build: GenomeBuild) -> tuple[Candidate | None, str | None]:
    """Return the known variant with this name (HGVS or of the literature), and why it has no place in this build."""
    present = known_gene(gene)
    found = known_by_name(gene, name) or (known_by_name(present.symbol, name) if present is not None else None)
    if found is None:
        return None, None
    candidate = _candidate(found, build, How.KNOWN_VARIANT)
    return candidate, None if candidate else _unplaced(found, build)


def by_rsid(rsid: str, build: GenomeBuild) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Return the known variants with an rsID, and why some have no place in this build."""
    rows = known_by_rsid(rsid)
    placed = tuple(one for row in rows if (one := _candidate(row, build, How.KNOWN_VARIANT)) is not None)
    return placed, tuple(_unplaced(row, build) for row in rows if build.value not in row.places)


def at(candidate: Candidate) -> KnownVariant | None:
    """Return the known variant a candidate is."""
    return known_variant_at(candidate.build.value, candidate.chrom, candidate.pos, candidate.ref, candidate.alt)


def mane_of(symbol: str | None) -> str | None:
    """Return the MANE Select transcript of a built-in gene."""
    found = known_gene(symbol) if symbol else None
    return found.mane_select if found is not None else None


def _candidate(row: KnownVariant, build: GenomeBuild, how: How) -> Candidate | None:
    place = row.places.get(build.value)
    if place is None:
        return None
    transcript = mane_of(row.gene)
    coding = f"{transcript}:{row.coding}" if transcript and row.coding else row.coding or None
    return Candidate(
        build, place.chrom, place.pos, place.ref, place.alt, row.gene, transcript, coding, row.protein or None, how
    )


def _unplaced(row: KnownVariant, build: GenomeBuild) -> str:
    others = " and ".join(row.places)
    return f"{row.name} is a known variant, but its place in {build} is not confirmed here; it has one in {others}"
