"""Quantities, ranges and units as laboratories print them; and that no text is slow or fatal."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical import labs
from services.clinical.labs import Quantity
from services.errors import UnitError

MAX_SECONDS = 0.005
HOSTILE = ["<" * 5000, "1" * 5000, "1," * 3000, "1.1.1." * 2000, " - " * 3000, "0-" * 3000, "10^" * 3000, "mg/" * 3000,
           "1 " * 3000, "(" * 4000, "١٢٣", "−1", "\x00", "1e400", "up to " * 1000, "²³⁹", "x10" * 900]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<0.3 mg/dL", Quantity("<", 0.3, "mg/dL")),
        ("≥ 1280", Quantity(">=", 1280, None)),
        ("12,5 mg/L", Quantity(None, 12.5, "mg/L")),
        ("1,250 pg/mL", Quantity(None, 1250, "pg/mL")),
        ("0,125 ng/mL", Quantity(None, 0.125, "ng/mL")),
        ("1.234,5 U/L", Quantity(None, 1234.5, "U/L")),
        ("5.2 x10^9/L", Quantity(None, 5.2, "10^9/L")),
        ("12 mg/L H", Quantity(None, 12, "mg/L")),
        ("3.1 (L)", Quantity(None, 3.1, None)),
        ("2.1 L", Quantity(None, 2.1, "L")),
        ("-30 cmH2O", Quantity(None, -30, "cmH2O")),
        ("1:640", None),
        ("3/4", None),
        ("negative", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_a_printed_quantity(text: str, expected: Quantity | None) -> None:
    assert labs.parse_quantity(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.4-4.5", (0.4, 4.5)),
        ("0.4 - 4.5 mIU/L", (0.4, 4.5)),
        ("4,0–10,0", (4.0, 10.0)),
        ("0.4 to 4.5", (0.4, 4.5)),
        ("(150-4,500)", (150, 4500)),
        ("<5", (None, 5)),
        ("≤ 30", (None, 30)),
        ("> 60", (60, None)),
        ("up to 40 U/L", (None, 40)),
        ("Negative: <20", (None, 20)),
        ("-60 - -30", (-60, -30)),
        ("M: 13-17; F: 12-15", None),
        ("<1:80", None),
        ("5-1", None),
        ("negative", None),
        ("", None),
    ],
)
def test_a_printed_reference_range(text: str, expected: tuple[float | None, float | None] | None) -> None:
    assert labs.parse_reference_range(text) == expected


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("µg/mL", "ug/mL"), ("μg/ml", "ug/mL"), ("mcg/mL", "ug/mL"), ("10^9/L", "10^9/L"), ("x10*9/L", "10^9/L"),
        ("×10⁹/L", "10^9/L"), ("10e9/L", "10^9/L"), ("K/uL", "10^9/L"), ("10^3/µL", "10^9/L"), ("G/L", "10^9/L"), ("g/L", "g/L"),
        ("mm/hr", "mm/h"), ("mm/1h", "mm/h"), ("mg/24 h", "mg/24h"), ("g/day", "g/24h"), ("IU/ml", "IU/mL"), ("µIU/mL", "uIU/mL"),
        ("mU/L", "mIU/L"), ("cells/µL", "/uL"), ("mL/min/1.73 m²", "mL/min/1.73m2"), ("% predicted", "%"), ("bananas", None),
    ],
)  # fmt: skip
def test_units_are_recognised_in_the_ways_they_are_written(written: str, canonical: str | None) -> None:
    assert labs.normalise_unit(written) == canonical


def test_grams_written_in_capitals_are_grams_where_a_cell_count_makes_no_sense() -> None:
    c3 = labs.analytes()["c3"]
    assert labs.convert(0.95, "G/L", c3) == pytest.approx(95)


def test_a_unit_of_another_quantity_is_an_error() -> None:
    with pytest.raises(UnitError, match="mmol/L"):
        labs.convert(5, "mmol/L", labs.analytes()["crp"])


@pytest.mark.parametrize("analyte", labs.analytes().values(), ids=lambda analyte: analyte.key)
def test_every_row_of_the_table_is_consistent(analyte: labs.Analyte) -> None:
    assert labs.normalise_unit(analyte.unit) == analyte.unit
    assert all(labs.normalise_unit(unit) == unit for unit in (*analyte.units, *analyte.elsewhere))
    assert all(key in labs.analytes() for key in analyte.elsewhere.values())
    low, high = analyte.plausible
    assert low < high
    limits = analyte.typical.values() if isinstance(analyte.typical, dict) else (analyte.typical,)
    for pair in limits:
        known = [limit for limit in pair or () if limit is not None]
        assert known == sorted(known)
        assert all(low <= limit <= high for limit in known)
    for name in (analyte.key, analyte.label, *analyte.aliases):
        found = labs.resolve(name)
        assert found is not None
        assert found.key == analyte.key


@given(st.sampled_from(sorted(labs.analytes())), st.floats(0.001, 1e5), st.data())
def test_conversion_is_linear_and_can_be_undone(key: str, value: float, data: st.DataObject) -> None:
    analyte = labs.analytes()[key]
    unit = data.draw(st.sampled_from([analyte.unit, *analyte.units]))
    factor, offset = analyte.units.get(unit, (1.0, 0.0))
    canonical = labs.convert(value, unit, analyte)
    assert (canonical - offset) / factor == pytest.approx(value, rel=1e-9)
    assert labs.convert(value * 2, unit, analyte) - canonical == pytest.approx(factor * value, rel=1e-6)


@given(st.floats(0, 1e6, allow_nan=False), st.sampled_from(["", "<", ">", "≤", "≥"]))
def test_a_printed_number_is_read_back(value: float, comparator: str) -> None:
    quantity = labs.parse_quantity(f"{comparator} {value:.3f} mg/L")
    assert quantity is not None
    assert quantity.value == pytest.approx(value, abs=0.0006)
    assert quantity.unit == "mg/L"


@given(st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_printed_range_is_read_back(one: float, other: float) -> None:
    low, high = sorted((round(one, 2), round(other, 2)))
    assert labs.parse_reference_range(f"{low:.2f} - {high:.2f}") == (low, high)


def _read_all(text: str) -> None:
    labs.parse_quantity(text)
    labs.parse_reference_range(text)
    labs.parse_number(text)
    labs.normalise_unit(text)
    labs.resolve(text)


@given(st.text(max_size=300))
@settings(deadline=None)
def test_no_text_is_fatal(text: str) -> None:
    _read_all(text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_is_slow(text: str) -> None:
    elapsed = []
    for _ in range(5):
        started = time.perf_counter()
        _read_all(text)
        elapsed.append(time.perf_counter() - started)
    assert min(elapsed) < MAX_SECONDS


@given(st.dictionaries(st.text(max_size=20), st.floats() | st.integers(), max_size=5))
@settings(deadline=None)
def test_reading_a_panel_never_fails_and_every_value_is_finite_and_plausible(biomarkers: dict[str, float]) -> None:
    panel = labs.normalise(biomarkers)
    for reading in panel.readings:
        low, high = labs.analytes()[reading.key].plausible
        assert math.isfinite(reading.value)
        assert low <= reading.value <= high


def test_a_panel_of_sixty_values_is_read_in_a_few_milliseconds() -> None:
    biomarkers = {analyte.label: sum(analyte.bare or analyte.plausible) / 2 for analyte in list(labs.analytes().values())[:60]}
    elapsed = []
    for _ in range(5):
        started = time.perf_counter()
        panel = labs.normalise(biomarkers, "F")
        elapsed.append(time.perf_counter() - started)
        assert len(panel.readings) == 60
    assert min(elapsed) < 0.02
