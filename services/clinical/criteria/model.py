"""A criteria set: what it asks and how it judges, in one shape for every set.

A page renders `items` without knowing the set, sends the answers to `evaluate`, and shows the `CriteriaResult`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.evaluation import evaluate
from services.clinical.criteria.records import Answer, CriteriaRecord, CriterionItem, Purpose
from services.clinical.criteria.results import CriteriaResult, Verdict
from services.clinical.disease import Disease
from services.knowledge.sources import Source

Rule = Callable[[Facts, CriteriaRecord], Verdict]


@dataclass(frozen=True, slots=True)
class CriteriaSet:
    """A criteria set: its record and the rule that combines its items."""

    record: CriteriaRecord
    decide: Rule

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def diseases(self) -> tuple[Disease, ...]:
        return self.record.diseases

    @property
    def version(self) -> str:
        return self.record.version

    @property
    def purpose(self) -> Purpose:
        return self.record.purpose

    @property
    def items(self) -> tuple[CriterionItem, ...]:
        return self.record.items

    @property
    def entry(self) -> str:
        return self.record.entry

    @property
    def exclusions(self) -> str:
        return self.record.exclusions

    @property
    def threshold(self) -> float | None:
        return self.record.threshold

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.record.sources

    def evaluate(self, answers: Mapping[str, Answer], *, with_changes: bool = True) -> CriteriaResult:
        """Judge `answers` (item key to answer; an absent key is unknown).

        Never raises on a bad answer: the result then has the status `invalid_input` and names the items. Without
        `with_changes` the result does not say what further answers would change, which takes most of the time.
        """
        return evaluate(self.record, self.decide, answers, with_changes=with_changes)
