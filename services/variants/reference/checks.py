"""Holds what is installed against what is known, because a header may be silent and all positions may exist in both builds.

Reference bases that differ from the installed sequence, and genes that lie where the other build has them, betray the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from services.errors import InvalidInputError
from services.knowledge.genes import genes
from services.variants.reference.asking import ask
from services.variants.reference.sequence import ReferenceGenome

_SAMPLED = 2_000
_ENOUGH = 100
_TOLERATED = 0.05
_MAX_REF = 50
_ENOUGH_GENES = 3


def refuse_other_sequence(table: Path, fasta: Path, build: str) -> None:
    """Compare up to 2,000 reference alleles, taken evenly over the table, with the sequence.

    Published tables agree in all but a few; where the sequence holds less than 100 of the places, nothing is said.

    :raise InvalidInputError: more than 5 % differ.
    """
    sql = """
        SELECT chrom, pos, ref FROM (
            SELECT chrom, pos, ref, row_number() OVER () AS nr, count(*) OVER () AS many
            FROM read_parquet(?) USING SAMPLE 20000 ROWS (reservoir, 1)
        ) WHERE nr % greatest(1, many // ?) = 0 AND length(ref) <= ?
    """
    found = [(row["chrom"], row["pos"], row["ref"]) for row in ask([table], sql, [str(table), _SAMPLED, _MAX_REF])]
    genome = ReferenceGenome(fasta)
    try:
        compared = [one for one in ((_there(genome, chrom, pos, ref), ref) for chrom, pos, ref in found) if one[0]]
    finally:
        genome.close()
    differing = sum(_differ(there, ref) for there, ref in compared)
    if len(compared) >= _ENOUGH and differing > _TOLERATED * len(compared):
        raise InvalidInputError(
            f"{differing:,} of {len(compared):,} reference bases differ from the installed sequence of {build}: "
            "the file is in another genome build"
        )


def refuse_misplaced_genes(found: Iterable[tuple[str, str, int, int]], build: str) -> None:
    """Compare genes (symbol, chromosome, start, end) with the places of the built-in genes.

    :raise InvalidInputError: at least three of them lie where another build has them, and more than where this one has.
    """
    known = genes()
    votes: dict[str, dict[str, None]] = {}
    for symbol, chrom, start, end in found:
        gene = known.get(symbol)
        fits = [one for one, place in gene.places.items() if place.overlaps(chrom, start, end)] if gene else []
        if len(fits) == 1:
            votes.setdefault(str(fits[0]), {})[symbol] = None
    here = len(votes.pop(build, {}))
    for other, symbols in votes.items():
        if len(symbols) >= _ENOUGH_GENES and len(symbols) > here:
            raise InvalidInputError(
                f"{len(symbols):,} known genes, such as {next(iter(symbols))}, lie where {other} has them: "
                f"the file is not in {build}"
            )


def _there(genome: ReferenceGenome, chrom: str, position: int, ref: str) -> str:
    contig = genome.contig(chrom)
    return genome.bases(contig, position, position + len(ref) - 1) if contig else ""


def _differ(there: str, ref: str) -> bool:
    if len(there) != len(ref):
        return True
    return any(base != own and base in "ACGT" and own in "ACGT" for base, own in zip(there, ref, strict=True))
