"""The 28 criteria: direction, strength in the 2015 standard, strengths they may be given today.

Richards 2015 gives each criterion one strength; the ClinGen Sequence Variant Interpretation group and the expert panels let
most be raised or lowered (written `PM2_Supporting`). `allowed` is what an expert may choose here: any strength but stand-alone,
except that rarity (PM2) is never very strong, BA1 only stand-alone, PP5 and BP6 only supporting; BS2 may be stand-alone. PM2
counts as supporting by default (recommendation of 2020).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from services.errors import InvalidInputError


class Strength(StrEnum):
    """How much one criterion weighs."""

    SUPPORTING = "supporting"
    MODERATE = "moderate"
    STRONG = "strong"
    VERY_STRONG = "very strong"
    STAND_ALONE = "stand-alone"

    @property
    def points(self) -> int:
        """Points of Tavtigian 2020, Table 2; a stand-alone criterion has none, it decides by itself."""
        return _POINTS[self]


_POINTS = {
    Strength.SUPPORTING: 1, Strength.MODERATE: 2, Strength.STRONG: 4, Strength.VERY_STRONG: 8, Strength.STAND_ALONE: 0,
}


class Direction(StrEnum):
    PATHOGENIC = "pathogenic"
    BENIGN = "benign"


class Criterion(StrEnum):
    PVS1 = "PVS1"
    PS1 = "PS1"
    PS2 = "PS2"
    PS3 = "PS3"
    PS4 = "PS4"
    PM1 = "PM1"
    PM2 = "PM2"
    PM3 = "PM3"
    PM4 = "PM4"
    PM5 = "PM5"
    PM6 = "PM6"
    PP1 = "PP1"
    PP2 = "PP2"
    PP3 = "PP3"
    PP4 = "PP4"
    PP5 = "PP5"
    BA1 = "BA1"
    BS1 = "BS1"
    BS2 = "BS2"
    BS3 = "BS3"
    BS4 = "BS4"
    BP1 = "BP1"
    BP2 = "BP2"
    BP3 = "BP3"
    BP4 = "BP4"
    BP5 = "BP5"
    BP6 = "BP6"
    BP7 = "BP7"

    @property
    def definition(self) -> Definition:
        return DEFINITIONS[self]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a criterion is about. `original` is the strength of 2015, `default` the one used without a reason for another."""

    criterion: Criterion
    title: str
    original: Strength
    default: Strength
    allowed: frozenset[Strength]
    automatic: bool
    """Whether the engine can judge it from a record; the others need an expert's input."""

    @property
    def direction(self) -> Direction:
        return Direction.PATHOGENIC if self.criterion.value.startswith("P") else Direction.BENIGN


_P, _M, _S, _VS, _A = Strength
_GRADED = frozenset({_P, _M, _S, _VS})
_RARITY = frozenset({_P, _M, _S})


def _row(
    criterion: Criterion, original: Strength, allowed: frozenset[Strength], title: str, *,
    automatic: bool = False, default: Strength | None = None,
) -> Definition:
    return Definition(criterion, title, original, default or original, allowed, automatic)


