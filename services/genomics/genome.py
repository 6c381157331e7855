"""Genome builds: their chromosome lengths, the names a chromosome goes by, and how a file's build is recognised.

The lengths are those of the assembled chromosomes in GRCh37 (GCA_000001405.1) and GRCh38 (GCA_000001405.15) of the Genome
Reference Consortium; no two chromosomes 1-22, X, Y have the same length in both, so a handful of contig lengths names the
build. The mitochondrion is left out of that comparison: both builds are used with NC_012920 (16,569 bases), and UCSC's hg19
alone with NC_001807 (16,571 bases).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
"""The canonical names, in karyotype order."""


class GenomeBuild(StrEnum):
    """A human reference build; the value is the name to show."""

    GRCH37 = "GRCh37"
    GRCH38 = "GRCh38"


_LENGTHS_37 = (
    "249250621 243199373 198022430 191154276 180915260 171115067 159138663 146364022 141213431 135534747 135006516 133851895 "
    "115169878 107349540 102531392 90354753 81195210 78077248 59128983 63025520 48129895 51304566 155270560 59373566"
)
_LENGTHS_38 = (
    "248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 138394717 133797422 135086622 133275309 "
    "114364328 107043718 101991189 90338345 83257441 80373285 58617616 64444167 46709983 50818468 156040895 57227415"
)
CHROMOSOME_LENGTHS: Mapping[GenomeBuild, Mapping[str, int]] = {
    GenomeBuild.GRCH37: dict(zip(CHROMOSOMES, map(int, _LENGTHS_37.split()), strict=False)),
    GenomeBuild.GRCH38: dict(zip(CHROMOSOMES, map(int, _LENGTHS_38.split()), strict=False)),
}
"""Bases of chromosomes 1-22, X and Y; MT is absent on purpose (see the module's docstring)."""

# RefSeq accession versions of chromosomes 1-22, X, Y in GRCh37; each is one higher in GRCh38.
_ACCESSION_VERSIONS_37 = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
_BUILD_WORDS = (
    (re.compile(r"(?<![a-z0-9])(grch37|hg19|b37|hs37d5|g1k_v37|ncbi37|build37)(?![0-9])"), GenomeBuild.GRCH37),
    (re.compile(r"(?<![a-z0-9])(grch38|hg38|b38|hs38dh|hs38|ncbi38|build38)(?![0-9])"), GenomeBuild.GRCH38),
)
_MAX_TEXT = 2_000


def canonical_chromosome(name: str) -> str | None:
    """Return the canonical name (`1` .. `22`, `X`, `Y`, `MT`) for a chromosome, or None for any other contig.

    Knows `chr1`, `CHR1`, `1`, `23`-`25` are NOT translated (PLINK's numbers are a convention of one tool), `chrM`, `M`, `MT`,
    and RefSeq accessions of chromosomes such as `NC_000001.11`.
    """
    accession = refseq_chromosome(name)
    if accession is not None:
        return accession[0]
    bare = name[3:] if name[:3].lower() == "chr" else name
    bare = bare.upper()
    if bare == "M":
        return "MT"
    return bare if bare in CHROMOSOMES else None


def refseq_chromosome(accession: str) -> tuple[str, GenomeBuild | None] | None:
    """Return chromosome and build of a RefSeq chromosome accession with version, e.g. `NC_000017.11` -> (`17`, GRCh38).

    The build is None for the mitochondrion (`NC_012920.1` belongs to both). None for anything else.
    """
    if accession == "NC_012920.1":
        return "MT", None
    match = re.fullmatch(r"NC_0000([0-9]{2})\.([0-9]{1,2})", accession)
    if match is None:
        return None
    number, version = int(match.group(1)), int(match.group(2))
    if not 1 <= number <= len(_ACCESSION_VERSIONS_37):
        return None
    of_37 = _ACCESSION_VERSIONS_37[number - 1]
    build = {of_37: GenomeBuild.GRCH37, of_37 + 1: GenomeBuild.GRCH38}.get(version)
    return None if build is None else (CHROMOSOMES[number - 1], build)


def is_mitochondrial(name: str) -> bool:
    return canonical_chromosome(name) == "MT"


def chromosome_rank(name: str) -> int:
    """Return the karyotype position of a chromosome from 0, or the number of chromosomes for any other contig."""
    canonical = canonical_chromosome(name)
    return len(CHROMOSOMES) if canonical is None else CHROMOSOMES.index(canonical)


def build_named_in(text: str) -> GenomeBuild | None:
    """Return the one build that `text` (a header line, a file name) names, or None if it names none or both."""
    lowered = text[:_MAX_TEXT].lower()
    found = {build for pattern, build in _BUILD_WORDS if pattern.search(lowered)}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class BuildEvidence:
    """Why a build was recognised. `statement` can be shown as it stands."""

    build: GenomeBuild
    statement: str


def build_from_lengths(lengths: Mapping[str, int]) -> BuildEvidence | None:
    """Recognise the build from contig lengths (name as in the file -> bases).

    None when no chromosome has a length of a known build, or when the lengths speak for both.
    """
    votes: dict[GenomeBuild, list[str]] = {build: [] for build in GenomeBuild}
    for name, length in lengths.items():
        canonical = canonical_chromosome(name)
        for build, known in CHROMOSOME_LENGTHS.items():
            if canonical is not None and known.get(canonical) == length:
                votes[build].append(name)
    supported = [build for build, names in votes.items() if names]
    if len(supported) != 1:
        return None
    build = supported[0]
    example = votes[build][0]
    statement = f"{len(votes[build])} contig lengths are those of {build}, e.g. {example} has {lengths[example]:,} bases"
    return BuildEvidence(build, statement)


def beyond_chromosome_end(build: GenomeBuild, chromosome: str, position: int) -> bool:
    """Tell whether a 1-based position lies past the end of a chromosome of `build`; False where the length is not known."""
    canonical = canonical_chromosome(chromosome)
    length = CHROMOSOME_LENGTHS[build].get(canonical) if canonical else None
    return length is not None and position > length
