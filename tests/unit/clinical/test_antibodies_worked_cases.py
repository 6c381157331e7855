"""The worked cases on antibodies and HLA, through the adapter the validation uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from validation.clinical_adapters.immunology import ADAPTERS
from validation.clinical_comparison import differences

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "clinical" / "vectors.json"


@pytest.mark.shared_data
@pytest.mark.skipif(not VECTORS.exists(), reason="the public worked cases are not here")
def test_every_worked_case_on_antibodies_and_hla_is_answered_as_expected() -> None:
    known = [case for case in json.loads(VECTORS.read_text())["vectors"] if case["instrument"] in ADAPTERS]
    cases = [case for case in known if "free_text" not in case["inputs"]]  # reading prose is not this engine's part
    assert len(cases) >= 16
    failed = {
        case["id"]: found
        for case in cases
        if (found := differences(case["expected"], ADAPTERS[case["instrument"]](case["inputs"])))
    }
    assert failed == {}


def test_total_iga_reaches_the_panel_in_grams_per_litre() -> None:
    result = {"antibody": "tTG-IgA", "value": 1, "positive": False}
    sent = {"results": [result], "biomarkers": {"IgA": {"value": 2, "unit": "mg/dL"}}}
    assert "IgA deficiency" in ADAPTERS["autoantibody-interpretation"](sent)["alerts"][0]
    enough = {**sent, "biomarkers": {"IgA": {"value": 180, "unit": "mg/dL"}}}
    assert ADAPTERS["autoantibody-interpretation"](enough)["alerts"] == []


def test_a_drug_allele_is_claimed_for_every_name_of_its_drug() -> None:
    claims = ADAPTERS["HLA-association"]({"hla": ["B*38:02"]})["claims"]
    assert {"methimazole", "carbimazole"} <= {claim["drug"] for claim in claims if claim["kind"] == "pharmacogenomic"}
