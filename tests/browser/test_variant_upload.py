"""Upload in a real browser: a file dropped on the page becomes a table; a paused upload goes on after a reload."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from demo_data.reads import write_reads
from tests.browser.conftest import Dashboard, start, stop, wait_until_prepared

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MB = 1 << 20
# Common coding variants of IL23R, PTPN22 and TYK2 in GRCh38.
SMALL = (
    "##fileformat=VCFv4.3\n"
    "##contig=<ID=chr1,length=248956422>\n##contig=<ID=chr19,length=58617616>\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tINDEX\n"
    "chr1\t67240275\trs11209026\tG\tA\t50\tPASS\tAF=0.04\tGT\t0/1\n"
    "chr1\t113834946\trs2476601\tA\tG\t50\tPASS\tAF=0.94\tGT\t1/1\n"
    "chr19\t10352442\trs34536443\tG\tC\t50\tPASS\tAF=0.03\tGT\t0/1\n"
)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """An empty installation with an API key: the browser has none and must do with the page's ticket."""
    running = start(tmp_path_factory.mktemp("upload"), AUTO_DEMO_DATA="false", AUTO_API_KEY="k" * 32)
    try:
        wait_until_prepared(running)
        yield running
    finally:
        stop(running.process)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "large.vcf"
    line = "chr1\t{}\t.\tA\tG\t50\tPASS\tAF=0.5\n"
    with path.open("w") as file:
        file.write("##fileformat=VCFv4.3\n##contig=<ID=chr1,length=248956422>\n")
        file.write('##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n')
        file.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        file.writelines(line.format(100 * number) for number in range(1, 900_000))
    return path


def choose(page: Page, *paths: Path) -> None:
    page.get_by_label("Files to send").set_input_files(list(paths))


