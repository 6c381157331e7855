"""Points by domain: the highest item of each domain counts, then the domains add up.

Every sum is an interval: what the answered items give for sure, and what the open items could still bring.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import NO, YES, Truth, all_of, negate
from services.clinical.criteria.records import CriteriaRecord, Domain
from services.clinical.criteria.results import DomainScore, Verdict
from services.clinical.explanation import Step


def domain_scores(facts: Facts, record: CriteriaRecord) -> tuple[DomainScore, ...]:
    """Return one score for each domain that has weighted yes/no items, in the record's order."""
    return tuple(
        _score(facts, record, domain) for domain in record.domains if domain.maximum is not None
    )


def _score(facts: Facts, record: CriteriaRecord, domain: Domain) -> DomainScore:
    sure, reachable, counted = 0.0, 0.0, None
    for item in record.items:
        if item.domain != domain.key or item.weight is None:
            continue
        truth = facts.truth(item.key)
        if truth.true and item.weight > sure:
            sure, counted = item.weight, item.label
        if not truth.false:
            reachable = max(reachable, item.weight)
    return DomainScore(
        key=domain.key, label=domain.label, points=sure, points_max_reachable=reachable,
        maximum=domain.maximum or 0.0, counted=counted,
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
    return Verdict(
        classified=met.value, missing=met.missing, entry_met=entry.value, points=points_of(scores),
        points_max=reachable_of(scores), domains=scores,
        notes=notes + gap_note(scores, record.threshold or 0.0), steps=steps_of(facts, record, scores),
    )


def gap_note(scores: Iterable[DomainScore], threshold: float) -> tuple[str, ...]:
    """Return how far the sure points are from the threshold, where they are below it."""
    listed = tuple(scores)
    short = threshold - points_of(listed)
    if short <= 0:
        return ()
    open_points = reachable_of(listed) - points_of(listed)
    return (f"{short:g} more points would be needed; open items can still bring up to {open_points:g}",)
