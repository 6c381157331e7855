"""How a written medication is read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.medications import parse, parse_all


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("allopurinol 300 mg", ("allopurinol",)),
        ("Humira 40 mg q2w", ("adalimumab",)),
        ("MTX 15 mg weekly", ("methotrexate",)),
        ("pred 20 mg", ("prednisone",)),
        ("trimethoprim-sulfamethoxazole", ("co-trimoxazole",)),
        ("TMP/SMX DS", ("co-trimoxazole",)),
        ("ethinylestradiol/levonorgestrel", ("ethinylestradiol",)),
        ("tobramycin inhaled", ("tobramycin",)),
        ("mycophenolate mofetil (CellCept) 1 g bid", ("mycophenolate",)),
        ("prednisone (steroid) 5 mg", ("prednisone",)),
        ("certolizumab", ("certolizumab pegol",)),
        ("fluoroquinolone", ("fluoroquinolone",)),
        ("physical therapy", ("non-drug measure",)),
        ("azathioprine 100 mg and allopurinol 100 mg", ("azathioprine", "allopurinol")),
        ("zanzibarumab", ()),
        ("", ()),
    ],
)
def test_names_brands_and_abbreviations_are_recognised(text: str, names: tuple[str, ...]) -> None:
    assert parse(text).names == names


@pytest.mark.parametrize(
    ("text", "per_day", "mg_per_day"),
    [
        ("prednisone 10 mg bid", 2.0, 20.0),
        ("prednisone 5 mg every other day", 0.5, 2.5),
        ("methotrexate 14 mg weekly", 1 / 7, 2.0),
        ("adalimumab 40 mg q2w", 1 / 14, 40 / 14),
        ("ciprofloxacin 500 mg q12h", 2.0, 1000.0),
        ("levothyroxine 100 mcg", None, 0.1),
        ("mycophenolate 1.5 g daily", 1.0, 1500.0),
        ("infliximab 5 mg/kg q8w", 1 / 56, None),
        ("hydroxychloroquine", None, None),
    ],
)
def test_dose_and_frequency_give_the_daily_dose(text: str, per_day: float | None, mg_per_day: float | None) -> None:
    read = parse(text)
    assert read.doses_per_day == (None if per_day is None else pytest.approx(per_day))
    assert read.milligrams_per_day == (None if mg_per_day is None else pytest.approx(mg_per_day))


def test_glucocorticoids_are_compared_as_prednisone() -> None:
    assert parse("dexamethasone 3 mg").prednisone_equivalent_mg_per_day("dexamethasone") == pytest.approx(20)
    assert parse("methotrexate 15 mg").prednisone_equivalent_mg_per_day("methotrexate") is None


@pytest.mark.parametrize("text", ["stopped azathioprine 2020", "azathioprine (discontinued)", "no longer on azathioprine"])
def test_a_stopped_drug_is_not_taken(text: str) -> None:
    assert not parse(text).is_taken


def test_wider_classes_belong_to_a_drug() -> None:
    (drug,) = parse("Humira").drugs
    assert {"tnf_monoclonal", "tnf_inhibitor", "biologic", "immunosuppressant"} <= drug.classes


def test_budesonide_is_not_counted_as_a_systemic_glucocorticoid() -> None:
    (drug,) = parse("budesonide").drugs
    assert "glucocorticoid" not in drug.classes


def test_blank_entries_are_left_out_and_the_number_read_is_bounded() -> None:
    assert len(parse_all(["adalimumab", " ", ""])) == 1
    assert len(parse_all(["adalimumab"] * 1000)) == 300


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=1500))
def test_no_text_crashes_the_parser(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    "text", ["mg " * 500, "9" * 2000 + " mg", "q" * 2000, "q1 " * 500, "1,1 " * 500, "every " * 300, "a/b" * 500]
)
def test_hostile_text_is_parsed_in_a_few_milliseconds(text: str) -> None:
    parse("warm")
    best = 1.0
    for _ in range(5):
        started = time.process_time()
        parse(text)
        best = min(best, time.process_time() - started)
    assert best < 0.005


def test_classes_are_written_in_one_order_in_every_process() -> None:
    written = parse("adalimumab 40 mg").drugs[0].model_dump(mode="json")["classes"]
    assert written == sorted(written)
    assert len(written) > 1
