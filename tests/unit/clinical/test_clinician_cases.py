"""Cases a specialist would try, each from published criteria or labels; what the engine must and must not say of them."""

from __future__ import annotations

from typing import Any

import pytest

from services.clinical.activity import INSTRUMENTS
from services.clinical.analysis import Analysis, analyse
from services.clinical.differential import Differential, differentiate
from services.clinical.explanation import Status
from services.clinical.profile import Profile


def of(*diagnoses: str, taking: tuple[str, ...] = (), **rest: Any) -> Analysis:
    """The analysis of a woman of 45; keys the profile does not have go into the extensions."""
    known = {key: rest.pop(key) for key in ("age", "sex", "biomarkers", "autoantibody_panel", "hla_profile") if key in rest}
    base = {"patient_id": "case", "age": 45, "sex": "F", "hla_profile": {}}
    return analyse(Profile.model_validate({
        **base, **known, "diagnosed_conditions": diagnoses, "current_medications": taking, "extensions": rest,
    }))  # fmt: skip


def codes(found: Analysis) -> set[str]:
    return {alert.code for alert in found.alerts}


def open_rules(found: Analysis) -> set[str]:
    return {question.code for question in found.safety.not_checkable}


# Yamaguchi 1992 (Still's disease); ACR 2022 (vasculitides); McAdam 1976 (polychondritis); ACR/EULAR 2019 (IgG4)
@pytest.mark.parametrize(
    ("condition", "symptoms"),
    [
        ("adult_onset_still_disease", [
            "quotidian fever of 39.5", "evanescent salmon-pink rash", "sore throat", "arthralgia", "splenomegaly",
            "ferritin 12000 ng/mL",
        ]),
        ("takayasu_arteritis", ["asymmetric pulses", "fever", "hypertension", "carotid bruit"]),
        ("relapsing_polychondritis", ["auricular chondritis", "saddle nose", "arthritis"]),
        ("igg4_disease", ["parotid swelling", "retroperitoneal fibrosis", "jaundice"]),
        ("egpa", ["asthma", "eosinophilia", "mononeuritis multiplex", "nasal polyps"]),
        ("polymyalgia_giant_cell", ["new temporal headache", "jaw claudication", "scalp tenderness"]),
        ("behcet", ["recurrent oral ulcers", "genital ulcers", "uveitis"]),
    ],
)  # fmt: skip
def test_a_look_alike_outside_the_thirteen_gets_no_confident_answer(condition: str, symptoms: list[str]) -> None:
    found: Differential = differentiate(
        34, "F", negative_antibodies=["ANA", "rheumatoid factor", "anti-CCP"], symptoms=symptoms
    )
    assert found.none_of_the_13
    assert found.outside[0].condition == condition
    assert all(entry.confidence < 0.3 for entry in found.entries)
    assert found.unrecognised_symptoms == ()


def test_seronegative_rheumatoid_arthritis_is_still_ranked_first() -> None:
    found = differentiate(50, "F", negative_antibodies=["RF", "anti-CCP"], symptoms=[
        "symmetric polyarthritis of MCP and PIP joints", "morning stiffness for 2 hours", "swollen wrists"])  # fmt: skip
    assert found.entries[0].disease == "rheumatoid_arthritis"


def test_the_subtype_not_associated_with_spondylitis_gives_no_odds_ratio_for_it() -> None:
    found = of(hla_profile={"hla_b": ["B*27:06"]}, sex="M")
    (row,) = (one for one in found.hla.associations if one.disease == "ankylosing_spondylitis")
    assert (row.direction, row.odds_ratio) == ("not_associated", None)


@pytest.mark.parametrize(("written", "disease"), [("anti-Sm", "systemic_lupus_erythematosus"), ("ASMA", None)])
def test_smith_is_not_smooth_muscle(written: str, disease: str | None) -> None:
    found = differentiate(30, "F", positive_antibodies=[written])
    assert (found.entries[0].disease if found.entries else None) == disease


# Tysabri label: three risk factors of PML; a negative antibody test is none of them
@pytest.mark.parametrize(
    ("known", "alert", "is_open"),
    [
        ({"jcv_index": 2.1, "prior_immunosuppressant": ["azathioprine"]}, "NATALIZUMAB_PML", False),
        ({"jcv": "negative"}, None, False),
        ({"jcv": "positive"}, "NATALIZUMAB_JCV_POSITIVE", True),
        ({"jcv_index": 0.7, "prior_immunosuppressant": "none", "duration_months": 10}, None, False),
        ({}, None, True),
    ],
)
def test_the_risk_of_pml_follows_the_antibody_the_index_and_what_came_before(
    known: dict[str, Any], alert: str | None, is_open: bool
) -> None:
    found = of("multiple_sclerosis", taking=("natalizumab",), **known)
    raised = codes(found) & {"NATALIZUMAB_PML", "NATALIZUMAB_JCV_POSITIVE"}
    assert raised == ({alert} if alert else set())
    assert ("NATALIZUMAB_PML" in open_rules(found)) is is_open


