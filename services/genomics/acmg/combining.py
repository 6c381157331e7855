"""From evidence to class: one function gives points, both schemes' classes, the class that counts, and the conflicts.

Table: Richards 2015, Table 5. Points: Tavtigian 2020, Tables 2 and 3 (pathogenic from 10, likely pathogenic 6 to 9, uncertain
0 to 5, likely benign -6 to -1, benign from -7). The order of the evidence never matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Direction, Evidence, Strength
from services.genomics.acmg.specifications import GENERAL, Refinement, Scheme, Specification

_PATHOGENIC_POINTS, _LIKELY_PATHOGENIC_POINTS, _UNCERTAIN_POINTS, _LIKELY_BENIGN_POINTS = 10, 6, 0, -6


class Pathogenicity(StrEnum):
    """The five classes, from benign to pathogenic; `rank` orders them."""

    BENIGN = "Benign"
    LIKELY_BENIGN = "Likely Benign"
    UNCERTAIN = "Uncertain Significance"
    LIKELY_PATHOGENIC = "Likely Pathogenic"
    PATHOGENIC = "Pathogenic"

    @property
    def rank(self) -> int:
        return list(Pathogenicity).index(self)

    @property
    def tier(self) -> int:
        """-1 benign or likely benign, 0 uncertain, 1 likely pathogenic or pathogenic."""
        return (self.rank > 2) - (self.rank < 2)


@dataclass(frozen=True, slots=True)
class Classification:
    """A class with everything it came from. `points` excludes BA1, which has no points."""

    pathogenicity: Pathogenicity
    points: int
    pathogenic_points: int
    benign_points: int
    by_points: Pathogenicity
    by_table: Pathogenicity
    evidence: tuple[Evidence, ...]
    applied: tuple[Refinement, ...]
    conflicts: tuple[str, ...]
    specification: str

    @property
    def schemes_disagree(self) -> bool:
        return self.by_points is not self.by_table


@dataclass(frozen=True, slots=True)
class Counts:
    """How much evidence of each strength there is on both sides."""

    very_strong: int
    strong: int
    moderate: int
    supporting: int
    benign_alone: bool
    benign_strong: int
    benign_moderate: int
    benign_supporting: int
    ba1: bool

    @property
    def has_benign(self) -> bool:
        return self.benign_alone or self.benign_strong + self.benign_moderate + self.benign_supporting > 0

    @property
    def has_pathogenic(self) -> bool:
        return self.very_strong + self.strong + self.moderate + self.supporting > 0


def classify(evidence: Iterable[Evidence], specification: Specification = GENERAL) -> Classification:
    """Combine `evidence` under a rule set.

    Each criterion may occur once; raises InvalidInputError otherwise. Without evidence the class is uncertain.
    """
    given = tuple(sorted(set(evidence)))
    doubled = [code for code, times in Counter(one.criterion for one in given).items() if times > 1]
    if doubled:
        raise InvalidInputError(f"{doubled[0]} is given with two strengths: one criterion counts once")
    used = tuple(one for one in given if one.criterion not in specification.not_used)
    counts = count(used)
    up = sum(one.points for one in used if one.points > 0)
    down = -sum(one.points for one in used if one.points < 0)
    by_points = Pathogenicity.BENIGN if counts.benign_alone else class_of_points(up - down)
    by_table = class_of_table(counts)
    applied: list[Refinement] = []
    decided = by_table if specification.scheme is Scheme.TABLE_2015 else by_points
    for refinement in Refinement:
        if refinement in specification.refinements:
            refined = _REFINE[refinement](decided, counts, up, down)
            if refined is not decided:
                decided = refined
                applied.append(refinement)
    return Classification(
        pathogenicity=decided, points=up - down, pathogenic_points=up, benign_points=down, by_points=by_points,
        by_table=by_table, evidence=given, applied=tuple(applied),
        conflicts=conflicts_in(given, counts, up, down, specification), specification=specification.name,
    )


def count(evidence: Iterable[Evidence]) -> Counts:
    given = list(evidence)
    sides = Counter((one.criterion.definition.direction, one.strength) for one in given)
    pathogenic, benign = Direction.PATHOGENIC, Direction.BENIGN
    return Counts(
        very_strong=sides[pathogenic, Strength.VERY_STRONG], strong=sides[pathogenic, Strength.STRONG],
        moderate=sides[pathogenic, Strength.MODERATE], supporting=sides[pathogenic, Strength.SUPPORTING],
        benign_alone=sides[benign, Strength.STAND_ALONE] > 0,
        benign_strong=sides[benign, Strength.STRONG] + sides[benign, Strength.VERY_STRONG],
        benign_moderate=sides[benign, Strength.MODERATE], benign_supporting=sides[benign, Strength.SUPPORTING],
        ba1=any(one.criterion is Criterion.BA1 for one in given),
    )


def class_of_points(points: int) -> Pathogenicity:
    """Return the class of a sum of points (Tavtigian 2020, Table 3)."""
    if points >= _PATHOGENIC_POINTS:
        return Pathogenicity.PATHOGENIC
    if points >= _LIKELY_PATHOGENIC_POINTS:
        return Pathogenicity.LIKELY_PATHOGENIC
    if points >= _UNCERTAIN_POINTS:
        return Pathogenicity.UNCERTAIN
    return Pathogenicity.LIKELY_BENIGN if points >= _LIKELY_BENIGN_POINTS else Pathogenicity.BENIGN


def class_of_table(counts: Counts) -> Pathogenicity:
    """Return the class of the 2015 table; contradictory evidence is uncertain.

    The table knows neither moderate benign evidence, counted as supporting here, nor two very strong criteria, counted as one
    very strong and one strong.
    """
    pathogenic, benign = _pathogenic_by_table(counts), _benign_by_table(counts)
    if pathogenic is not None and benign is not None:
        return Pathogenicity.UNCERTAIN
    return pathogenic or benign or Pathogenicity.UNCERTAIN


def _pathogenic_by_table(counts: Counts) -> Pathogenicity | None:
    strong, moderate, supporting = counts.strong + max(0, counts.very_strong - 1), counts.moderate, counts.supporting
    very_strong = counts.very_strong > 0
    pathogenic = (
        very_strong and (strong >= 1 or moderate >= 2 or (moderate >= 1 and supporting >= 1) or supporting >= 2),
        strong >= 2,
        strong >= 1 and (moderate >= 3 or (moderate >= 2 and supporting >= 2) or (moderate >= 1 and supporting >= 4)),
    )
    if any(pathogenic):
        return Pathogenicity.PATHOGENIC
    likely = (
        very_strong and moderate >= 1,
        strong >= 1 and (moderate >= 1 or supporting >= 2),
        moderate >= 3,
        moderate >= 2 and supporting >= 2,
        moderate >= 1 and supporting >= 4,
    )
    return Pathogenicity.LIKELY_PATHOGENIC if any(likely) else None


def _benign_by_table(counts: Counts) -> Pathogenicity | None:
    supporting = counts.benign_supporting + counts.benign_moderate
    if counts.benign_alone or counts.benign_strong >= 2:
        return Pathogenicity.BENIGN
    if (counts.benign_strong >= 1 and supporting >= 1) or supporting >= 2:
        return Pathogenicity.LIKELY_BENIGN
    return None


_Refine = Callable[[Pathogenicity, Counts, int, int], Pathogenicity]


def _lone_supporting_benign(decided: Pathogenicity, counts: Counts, up: int, down: int) -> Pathogenicity:
    lone = up == 0 and down == 1 and not counts.benign_alone
    return Pathogenicity.UNCERTAIN if lone else decided


def _very_strong_and_moderate(decided: Pathogenicity, counts: Counts, up: int, down: int) -> Pathogenicity:
    only = (counts.very_strong, counts.strong, counts.moderate, counts.supporting) == (1, 0, 1, 0) and not counts.has_benign
    return Pathogenicity.LIKELY_PATHOGENIC if only and up == _PATHOGENIC_POINTS and down == 0 else decided


def _two_strong(decided: Pathogenicity, counts: Counts, up: int, down: int) -> Pathogenicity:
    enough = counts.strong + counts.very_strong >= 2 and not counts.has_benign
    return Pathogenicity.PATHOGENIC if enough and up > down else decided


def _ba1_yields(decided: Pathogenicity, counts: Counts, up: int, down: int) -> Pathogenicity:
    contradicted = counts.ba1 and up >= _PATHOGENIC_POINTS
    if not contradicted:
        return decided
    net = class_of_points(up - down)
    return net if net.rank > Pathogenicity.UNCERTAIN.rank else Pathogenicity.UNCERTAIN


def _at_most_likely(decided: Pathogenicity, counts: Counts, up: int, down: int) -> Pathogenicity:
    weak = decided is Pathogenicity.PATHOGENIC and counts.very_strong + counts.strong == 0 and up > down
    return Pathogenicity.LIKELY_PATHOGENIC if weak else decided


_REFINE: dict[Refinement, _Refine] = {
    Refinement.A_LONE_SUPPORTING_BENIGN_IS_UNCERTAIN: _lone_supporting_benign,
    Refinement.VERY_STRONG_WITH_ONE_MODERATE_IS_LIKELY: _very_strong_and_moderate,
    Refinement.TWO_STRONG_ARE_PATHOGENIC: _two_strong,
    Refinement.BA1_YIELDS_TO_PATHOGENIC_EVIDENCE: _ba1_yields,
    Refinement.WITHOUT_STRONG_AT_MOST_LIKELY: _at_most_likely,
}

_DOUBLE_COUNTING = (
    (Criterion.PP3, Criterion.BP4, "PP3 and BP4 read the same prediction in opposite directions"),
    (Criterion.BA1, Criterion.BS1, "BA1 and BS1 count the same frequency twice"),
    (Criterion.PM2, Criterion.BA1, "PM2 says rare, BA1 says common"),
    (Criterion.PM2, Criterion.BS1, "PM2 says rare, BS1 says too common"),
    (Criterion.PVS1, Criterion.PP3, "PVS1 and PP3 may count the same predicted effect twice"),
    (Criterion.PVS1, Criterion.PM4, "PVS1 and PM4 may count the same change of length twice"),
    (Criterion.PS1, Criterion.PM5, "PS1 and PM5 read the same residue: do not let them weigh more than one strong criterion"),
    (Criterion.PP3, Criterion.BP7, "PP3 predicts damage, BP7 a silent change without effect on splicing"),
    (Criterion.PVS1, Criterion.BP7, "PVS1 says null, BP7 says silent"),
    (Criterion.PM4, Criterion.BP3, "PM4 and BP3 judge the same change of length in opposite directions"),
    (Criterion.PP2, Criterion.BP1, "PP2 says missense causes the disease, BP1 that only truncation does"),
    (Criterion.PS2, Criterion.PM6, "PS2 and PM6 are one criterion: confirmed or assumed de novo"),
    (Criterion.PS3, Criterion.BS3, "functional studies contradict each other"),
    (Criterion.PP1, Criterion.BS4, "families contradict each other: segregation and lack of it"),
    (Criterion.PP5, Criterion.BP6, "reputable sources contradict each other"),
)


def conflicts_in(
    evidence: Iterable[Evidence], counts: Counts, up: int, down: int, specification: Specification = GENERAL
) -> tuple[str, ...]:
    """Return what an expert must look at before trusting the class, most serious first."""
    given = {one.criterion: one.strength for one in evidence}
    found = []
    if counts.ba1 and up >= Strength.STRONG.points:
        found.append(f"BA1 stands against {up} points of pathogenic evidence: exclude a founder or low-penetrance variant first")
    elif counts.has_pathogenic and counts.has_benign:
        found.append(f"evidence points both ways: {up} points pathogenic, {down} points benign" + (" and BA1" * counts.ba1))
    found += [text for one, other, text in _DOUBLE_COUNTING if one in given and other in given]
    combined = sum(given[code].points for code in (Criterion.PM1, Criterion.PP3) if code in given)
    if Criterion.PM1 in given and Criterion.PP3 in given and combined > Strength.STRONG.points:
        found.append("PM1 and PP3 together weigh more than one strong criterion (Pejaver 2022 advises against it)")
    unused = sorted(code for code in given if code in specification.not_used)
    found += [f"{code} is not used under {specification.name} and was not counted" for code in unused]
    return tuple(found)
