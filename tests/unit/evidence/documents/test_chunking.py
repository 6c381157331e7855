"""Passages are exact, whole and small enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.evidence.documents.chunking import Chunk, chunk
from services.evidence.documents.describing import DocumentDescription, describe
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.documents.vocabulary import DocumentType
from tests.fakes import pdfs

Written = Callable[..., ParsedDocument]
Parse = Callable[[bytes], ParsedDocument]
NOTE = DocumentDescription(DocumentType.PROGRESS_NOTE, specialty="rheumatology", facility="Harborview Clinic")


def count(text: str) -> int:
    """A tokenizer of the kind models have: words and signs, and two more for the frame."""
    return len(re.findall(r"\w{1,6}|[^\w\s]", text)) + 2


def cut(parsed: ParsedDocument, max_tokens: int = 60, overlap: int = 1) -> tuple[Chunk, ...]:
    return chunk(parsed, NOTE, count_tokens=count, max_tokens=max_tokens, overlap_sentences=overlap)


def test_chunk_is_the_text_of_its_page_between_its_offsets(written: Written) -> None:
    parsed = written(pdfs.NOTE, "PLAN\nRecheck C3.")
    for made in cut(parsed):
        assert made.text == parsed.pages[made.page - 1].text[made.page_start_char:made.page_end_char]


def test_chunk_never_crosses_a_page_and_knows_its_page(written: Written) -> None:
    chunks = cut(written("Alpha sentence here.", "Beta sentence here."))
    assert [(made.page, made.text) for made in chunks] == [(1, "Alpha sentence here."), (2, "Beta sentence here.")]
    assert [made.ordinal for made in chunks] == [0, 1]


def test_section_goes_on_over_the_page_break(written: Written) -> None:
    chunks = cut(written("ASSESSMENT\nLupus flare, moderate, with arthritis and a new rash.", "It has improved since Monday."))
    assert chunks[-1].section == "Assessment"


def test_sections_are_not_mixed(written: Written) -> None:
    text = "Impression\n" + "The kidney is involved. " * 8 + "\nPlan\n" + "Recheck the urine. " * 8
    chunks = cut(written(text), max_tokens=70)
    assert {made.section for made in chunks} == {"Impression", "Plan"}
    assert not any("kidney" in made.text and "urine" in made.text for made in chunks)


def test_tiny_section_joins_its_neighbour(written: Written) -> None:
    chunks = cut(written("Allergies\nNone.\nAssessment\nLupus flare with arthritis, oral ulcers and a new malar rash."))
    assert len(chunks) == 1
    assert chunks[0].section == "Assessment"


def test_neighbours_share_a_sentence_of_prose(written: Written) -> None:
    text = " ".join(f"Sentence number {n} says something about the joints." for n in range(20))
    chunks = cut(written(text), max_tokens=60)
    assert len(chunks) > 2
    for before, after in pairwise(chunks):
        assert after.page_start_char < before.page_end_char
    apart = cut(written(text), max_tokens=60, overlap=0)
    assert all(before.page_end_char <= after.page_start_char for before, after in pairwise(apart))


def _long_table(rows: int) -> str:
    lines = [f"Analyte {n} | {n}.5 | mg/dL | 1-9 | H" for n in range(rows)]
    return "\n".join(["RESULTS", "Test | Result | Units | Reference | Flag", *lines])


def test_row_is_never_cut_and_header_is_repeated(written: Written) -> None:
    chunks = cut(written(_long_table(30)), max_tokens=80)
    assert len(chunks) > 3
    for made in chunks:
        assert "Test | Result | Units | Reference | Flag\n" in made.text
        rows = [line for line in made.text.split("\n") if line.startswith("Analyte")]
        assert all(re.fullmatch(r"Analyte \d+ \| \d+\.5 \| mg/dL \| 1-9 \| H", row) for row in rows)
    seen = [row for made in chunks for row in re.findall(r"Analyte (\d+) ", made.text)]
    assert seen == [str(n) for n in range(30)]


def test_header_follows_its_table_over_the_page_break(written: Written) -> None:
    first, second = _long_table(3), "\n".join(_long_table(6).split("\n")[5:])
    last = cut(written(first, second), max_tokens=200)[-1]
    assert last.page == 2
    assert last.text.startswith("Test | Result | Units | Reference | Flag\nAnalyte 3")


def test_header_of_another_table_is_not_borrowed(written: Written) -> None:
    text = _long_table(3)
    text += "\nThe typing below was done elsewhere with another method, see the report of that laboratory of last week.\n"
    text += "HLA-B | B*08:01 | B*07:02\nHLA-C | C*07:01 | C*07:02"
    assert all("Reference | Flag\nHLA" not in made.text for made in cut(written(text), max_tokens=60))


def test_no_chunk_exceeds_the_limit(written: Written) -> None:
    text = "word " * 900 + ". " + "Another, with clauses, " * 100 + "."
    assert max(made.token_count for made in cut(written(text), max_tokens=64)) <= 64


def test_context_says_where_the_passage_comes_from(written: Written) -> None:
    made = cut(written("Plan\nRecheck C3 and C4 in four weeks with urine."))[0]
    assert made.context == "Rheumatology progress note, Harborview Clinic. Section: Plan"


def test_empty_pages_give_no_chunks(written: Written) -> None:
    assert cut(written("", " \n ")) == ()


def test_limit_too_small_to_be_meant_is_refused(written: Written) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        cut(written("Text"), max_tokens=3)


def test_real_document_is_covered(parse: Parse) -> None:
    parsed = parse(pdfs.joined(pdfs.text_pdf(pdfs.NOTE), pdfs.table_pdf()))
    chunks = chunk(parsed, describe(parsed), count_tokens=count)
    _assert_covered(parsed, chunks)
    assert any("Complement C3 | 62 | mg/dL | 90-180 | L" in made.text and made.page == 2 for made in chunks)


_LINES = st.sampled_from([
    "PLAN", "Impression:", "She is well. No fever, no rash.", "C3 | 62 | mg/dL", "Test | Result | Units", "• item one", "x" * 90,
    "Complement C4 8 mg/dL 10-40 L", "", "A long line of prose that goes on, with commas, and does not end here", "1. Continue.",
])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(_LINES, max_size=25), min_size=1, max_size=3), st.integers(16, 120), st.integers(0, 2))
def test_every_character_is_in_some_chunk(pages: list[list[str]], max_tokens: int, overlap: int) -> None:
    parsed = ParsedDocument(
        "0" * 64, len(pages), tuple(Page(n, "\n".join(lines), 612, 792) for n, lines in enumerate(pages, start=1))
    )
    chunks = cut(parsed, max_tokens, overlap)
    _assert_covered(parsed, chunks)
    for made in chunks:
        assert made.text.endswith(parsed.pages[made.page - 1].text[made.page_start_char:made.page_end_char])
        single_row = "\n" not in made.text.replace("Test | Result | Units\n", "")
        assert made.token_count == count(made.text)
        assert made.token_count <= max_tokens or single_row


def _assert_covered(parsed: ParsedDocument, chunks: tuple[Chunk, ...]) -> None:
    for page in parsed.pages:
        covered = {
            position for made in chunks if made.page == page.number
            for position in range(made.page_start_char, made.page_end_char)
        }
        missing = [char for position, char in enumerate(page.text) if position not in covered and not char.isspace()]
        assert not missing
