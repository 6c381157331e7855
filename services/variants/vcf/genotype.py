"""Genotypes: reading a GT value and stating the zygosity of one allele.

The zygosity vocabulary keeps apart what must not be confused: a missing call is never a reference call, and a sample that carries
a *different* alternate allele is not homozygous reference.

    hom_ref        every copy is the reference
    het            at least one copy is this allele, the others are the reference
    het_other_alt  at least one copy is this allele, at least one another alternate allele
    hom_alt        every copy (two or more) is this allele
    hemizygous     the one copy that was called is this allele
    haploid_ref    the one copy that was called is the reference
    other_alt      no copy is this allele, at least one is another alternate allele
    partly_called  at least one copy is this allele, another copy was not called
    not_called     no copy is known to be this allele and at least one was not called
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

ZYGOSITIES = (
    "hom_ref",
    "het",
    "het_other_alt",
    "hom_alt",
    "hemizygous",
    "haploid_ref",
    "other_alt",
    "partly_called",
    "not_called",
)
_GENOTYPE = re.compile(r"[|/]?(?:\.|[0-9]{1,6})(?:[|/](?:\.|[0-9]{1,6}))*")


@dataclass(frozen=True, slots=True)
class Genotype:
    """Allele indices of one call, None for a missing copy; 0 is the reference."""

    alleles: tuple[int | None, ...]
    phased: bool
    leading_phase: bool
    """Written with a phase sign before the first allele (VCFv4.4 and later)."""
    phase_signs: str
    """The sign before each allele; the first is the leading one, or inferred as the specification says."""

    @property
    def ploidy(self) -> int:
        return len(self.alleles)

    @property
    def highest(self) -> int:
        return max((allele for allele in self.alleles if allele is not None), default=0)


@lru_cache(maxsize=4096)
def parse_genotype(text: str) -> Genotype | None:
    """Read a GT value; None where it is not one."""
    if len(text) > 10_000 or not _GENOTYPE.fullmatch(text):
        return None
    leading = text[0] in "|/"
    body = text[1:] if leading else text
    parts = re.split(r"[|/]", body)
    alleles = tuple(None if part == "." else int(part) for part in parts)
    between = re.sub(r"[^|/]", "", body)
    first = text[0] if leading else ("/" if "/" in between else "|")
    return Genotype(alleles, phased="|" in text and "/" not in between, leading_phase=leading, phase_signs=first + between)


def zygosity(genotype: Genotype, allele: int) -> str:
    """Return the zygosity of alternate allele number `allele` (from 1); see the module's docstring for the words."""
    copies = genotype.alleles
    own = copies.count(allele)
    missing = copies.count(None)
    if own == 0:
        if missing:
            return "not_called"
        if any(copies):
            return "other_alt"
        return "haploid_ref" if len(copies) == 1 else "hom_ref"
    if len(copies) == 1:
        return "hemizygous"
    if missing:
        return "partly_called"
    if own == len(copies):
        return "hom_alt"
    return "het" if own + copies.count(0) == len(copies) else "het_other_alt"
