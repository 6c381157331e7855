"""What the analysis reads and computes is documented: an undocumented key, instrument or set fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.clinical.activity import INSTRUMENTS
from services.clinical.analysis.extension_keys import READ_BY_NAME
from services.clinical.conditions import extensions
from services.clinical.criteria import CRITERIA
from services.clinical.flare import vocabulary

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "clinical_method.md").read_text(encoding="utf-8")
NAMED = frozenset(re.findall(r"`([^`]+)`", DOCUMENT))


@pytest.mark.parametrize("instrument", sorted(INSTRUMENTS))
def test_every_instrument_is_documented(instrument: str) -> None:
    assert instrument in NAMED


@pytest.mark.parametrize("criteria", sorted(CRITERIA))
def test_every_criteria_set_is_documented_with_its_version(criteria: str) -> None:
    line = next(line for line in DOCUMENT.splitlines() if f"`{criteria}`" in line)
    assert CRITERIA[criteria].version.split(",")[0].split()[0] in line


@pytest.mark.parametrize("key", sorted(
    READ_BY_NAME | extensions._TEXT_KEYS | extensions._PRIOR_DRUG_KEYS | extensions._PROPOSED_KEYS | extensions._TAKEN_KEYS
    | extensions._ALLERGY_KEYS | extensions._VACCINE_KEYS | extensions._ABSENT_KEYS
))  # fmt: skip
def test_every_extension_key_is_documented(key: str) -> None:
    assert key in NAMED


def test_the_whole_flare_vocabulary_is_documented() -> None:
    assert vocabulary() <= NAMED


@pytest.mark.parametrize("decision", ["subscore of 2", "ESR below 1", "capped at -10", "90 per minute"])
def test_open_decisions_are_put_to_the_clinician(decision: str) -> None:
    assert decision in DOCUMENT.partition("## Decisions a clinician should confirm")[2]
