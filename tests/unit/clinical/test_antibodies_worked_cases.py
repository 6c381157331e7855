"""The worked cases on antibodies and HLA, through the adapters the validation uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from validation.clinical_adapters import antibodies, hla
from validation.clinical_comparison import differences

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "clinical" / "vectors.json"
ADAPTERS = {**antibodies.ADAPTERS, **hla.ADAPTERS}


@pytest.mark.shared_data
@pytest.mark.skipif(not VECTORS.exists(), reason="the public worked cases are not here")
def test_every_worked_case_on_antibodies_and_hla_is_answered_as_expected() -> None:
    cases = [case for case in json.loads(VECTORS.read_text())["vectors"] if case["instrument"] in ADAPTERS]
    assert len(cases) >= 16
    failed = {
        case["id"]: found
        for case in cases
        if (found := differences(case["expected"], ADAPTERS[case["instrument"]](case["inputs"])))
    }
    assert failed == {}