def line(page: Page) -> Callable[[int], None]:
    """Return a way to say how many bytes a second the browser may send; -1 for as many as it can, 0 for a broken line."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")

    def allow(upload: int) -> None:
        limits = {"offline": upload == 0, "latency": 5, "downloadThroughput": -1, "uploadThroughput": upload or -1}
        network.send("Network.emulateNetworkConditions", limits)

    return allow


def open_page(page: Page) -> None:
    page.goto("/upload")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()


def test_a_vcf_is_uploaded_described_imported_and_watched_to_its_end(page: Page, tmp_path: Path) -> None:
    (tmp_path / "family.vcf").write_text(SMALL)
    open_page(page)
    choose(page, tmp_path / "family.vcf")
    expect(page.get_by_text("family.vcf · ")).to_be_visible()
    page.get_by_role("textbox", name="Sample name").fill("Index case")
    page.get_by_role("textbox", name="Sample name").press("Tab")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("The job has been queued")).to_be_visible()
    expect(page.get_by_text("family.vcf · ")).to_have_count(0)
    page.get_by_role("link", name="Watch the jobs").click()
    expect(page.get_by_text("Imported 3 rows")).to_be_visible()
    expect(page.get_by_text("Index case").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("Imported 3 rows")).to_be_visible()


def test_reads_are_sent_paired_called_and_their_report_is_shown(page: Page, tmp_path: Path) -> None:
    made = write_reads(tmp_path)
    open_page(page)
    page.get_by_role("tab", name="Reads").click()
    expect(page.get_by_role("button", name="Use the demo reads")).to_be_visible()
    choose(page, *made.files.values())
    expect(page.get_by_text("demo_reference.fa · ")).to_be_visible()
    expect(page.get_by_text("demo_L001_R1.fastq.gz · ")).to_be_visible()
    expect(page.get_by_text("demo_L001_R2.fastq.gz · ")).to_be_visible()
    expect(page.get_by_role("combobox", name="Reference", exact=True)).to_have_value("demo_reference.fa, uploaded")
    page.get_by_role("button", name="Call variants").click()
    expect(page.get_by_text("The job has been queued")).to_be_visible()
    page.get_by_role("link", name="Watch the jobs").click()
    expect(page.get_by_text("Called 24 SNVs and 6 insertions and deletions")).to_be_visible(timeout=60_000)
    page.get_by_text("Report on the reads").first.click()
    expect(page.get_by_label(re.compile("Depth of coverage: demo most often"))).to_be_visible()
    expect(page.get_by_text("no structural variants")).to_be_visible()
    page.get_by_role("button", name="Prepare the download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download calls.vcf.gz").click()
    assert gzip.decompress(download.value.path().read_bytes()).count(b"\tPASS\t") == 30


def test_a_paused_upload_goes_on_after_a_reload_where_it_was(page: Page, large: Path) -> None:
    offsets: list[int] = []
    answers: list[dict[str, object]] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    network = line(page)
    network(6 * MB)
    page.on("request", note)
    open_page(page)
    choose(page, large)
    progress = page.get_by_label("Progress of large.vcf")
    expect(progress).to_be_visible()
    page.wait_for_function("performance.getEntriesByType('resource').some((one) => one.name.includes('/api/uploads/'))")
    page.get_by_role("button", name="Pause large.vcf").click()
    expect(page.get_by_text("Paused · ")).to_be_visible()
    sent_before = max(offsets)

    page.reload()
    expect(page.get_by_text("Unfinished uploads (1)")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    network(-1)
    offsets.clear()
    page.on("response", lambda answer: answers.append(answer.json()) if answer.request.method == "PATCH" else None)
    choose(page, large)
    expect(page.get_by_text("large.vcf · ")).to_be_visible()
    assert offsets[0] >= max(sent_before, 1)
    assert offsets == sorted(offsets)
    assert answers[-1]["offset"] == large.stat().st_size
    expect(page.get_by_text("Unfinished uploads")).to_have_count(0)
    page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_text("large.vcf · ")).to_have_count(0)


def test_an_upload_goes_on_while_another_page_is_open(page: Page, large: Path) -> None:
    line(page)(16 * MB)
    open_page(page)
    choose(page, large)
    expect(page.get_by_label("Progress of large.vcf")).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.get_by_role("link", name="Upload").click()
    expect(page.get_by_text("large.vcf · ")).to_be_visible(timeout=40_000)
    page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_text("large.vcf · ")).to_have_count(0)


def test_the_area_works_by_keyboard_and_says_what_happens(page: Page, tmp_path: Path) -> None:
    (tmp_path / "spoken.vcf").write_text(SMALL)
    open_page(page)
    page.on("filechooser", lambda chooser: chooser.set_files(tmp_path / "spoken.vcf"))
    page.get_by_role("button", name="Choose files").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="spoken.vcf: Arrived completely")).to_be_attached()
    expect(page.get_by_text("spoken.vcf · ")).to_be_visible()


def test_an_ended_ticket_and_a_lost_connection_cost_a_moment_and_nothing_more(
    chromium: Browser, dashboard: Dashboard, large: Path
) -> None:
    """In a context of its own: the browser reports each refused or broken request as an error."""
    context = chromium.new_context(base_url=dashboard.url)
    try:
        page = context.new_page()
        offsets: list[int] = []
        page.on("request", lambda one: offsets.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)
        network = line(page)
        network(6 * MB)
        open_page(page)
        page.wait_for_function("window[Symbol.for('paratope.uploads')]?.settings.ticket")
        page.evaluate("window[Symbol.for('paratope.uploads')].settings.ticket = 'ended'")
        choose(page, large)
        page.wait_for_function("window[Symbol.for('paratope.uploads')].items[0]?.sent > 9e6")
        network(0)
        expect(page.get_by_text("Trying again in")).to_be_visible()
        network(-1)
        expect(page.get_by_text("large.vcf · ")).to_be_visible(timeout=40_000)
        assert offsets == sorted(offsets), "what had arrived was not sent again"
        page.get_by_role("button", name="Delete").first.click()
        expect(page.get_by_text("large.vcf · ")).to_have_count(0)
    finally:
        context.close()
