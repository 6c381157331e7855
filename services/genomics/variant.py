"""Variant identity: a build, a chromosome, a 1-based position, a reference and an alternate allele.

Two variants are the same when these five are equal after normalisation; the key carries the build so that a GRCh37 position can
never be taken for a GRCh38 one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.errors import InvalidInputError
from services.genomics.alleles import AlleleForm, VariantType, allele_form, trim, variant_type
from services.genomics.genome import GenomeBuild, canonical_chromosome, refseq_chromosome

_MAX_TEXT = 2_000
_SEPARATED = re.compile(
    r"(?P<chromosome>[A-Za-z0-9_.]{1,60})[-:_ ]+(?P<position>[0-9]{1,10})[-:_ ]+"
    r"(?P<ref>[ACGTNacgtn]+)[-:_ >/]+(?P<alt>[ACGTNacgtn]+)"
)
_GENOMIC_SNV = re.compile(
    r"(?P<chromosome>[A-Za-z0-9_.]{1,60}):(?:g\.|m\.)?(?P<position>[0-9]{1,10})(?P<ref>[ACGTN])>(?P<alt>[ACGTN])"
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One allele at one place. `position` is 1-based; `chromosome` is canonical where it is a chromosome, else as given."""

    build: GenomeBuild
    chromosome: str
    position: int
    ref: str
    alt: str

    def __post_init__(self) -> None:
        if self.position < 0:
            raise InvalidInputError("a position is 1-based; 0 is the telomere before the first base")
        if not self.chromosome:
            raise InvalidInputError("a variant needs a chromosome")
        if allele_form(self.ref) is not AlleleForm.SEQUENCE:
            raise InvalidInputError("REF is made of A, C, G, T and N")
        allele_form(self.alt)

    @property
    def key(self) -> str:
        """The identity as text, e.g. `GRCh38:17:43045702:C:T`."""
        return f"{self.build}:{self.chromosome}:{self.position}:{self.ref}:{self.alt}"

    @property
    def type(self) -> VariantType:
        return variant_type(self.ref, self.alt)

    def trimmed(self) -> Variant:
        """Return the same variant without bases shared by both alleles; sequence alleles only, others as they are."""
        if allele_form(self.alt) is not AlleleForm.SEQUENCE:
            return self
        position, ref, alt = trim(self.position, self.ref.upper(), self.alt.upper())
        return Variant(self.build, self.chromosome, position, ref, alt)


def parse_variant(text: str, build: GenomeBuild) -> Variant:
    """Read `17-43045702-C-T`, `chr17:43045702:C:T`, `chr17:43045702C>T` or `NC_000017.11:g.43045702C>T`.

    Raises InvalidInputError for anything else, and for an accession that belongs to another build than `build`.
    """
    if len(text) > _MAX_TEXT:
        raise InvalidInputError("a variant is at most 2,000 characters here")
    match = _GENOMIC_SNV.fullmatch(text.strip()) or _SEPARATED.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError("a variant is written like 17-43045702-C-T or chr17:43045702C>T")
    name = match.group("chromosome")
    return Variant(
        build,
        chromosome_in_build(name, build),
        int(match.group("position")),
        match.group("ref").upper(),
        match.group("alt").upper(),
    )


def chromosome_in_build(name: str, build: GenomeBuild) -> str:
    """Return the canonical name where there is one; refuse a RefSeq accession of another build, naming both."""
    accession = refseq_chromosome(name)
    if accession is not None and accession[1] not in (None, build):
        raise InvalidInputError(f"{name} belongs to {accession[1]}, but the variant is to be read in {build}")
    return canonical_chromosome(name) or name
