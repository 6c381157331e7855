"""A day with one file: upload, import, filter, sort, flag, discuss, export, come back, delete; and files that are refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from io import StringIO
from statistics import median

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Dashboard, start, stop, wait_until_prepared

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RECORDS = 2_000
ROWS = 2_199  # each tenth record has a second allele; the broken line has none
BAD_LINE_RECORD = 777
FLAGGED = 1_950  # the last record of those that the filters leave
FORMULA = "=cmd|calc!A1"
GENES = ("NOD2", "TNFAIP3", "IL23R", "PTPN22")
SAMPLES = ("INDEX", "MOTHER", "FATHER")
_LENGTHS = {"GRCh38": 248_956_422, "GRCh37": 249_250_621}  # of chromosome 1, Genome Reference Consortium
_META = """##fileformat=VCFv4.3
##contig=<ID=chr1,length={length}>
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: {csq}">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depth per allele">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
"""
_CSQ = "Allele|Consequence|IMPACT|SYMBOL|HGVSp|CANONICAL|gnomAD_AF"
_REPEATS = 10
_PAUSE = 200  # ms, so that the run before is over
_ROW, _HEAD, _POSITION_HEADER = 32, 36, 240
_WATCH = """(wanted) => {
  window.__seen = new Promise((resolve) => {
    let began = null;
    addEventListener("click", () => { began ??= performance.now(); }, { capture: true, once: true });
    const look = () => {
      if (began !== null && document.body.innerText.includes(wanted)) {
        observer.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - began));
      }
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}"""


def annotated(build: str = "GRCh38", only: range = range(1, RECORDS + 1)) -> str:
    """A family's exome in small: each tenth record has two alternate alleles, one line is broken, one name is a formula."""
    lines = [_META.format(length=_LENGTHS[build], csq=_CSQ) + "\t".join(_columns())]
    for number in only:
        lines.append("\t".join(_record(number)))
    return "\n".join(lines) + "\n"


def _columns() -> list[str]:
    return ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *SAMPLES]


def _record(number: int) -> list[str]:
    gene, two = GENES[number % 4], number % 10 == 0
    impact, consequence = ("HIGH", "stop_gained") if number % 50 == 0 else ("MODERATE", "missense_variant")
    alleles = ["T", "C"] if two else ["T"]
    csq = ",".join(f"{one}|{consequence}|{impact}|{gene}|p.Gly{number}Arg|YES|{number / 1e5:.5f}" for one in alleles)
    position = "12a45" if number == BAD_LINE_RECORD else str(1_000_000 + 100 * number)
    name = FORMULA if number == 50 else f"rs{number}"
    frequencies = ",".join(["0.01", "0.02"][: len(alleles)])
    genotypes = (["1/2:4,9,8:60", "0/1:12,9,0:50", "0/2:11,0,8:40"] if two else ["0/1:10,9:60", "0/1:12,9:50", "0/0:20,0:40"])
    return ["chr1", position, name, "A", ",".join(alleles), str(number % 100), "PASS",
            f"AF={frequencies};DP={20 + number % 60};CSQ={csq}", "GT:AD:GQ", *genotypes]  # fmt: skip


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """An empty installation."""
    running = start(tmp_path_factory.mktemp("journey"), AUTO_DEMO_DATA="false")
    try:
        wait_until_prepared(running)
        yield running
    finally:
        stop(running.process)


def drop(page: Page, name: str, text: str) -> None:
    """Drop a file on the area, as from a file manager."""
    files = page.evaluate_handle(
        "([name, text]) => { const held = new DataTransfer(); held.items.add(new File([text], name)); return held; }",
        [name, text],
    )
    page.locator(".zone").dispatch_event("drop", {"dataTransfer": files})


def upload(page: Page, name: str, text: str, *, sample: str, lenient: bool = False, build: str | None = None) -> None:
    """Send a file, say what it is, start its import and go to the jobs."""
    page.goto("/upload")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    drop(page, name, text)
    expect(page.get_by_text(f"{name} · ")).to_be_visible()
    page.get_by_role("textbox", name="Sample name").fill(sample)
    page.get_by_role("textbox", name="Sample name").press("Tab")
    if lenient:
        page.get_by_text("Lenient", exact=False).click()
    if build is not None:
        page.get_by_role("combobox", name="Genome build").click()
        page.get_by_role("option", name=build).click()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("link", name="Watch the jobs").click()


