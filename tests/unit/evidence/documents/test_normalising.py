"""Text is cleaned of what carries no meaning, and of nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evidence.documents.normalising import clean_text, join_hyphenated, split_boilerplate


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("ﬁbrosis, eﬃcacy", "fibrosis, efficacy"),
        ("soft\u00adware and hy\u00ad\nphen", "software and hyphen"),
        ("zero\u200bwidth", "zerowidth"),
        ("10\u00a0mg", "10 mg"),
        ("bell\x07 and\x00 null", "bell and null"),
        ("normal \u202elamron\u202c", "normal lamron"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("Na\t138\tmmol/L", "Na  138  mmol/L"),
        ("cafe\u0301", "café"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ],
)
def test_noise_is_removed(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@pytest.mark.parametrize("text", ["10⁹/L", "5 µg/mL", "½ tablet", "≤ 5", "3+", "CD4⁺", "HLA-B*27:05", "1:640", "−2.5 SD"])
def test_signs_with_a_meaning_are_kept(text: str) -> None:
    assert clean_text(text) == text


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    ("page", "joined"),
    [
        ("progres-\nsion", "progression"),
        ("anti-\ndsDNA", "anti-dsDNA"),
        ("IL-\n6", "IL-6"),
        ("follow-\nup visit", "follow-up visit"),
        ("range 10-\n40", "range 10-40"),
        ("a list -\nitem", "a list -\nitem"),
        ("HLA-\nDRB1", "HLA-DRB1"),
    ],
)
def test_hyphen_at_the_line_end(page: str, joined: str) -> None:
    assert join_hyphenated([page]) == (joined,)


def test_the_document_decides_on_a_doubtful_hyphen() -> None:
    assert join_hyphenated(["a wire-loop lesion", "wire-\nloop deposits"])[1] == "wire-loop deposits"


def test_results_that_differ_in_their_value_are_never_a_footer() -> None:
    pages = ["Visit one\nCRP 12 mg/L", "Visit two\nCRP 45 mg/L"]
    assert [body for body, _ in split_boilerplate(pages)] == pages


def test_equal_finding_on_two_pages_is_kept() -> None:
    pages = ["Left wrist\nNo erosion is seen.", "Right wrist\nNo erosion is seen."]
    assert [body for body, _ in split_boilerplate(pages)] == pages


def test_table_header_repeated_on_a_new_page_is_kept() -> None:
    pages = ["A | B | C\n1 | 2 | 3\nend of one", "A | B | C\n4 | 5 | 6\nend of two"]
    keep = [frozenset({"A | B | C"})] * 2
    assert [body for body, _ in split_boilerplate(pages, keep)] == pages


def test_running_head_made_of_the_patient_block_is_dropped() -> None:
    first = "Harborview Clinic\nProgress Note\nPatient: Jane Doe  MRN: 123\nDate: March 4, 2022\nShe is well."
    second = "Jane Doe  MRN 123\nProgress Note, March 4, 2022\nThe plan is unchanged."
    bodies = split_boilerplate([first, second])
    assert bodies[1] == ("The plan is unchanged.", ("Jane Doe  MRN 123", "Progress Note, March 4, 2022"))


@given(st.lists(st.text(alphabet="ab1 .\n", max_size=60), min_size=1, max_size=5))
def test_no_written_line_is_lost_between_body_and_boilerplate(pages: list[str]) -> None:
    for page, (body, removed) in zip(pages, split_boilerplate(pages), strict=True):
        before = sorted(line for line in page.split("\n") if line)
        assert sorted([*(line for line in body.split("\n") if line), *removed]) == before


@pytest.mark.parametrize("char", ["a", "1", "A", "é", "-", "_", "a1", "ab-"])
def test_a_word_of_any_length_is_read_in_time_that_grows_with_it_and_not_with_its_square(char: str) -> None:
    """An accession string or a base64 block has no blank. At the square, 200,000 characters would take minutes."""
    word = char * (200_000 // len(char))
    started = time.process_time()
    [joined] = join_hyphenated([f"{word}.\ninflam-\nmation"])
    assert joined == f"{word}.\ninflammation"
    assert split_boilerplate([word, f"{word}x"])[0][0] == word
    assert time.process_time() - started < 5.0
