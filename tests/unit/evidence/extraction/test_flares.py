"""Flares and relapses told in notes: what counts, when it was, and what is none."""

from __future__ import annotations

import datetime

import pytest

from services.evidence.extraction import DateBasis, FlareContent, Precision
from tests.unit.evidence.extraction.conftest import Read

D = datetime.date


def flares(read_text: Read, body: str, **rest: str) -> list[tuple[datetime.date | None, Precision]]:
    return [
        (fact.effective, fact.precision)
        for fact in read_text(f"INTERVAL HISTORY\n{body}\n", **rest) if isinstance(fact.content, FlareContent)
    ]


@pytest.mark.parametrize(
    ("body", "day", "precision"),
    [
        ("She had a flare of her arthritis in January 2022, treated with prednisone 15 mg.", D(2022, 1, 1), Precision.MONTH),
        ("In November 2021 her lupus flared with rash and fever.", D(2021, 11, 1), Precision.MONTH),
        ("She was admitted with a lupus nephritis flare on 02/10/2022.", D(2022, 2, 10), Precision.DAY),
        ("He relapsed in June 2021 with left optic neuritis.", D(2021, 6, 1), Precision.MONTH),
        ("Relapse in 2019 with sensory loss of the legs.", D(2019, 1, 1), Precision.YEAR),
        ("She is currently flaring with swollen wrists.", D(2022, 3, 15), Precision.DAY),
        ("Presents with an acute flare of psoriatic arthritis.", D(2022, 3, 15), Precision.DAY),
        ("Exacerbation of myasthenia in December 2021 after a chest infection.", D(2021, 12, 1), Precision.MONTH),
        ("She reports two flares which settled by themselves.", None, Precision.DAY),
    ],
)
def test_a_told_flare_is_a_fact_with_its_day(
    read_text: Read, body: str, day: datetime.date | None, precision: Precision
) -> None:
    assert flares(read_text, body) == [(day, precision)]


def test_each_stated_flare_has_its_own_day(read_text: Read) -> None:
    found = flares(read_text, "He had flares in May 2021 and January 2022.")
    assert [day for day, _ in found] == [D(2021, 5, 1), D(2022, 1, 1)]


def test_a_flare_that_is_going_on_has_the_day_of_the_note_and_says_so(read_text: Read) -> None:
    (fact,) = (one for one in read_text("HISTORY\nHer disease is now flaring.\n") if isinstance(one.content, FlareContent))
    assert (fact.basis, fact.quote) == (DateBasis.DOCUMENT, "Her disease is now flaring.")


def test_the_day_a_drug_was_stopped_is_not_the_day_of_the_flare(read_text: Read) -> None:
    assert flares(read_text, "Her disease flared after methotrexate was stopped in January 2022.") == [(None, Precision.DAY)]


@pytest.mark.parametrize("body", [
    "No flares since the last visit.",
    "She denies any flare of her arthritis.",
    "He has been flare-free since March 2021.",
    "She has not had a relapse since 2019.",
    "There is a risk of flare if the dose is lowered.",
    "In case of a flare take prednisone 20 mg for five days.",
    "She should call if her arthritis flares.",
    "Treatment is meant to prevent flares.",
    "Relapsing-remitting multiple sclerosis since 2015.",
    "Slit lamp: cells and flare 1+ in the anterior chamber.",
    "Exacerbation of asthma in January 2022.",
    "Her mother had a flare of lupus in 2020.",
    "Annualised relapse rate 0.2.",
    "Was the rash in January a flare?",
    "Pain is exacerbated by walking.",
    "MRI FLAIR sequences from January 2022 were normal.",
])  # fmt: skip
def test_a_denied_feared_or_other_flare_is_none(read_text: Read, body: str) -> None:
    assert flares(read_text, body) == []


def test_a_flare_plan_tells_of_no_flare(read_text: Read) -> None:
    assert not [one for one in read_text("PLAN\nFlare: prednisone 20 mg daily.\n") if isinstance(one.content, FlareContent)]
