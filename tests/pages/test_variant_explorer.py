"""The explorer in Streamlit's own runner: choose, filter, facet, flag, comment, and find all of it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components import variant_session
from components.variant_toolbar import Shown
from services.access.principals import LOCAL_USER
from services.container import Services
from services.errors import NotFoundError
from services.genomics.genome import GenomeBuild
from services.variants.annotation.model import AnnotationRequest
from services.variants.annotation.service import annotate
from services.variants.annotation.writing import put_in_place
from services.variants.imports import import_file
from services.variants.library import TableInfo
from services.variants.manifest import read_manifest, write_manifest
from services.variants.outcome import ImportOptions, Mode
from tests.pages.conftest import OpenPage
from tests.unit.variants.conftest import TRIO
from tests.unit.variants.support import CSQ_HEADER, HEADER, vcf, write

PAGE = "pages/variants/explorer.py"
BAD = "chr1 oops . A G 1 . . GT:GQ 0/1:1"
Table = Callable[..., TableInfo]


@pytest.fixture(autouse=True)
def _empty_library(services: Services) -> None:
    """Other tests share the services and leave tables."""
    for info in services.variants.list(LOCAL_USER):
        services.workbench.delete(LOCAL_USER, info.id)


@pytest.fixture
def table(services: Services, tmp_path: Path) -> Iterator[Table]:
    made: list[str] = []

    def add(*lines: str, sample: str = "Case", header: str = HEADER + CSQ_HEADER, assembly: str | None = "GRCh38") -> TableInfo:
        table_id = services.variants.new_id()
        source = write(tmp_path, vcf(*lines, header=header), f"{table_id}.vcf")
        report = import_file(source, services.variants.folder(table_id), ImportOptions(mode=Mode.LENIENT))
        assert report.folder is not None, report.refusal
        made.append(table_id)
        return services.variants.register(table_id, LOCAL_USER.name, sample, assembly)

    yield add
    for table_id in made:
        try:
            services.workbench.delete(LOCAL_USER, table_id)
        except NotFoundError:
            continue


def texts(page: AppTest) -> str:
    kinds: tuple[Any, ...] = (page.markdown, page.caption, page.error, page.info, page.warning)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def select(page: AppTest, row_id: int) -> AppTest:
    """Select a row as the grid's callback does: the runner cannot click into a canvas."""
    page.session_state["explorer.row"] = row_id
    return page.run()


def test_without_a_table_the_page_says_how_to_get_one(open_page: OpenPage, services: Services) -> None:
    assert services.variants.list(LOCAL_USER) == ()
    page = open_page(PAGE)
    assert not page.exception
    assert "No table yet" in texts(page)


def test_one_row_and_many_rows_are_shown_with_their_count(open_page: OpenPage, table: Table) -> None:
    table("chr1 100 . A G 1 . . GT 0/1", sample="One")
    many = [f"chr1 {number} . A G {number} PASS DP={number} GT 0/1" for number in range(1, 260)]
    table(*many, sample="Many")
    page = open_page(PAGE)
    assert not page.exception
    assert "**259** of 259 variants" in texts(page)  # the newest table comes first
    assert len(page.dataframe[0].value) == 100
    page.selectbox(key="explorer.choice").select_index(1).run()
    assert "**1** of 1 variants" in texts(page)
    assert not page.exception


def test_a_typed_filter_narrows_the_rows_and_a_wrong_one_says_where(open_page: OpenPage, table: Table) -> None:
    table(*TRIO)
    page = open_page(PAGE)
    page.text_input(key=variant_session.EXPRESSION).set_value("qual > 60 or gene in (nod2)").run()
    assert "**4** of 5 variants" in texts(page)
    page.text_input(key=variant_session.EXPRESSION).set_value("qual > and").run()
    assert "At character 8" in page.error[0].value
    assert "**4** of 5 variants" in texts(page)
    page.text_input(key=variant_session.EXPRESSION).set_value("").run()
    assert not page.error
    assert "**5** of 5 variants" in texts(page)


def test_a_chip_takes_its_condition_away(open_page: OpenPage, table: Table) -> None:
    table(*TRIO)
    page = open_page(PAGE)
    page.text_input(key=variant_session.EXPRESSION).set_value("qual > 60 and filter = PASS").run()
    chips = [button for button in page.button if str(button.key).startswith("explorer.chip.") and button.label != "Remove all"]
    assert [chip.label.replace("\\", "") for chip in chips] == ["qual > 60", "filter is “PASS”"]
    chips[1].click().run()
    assert page.text_input(key=variant_session.EXPRESSION).value == "qual > 60"
    page.text_input(key=variant_session.EXPRESSION).set_value("qual > 60 and filter = PASS").run()
    page.button(key="explorer.chip.all").click().run()
    assert "**5** of 5 variants" in texts(page)


def test_nothing_that_passes_is_said_and_not_shown_as_an_empty_grid(open_page: OpenPage, table: Table) -> None:
    table(*TRIO)
    page = open_page(PAGE)
    page.text_input(key=variant_session.EXPRESSION).set_value("qual > 1000").run()
    assert "No variant passes" in texts(page)
    assert not page.dataframe


