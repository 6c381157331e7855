"""`/analyze` and `/differential` over real HTTP: documented shapes, documented refusals, nothing read while answering."""

from __future__ import annotations

import builtins
import io
import json
import os
import socket
from typing import Any

import httpx
import pytest
from pydantic_core import to_json

from benchmarks.analysis import full_profile
from services.clinical.analysis import DifferentialQuestion, analyse, answer, response, warm_up
from services.clinical.profile import Profile
from tests.contract.conftest import Serve

EXAMPLE: dict[str, Any] = {
    "patient_id": "DPA-2019-33102", "age": 45, "sex": "M", "hla_profile": {"hla_b": ["B*27:05"]},
    "biomarkers": {"CRP": 28.5, "ESR": 48}, "diagnosed_conditions": ["ankylosing_spondylitis"],
    "current_medications": ["naproxen", "physical therapy"], "symptom_duration_months": 72,
}  # fmt: skip
QUESTION: dict[str, Any] = {
    "positive_antibodies": ["ANA", "anti-dsDNA", "anti-Smith"], "hla_alleles": ["DRB1*03:01", "DRB1*15:01"],
    "symptoms": ["malar rash", "arthralgia", "proteinuria", "photosensitivity"],
}  # fmt: skip


@pytest.fixture
def client(serve: Serve) -> httpx.Client:
    return serve(None)


def test_the_documented_request_gets_the_documented_response(client: httpx.Client) -> None:
    answered = client.post("/analyze", json=EXAMPLE)
    assert answered.status_code == 200
    body = answered.json()
    assert list(body)[:7] == [
        "patient_id", "disease_activity_scores", "flare_predictions", "hla_associations", "biologic_recommendations",
        "critical_alerts", "cross_agent_findings",
    ]  # fmt: skip
    assert body["patient_id"] == "DPA-2019-33102"
    assert float(answered.headers["x-process-time-ms"]) >= 0


def test_a_profile_with_nothing_to_analyse_gets_the_documented_422(client: httpx.Client) -> None:
    answered = client.post("/analyze", json={"patient_id": "P1", "age": 45, "sex": "F"})
    assert answered.status_code == 422
    assert answered.json() == {
        "detail": [
            {
                "loc": ["body"],
                "msg": "Value error, At least one of autoantibody_panel, hla_profile, or biomarkers must be provided",
                "type": "value_error",
            }
        ]
    }


@pytest.mark.parametrize(("changed", "where"), [
    ({"age": 151}, "age"), ({"age": -1}, "age"), ({"age": "old"}, "age"), ({"sex": "X"}, "sex"),
    ({"diagnosed_conditions": ["gout"]}, "diagnosed_conditions"), ({"patient_id": "../etc"}, "patient_id"),
    ({"biomarkers": {"CRP": "high"}}, "biomarkers"), ({"biomarkers": {"C" * 300: 1}}, "biomarkers"),
    ({"autoantibody_panel": {"patient_id": "P1", "results": []}}, "collection_date"),
    ({"autoantibody_panel": {"patient_id": "P1", "collection_date": "soon", "results": []}}, "collection_date"),
    ({"autoantibody_panel": {"patient_id": "P1", "collection_date": "2026-01-01", "results": [{"antibody": "ANA"}]}}, "value"),
])  # fmt: skip
def test_a_field_that_does_not_fit_is_named(client: httpx.Client, changed: dict[str, Any], where: str) -> None:
    answered = client.post("/analyze", json={**EXAMPLE, **changed})
    assert answered.status_code == 422
    assert where in [part for one in answered.json()["detail"] for part in one["loc"]]
    assert all(set(one) == {"loc", "msg", "type"} for one in answered.json()["detail"])


def test_a_refusal_does_not_echo_the_patient(client: httpx.Client) -> None:
    answered = client.post("/analyze", json={**EXAMPLE, "sex": "unsaid", "family_history": ["Secretname"] * 2})
    assert answered.status_code == 422
    assert "unsaid" not in answered.text
    assert "Secretname" not in answered.text


@pytest.mark.parametrize("body", [
    b"", b"[]", b"null", b"{", b'{"patient_id": "P1", "age": NaN}', b'{"patient_id": "P1", "age": 1e999, "sex": "F"}',
    b'{"patient_id": "P1", "age": 45, "sex": "F", "biomarkers": {"CRP": NaN}}',
    b'{"patient_id": "P1", "age": 45, "sex": "F", "biomarkers": {"CRP": Infinity}}',
    b'{"patient_id": "P1", "age": 45, "sex": "F", "biomarkers": {"CRP": 1' + b"0" * 400 + b"}}",
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"patient_id": "P1", "age": 45, "sex": "F", "hla_profile": {}, "extensions": ' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
])  # fmt: skip
@pytest.mark.parametrize("path", ["/analyze", "/differential"])
def test_a_broken_body_is_refused_and_never_a_crash(client: httpx.Client, path: str, body: bytes) -> None:
    answered = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answered.status_code in {400, 422}
    assert answered.json()["detail"]


