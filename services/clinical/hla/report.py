"""What an HLA report consists of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from services.clinical.explanation import Explanation, Frozen
from services.knowledge.immunology import OddsRatio
from services.knowledge.sources import Source


class HlaAssociation(Frozen):
    """One published association, read against this typing. Susceptibility, never a diagnosis.

    `allele` is the typed allele the row was matched by (two-field), `label` what the figure was published for,
    `certainty` is "typed" or, where the typing is coarser than the row, "possible" and then without odds ratio.
    """

    id: str
    allele: str
    alleles: tuple[str, ...]
    label: str
    disease: str
    disease_name: str
    subset: str = ""
    direction: Literal["risk", "protective", "not_associated"]
    odds_ratio: float | None = None
    interval: tuple[float, float] | None = None
    population: str
    absolute_risk: str = ""
    certainty: Literal["typed", "possible"]
    is_uncertain: bool = False
    npv_only: bool = False
    modifiers: tuple[str, ...] = ()
    resolution: str
    note: str = ""
    source: Source
    explanation: Explanation

    @property
    def odds(self) -> OddsRatio | None:
        """The odds ratio with its interval, where both the typing and the source allow one."""
        if self.odds_ratio is None:
            return None
        low, high = self.interval or (None, None)
        return OddsRatio(value=self.odds_ratio, low=low, high=high)


class HlaDrugFinding(Frozen):
    """An allele that matters for a drug."""

    id: str
    allele: str
    label: str
    drugs: tuple[str, ...]
    drug: str
    effect: str
    direction: str
    figure: str = ""
    action: str
    severity: str
    population: str = ""
    certainty: Literal["typed", "possible"]
    sources: tuple[Source, ...]
    explanation: Explanation


class HlaReport(Frozen):
    """Everything the typing says, and what in it could not be read."""

    associations: tuple[HlaAssociation, ...] = ()
    pgx: tuple[HlaDrugFinding, ...] = ()
    typed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    absent_alleles: tuple[str, ...] = ()
    is_dq2_dq8_excluded: bool = False
    unrecognised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, disease: str) -> tuple[HlaAssociation, ...]:
        """Return the associations with one disease, in the order reported."""
        return self.by_disease.get(disease, ())

    @cached_property
    def by_disease(self) -> Mapping[str, tuple[HlaAssociation, ...]]:
        """The associations of each disease, in the order reported."""
        found: dict[str, tuple[HlaAssociation, ...]] = {}
        for one in self.associations:
            found[one.disease] = (*found.get(one.disease, ()), one)
        return found
