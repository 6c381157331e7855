"""Twenty-eight criteria, each with the strengths it may have, written as people write them."""

from __future__ import annotations

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import DEFINITIONS, Criterion, Direction, Evidence, Strength, parse_evidence


def test_there_are_sixteen_pathogenic_and_twelve_benign_criteria() -> None:
    directions = [row.direction for row in DEFINITIONS.values()]
    assert len(DEFINITIONS) == 28
    assert directions.count(Direction.PATHOGENIC) == 16
    assert directions.count(Direction.BENIGN) == 12


def test_every_default_and_original_strength_is_allowed() -> None:
    for row in DEFINITIONS.values():
        assert {row.default, row.original} <= row.allowed, row.criterion


def test_pm2_counts_as_supporting_unless_said_otherwise() -> None:
    assert DEFINITIONS[Criterion.PM2].default is Strength.SUPPORTING
    assert parse_evidence("PM2") == Evidence(Criterion.PM2, Strength.MODERATE)


@pytest.mark.parametrize("text", ["PM2_Supporting", "pm2|P", "PM2-supporting", " PM2 Supporting ", "PM2_supporting"])
def test_a_strength_is_read_however_it_is_written(text: str) -> None:
    assert parse_evidence(text) == Evidence(Criterion.PM2, Strength.SUPPORTING)


@pytest.mark.parametrize("criterion", list(Criterion))
def test_what_is_written_is_read_back(criterion: Criterion) -> None:
    for strength in criterion.definition.allowed:
        evidence = Evidence(criterion, strength)
        assert parse_evidence(str(evidence)) == evidence


@pytest.mark.parametrize(
    "text", ["", "PM9", "PS7", "PX1", "PM2_Huge", "PM2|X", "BA1|P", "PP5_Strong", "P" * 1_000, "PM2" + "_" * 30]
)
def test_what_is_no_criterion_or_no_strength_of_it_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_evidence(text)
