"""What the product knows of drugs: classes, names, therapies, and the rules that connect them to a patient.

A rule's condition is data, not code: `Condition` is a small expression over findings, diseases, antibodies,
measurements, alleles, phenotypes and co-medication, evaluated with three truth values by `services.clinical.safety`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.sources import Source


def _source_from_line(line: object) -> object:
    """Read `Author year, Journal | pmid:123 | doi:10...`; a mapping passes through."""
    if not isinstance(line, str):
        return line
    citation, *identifiers = (part.strip() for part in line.split("|"))
    return {"citation": citation, **dict(part.split(":", 1) for part in identifiers)}


CitedSource = Annotated[Source, BeforeValidator(_source_from_line)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Severity(StrEnum):
    """How strongly a rule speaks, weakest first."""

    INFO = "info"
    MODERATE = "moderate"
    MAJOR = "major"
    CRITICAL = "critical"
    CONTRAINDICATED = "contraindicated"

    @property
    def rank(self) -> int:
        """Return 0 for info up to 4 for contraindicated."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class DrugClass(_Record):
    """A class of drugs; `parents` are the wider classes every member also belongs to."""

    id: str
    label: str
    names: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()


class DrugName(_Record):
    """A drug that matters for interactions: its name, other names of it, and the classes it belongs to.

    `also` names further drugs of exactly the same classes; each is a drug of its own.
    """

    name: str
    names: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    classes: tuple[str, ...]


class FindingRecord(_Record):
    """Something a record states about a patient.

    `implies`: ids that are also present when this one is. `covers`: ids that are absent when this one is absent (no
    tuberculosis means neither latent nor active). `diseases`: diagnoses that establish it; with `listed` it is one of
    the thirteen, so that a list of diagnoses without it denies it. `ask` is False for what is a complaint, not a
    question every patient must answer.
    """

    id: str
    label: str
    names: tuple[str, ...] = ()
    absent_names: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    diseases: tuple[str, ...] = ()
    listed: bool = False
    ask: bool = True


_KINDS = (
    "all_of", "any_of", "negated", "unless", "finding", "disease", "antibody", "measure", "age", "sex", "allele",
    "gene", "co_drug", "dose", "frequency", "prior_drug",
)  # fmt: skip


class Condition(_Record):
    """One expression. Exactly one of the kinds is set; the comparators belong to measure, age and dose.

    `unless` is true when its inner condition is not known to be true; `not` keeps unknown as unknown. `measure` names
    a laboratory key or a number of the extensions, in the canonical unit named by `unit`; `uln` compares with a
    multiple of the upper limit of normal instead, `default_uln` where the report gives none. `partner` narrows `with` to
    drugs that are taken, or to those that are proposed.
    """

    all_of: tuple[Condition, ...] = Field((), alias="all")
    any_of: tuple[Condition, ...] = Field((), alias="any")
    negated: Condition | None = Field(None, alias="not")
    unless: Condition | None = None
    finding: str | None = None
    treated: Literal[False] | None = None
    within_months: float | None = None
    disease: str | None = None
    antibody: str | None = None
    positive: bool = True
    measure: str | None = None
    age: Literal["years"] | None = None
    sex: Literal["M", "F"] | None = None
    allele: str | None = None
    gene: str | None = None
    phenotype: tuple[str, ...] = ()
    diplotype: tuple[str, ...] = ()
    co_drug: tuple[str, ...] = Field((), alias="with")
    partner: Literal["current", "proposed"] | None = None
    prior_drug: tuple[str, ...] = ()
    dose: Literal["prednisone_equivalent_mg_per_day", "mg_per_day", "mg_per_kg_per_day", "mg_per_kg"] | None = None
    frequency: Literal["daily"] | None = None
    unit: str | None = None
    uln: bool = False
    default_uln: float | None = None
    lt: float | None = None
    le: float | None = None
    gt: float | None = None
    ge: float | None = None

    @cached_property
    def kind(self) -> str:
        """Which of the kinds this condition is."""
        return next(kind for kind in _KINDS if getattr(self, kind))

    @cached_property
    def is_about_patient(self) -> bool:
        """Whether the answer is the same for every drug: nothing in it asks for the drug, its dose or its partners."""
        return self.kind != "co_drug" and not self.asks_dose and all(part.is_about_patient for part in self._parts)

    @cached_property
    def asks_dose(self) -> bool:
        """Whether anything in it asks for the dose of the drug or how often it is given."""
        return self.kind in {"dose", "frequency"} or any(part.asks_dose for part in self._parts)

    @property
    def _parts(self) -> tuple[Condition, ...]:
        return (*self.all_of, *self.any_of, *(part for part in (self.negated, self.unless) if part is not None))

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> Condition:
        kinds = [kind for kind in _KINDS if getattr(self, kind)]
        if len(kinds) != 1:
            raise ValueError(f"a condition needs exactly one kind, got {kinds}")
        compares = [name for name in ("lt", "le", "gt", "ge") if getattr(self, name) is not None]
        if (kinds[0] in {"measure", "age", "dose"}) != bool(compares):
            raise ValueError("measure, age and dose need a comparator; nothing else takes one")
        if self.measure and self.unit is None:
            raise ValueError(f"measure {self.measure} needs its unit")
        return self


