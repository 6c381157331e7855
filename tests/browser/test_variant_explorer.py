"""An analyst's first minutes in the explorer: open a table, filter, flag, comment, export, reload: all still there."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Dashboard, started_with_table
from tests.unit.variants.support import CSQ_HEADER, HEADER, vcf

pytestmark = pytest.mark.browser

ROWS = 1_500
_ROW, _HEAD = 32, 36
_AT_REST = "[data-test-script-state=notRunning]"
_FOCUSED_NAME = "() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || ''"


def lines() -> list[str]:
    genes = ("NOD2", "TNFAIP3", "IL23R")
    return [
        f"chr1 {1000 + 10 * number} . A G {number % 100} PASS "
        f"DP={number % 60};CSQ=G|missense_variant|MODERATE|{genes[number % 3]}|YES|{number / 1e5:.5f} GT:GQ 0/1:{number % 99}"
        for number in range(1, ROWS + 1)
    ]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dashboard, str]]:
    """The program on a folder that has one table already; with the table's id."""
    folder = tmp_path_factory.mktemp("explorer")
    with started_with_table(folder, "Case 7", vcf(*lines(), header=HEADER + CSQ_HEADER)) as program_and_table:
        yield program_and_table


@pytest.fixture
def explorer(chromium: Browser, program: tuple[Dashboard, str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, base_url=program[0].url, accept_downloads=True)
    yield context.new_page()
    context.close()


def open_table(page: Page, table_id: str) -> None:
    page.goto(f"/explorer?table={table_id}")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


def click_row(page: Page, number: int) -> None:
    """Click the box before a row, once the grid has come to rest."""
    grid = page.get_by_test_id("stDataFrame").first
    before = None
    while (place := grid.bounding_box()) != before or place is None:
        before = place
        page.wait_for_timeout(400)
    page.mouse.click(place["x"] + 16, place["y"] + _HEAD + _ROW * number + _ROW / 2)


def filter_by(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Filter")
    box.fill(text)
    box.press("Enter")


def test_filter_flag_comment_export_reload(explorer: Page, program: tuple[Dashboard, str], tmp_path: Path) -> None:
    page, (_, table_id) = explorer, program
    open_table(page, table_id)
    expect(page.get_by_text(f"{ROWS:,} of {ROWS:,} variants")).to_be_visible()

    filter_by(page, "gnomad_af < 0.01 and gene in (NOD2, TNFAIP3) and qual >= 90")
    expect(page.get_by_text(f"67 of {ROWS:,} variants")).to_be_visible()

    click_row(page, 0)
    expect(page.get_by_role("heading", level=5)).to_contain_text("chr1:1900 A > G")
    page.get_by_text("Likely pathogenic", exact=True).click()
    expect(page.get_by_text("local, 20")).to_be_visible()
    page.get_by_text("Comments (0)").click()
    page.get_by_label("Add a comment").fill("Segregates with disease in two cousins")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("Comments (1)")).to_be_visible()
    expect(page.get_by_text("Segregates with disease in two cousins")).to_be_visible()

    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="Prepare the file").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download case_7.csv").click()
    waiting.value.save_as(tmp_path / "rows.csv")
    rows = list(csv.DictReader(StringIO((tmp_path / "rows.csv").read_text())))
    assert len(rows) == 67
    assert {row["genes"] for row in rows} == {"NOD2", "TNFAIP3"}

    page.reload()
    expect(page.get_by_text(f"67 of {ROWS:,} variants")).to_be_visible()
    filter_by(page, "flag = 'likely pathogenic' and commented")
    expect(page.get_by_text(f"1 of {ROWS:,} variants")).to_be_visible()
    click_row(page, 0)
    expect(page.get_by_text("Segregates with disease in two cousins")).to_be_visible()


def test_a_wrong_filter_is_explained_and_the_builder_makes_one(explorer: Page, program: tuple[Dashboard, str]) -> None:
    page, (_, table_id) = explorer, program
    open_table(page, table_id)
    filter_by(page, "qual > high")
    expect(page.get_by_text("At character 8: a number is expected")).to_be_visible()
    filter_by(page, "qual >= 99")
    expect(page.get_by_text(f"15 of {ROWS:,} variants")).to_be_visible()
    page.get_by_role("button", name="Builder").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"15 of {ROWS:,} variants pass")).to_be_visible()
    dialog.get_by_label("Number").fill("98")
    dialog.get_by_label("Number").press("Enter")
    expect(dialog.get_by_text(f"30 of {ROWS:,} variants pass")).to_be_visible()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("textbox", name="Filter")).to_have_value("qual >= 98")
    page.get_by_role("button", name="Remove this condition").or_(page.get_by_role("button", name="qual ≥ 98")).first.click()
    expect(page.get_by_text(f"{ROWS:,} of {ROWS:,} variants")).to_be_visible()


def test_a_click_on_a_header_sorts_the_whole_table(explorer: Page, program: tuple[Dashboard, str]) -> None:
    page, (_, table_id) = explorer, program
    open_table(page, table_id)
    filter_by(page, "pos >= 15900")
    expect(page.get_by_text(f"11 of {ROWS:,} variants")).to_be_visible()
    click_row(page, 0)
    expect(page.get_by_role("heading", level=5)).to_contain_text("chr1:15900")
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Sort").click()
    page.get_by_label("Sort all rows by").click()
    page.get_by_role("option", name="pos", exact=True).click()
    page.get_by_text("Largest first").click()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Apply").click()
    page.keyboard.press("Escape")
    click_row(page, 0)
    expect(page.get_by_role("heading", level=5)).to_contain_text("chr1:16000")


def test_the_keyboard_alone_filters_opens_a_row_and_reaches_the_flags(explorer: Page, program: tuple[Dashboard, str]) -> None:
    page, (_, table_id) = explorer, program
    open_table(page, table_id)
    focused = page.locator(":focus")  # no mouse: once it has left the grid, Streamlit takes no cell from the keys
    for wanted in ("Filter", "Builder", "Flags", "Columns", "Export"):
        tab_to(page, re.compile("^Filter$" if wanted == "Filter" else rf"\b{wanted}\b"))  # "Help for Filter" stands before it
        if wanted == "Filter":
            page.keyboard.type("pos >= 15900")
            page.keyboard.press("Enter")
            expect(page.get_by_text(f"11 of {ROWS:,} variants")).to_be_visible()
            expect(page.locator(_AT_REST)).to_have_count(1)  # keys pressed while the grid is drawn again go astray
    heading = page.get_by_role("heading", level=5)
    while focused.evaluate("element => element.tagName") != "CANVAS":
        page.keyboard.press("Tab")
    expect(page.locator("td:focus")).to_have_count(1)  # the grid hands the focus to its first cell a moment later
    page.keyboard.press("ArrowDown")
    expect(page.locator("td:focus")).to_have_id("glide-cell-1-1")
    page.keyboard.press("Shift+Space")
    expect(heading).to_contain_text("chr1:159")
    expect(page.locator(_AT_REST)).to_have_count(1)
    tab_to(page, re.compile("^Pathogenic$"))
    page.keyboard.press("Space")
    expect(page.get_by_text("local, 20")).to_be_visible()


def tab_to(page: Page, name: re.Pattern[str]) -> None:
    """Press Tab until the focus is on what has this name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if name.search(str(page.evaluate(_FOCUSED_NAME))):
            return
    raise AssertionError(f"{name.pattern} is out of the keyboard's reach")
