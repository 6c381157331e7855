"""Points by domain: the highest item of each domain counts, then the domains add up.

Every sum is an interval: what the answered items give for sure, and what the open items could still bring.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import NO, YES, Truth, all_of, negate
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import DomainScore, Verdict
from services.clinical.explanation import Step


def domain_scores(facts: Facts, record: CriteriaRecord) -> tuple[DomainScore, ...]:
    """Return one score for each domain that has a maximum, in the record's order."""
    sure: dict[str, float] = {}
    reachable: dict[str, float] = {}
    counted: dict[str, str] = {}
    for item in record.items:
        if item.weight is None:
            continue
        answer = facts.values.get(item.key)
        if answer is True and item.weight > sure.get(item.domain, 0.0):
            sure[item.domain], counted[item.domain] = item.weight, item.label
        if answer is not False:
            reachable[item.domain] = max(reachable.get(item.domain, 0.0), item.weight)
    return tuple(
        DomainScore(
            key=domain.key, label=domain.label, points=sure.get(domain.key, 0.0),
            points_max_reachable=reachable.get(domain.key, 0.0), maximum=domain.maximum,
            counted=counted.get(domain.key),
        )
        for domain in record.domains if domain.maximum is not None
    )


def reaches(facts: Facts, record: CriteriaRecord, scores: Iterable[DomainScore], threshold: float) -> Truth:
    """Return whether the sum of `scores` reaches `threshold`; undecided lacks every open item that could add points."""
    listed = tuple(scores)
    if sum(score.points for score in listed) >= threshold:
        return YES
    if sum(score.points_max_reachable for score in listed) < threshold:
        return NO
    sure = {score.key: score.points for score in listed}
    return Truth(None, frozenset(
        item.key for item in record.items
        if item.weight is not None and item.domain in sure
        and item.key not in facts.values and item.weight > sure[item.domain]
    ))


def points_of(scores: Iterable[DomainScore]) -> float:
    return sum(score.points for score in scores)


def reachable_of(scores: Iterable[DomainScore]) -> float:
    return sum(score.points_max_reachable for score in scores)


def steps_of(facts: Facts, record: CriteriaRecord, scores: Iterable[DomainScore]) -> tuple[Step, ...]:
    """Return the calculation line by line: what counted in each domain, and what was present without counting."""
    steps = [
        Step(
            label=score.label, points=score.points,
            note=f"{score.counted}; highest item of the domain, maximum {score.maximum:g}" if score.counted else "",
        )
        for score in scores if score.points or score.points_max_reachable
    ]
    labels = {item.key: item.label for item in record.items}
    steps += [
        Step(label=labels[key], points=0, note="present, but another cause is more likely: not counted")
        for key in sorted(facts.attributed)
    ]
    return tuple(steps)


def weigh(
    facts: Facts,
    record: CriteriaRecord,
    *,
    entry: Truth = YES,
    excluded: Truth = NO,
    extra: Truth = YES,
    notes: tuple[str, ...] = (),
) -> Verdict:
    """Judge a set of weighted domains: entry met, nothing excluded, threshold reached and `extra` fulfilled."""
    scores = domain_scores(facts, record)
    enough = reaches(facts, record, scores, record.threshold or 0.0)
    met = all_of(entry, negate(excluded), enough, extra)
    points, reachable = points_of(scores), reachable_of(scores)
    return Verdict(
        classified=met.value, missing=met.missing, entry_met=entry.value, points=points, points_max=reachable,
        domains=scores, notes=notes + gap_note(points, reachable, record.threshold or 0.0),
        explain=partial(steps_of, facts, record, scores),
    )


def gap_note(points: float, reachable: float, threshold: float) -> tuple[str, ...]:
    """Return how far the sure points are from the threshold, where they are below it."""
    if points >= threshold:
        return ()
    return (f"{threshold - points:g} more points would be needed; open items can still bring up to "
            f"{reachable - points:g}",)