class Scope(StrEnum):
    """Why a drug is looked at: the patient takes it, somebody proposes it, or it is a candidate for a diagnosis."""

    CURRENT = "current"
    PROPOSED = "proposed"
    CANDIDATE = "candidate"


class Rule(_Record):
    """One safety or pharmacogenomic rule.

    With `drugs` it is evaluated for each drug looked at that the selectors name (`class:` before a class id); without
    it is a rule about the patient, and `applies_to` says what it concerns. `excludes` takes a drug off the
    recommendations. `ask`: list what is missing when the rule cannot be decided.
    """

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$")
    title: str
    drugs: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    when: Condition | None = None
    severity: Severity
    excludes: bool = False
    ask: bool = True
    scopes: tuple[Scope, ...] = tuple(Scope)
    text: str
    action: str
    alternatives: tuple[str, ...] = ()
    sources: tuple[CitedSource, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _about_something(self) -> Rule:
        if not self.drugs and (self.when is None or not self.applies_to):
            raise ValueError(f"{self.code}: a rule without drugs needs a condition and what it applies to")
        return self

    @property
    def removes(self) -> bool:
        """Whether a drug this rule fires for leaves the recommendations."""
        return self.excludes or self.severity is Severity.CONTRAINDICATED


class LabelStatus(StrEnum):
    """What the label says of a drug in a disease."""

    ON_LABEL = "on_label"
    OFF_LABEL = "off_label"
    STANDARD_CARE = "standard_care"
    UNCERTAIN = "uncertain"
    NOT_INDICATED = "not_indicated"


class PaediatricLabel(_Record):
    """The youngest age, in whole years, a label covers; 0 for any age. `when` limits it to a subtype, `population` in words."""

    from_years: int = Field(ge=0, lt=18)
    population: str = ""
    when: Condition | None = None


class Use(_Record):
    """A drug in a disease. `when` limits it to a subtype; `population` says that subtype in words.

    `children` are the labelled uses below 18 years. Without one the label is known for adults only, which is not the same
    as a label that forbids the drug to children: nothing is recorded.
    """

    disease: str
    status: LabelStatus
    population: str = ""
    when: Condition | None = None
    children: tuple[PaediatricLabel, ...] = ()
    note: str = ""


class TherapyKind(StrEnum):
    BIOLOGIC = "biologic"
    TARGETED_SYNTHETIC = "targeted_synthetic"
    CONVENTIONAL = "conventional"
    NON_DRUG = "non_drug"


class Therapy(_Record):
    """A treatment of one or more of the thirteen diseases."""

    name: str
    names: tuple[str, ...] = ()
    kind: TherapyKind
    classes: tuple[str, ...]
    mechanism: str
    uses: tuple[Use, ...]
    boxed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    start_thresholds: tuple[str, ...] = ()
    screening: tuple[str, ...] = ()
    monitoring: tuple[str, ...] = ()
    pgx: tuple[str, ...] = ()
    evidence: str
    note: str = ""
    sources: tuple[CitedSource, ...] = Field(min_length=1)


class DiseaseNote(_Record):
    """What must be said about the treatment of a disease, whatever drugs are listed for it."""

    disease: str
    text: str
    sources: tuple[CitedSource, ...] = Field(min_length=1)


@cache
def therapies() -> tuple[Therapy, ...]:
    """Return every therapy, in file order."""
    return load("therapies", Therapy)


@cache
def drug_classes() -> dict[str, DrugClass]:
    """Return the drug classes by id."""
    return {row.id: row for row in load("drug_classes", DrugClass)}


@cache
def findings() -> dict[str, FindingRecord]:
    """Return the findings a record can state, by id."""
    return {row.id: row for row in load("clinical_findings", FindingRecord)}


@cache
def rules() -> tuple[Rule, ...]:
    """Return the safety rules followed by the pharmacogenomic rules."""
    return (*load("drug_rules", Rule), *load("pgx_rules", Rule))


@cache
def pgx_codes() -> frozenset[str]:
    """Return the codes of the pharmacogenomic rules."""
    return frozenset(rule.code for rule in load("pgx_rules", Rule))


def pgx_rule(code: str) -> Rule:
    """Return a pharmacogenomic rule by its code.

    :raise ConfigurationError: there is none.
    """
    found: Rule | None = next((rule for rule in load("pgx_rules", Rule) if rule.code == code), None)
    if found is None:
        raise ConfigurationError(f"knowledge file data/pgx_rules.yaml: no rule {code}")
    return found


@cache
def drugs_selected(selectors: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the drugs that selectors name; a class stands for its members, in order of name."""
    named: dict[str, None] = {}
    for selector in selectors:
        members = sorted(name for name, classes in classes_of().items() if selector[6:] in classes)
        named |= dict.fromkeys(members if selector.startswith("class:") else [selector])
    return tuple(named)


@cache
def disease_notes() -> dict[str, DiseaseNote]:
    """Return the treatment note of each disease, by its identifier."""
    return {row.disease: row for row in load("therapy_notes", DiseaseNote)}


@cache
def classes_of() -> dict[str, frozenset[str]]:
    """Return, for each drug name in lower case, every class it belongs to, wider classes included."""
    listed = [(row.name, row.classes) for row in therapies()]
    listed += [(name, row.classes) for row in load("drugs", DrugName) for name in (row.name, *row.also)]
    return {name.lower(): _widen(classes) for name, classes in listed}


def _widen(classes: tuple[str, ...]) -> frozenset[str]:
    known = drug_classes()
    widened: set[str] = set()
    waiting = list(classes)
    while waiting:
        current = waiting.pop()
        if current not in widened:
            widened.add(current)
            waiting.extend(known[current].parents)
    return frozenset(widened)


@cache
def drug_names() -> tuple[tuple[str, str], ...]:
    """Return (written name, drug name in lower case) for every drug and brand; class names map to `class:<id>`."""
    pairs: list[tuple[str, str]] = []
    for therapy in therapies():
        pairs += [(name, therapy.name.lower()) for name in (therapy.name, *therapy.names)]
    for drug in load("drugs", DrugName):
        pairs += [(name, drug.name.lower()) for name in (drug.name, *drug.names)]
        pairs += [(name, name.lower()) for name in drug.also]
    for drug_class in drug_classes().values():
        pairs += [(name, f"class:{drug_class.id}") for name in (drug_class.label, *drug_class.names)]
    return tuple(pairs)


@lru_cache(maxsize=65536)
def selects(selectors: tuple[str, ...], name: str, classes: frozenset[str]) -> bool:
    """Whether one of `selectors` (a drug name, or `class:` and a class id) names this drug."""
    return any(
        selector[6:] in classes if selector.startswith("class:") else selector.lower() == name for selector in selectors
    )
