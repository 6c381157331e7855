"""Extraction never crashes, never points outside the page, gives stable keys, and is fast."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.evidence.documents.describing import describe
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.extraction import Fact, content_from_json, extract
from tests.unit.evidence.extraction.conftest import Read

_WORDS = (
    "CRP 28 28,4 mg/L < H L ( ) [ ] | \n \n\n ; : . ANA 1:640 1: positive detected HLA-B27 B*27:05 DRB1* methotrexate started "
    "stopped weekly 3 31/02/2022 03/15/2022 lupus SLEDAI Items: MEDICATIONS DIAGNOSES • 1. – ref 99999999999999 ½ 10³/µL mother"
)
_PHRASES = (
    "not detected",
    "15 mg",
    "in 2021",
    "3 May",
    "rule out",
    "Test | Result | Units\n",
    "\nC3 | 71 | mg/dL\n",
    "MRI, brain\n",
    "collected",
)
_PIECES = st.sampled_from([*_WORDS.split(" "), *_PHRASES])


def _document(text: str) -> ParsedDocument:
    return ParsedDocument("0" * 64, 1, (Page(1, text, 612, 792),))


def _facts(text: str) -> tuple[Fact, ...]:
    document = _document(text)
    return extract(document, describe(document))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_PIECES, max_size=120).map(" ".join))
def test_any_mixture_of_clinical_words_ends_in_valid_facts(text: str) -> None:
    facts = _facts(text)
    assert len({fact.key for fact in facts}) == len(facts)
    for fact in facts:
        assert 0 <= fact.start <= fact.end <= len(text)
        assert content_from_json(fact.content.model_dump(mode="json")) == fact.content


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_survived(text: str) -> None:
    _facts(text)


@pytest.mark.parametrize(
    "text",
    [
        "CRP " + "1" * 50_000,
        "CRP 1" + ",111" * 20_000,
        "CRP (" * 15_000,
        "CRP 1 mg/L; " * 6_000,
        "a | " * 15_000,
        "methotrexate " * 6_000,
    ],
    ids=["digits", "commas", "brackets", "list", "bars", "drugs"],
)
def test_hostile_repetition_is_read_in_linear_time(text: str) -> None:
    _facts("warm up")
    started = time.process_time()
    _facts(text)
    assert time.process_time() - started < 5


def test_reading_twice_gives_the_same_keys(read_text: Read) -> None:
    body = "LABORATORY DATA\nCRP: 12 mg/L\nCRP: 12 mg/L\nMEDICATIONS\nMethotrexate 15 mg weekly\n"
    assert [fact.key for fact in read_text(body)] == [fact.key for fact in read_text(body)]
    assert len(read_text(body)) == 3


def test_a_key_does_not_depend_on_what_else_the_page_says(read_text: Read) -> None:
    alone = read_text("LABORATORY DATA\nCRP: 12 mg/L\n")
    moved = read_text("HISTORY\nA quiet month.\nLABORATORY DATA\nFerritin: 48 ng/mL\nCRP: 12 mg/L\n")
    assert alone[0].key == moved[-1].key
