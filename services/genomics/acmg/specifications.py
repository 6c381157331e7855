"""Rule sets as named, versioned data: how evidence is combined, and what a gene or panel changes about the criteria.

`GENERAL` is the points of Tavtigian 2020 with four refinements. `python -m validation.acmg_rules FILE --choose` tries each
candidate on the genes of the choosing half (split by a hash of the gene's name) of 3,970 variants curated by ClinGen panels.
Of the rows a refinement changes, the panels agreed with (new class : old class) there and, told apart, on the other half:

    A_LONE_SUPPORTING_BENIGN_IS_UNCERTAIN    75 : 1      13 : 0
    VERY_STRONG_WITH_ONE_MODERATE_IS_LIKELY  11 : 0       2 : 0
    TWO_STRONG_ARE_PATHOGENIC                 7 : 0       4 : 0
    BA1_YIELDS_TO_PATHOGENIC_EVIDENCE         2 : 0       none

The first three restore what the 2015 table says where the points differ from it. The fourth is a matter of safety: evidence
that is pathogenic by itself contradicts a frequency (founder variants of recessive diseases), so the class must not be benign.
A limit of the class to likely pathogenic without any strong evidence was tried and left out (7 : 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.null_rules import NullRules
from services.genomics.acmg.references import RICHARDS_2015, TAVTIGIAN_2020
from services.knowledge.sources import Source


class Scheme(StrEnum):
    """What decides the class; the other scheme is always shown beside it."""

    TABLE_2015 = "ACMG/AMP 2015 table"
    POINTS_2020 = "points 2020"


class Refinement(StrEnum):
    """A departure from the bare points."""

    A_LONE_SUPPORTING_BENIGN_IS_UNCERTAIN = "one supporting benign criterion and nothing else stays uncertain"
    VERY_STRONG_WITH_ONE_MODERATE_IS_LIKELY = "one very strong and one moderate criterion and nothing else is likely pathogenic"
    TWO_STRONG_ARE_PATHOGENIC = "two strong criteria without benign evidence are pathogenic"
    BA1_YIELDS_TO_PATHOGENIC_EVIDENCE = "BA1 does not decide against evidence that is pathogenic by itself"
    WITHOUT_STRONG_AT_MOST_LIKELY = "without a strong criterion the class is at most likely pathogenic"


@dataclass(frozen=True, slots=True)
class FrequencyThresholds:
    """Allele frequencies (fractions). `pm2_*` are upper bounds, 0 means absent; `minimum_alleles` is the least AN that counts."""

    ba1: float = 0.05
    bs1: float | None = 0.01
    """The house's, a fifth of BA1; a disease's own maximum credible frequency takes its place where it is given."""
    pm2_dominant: float = 0.0
    pm2_recessive: float = 0.0001
    minimum_alleles: int = 2_000
    bs2_individuals: int = 2
    """One might be a wrong call or an undiagnosed patient."""

    def __post_init__(self) -> None:
        bounds = (self.ba1, self.bs1 or 0.0, self.pm2_dominant, self.pm2_recessive)
        if not all(0.0 <= one <= 1.0 for one in bounds):
            raise InvalidInputError("a threshold for an allele frequency is a fraction between 0 and 1")


@dataclass(frozen=True, slots=True)
class Specification:
    """One rule set. `genes` empty means any gene; `strengths` replaces defaults; `not_used` criteria are never met."""

    id: str
    version: str
    title: str
    source: Source
    scheme: Scheme = Scheme.POINTS_2020
    refinements: frozenset[Refinement] = frozenset()
    genes: frozenset[str] = frozenset()
    thresholds: FrequencyThresholds = field(default_factory=FrequencyThresholds)
    strengths: tuple[tuple[Criterion, Strength], ...] = ()
    not_used: frozenset[Criterion] = frozenset({Criterion.PP5, Criterion.BP6})
    predictor: str = "REVEL"
    null: NullRules | None = None
    """How the panel grades null variants (PVS1) where it departs from the tree of 2018."""

    def __post_init__(self) -> None:
        for criterion, strength in self.strengths:
            if strength not in criterion.definition.allowed:
                raise InvalidInputError(f"{self.id}: {criterion} cannot be {strength}")

    @property
    def name(self) -> str:
        """Return id and version as stamped on a class, e.g. `general@2026.1`."""
        return f"{self.id}@{self.version}"

    def strength(self, criterion: Criterion) -> Strength:
        """Return the strength a criterion has by default under this rule set."""
        return dict(self.strengths).get(criterion, criterion.definition.default)


CHOSEN = frozenset({
    Refinement.A_LONE_SUPPORTING_BENIGN_IS_UNCERTAIN, Refinement.VERY_STRONG_WITH_ONE_MODERATE_IS_LIKELY,
    Refinement.TWO_STRONG_ARE_PATHOGENIC, Refinement.BA1_YIELDS_TO_PATHOGENIC_EVIDENCE,
})
GENERAL = Specification("general", "2026.1", "Points 2020 with four refinements", TAVTIGIAN_2020, refinements=CHOSEN)
POINTS_2020 = Specification("points", "2020", "Points as published", TAVTIGIAN_2020)
TABLE_2015 = Specification(
    "acmg-amp", "2015", "Combining table as published", RICHARDS_2015, Scheme.TABLE_2015,
    strengths=((Criterion.PM2, Strength.MODERATE),),
)
PUBLISHED = (GENERAL, POINTS_2020, TABLE_2015)


class Specifications:
    """The rule sets an installation knows. A name is id@version; two sets may not share it, and no gene has two panels' sets."""

    def __init__(self, known: Iterable[Specification] = PUBLISHED) -> None:
        self._by_name: dict[str, Specification] = {}
        self._by_gene: dict[str, Specification] = {}
        for one in known:
            if one.name in self._by_name:
                raise ConflictError(f"two rule sets are called {one.name}")
            self._by_name[one.name] = one
            for gene in one.genes:
                if gene in self._by_gene:
                    raise ConflictError(f"{gene} has two rule sets: {self._by_gene[gene].name} and {one.name}")
                self._by_gene[gene] = one

    def named(self, name: str) -> Specification:
        """Return the rule set called `id@version`; raises NotFoundError naming what there is."""
        if name not in self._by_name:
            raise NotFoundError(f"no rule set is called {name[:60]}: there are {', '.join(sorted(self._by_name))}")
        return self._by_name[name]

    def for_gene(self, gene: str) -> Specification:
        """Return the panel's rule set of a gene, else the general one."""
        return self._by_gene.get(gene, GENERAL)