def test_not_a_number_inside_the_extensions_is_no_crash(client: httpx.Client) -> None:
    body = b'{"patient_id": "P1", "age": 45, "sex": "F", "hla_profile": {}, "extensions": {"weight_kg": NaN, "x": Infinity}}'
    answered = client.post("/analyze", content=body, headers={"Content-Type": "application/json"})
    assert answered.status_code == 200
    json.loads(answered.text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_documented_differential_ranks_lupus_first(client: httpx.Client) -> None:
    answered = client.post("/differential", json=QUESTION)
    assert answered.status_code == 200
    first = answered.json()["differential"][0]
    assert first["disease"] == "systemic_lupus_erythematosus"
    assert first["rank"] == 1
    assert 0 < first["confidence"] < 1
    assert set(first["supporting_antibodies"]) == {"ANA", "anti-dsDNA", "anti-Smith"}
    assert "malar rash" in first["matching_symptoms"]
    assert first["classification_criteria_met"] >= 3
    assert first["evidence"]
    assert isinstance(first["score"], float)
    assert isinstance(first["notes"], str)


def test_positive_antibodies_are_required_and_may_be_empty(client: httpx.Client) -> None:
    refused = client.post("/differential", json={"symptoms": ["rash"]})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "positive_antibodies"]
    nothing = client.post("/differential", json={"positive_antibodies": []}).json()
    assert (nothing["differential"], nothing["none_of_the_13"]) == ([], True)


def test_unknown_names_are_echoed_and_the_rest_is_answered(client: httpx.Client) -> None:
    body = client.post("/differential", json={
        "positive_antibodies": ["AChR", "anti-foo"], "negative_antibodies": ["anti-bar"], "hla_alleles": ["B*99:99"],
        "symptoms": ["wibbling of the ears"], "labs": {"unobtainium": 2}, "extensions": {"no_such_key": 1},
    }).json()  # fmt: skip
    assert set(body["unrecognised"]) == {
        "anti-foo", "anti-bar", "B*99:99", "wibbling of the ears", "unobtainium", "no_such_key"
    }
    assert body["differential"][0]["disease"] == "myasthenia_gravis"


def test_a_condition_outside_the_thirteen_is_said_to_be_outside(client: httpx.Client) -> None:
    body = client.post("/differential", json={
        "positive_antibodies": [], "age": 74, "sex": "F",
        "symptoms": ["new temporal headache", "jaw claudication", "scalp tenderness", "amaurosis", "stiff shoulders"],
        "labs": {"ESR": 95},
    }).json()  # fmt: skip
    assert body["none_of_the_13"] is True
    assert body["outside_conditions"]


def test_one_weak_finding_has_low_confidence(client: httpx.Client) -> None:
    body = client.post("/differential", json={"positive_antibodies": ["ANA"]}).json()
    assert body["none_of_the_13"] is True
    assert all(row["confidence"] < 0.5 for row in body["differential"])


def test_optional_fields_change_the_ranking(client: httpx.Client) -> None:
    plain = client.post("/differential", json={"positive_antibodies": ["ANA", "anti-Ro"]}).json()
    told = client.post("/differential", json={
        "positive_antibodies": ["ANA", "anti-Ro"], "negative_antibodies": ["anti-dsDNA", "anti-Smith"], "age": 58, "sex": "F",
        "symptoms": ["dry mouth", "dry eyes"], "labs": {"IgG": {"value": 24, "unit": "g/L"}},
        "extensions": {"symptoms": ["parotid swelling"]},
    }).json()  # fmt: skip
    assert told["differential"][0]["disease"] == "sjogrens_syndrome"
    before = next(row for row in plain["differential"] if row["disease"] == "sjogrens_syndrome")
    assert told["differential"][0]["score"] > before["score"]


@pytest.mark.parametrize("field", ["positive_antibodies", "negative_antibodies", "hla_alleles", "symptoms"])
def test_a_list_longer_than_is_read_is_refused_rather_than_cut(client: httpx.Client, field: str) -> None:
    answered = client.post("/differential", json={**QUESTION, field: ["x"] * 101})
    assert answered.status_code == 422


def test_hostile_text_costs_little_and_breaks_nothing(client: httpx.Client) -> None:
    hostile = {
        **EXAMPLE, "current_medications": ["a" * 200, "1:1:" * 50, "((((" * 50, "\u0000", "метотрексат", "💊"],
        "extensions": {"symptoms": ["no " * 300, "x" * 5000, "'; DROP TABLE patients; --"], "comorbidities": ["<script>" * 60]},
    }  # fmt: skip
    answered = client.post("/analyze", json=hostile)
    assert answered.status_code == 200
    assert float(answered.headers["x-process-time-ms"]) < 2000


def test_answering_reads_no_file_and_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    warm_up()
    profile, question = Profile.model_validate(full_profile()), DifferentialQuestion.model_validate(QUESTION)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the analysis touched the disk or the network")

    with monkeypatch.context() as blocked:
        for module, name in ((builtins, "open"), (io, "open"), (os, "open"), (socket, "socket"), (socket, "create_connection")):
            blocked.setattr(module, name, refuse)
        body = to_json(response(analyse(profile)))
        asked = to_json(answer(question))
    assert len(body) > 100_000
    assert asked
