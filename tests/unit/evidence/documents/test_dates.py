"""Dates are read as the document writes them, and doubt is stated."""

from __future__ import annotations

from datetime import date

import pytest

from services.evidence.documents.dates import day_first, find_dates


@pytest.mark.parametrize(
    "text",
    ["2022-03-15", "03/15/2022", "15/03/2022", "15.03.2022", "March 15, 2022", "Mar. 15, 2022", "15 March 2022", "15-Mar-2022",
     "15th of March 2022", "3/15/22", "2022/03/15", "2022-03-15T10:20:00Z"],
)
def test_ways_to_write_a_date(text: str) -> None:
    found = list(find_dates(f"seen {text}, again"))
    assert [written.value for written in found] == [date(2022, 3, 15)]
    assert not found[0].assumed


def test_day_and_month_follow_the_habit_of_the_document() -> None:
    british = "Seen 04/03/2022. Next visit 25/03/2022."
    american = "Seen 04/03/2022. Next visit 04/25/2022."
    assert day_first(british) is True
    assert day_first(american) is False
    assert next(find_dates(british, day_first=True)).value == date(2022, 3, 4)
    assert next(find_dates(american, day_first=False)).value == date(2022, 4, 3)


def test_unsettled_order_is_marked_as_assumed() -> None:
    written = next(find_dates("04/03/2022", day_first=day_first("04/03/2022")))
    assert (written.value, written.assumed) == (date(2022, 4, 3), True)
    assert not next(find_dates("04/04/2022")).assumed


def test_documents_that_mix_both_orders_settle_nothing() -> None:
    assert day_first("25/03/2022 and 03/25/2022") is None


@pytest.mark.parametrize(
    "text",
    ["31/02/2022", "2022-13-45", "1:640", "12/2022", "555-010-4400", "1.2.3.4.5", "SMI-2022-44871", "C3 90-180", "MRN 03152022"],
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert list(find_dates(text)) == []


def test_two_digit_years_belong_to_the_century_that_fits() -> None:
    assert next(find_dates("05/17/85")).value == date(1985, 5, 17)
    assert next(find_dates("05/17/21")).value == date(2021, 5, 17)
