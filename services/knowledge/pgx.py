"""The pharmacogenes: which changes define each allele, in both builds, what the allele does, and what two alleles make.

Positions and bases are those of the forward strand, as a VCF file writes them, whatever strand the gene lies on. Functions and
phenotypes follow CPIC; drugs and doses stand in the pharmacogenomic rules (`services.knowledge.drugs`), nowhere else.

SEE: Relling 2019 (CPIC, TPMT and NUDT15), PMID 30447069; the CPIC allele functionality tables; PharmVar.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.knowledge.catalogue import load
from services.knowledge.drugs import CitedSource, Condition, Rule, drugs_selected, pgx_codes, pgx_rule

Bases = Annotated[str, StringConstraints(pattern=r"^[ACGT]{1,50}$")]
Key = Annotated[str, StringConstraints(pattern=r"^rs[0-9]{1,12}(_[A-Za-z]+)?$")]


class AlleleFunction(StrEnum):
    """What an allele does, in the terms of CPIC; `DEFICIENT` is for G6PD, which has no graded function."""

    NORMAL = "normal"
    DECREASED = "decreased"
    NONE = "none"
    INCREASED = "increased"
    UNCERTAIN = "uncertain"
    DEFICIENT = "deficient"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DefiningVariant(_Row):
    """One change at a place. `coding` is the usual name on the transcript, empty where it is not needed."""

    id: Key
    rsid: Annotated[str, StringConstraints(pattern=r"^rs[0-9]{1,12}$")]
    grch37: int = Field(alias="GRCh37", ge=1)
    grch38: int = Field(alias="GRCh38", ge=1)
    ref: Bases
    alt: Bases
    coding: str = ""

    def position(self, build: str) -> int:
        """The 1-based position in a build, `GRCh37` or `GRCh38`."""
        return self.grch37 if build == "GRCh37" else self.grch38


class StarAllele(_Row):
    """One allele. `core` are the changes it is told by; see the data file for `usual` (there `with`) and `either`."""

    name: str
    function: AlleleFunction
    core: tuple[Key, ...] = Field(min_length=1)
    usual: tuple[Key, ...] = Field((), alias="with")
    either: tuple[Key, ...] = ()


class Pharmacogene(_Row):
    """One gene. `reference` is the allele without any of the changes; `phase_note` says which pair is likelier, and why."""

    gene: str
    chrom: str
    strand: Literal["+", "-"]
    reference: str
    variants: tuple[DefiningVariant, ...] = Field(min_length=1)
    alleles: tuple[StarAllele, ...] = Field(min_length=1)
    phase_note: str
    limits: tuple[str, ...]
    sources: tuple[CitedSource, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _alleles_are_made_of_known_changes(self) -> Pharmacogene:
        known = {one.id for one in self.variants}
        named = {key for one in self.alleles for key in (*one.core, *one.usual, *one.either)}
        if len(known) != len(self.variants) or known != named:
            raise ValueError(f"{self.gene}: changes and alleles do not fit: {sorted(known ^ named)}")
        return self

    def function_of(self, allele: str) -> AlleleFunction | None:
        """Return what an allele does, None for one that is not in the table."""
        if allele == self.reference:
            return AlleleFunction.NORMAL
        return next((one.function for one in self.alleles if one.name == allele), None)


class Phenotype(_Row):
    """What a pair of alleles makes. `name` is None where none can be assigned, and `reason` then says why.

    `activity` is the sum of the activity values, for CYP2C9 only.
    """

    name: str | None = None
    reason: str = ""
    activity: float | None = None


@cache
def pharmacogenes() -> Mapping[str, Pharmacogene]:
    """Return the genes by symbol, in file order."""
    return MappingProxyType({one.gene: one for one in load("pgx_genes", Pharmacogene)})


@cache
def star_functions() -> Mapping[str, Mapping[str, AlleleFunction]]:
    """Return what each star allele does, by gene, for every gene with star alleles."""
    found: dict[str, Mapping[str, AlleleFunction]] = {}
    for gene in pharmacogenes().values():
        if gene.gene == "G6PD":
            continue
        table = {gene.reference: AlleleFunction.NORMAL} | {one.name: one.function for one in gene.alleles}
        found[gene.gene] = MappingProxyType({**table, **_FURTHER.get(gene.gene, {})})
    return MappingProxyType(found | {"UGT1A1": _UGT1A1})


_FURTHER: Mapping[str, Mapping[str, AlleleFunction]] = {
    "TPMT": {"*1S": AlleleFunction.NORMAL, "*42": AlleleFunction.NONE},
    "CYP2C19": {"*38": AlleleFunction.NORMAL, "*36": AlleleFunction.NONE, "*37": AlleleFunction.NONE},
}
"""Alleles a laboratory may report and a file of small variants does not show."""
_UGT1A1: Mapping[str, AlleleFunction] = MappingProxyType({
    "*1": AlleleFunction.NORMAL, "*6": AlleleFunction.DECREASED, "*28": AlleleFunction.DECREASED,
    "*37": AlleleFunction.DECREASED, "*36": AlleleFunction.INCREASED,
})  # fmt: skip
_ACTIVITY = {
    AlleleFunction.NORMAL: 1.0, AlleleFunction.DECREASED: 0.5, AlleleFunction.NONE: 0.0, AlleleFunction.INCREASED: 1.0,
}  # fmt: skip


def phenotype_of(gene: str, first: str, second: str) -> Phenotype:
    """Return what two star alleles of a gene with star alleles make; in either order."""
    table = star_functions()[gene]
    unknown = [allele for allele in (first, second) if allele not in table]
    if unknown:
        return Phenotype(reason=f"{gene}{unknown[0]} has no function in the table: phenotype indeterminate")
    functions = (table[first], table[second])
    if AlleleFunction.UNCERTAIN in functions:
        return _uncertain(gene, (first, second), functions)
    if gene == "CYP2C19":
        return Phenotype(name=_cyp2c19(functions))
    score = sum(_ACTIVITY[function] for function in functions)
    if gene == "CYP2C9":
        return Phenotype(name="normal" if score == 2 else "intermediate" if score >= 1 else "poor", activity=score)
    if gene == "UGT1A1":
        return Phenotype(name={2.0: "normal", 1.5: "intermediate", 1.0: "poor"}[score])
    return Phenotype(name={2.0: "normal", 1.0: "intermediate", 0.0: "poor"}[score])


def _uncertain(gene: str, pair: tuple[str, str], functions: tuple[AlleleFunction, AlleleFunction]) -> Phenotype:
    if AlleleFunction.NONE in functions and gene in ("TPMT", "NUDT15"):
        return Phenotype(name="possible intermediate")
    named = next(one for one, function in zip(pair, functions, strict=True) if function is AlleleFunction.UNCERTAIN)
    return Phenotype(reason=f"{gene}{named} is of uncertain function: phenotype indeterminate")


def _cyp2c19(functions: tuple[AlleleFunction, AlleleFunction]) -> str:
    lost, raised = functions.count(AlleleFunction.NONE), functions.count(AlleleFunction.INCREASED)
    if AlleleFunction.DECREASED in functions:
        return "likely poor" if lost else "likely intermediate"
    if lost:
        return "poor" if lost == 2 else "intermediate"
    return ("normal", "rapid", "ultrarapid")[raised]


def g6pd_phenotype(alleles: tuple[str, ...]) -> Phenotype:
    """Return what one (a man's) or two G6PD alleles make: normal, deficient, or variable in a woman with one of each.

    SEE: Gammal 2023 (CPIC guideline), Clin Pharmacol Ther.
    """
    functions = [pharmacogenes()["G6PD"].function_of(one) for one in alleles]
    deficient = functions.count(AlleleFunction.DEFICIENT)
    if deficient == len(functions):
        return Phenotype(name="deficient")
    return Phenotype(name="variable" if deficient else "normal")


def rules_for_genotype(gene: str, phenotype: str | None, diplotype: str | None) -> tuple[Rule, ...]:
    """Return the drug rules that fire for a genotype of one gene, strongest first; rules that need a second gene are left out."""
    plain = (phenotype or "").removeprefix("likely ")
    fired = [
        rule for rule in _gene_rules()
        if any(part.gene == gene and (diplotype in part.diplotype if part.diplotype else plain in part.phenotype)
               for part in _single(rule))
    ]  # fmt: skip
    return tuple(sorted(fired, key=lambda rule: -rule.severity.rank))


def drugs_of_gene(gene: str) -> tuple[str, ...]:
    """Return every drug with a rule about a gene, by name."""
    named = {drug for rule in _gene_rules() if any(part.gene == gene for part in _single(rule)) for drug in rule.drugs}
    return tuple(sorted(drugs_selected(tuple(sorted(named)))))


def _gene_rules() -> tuple[Rule, ...]:
    return tuple(pgx_rule(code) for code in sorted(pgx_codes()))


def _single(rule: Rule) -> tuple[Condition, ...]:
    """The conditions of a rule of which one alone is enough."""
    if rule.when is None:
        return ()
    return rule.when.any_of or ((rule.when,) if rule.when.gene else ())