_ROWS = (
    _row(Criterion.PVS1, _VS, _GRADED, "Null variant where loss of function causes disease", automatic=True),
    _row(Criterion.PS1, _S, _GRADED, "Same amino acid change as an established pathogenic variant", automatic=True),
    _row(Criterion.PS2, _S, _GRADED, "De novo, both parents confirmed, no family history"),
    _row(Criterion.PS3, _S, _GRADED, "Well-established functional studies show damage"),
    _row(Criterion.PS4, _S, _GRADED, "More frequent in affected individuals than in controls"),
    _row(Criterion.PM1, _M, _GRADED, "Mutational hot spot or critical domain without benign variation", automatic=True),
    _row(Criterion.PM2, _M, _RARITY, "Absent or extremely rare in population data", automatic=True, default=_P),
    _row(Criterion.PM3, _M, _GRADED, "In trans with a pathogenic variant (recessive)"),
    _row(Criterion.PM4, _M, _GRADED, "Protein length changed outside repeats, or stop lost", automatic=True),
    _row(Criterion.PM5, _M, _GRADED, "Another missense change at the residue is pathogenic", automatic=True),
    _row(Criterion.PM6, _M, _GRADED, "Assumed de novo, parents not confirmed"),
    _row(Criterion.PP1, _P, _GRADED, "Segregates with disease in affected relatives"),
    _row(Criterion.PP2, _P, _GRADED, "Missense in a gene with little benign missense variation", automatic=True),
    _row(Criterion.PP3, _P, _GRADED, "Computational prediction of damage", automatic=True),
    _row(Criterion.PP4, _P, _GRADED, "Phenotype or history highly specific for the disease"),
    _row(Criterion.PP5, _P, frozenset({_P}), "A reputable source calls it pathogenic", automatic=True),
    _row(Criterion.BA1, _A, frozenset({_A}), "Frequency above 5 % in a general population", automatic=True),
    _row(Criterion.BS1, _S, _GRADED, "More frequent than the disease allows", automatic=True),
    _row(Criterion.BS2, _S, _GRADED | {_A}, "Seen in healthy adults where full penetrance is expected", automatic=True),
    _row(Criterion.BS3, _S, _GRADED, "Well-established functional studies show no damage"),
    _row(Criterion.BS4, _S, _GRADED, "Does not segregate with disease"),
    _row(Criterion.BP1, _P, _GRADED, "Missense where only truncation causes disease", automatic=True),
    _row(Criterion.BP2, _P, _GRADED, "In trans with a dominant, or in cis with any, pathogenic variant"),
    _row(Criterion.BP3, _P, _GRADED, "In-frame change in a repeat without known function", automatic=True),
    _row(Criterion.BP4, _P, _GRADED, "Computational prediction of no effect", automatic=True),
    _row(Criterion.BP5, _P, _GRADED, "Another cause explains the disease"),
    _row(Criterion.BP6, _P, frozenset({_P}), "A reputable source calls it benign", automatic=True),
    _row(Criterion.BP7, _P, _GRADED, "Silent or deep intronic without effect on splicing", automatic=True),
)
DEFINITIONS = {row.criterion: row for row in _ROWS}


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A criterion that is met, with its strength. Raises InvalidInputError for a strength the criterion cannot have."""

    criterion: Criterion
    strength: Strength

    def __post_init__(self) -> None:
        if self.strength not in self.criterion.definition.allowed:
            allowed = ", ".join(one for one in Strength if one in self.criterion.definition.allowed)
            raise InvalidInputError(f"{self.criterion} cannot be {self.strength}: it may be {allowed}")

    @property
    def points(self) -> int:
        """Signed points: pathogenic evidence counts up, benign evidence down."""
        is_pathogenic = self.criterion.definition.direction is Direction.PATHOGENIC
        return self.strength.points if is_pathogenic else -self.strength.points

    def __str__(self) -> str:
        """Write as the panels do: `PM2_Supporting`, and the bare code where the strength is the one of 2015."""
        if self.strength is self.criterion.definition.original:
            return self.criterion.value
        return f"{self.criterion.value}_{''.join(word.capitalize() for word in re.split('[ -]', self.strength))}"


_WRITTEN = re.compile(r"(?P<code>[A-Z]{2,3}[1-7])(?:[ _|-]+(?P<strength>[A-Za-z _-]{1,20}))?", re.IGNORECASE)
_STRENGTHS = {
    "p": _P, "supporting": _P, "m": _M, "moderate": _M, "s": _S, "strong": _S, "vs": _VS, "verystrong": _VS,
    "a": _A, "standalone": _A,
}


def parse_evidence(text: str) -> Evidence:
    """Read `PM2`, `PM2_Supporting`, `PVS1|VS`, `PS1-Very Strong`; a bare code has its strength of 2015.

    Raises InvalidInputError naming the code for anything else.
    """
    match = _WRITTEN.fullmatch(text.strip()) if len(text) <= 40 else None
    code = match.group("code").upper() if match else ""
    if match is None or code not in Criterion.__members__:
        raise InvalidInputError(f"{text[:40]!r} is no ACMG/AMP criterion: write it like PM2_Supporting or PVS1|VS")
    criterion = Criterion[code]
    written = match.group("strength")
    if written is None:
        return Evidence(criterion, criterion.definition.original)
    strength = _STRENGTHS.get(re.sub(r"[ _-]", "", written).lower())
    if strength is None:
        raise InvalidInputError(f"{text[:40]!r} has no known strength: supporting, moderate, strong, very strong, stand-alone")
    return Evidence(criterion, strength)
