"""The genes this product is about, as facts: places in both builds, transcript, disease and mechanism.

A row is a fact with its source, not a finding: that a gene is listed says nothing about a variant in it. Three things are kept
apart that are often mixed: a gene whose variants *cause* a disease (`diseases` with an inheritance), a gene in which common
variants shift a *risk* (`GeneGroup.SUSCEPTIBILITY`, no inheritance), and a gene whose alleles change the response to a *drug*
(`GeneGroup.PHARMACOGENE`).

Places are 1-based and inclusive, chromosomes are written without `chr`. A place is the extent of a RefSeq transcript in both
builds and holds the MANE Select transcript but for a few bases at its ends. Transcripts come from MANE release 1.5, names and ids
from HGNC, dosage scores from ClinGen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, cached_property
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.sources import Source

BUILDS = ("GRCh37", "GRCh38")
"""The builds that places are given in, by the names they have in `Mapping`s of places."""

Symbol = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9-]{1,19}$")]
DosageScore = Literal[0, 1, 2, 3, 30, 40]
"""ClinGen: 0 no evidence, 1 little, 2 some, 3 sufficient; 30 the gene's disease is recessive; 40 dosage sensitivity unlikely."""

_PLACE = re.compile(r"(?P<chrom>[0-9]{1,2}|X|Y):(?P<start>[0-9]{1,9})-(?P<end>[0-9]{1,9}):(?P<strand>[+-])")
_MAX_NAME = 60


class GeneGroup(StrEnum):
    """Why a gene is listed; a gene can be in several groups. The value is what a data file writes."""

    AUTOIMMUNITY = "monogenic_autoimmunity"
    AUTOINFLAMMATION = "autoinflammation"
    INTERFERONOPATHY = "interferonopathy"
    COMPLEMENT = "complement"
    IMMUNODEFICIENCY = "immunodeficiency"
    HLH = "hemophagocytic_lymphohistiocytosis"
    BOWEL = "monogenic_bowel_inflammation"
    IMITATOR = "imitates_autoimmunity"
    HLA = "hla"
    PHARMACOGENE = "pharmacogene"
    SUSCEPTIBILITY = "susceptibility"


class Inheritance(StrEnum):
    """How a disease is inherited. A gene without one is listed for risk or for drug response."""

    DOMINANT = "AD"
    RECESSIVE = "AR"
    X_LINKED = "XL"
    SOMATIC = "somatic"


class Effect(StrEnum):
    """What the variants that cause a disease do to the gene product."""

    LOSS = "loss_of_function"
    GAIN = "gain_of_function"
    DOMINANT_NEGATIVE = "dominant_negative"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Row):
    """A stretch of a chromosome, 1-based and inclusive; in a data file `21:44285876-44298648:+`."""

    chrom: str
    start: int = Field(ge=1)
    end: int = Field(ge=1)
    strand: Literal["+", "-"]

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _PLACE.fullmatch(value)
        if match is None:
            raise ValueError(f"a place is written like 21:44285876-44298648:+, not {value!r}")
        return match.groupdict()

    @model_validator(mode="after")
    def _in_order(self) -> Place:
        if self.start > self.end:
            raise ValueError(f"the place {self.start}-{self.end} runs backwards")
        return self

    @property
    def length(self) -> int:
        return self.end - self.start + 1

    def overlaps(self, chrom: str, start: int, end: int) -> bool:
        """Whether at least one base lies in `chrom:start-end`, 1-based and inclusive."""
        return self.chrom == chrom and self.start <= end and start <= self.end


class GeneDisease(_Row):
    """One disease with its inheritance and mechanism.

    `established` grades the mechanism: True where several families or functional studies agree and the classification of the
    International Union of Immunological Societies, Infevers or GeneReviews states it; False for young or disputed ones.
    `inheritance` is empty for a risk or a drug response.
    """

    name: str = Field(min_length=3, max_length=160)
    inheritance: tuple[Inheritance, ...] = ()
    effect: Effect = Effect.UNKNOWN
    established: bool = False


