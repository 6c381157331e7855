"""One variant judged: every criterion, what excludes what, the points and the class.

Exclusions of Horak 2022, Table 2: OS2 and OS3 not beside OS1 unless the study, or the hot spot, is of the very nucleotide
change; OM1 not beside OS1 or OS3; OM2 not beside OVS1; OM3 not beside OS1, OS3 or OM1; OM4 not beside OM1 or OM3. Classes:
oncogenic from 10 points, likely oncogenic 6 to 9, uncertain 0 to 5, likely benign -6 to -1, benign from -7 down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.oncogenicity import benign, oncogenic
from services.genomics.oncogenicity.criteria import HORAK_2022, Code, CodeResult, CodeStatus
from services.genomics.oncogenicity.record import OncogenicRecord
from services.knowledge.sources import Source

ONCOGENICITY_RULES = "clingen-cgc-vicc@2022"


class Oncogenicity(StrEnum):
    ONCOGENIC = "oncogenic"
    LIKELY_ONCOGENIC = "likely oncogenic"
    UNCERTAIN = "uncertain significance"
    LIKELY_BENIGN = "likely benign"
    BENIGN = "benign"


@dataclass(frozen=True, slots=True)
class OncogenicDecision:
    """An expert's word on one criterion; it replaces the engine's. `points` None: as published; `note` is the reason."""

    code: Code
    is_met: bool
    note: str
    points: int | None = None


@dataclass(frozen=True, slots=True)
class OncogenicAssessment:
    """All seventeen criteria, the sum and the class."""

    results: tuple[CodeResult, ...]
    points: int
    oncogenicity: Oncogenicity
    conflicts: tuple[str, ...]
    data_versions: tuple[tuple[str, str], ...]
    rules: str = ONCOGENICITY_RULES
    source: Source = HORAK_2022

    def result(self, code: Code) -> CodeResult:
        return next(one for one in self.results if one.code is code)


_RULES: dict[Code, Callable[[OncogenicRecord], CodeResult]] = {
    Code.OVS1: oncogenic.assess_ovs1, Code.OS1: oncogenic.assess_os1, Code.OS2: oncogenic.assess_os2,
    Code.OS3: oncogenic.assess_os3, Code.OM1: oncogenic.assess_om1, Code.OM2: oncogenic.assess_om2,
    Code.OM3: oncogenic.assess_om3, Code.OM4: oncogenic.assess_om4, Code.OP1: oncogenic.assess_op1,
    Code.OP2: oncogenic.assess_op2, Code.OP3: oncogenic.assess_op3, Code.OP4: oncogenic.assess_op4,
    Code.SBVS1: benign.assess_sbvs1, Code.SBS1: benign.assess_sbs1, Code.SBS2: benign.assess_sbs2,
    Code.SBP1: benign.assess_sbp1, Code.SBP2: benign.assess_sbp2,
}
_EXCLUDED_BY: dict[Code, tuple[Code, ...]] = {
    Code.OS2: (Code.OS1,), Code.OS3: (Code.OS1,), Code.OM1: (Code.OS1, Code.OS3), Code.OM2: (Code.OVS1,),
    Code.OM3: (Code.OS1, Code.OS3, Code.OM1), Code.OM4: (Code.OM1, Code.OM3),
}
_CONTRADICTIONS = ((Code.OS2, Code.SBS2), (Code.OP1, Code.SBP1), (Code.OP4, Code.SBS1), (Code.OP4, Code.SBVS1))


def class_of_points(points: int) -> Oncogenicity:
    """Return the class of a sum of points."""
    if points >= 10:
        return Oncogenicity.ONCOGENIC
    if points >= 6:
        return Oncogenicity.LIKELY_ONCOGENIC
    if points >= 0:
        return Oncogenicity.UNCERTAIN
    return Oncogenicity.LIKELY_BENIGN if points >= -6 else Oncogenicity.BENIGN


def assess_oncogenicity(record: OncogenicRecord, expert: Iterable[OncogenicDecision] = ()) -> OncogenicAssessment:
    """Judge the criteria and classify.

    An expert's decision is never excluded by the engine, but told as a conflict. Raises InvalidInputError for two decisions on
    one criterion, a decision without a note, or points the criterion cannot give.
    """
    given: dict[Code, CodeResult] = {}
    for one in expert:
        if one.code in given:
            raise InvalidInputError(f"{one.code} has two decisions")
        given[one.code] = _decided(one)
    results = _exclude([given[code] if code in given else _RULES[code](record) for code in Code], record)
    points = sum(one.points for one in results)
    return OncogenicAssessment(tuple(results), points, class_of_points(points), _conflicts(results), record.data_versions)


def _decided(one: OncogenicDecision) -> CodeResult:
    note = one.note.strip()
    if not note or len(note) > 5_000:
        raise InvalidInputError(f"{one.code}: a decision needs a note of at most 5,000 characters")
    if not one.is_met:
        return CodeResult(one.code, CodeStatus.NOT_MET, 0, note, by_expert=True)
    points = one.code.points if one.points is None else one.points
    return CodeResult(one.code, CodeStatus.MET, points, note, by_expert=True)


def _exclude(results: list[CodeResult], record: OncogenicRecord) -> list[CodeResult]:
    """Set aside what may not be counted beside a stronger criterion, in the order of the standard."""
    counted: set[Code] = set()
    kept = []
    for one in results:
        by = [code for code in _EXCLUDED_BY.get(one.code, ()) if code in counted]
        if one.status is CodeStatus.MET and by and not one.by_expert and not _is_of_nucleotide(one.code, record):
            reason = f"{one.reason}; not counted beside {', '.join(by)}"
            one = replace(one, status=CodeStatus.EXCLUDED, points=0, reason=reason)
        if one.status is CodeStatus.MET:
            counted.add(one.code)
        kept.append(one)
    return kept


def _is_of_nucleotide(code: Code, record: OncogenicRecord) -> bool:
    if code is Code.OS2:
        return record.functional is not None and record.functional.of_nucleotide_change
    return code is Code.OS3 and record.hotspot is not None and record.hotspot.by_nucleotide


def _conflicts(results: Iterable[CodeResult]) -> tuple[str, ...]:
    used = {one.code: one for one in results if one.status is CodeStatus.MET}
    found = [f"{one} and {other} contradict each other" for one, other in _CONTRADICTIONS if one in used and other in used]
    up, down = (sum(one.points for one in used.values() if (one.points > 0) == way) for way in (True, False))
    if up >= 4 and down <= -4:
        found.append(f"strong evidence points both ways: {up} points up, {-down} down")
    for code, others in _EXCLUDED_BY.items():
        by = [other for other in others if other in used]
        if code in used and used[code].by_expert and by:
            found.append(f"{code} by an expert stands beside {', '.join(by)}, which the standard does not count together")
    return tuple(found)
