"""Items of clinical evidence: what a variant means for treatment, diagnosis or prognosis, in which tumour type, how surely.

Levels after Li 2017: A approved therapy or professional guideline for this tumour type, B well-powered studies with consensus,
C several small studies or investigational therapy, D preclinical work or single cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.amp.alterations import Alteration
from services.knowledge.sources import Source

LI_2017 = Source(citation="Li 2017, J Mol Diagn (AMP/ASCO/CAP standards)", doi="10.1016/j.jmoldx.2016.10.002")


class EvidenceType(StrEnum):
    SENSITIVITY = "sensitivity to therapy"
    RESISTANCE = "resistance to therapy"
    DIAGNOSTIC = "diagnostic"
    PROGNOSTIC = "prognostic"

    @property
    def is_therapeutic(self) -> bool:
        return self in (EvidenceType.SENSITIVITY, EvidenceType.RESISTANCE)


class Level(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Level.A: "approved therapy or professional guideline", Level.B: "well-powered studies with consensus",
    Level.C: "several small studies or investigational therapy", Level.D: "preclinical work or single cases",
}


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One statement of one source. `id` is unique within its dataset; `dataset` names the release, e.g. `CIViC 01-Nov-2026`.

    `supports` False: the source reports that the association was looked for and not found. `excluded` names tumour types a
    broader statement does not extend to. `outcome` says which way a diagnostic or prognostic item points.
    """

    id: str
    gene: str
    alteration: Alteration
    type: EvidenceType
    level: Level
    tumour: str
    statement: str
    source: Source
    dataset: str
    therapies: tuple[str, ...] = ()
    outcome: str = ""
    supports: bool = True
    excluded: tuple[str, ...] = ()
    rating: int | None = None
    """The curators' trust in the study, 1 to 5; None where not rated."""
    origin: str = ""
    """`somatic`, `germline` or as the source says; empty where it does not."""
    url: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.gene or not self.tumour:
            raise InvalidInputError("an item of evidence has an id, a gene and a tumour type")
        if self.rating is not None and not 1 <= self.rating <= 5:
            raise InvalidInputError(f"{self.id}: a rating lies between 1 and 5")