class Gene(_Row):
    """One gene. `mane_select` is the RefSeq accession with version of MANE release 1.5, or None where there is none.

    `haploinsufficiency` and `triplosensitivity` are ClinGen dosage scores (0, 1, 2, 3, 30, 40) and None where ClinGen has not
    curated the gene: None is "not curated", never "not sensitive".
    """

    symbol: Symbol
    name: str = Field(min_length=3)
    hgnc_id: Annotated[str, Field(pattern=r"^HGNC:[0-9]{1,6}$")] | None = None
    aliases: tuple[str, ...] = ()
    groups: tuple[GeneGroup, ...] = Field(min_length=1)
    places: Mapping[str, Place]
    mane_select: Annotated[str, Field(pattern=r"^N[MR]_[0-9]{6,9}\.[0-9]{1,2}$")] | None = None
    diseases: tuple[GeneDisease, ...] = ()
    haploinsufficiency: DosageScore | None = None
    triplosensitivity: DosageScore | None = None
    note: str = ""
    source_ids: tuple[str, ...] = Field(min_length=1, validation_alias="sources")

    @field_validator("places")
    @classmethod
    def _in_both_builds(cls, places: Mapping[str, Place]) -> Mapping[str, Place]:
        if set(places) != set(BUILDS):
            raise ValueError("a gene has a place in GRCh37 and in GRCh38")
        return MappingProxyType(dict(places))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the row, in the order of the data file."""
        return tuple(source(one) for one in self.source_ids)

    @property
    def inheritance(self) -> tuple[str, ...]:
        """Every inheritance of the gene's diseases, without repeats, e.g. `("AD", "AR")`; empty for risk and drug response."""
        return tuple(dict.fromkeys(one.value for disease in self.diseases for one in disease.inheritance))

    @property
    def mechanism(self) -> str:
        """The mechanism in words: `loss of function`, `loss of function, gain of function`, `unknown` ..."""
        known = dict.fromkeys(disease.effect.label for disease in self.diseases if disease.effect is not Effect.UNKNOWN)
        return ", ".join(known) or Effect.UNKNOWN.label

    @property
    def is_monogenic(self) -> bool:
        """Whether variants in this gene cause a disease by themselves."""
        return any(disease.inheritance for disease in self.diseases)


class _NamedSource(_Row):
    id: str
    source: Source


@cache
def _sources() -> Mapping[str, Source]:
    return {row.id: row.source for row in load("genes_sources", _NamedSource)}


def source(identifier: str) -> Source:
    """Return a source of `genes_sources.yaml`.

    :raise ConfigurationError: a data file names a source that is not there.
    """
    try:
        return _sources()[identifier]
    except KeyError as error:
        raise ConfigurationError(f"the source {identifier!r} is not in genes_sources.yaml") from error


@cache
def genes() -> Mapping[str, Gene]:
    """Return every gene by its approved symbol, in alphabetical order of the symbols."""
    return MappingProxyType({row.symbol: row for row in sorted(load("genes", Gene), key=lambda row: row.symbol)})


@cache
def _by_name() -> Mapping[str, Gene]:
    names = {alias.upper(): row for row in genes().values() for alias in row.aliases}
    return {**names, **{symbol.upper(): row for symbol, row in genes().items()}}


def gene(symbol: str) -> Gene | None:
    """Return a gene by its approved symbol, an earlier symbol or an alias, in any case; None when it is not listed."""
    return _by_name().get(symbol[:_MAX_NAME].strip().upper())


@cache
def _by_chromosome() -> Mapping[tuple[str, str], tuple[Gene, ...]]:
    found: dict[tuple[str, str], list[Gene]] = {}
    for row in genes().values():
        for build, place in row.places.items():
            found.setdefault((build, place.chrom), []).append(row)
    return {
        (build, chrom): tuple(sorted(rows, key=lambda row: row.places[build].start))
        for (build, chrom), rows in found.items()
    }


def genes_at(build: str, chrom: str, start: int, end: int) -> tuple[Gene, ...]:
    """Return the genes that share a base with `chrom:start-end` (1-based, inclusive), by their start.

    `build` is `GRCh37` or `GRCh38`; any other gives nothing, as does a contig that is no chromosome. `chr7` is read as `7`.
    """
    bare = chrom[3:] if chrom[:3].lower() == "chr" else chrom
    rows = _by_chromosome().get((build, bare), ())
    return tuple(row for row in rows if row.places[build].overlaps(bare, start, end))
