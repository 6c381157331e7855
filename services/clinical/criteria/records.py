"""The rows of `criteria.yaml`: a criteria set's items, weights, thresholds, entry text, sources and summary.

The facts live in the data file only; how the items combine is a rule function in the set's own module.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.clinical.disease import Disease
from services.knowledge.sources import Source

Answer = bool | int | float | str | None
"""None or "unknown" is not answered; "other_cause" means present but better explained otherwise, where an item allows it."""

UNKNOWN = "unknown"
OTHER_CAUSE = "other_cause"
DISCLAIMER = "Classification criteria, not a diagnosis."

Purpose = Literal["classification", "diagnosis", "phenotype", "staging", "histology", "severity"]
Role = Literal["entry", "criterion", "exclusion", "context"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Row):
    value: str
    label: str


class CriterionItem(_Row):
    """One question of a set.

    `weight` is None where the set has no points. An `optional` item counts only when answered: leaving it open neither
    blocks nor supports the class. `probes` are the values at which a number changes a decision, used to say what an
    answer would change.
    """

    key: str
    label: str
    domain: str
    weight: float | None = None
    kind: Literal["yes_no", "number", "choice"] = "yes_no"
    role: Role = "criterion"
    options: tuple[Option, ...] = ()
    help: str = ""
    unit: str = ""
    minimum: float = 0
    maximum: float = 1_000_000
    integer: bool = False
    optional: bool = False
    attributable: bool = False
    probes: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _need_options_and_probes(self) -> CriterionItem:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError(f"{self.key}: options belong to choice items and to no other")
        if (self.kind == "number") != bool(self.probes):
            raise ValueError(f"{self.key}: probes belong to number items and to no other")
        return self


class Domain(_Row):
    """A group of items; where items have weights, only the highest one counts. `maximum` is that highest weight."""

    key: str
    label: str
    maximum: float | None = None
    clinical: bool = True


class Category(_Row):
    """A named outcome other than met or not met: a stage, a phenotype, a grade."""

    key: str
    label: str


class CriteriaRecord(_Row):
    """One row of `criteria.yaml`. `summary` holds the passages that are indexed for retrieval."""

    id: str
    name: str
    diseases: tuple[Disease, ...] = Field(min_length=1)
    version: str
    purpose: Purpose
    rule: str
    entry: str = ""
    exclusions: str = ""
    threshold: float | None = None
    sources: tuple[Source, ...] = Field(min_length=1)
    domains: tuple[Domain, ...] = Field(min_length=1)
    items: tuple[CriterionItem, ...] = Field(min_length=1)
    categories: tuple[Category, ...] = ()
    limits: str = ""
    summary: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _keep_items_and_domains_consistent(self) -> CriteriaRecord:
        keys = [item.key for item in self.items]
        if len(keys) != len(set(keys)):
            raise ValueError(f"{self.id}: an item key is used twice")
        domains = {domain.key for domain in self.domains}
        for item in self.items:
            if item.domain not in domains:
                raise ValueError(f"{self.id}: item {item.key} names the unknown domain {item.domain}")
        for domain in self.domains:
            weights = [item.weight for item in self.items if item.domain == domain.key and item.weight is not None]
            if domain.maximum is not None and weights and domain.maximum != max(weights):
                raise ValueError(f"{self.id}: domain {domain.key} must have the maximum {max(weights)}")
        return self
