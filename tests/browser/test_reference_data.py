"""Reference data in a real browser: a pack comes from a file and goes again, and a table is annotated with what is built in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Dashboard, started_with_table
from tests.unit.variants.reference.published import G38, clinvar
from tests.unit.variants.support import vcf

pytestmark = pytest.mark.browser

_FIRST_BOX = (16, 35 + 17)
"""Of a grid with rows of the usual height: the box before its first row."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dashboard, str]]:
    """The program on a folder that has one table and no reference data; with the table's id."""
    folder = tmp_path_factory.mktemp("reference")
    lines = ("chr1 1000 . A G 50 PASS DP=9 GT 0/1", "chr1 113834946 rs2476601 A G 50 PASS DP=9 GT 0/1")
    with started_with_table(folder, "Case 9", vcf(*lines)) as program_and_table:
        yield program_and_table


@pytest.fixture
def tab(chromium: Browser, program: tuple[Dashboard, str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 1600}, base_url=program[0].url)
    yield context.new_page()
    context.close()


def at_rest(page: Page) -> None:
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)


def test_a_pack_is_installed_from_a_file_listed_and_removed(tab: Page, tmp_path: Path) -> None:
    page, path = tab, tmp_path / "clinvar.vcf"
    path.write_text(clinvar(G38, "2026-11-10"))
    page.goto("/reference")
    expect(page.get_by_text("No reference data is installed")).to_be_visible()
    page.get_by_role("combobox", name="What", exact=True).click()
    page.get_by_role("option", name="ClinVar", exact=True).click()
    expect(page.get_by_text("Classifications submitted to ClinVar").first).to_be_visible()
    page.get_by_text("Files of this computer", exact=True).click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(path)
    expect(page.get_by_text(re.compile(r"^clinvar\.vcf · ")).first).to_be_visible()
    page.get_by_role("button", name="Install", exact=True).click()
    expect(page.get_by_text("Installed ClinVar 2026-11-10 (GRCh38): 3 rows")).to_be_visible()

    grid = page.get_by_test_id("stDataFrame").first
    for cell in ("ClinVar", "2026-11-10", "in use"):
        expect(grid.get_by_role("gridcell", name=cell, exact=True, include_hidden=True).first).to_be_attached()
    at_rest(page)
    grid.click(position={"x": _FIRST_BOX[0], "y": _FIRST_BOX[1]})
    expect(page.get_by_role("button", name="Fetch the newest")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove this pack").click()
    expect(page.get_by_text("No reference data is installed")).to_be_visible()


def test_a_table_is_annotated_with_what_is_built_in_and_shows_the_new_columns(tab: Page, program: tuple[Dashboard, str]) -> None:
    page, (_, table_id) = tab, program
    page.goto(f"/explorer?table={table_id}")
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.get_by_role("columnheader", name="pos", include_hidden=True)).to_be_attached()
    expect(grid.get_by_role("columnheader", name="known_variant", include_hidden=True)).to_have_count(0)
    page.get_by_role("button", name="Annotate").click()
    opened = page.get_by_test_id("stPopoverBody")
    expect(opened.get_by_text("Not installed for GRCh38")).to_be_visible()
    at_rest(page)
    opened.get_by_role("button", name="Annotate").click()
    page.get_by_role("link", name="Watch the job").click()
    expect(page.get_by_text("built-in knowledge").first).to_be_visible()
    page.get_by_role("button", name="Open table").click()
    expect(grid.get_by_role("columnheader", name="known_variant", include_hidden=True)).to_be_attached()
    box = page.get_by_role("textbox", name="Filter")
    box.fill("known_variant contains PTPN22")
    box.press("Enter")
    expect(page.get_by_text("1 of 2 variants")).to_be_visible()
