"""What is called from which reads, and what comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from services.errors import InvalidInputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
GIGABYTE = 1024**3


class Design(StrEnum):
    """How the samples belong together."""

    GERMLINE = "germline"
    TRIO = "trio"
    FAMILY = "family"
    TUMOUR_ONLY = "tumour only"
    TUMOUR_NORMAL = "tumour and normal"


ROLES: dict[Design, tuple[str, ...]] = {
    Design.GERMLINE: ("sample",),
    Design.TRIO: ("child", "father", "mother"),
    Design.TUMOUR_ONLY: ("tumour",),
    Design.TUMOUR_NORMAL: ("tumour", "normal"),
}
"""The samples of a design, in the order in which they must be given; of a family there are two or more, in any order."""
MAX_FAMILY = 10
SOMATIC = frozenset({Design.TUMOUR_ONLY, Design.TUMOUR_NORMAL})

STATED_LIMITS: dict[Design, str] = {
    Design.GERMLINE: (
        "Small variants of short reads by bcftools mpileup and call, a diploid model: no structural variants, no copy numbers, "
        "no calls in repeats where reads align nowhere uniquely; insertions longer than a third of a read are mostly missed."
    ),
    Design.TRIO: (
        "The three samples are called together by bcftools, without a pedigree model: a variant of the child that neither parent "
        "has is a candidate for de novo and no proof; look at the parents' depth."
    ),
    Design.FAMILY: (
        "The samples are called together by bcftools, without a pedigree model: whether a variant runs with a disease in the "
        "family is for the reader to judge; small variants of short reads only, no structural variants and no copy numbers."
    ),
    Design.TUMOUR_ONLY: (
        "bcftools is not a somatic caller. Alleles are reported by counts of reads (fraction, depth, both strands); without a "
        "normal sample germline and somatic variants cannot be told apart, and there is no model of artefacts, contamination or "
        "clones. For research use; confirm with a somatic caller and by another method."
    ),
    Design.TUMOUR_NORMAL: (
        "bcftools is not a somatic caller. An allele is marked as somatic when the tumour shows it and the normal, deep enough, "
        "does not; there is no model of artefacts, contamination, purity or clones, and fractions under 5 % are not reported. "
        "Confirm with a somatic caller and by another method."
    ),
}


class RefusedReadsError(InvalidInputError):
    """Reads, reference or intervals cannot be used; `advice` says what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Interval:
    """A region of the reference: 1-based, both ends inclusive."""

    contig: str
    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Lane:
    """The files of one run of a sequencer: one of single reads, or two of read pairs."""

    first: Path
    second: Path | None = None


@dataclass(frozen=True, slots=True)
class SampleReads:
    """One sample. `sex` ("F" or "M") matters for the ploidy of X and Y, where the assembly is known."""

    name: str
    lanes: tuple[Lane, ...]
    sex: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInputError(f"{self.name[:64]!r} is not a name for a sample: letters, digits, dot, dash and underscore")
        if not self.lanes:
            raise InvalidInputError(f"sample {self.name} has no reads")
        if self.sex not in (None, "F", "M"):
            raise InvalidInputError("sex is F, M or not given")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is asked of reads and calls. Calls that miss one are kept and say so in FILTER."""

    least_aligned: float = 0.25
    """Below this share of aligned reads the reference is taken to be the wrong one."""
    mapping_quality: int = 20
    base_quality: int = 13
    most_depth: int = 1_000
    quality: float = 20.0
    depth: int = 3
    allele_fraction: float = 0.15
    """Least share of the reads for an allele of a heterozygous genotype."""
    strand_bias: int = 60
    """Phred-scaled; above this all support comes from one strand while the reference's does not."""
    tumour_fraction: float = 0.05
    tumour_reads: int = 4
    normal_depth: int = 10
    normal_fraction: float = 0.02


@dataclass(frozen=True, slots=True)
class CallingRequest:
    """What to call. `assembly` ("GRCh37" or "GRCh38") lets bcftools know the sex chromosomes.

    With `intervals` (sorted, not overlapping; SEE: `intervals.py`) nothing is called and no coverage counted outside them.
    """

    design: Design
    samples: tuple[SampleReads, ...]
    reference: Path
    assembly: str | None = None
    threads: int = 1
    memory_bytes: int = 16 * GIGABYTE
    """For the aligner: a human reference needs about 12 GB, a panel's or a small genome's far less."""
    thresholds: Thresholds = field(default=Thresholds())
    intervals: tuple[Interval, ...] = ()

    def __post_init__(self) -> None:
        wanted = ROLES.get(self.design, ())
        if self.design is Design.FAMILY and not 2 <= len(self.samples) <= MAX_FAMILY:
            raise InvalidInputError(f"a family has 2 to {MAX_FAMILY} samples, not {len(self.samples)}")
        if wanted and len(self.samples) != len(wanted):
            names = ", ".join(wanted)
            raise InvalidInputError(f"{self.design}: {len(wanted)} samples are needed ({names}), not {len(self.samples)}")
        if len({sample.name for sample in self.samples}) != len(self.samples):
            raise InvalidInputError("two samples have the same name")
        if self.assembly not in (None, "GRCh37", "GRCh38"):
            raise InvalidInputError("the assembly is GRCh37, GRCh38 or not given")
        if self.memory_bytes < GIGABYTE:
            raise InvalidInputError("calling needs at least 1 GB of memory")
        if not 1 <= self.threads <= 64:
            raise InvalidInputError("threads must be between 1 and 64")


@dataclass(frozen=True, slots=True)
class ContigCoverage:
    """`breadth` is the share of the contig's positions with at least one read."""

    contig: str
    length: int
    mean_depth: float
    breadth: float


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What the reads of one sample are like. Shares are fractions; None means that it could not be measured."""

    sample: str
    reads: int
    aligned: int
    properly_paired: int
    duplicates: int
    mean_depth: float
    """Over the whole reference, or over the intervals where there are some; without duplicates."""
    breadth: dict[int, float]
    """Share of those positions with at least so many reads: 1, 10, 20, 30."""
    contigs: tuple[ContigCoverage, ...]
    depth_histogram: dict[int, int]
    """Number of positions by depth, from 1 on."""
    quality_by_cycle: tuple[tuple[float, ...], tuple[float, ...]]
    """Mean base quality by cycle, of first and of second reads."""
    insert_sizes: dict[int, int]
    """Number of pairs by insert size."""
    median_insert_size: int | None
    error_rate: float | None
    """Mismatches per aligned base."""
    quality_encodings: tuple[str, ...]

    @property
    def aligned_share(self) -> float | None:
        return self.aligned / self.reads if self.reads else None

    @property
    def duplicate_share(self) -> float | None:
        return self.duplicates / self.aligned if self.aligned else None


@dataclass(frozen=True, slots=True)
class CallReport:
    """What the calls are like; counts of alleles that pass all filters, except `filtered`."""

    snvs: int
    indels: int
    filtered: dict[str, int]
    transitions: int
    transversions: int

    @property
    def ti_tv(self) -> float | None:
        return self.transitions / self.transversions if self.transversions else None


@dataclass(frozen=True, slots=True)
class CallingResult:
    """Where everything is, and what it is like."""

    vcf: Path
    """bgzip, sorted, split to one allele a line, left-aligned, with an index beside it."""
    bams: dict[str, Path]
    """Sorted, duplicates marked, with an index beside each; by sample."""
    reads: tuple[ReadReport, ...]
    calls: CallReport
    stated_limits: str
    tools: dict[str, str]
    seconds: float
    caller: str = "bcftools"
    """What made the calls."""
