"""From sites to alleles: every pair of alleles that explains all that was read, the likeliest first.

All pairs of the gene's table are tried, so nothing is assumed about phase: where two pairs explain the same genotypes, both are
returned. Phased genotypes rule out the pairs whose changes would lie on the wrong chromosomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Literal

from services.genomics.pgx.model import MIN_DEPTH, CallStatus, GeneCall, Observation, Pair, Site, SiteState
from services.genomics.pgx.reading import read_sites
from services.knowledge.pgx import Pharmacogene, Phenotype, g6pd_phenotype, pharmacogenes, phenotype_of

Build = Literal["GRCh37", "GRCh38"]
Sex = Literal["F", "M"]
_MAX_PAIRS = 12
_X_LINKED = "G6PD"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """An allele as the changes its chromosome carries: those it must, and those it may carry or not."""

    name: str
    carries: frozenset[str]
    may_carry: frozenset[str]

    def allows(self, key: str, *, carried: bool) -> bool:
        return key in self.may_carry or (key in self.carries) == carried

    def counts(self, key: str) -> tuple[int, ...]:
        return (0, 1) if key in self.may_carry else (int(key in self.carries),)


def call_gene(
    gene: str, build: Build, observations: Sequence[Observation], *, sex: Sex | None = None, accept_missing: bool = False
) -> GeneCall:
    """Call one gene from the records that overlap it.

    `accept_missing` takes places without a record for reference even where the file has no record of the gene at all; the call is
    then `presumed`. `sex` matters for G6PD only.

    :raise KeyError: no such pharmacogene.
    """
    table = pharmacogenes()[gene]
    sites = read_sites(table, build, observations)
    states = {site.state for site in sites}
    if states == {SiteState.NOT_IN_FILE} and not accept_missing:
        reason = (
            f"The file has no record at any of the {len(sites)} places of {gene}: they may be reference, or never have been "
            "tested."
        )
        return GeneCall(gene, build, CallStatus.NOT_CALLED, (), sites, (reason,), table.limits)
    refused = _other_changes(sites)
    copies, conflict = _copies(gene, sites, sex)
    if refused or conflict:
        return GeneCall(gene, build, CallStatus.NOT_CALLED, (), sites, tuple(filter(None, (*refused, conflict))), table.limits)
    pairs = _pairs(table, sites, copies)
    status, reasons = _status(table, sites, pairs)
    return GeneCall(gene, build, status, pairs[:_MAX_PAIRS], sites, reasons, table.limits)


def _other_changes(sites: Iterable[Site]) -> tuple[str, ...]:
    return tuple(
        f"At {site.rsid} the file shows a change that no allele of the table has (genotype {site.genotype})."
        for site in sites if site.state is SiteState.OTHER_CHANGE
    )  # fmt: skip


def _copies(gene: str, sites: Iterable[Site], sex: Sex | None) -> tuple[int, str]:
    """Return how many chromosomes carry the gene, and what contradicts that."""
    if gene != _X_LINKED:
        return 2, ""
    read = [site for site in sites if site.state is SiteState.READ]
    ploidy = {len(_alleles(site)) for site in read}
    mixed = [site for site in read if len(set(_alleles(site))) > 1]
    if sex == "M":
        if mixed:
            return 1, f"{gene} lies on the X chromosome, and {mixed[0].rsid} is heterozygous in a man: check the sample."
        return 1, ""
    if sex is None and ploidy != {1} and not mixed:
        return 2, f"{gene} lies on the X chromosome, and the sex is not known." if any(site.copies for site in read) else ""
    if ploidy == {1}:
        return 1, "" if sex is None else f"{gene} has one copy in the file, but the patient is a woman: check the sample."
    return 2, ""


def _alleles(site: Site) -> tuple[str, ...]:
    return tuple(site.genotype.replace("|", "/").split("/"))


def _pairs(table: Pharmacogene, sites: Sequence[Site], copies: int) -> tuple[Pair, ...]:
    absent = {site.key for site in sites if site.state is SiteState.NOT_IN_FILE}
    known = [site for site in sites if site.state is SiteState.READ]
    patterns = [_Pattern(table.reference, frozenset(), frozenset())]
    for allele in table.alleles:
        if not absent & set(allele.core):  # a missing place is read as reference, so its alleles are not there
            patterns.append(_Pattern(allele.name, frozenset((*allele.core, *allele.usual)) - absent, frozenset(allele.either)))
    found: list[tuple[_Pattern, ...]] = []
    for group in combinations_with_replacement(patterns, copies):
        if all(_counted(site, copies) in _sums(group, site.key) for site in known) and _fits_phase(group, known):
            found.append(group)
    order = {pattern.name: number for number, pattern in enumerate(patterns)}
    found.sort(key=lambda group: (sum(one.name != table.reference for one in group), [order[one.name] for one in group]))
    return tuple(Pair(names := tuple(one.name for one in group), _phenotype(table.gene, names)) for group in found)


def _counted(site: Site, copies: int) -> int:
    """The chromosomes that carry a change; a man's X genotype may be written with one copy or with two alike."""
    assert site.copies is not None  # only sites that were read are asked
    return min(site.copies, 1) if copies == 1 else site.copies


