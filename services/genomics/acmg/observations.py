"""What an expert observed, in numbers: the input of the criteria that no database answers.

One shape for each kind of observation. The numbers are kept with a classification; `expert.assess_observation` turns them into
a criterion and its strength. A number that was not counted is 0 cases, never an answer; a question left open is None.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.genomics.acmg.criteria import Criterion
from services.genomics.acmg.record import Inheritance

MAX_COUNT = 1_000
MAX_PEOPLE = 10_000_000
MAX_WORDS = 1_000
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
People = Annotated[int, Field(ge=0, le=MAX_PEOPLE)]
Words = Annotated[str, Field(max_length=MAX_WORDS)]
Ratio = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class _Observation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeNovo(_Observation):
    """Unrelated probands in whom the variant arose de novo, by fit of the phenotype and by whether both parents are confirmed."""

    form: Literal["de novo"] = "de novo"
    specific_confirmed: Count = 0
    specific_assumed: Count = 0
    consistent_confirmed: Count = 0
    consistent_assumed: Count = 0
    heterogeneous_confirmed: Count = 0
    """Consistent, but many genes cause such a phenotype."""
    heterogeneous_assumed: Count = 0


class InTrans(_Observation):
    """Probands with a recessive disease and a second variant of the gene, by what is known of phase and of that variant."""

    form: Literal["in trans"] = "in trans"
    confirmed_pathogenic: Count = 0
    """In trans with a pathogenic or likely pathogenic variant."""
    confirmed_uncertain: Count = 0
    unknown_pathogenic: Count = 0
    """Phase not known, the other variant pathogenic."""
    unknown_likely_pathogenic: Count = 0
    homozygous: Count = 0
    recessive: bool | None = None
    """Whether the disease is recessive; None: as the gene's inheritance says."""
    rare: bool | None = None
    """Whether the variant is rare enough for PM2; None: as the population data say."""


class FunctionalBasis(StrEnum):
    ODDS = "odds of pathogenicity, as published"
    CONTROLS = "control variants, counted here"
    BASIC = "wild type and null controls with replicates, no control variants"
    NONE = "neither controls nor replicates"


class Readout(StrEnum):
    ABNORMAL = "abnormal"
    NORMAL = "normal"
    BETWEEN = "between, or not clear"


class Functional(_Observation):
    """One assay of a mechanism of the disease: how it was validated, and how the variant did in it."""

    form: Literal["functional"] = "functional"
    basis: FunctionalBasis = FunctionalBasis.CONTROLS
    readout: Readout = Readout.BETWEEN
    odds: Ratio | None = None
    pathogenic_abnormal: Count = 0
    pathogenic_normal: Count = 0
    benign_abnormal: Count = 0
    benign_normal: Count = 0
    assay: Words = ""


class Segregation(_Observation):
    """Informative meioses in which the variant went with the disease, over all families."""

    form: Literal["segregation"] = "segregation"
    meioses: Count = 0
    families: Count = 0


class LackOfSegregation(_Observation):
    form: Literal["lack of segregation"] = "lack of segregation"
    affected_without: Count = 0
    phenocopies_excluded: bool | None = None


class CasesBasis(StrEnum):
    COUNTS = "carriers among cases and controls"
    RATIO = "odds ratio, as published"
    PROBANDS = "unrelated probands of a very rare variant"


class Cases(_Observation):
    """Affected people with the variant: compared with controls, or counted where the variant is too rare to compare."""

    form: Literal["cases"] = "cases"
    basis: CasesBasis = CasesBasis.COUNTS
    cases_with: People = 0
    cases_without: People = 0
    controls_with: People = 0
    controls_without: People = 0
    odds_ratio: Ratio | None = None
    lower: Ratio | None = None
    upper: Ratio | None = None
    probands: Count = 0
    rare: bool | None = None
    """Whether the variant is rare enough for PM2; None: as the population data say."""


class Phenotype(_Observation):
    form: Literal["phenotype"] = "phenotype"
    specific: bool | None = None
    single_cause: bool | None = None
    phenotype: Words = ""


class OtherVariant(_Observation):
    """A pathogenic variant of the same gene beside this one."""

    form: Literal["other variant"] = "other variant"
    in_cis: bool | None = None
    dominant: bool | None = None
    """Whether the disease is dominant; None: as the gene's inheritance says."""
    fully_penetrant: bool | None = None


class OtherCause(_Observation):
    form: Literal["other cause"] = "other cause"
    explains_all: bool | None = None
    cause: Words = ""


Observation = Annotated[
    DeNovo | InTrans | Functional | Segregation | LackOfSegregation | Cases | Phenotype | OtherVariant | OtherCause,
    Field(discriminator="form"),
]
AnyObservation = (
    DeNovo | InTrans | Functional | Segregation | LackOfSegregation | Cases | Phenotype | OtherVariant | OtherCause
)

FORMS: dict[Criterion, type[AnyObservation]] = {
    Criterion.PS2: DeNovo, Criterion.PM6: DeNovo, Criterion.PM3: InTrans, Criterion.PS3: Functional, Criterion.BS3: Functional,
    Criterion.PP1: Segregation, Criterion.BS4: LackOfSegregation, Criterion.PS4: Cases, Criterion.PP4: Phenotype,
    Criterion.BP2: OtherVariant, Criterion.BP5: OtherCause,
}
"""The criteria that are judged from an observation. Two of a kind share one: what was seen decides which of them is met."""


class Circumstances(BaseModel):
    """What is known of gene and variant anyway. `is_rare`: whether PM2 is met, None where it could not be assessed."""

    model_config = ConfigDict(frozen=True)

    inheritance: Inheritance = Inheritance.UNKNOWN
    is_rare: bool | None = None
