"""Questions to a table: filters mean what they say, missing is never a value, and no text of a user becomes SQL."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import InvalidInputError, NotFoundError, UnavailableError
from services.variants.filter_json import filter_from_json
from services.variants.filters import (
    And,
    Filter,
    Flag,
    Genes,
    Missing,
    Not,
    Number,
    OneOf,
    Or,
    Region,
    Text,
    TextTest,
    quoted,
    to_sql,
)
from services.variants.tables import Sort, VariantTable
from tests.unit.variants.support import CSQ_HEADER, HEADER, run, vcf

LINES = [
    "chr1 100 rs1 A G 50 PASS DP=10;AF=0.5;TAGS=x,y;DB;CSQ=G|missense_variant|MODERATE|BRCA1|YES|0.01 GT:PL 0/1:1,2,3",
    "chr1 200 . A G . q10 DP=20;AF=nan;CSQ=G|intron_variant|MODIFIER|brca2||0.2,G|x|LOW|TP53|| GT:PL 1/1:9,9,9",
    "chr2 50 rs2 C T 10 . AF=0.1;NOTE=quote'\"; GT ./.",
    "chr2 60 . C <DEL> 99 PASS DP=30;END=500;TAGS=z GT 0/0",
    "chrX 70 rs3;rs4 G GA,GC 70 PASS DP=5 GT 1",
]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[VariantTable]:
    report = run(tmp_path, vcf(*LINES, header=HEADER + CSQ_HEADER).replace("NOTE=quote'\";", "NOTE=quote'\""))
    assert report.folder is not None, report.refusal
    with VariantTable(report.folder) as opened:
        yield opened


def _lines(table: VariantTable, condition: Filter | None) -> list[int]:
    """Return which of LINES pass, counted from 0; each once."""
    found = table.page(condition, limit=1000, columns=["line"])["line"].to_pylist()
    assert table.count(condition) == len(found)
    return sorted({line - 20 - 1 for line in found})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, [0, 1, 2, 3, 4]),
        (Number("qual", 50), [0, 3, 4]),
        (Number("qual", None, 50), [0, 2]),
        (Not(Number("qual", None, 50)), [3, 4]),
        (Missing("qual"), [1]),
        (Not(Missing("qual")), [0, 2, 3, 4]),
        (Number("info_AF", 0.1), [0, 2]),
        (Number("info_DP", 10, 20), [0, 1]),
        (Number("csq_gnomAD_AF", 0.001, 0.02), [0]),
        (Number("csq_gnomAD_AF", 0.1), []),  # the entry with 0.2 is not the one chosen for its record
        (Number("fmt_PL.S1", 9), [1]),
        (Number("fmt_PL.S1", 2, 2), [0]),
        (Text("id", TextTest.CONTAINS, "RS"), [0, 2, 4]),
        (Text("id", TextTest.STARTS_WITH, "rs3"), [4]),
        (Text("filter", TextTest.EQUALS, "pass"), [0, 3, 4]),
        (Text("info_TAGS", TextTest.EQUALS, "Y"), [0]),
        (Text("info_NOTE", TextTest.CONTAINS, "'\""), [2]),
        (OneOf("variant_type", ("snv", "sv_deletion")), [0, 1, 2, 3]),
        (OneOf("info_TAGS", ("x", "z")), [0, 3]),
        (OneOf("info_DP", ("5", "30")), [3, 4]),
        (OneOf("filter", ()), []),
        (Flag("info_DB", True), [0]),
        (Region("1", 150, 250), [1]),
        (Region("chr2", 400, 450), [3]),
        (Region("7", 1, 10), []),
        (Genes(("BRCA2", " tp53 ")), [1]),
        (Genes(("brca1",)), [0]),
        (Genes(("brca1", *(f"OTHER{number}" for number in range(50)))), [0]),
        (Not(Genes(("brca1", *(f"OTHER{number}" for number in range(50))))), [1]),
        (Not(Genes(("brca1",))), [1]),
        (And((Number("qual", 50), Text("filter", TextTest.EQUALS, "PASS"), Not(Flag("info_DB", True)))), [3, 4]),
        (Or((Missing("qual"), Region("X", 1, 100))), [1, 4]),
        (And(()), [0, 1, 2, 3, 4]),
        (Or(()), []),
    ],
)
def test_a_filter_selects_the_rows_it_describes(table: VariantTable, condition: Filter | None, expected: list[int]) -> None:
    assert _lines(table, condition) == expected


def test_pages_follow_each_other_without_gap_or_repeat(table: VariantTable) -> None:
    whole = table.page(limit=100, columns=["row_id"])["row_id"].to_pylist()
    for sort in (
        [],
        [Sort("qual", True)],
        [Sort("variant_type"), Sort("pos", True)],
        [Sort("chrom")],
        [Sort("csq_gnomAD_AF", True)],
    ):
        pieces: list[int] = []
        for offset in range(0, 8, 2):
            pieces += table.page(None, sort, limit=2, offset=offset, columns=["row_id"])["row_id"].to_pylist()
        assert sorted(pieces) == whole
        assert pieces == table.page(None, sort, limit=100, columns=["row_id"])["row_id"].to_pylist()


def test_missing_values_sort_last_in_both_directions(table: VariantTable) -> None:
    for descending in (True, False):
        ordered = table.page(None, [Sort("qual", descending)], columns=["qual"])["qual"].to_pylist()
        assert ordered[-1] is None
        assert ordered[:-1] == sorted(ordered[:-1], reverse=descending)


def test_numbers_written_as_text_sort_as_numbers(table: VariantTable) -> None:
    ordered = table.page(None, [Sort("csq_gnomAD_AF", True)], columns=["csq_gnomAD_AF"])["csq_gnomAD_AF"].to_pylist()
    assert ordered[0] == "0.01"  # the chosen entry of the second record has no frequency
    assert {column["name"] for column in table.columns if column.get("numeric")} == {"csq_gnomAD_AF"}


def test_a_page_has_all_columns_with_their_values(table: VariantTable, tmp_path: Path) -> None:
    page = table.page(Number("qual", 60), [Sort("pos")], limit=2).to_pylist()
    assert [row["pos"] for row in page] == [60, 70]
    assert page[0] == table.row(page[0]["row_id"])
    assert page[1]["zygosity.S1"] == "hemizygous"


def test_facets_count_values_and_missing(table: VariantTable) -> None:
    assert [(facet.value, facet.count) for facet in table.facets("filter")] == [("PASS", 4), ("q10", 1), (None, 1)]
    assert {(facet.value, facet.count) for facet in table.facets("info_TAGS")} == {("x", 1), ("y", 1), ("z", 1), (None, 4)}
    assert [(facet.value, facet.count) for facet in table.facets("info_DP", Number("qual", 60))] == [("5", 2), ("30", 1)]


def test_a_distribution_counts_every_row_once(table: VariantTable) -> None:
    found = table.distribution("qual", bins=4)
    assert (found.minimum, found.maximum, found.missing) == (10, 99, 1)
    assert sum(bin_.count for bin_ in found.bins) == 5
    with_nan = table.distribution("info_AF", bins=2)
    assert (with_nan.minimum, with_nan.maximum, with_nan.missing) == (0.1, 0.5, 4)
    assert [bin_.count for bin_ in table.distribution("info_DP", Region("chrX", 1, 100)).bins] == [2]
    assert table.distribution("qual", Region("7", 1, 2)).minimum is None


HOSTILE = ["'; DROP VIEW variants; --", '" OR 1=1 --', "x') OR TRUE --", "\\", "%", "_", "\x00", "?", "$1", "{x}", "a" * 1_000]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_only_values(table: VariantTable, text: str) -> None:
    for condition in (Text("id", TextTest.CONTAINS, text), OneOf("id", (text,)), Genes((text,)), Region(text, 1, 2)):
        assert table.count(condition) == 0
    assert table.count() == 6


@pytest.mark.parametrize("name", [*HOSTILE, 'id"', "", "ID", "variants"])
def test_hostile_columns_are_unknown_columns(table: VariantTable, name: str) -> None:
    for ask in (
        lambda: table.count(Missing(name)),
        lambda: table.page(None, [Sort(name)]),
        lambda: table.page(columns=[name]),
        lambda: table.facets(name),
        lambda: table.distribution(name),
    ):
        with pytest.raises(InvalidInputError):
            ask()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=50), column=st.sampled_from(["id", "filter", "info_TAGS", "info_NOTE", "genes"]))
def test_any_text_can_be_looked_for(table: VariantTable, value: str, column: str) -> None:
    text = value.lower()
    expected = 0
    for row in table.page(limit=100).to_pylist():
        held = row[column] if isinstance(row[column], list) else [row[column]]
        expected += any(item is not None and text == item.lower() for item in held)
    assert table.count(Text(column, TextTest.EQUALS, value)) == expected


def test_a_column_name_with_quotes_is_quoted(tmp_path: Path) -> None:
    report = run(tmp_path, 'chrom,pos,ref,alt,"say ""x"" -- y"\n1,5,A,G,7\n', None, "a.csv")
    assert report.folder is not None
    with VariantTable(report.folder) as opened:
        assert opened.count(Number('file_say "x" -- y', 7, 7)) == 1
    assert quoted('a"b') == '"a""b"'


def test_the_connection_reads_no_other_file(table: VariantTable, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for sql in (
        f"SELECT * FROM read_text('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        "SET enable_external_access = true",
    ):
        with pytest.raises((UnavailableError, duckdb.Error)), table.query(sql, []) as result:
            result.fetchall()
    assert not (tmp_path / "out.csv").exists()


def test_limits_are_kept(table: VariantTable) -> None:
    deep: Filter = Missing("id")
    for _ in range(30):
        deep = Not(deep)
    for ask in (
        lambda: table.count(deep),
        lambda: table.count(And(tuple(Missing("id") for _ in range(600)))),
        lambda: table.count(Text("id", TextTest.EQUALS, "x" * 1_001)),
        lambda: table.count(Number("qual", 5, 1)),
        lambda: table.count(Number("info_DB", 1)),
        lambda: table.count(Flag("qual", True)),
        lambda: table.count(Region("1", 9, 5)),
        lambda: table.page(limit=0),
        lambda: table.page(limit=10_001),
        lambda: table.page(offset=-1),
        lambda: table.page(columns=[]),
        lambda: table.row(999),
        lambda: table.distribution("id"),
        lambda: table.distribution("qual", bins=0),
        lambda: table.facets("id", limit=0),
    ):
        with pytest.raises(InvalidInputError):
            ask()


def test_a_question_that_takes_too_long_is_interrupted(table: VariantTable) -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(100000) b"
    with pytest.raises(UnavailableError, match="longer than"), table.query(endless, [], seconds=0.2) as result:
        result.fetchall()
    assert table.count() == 6


def test_several_threads_can_ask_at_once(table: VariantTable) -> None:
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: table.count(Number("qual", 50)), range(40)))
    assert counts == [4] * 40


def test_a_folder_without_a_table_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        VariantTable(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(UnavailableError):
        VariantTable(tmp_path)


def test_filters_are_read_from_json() -> None:
    data = {
        "and": [
            {"number": {"column": "qual", "minimum": 30}},
            {"not": {"missing": {"column": "id"}}},
            {"or": [{"region": {"chromosome": "1", "start": 1, "end": 9}}, {"genes": {"names": ["A"]}}]},
            {"text": {"column": "id", "test": "contains", "value": "rs"}},
            {"one_of": {"column": "filter", "values": ["PASS"]}},
            {"flag": {"column": "info_DB", "value": True}},
        ]
    }
    assert filter_from_json(data) == And(
        (
            Number("qual", 30.0),
            Not(Missing("id")),
            Or((Region("1", 1, 9), Genes(("A",)))),
            Text("id", TextTest.CONTAINS, "rs"),
            OneOf("filter", ("PASS",)),
            Flag("info_DB", True),
        )
    )


def _nested(depth: int) -> Any:
    return {"missing": {"column": "id"}} if depth == 0 else {"not": _nested(depth - 1)}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        "x",
        {"and": {}},
        {"sql": "1=1"},
        {"number": {}},
        {"number": {"column": 5}},
        {"number": {"column": "a", "minimum": "1"}},
        {"number": {"column": "a", "minimum": math.nan}},
        {"number": {"column": "a", "minimum": True}},
        {"text": {"column": "a", "value": "x"}},
        {"text": {"column": "a", "test": "regex", "value": "x"}},
        {"missing": {"column": "a", "missing": "yes"}},
        {"genes": {"names": "A"}},
        {"region": {"chromosome": "1", "start": "1", "end": 2}},
        {"missing": {"column": "a", "extra": 1}},
        {"and": [], "or": []},
        _nested(50),
    ],
)
def test_json_that_is_no_filter_is_refused(data: Any) -> None:
    with pytest.raises(InvalidInputError):
        filter_from_json(data)


def test_values_are_bound_and_never_written_into_the_statement(table: VariantTable) -> None:
    sql, values = to_sql(And((Text("id", TextTest.CONTAINS, "needle"), Genes(("GENEX",)), Number("qual", 12345.5))), table.facts)
    assert "needle" not in sql
    assert "GENEX" not in sql
    assert "12345" not in sql
    assert values == ["needle", ["GENEX"], 12345.5]


def test_rows_come_from_the_file_unchanged(table: VariantTable) -> None:
    assert table.page(limit=100).to_pylist()[0]["info_TAGS"] == ["x", "y"]
