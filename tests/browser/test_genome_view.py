"""The genome view in a real browser: it draws with nothing installed, reads sequence in pieces, and asks no other host."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from components.igv_library import library_url
from services.access.principals import LOCAL_USER
from services.genomics.genome import GenomeBuild
from services.settings import Settings
from services.storage.database import Database
from services.variants.imports import import_file
from services.variants.library import VariantLibrary
from services.variants.reference.model import PackKind
from tests.browser.conftest import Dashboard
from tests.browser.test_variant_explorer import click_row, open_table
from tests.installed_packs import put_sequence
from tests.unit.variants.support import vcf, write

pytestmark = pytest.mark.browser

_MITOCHONDRION = 16_569
_ASK_ANOTHER_HOST = """async (library) => {
  console.error = () => {}  // the library reports the refusal there, which would fail the test
  const { default: igv } = await import(library)
  const sheet = document.body.appendChild(document.createElement("div"))
  const fastaURL = "data:text/plain;base64," + btoa(">1\\nACGTACGT\\n")
  const reference = { id: "own", fastaURL }
  const browser = await igv.createBrowser(sheet, { loadDefaultGenomes: false, reference, locus: "1:1-8" })
  try {
    await browser.loadTrack({ type: "annotation", format: "bed", url: "https://example.org/genes.bed" })
    return "asked"
  } catch (refusal) {
    return refusal.message
  } finally {
    sheet.remove()
  }
}"""


@pytest.fixture
def table_id(dashboard: Dashboard) -> Iterator[str]:
    """A table with a variant of NOD2, and one of the mitochondrion, the only chromosome whose sequence is installed."""
    folder = dashboard.log.parent
    settings = Settings(data_dir=folder)
    bases = "".join(random.Random(7).choices("ACGT", k=_MITOCHONDRION))
    put_sequence(settings.references, GenomeBuild.GRCH38, {"chrM": bases})
    database = Database(settings.sql_url)
    library = VariantLibrary(database, folder / "variants")
    made = library.new_id()
    other = "G" if bases[3242] != "G" else "A"
    lines = ("chr16 50712015 rs1 C T 50 PASS DP=9 GT 0/1", f"chrM 3243 <b>x</b> {bases[3242]} {other} 50 PASS DP=9 GT 0/1")
    report = import_file(write(folder, vcf(*lines)), library.folder(made))
    assert report.folder is not None, report.refusal
    library.register(made, "local", "Case 9", "GRCh38")
    try:
        yield made
    finally:
        library.delete(LOCAL_USER, made)
        library.close()
        database.close()
        shutil.rmtree(settings.references / PackKind.SEQUENCE)


def test_it_draws_without_packs_reads_sequence_in_pieces_and_asks_no_other_host(
    page: Page, dashboard: Dashboard, table_id: str
) -> None:
    asked: list[str] = []
    pieces: list[tuple[str, int]] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: pieces.append((urlsplit(response.url).path, response.status)))
    open_table(page, table_id)
    click_row(page, 0)
    assert not any("/library/" in url for url in asked), "the library is loaded when the view is opened, not before"

    page.get_by_text("Genome view", exact=True).click()
    view = page.get_by_label("Genome view at 16:50,712,015-50,712,015")
    expect(view).to_have_class("genome drawn")
    expect(view.locator("canvas").first).to_be_visible()
    page.get_by_text("The same in words").click()
    expect(page.get_by_text("Genes of the built-in list here: NOD2")).to_be_visible()
    expect(page.get_by_text("no reference sequence of this chromosome is installed")).to_be_visible()

    page.get_by_test_id("stDataFrame").first.evaluate("grid => grid.scrollIntoView({block: 'center'})")
    click_row(page, 1)
    expect(page.get_by_label("Genome view at MT:3,243-3,243")).to_have_class("genome drawn")
    assert ("/api/genome/reference/GRCh38/sequence.fa.fai", 200) in pieces
    assert {status for path, status in pieces if path.endswith("/sequence.fa")} == {206}

    assert "sends nothing to other computers" in page.evaluate(_ASK_ANOTHER_HOST, library_url())
    own = urlsplit(dashboard.url).netloc
    outside = [url for url in asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != own]
    assert outside == []
