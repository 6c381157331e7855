"""Spans of a block say the same as Python's own text functions, wherever in the block they stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.variants.vcf.strings import Spans, Text, chosen_runs

_PIECES = st.lists(st.text(alphabet="ab=;,%é", max_size=45), min_size=1, max_size=30)


def _spans(pieces: list[str], tail: bytes = b"") -> Spans:
    encoded = [piece.encode() for piece in pieces]
    ends = np.cumsum([len(piece) + 1 for piece in encoded]) - 1
    starts = ends - [len(piece) for piece in encoded]
    return Spans(Text(b"\t".join(encoded) + tail), starts.astype(np.int64), ends.astype(np.int64))


@given(_PIECES)
def test_equal_texts_get_the_same_number_and_different_ones_do_not(pieces: list[str]) -> None:
    codes, values = _spans(pieces).encode()
    assert [values[code] for code in codes] == pieces
    assert sorted(values) == sorted(set(pieces))


@given(_PIECES)
def test_the_first_sign_is_found_near_the_beginning_and_far_from_it(pieces: list[str]) -> None:
    spans = _spans(pieces)
    for byte in (b"=", b";"):
        found = spans.first(byte) - spans.starts
        expected = [piece.encode().find(byte) for piece in pieces]
        assert found.tolist() == [
            at if at >= 0 else len(piece.encode()) for at, piece in zip(expected, pieces, strict=True)
        ]


@given(_PIECES)
def test_pieces_are_split_held_and_gathered_as_python_does(pieces: list[str]) -> None:
    spans = _spans(pieces)
    split = spans.split(b";")
    assert split.spans.array().to_pylist() == [part for piece in pieces for part in piece.split(";")]
    assert split.counts.tolist() == [piece.count(";") + 1 for piece in pieces]
    assert spans.hold(b",").tolist() == ["," in piece for piece in pieces]
    assert spans.equal(b"ab").tolist() == [piece == "ab" for piece in pieces]
    assert spans.compact().array().to_pylist() == pieces


@pytest.mark.parametrize("columns", [1, 2, 5])
def test_rows_with_the_same_number_of_parts_are_split_like_any_other(columns: int) -> None:
    pieces = [":".join(f"{row}{column}" for column in range(columns)) for row in range(20)]
    split = _spans(pieces, b":\n").split(b":")
    assert split.spans.array().to_pylist() == [part for piece in pieces for part in piece.split(":")]


def test_missing_pieces_become_null_and_rows_come_in_any_order() -> None:
    spans = _spans(["one", ".", "three", ""])
    order = np.array([3, 2, 2, 1, 0])
    chosen = spans.at(order)
    assert chosen.array(chosen.equal(b".")).to_pylist() == ["", "three", "three", None, "one"]


@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=12))
def test_runs_out_of_a_longer_list_are_chosen_in_order(gaps: list[int], counts: list[int]) -> None:
    size = min(len(gaps), len(counts))
    first, place = [], 0
    for gap, count in zip(gaps[:size], counts[:size], strict=True):
        first.append(place + gap)
        place += gap + count
    values = np.arange(100, 100 + place + 3)
    wanted = [100 + at + step for at, count in zip(first, counts[:size], strict=True) for step in range(count)]
    found = chosen_runs(values, np.array(first, dtype=np.int64), np.array(counts[:size], dtype=np.int64))
    assert found.tolist() == wanted
