"""What the calling of star alleles takes and gives: observations, sites, pairs of alleles, and one call for a gene."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from services.knowledge.pgx import Phenotype

MIN_DEPTH = 10
"""Reads at a place below which a genotype is not used, where the file tells the depth."""
_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """One alternate allele of one record, as an imported table has it, with the sample's genotype.

    `position` is 1-based, `end` inclusive. `alt` is None where the record states none. `number` is the allele's index in
    `genotype`, whose members are None where a copy was not called. `phase_set` tells which phased records belong together; None
    with `phased` means the whole chromosome. `filter` is as written.
    """

    position: int
    end: int
    ref: str
    alt: str | None
    number: int
    genotype: tuple[int | None, ...]
    phased: bool = False
    phase_set: str | None = None
    depth: int | None = None
    filter: str = ""
    row_id: int | None = None

    @property
    def has_passed(self) -> bool:
        return self.filter in ("", ".", "PASS")


class SiteState(StrEnum):
    """What a file says at a place. Only `READ` is knowledge of the sample."""

    READ = "read"
    NOT_IN_FILE = "not in the file"
    NO_CALL = "not called"
    FILTERED = "failed a filter"
    LOW_DEPTH = "too few reads"
    OTHER_CHANGE = "another change at this place"


@dataclass(frozen=True, slots=True)
class Site:
    """One defining change as the file shows it.

    `copies` counts the chromosomes that carry it, None unless it was read. `haplotypes` tells for each copy, in the order of the
    genotype, whether it carries the change; it is empty unless the genotype is phased, and `phase_set` then names the set.
    """

    key: str
    rsid: str
    position: int
    ref: str
    alt: str
    state: SiteState
    copies: int | None = None
    genotype: str = ""
    haplotypes: tuple[bool, ...] = ()
    phase_set: str = ""
    depth: int | None = None
    filter: str = ""
    row_id: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair of alleles that fits (one allele on a man's X chromosome), and what it makes."""

    alleles: tuple[str, ...]
    phenotype: Phenotype

    @property
    def text(self) -> str:
        return "/".join(self.alleles)


class CallStatus(StrEnum):
    """How sure a call is.

    `CALLED`: every place was read and one pair fits. `PRESUMED`: one pair fits if the places missing from the file are reference.
    `AMBIGUOUS`: several pairs fit. `NOT_CALLED`: nothing can be said.
    """

    CALLED = "called"
    PRESUMED = "presumed"
    AMBIGUOUS = "ambiguous"
    NOT_CALLED = "not called"


@dataclass(frozen=True, slots=True)
class GeneCall:
    """The result for one gene; `pairs` has the likeliest first and is empty where nothing was called.

    `reasons` say why a call is not certain, in sentences; `limits` what this gene's calling cannot see at all.
    """

    gene: str
    build: Literal["GRCh37", "GRCh38"]
    status: CallStatus
    pairs: tuple[Pair, ...]
    sites: tuple[Site, ...]
    reasons: tuple[str, ...]
    limits: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether a place whose record could not be used decides the phenotype: then no pair is likelier than another."""
        return bool(self.unread) and len({pair.phenotype.name for pair in self.pairs}) > 1

    @property
    def diplotype(self) -> str | None:
        """The likeliest pair as text; the first few of them where none is likelier."""
        if not self.pairs:
            return None
        return " or ".join(pair.text for pair in self.pairs[:_MOST_SHOWN]) if self.is_open else self.pairs[0].text

    @property
    def phenotype(self) -> str | None:
        """The phenotype of the likeliest pair, None where there is none, none can be assigned, or none is likelier."""
        return self.pairs[0].phenotype.name if self.pairs and not self.is_open else None

    @property
    def other_phenotypes(self) -> tuple[str, ...]:
        """The phenotypes of the other pairs that differ from the likeliest; all of them where none is likelier."""
        named = (one.phenotype.name or "indeterminate" for one in (self.pairs if self.is_open else self.pairs[1:]))
        return tuple(dict.fromkeys(name for name in named if name != self.phenotype))

    @property
    def missing(self) -> tuple[Site, ...]:
        """The places the file has no record of."""
        return tuple(site for site in self.sites if site.state is SiteState.NOT_IN_FILE)

    @property
    def unread(self) -> tuple[Site, ...]:
        """The places with a record that could not be used."""
        return tuple(site for site in self.sites if site.state not in (SiteState.READ, SiteState.NOT_IN_FILE))

    @property
    def for_therapy(self) -> str | None:
        """The genotype as the clinical engine reads it; None where it must not be used.

        What is not certain may raise a caution and never clears a drug: a normal result counts only where every place was read,
        and where an unusable record leaves normal function possible, nothing counts.
        """
        if not self.pairs or self.pairs[0].phenotype.name is None:
            return None
        if self.status is not CallStatus.CALLED and self.pairs[0].phenotype.name == "normal":
            return None
        if self.is_open and any(pair.phenotype.name == "normal" for pair in self.pairs):
            return None
        return self.pairs[0].phenotype.name if self.gene == "G6PD" else self.pairs[0].text
