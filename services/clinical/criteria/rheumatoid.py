"""Judges rheumatoid arthritis by the 2010 ACR/EULAR classification (Aletaha 2010, PMID 20699241).

`count_joints` reads written joint names, because the joints that never count are the commonest error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import NO, YES, Truth, all_of, any_of, negate
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import DomainScore, Verdict
from services.clinical.criteria.weighted import domain_scores, gap_note, points_of, reachable_of, steps_of

MAX_LARGE = 10
MAX_SMALL = 38
_SEROLOGY_POINTS = {"negative": 0.0, "low_positive": 2.0, "high_positive": 3.0}


def joint_points(large: float, small: float) -> float:
    """Return the points of the joint block for counts of large and small joints (tender or swollen)."""
    if large + small > 10 and small >= 1:
        return 5
    if small >= 4:
        return 3
    if small >= 1:
        return 2
    return 1 if large >= 2 else 0


def serology_category(rf_multiple: float | None, acpa_multiple: float | None) -> str | None:
    """Return the serology choice from multiples of each assay's upper limit, or None where it is undecided.

    One test negative and the other not done leaves it undecided; a high positive decides alone.
    """
    known = [multiple for multiple in (rf_multiple, acpa_multiple) if multiple is not None]
    highest = max(known, default=0.0)
    if highest > 3:
        return "high_positive"
    if len(known) < 2:
        return None
    return "low_positive" if highest > 1 else "negative"


@dataclass(frozen=True, slots=True)
class JointCount:
    """Joints by class. `excluded` never count (DIP, 1st CMC, 1st MTP); `unrecognised` are echoed, not guessed."""

    large: int
    small: int
    excluded: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()


_EXCLUDED = (
    r"\bdip ?[2-5]?\b|\bdistal interphal", r"\b(1st|first|1|thumb) ?(cmc|carpometacarpal)\b|\bcmc ?1?\b",
    r"\b(1st|first|1|big toe|great toe) ?(mtp|metatarsophal\w*)|\bmtp ?1\b|\bhallux\b",
)
_LARGE = (r"\b(shoulder|elbow|hip|knee|ankle)s?\b",)
_SMALL = (
    r"\b(mcp|pip) ?[1-5]?\b|\bmetacarpophal|\bproximal interphal|\bthumb (ip|interphal)|\bip ?1?\b|\bwrists?\b",
    r"\bmtp ?[2-5]?\b|\bmetatarsophal",
)


_RANGE = re.compile(r"\b(mcp|pip|mtp)s? ?([1-5]) ?(?:-|–|to) ?([1-5])\b")
_BOTH_SIDES = re.compile(r"\b(bilateral|both)\b")


def count_joints(names: Iterable[str]) -> JointCount:
    """Return the counts for written joint names such as "right MCP2"; repeats count once.

    One name is one joint, except "both" or "bilateral" (two) and ranges such as "MTP 2-5", where MTP1 never counts.
    """
    large = small = 0
    excluded: list[str] = []
    unrecognised: list[str] = []
    for name in dict.fromkeys(" ".join(text[:80].lower().split()) for text in names):
        sides = 2 if _BOTH_SIDES.search(name) else 1
        plain = name.replace("-", " ")
        if (spread := _RANGE.search(name)) is not None:
            first = max(int(spread[2]), 2) if spread[1] == "mtp" else int(spread[2])
            small += sides * max(0, int(spread[3]) - first + 1)
        elif _matches(_EXCLUDED, plain):
            excluded.append(name)
        elif _matches(_LARGE, plain):
            large += sides
        elif _matches(_SMALL, plain):
            small += sides
        else:
            unrecognised.append(name)
    return JointCount(large, small, tuple(excluded), tuple(unrecognised))


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return any(re.search(pattern, name) for pattern in patterns)


def decide(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict: synovitis not better explained, and 6 points or typical erosions."""
    synovitis = facts.truth("definite_synovitis_ge_1_joint")
    entry = all_of(synovitis, negate(facts.truth("better_alternative_diagnosis")))
    scores = _scores(facts, record)
    threshold = record.threshold or 0.0
    erosions = YES if facts.truth("typical_erosions").true else NO
    met = all_of(entry, any_of(erosions, _enough(facts, record, scores, threshold)))
    points, reachable = points_of(scores), reachable_of(scores)
    notes = gap_note(points, reachable, threshold)
    if entry.false:
        notes = ("entry criteria not met: no definite synovitis, or another disease explains it better", *notes)
    if erosions.true and points < threshold:
        notes = (*notes, "typical erosions classify without the score")
    return Verdict(
        classified=met.value, missing=met.missing, entry_met=entry.value, points=points, points_max=reachable,
        domains=scores, notes=notes, explain=partial(steps_of, facts, record, scores),
    )


def _scores(facts: Facts, record: CriteriaRecord) -> tuple[DomainScore, ...]:
    blocks = {score.key: score for score in domain_scores(facts, record)}
    large, small = facts.number("large_joints"), facts.number("small_joints")
    least = joint_points(large or 0, small or 0)
    most = joint_points(MAX_LARGE if large is None else large, MAX_SMALL if small is None else small)
    choice = facts.choice("serology")
    serology = None if choice is None else _SEROLOGY_POINTS[choice]
    blocks["joints"] = _replace(blocks["joints"], least, most)
    blocks["serology"] = _replace(blocks["serology"], serology or 0.0, 3.0 if serology is None else serology)
    return tuple(blocks.values())


def _replace(score: DomainScore, points: float, reachable: float) -> DomainScore:
    return replace(score, points=points, points_max_reachable=reachable)


def _enough(facts: Facts, record: CriteriaRecord, scores: tuple[DomainScore, ...], threshold: float) -> Truth:
    if points_of(scores) >= threshold:
        return YES
    if reachable_of(scores) < threshold:
        return NO
    open_domains = {score.key for score in scores if score.points_max_reachable > score.points}
    return Truth(None, frozenset(
        item.key for item in record.items if item.domain in open_domains and item.key not in facts.values
    ))
