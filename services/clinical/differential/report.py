"""What a differential consists of."""

from __future__ import annotations

from typing import Literal

from services.clinical.antibodies import NameQuestion
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Frozen
from services.clinical.hla import HlaReport
from services.clinical.symptoms import Finding


class Evidence(Frozen):
    """One contribution to a hypothesis. `weight` is in natural-log units, after caps; negative speaks against."""

    kind: Literal["antibody", "hla", "finding", "age", "sex", "prior"]
    text: str
    weight: float


class DifferentialEntry(Frozen):
    """One of the thirteen diseases as an explanation of what was sent.

    `confidence` is relative support between 0 and 1 among all hypotheses considered, including "none of these"; it is not
    a probability of disease. `classification_criteria_met` is the number of criteria items the caller knows to be met.
    """

    disease: Disease
    confidence: float
    score: float
    rank: int
    evidence: tuple[Evidence, ...] = ()
    supporting_antibodies: tuple[str, ...] = ()
    supporting_hla: tuple[str, ...] = ()
    matching_symptoms: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()
    red_flags: tuple[str, ...] = ()
    classification_criteria_met: int = 0
    notes: str = ""
    explanation: Explanation


class OutsideCondition(Frozen):
    """A condition that is not one of the thirteen and explains the findings."""

    condition: str
    name: str
    confidence: float
    score: float
    evidence: tuple[Evidence, ...] = ()
    red_flags: tuple[str, ...] = ()


class Differential(Frozen):
    """The ranked differential. `none_of_the_13` is an answer: nothing among the thirteen is the best explanation."""

    entries: tuple[DifferentialEntry, ...] = ()
    outside: tuple[OutsideCondition, ...] = ()
    none_of_the_13: bool
    summary: str
    findings: tuple[Finding, ...] = ()
    hla: HlaReport = HlaReport()
    unrecognised_antibodies: tuple[str, ...] = ()
    questions: tuple[NameQuestion, ...] = ()
    unrecognised_symptoms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
