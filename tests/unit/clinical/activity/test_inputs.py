"""What instruments do with inputs that are missing, wrong, in another unit or about another disease."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clinical.activity import INSTRUMENTS, ActivityScore, ItemKind
from services.clinical.explanation import Status
from services.clinical.profile import MeasuredValue

RA: dict[str, Any] = {"tjc28": 6, "sjc28": 5, "crp_mg_l": 18.0, "pga_0_100_mm": 60}


def das28(**changes: Any) -> ActivityScore:
    return INSTRUMENTS["DAS28-CRP"].compute({**RA, **changes})


def test_missing_global_health_is_insufficient_data_not_zero() -> None:
    score = das28(pga_0_100_mm=None)
    assert (score.status, score.missing, score.value, score.band) == (Status.INSUFFICIENT_DATA, ("pga_0_100_mm",), None, None)


@pytest.mark.parametrize(
    "other",
    [
        {"crp_mg_l": None, "crp_mg_dl": 1.8},
        {"crp_mg_l": None, "crp": {"value": 1.8, "unit": "mg/dL"}},
        {"crp_mg_l": None, "CRP": MeasuredValue(value=18, unit="mg/L")},
        {"crp_mg_l": {"value": 18}},
        {"pga_0_100_mm": None, "pga_0_10": 6},
        {"pga_0_100_mm": None, "pga": {"value": 6.0, "unit": "0-10 cm"}},
        {"pga_0_100_mm": None, "pga": {"value": 60, "unit": "mm"}},
        {"pga_0_100_mm": None, "patient_global_cm": 6},
    ],
)
def test_the_same_measurement_in_another_unit_gives_the_same_score(other: dict[str, Any]) -> None:
    assert das28(**other).value == pytest.approx(das28().value)


@pytest.mark.parametrize(
    ("name", "raw", "asked"),
    [("crp", {"value": 18.0}, "crp.unit"), ("crp", 18.0, "crp.unit"), ("pga", {"value": 6}, "pga.unit"), ("pga", 60, "pga.unit")],
)
def test_a_number_whose_unit_could_be_two_things_is_asked_for(name: str, raw: object, asked: str) -> None:
    kept = {key: value for key, value in RA.items() if not key.startswith(name)}
    score = INSTRUMENTS["DAS28-CRP"].compute({**kept, name: raw})
    assert (score.status, score.missing, score.value) == (Status.INSUFFICIENT_DATA, (asked,), None)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("crp_mg_l", -5), ("crp_mg_l", math.nan), ("crp_mg_l", math.inf), ("crp_mg_l", "18"), ("crp_mg_l", 9999),
        ("crp_mg_l", {"value": 18, "unit": "bananas"}), ("crp_mg_l", {"value": "18", "unit": "mg/L"}),
        ("crp_mg_l", {"value": 1, "unit": 2}),
        ("tjc28", 6.5), ("tjc28", 29), ("tjc28", -1), ("tjc28", True), ("tjc28", [6]), ("tjc28", 10**400),
        ("pga_0_100_mm", 101), ("mood", 3), ("tjc28", {"value": True}),
    ],
)  # fmt: skip
def test_a_wrong_input_is_refused_by_name_without_value_or_band(name: str, raw: object) -> None:
    score = das28(**{name: raw})
    assert (score.status, score.invalid) == (Status.INVALID_INPUT, (name,))
    assert (score.value, score.band, score.level) == (None, None, None)
    assert name in score.message


def test_crp_is_never_a_stand_in_for_another_instrument() -> None:
    for instrument in INSTRUMENTS.values():
        score = instrument.compute({"CRP": 28.5, "ESR": 48, "biomarkers": {"CRP": 28.5}})
        assert score.status is Status.INSUFFICIENT_DATA, instrument.id
        assert score.value is None
        assert score.missing


def test_an_esr_given_to_the_crp_version_is_echoed_not_used() -> None:
    score = das28(crp_mg_l=None, esr_mm_h=40)
    assert score.missing == ("crp_mg_l",)
    assert "esr_mm_h" in score.message


def test_millimetres_in_a_centimetre_field_are_recognised_in_the_reason() -> None:
    score = INSTRUMENTS["ASDAS-CRP"].compute({"back_pain_0_10": 55})
    assert score.invalid == ("back_pain_0_10",)
    assert "millimetres" in score.message


def test_an_ifcc_hba1c_in_a_percent_field_is_recognised_in_the_reason() -> None:
    score = INSTRUMENTS["HbA1c"].compute({"hba1c": {"value": 58, "unit": "%"}})
    assert score.invalid == ("hba1c",)
    assert "mmol/mol" in score.message


def test_an_esr_of_zero_has_no_logarithm_and_is_refused() -> None:
    score = INSTRUMENTS["DAS28-ESR"].compute({"tjc28": 1, "sjc28": 1, "esr_mm_h": 0, "pga_0_100_mm": 10})
    assert (score.status, score.invalid) == (Status.INVALID_INPUT, ("esr_mm_h",))


@pytest.mark.parametrize("step", [0.5, 3.7, 10.5, -1])
def test_edss_has_only_its_own_steps(step: float) -> None:
    assert INSTRUMENTS["EDSS"].compute({"edss": step}).status is Status.INVALID_INPUT


def test_edss_is_called_disability() -> None:
    score = INSTRUMENTS["EDSS"].compute({"edss": 3.5})
    assert score.level is None
    assert "not inflammatory activity" in score.message


@pytest.mark.parametrize(
    ("instrument", "diagnosis"),
    [
        ("HBI", "ulcerative_colitis"), ("HBI", "UC"), ("CDAI-Crohn", "Ulcerative colitis (pancolitis)"),
        ("Mayo-full", "Crohn's disease"), ("Mayo-partial", "crohns_disease"), ("DAPSA", "plaque psoriasis"),
        ("BASDAI", "rheumatoid arthritis"), ("CDAI", "Crohn disease"), ("CDAI-Crohn", "rheumatoid_arthritis"),
    ],
)  # fmt: skip
def test_an_instrument_of_another_disease_is_not_applicable(instrument: str, diagnosis: str) -> None:
    score = INSTRUMENTS[instrument].compute({"diagnosis": diagnosis})
    assert (score.status, score.value, score.missing) == (Status.NOT_APPLICABLE, None, ())


def test_the_right_diagnosis_changes_nothing() -> None:
    counts = {"wellbeing_0_4": 1, "abdominal_pain_0_3": 1, "liquid_stools_per_day": 3, "abdominal_mass_0_3": 0}
    items = {**counts, "complications": []}
    assert INSTRUMENTS["HBI"].compute({**items, "ibd_subtype": "Crohn's disease"}).value == 5


def test_each_hbi_complication_counts_once() -> None:
    items = {"wellbeing_0_4": 0, "abdominal_pain_0_3": 0, "liquid_stools_per_day": 0, "abdominal_mass_0_3": 0}
    score = INSTRUMENTS["HBI"].compute({**items, "complications": ["uveitis", "Uveitis", "new fistula"]})
    assert score.value == 2
    assert INSTRUMENTS["HBI"].compute({**items, "complications": ["gout"]}).invalid == ("complications",)
    assert INSTRUMENTS["HBI"].compute(items).missing == ("complications",)


def test_the_essdai_nervous_system_domain_has_no_level_one() -> None:
    levels = {item.key: 0 for item in INSTRUMENTS["ESSDAI"].items}
    assert INSTRUMENTS["ESSDAI"].compute({"levels": {**levels, "cns": 1}}).invalid == ("cns",)
    assert INSTRUMENTS["ESSDAI"].compute({"levels": {**levels, "cns": 2}}).value == 10


def test_sledai_items_not_assessed_leave_a_lower_bound_not_a_score() -> None:
    score = INSTRUMENTS["SLEDAI-2K"].compute({"present": ["arthritis"], "not_assessed": ["pyuria", "haematuria"]})
    assert (score.status, score.value, score.lower_bound) == (Status.INSUFFICIENT_DATA, None, 4)
    assert set(score.missing) == {"pyuria", "hematuria"}


def test_sledai_items_left_unmentioned_are_missing_not_absent() -> None:
    score = INSTRUMENTS["SLEDAI-2K"].compute({"present": ["arthritis"]})
    assert len(score.missing) == 23


def test_a_sledai_item_both_present_and_not_assessed_is_inconsistent() -> None:
    score = INSTRUMENTS["SLEDAI-2K"].compute({"present": ["rash"], "not_assessed": ["rash"]})
    assert score.status is Status.INCONSISTENT_INPUT


@pytest.mark.parametrize("present", [["nephritis"], "arthritis", [3], {"arthritis": 2}])
def test_a_sledai_list_with_something_else_in_it_is_refused(present: object) -> None:
    score = INSTRUMENTS["SLEDAI-2K"].compute({"present": present, "all_other_items_assessed_absent": True})
    assert (score.status, score.invalid) == (Status.INVALID_INPUT, ("present",))


def test_deeply_nested_inputs_are_refused_not_followed() -> None:
    nested: dict[str, Any] = {"edss": 2}
    for _ in range(5000):
        nested = {"items": nested}
    assert INSTRUMENTS["EDSS"].compute(nested).status is Status.INVALID_INPUT


def test_one_item_answered_twice_differently_is_inconsistent() -> None:
    assert das28(crp_mg_dl=5).status is Status.INCONSISTENT_INPUT
    assert das28(crp_mg_dl=1.8).status is Status.OK


def test_an_explanation_shows_inputs_as_used_and_as_written() -> None:
    score = das28(crp_mg_l=None, crp={"value": 1.8, "unit": "mg/dL"})
    crp = next(one for one in score.explanation.inputs if one.name == "CRP")
    assert (crp.value, crp.unit) == ("18", "mg/L")
    assert "1.8 mg/dL" in crp.note
    assert sum(step.points or 0 for step in score.explanation.steps) == pytest.approx(score.value)
    assert score.explanation.sources
    assert score.explanation.version.startswith("DAS28-CRP")


_TEXT = st.text(max_size=8)
_ANSWERS = st.none() | st.booleans() | st.integers(-5, 110) | st.floats() | _TEXT | st.lists(_TEXT, max_size=3)


@given(st.sampled_from(sorted(INSTRUMENTS)), st.data())
def test_no_input_is_fatal_and_only_ok_carries_a_value(instrument: str, data: st.DataObject) -> None:
    chosen = INSTRUMENTS[instrument]
    keys = [name for item in chosen.items for name in (item.key, *item.aliases)] + ["present", "visit", "zzz"]
    score = chosen.compute(data.draw(st.dictionaries(st.sampled_from(keys), _ANSWERS, max_size=12)))
    if score.status is not Status.OK:
        assert (score.value, score.band, score.level) == (None, None, None)
        assert score.message


def _legal_answers(instrument: str) -> st.SearchStrategy[dict[str, Any]]:
    answers: dict[str, st.SearchStrategy[Any]] = {}
    for item in INSTRUMENTS[instrument].items:
        if not item.required:
            continue
        low, high = item.minimum or 0, item.maximum or 1
        if item.legal:
            answers[item.key] = st.sampled_from(item.legal)
        elif item.kind is ItemKind.COUNT:
            answers[item.key] = st.integers(int(low), int(high))
        elif item.kind is ItemKind.FLAG:
            answers[item.key] = st.booleans()
        elif item.kind is ItemKind.MEMBERS:
            answers[item.key] = st.lists(st.sampled_from(sorted(item.choices)), unique=True)
        elif item.kind is ItemKind.CHOICE:
            answers[item.key] = st.sampled_from(sorted(item.choices))
        else:
            answers[item.key] = st.floats(1 if "esr" in item.analyte else low, high)
    return st.fixed_dictionaries(answers)


SCALED = sorted(name for name, one in INSTRUMENTS.items() if one.record.kind not in ("state", "status", "control"))
RISING = sorted(set(SCALED) - {"CDAI-Crohn", "Burch-Wartofsky"})


@given(st.sampled_from(SCALED), st.data())
def test_complete_legal_answers_give_a_value_in_range_and_one_band(instrument: str, data: st.DataObject) -> None:
    chosen = INSTRUMENTS[instrument]
    score = chosen.compute(data.draw(_legal_answers(instrument)))
    assert score.status is Status.OK, score.message
    assert score.value is not None
    low, high = chosen.score_range or (None, None)
    assert low is None or score.value >= low - 1e-2
    assert high is None or score.value <= high
    assert (score.band is None) == (not chosen.bands)


@given(st.sampled_from(RISING), st.data())
def test_a_worse_answer_never_lowers_a_score(instrument: str, data: st.DataObject) -> None:
    chosen = INSTRUMENTS[instrument]
    answers = data.draw(_legal_answers(instrument))
    numeric = [item for item in chosen.items if item.key in answers and item.kind in (ItemKind.COUNT, ItemKind.NUMBER)]
    before = chosen.compute(answers).value
    assert before is not None
    for item in numeric:
        after = chosen.compute({**answers, item.key: item.maximum}).value
        assert after is not None
        assert after >= before - 1e-9
