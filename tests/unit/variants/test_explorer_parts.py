"""What the explorer is made of: views that survive, downloads that end, facets as parts of a filter, columns by rule."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.filter_builder_model import Comparison, Condition, Group, Mode, comparisons_for, draft_of, filter_of, genes_in
from components.variant_grid import cell_text, next_sort, number_text
from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.errors import InvalidInputError, NotFoundError, TooLargeError
from services.variants import downloads as downloads_module
from services.variants.downloads import SECONDS_KEPT, DownloadKind, Downloads
from services.variants.filter_parts import (
    facet_values,
    joined,
    parts_of,
    with_facet,
    with_part,
    without_facet,
    without_part,
)
from services.variants.filters import And, Filter, Flagged, Genes, Missing, Not, Number, OneOf, Or, Region
from services.variants.library import VariantLibrary
from services.variants.presets import Group as Heading
from services.variants.presets import Preset, columns_of, facet_columns, group_of, number_columns
from services.variants.tables import Sort
from services.variants.views import View, view_from_json, view_to_json
from services.variants.workbench import Workbench
from tests.unit.variants.conftest import Add
from tests.unit.variants.test_expressions import _FILTERS, TABLE

ANA = Principal("ana", may_see_patients=True, may_administer=False)
RARE = And((Number("qual", 30, above=True), Flagged(("VUS",))))


# Views


def test_what_a_table_last_looked_like_is_kept_for_each_user(workbench: Workbench, add: Add) -> None:
    table = add()
    view = View(RARE, (Sort("pos", descending=True),), ("pos", "qual"), 250, 3)
    workbench.views.remember(ANA, table.id, View())
    workbench.views.remember(ANA, table.id, view)
    assert workbench.views.last(ANA, table.id) == view
    assert workbench.views.last(LOCAL_USER, table.id) is None
    workbench.delete(LOCAL_USER, table.id)
    assert workbench.views.last(ANA, table.id) is None


def test_a_named_view_is_replaced_by_its_name_and_begins_at_the_first_page(workbench: Workbench) -> None:
    workbench.views.save(ANA, "Rare", View(page=7))
    workbench.views.save(ANA, "Rare", View(RARE))
    (saved,) = workbench.views.list(ANA)
    assert (saved.name, saved.view) == ("Rare", View(RARE))
    assert workbench.views.list(LOCAL_USER) == ()
    with pytest.raises(NotFoundError):
        workbench.views.delete(LOCAL_USER, saved.id)
    workbench.views.delete(ANA, saved.id)
    assert workbench.views.list(ANA) == ()


def test_a_view_without_a_name_is_refused(workbench: Workbench) -> None:
    with pytest.raises(InvalidInputError):
        workbench.views.save(ANA, "  ", View())


def test_a_view_fits_a_table_that_lacks_some_of_its_columns() -> None:
    assert View(columns=("pos", "other")).for_columns(["pos"]).columns == ("pos",)
    assert View(columns=("other",)).for_columns(["pos"]).columns is None


@pytest.mark.parametrize("broken", [{"sort": [{}]}, {"page": "x"}, {"filter": {"sql": {}}}, {"columns": 3}])
def test_a_broken_view_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        view_from_json(broken)


def test_a_view_comes_back_from_json() -> None:
    view = View(RARE, (Sort("pos"),), ("pos",), 50, 2)
    assert view_from_json(view_to_json(view)) == view


# Downloads


def test_an_export_holds_the_filtered_rows_in_the_chosen_order(workbench: Workbench, add: Add) -> None:
    table = add()
    condition, sort, columns = Not(Missing("qual")), [Sort("qual", descending=True)], ["pos", "qual"]
    made = {kind: workbench.downloads.prepare(ANA, table.id, kind, condition, sort, columns) for kind in DownloadKind}
    text = made[DownloadKind.CSV].path.read_text()
    assert [row[0] for row in csv.reader(StringIO(text))] == ["pos", "60", "60", "70", "100"]
    assert made[DownloadKind.TSV].path.read_text().splitlines()[0] == "pos\tqual"
    assert pq.read_table(made[DownloadKind.PARQUET].path)["pos"].to_pylist() == [60, 60, 70, 100]
    assert {one.rows for one in made.values()} == {4}


def test_a_download_ends_after_its_time_and_with_the_program(library: VariantLibrary, workbench: Workbench, add: Add,
                                                             tmp_path: Path) -> None:  # fmt: skip
    now = [0.0]
    downloads = Downloads(library, workbench.marks, tmp_path / "exports2", clock=lambda: now[0])
    made = downloads.prepare(ANA, add().id, DownloadKind.CSV)
    assert downloads.fetch(made.token).path == made.path
    now[0] = SECONDS_KEPT
    with pytest.raises(NotFoundError):
        downloads.fetch(made.token)
    assert not made.path.exists()
    for bad in ("", "../" * 16, "0" * 48, "g" * 48):
        with pytest.raises(NotFoundError):
            downloads.fetch(bad)
    kept = downloads.prepare(ANA, library.list(ANA)[0].id, DownloadKind.CSV)
    Downloads(library, workbench.marks, tmp_path / "exports2")
    assert not kept.path.exists()


def test_an_export_over_the_limit_is_refused_and_leaves_nothing(
    workbench: Workbench, add: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = add()
    monkeypatch.setattr(downloads_module, "MAX_ROWS", 3)
    with pytest.raises(TooLargeError, match="narrow the filter"):
        workbench.downloads.prepare(ANA, table.id, DownloadKind.CSV)
    monkeypatch.setattr(downloads_module, "MAX_ROWS", 100)
    monkeypatch.setattr(downloads_module, "MAX_BYTES", 10)
    with pytest.raises(TooLargeError, match="fewer columns"):
        workbench.downloads.prepare(ANA, table.id, DownloadKind.TSV)
    assert list((tmp_path / "exports").glob("*")) == []


def test_nobody_exports_what_they_may_not_see(workbench: Workbench, add: Add) -> None:
    with pytest.raises(NotFoundError):
        workbench.downloads.prepare(PUBLIC, add().id, DownloadKind.CSV)


# Questions


def test_a_question_is_asked_once_and_access_every_time(workbench: Workbench, add: Add) -> None:
    table = add()
    first = workbench.questions.page(ANA, table.id, None, limit=2, columns=["pos"])
    assert workbench.questions.page(ANA, table.id, None, limit=2, columns=["pos"]).rows is first.rows
    with pytest.raises(NotFoundError):
        workbench.questions.page(PUBLIC, table.id, None, limit=2, columns=["pos"])


def test_rejected_lines_are_paged_in_the_order_of_the_file(workbench: Workbench, add: Add) -> None:
    table = add("chr1 x . A G 1 . . GT 0/1", "chr1 5 . A G 1 . . GT 0/1", "chr1 6 . Q! G 1 . . GT 0/1")
    assert (table.row_count, table.rejected_count) == (1, 2)
    lines = workbench.questions.rejected(ANA, table.id)
    assert lines["field"].to_pylist() == ["POS", "REF"]
    assert workbench.questions.rejected(ANA, table.id, limit=1, offset=1)["field"].to_pylist() == ["REF"]
    assert workbench.questions.rejected(ANA, add().id).num_rows == 0


@pytest.mark.parametrize("text", ["{", '{"and": ', "{" + '"not": {' * 5_000, '{"x": 1}', "qual >", "{" * 200_000])
def test_a_filter_text_that_is_none_is_refused(workbench: Workbench, add: Add, text: str) -> None:
    with pytest.raises(InvalidInputError):
        workbench.filter_from_text(ANA, add().id, text)


# Facets and chips


def test_a_facet_is_set_changed_and_taken_away_among_other_conditions() -> None:
    base = joined([Number("qual", 30), Genes(("NOD2",))])
    chosen = with_facet(base, "filter", ["PASS"])
    assert facet_values(chosen, "filter") == ("PASS",)
    more = with_facet(chosen, "filter", ["PASS", None])
    assert parts_of(more)[-1] == Or((OneOf("filter", ("PASS",)), Missing("filter")))
    assert facet_values(more, "filter") == ("PASS", None)
    assert facet_values(with_facet(base, "filter", [None]), "filter") == (None,)
    assert without_facet(more, "filter") == base
    assert with_facet(None, "filter", []) is None


def test_chips_are_removed_one_by_one() -> None:
    condition = with_part(with_part(None, Number("qual", 30)), Region("1", 1, 2))
    assert with_part(condition, Region("1", 1, 2)) == condition
    assert without_part(condition, 0) == Region("1", 1, 2)
    assert without_part(Region("1", 1, 2), 0) is None


@given(_FILTERS)
def test_the_parts_of_a_filter_make_the_filter(condition: Filter) -> None:
    assert joined(parts_of(condition)) == condition


# The builder


@given(_FILTERS)
@settings(max_examples=200)
def test_every_filter_can_be_opened_in_the_builder_and_means_the_same(condition: Filter) -> None:
    finished = filter_of(draft_of(condition), TABLE)
    assert finished is None or filter_of(draft_of(finished), TABLE) == finished


@pytest.mark.parametrize(
    "condition",
    [
        RARE, Or((RARE, Missing("qual"))), Not(Or((RARE, Genes(("A", "B"))))), Number("qual", 1, 2, above=True, below=True),
        OneOf("filter", ("a", "b")), Region("chr1", 5, 9), Genes(("NOD2", "HLA-B")), Not(Number("qual", None, 5)),
    ],
)  # fmt: skip
def test_a_filter_comes_out_of_the_builder_as_it_went_in(condition: Filter) -> None:
    assert filter_of(draft_of(condition), TABLE) == condition


def test_unfinished_conditions_are_left_out() -> None:
    unfinished = [
        Condition(), Condition("qual"), Condition("qual", Comparison.AT_LEAST), Condition("qual", Comparison.BETWEEN, low=1.0),
        Condition("filter", Comparison.ONE_OF), Condition("filter", Comparison.CONTAINS), Condition("Region"),
        Condition("Gene list"), Group(),
    ]  # fmt: skip
    assert filter_of(Group(Mode.ANY, [*unfinished]), TABLE) is None
    assert filter_of(Group(Mode.ANY, [*unfinished, Condition("qual", Comparison.MISSING)]), TABLE) == Missing("qual")


def test_an_impossible_condition_is_explained() -> None:
    with pytest.raises(InvalidInputError, match="lower bound"):
        filter_of(Group(parts=[Condition("qual", Comparison.BETWEEN, low=2.0, high=1.0)]), TABLE)
    with pytest.raises(InvalidInputError, match="region"):
        filter_of(Group(parts=[Condition("Region", text="chr1:9-2")]), TABLE)


def test_comparisons_fit_the_type_of_the_column() -> None:
    assert comparisons_for("info_DB", TABLE)[0] is Comparison.TRUE
    assert Comparison.BETWEEN in comparisons_for("csq_gnomAD_AF", TABLE)
    assert Comparison.CONTAINS in comparisons_for("filter", TABLE)
    assert comparisons_for("Gene list", TABLE) == ()


def test_a_pasted_gene_list_is_read_whatever_separates_it() -> None:
    assert genes_in("NOD2, TNFAIP3;IL23R\n\tNOD2  HLA-B") == ("NOD2", "TNFAIP3", "IL23R", "HLA-B")


# Columns


def test_the_essentials_begin_with_the_place_and_show_what_is_judged_first(library: VariantLibrary, add: Add) -> None:
    table = library.open(ANA, add().id)
    essentials = columns_of(Preset.ESSENTIALS, table.columns, table.facts)
    assert essentials[:5] == ("chrom", "pos", "ref", "alt", "genes")
    assert {"csq_Consequence", "csq_IMPACT", "csq_gnomAD_AF", "zygosity.S1", "filter", "qual"} <= set(essentials)
    assert set(columns_of(Preset.EVERYTHING, table.columns, table.facts)) == set(table.facts.columns)
    assert "fmt_GT.S1" in columns_of(Preset.GENOTYPES, table.columns, table.facts)
    assert "filter" in facet_columns(table.columns, table.facts)
    assert "csq_gnomAD_AF" in number_columns(table.columns)
    assert "row_id" not in number_columns(table.columns)


def test_every_column_of_a_row_stands_under_one_heading(library: VariantLibrary, add: Add) -> None:
    table = library.open(ANA, add().id)
    headings = {entry["name"]: group_of(entry) for entry in table.columns}
    assert headings["qual"] is Heading.POSITION
    assert headings["csq_IMPACT"] is Heading.ANNOTATION
    assert headings["info_DP"] is Heading.INFO
    assert headings["fmt_GT.S1"] is Heading.GENOTYPES


# Cells


def test_a_small_number_is_not_shown_as_zero_and_a_long_text_is_cut() -> None:
    assert number_text(0.00001) == "1e-05"
    assert cell_text("x" * 5_000).endswith("… (5,000 characters)")
    assert cell_text([1, None, 0.5]) == "1, missing, 0.5"
    assert (cell_text(True), cell_text(False)) == ("yes", "no")


def test_a_header_sorts_upwards_then_downwards_then_not() -> None:
    sort = next_sort((), "qual")
    assert sort == (Sort("qual"),)
    sort = next_sort(sort, "qual")
    assert sort == (Sort("qual", descending=True),)
    assert next_sort(sort, "qual") == ()
    assert next_sort(sort, "pos") == (Sort("pos"),)


@given(st.text(max_size=200))
def test_any_text_can_stand_in_a_cell(text: str) -> None:
    assert len(cell_text(text)) <= 80 + len("… (5,000 characters)")