def _sums(group: tuple[_Pattern, ...], key: str) -> set[int]:
    sums = {0}
    for one in group:
        sums = {before + count for before in sums for count in one.counts(key)}
    return sums


def _fits_phase(group: tuple[_Pattern, ...], known: Sequence[Site]) -> bool:
    """Whether in each phase set the two alleles can lie on the two chromosomes as written, in one of the two orders."""
    if len(group) != 2:
        return True
    sets: dict[str, list[Site]] = {}
    for site in known:
        if len(site.haplotypes) == 2:
            sets.setdefault(site.phase_set, []).append(site)
    first, second = group
    return all(
        any(
            all(one.allows(site.key, carried=site.haplotypes[0]) and two.allows(site.key, carried=site.haplotypes[1])
                for site in phased)
            for one, two in ((first, second), (second, first))
        )
        for phased in sets.values()
    )  # fmt: skip


def _phenotype(gene: str, names: tuple[str, ...]) -> Phenotype:
    if gene == _X_LINKED:
        return g6pd_phenotype(names)
    first, second = names
    return phenotype_of(gene, first, second)


def _status(table: Pharmacogene, sites: Sequence[Site], pairs: Sequence[Pair]) -> tuple[CallStatus, tuple[str, ...]]:
    reasons: list[str] = []
    if not pairs:
        seen = ", ".join(f"{site.rsid} {site.genotype}" for site in sites if site.copies)
        reasons.append(f"No pair of alleles in the table explains what was read ({seen}).")
    missing = [site for site in sites if site.state is SiteState.NOT_IN_FILE]
    if missing:
        reasons.append(
            f"{len(missing)} of {len(sites)} places are not in the file: taken for reference, which the file does not show."
        )
    for site in sites:
        if site.state not in (SiteState.READ, SiteState.NOT_IN_FILE):
            reasons.append(f"{site.rsid} could not be used: {_why(site)}.")
    if len(pairs) > 1:
        named = ", ".join(pair.text for pair in pairs[1:_MAX_PAIRS])
        unread = any(site.state not in (SiteState.READ, SiteState.NOT_IN_FILE) for site in sites)
        reasons.append(f"The genotypes fit {pairs[0].text} and also {named}.{'' if unread else f' {table.phase_note}'}")
    reasons += [pairs[0].phenotype.reason] if pairs and pairs[0].phenotype.reason else []
    if not pairs:
        status = CallStatus.NOT_CALLED
    elif len(pairs) > 1:
        status = CallStatus.AMBIGUOUS
    else:
        status = CallStatus.PRESUMED if missing else CallStatus.CALLED
    return status, tuple(reasons)


def _why(site: Site) -> str:
    if site.state is SiteState.FILTERED:
        return f"the record failed the filter {site.filter}"
    if site.state is SiteState.LOW_DEPTH:
        return f"{site.depth} reads, fewer than {MIN_DEPTH}"
    return f"the genotype is {site.genotype or 'missing'}"
