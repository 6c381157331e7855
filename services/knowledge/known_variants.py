"""Well-known variants: the alleles a reader of this field would ask about first, each with one classification and its source.

The set is small on purpose and says nothing about variants that are not in it: an absence is never a finding. Each row makes
one kind of statement, which `KnownVariant.note` opens with: a cause of a disease, a shift of a risk, a drug response, no known
effect, or an open question. A risk is never a diagnosis.

Alleles are as in VCF: 1-based, left-aligned, on the forward strand, chromosomes without `chr`; HGVS is on MANE Select. Places
were derived from the coding change and the exons of the transcript, and compared with published positions. A build is absent
from `places` where the position was not confirmed in it, or where its reference genome carries the listed allele.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.knowledge.catalogue import load
from services.knowledge.genes import BUILDS, Inheritance, source
from services.knowledge.sources import Source

_ALLELE = re.compile(r"(?P<chrom>[0-9]{1,2}|X|Y):(?P<pos>[0-9]{1,9}):(?P<ref>[ACGT]{1,50}):(?P<alt>[ACGT]{1,50})")
_RSID = re.compile(r"rs[1-9][0-9]{0,11}")
_MAX_NAME = 40


class Significance(StrEnum):
    """A classification in the usual terms; the value is the text to show."""

    PATHOGENIC = "pathogenic"
    LIKELY_PATHOGENIC = "likely pathogenic"
    UNCERTAIN = "uncertain significance"
    LIKELY_BENIGN = "likely benign"
    BENIGN = "benign"
    RISK_FACTOR = "risk factor"
    PROTECTIVE = "protective"
    DRUG_RESPONSE = "drug response"

    @property
    def statement(self) -> str:
        """What kind of statement this is, in one sentence."""
        return _STATEMENTS[self]

    @property
    def is_causal(self) -> bool:
        """Whether the variant is held to cause a disease by itself or with a second one."""
        return self in (Significance.PATHOGENIC, Significance.LIKELY_PATHOGENIC)


_STATEMENTS = {
    Significance.PATHOGENIC: "Causes the disease in the stated inheritance; whether it explains this patient is open.",
    Significance.LIKELY_PATHOGENIC: "Likely causes the disease, inherited as stated; whether it explains this patient is open.",
    Significance.UNCERTAIN: "Its role is open: it neither makes nor excludes a diagnosis.",
    Significance.LIKELY_BENIGN: "Likely without effect on the disease.",
    Significance.BENIGN: "Without effect on the disease.",
    Significance.RISK_FACTOR: "Raises a risk and is common in healthy people: never a diagnosis.",
    Significance.PROTECTIVE: "Goes with a lower risk: it excludes nothing.",
    Significance.DRUG_RESPONSE: "Concerns the response to a drug, not a disease; one position is not a star-allele call.",
}


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Allele(_Row):
    """One allele at one place, as in VCF; in a data file `16:3243407:T:C`."""

    chrom: str
    pos: int = Field(ge=1)
    ref: str
    alt: str

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _ALLELE.fullmatch(value)
        if match is None:
            raise ValueError(f"an allele is written like 16:3243407:T:C, not {value!r}")
        return match.groupdict()

    @model_validator(mode="after")
    def _changes_something(self) -> Allele:
        if self.ref == self.alt:
            raise ValueError("an allele differs from the reference")
        return self


class KnownVariant(_Row):
    """One variant. `coding` and `protein` are empty for variants outside a coding sequence; `rsid` is None where not confirmed.

    `aliases` are names of the literature: older numbering (`R92Q` is p.Arg121Gln), star alleles, tags of HLA alleles.
    """

    gene: str
    coding: str = Field(default="", pattern=r"^(c\.[0-9_+*>A-Za-z-]{3,40})?$")
    protein: str = Field(default="", pattern=r"^(p\.[A-Za-z0-9*=]{3,40})?$")
    rsid: Annotated[str, Field(pattern=r"^rs[1-9][0-9]{0,11}$")] | None = None
    aliases: tuple[str, ...] = ()
    places: Mapping[str, Allele] = Field(min_length=1)
    significance: Significance
    condition: str = Field(min_length=3)
    inheritance: Inheritance | None = None
    comment: str = ""
    source_id: str = Field(validation_alias="source")

    @field_validator("places")
    @classmethod
    def _in_known_builds(cls, places: Mapping[str, Allele]) -> Mapping[str, Allele]:
        if not set(places) <= set(BUILDS):
            raise ValueError(f"a place is given in {' or '.join(BUILDS)}")
        return MappingProxyType(dict(places))

    @model_validator(mode="after")
    def _causes_have_an_inheritance(self) -> KnownVariant:
        if self.significance.is_causal and self.inheritance is None:
            raise ValueError("a variant that causes a disease states its inheritance")
        return self

    @property
    def source(self) -> Source:
        """Where the classification comes from."""
        return source(self.source_id)

    @property
    def note(self) -> str:
        """The kind of statement, then what else to know."""
        return f"{self.significance.statement} {self.comment}".strip()

    @property
    def name(self) -> str:
        """A short name to show, e.g. `MEFV p.Met694Val` or `VKORC1 rs9923231`."""
        own = self.protein or self.coding or self.rsid or (self.aliases[0] if self.aliases else "")
        return f"{self.gene} {own}".strip()


@cache
def known_variants() -> tuple[KnownVariant, ...]:
    """Return every known variant, in the order of the data file."""
    return load("known_variants", KnownVariant)


@cache
def _by_allele() -> Mapping[tuple[str, str, int, str, str], KnownVariant]:
    return {
        (build, allele.chrom, allele.pos, allele.ref, allele.alt): row
        for row in known_variants() for build, allele in row.places.items()
    }


@cache
def _by_rsid() -> Mapping[str, tuple[KnownVariant, ...]]:
    found: dict[str, tuple[KnownVariant, ...]] = {}
    for row in known_variants():
        if row.rsid is not None:
            found[row.rsid] = (*found.get(row.rsid, ()), row)
    return found


@cache
def _by_name() -> Mapping[tuple[str, str], KnownVariant]:
    return {
        (row.gene.upper(), name.upper()): row
        for row in known_variants() for name in (row.coding, row.protein, *row.aliases) if name
    }


def known_variant_at(build: str, chrom: str, pos: int, ref: str, alt: str) -> KnownVariant | None:
    """Return the known variant with exactly this left-aligned allele, or None. `chr16` is read as `16`."""
    bare = chrom[3:] if chrom[:3].lower() == "chr" else chrom
    return _by_allele().get((build, bare, pos, ref.upper(), alt.upper()))


def known_by_rsid(rsid: str) -> tuple[KnownVariant, ...]:
    """Return the known variants with this dbSNP id, in any case of the letters; empty for an unknown id or other text."""
    text = rsid[:_MAX_NAME].strip().lower()
    return _by_rsid().get(text, ()) if _RSID.fullmatch(text) else ()


def known_by_name(gene: str, name: str) -> KnownVariant | None:
    """Return a known variant by its gene and a name: HGVS (`c.2080A>G`, `p.Met694Val`), older numbering or star allele."""
    return _by_name().get((gene[:_MAX_NAME].strip().upper(), name[:_MAX_NAME].strip().upper()))
