from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evidence.lexical import coverage, terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HLA-B*27:05", "B*27:05"), ("anti-dsDNA", "antidsDNA dsDNA"), ("Sjögren's", "sjogren"),
        ("β2-glycoprotein", "beta2 glycoprotein"),
        ("arthritides", "arthritides"), ("relapses", "relapse"), ("IL-17A", "IL17A"),
    ],
)
def test_spellings_of_the_same_thing_share_a_term(one: str, other: str) -> None:
    assert set(terms(one)) & set(terms(other))


def test_ordinary_words_are_no_terms() -> None:
    assert terms("What is it and why was the") == []


def test_alleles_that_differ_in_the_second_field_have_different_terms() -> None:
    assert "b2705" not in terms("B*27:09")


def test_a_passage_with_the_rare_word_covers_more_than_one_with_the_common_word() -> None:
    question = {"arthritis": 1.0, "uveitis": 1.0}
    passages = [{"arthritis"}, {"uveitis"}, {"arthritis", "pain"}, {"arthritis", "knee"}]
    shares = coverage(question, passages)
    assert shares[1] > shares[0]
    assert all(0 <= share <= 1 for share in shares)


def test_a_passage_with_every_term_covers_the_whole_question() -> None:
    assert coverage({"a": 1.0, "b": 0.5}, [{"a", "b", "c"}, {"c"}]) == pytest.approx([1.0, 0.0])


def test_a_question_without_terms_covers_nothing() -> None:
    assert coverage({}, [{"a"}]) == [0.0]


@given(st.text(max_size=500))
def test_any_text_has_terms_that_are_safe_words(text: str) -> None:
    assert all(term.isascii() and term.isalnum() for term in terms(text))