def card(page: Page, sample: str) -> Locator:
    return page.locator("[class*='st-key-jobs-card-']").filter(has_text=sample)


def at_rest(page: Page) -> Locator:
    """The grid, once it stands still."""
    grid = page.get_by_test_id("stDataFrame").first
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)
    before = None
    while (place := grid.bounding_box()) != before or place is None:
        before = place
        page.wait_for_timeout(200)
    return grid


def click_row(page: Page, row: int) -> None:
    place = at_rest(page).bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 16, place["y"] + _HEAD + _ROW * (row + 0.5))


def click_position_header(page: Page) -> None:
    """Click the header of the column `pos`, the second after the columns of fixed width; its menu is at its right end."""
    place = at_rest(page).bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + _POSITION_HEADER, place["y"] + _HEAD / 2)


def filter_by(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Filter")
    box.fill(text)
    box.press("Enter")


def narrow_by_builder(page: Page) -> None:
    """Add "qual is at least 50" to the filter."""
    page.get_by_role("button", name="Builder").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Condition", exact=True).click()
    dialog.get_by_label("Column").nth(1).click()
    page.keyboard.type("qual")
    page.get_by_role("option", name="qual", exact=True).click()
    dialog.get_by_label("Number").fill("50")
    dialog.get_by_label("Number").press("Enter")
    expect(dialog.get_by_text(f"40 of {ROWS:,} variants pass")).to_be_visible()
    dialog.get_by_role("button", name="Apply").click()


def export(page: Page) -> list[dict[str, str]]:
    """Take the filtered rows along as CSV, and read the file that the browser received."""
    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="Prepare the file").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download family_12.csv").click()
    page.keyboard.press("Escape")
    return list(csv.DictReader(StringIO(waiting.value.path().read_text())))


def seconds_until_seen(page: Page, wanted: str, act: Callable[[], None]) -> float:
    """Return how long it takes, in the browser, from the click of `act` to the text on the page."""
    page.evaluate(_WATCH, wanted)
    act()
    return float(page.evaluate("window.__seen")) / 1_000


def measure_flags(page: Page) -> list[float]:
    """Change the classification again and again; each time its badge is waited for, which alone is written in small letters."""
    taken = []
    for number in range(_REPEATS):
        page.wait_for_timeout(_PAUSE)
        tier = ("Uncertain significance", "Likely pathogenic")[number % 2]
        at_rest(page)
        taken.append(seconds_until_seen(page, tier.lower(), page.get_by_text(tier, exact=True).click))
    return taken


def measure_comments(page: Page) -> list[float]:
    taken = []
    for number in range(_REPEATS):
        page.wait_for_timeout(_PAUSE)
        page.get_by_label("Add a comment").fill(f"Read again, time {number}")
        at_rest(page)
        send = page.get_by_role("button", name="Comment", exact=True)
        taken.append(seconds_until_seen(page, f"Comments ({number + 3})", send.click))
    return taken


def report(what: str, taken: list[float]) -> None:
    shown = ", ".join(f"{one * 1_000:.0f}" for one in sorted(taken))
    print(f"\n{what}, click to seen: median {median(taken) * 1_000:.0f} ms of {len(taken)} ({shown})")


