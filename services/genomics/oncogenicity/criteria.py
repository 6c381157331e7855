"""The seventeen criteria with their points, and what is said of one.

Horak 2022, Table 2 (doi 10.1016/j.gim.2022.01.001). OM3 and OM4 are numbered as CIViC and ClinVar's submitters do (OM3: another
missense change of the residue, OM4: hot spot of fewer than 50 samples); copies of the table exist with the two exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError
from services.knowledge.sources import Source

HORAK_2022 = Source(citation="Horak 2022, Genet Med (ClinGen/CGC/VICC oncogenicity)", doi="10.1016/j.gim.2022.01.001")
GRADES = frozenset({1, 2, 4, 8})
"""Points of supporting, moderate, strong and very strong evidence."""


class Code(StrEnum):
    OVS1 = "OVS1"
    OS1 = "OS1"
    OS2 = "OS2"
    OS3 = "OS3"
    OM1 = "OM1"
    OM2 = "OM2"
    OM3 = "OM3"
    OM4 = "OM4"
    OP1 = "OP1"
    OP2 = "OP2"
    OP3 = "OP3"
    OP4 = "OP4"
    SBVS1 = "SBVS1"
    SBS1 = "SBS1"
    SBS2 = "SBS2"
    SBP1 = "SBP1"
    SBP2 = "SBP2"

    @property
    def points(self) -> int:
        """Points as published; benign evidence counts down."""
        return _POINTS[self]

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_POINTS = {
    Code.OVS1: 8, Code.OS1: 4, Code.OS2: 4, Code.OS3: 4, Code.OM1: 2, Code.OM2: 2, Code.OM3: 2, Code.OM4: 2, Code.OP1: 1,
    Code.OP2: 1, Code.OP3: 1, Code.OP4: 1, Code.SBVS1: -8, Code.SBS1: -4, Code.SBS2: -4, Code.SBP1: -1, Code.SBP2: -1,
}
_MEANINGS = {
    Code.OVS1: "Null variant in a tumour suppressor gene",
    Code.OS1: "Same amino acid change as an established oncogenic variant",
    Code.OS2: "Functional studies show an oncogenic effect",
    Code.OS3: "Hot spot: 50 or more samples at the residue, 10 or more with the change",
    Code.OM1: "Critical, well-established part of a functional domain",
    Code.OM2: "Length of the protein changed in a known cancer gene",
    Code.OM3: "Another missense change of the residue is oncogenic",
    Code.OM4: "Hot spot: fewer than 50 samples at the residue, 10 or more with the change",
    Code.OP1: "All predictions used support an oncogenic effect",
    Code.OP2: "Gene of a malignancy with a single genetic cause",
    Code.OP3: "Hot spot: fewer than 10 samples with the change",
    Code.OP4: "Absent from controls, or extremely rare",
    Code.SBVS1: "Frequency above 5 % in a general population",
    Code.SBS1: "Frequency above 1 % in a general population",
    Code.SBS2: "Functional studies show no oncogenic effect",
    Code.SBP1: "All predictions used suggest no effect",
    Code.SBP2: "Silent, no predicted effect on splicing, not highly conserved",
}


class CodeStatus(StrEnum):
    MET = "met"
    NOT_MET = "not met"
    NOT_ASSESSABLE = "not assessable"
    EXCLUDED = "met, but not counted beside another criterion"


@dataclass(frozen=True, slots=True)
class CodeResult:
    """One criterion judged. `points` is what counts: 0 unless met."""

    code: Code
    status: CodeStatus
    points: int
    reason: str
    inputs: tuple[tuple[str, str], ...] = ()
    source: Source = HORAK_2022
    by_expert: bool = False

    def __post_init__(self) -> None:
        if (self.points != 0) != (self.status is CodeStatus.MET):
            raise InvalidInputError(f"{self.code}: points belong to a met criterion and to no other")
        if self.points and (abs(self.points) not in GRADES or (self.points > 0) != (self.code.points > 0)):
            raise InvalidInputError(f"{self.code} gives 1, 2, 4 or 8 points {'up' if self.code.points > 0 else 'down'}")
        if not self.reason:
            raise InvalidInputError(f"{self.code}: a judgement needs its reason")


def met(code: Code, reason: str, inputs: Mapping[str, object], *, points: int | None = None) -> CodeResult:
    return CodeResult(code, CodeStatus.MET, code.points if points is None else points, reason, _shown(inputs))


def not_met(code: Code, reason: str, inputs: Mapping[str, object]) -> CodeResult:
    return CodeResult(code, CodeStatus.NOT_MET, 0, reason, _shown(inputs))


def not_assessable(code: Code, reason: str, inputs: Mapping[str, object]) -> CodeResult:
    return CodeResult(code, CodeStatus.NOT_ASSESSABLE, 0, reason, _shown(inputs))


def _shown(inputs: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, "unknown" if value is None else str(value)) for name, value in inputs.items())
