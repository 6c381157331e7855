"""A highlight lies on the words of the passage, or nowhere."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.evidence.documents.locating import Glyph, locate


def find(page: str, passage: str) -> list[str]:
    """The text at the places found in a page that is one stream of characters."""
    glyphs = [Glyph(index, char) for index, char in enumerate(page)]

    def place(unplaced: Sequence[Glyph]) -> list[Glyph]:
        """A grid: lines by line break, columns by position."""
        placed, x, y = [], 0.0, 1000.0
        for glyph in unplaced:
            x, y = (0.0, y - 12) if glyph.char == "\n" else (x + 6, y)
            if not glyph.char.isspace():
                placed.append(Glyph(glyph.index, glyph.char, x, y, 10.0))
        return placed

    return ["".join(page[index] for index in match) for match in locate(glyphs, passage, place)]


@pytest.mark.parametrize(
    ("page", "passage"),
    [
        ("Complement C3 62 mg/dL", "Complement | C3 | 62 | mg/dL"),
        ("the wire-loop\r\ndeposits", "wire-loop deposits"),
        ("progres-\r\nsion of fibrosis", "progression of fibrosis"),
        ("progres\x02sion of fibrosis", "progression of fibrosis"),
        ("ﬁbrosis of the skin", "fibrosis of the skin"),
        ("patient’s “malar” rash", "patient's \"malar\" rash"),
        ("Sjögren’s disease", "Sjogren's disease"),
        ("range 10–40 mg/dL", "range 10-40 mg/dL"),
    ],
)
def test_spaces_hyphens_ligatures_and_quotes_do_not_matter(page: str, passage: str) -> None:
    assert len(find(page, passage)) == 1


@pytest.mark.parametrize(
    ("page", "passage"),
    [
        ("CRP 12 mg/L", "CRP 1"),
        ("CRP 12 mg/L", "2 mg/L"),
        ("CRP 0.5 mg/L", "5 mg/L"),
        ("CRP 1.5 mg/L", "CRP 1"),
        ("CRP 12 mg/L", "CRP 1.2 mg/L"),
        ("titer 1:640", "titer 1640"),
        ("change -5 mg", "change 5 mg"),
        ("hypothyroidism", "thyroid"),
        ("ANA negative", "ANA positive"),
    ],
)
def test_another_value_or_part_of_a_word_is_not_found(page: str, passage: str) -> None:
    assert find(page, passage) == []


def test_passage_that_stands_twice_is_marked_twice() -> None:
    assert len(find("No rash today. Pain. No rash today.", "No rash today.")) == 2


def test_sentences_are_found_when_the_passage_as_a_whole_is_not() -> None:
    page = "Test Result\nComplement C3 62 mg/dL 90-180 L\nSomething in between\nComplement C4 8 mg/dL 10-40 L"
    found = find(page, "Test | Result | Units\nComplement C3 | 62 | mg/dL | 90-180 | L\nComplement C4 | 8 | mg/dL | 10-40 | L")
    assert found == ["ComplementC362mg/dL90-180L", "ComplementC48mg/dL10-40L"]


def test_repeated_sentence_without_a_place_in_the_order_is_left_unmarked() -> None:
    assert find("No new erosions. Stable. No new erosions.", "Not on this page. No new erosions.") == []


def test_row_drawn_out_of_order_is_found_by_its_position() -> None:
    row = [("C3", 10.0, 700.0), ("62", 60.0, 700.0), ("C4", 10.0, 680.0), ("8", 60.0, 680.0)]
    drawn = [row[0], row[2], row[1], row[3]]  # column by column
    glyphs: list[Glyph] = []
    places: dict[int, tuple[float, float]] = {}
    for word, x, y in drawn:
        for offset, char in enumerate(word):
            places[len(glyphs)] = (x + 6 * offset, y)
            glyphs.append(Glyph(len(glyphs), char))
    matches = locate(glyphs, "C3 62", lambda g: [Glyph(i.index, i.char, *places[i.index], 10.0) for i in g])
    assert ["".join(glyphs[index].char for index in match) for match in matches] == ["C362"]


@pytest.mark.parametrize("passage", ["", "  ", "|", "a", "\ud800", "•" * 50])
def test_empty_or_meaningless_passage_finds_nothing(passage: str) -> None:
    assert find("a page of text", passage) == []
