"""Sections follow the headings a reader sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evidence.documents.model import Page
from services.evidence.documents.sectioning import heading_of, sections


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("ASSESSMENT AND PLAN", "Assessment and plan"),
        ("Assessment and Plan:", "Assessment and Plan"),
        ("History of present illness", "History of present illness"),
        ("Impression: Stable disease.", "Impression"),
        ("3. Medications", "Medications"),
        ("IV. FAMILY HISTORY", "Family history"),
        ("PRESENTING HISTORY OF THE EYE", "Presenting history of the eye"),
        ("Joint count:", "Joint count"),
    ],
)
def test_headings(line: str, heading: str) -> None:
    assert heading_of(line, "Text under it.") == heading


@pytest.mark.parametrize(
    "line",
    [
        "C3 LOW", "ANA POSITIVE 1:640", "Test Result Units Reference Flag", "The plan is unchanged.", "HLA-B | B*08:01 | B*07:02",
        "Findings were discussed with her", "JANE DOE, MD", "", "A long line in ordinary letters that goes on about the plan",
        "Specimen: serum  Collected: 03/15/2022",
    ],
)
def test_other_lines_are_no_headings(line: str) -> None:
    assert heading_of(line, "Text under it.") is None


def test_capitals_at_the_end_of_a_page_are_no_heading() -> None:
    assert heading_of("CONFIDENTIAL COPY", "") is None


def test_short_line_between_sentences_is_a_heading() -> None:
    assert heading_of("Renal history", "The first hint in the file is older.", "She came by ambulance.") == "Renal history"
    assert heading_of("Renal history", "the first hint in the file is older.", "She came by ambulance.") is None
    assert heading_of("Renal history", "The first hint in the file is older.", "and then the") is None


@given(st.lists(st.text(alphabet="AbC PLAN:\n.", max_size=80), min_size=1, max_size=3))
def test_sections_cover_every_page(texts: list[str]) -> None:
    pages = [Page(number, text, 612, 792) for number, text in enumerate(texts, start=1)]
    found = sections(pages)
    for page in pages:
        covered = {place for part in found if part.page == page.number for place in range(part.start, part.end)}
        assert all(char.isspace() or place in covered for place, char in enumerate(page.text))
