"""Which variant is a row? The identity under which people's notes are kept: the same in every table of the same build.

Rows of imported tables are split and trimmed already, so two rows are the same variant when build, canonical chromosome, position
and alleles are equal. An allele that is not spelled out (`<DEL>`, a region) is told apart by its end as well. Indels that no
reference was there to left-align for may be written at another place: then they count as different, never the other way round.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.errors import InvalidInputError
from services.genomics.alleles import AlleleForm, allele_form, parse_breakend
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.genomics.variant import Variant, chromosome_in_build

_MAX_KEY = 600
IDENTITY_COLUMNS = ("chrom", "pos", "end", "ref", "alt")
"""The columns of a table that say which variant a row is."""


@dataclass(frozen=True, slots=True)
class VariantIdentity:
    """A variant, and where it ends when its alleles do not say. `end` is 1-based and inclusive."""

    variant: Variant
    end: int | None = None

    @property
    def build(self) -> GenomeBuild:
        return self.variant.build

    @property
    def key(self) -> str:
        """The identity as text of at most 600 characters; long alleles are represented by their SHA-256."""
        tail = "" if self.end is None else f":{self.end}"
        whole = self.variant.key + tail
        if len(whole) <= _MAX_KEY:
            return whole
        digest = hashlib.sha256(f"{self.variant.ref}:{self.variant.alt}".encode()).hexdigest()
        return f"{self.build}:{self.variant.chromosome}:{self.variant.position}:sha256:{digest}{tail}"


def identity_of(row: Mapping[str, Any], build: GenomeBuild) -> VariantIdentity:
    """Return which variant a row is; `row` has the members of `IDENTITY_COLUMNS`.

    A row without alleles (a region) is told by its place alone.

    :raise InvalidInputError: the row has no position, or its contig belongs to another build.
    """
    if row["chrom"] is None or row["pos"] is None:
        raise InvalidInputError("this row has no position, so it is no variant that could be noted")
    ref, alt = row["ref"] or "N", row["alt"] or "."
    chromosome = chromosome_in_build(row["chrom"], build)
    form = allele_form(alt)
    if form is AlleleForm.SEQUENCE:
        return VariantIdentity(Variant(build, chromosome, row["pos"], ref.upper(), alt.upper()).trimmed())
    if form is AlleleForm.BREAKEND:
        mate = parse_breakend(alt).mate_chromosome
        alt = alt.replace(f"{mate}:", f"{canonical_chromosome(mate) or mate}:", 1)
    return VariantIdentity(Variant(build, chromosome, row["pos"], ref.upper(), alt), row["end"])
