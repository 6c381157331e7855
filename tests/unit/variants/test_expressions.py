"""Expressions mean what they say, come back as they were written, and survive anything that is typed."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.variants.expression_text import to_expression
from services.variants.expressions import MAX_LENGTH, parse_expression
from services.variants.filter_json import filter_from_json, filter_to_json
from services.variants.filter_words import in_words
from services.variants.filters import (
    And,
    ColumnFacts,
    Commented,
    Filter,
    Flag,
    Flagged,
    Genes,
    Missing,
    Not,
    Number,
    OneOf,
    Or,
    Region,
    Rows,
    TableFacts,
    Text,
    TextTest,
)

COLUMNS = {
    "chrom": "text", "pos": "integer", "qual": "number", "filter": "text", "info_DB": "flag", "info_DP": "integer",
    "csq_gnomAD_AF": "text", "csq_SYMBOL": "text", "csq_IMPACT": "text", "fmt_DP.S1": "integer", "zygosity.S1": "text",
    "file_odd name`s": "text", "info_TAGS": "list of text", "and": "text", "file_flag": "text",
}  # fmt: skip
TABLE = TableFacts(
    {name: ColumnFacts(name, kind) for name, kind in COLUMNS.items()}, ["chr1", "HLA-A*01:01"], ["1", None],
    frozenset({"csq_gnomAD_AF"}),
)  # fmt: skip
QUAL, POS = Number("qual", 1, above=True), Number("pos", None, 5, below=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qual >= 30", Number("qual", 30)),
        ("QUAL > 30", Number("qual", 30, above=True)),
        ("qual < .5", Number("qual", None, 0.5, below=True)),
        ("qual = 3e1", Number("qual", 30, 30)),
        ("qual between 1 and 2", Number("qual", 1, 2)),
        ("qual is missing", Missing("qual")),
        ("qual is not missing", Missing("qual", False)),
        ("not qual is missing", Not(Missing("qual"))),
        ("gnomad_af < 0.01", Number("csq_gnomAD_AF", None, 0.01, below=True)),
        ("gnomad_af = 0.5", Number("csq_gnomAD_AF", 0.5, 0.5)),
        ("filter = PASS", Text("filter", TextTest.EQUALS, "PASS")),
        ("filter != PASS", Not(Text("filter", TextTest.EQUALS, "PASS"))),
        ("impact in (HIGH, MODERATE)", OneOf("csq_IMPACT", ("HIGH", "MODERATE"))),
        ("impact not in (HIGH)", Not(OneOf("csq_IMPACT", ("HIGH",)))),
        ("tags contains 'a b'", Text("info_TAGS", TextTest.CONTAINS, "a b")),
        ("symbol starts with NOD", Text("csq_SYMBOL", TextTest.STARTS_WITH, "NOD")),
        ("zygosity = het", Text("zygosity.S1", TextTest.EQUALS, "het")),
        ("fmt_dp > 10", Number("fmt_DP.S1", 10, above=True)),
        ("db", Flag("info_DB", True)),
        ("info_DB is false", Flag("info_DB", False)),
        ("db = no", Flag("info_DB", False)),
        ("gene in (NOD2, TNFAIP3)", Genes(("NOD2", "TNFAIP3"))),
        ("gene != HLA-B", Not(Genes(("HLA-B",)))),
        ("flag = VUS", Flagged(("VUS",))),
        ("flagged and commented", And((Flagged(), Commented()))),
        ("region chr1:1,000-2,000", Region("chr1", 1000, 2000)),
        ("region 1:5", Region("1", 5, 5)),
        ("region chr1", Region("chr1", 0, 2**31 - 1)),
        ("region 'HLA-A*01:01'", Region("HLA-A*01:01", 0, 2**31 - 1)),
        ("`and` = 'it''s'", Text("and", TextTest.EQUALS, "it's")),
        ("`file_odd name``s` = x", Text("file_odd name`s", TextTest.EQUALS, "x")),
        ("qual>1 or pos<5 and db", Or((QUAL, And((POS, Flag("info_DB", True)))))),
        ("(qual>1 or pos<5) and db", And((Or((QUAL, POS)), Flag("info_DB", True)))),
        ("   ", None),
    ],
)  # fmt: skip
def test_an_expression_is_read_as_the_filter_it_says(text: str, expected: Filter | None) -> None:
    assert parse_expression(text, TABLE) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("qual >", "at character 7: a number is expected, but the expression ends"),
        ("qual > high", "at character 8: a number is expected, not 'high'"),
        ("nothing = 1", "no column 'nothing'"),
        ("dp > 1", "may mean several columns, write one of info_DP, fmt_DP.S1"),
        ("gnomad > 1", "there is csq_gnomAD_AF"),
        ("qual > 1 qual", "and, or, or the end is expected, not 'qual'"),
        ("(qual > 1", "closing parenthesis"),
        ("filter = 'open", "a closing quote"),
        ("region chr1:9-2", "ends after it begins"),
        ("region chr1:x", "a region such as"),
        ("region unknown", "a contig of this table"),
        ("qual between 5 and 1", "a number not below 5"),
        ("gene NOD2", "in (...) or = after gene"),
        ("gene in ()", "at least one value"),
        ("qual > 1e999", "not larger than 1e308"),
        ("qual is true and qual is yellow", "missing, not missing, true or false"),
        ("db = maybe", "true or false is expected"),
        ("and > 1", "a column is expected"),
        ("qual; drop table variants", "no column 'qual;'"),
        ("not " * 30 + "db", "at most 20 deep"),
        ("(" * 100_000, "at most 20 deep"),
        (" or ".join(["db"] * 300), "at most 250 conditions"),
        ("x" * (MAX_LENGTH + 1), "at most 100,000 characters"),
        ("filter = " + "x" * 2_000, "at most 1,000 characters"),
    ],
)
def test_what_cannot_be_read_is_explained_with_its_place(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_expression(text, TABLE)
    assert words in refused.value.message


_VALUES = st.text(min_size=1, max_size=12)
_TEXT_COLUMNS = st.sampled_from(["chrom", "filter", "csq_SYMBOL", "and", "file_odd name`s", "file_flag"])
_BOUNDS = st.floats(allow_nan=False, allow_infinity=False)
_SIDES = st.one_of(
    st.builds(lambda bound, above: Number("qual", bound, None, above=above), _BOUNDS, st.booleans()),
    st.builds(lambda bound, below: Number("pos", None, bound, below=below), _BOUNDS, st.booleans()),
    st.builds(lambda low, width: Number("qual", low, low + abs(width)), st.floats(-1e6, 1e6), st.floats(0, 1e6)),
)
_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    _SIDES,
    st.builds(Text, _TEXT_COLUMNS, st.sampled_from(TextTest), _VALUES),
    st.builds(OneOf, _TEXT_COLUMNS, st.lists(_VALUES, max_size=4).map(tuple)),
    st.builds(Missing, st.sampled_from(list(COLUMNS)), st.booleans()),
    st.builds(Flag, st.just("info_DB"), st.booleans()),
    st.builds(lambda start, width: Region("chr1", start, start + width), st.integers(0, 10**6), st.integers(0, 10**6)),
    st.builds(Genes, st.lists(_VALUES, min_size=1, max_size=4).map(tuple)),
    st.builds(Flagged, st.lists(_VALUES, max_size=3).map(tuple)),
    st.just(Commented()),
)
_FILTERS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(_FILTERS)
@settings(max_examples=300)
def test_a_filter_comes_back_from_its_expression_and_its_json(condition: Filter) -> None:
    assert parse_expression(to_expression(condition), TABLE) == condition
    assert filter_from_json(json.loads(json.dumps(filter_to_json(condition)))) == condition
    assert in_words(condition)


_WORDS = st.sampled_from(
    "qual and or not in is between contains starts with missing region flagged commented gene flag ( ) , = != < <= ' \" ` "
    "1 1e9 -.5 chr1:1-2 PASS true csq_SYMBOL db".split()
)


@given(st.one_of(st.text(max_size=400), st.lists(_WORDS, max_size=80).map(" ".join), st.lists(_WORDS, max_size=80).map("".join)))
@settings(max_examples=600)
def test_no_text_does_more_than_be_read_or_refused(text: str) -> None:
    with suppress(InvalidInputError):
        found = parse_expression(text, TABLE)
        assert found is None or parse_expression(to_expression(found), TABLE) == found


@pytest.mark.parametrize(
    "piece",
    ["'", "''", '"', "`", "``", "(", "not ", "a ", "qual>1 and ", "1:", "gene in (A,", "filter='x'' ", "région ", "\x00", "=,"],
)
def test_reading_takes_time_in_proportion_to_the_length(piece: str) -> None:
    """Hostile repetition: under 5 ms for each 1,000 characters, on a machine that does other things too."""
    text = (piece * (50_000 // len(piece) + 1))[:50_000]
    spent = []
    for _ in range(3):
        started = time.process_time()
        with suppress(InvalidInputError):
            parse_expression(text, TABLE)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.005 * 50


def test_rows_by_number_are_not_written_down() -> None:
    for write in (to_expression, filter_to_json):
        with pytest.raises(InvalidInputError):
            write(Rows((1, 2)))  # type: ignore[operator]