def test_missing_values_are_missing_and_small_numbers_are_not_zero(open_page: OpenPage, table: Table) -> None:
    table(*TRIO)
    shown = open_page(PAGE).dataframe[0].value
    assert shown["qual"].isna().tolist() == [False, True, False, False, False]
    assert shown["csq_gnomAD_AF"].tolist()[0] == "0.00001"
    assert shown["csq_gnomAD_AF"].isna().tolist()[2:] == [True, True, True]


def test_a_row_shows_its_evidence_and_takes_a_flag_and_a_comment(open_page: OpenPage, table: Table, services: Services) -> None:
    info, other = table(*TRIO, sample="First"), table(TRIO[0], sample="Second")
    page = open_page(PAGE)
    page.selectbox(key="explorer.choice").set_value(info.id).run()
    select(page, 0)
    assert "NOD2" in texts(page)
    tier = next(pills for pills in page.pills if pills.label == "Your classification")
    tier.set_value("likely pathogenic").run()
    assert not page.exception
    variant = "GRCh38:1:100:A:G"
    assert [flag.category for flag in services.workbench.flags.of(LOCAL_USER, variant)] == ["likely pathogenic"]
    assert page.dataframe[0].value["Flags"].tolist()[0] == ["likely path."]
    page.text_area(key=f"explorer.comment.{variant}.new").set_value("segregates")
    page.button(key=f"explorer.comment.{variant}.new.send").click().run()
    assert "segregates" in texts(page)
    page.selectbox(key="explorer.choice").set_value(other.id).run()
    assert page.dataframe[0].value["Flags"].tolist() == [["likely path."]]  # the note came along
    for flag in services.workbench.flags.of(LOCAL_USER, variant):
        services.workbench.flags.delete(LOCAL_USER, flag.id)


def test_what_was_filtered_is_there_after_a_reload_and_by_link(open_page: OpenPage, table: Table, services: Services) -> None:
    info = table(*TRIO, sample="First")
    table(TRIO[0], sample="Second")
    page = open_page(PAGE)
    page.selectbox(key="explorer.choice").set_value(info.id).run()
    page.text_input(key=variant_session.EXPRESSION).set_value("qual >= 70").run()
    assert info.id in page.query_params["table"]
    again = open_page(PAGE)
    again.selectbox(key="explorer.choice").set_value(info.id).run()
    assert again.text_input(key=variant_session.EXPRESSION).value == "qual >= 70"
    assert "**3** of 5 variants" in texts(again)


def test_rejected_lines_and_distributions_are_shown(open_page: OpenPage, table: Table) -> None:
    table(*TRIO, BAD)
    page = open_page(PAGE)
    page.session_state["explorer.show"] = Shown.REJECTED
    page.run()
    assert page.dataframe[0].value["Field"].tolist() == ["POS"]
    page.session_state["explorer.show"] = Shown.CHARTS
    page.run()
    assert not page.exception
    assert "missing in 1 variants" in texts(page)


def test_a_table_without_a_build_asks_for_it(open_page: OpenPage, table: Table, services: Services) -> None:
    info = table(*TRIO, header=HEADER.replace(",length=", ",x=") + CSQ_HEADER, assembly=None)
    page = select(open_page(PAGE), 0)
    assert "genome build" in texts(page)
    assert "State the build" in texts(page)
    page.segmented_control(key="explorer.build").set_value("GRCh37").run()
    page.button(key="explorer.build.set").click().run()
    assert str(services.variants.get(LOCAL_USER, info.id).assembly) == "GRCh37"


def test_a_table_whose_files_are_gone_says_so(open_page: OpenPage, table: Table, services: Services) -> None:
    info = table(*TRIO)
    (services.variants.folder(info.id) / "variants.parquet").unlink()
    page = open_page(PAGE)
    assert not page.exception
    assert "files of this table are gone" in page.error[0].value


def test_a_view_is_saved_and_opened_in_another_table(open_page: OpenPage, table: Table, services: Services) -> None:
    first, second = table(*TRIO, sample="First"), table(*TRIO[:2], sample="Second")
    page = open_page(PAGE)
    page.selectbox(key="explorer.choice").set_value(first.id).run()
    page.text_input(key=variant_session.EXPRESSION).set_value("qual >= 50").run()
    services.workbench.views.save(LOCAL_USER, "Good", page.session_state["explorer.view"])
    page.selectbox(key="explorer.choice").set_value(second.id).run()
    assert "**2** of 2 variants" in texts(page)
    (saved,) = services.workbench.views.list(LOCAL_USER)
    page.session_state["explorer.views"] = True
    page.run()
    page.button(key=f"explorer.view.{saved.id}").click().run()
    assert "**1** of 2 variants" in texts(page)
    services.workbench.views.delete(LOCAL_USER, saved.id)


def test_hostile_text_in_a_file_is_shown_as_text(open_page: OpenPage, table: Table) -> None:
    table("chr1 100 rs1;![x](http://evil/?d=1) A G 50 . NOTE=<script>alert(1)</script>[a](javascript:x) GT 0/1")
    page = select(open_page(PAGE), 0)
    assert not page.exception
    assert "![x](http" not in texts(page)
    assert not any("[a](javascript" in str(one.value) for one in page.table)


