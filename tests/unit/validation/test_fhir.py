"""The validation of bundles finds what is broken, and a thousand varied reports break nothing."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from services.clinical.analysis import analyse, to_document
from services.clinical.antibodies import antibodies
from services.clinical.disease import Disease
from services.clinical.labs import analytes
from services.clinical.profile import Profile
from services.patients.analyses import AnalysisEntry, StoredAnalysis
from services.patients.registry import Patient
from services.reports import AssistantAnswer, Identity, ReportChoice, SectionKind, Standing, build, to_bundle
from validation.fhir import main, validate

NOW = datetime.datetime(2026, 1, 5, 14, 2, tzinfo=datetime.UTC)
PROFILES = [profile_of(one).model_dump(mode="json", exclude_none=True) for one in load_patients()]
TEXTS = (
    "", "x", "<b>&amp;</b>", "Ελένη", "张伟", "a\x00\x08\u202eb", "line\nline", '"quoted" \\ \ud7ff\uffff', "1:640", "🙂" * 50,
)  # fmt: skip
UNITS = (None, "mg/dL", "IU/mL", "GPL", "quux", "10³/µL", "µg/L", "%", "🙂")
TITERS = (None, None, "1:80", "1:0", "640", "1:99999999999999999999", ">=1:1280", "1 : 40")
DAYS = ("2023-02-28", "2024-02-29", "2025-12-31", "1899-12-31", "2026-01-05")


@lru_cache(maxsize=4)
def analysed(seed: int) -> StoredAnalysis:
    """An analysis of a demo profile with values, names, dates and diagnoses drawn anew."""
    draw = random.Random(seed)
    profile = json.loads(json.dumps(draw.choice(PROFILES)))
    for change in draw.sample([_antibodies, _labs, _conditions, _texts, _cut], k=draw.randint(1, 3)):
        change(profile, draw)
    valid = Profile.model_validate(profile)
    document = to_document(analyse(valid, today=NOW.date() if draw.random() < 0.9 else None))
    return StoredAnalysis(AnalysisEntry(f"{seed:032x}", "p", NOW, "tester", document["versions"]), valid, document)


def varied(seed: int) -> dict[str, Any]:
    """A bundle with its analysis, choices, person, answer and standing drawn; four of each analysis."""
    draw = random.Random(seed)
    stored = analysed(seed // 4)
    choice = ReportChoice.of(
        [one for one in SectionKind if draw.random() < 0.6], [one for one in Identity if draw.random() < 0.5]
    )
    text = draw.choice(TEXTS).strip()
    answer = AssistantAnswer(text=text, origin=draw.choice(["request", "assistant"])) if text else None
    name, sex = draw.choice(TEXTS) or "p_1", draw.choice(["M", "F", None])
    person = Patient("p_1", name, datetime.date(1980, 2, 29), sex, "m 1", False, "")
    content = build(person, stored if draw.random() < 0.97 else None, choice, answer)
    return to_bundle(content, _standing(draw, content.digest()))


def _standing(draw: random.Random, digest: str) -> Standing:
    if draw.random() < 0.5:
        return Standing(prepared_at=NOW, digest=digest)
    return Standing.model_validate(
        {"id": "c" * 32, "state": "signed", "prepared_at": NOW, "signed_by": draw.choice(TEXTS) or "Dr. X", "signed_at": NOW,
         "reviewed_by": "Dr. Y", "reviewed_at": NOW, "digest": digest, "version": draw.randint(1, 9)}
    )  # fmt: skip


def _number(draw: random.Random) -> float:
    return draw.choice([0.0, -1.0, 1e-9, 1e12, draw.uniform(0, 1000), float(draw.randint(0, 2000))])


def _antibodies(profile: dict[str, Any], draw: random.Random) -> None:
    names = [*(one.name for one in antibodies().values()), *TEXTS[1:]]
    results = [
        {"antibody": draw.choice(names)[:200], "value": _number(draw), "unit": draw.choice(UNITS), "titer": draw.choice(TITERS),
         "positive": draw.choice([True, False, None]), "pattern": draw.choice([None, "homogeneous", "centromere", "nonsense"]),
         "reference_range": draw.choice([None, "<20", "0-1", "negative", "🙂"])}
        for _ in range(draw.randint(0, 12))
    ]  # fmt: skip
    profile["autoantibody_panel"] = {"patient_id": "p", "collection_date": draw.choice(DAYS), "results": results}


def _labs(profile: dict[str, Any], draw: random.Random) -> None:
    for analyte in draw.sample(list(analytes().values()), k=draw.randint(0, 25)):
        low, high = analyte.plausible
        value = draw.uniform(low, high)
        profile.setdefault("biomarkers", {})[analyte.key] = (
            value if draw.random() < 0.3
            else {"value": value, "unit": draw.choice([analyte.unit, *UNITS]), "date": draw.choice([None, *DAYS])}
        )  # fmt: skip


def _conditions(profile: dict[str, Any], draw: random.Random) -> None:
    profile["diagnosed_conditions"] = [one.value for one in draw.sample(list(Disease), k=draw.randint(0, 4))]


def _texts(profile: dict[str, Any], draw: random.Random) -> None:
    profile["current_medications"] = [text[:200] for text in draw.sample(TEXTS, k=3)] + ["methotrexate 15 mg weekly"]
    profile["genotypes"] = {"TPMT": draw.choice(TEXTS), draw.choice(TEXTS): "*1/*2"}


def _cut(profile: dict[str, Any], draw: random.Random) -> None:
    for part in draw.sample(["hla_profile", "autoantibody_panel", "genotypes", "extensions"], k=2):
        profile.pop(part, None)
    profile.setdefault("biomarkers", {"CRP": 3})


@pytest.mark.slow
def test_a_thousand_varied_bundles_pass_all_three_validators() -> None:
    failed = {seed: verdict for seed in range(1000) if (verdict := validate(varied(seed))).errors}
    assert failed == {}


def test_the_demo_patients_are_exported_into_an_empty_folder_and_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "absent"
    assert main([str(folder)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"bundles": len(PROFILES), "errors": 0}
    assert len(list(folder.glob("*.json"))) == len(PROFILES)


def test_an_answer_of_the_export_endpoint_is_read_as_the_bundle_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.json").write_text(json.dumps({"format": "fhir", "content": varied(1)}))
    assert main([str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"bundles": 1, "errors": 0}


@pytest.mark.parametrize(
    ("change", "validator"),
    [
        (lambda b: b["entry"][1]["resource"].update(status="done"), "schema"),
        (lambda b: b["entry"][0]["resource"].update(birthDate="05/03/1980"), "models"),
        (lambda b: b["entry"][0]["resource"].update(nickname="x"), "schema"),
        (lambda b: b["entry"][0]["resource"].update(resourceType="Person7"), "schema"),
        (lambda b: b["entry"][1]["resource"].pop("code"), "models"),
        (lambda b: b["entry"].pop(0), "rules"),
    ],
)
def test_each_validator_finds_what_is_its_own(
    change: Callable[[dict[str, Any]], Any], validator: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = varied(2)
    change(bundle)
    assert getattr(validate(bundle), validator)
    (tmp_path / "broken.json").write_text(json.dumps(bundle))
    assert main([str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["errors"] > 0


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_a_file_that_is_no_bundle_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "broken.json").write_text(text)
    assert main([str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("text", ['{}', '{"resourceType":"Bundle","entry":[7,{"resource":"x"}]}', '{"entry":{"a":1}}'])
def test_json_of_another_shape_is_an_error_and_no_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    assert main([str(tmp_path)]) == 1