def test_from_the_upload_to_the_export_and_back_after_a_reload_until_all_is_deleted(page: Page) -> None:
    upload(page, "family.vcf", annotated(), sample="Family 12", lenient=True)
    done = card(page, "Family 12")
    expect(done.get_by_text(f"Imported {ROWS:,} rows")).to_be_visible()
    expect(done.get_by_text("left out")).to_be_visible()

    done.get_by_role("button", name="Open table").click()
    expect(page.get_by_text(f"{ROWS:,} of {ROWS:,} variants")).to_be_visible()
    filter_by(page, "impact = HIGH")
    expect(page.get_by_text(f"80 of {ROWS:,} variants")).to_be_visible()
    narrow_by_builder(page)
    expect(page.get_by_text(f"40 of {ROWS:,} variants")).to_be_visible()
    for mark in ("▲", "▼"):
        click_position_header(page)
        expect(page.locator("[role=columnheader]").filter(has_text=f"pos {mark}")).to_have_count(1)

    click_row(page, 0)
    expect(page.get_by_role("heading", level=5)).to_contain_text("chr1:1195000 A > ")
    page.get_by_text("Likely pathogenic", exact=True).click()
    expect(page.get_by_text("local, 20")).to_be_visible()
    page.get_by_text("Comments (0)").click()
    page.get_by_label("Add a comment").fill("De novo? Both parents carry another allele")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("Comments (1)")).to_be_visible()
    page.get_by_role("button", name="Reply").click()
    page.get_by_label("Reply to local").fill("Sanger sequencing is ordered")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Reply").click()
    expect(page.get_by_text("Comments (2)")).to_be_visible()

    rows = export(page)
    assert len(rows) == 40
    assert [int(row["pos"]) for row in rows] == sorted((int(row["pos"]) for row in rows), reverse=True)
    assert {row["id"] for row in rows if row["pos"] == "1005000"} == {"'" + FORMULA}

    report("A flag", measure_flags(page))
    report("A comment", measure_comments(page))

    page.reload()
    expect(page.get_by_text(f"40 of {ROWS:,} variants")).to_be_visible()
    expect(page.get_by_role("textbox", name="Filter")).to_have_value(re.compile("qual >= 50"))
    filter_by(page, "flagged and commented")
    expect(page.get_by_text(f"1 of {ROWS:,} variants")).to_be_visible()
    click_row(page, 0)
    expect(page.get_by_text("Sanger sequencing is ordered")).to_be_visible()
    expect(page.get_by_text(re.compile("likely pathogenic$"))).to_be_visible()

    page.get_by_test_id("stSidebar").get_by_role("link", name="Jobs").click()
    done.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete this job").click()
    expect(page.get_by_text("No jobs yet")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Explorer").click()
    expect(page.get_by_text("No table yet")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Upload").click()
    expect(page.get_by_text("A file that has arrived is listed here")).to_be_visible()

    upload(page, "again.vcf", annotated(only=range(FLAGGED, FLAGGED + 1)), sample="Sent again")
    card(page, "Sent again").get_by_role("button", name="Open table").click()
    filter_by(page, "flagged and commented")  # what people said belongs to the variant, not to the file
    expect(page.get_by_text("1 of 2 variants")).to_be_visible()


def test_a_file_in_another_build_says_so_and_is_imported_in_its_own(page: Page) -> None:
    upload(page, "old.vcf", annotated("GRCh37", range(1, 21)), sample="Old file", build="GRCh38")
    failed = card(page, "Old file")
    expect(failed.get_by_text("field build · value GRCh37")).to_be_visible()
    expect(failed.get_by_text("the file is in GRCh37")).to_be_visible()
    expect(failed.get_by_text("What to do: Import it as GRCh37")).to_be_visible()
    failed.get_by_role("button", name="Import as GRCh37").click()
    expect(failed.get_by_text("Imported 22 rows")).to_be_visible()
    failed.get_by_role("button", name="Open table").click()
    expect(page.get_by_text("22 of 22 variants")).to_be_visible()


def test_a_broken_line_is_named_and_left_out_on_request(page: Page) -> None:
    upload(page, "broken.vcf", annotated(only=range(1, 801)), sample="Broken file")
    failed = card(page, "Broken file")
    line = BAD_LINE_RECORD + annotated(only=range(0)).count("\n")
    expect(failed.get_by_text(f"line {line} · field POS · value 12a45")).to_be_visible()
    expect(failed.get_by_text("What to do: Correct this line")).to_be_visible()
    failed.get_by_role("button", name="Retry without bad lines").click()
    expect(failed.get_by_text("Imported 879 rows")).to_be_visible()
    failed.get_by_role("button", name="Open table").click()
    page.get_by_role("radio", name="Rejected lines (1)").click()
    expect(page.locator("[role=gridcell]").filter(has_text="12a45").first).to_be_attached()
