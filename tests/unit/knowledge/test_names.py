"""How medical names are compared."""

from __future__ import annotations

import pytest

from services.knowledge.names import fold, is_abbreviation, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Coeliac disease", "celiac diseases"),
        ("haemolytic anaemia", "hemolytic anemia"),
        ("Sjögren's syndrome", "Sjogren syndrome"),
        ("glycogen storage disease, type II", "Glycogen Storage Disease type 2"),
        ("uveitides", "uveitis"),
        ("thrombo-embolism", "thrombo embolism"),
    ],
)
def test_spelling_number_and_punctuation_do_not_separate_names(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("type 1 diabetes", "type 2 diabetes"), ("anemia", "anomia"), ("factor V", "factor X")]
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_letter_is_a_number_only_after_a_word_that_is_counted() -> None:
    assert fold("hepatitis type I") == "hepatitis type 1"
    assert fold("vitamin I") == "vitamin i"


@pytest.mark.parametrize("name", ["MS", "SLE", "SjD", "IgAN", "CMT2B", "dsDNA", "HLA-B27", "U1RNP"])
def test_abbreviations_are_recognised_by_their_capitals(name: str) -> None:
    assert is_abbreviation(name)


@pytest.mark.parametrize("name", ["Lupus", "lupus", "Crohn disease", "HIV infection", "A", "Bactrim"])
def test_ordinary_words_and_names_are_no_abbreviations(name: str) -> None:
    assert not is_abbreviation(name)


def test_greek_letters_and_accents_become_plain_words() -> None:
    assert words("TIF1γ and anti-β2GPI, Behçet’s") == ["TIF1gamma", "and", "anti", "beta2GPI", "Behcet"]
