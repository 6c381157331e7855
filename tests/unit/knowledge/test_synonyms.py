"""Query expansion adds names that mean the same, and nothing else."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.knowledge.catalogue import load
from services.knowledge.names import fold, words
from services.knowledge.synonyms import MAX_TERMS, SynonymGroup, expand

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "retrieval" / "medquad_sample.json"

ORDINARY = [
    "What should I do in case of a fall and is it as bad as it was?",
    "The patient was seen by me and is fine",
    "WHAT IS THE RISK OF ALL THIS FOR US",
    "my dog read the cold pie",
    "Please give the dose for this week",
    "time to go to the park with a friend",
    "The old man settles the bill at the pin pad",
    "Is this the right type?",
    "Who has the right of way",
    "general condition good, family history none",
    "a mild form of the disease",
    "history of present illness",
    "other disease or disorder",
    "ra as ms in a sentence, mg of it",
    "she is positive about the new job in a multinational company",
    "What is the treatment and how is the diagnosis made",
    "these patients fit the criteria and growth was normal",
    "the syndrome",
    "he can see the cat at all times",
]


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("Does MS run in families?", "multiple sclerosis"),
        ("AS and uveitis", "ankylosing spondylitis"),
        ("How is RA treated?", "rheumatoid arthritis"),
        ("SLE in pregnancy", "systemic lupus erythematosus"),
        ("What causes dry eyes?", "keratoconjunctivitis sicca"),
        ("xerophthalmia", "dry eyes"),
        ("kidney inflammation in lupus", "nephritis"),
        ("Humira and tuberculosis", "adalimumab"),
        ("adalimumab dose", "Humira"),
        ("Is anti-CCP positive?", "anti-citrullinated protein antibody"),
        ("Scl-70 positive", "anti-topoisomerase I"),
        ("B27 positive", "HLA-B27"),
        ("patient with DR4", "HLA-DRB1*04"),
        ("heart attack", "myocardial infarction"),
        ("coeliac disease in children", "celiac disease"),
        ("anaemia", "anemia"),
        ("anemia", "anaemia"),
        ("rash with leukaemias", "leukemias"),
        ("CARASIL", "CARASIL syndrome"),
        ("What is mucoviscidosis?", "cystic fibrosis"),
    ],
)
def test_a_name_brings_the_other_names_of_the_same_thing(question: str, term: str) -> None:
    assert term in expand(question)


@pytest.mark.parametrize("question", ORDINARY)
def test_ordinary_words_are_not_expanded(question: str) -> None:
    assert expand(question) == ()


def test_short_abbreviations_count_only_in_capitals() -> None:
    assert expand("MS") != ()
    assert expand("ms") == ()
    assert expand("Ms Smith asked") == ()


def test_the_longest_name_wins() -> None:
    terms = expand("type 1 diabetes mellitus")
    assert not any("type 2" in term.lower() for term in terms)
    assert "polymyalgia rheumatica" not in expand("rheumatoid arthritis")
    assert "myasthenia gravis" not in expand("Lambert-Eaton myasthenic syndrome")


def test_words_match_whole() -> None:
    assert expand("performing management of components") == ()


def test_what_the_question_says_is_not_repeated() -> None:
    terms = [fold(term) for term in expand("rheumatoid arthritis (RA)")]
    assert "rheumatoid arthritis" not in terms
    assert "ra" not in terms


def test_a_numbered_subtype_without_entry_falls_back_on_its_family() -> None:
    assert expand("GOSHS9")[0] == expand("GOSHS")[0]


def test_an_abbreviation_with_too_many_meanings_is_left_alone() -> None:
    assert expand("CMD") == ()


def test_the_number_of_terms_is_bounded() -> None:
    question = "RA, SLE, MS, T1D, IBD, PsA, AS, SSc, MG, ITP, TTP, PBC, PSC and GPA"
    assert len(expand(question)) == MAX_TERMS
    assert len(expand(question, limit=3)) == 3
    assert expand(question, limit=0) == ()


def test_the_order_does_not_change_between_calls() -> None:
    question = "anti-dsDNA in SLE with low C3 and kidney inflammation"
    assert [expand(question) for _ in range(3)] == [expand(question)] * 3


def test_only_the_beginning_of_an_overlong_question_is_read() -> None:
    assert expand("x " * 600 + "SLE") == ()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_accepted(question: str) -> None:
    terms = expand(question)
    assert len(terms) <= MAX_TERMS
    assert len(set(terms)) == len(terms)


def test_a_question_is_expanded_in_under_a_millisecond() -> None:
    questions = ["How is RA treated in a patient with coeliac disease and dry eyes?", "SLE with kidney inflammation", *ORDINARY]
    for question in questions:
        expand(question)
    started = time.process_time()
    for _ in range(20):
        for question in questions:
            expand(question)
    assert (time.process_time() - started) / (20 * len(questions)) < 0.001


def test_no_term_stands_twice_in_one_group() -> None:
    for group in load("synonyms", SynonymGroup):
        spoken = [" ".join(words(term)).lower() for term in group.terms]
        assert len(set(spoken)) == len(spoken), group.terms


@pytest.mark.shared_data
def test_questions_asked_by_another_name_get_the_words_of_the_usual_name() -> None:
    if not SHARED.exists():
        pytest.skip("the shared question sample is not here")
    asked = [row for row in json.loads(SHARED.read_text(encoding="utf-8"))["queries"] if row["synonym_query"]]
    before = sum(_says(row["focus"], row["synonym_query"]) for row in asked)
    after = sum(_says(row["focus"], " ".join((row["synonym_query"], *expand(row["synonym_query"])))) for row in asked)
    assert after >= 0.7 * len(asked)
    assert after >= before + 0.3 * len(asked)


def _says(name: str, text: str) -> bool:
    """Whether a text holds at least half of the words of a name."""
    wanted = set(fold(name).split())
    return len(wanted & set(fold(text).split())) * 2 >= len(wanted)
