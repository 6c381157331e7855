"""What the criteria of oncogenicity look at. `None` is unknown or not looked up, never zero, normal or negative."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.record import PopulationData
from services.genomics.amp.variant import SomaticKind


class GeneRole(StrEnum):
    TUMOUR_SUPPRESSOR = "tumour suppressor"
    ONCOGENE = "oncogene"
    BOTH = "tumour suppressor and oncogene"
    NEITHER = "no established role in cancer"
    UNKNOWN = "role not known"

    @property
    def suppresses(self) -> bool | None:
        return None if self is GeneRole.UNKNOWN else self in (GeneRole.TUMOUR_SUPPRESSOR, GeneRole.BOTH)

    @property
    def is_cancer_gene(self) -> bool | None:
        return None if self is GeneRole.UNKNOWN else self is not GeneRole.NEITHER


@dataclass(frozen=True, slots=True)
class Established:
    """A variant classified as oncogenic by this standard, at the same residue.

    `is_as_severe`: whether the new residue differs from the reference at least about as much as that variant's (for instance
    by Grantham's distance).
    """

    name: str
    same_protein_change: bool
    same_nucleotide_change: bool = False
    is_as_severe: bool | None = None


@dataclass(frozen=True, slots=True)
class CancerHotspot:
    """Counts of samples in a catalogue of hot spots. `is_hotspot` False: looked up, and the residue is none."""

    dataset: str
    is_hotspot: bool
    same_position: int = 0
    same_change: int = 0
    by_nucleotide: bool = False
    """Whether the counts are of this very nucleotide change."""

    def __post_init__(self) -> None:
        if not 0 <= self.same_change <= self.same_position:
            raise InvalidInputError(f"{self.dataset}: a residue is changed at least as often as by one of its changes")


class Verdict(StrEnum):
    DAMAGING = "damaging"
    HARMLESS = "no effect"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of computational evidence that was used."""

    name: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Functional:
    """Well-established functional studies. `of_nucleotide_change`: done with this very nucleotide change."""

    is_oncogenic: bool
    note: str
    of_nucleotide_change: bool = False


@dataclass(frozen=True, slots=True)
class OncogenicRecord:
    """One variant. `null_strength` is what the PVS1 tree gives a null variant; `null_judged` False: the tree was not walked."""

    gene: str
    kind: SomaticKind
    role: GeneRole = GeneRole.UNKNOWN
    null_strength: Strength | None = None
    null_judged: bool = False
    established: tuple[Established, ...] | None = None
    functional: Functional | None = None
    hotspot: CancerHotspot | None = None
    in_critical_domain: bool | None = None
    domain: str = ""
    lines: tuple[Line, ...] = ()
    single_cause: bool | None = None
    """Whether the patient's malignancy has a single genetic cause, and it is this gene."""
    populations: tuple[PopulationData, ...] = ()
    is_silent: bool | None = None
    """Whether the change is synonymous; None: `kind` alone decides that it is not."""
    splice_delta: float | None = None
    highly_conserved: bool | None = None
    data_versions: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.splice_delta is not None and not 0.0 <= self.splice_delta <= 1.0:
            raise InvalidInputError("a splice delta score lies between 0 and 1")
