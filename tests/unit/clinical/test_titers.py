"""Titers compare as dilutions; worded results are read as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clinical.titers import Outcome, Titer, parse_outcome, parse_titer


@pytest.mark.parametrize(
    ("text", "dilution", "sign"),
    [
        ("1:640", 640, None), ("1/80", 80, None), ("1 : 2,560", 2560, None), ("<1:40", 40, "<"), ("≥1:1280", 1280, ">="),
        ("> 1:5120 homogeneous", 5120, ">"), ("640", 640, None), ("ANA 1:160, speckled", 160, None),
    ],
)  # fmt: skip
def test_titers_are_read_as_laboratories_print_them(text: str, dilution: int, sign: str | None) -> None:
    assert parse_titer(text) == Titer.model_validate({"dilution": dilution, "sign": sign})


@pytest.mark.parametrize("text", ["", "positive", "1:", ":::", "1:0", "11:30", "1:80:40", "12.5", "7", "2:80"])
def test_what_is_no_titer_is_not_read(text: str) -> None:
    assert parse_titer(text) is None


def test_titers_sort_by_dilution_not_by_text() -> None:
    written = ["1:1280", "1:80", "<1:40", "1:640", ">1:1280", "1:40"]
    titers = sorted(titer for text in written if (titer := parse_titer(text)))
    assert [str(one) for one in titers] == ["<1:40", "1:40", "1:80", "1:640", "1:1280", ">1:1280"]


@pytest.mark.parametrize(
    ("text", "reached"),
    [("1:80", True), ("1:640", True), ("1:40", False), ("<1:80", False), ("<1:40", False), ("<1:640", None),
    (">1:40", None)],
)
def test_whether_a_dilution_was_reached_is_unknown_where_the_titer_cannot_tell(text: str, reached: bool | None) -> None:
    titer = parse_titer(text)
    assert titer is not None
    assert titer.at_least(80) is reached


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Not detected", Outcome.NEGATIVE), ("NEGATIVE", Outcome.NEGATIVE), ("non-reactive", Outcome.NEGATIVE),
        ("(-)", Outcome.NEGATIVE), ("weakly positive", Outcome.POSITIVE), ("++", Outcome.POSITIVE),
        ("Detected", Outcome.POSITIVE),
        ("equivocal", Outcome.EQUIVOCAL), ("borderline", Outcome.EQUIVOCAL), ("+/-", Outcome.EQUIVOCAL),
        ("performed", None), ("see comment", None), ("", None), ("positive control failed", None),
    ],
)  # fmt: skip
def test_worded_results_are_read_whole_or_not_at_all(text: str, outcome: Outcome | None) -> None:
    assert parse_outcome(text) is outcome


@given(st.text(max_size=400))
def test_no_text_breaks_the_titer_reader(text: str) -> None:
    titer = parse_titer(text)
    assert titer is None or titer.dilution >= 1
    parse_outcome(text)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_higher_dilution_is_the_stronger_titer(first: int, second: int) -> None:
    assert (Titer(dilution=first) < Titer(dilution=second)) == (first < second)
