"""The shared worked cases of activity instruments, compared as their conventions say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from validation.clinical_adapters.activity import ADAPTERS

CASES = Path(__file__).resolve().parents[4].parent / "shared" / "clinical" / "vectors.json"
COMPARED = ("classification", "partial_lower_bound", "denominator", "ttg_multiple", "all_targets_met", "failed")


def _cases() -> list[dict[str, Any]]:
    if not CASES.exists():
        return []
    return [case for case in json.loads(CASES.read_text())["vectors"] if case["instrument"] in ADAPTERS]


@pytest.mark.shared_data
@pytest.mark.skipif(not CASES.exists(), reason="the shared worked cases are not part of the project")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_agrees_with_the_worked_case(case: dict[str, Any]) -> None:
    found = ADAPTERS[case["instrument"]](case["inputs"])
    expected = case["expected"]
    assert found["status"] == expected["status"], found
    if "value" in expected:
        if expected["value"] is None:
            assert found["value"] is None
        else:
            assert found["value"] == pytest.approx(expected["value"], abs=max(expected["tolerance"], 1e-9))
    if "band" in expected:
        assert found["band"] == expected["band"]
    for listed in ("missing", "invalid"):
        if listed in expected:
            assert set(found[listed]) == set(expected[listed])
    for extra in COMPARED:
        if extra in expected:
            assert found[extra] == expected[extra]
