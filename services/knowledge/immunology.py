"""The shapes of the curated rows on autoantibodies, HLA, findings and how diseases present.

Each model mirrors one file of `data/`; `services.knowledge.catalogue.load` validates every row on first use. Numbers are
ranges or odds ratios with their population and source; a number that is uncertain is absent and the row says so.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.knowledge.drugs import Rule, Severity, drugs_selected, pgx_rule
from services.knowledge.sources import Source

Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]{2,60}$")]
Percent = Annotated[float, Field(ge=0, le=100)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PercentRange(_Row):
    """A published range in percent. `low` equals `high` where the source gives one figure."""

    low: Percent
    high: Percent

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: object) -> object:
        if isinstance(value, list) and len(value) == 2:
            return {"low": value[0], "high": value[1]}
        return value

    @model_validator(mode="after")
    def _in_order(self) -> PercentRange:
        if self.low > self.high:
            raise ValueError(f"range {self.low}-{self.high} runs backwards")
        return self

    @property
    def middle(self) -> float:
        """The middle as a fraction of one."""
        return (self.low + self.high) / 200

    def __str__(self) -> str:
        return f"{self.low:g} %" if self.low == self.high else f"{self.low:g}-{self.high:g} %"


class AntibodyLink(_Row):
    """One disease an antibody is associated with. `disease` is one of the thirteen or an outside condition's slug.

    `basis` says in whom the figures hold ("generalised MG", "adults", "within dermatomyositis"). `population` False marks
    a sensitivity whose denominator is not the whole disease; it is shown, never used for ranking.
    """

    disease: Slug
    sensitivity: PercentRange | None = None
    specificity: PercentRange | None = None
    basis: str = ""
    population: bool = True


class AntibodyRecord(_Row):
    """One autoantibody. `background` is an assumed share of positives without the linked diseases, for ranking only.

    `against` lists diseases a positive result speaks against.
    """

    id: Slug
    name: str
    synonyms: tuple[str, ...] = ()
    group: Literal[
        "nuclear", "myositis", "rheumatoid", "phospholipid", "anca", "gut", "neuro", "islet", "thyroid", "liver", "organ"
    ]
    links: tuple[AntibodyLink, ...] = ()
    nonspecific: bool = False
    background: Fraction | None = None
    titer_matters: bool = False
    against: tuple[Slug, ...] = ()
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)


class AmbiguousName(_Row):
    """A name that has been used for more than one antibody: asked about, never guessed."""

    name: str
    synonyms: tuple[str, ...] = ()
    candidates: tuple[Slug, ...] = Field(min_length=2)
    why: str


class IcapPattern(_Row):
    """One HEp-2 staining pattern of the International Consensus on ANA Patterns."""

    code: Annotated[str, Field(pattern=r"^AC-(?:[0-9]|1[0-9]|2[0-9])$")]
    name: str
    synonyms: tuple[str, ...] = ()
    antigens: tuple[str, ...] = ()
    compartment: Literal["nuclear", "cytoplasmic", "mitotic", "negative"]


Background = Literal["very_common", "common", "uncommon", "rare", "very_rare"]


class Concept(_Row):
    """A finding the differential can use, with the ways people write it."""

    id: Slug
    name: str
    background: Background
    parents: tuple[Slug, ...] = ()
    hpo: Annotated[str, Field(pattern=r"^HP:\d{7}$")] | None = None
    hpo_name: str | None = None
    labs: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+ (?:low|high|(?:above|below) [0-9.]+)$")], ...] = ()
    phrases: tuple[str, ...] = Field(min_length=1)


class Presentation(_Row):
    """How a disease presents: finding ids by frequency class, age (from-year: relative weight) and sex."""

    id: Slug
    name: str
    scope: Literal["thirteen", "outside"]
    log_prior: float = 0.0
    female_fraction: Fraction | None = None
    age_weights: dict[int, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    very_frequent: tuple[Slug, ...] = ()
    frequent: tuple[Slug, ...] = ()
    occasional: tuple[Slug, ...] = ()
    rare: tuple[Slug, ...] = ()
    against: tuple[Slug, ...] = ()
    red_flags: tuple[Slug, ...] = ()


class OddsRatio(_Row):
    """An odds ratio as published: above 1 risk, below 1 protection. The interval is the 95 % confidence interval."""

    value: Annotated[float, Field(gt=0)]
    low: Annotated[float, Field(gt=0)] | None = None
    high: Annotated[float, Field(gt=0)] | None = None


class HlaAssociationRow(_Row):
    """One published association of an allele, allele group, haplotype or genotype with a disease.

    `all_of` lists what must be typed, each entry a choice `A|B`. `excludes` are finer alleles the row does not hold for.
    `copies` 2 asks for two copies of every entry. `covers` names row ids this one replaces, so linked alleles count once.
    `partial_of` names the haplotype a row is a part of: the direction then holds, the figure of the haplotype does not.
    """

    id: Slug
    label: str
    all_of: tuple[str, ...] = Field(min_length=1)
    excludes: tuple[str, ...] = ()
    unless_with: tuple[str, ...] = ()
    copies: Literal[1, 2] = 1
    covers: tuple[Slug, ...] = ()
    partial_of: Slug | None = None
    disease: Slug
    subset: str = ""
    direction: Literal["risk", "protective", "not_associated"]
    odds: OddsRatio | None = None
    uncertain: bool = False
    absolute_risk: str = ""
    population: str
    npv_only: bool = False
    note: str = ""
    source: Source

    @model_validator(mode="after")
    def _direction_fits_odds(self) -> HlaAssociationRow:
        if self.partial_of is not None and (self.odds is not None or self.absolute_risk):
            raise ValueError(f"{self.id}: the figure of a haplotype is not that of a part of it")
        if self.odds is not None:
            if self.uncertain:
                raise ValueError(f"{self.id}: an uncertain value is shown without number")
            if (self.odds.value > 1) != (self.direction == "risk"):
                raise ValueError(f"{self.id}: odds ratio {self.odds.value} contradicts direction {self.direction}")
        return self


class HlaModifierRow(_Row):
    """An allele that changes how an association reads when both are typed."""

    id: Slug
    when: str
    modifies: tuple[Slug, ...] = Field(min_length=1)
    text: str
    source: Source


class HlaPgxRow(_Row):
    """What is published of an HLA allele that changes the risk or the effect of a drug.

    `rules` are the pharmacogenomic rules that say which drugs it concerns, how much it weighs and what to do: those facts
    and their sources are read from there.
    """

    id: Slug
    rules: tuple[str, ...] = Field(min_length=1)
    all_of: tuple[str, ...] = Field(min_length=1)
    excludes: tuple[str, ...] = ()
    drug: str
    effect: str
    direction: str
    figure: str = ""
    population: str = ""

    @cached_property
    def _named(self) -> tuple[Rule, ...]:
        return tuple(pgx_rule(code) for code in self.rules)

    @cached_property
    def drugs(self) -> tuple[str, ...]:
        """The drugs concerned by name, the members of a class among them."""
        return tuple(dict.fromkeys(name for rule in self._named for name in drugs_selected(rule.drugs)))

    @property
    def action(self) -> str:
        """What to do, said for each group of drugs where several rules speak."""
        if len(self._named) == 1:
            return self._named[0].action
        return " ".join(f"{', '.join(drugs_selected(rule.drugs)).capitalize()}: {rule.action}" for rule in self._named)

    @property
    def severity(self) -> Severity:
        """The weight of the strongest of the rules."""
        return max((rule.severity for rule in self._named), key=lambda one: one.rank)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        return tuple(dict.fromkeys(source for rule in self._named for source in rule.sources))