def test_a_cell_that_a_spreadsheet_would_run_stands_in_the_grid_as_text_and_whole_at_the_side(
    open_page: OpenPage, table: Table, services: Services
) -> None:
    table("chr1 100 . A G 50 . NOTE==cmd|'/c_calc'!A1;TAGS=@SUM(A1),x GT 0/1", "chr1 200 . A G 50 . NOTE=-1.5;TAGS=-,x GT 0/1")
    page = open_page(PAGE)
    page.session_state["explorer.view"] = replace(page.session_state["explorer.view"], columns=("pos", "info_NOTE", "info_TAGS"))
    page = select(page, 0)
    shown = page.dataframe[0].value
    assert shown["info_NOTE"].tolist() == ["'=cmd|'/c_calc'!A1", "-1.5"]
    assert shown["info_TAGS"].tolist() == ["'@SUM(A1), x", "'-, x"]
    assert not [one for name in shown.columns for one in shown[name] if str(one).startswith(("=", "+", "@"))]
    whole = [str(value) for one in page.table for value in one.value.to_numpy().ravel()]
    assert any(value.replace("\\", "") == "=cmd|'/c_calc'!A1" for value in whole), "the panel shows what the file says"


def test_a_link_to_a_table_that_is_not_here_says_so_and_which_one_is_shown_stays_open(
    open_page: OpenPage, table: Table
) -> None:
    page = open_page(PAGE, link={"table": "0" * 32})
    assert "is not here: it was deleted" in page.warning[0].value
    assert "There is no other table" in page.warning[0].value
    table(*TRIO)
    for link in ("0" * 32, "../../etc"):
        page = open_page(PAGE, link={"table": link})
        assert not page.exception
        assert "You are looking at another table" in page.warning[0].value
        assert not page.run().warning, "told once: from then on the open table is the chosen one"


def test_the_example_of_a_filter_is_one_that_the_table_answers(open_page: OpenPage, table: Table) -> None:
    for header, expected in ((HEADER, "info_AF < 0.01"), (HEADER.replace("ID=AF", "ID=XX"), "qual >= 30")):
        table(*TRIO[:1], header=header, sample=expected)
        box = open_page(PAGE).text_input(key=variant_session.EXPRESSION)
        example = box.placeholder.partition(": ")[2]
        assert example.startswith(expected)
        page = open_page(PAGE)
        assert not page.text_input(key=variant_session.EXPRESSION).set_value(example).run().error


def test_an_annotated_table_shows_what_each_pack_says_and_what_is_missing(
    open_page: OpenPage, table: Table, services: Services, tmp_path: Path
) -> None:
    info = table("chr1 100 . A G 50 PASS . GT 0/1", "chr16 50729868 . C CC 50 PASS . GT 0/1")
    page = open_page(PAGE)
    page.session_state["explorer.annotate"] = True
    page.run()
    assert "was not annotated here" in texts(page)
    assert "Not installed for GRCh38" in texts(page)
    request = AnnotationRequest(services.variants.folder(info.id), GenomeBuild.GRCH38, {})
    put_in_place(request.folder, annotate(request, tmp_path / "work", lambda _share, _message: None, lambda: False).folder)
    page.session_state["explorer.annotate"] = False
    page = select(page, 0)
    assert "**built-in knowledge**: nothing for this variant" in texts(page).replace("\\", "")
    assert "not installed: Reference sequence, Gene models, ClinVar" in texts(page).replace("\\", "")
    page = select(page, 1)
    shown = {name: value for one in page.table for name, value in one.value.to_dict()[next(iter(one.value))].items()}
    assert any("NOD2" in str(value) for value in shown.values()), shown
    assert not page.exception


def test_a_column_that_a_new_annotation_lost_leaves_the_grid_and_the_rest_of_the_view_stays(
    open_page: OpenPage, table: Table, services: Services, tmp_path: Path
) -> None:
    info = table("chr1 100 . A G 50 PASS . GT 0/1", "chr1 300 . C <DEL> 9 . END=900 GT 0/1")
    request = AnnotationRequest(services.variants.folder(info.id), GenomeBuild.GRCH38, {})
    put_in_place(request.folder, annotate(request, tmp_path / "one", lambda _share, _message: None, lambda: False).folder)
    page = open_page(PAGE)
    page.text_input(key=variant_session.EXPRESSION).set_value("qual > 5").run()
    page.session_state["explorer.view"] = replace(page.session_state["explorer.view"], columns=("pos", "sv_type"))
    page.run()
    assert "sv_type" in page.dataframe[0].value.columns
    manifest = read_manifest(request.folder)
    kept = [entry for entry in manifest["columns"] if entry["name"] != "sv_type"]
    write_manifest(request.folder, {**manifest, "columns": kept})
    page.run()
    assert not page.exception
    assert not page.error
    assert list(page.dataframe[0].value.columns)[-1] == "pos"
    assert "**2** of 2 variants" in texts(page)