# Gladman 2002: the index looks back 10 to 30 days
def test_a_platelet_count_of_last_summer_is_no_item_of_todays_sledai() -> None:
    found = of("systemic_lupus_erythematosus", biomarkers={
        "platelets": {"value": 90, "unit": "10^9/L", "date": "2026-06-01"},
        "C3": {"value": 60, "unit": "mg/dL", "date": "2026-10-20"},
    })  # fmt: skip
    (score,) = (one for one in found.activity if one.instrument_id == "SLEDAI-2K")
    assert [one.name for one in score.explanation.inputs] == ["Low complement"]
    assert "thrombocytopenia" in score.missing


def test_a_crp_of_zero_is_the_lowest_das28_not_missing() -> None:
    score = INSTRUMENTS["DAS28-CRP"].compute({"tjc28": 0, "sjc28": 0, "crp_mg_l": 0, "patient_global_0_100": 0})
    assert (score.status, score.value, score.band) == (Status.OK, 0.96, "remission")


_ALERTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("rheumatoid_arthritis", "methotrexate 15 mg weekly", {"egfr": 25}, "MTX_RENAL"),
    ("rheumatoid_arthritis", "methotrexate 15 mg daily", {}, "MTX_DAILY"),
    ("rheumatoid_arthritis", "tofacitinib", {"comorbidities": ["deep vein thrombosis 2022"]}, "JAK_MACE_VTE_MALIGNANCY"),
    ("rheumatoid_arthritis", "adalimumab", {"comorbidities": ["heart failure NYHA III"]}, "TNF_HF_CLASS"),
    ("psoriasis", "adalimumab", {"comorbidities": ["optic neuritis 2019"]}, "TNF_DEMYELINATION"),
    ("rheumatoid_arthritis", "rituximab", {"hbsag": "positive"}, "ANTICD20_HBV"),
    ("inflammatory_bowel_disease", "azathioprine 150 mg, febuxostat 80 mg", {}, "XO_THIOPURINE"),
    ("rheumatoid_arthritis", "adalimumab", {"planned_vaccines": ["yellow fever vaccine"]}, "LIVE_VACCINE"),
    ("multiple_sclerosis", "ocrelizumab", {"planned_vaccines": ["MMR"]}, "LIVE_VACCINE"),
    ("systemic_lupus_erythematosus", "mycophenolate 2 g", {"pregnancy": "9 weeks"}, "PREGNANCY_MMF"),
    ("multiple_sclerosis", "teriflunomide", {"pregnancy": "9 weeks"}, "PREGNANCY_LEFLUNOMIDE"),
    ("myasthenia_gravis", "ciprofloxacin", {}, "MG_FLUOROQUINOLONE"),
    ("myasthenia_gravis", "timolol eye drops", {}, "MG_BETA_BLOCKER"),
    ("systemic_sclerosis", "prednisone 30 mg daily", {}, "SSC_STEROID_SRC"),
    ("systemic_lupus_erythematosus", "anifrolumab", {"comorbidities": ["lupus nephritis class IV"]}, "ANIFROLUMAB_NEPHRITIS"),
]  # US prescribing information of each drug; ACR 2020 (reproductive health), ACR 2022 (vaccination), MGFA guidance 2020


@pytest.mark.parametrize(("disease", "drugs", "known", "code"), _ALERTS, ids=[f"{row[3]}-{row[0]}" for row in _ALERTS])
def test_a_drug_that_harms_this_patient_raises_its_alert(disease: str, drugs: str, known: dict[str, Any], code: str) -> None:
    assert code in codes(of(disease, taking=tuple(drugs.split(", ")), **known))


def test_a_recombinant_zoster_vaccine_is_no_live_vaccine() -> None:
    assert "LIVE_VACCINE" not in codes(of("rheumatoid_arthritis", taking=("upadacitinib",), planned_vaccines=["Shingrix"]))


def test_belimumab_stays_on_label_in_lupus_nephritis() -> None:
    found = of("systemic_lupus_erythematosus", comorbidities=["lupus nephritis class IV"]).therapy.get("Belimumab")
    assert found is not None
    assert not found.excluded
    assert found.indicated_diseases == ("systemic_lupus_erythematosus",)
