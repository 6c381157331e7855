"""What a short text or an extension states: present, absent, or nothing."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical import conditions
from services.clinical.conditions import State, read_text
from tests.unit.clinical.safety.patients import patient


def states(text: str) -> dict[str, bool]:
    return {one.id: one.state is State.PRESENT for one in read_text(text).findings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heart failure NYHA III", {"heart_failure": True, "heart_failure_severe": True}),
        ("no history of TB", {"tb": False}),
        ("No TB, heart failure NYHA III", {"tb": False, "heart_failure": True, "heart_failure_severe": True}),
        ("no TB, HBV or HIV", {"tb": False, "hbv": False, "hiv": False}),
        ("HBV, HCV and HIV negative", {"hbv": False, "hcv": False, "hiv": False}),
        ("HBsAg negative, anti-HBc positive", {"hbv_infection": False, "hbv_core": True}),
        ("anti-HBc+/HBsAg-", {"hbv_core": True, "hbv_infection": False}),
        ("HIV non-reactive", {"hiv": False}),
        ("HBV DNA not detected", {"hbv_infection": False}),
        ("negative for HIV", {"hiv": False}),
        ("TB ruled out", {"tb": False}),
        ("rule out TB", {"tb": True}),
        ("possible diverticulitis", {"diverticulitis": True}),
        ("never smoker", {"smoker": False}),
        ("ex-smoker", {"smoker": True}),
        ("mother had breast cancer", {}),
        ("QuantiFERON pending", {}),
        ("HIV not tested", {}),
        ("QTc 490 ms", {}),
        ("denies fever, abdominal pain", {"fever": False, "abdominal_pain": False}),
        ("not vaccinated against meningococcus", {"meningococcal_vaccination": False}),
        ("VZV IgG negative", {"vzv_immunity": False}),
        ("no evidence of heart failure but prior DVT", {"heart_failure": False, "vte": True}),
        ("Sjögren syndrome", {"other_known": True}),
        ("BMI 31", {}),
        ("cancer screening up to date", {}),
        ("TB screening negative", {"tb": False}),
        ("TB screening positive", {"tb": True}),
        ("pregnancy test negative", {"pregnancy": False}),
        ("avoiding pregnancy", {}),
        ("no known heart failure", {"heart_failure": False}),
        ("not known to have TB", {}),
        ("hepatitis B: vaccinated", {"hbv_vaccinated": True}),
        ("quit smoking 2010", {"smoker": True}),
    ],
)
def test_text_states_what_a_reader_would_take_from_it(text: str, expected: dict[str, bool]) -> None:
    assert states(text) == expected


@pytest.mark.parametrize(
    ("text", "treated"),
    [
        ("latent TB, treated with isoniazid 2019", True),
        ("untreated latent TB", False),
        ("IGRA positive, not treated", False),
        ("LTBI completed rifampicin", True),
        ("latent TB", None),
    ],
)
def test_treatment_of_a_finding_is_told_from_its_absence(text: str, treated: bool | None) -> None:
    assert [one.treated for one in read_text(text).findings if one.id == "tb_latent"] == [treated]


def test_time_is_read_in_months_and_a_year_needs_a_reference_date() -> None:
    assert read_text("MI 3 months ago").findings[0].months_ago == 3
    assert read_text("stroke two years ago").findings[0].months_ago == 24
    assert read_text("MI 2023").findings[0].months_ago is None
    assert read_text("MI 2023", today=date(2026, 1, 15)).findings[0].months_ago == 25


def test_present_beats_absent_when_the_record_contradicts_itself() -> None:
    found = conditions.parse(patient("RA", history=["no diverticulitis", "diverticulitis 2020"]))
    assert found.present("diverticulitis")


def test_narrow_findings_imply_the_wide_ones_and_wide_absence_rules_out_the_narrow() -> None:
    found = conditions.parse(patient("RA", comorbidities=["Crohn's disease", "no cardiovascular disease"]))
    assert found.present("ibd")
    stroke = found.get("stroke")
    assert stroke is not None
    assert stroke.state is State.ABSENT


def test_hbv_negative_says_nothing_about_anti_hbc() -> None:
    found = conditions.parse(patient("RA", hbv="negative"))
    infection = found.get("hbv_infection")
    assert infection is not None
    assert infection.state is State.ABSENT
    assert found.get("hbv_core") is None


@pytest.mark.parametrize(
    ("extensions", "finding", "present"),
    [
        ({"pregnancy": True}, "pregnancy", True),
        ({"pregnancy": "no"}, "pregnancy", False),
        ({"pregnancy": {"trimester": 1}}, "first_trimester", True),
        ({"pregnancy": "8 weeks"}, "first_trimester", True),
        ({"gestational_age_weeks": 30}, "third_trimester", True),
        ({"smoking_pack_years": 0}, "smoker", False),
        ({"smoking_pack_years": 12}, "smoker", True),
        ({"smoking": "never"}, "smoker", False),
        ({"smoking_status": "former"}, "smoker", True),
        ({"nyha_class": 3}, "heart_failure_severe", True),
        ({"heart_failure": "NYHA IV"}, "heart_failure_severe", True),
        ({"heart_failure": False}, "heart_failure", False),
        ({"tb": "latent"}, "tb_latent", True),
        ({"tb": "active"}, "tb_active", True),
        ({"tb": False}, "tb", False),
        ({"hbv": {"hbsag": "negative", "anti_hbc": "positive"}}, "hbv_core", True),
        ({"serology": {"HIV": False}}, "hiv", False),
        ({"ibd_subtype": "crohns_disease"}, "ulcerative_colitis", False),
        ({"ms_course": "primary progressive"}, "ppms", True),
        ({"t1d_stage": 2}, "t1d_stage2", True),
        ({"comorbidities": {"COPD": True, "asthma": False}}, "copd", True),
        ({"comorbidities": [{"name": "stroke", "date": "2 months ago"}]}, "stroke", True),
        ({"prior_immunosuppressant": ["mitoxantrone"]}, "prior_immunosuppressant", True),
        ({"prior_immunosuppressant": "none"}, "prior_immunosuppressant", False),
        ({"vaccinations": ["MenACWY", "MenB"]}, "meningococcal_vaccination", True),
        ({"vaccinations": ["influenza"]}, "meningococcal_vaccination", False),
        ({"allergies": ["sulfa"]}, "sulfa_allergy", True),
    ],
)
def test_extensions_are_read_whatever_their_shape(extensions: dict[str, object], finding: str, present: bool) -> None:
    found = conditions.parse(patient("", **extensions)).get(finding)
    assert found is not None
    assert (found.state is State.PRESENT) is present


@pytest.mark.parametrize("value", [None, "unknown", "", "not tested", "pending"])
def test_what_is_not_said_stays_unknown(value: object) -> None:
    assert conditions.parse(patient("RA", hbv=value, tb=value, hiv=value, pregnancy=value)).findings.keys() <= {"ra"}


def test_unknown_comorbidity_is_echoed() -> None:
    assert conditions.parse(patient("RA", comorbidities=["zorblax syndrome", "COPD"])).unrecognised == ("zorblax syndrome",)


def test_relatives_diseases_are_kept_apart() -> None:
    found = conditions.parse(patient("AS", history=["father with Crohn's disease"]))
    assert "crohns_disease" in found.family
    assert found.get("crohns_disease") is None


def test_serology_sent_as_a_biomarker_or_antibody_is_read() -> None:
    assert conditions.parse(patient("RA", bio={"HBsAg": 1})).present("hbv_infection")
    assert conditions.parse(patient("RA", ab="anti-HBc+")).present("hbv_core")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=1500))
def test_no_text_crashes_the_reader(text: str) -> None:
    read_text(text)
    conditions.parse(patient("RA", history=[text], comorbidities=text))


@pytest.mark.parametrize(
    "text", ["no " * 400, "1/" * 600, "not vaccinated, " * 80, "heart failure " * 80, "(-)" * 400, "q" * 2000]
)
def test_hostile_text_is_read_in_a_few_milliseconds(text: str) -> None:
    read_text("warm")
    best = 1.0
    for _ in range(5):
        started = time.process_time()
        read_text(text)
        best = min(best, time.process_time() - started)
    assert best < 0.005
