"""The Reads tab and the report on reads: files paired by name, errors in place, the demo, what a finished job shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.jobs.model import FINISHED, Job, JobProblem, JobStatus
from services.jobs.store import JobStore
from services.pipelines.read_calling import KIND
from tests.pages.conftest import OpenPage

PAGE, JOBS = "pages/variants/upload.py", "pages/variants/jobs.py"
READS = b"@read\nACGT\n+\nIIII\n" * 10
FASTA = b">one\n" + b"ACGTACGTACGTACGTACGT\n" * 20


@pytest.fixture(autouse=True)
def nothing_left(services: Services) -> Iterator[None]:
    """The services are those of all page tests."""
    yield
    for job in services.jobs.list(LOCAL_USER):
        if job.active:
            services.jobs.cancel(LOCAL_USER, job.id)
        services.jobs.delete(LOCAL_USER, job.id)
    for upload in (*services.uploads.list_complete(LOCAL_USER), *services.uploads.list_open(LOCAL_USER)):
        services.uploads.delete(LOCAL_USER, upload.id)


def arrive(services: Services, name: str, data: bytes) -> str:
    upload = services.uploads.begin(LOCAL_USER, name, len(data))
    return services.uploads.append(LOCAL_USER, upload.id, 0, data).id


def open_reads(open_page: OpenPage) -> AppTest:
    app = open_page(PAGE)
    app.session_state["upload.tab"] = next(tab.label for tab in app.tabs if "Reads" in tab.label)
    return app.run()


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


def box(app: AppTest, label: str) -> Any:
    return next(one for one in app.selectbox if one.label == label)


def job_of(services: Services) -> Job:
    return next(job for job in services.jobs.list(LOCAL_USER) if job.kind == KIND)


def test_without_files_the_tab_says_what_happens_next_and_offers_the_demo(open_page: OpenPage) -> None:
    app = open_reads(open_page)
    assert not app.exception
    assert not app.error
    assert any("FASTQ files that have arrived" in caption.value for caption in app.caption)
    assert not any(one.label == "Call variants" for one in app.button)
    assert button(app, "Use the demo reads")


def test_files_are_paired_by_their_names_and_called_with_what_was_said(open_page: OpenPage, services: Services) -> None:
    names = ("kid_S1_L001_R2_001.fastq", "kid_S1_L001_R1_001.fastq", "kid_S1_L002_R1_001.fastq", "kid_S1_L002_R2_001.fastq")
    ids = {name: arrive(services, name, READS + b"@x\n") for name in names}
    bed = arrive(services, "kit.bed", b"one\t0\t100\n")
    fasta = arrive(services, "panel.fa", FASTA)
    app = open_reads(open_page)
    assert not app.exception
    box(app, "Target regions").set_value(bed)
    box(app, "Sequencer").set_value("mgi")
    next(one for one in app.text_input if one.label == "Name of the table").set_value("Index case")
    app = button(app, "Call variants").click().run()
    assert not app.exception
    assert not app.error
    job = job_of(services)
    options = job.request["options"]
    (sample,) = options["samples"]
    assert (job.sample_name, options["design"], sample["name"], sample["role"]) == ("Index case", "germline", "kid", "sample")
    lanes = [[lane[mate]["upload_id"] for mate in ("first", "second")] for lane in sample["lanes"]]
    assert lanes == [[ids[names[1]], ids[names[0]]], [ids[names[2]], ids[names[3]]]]
    assert (options["reference"]["upload_id"], options["intervals"]["upload_id"], options["sequencer"]) == (fasta, bed, "mgi")
    assert any("has been queued" in block.value for block in app.markdown)
    assert not any("L001" in block.value for block in app.markdown), "files that are being called are not offered again"


def test_what_does_not_fit_together_is_said_in_place_and_starts_nothing(open_page: OpenPage, services: Services) -> None:
    for name in ("tumor_R1.fastq", "tumor_R2.fastq", "normal_R1.fastq", "normal_R2.fastq"):
        arrive(services, name, READS)
    app = open_reads(open_page)
    assert box(app, "Design").value == "tumour and normal", "the design is guessed from the names"
    assert any("No reference sequence is installed" in one.value for one in app.info)
    app = button(app, "Call variants").click().run()
    assert any("ive a reference" in one.value for one in app.error)
    arrive(services, "panel.fa", FASTA)
    app = open_reads(open_page)
    app = box(app, "Design").set_value("trio").run()
    app = button(app, "Call variants").click().run()
    assert not app.exception
    assert any("one sample for each role" in one.value and "child, father, mother" in one.value for one in app.error)
    assert services.jobs.list(LOCAL_USER) == ()


def test_an_address_that_may_not_be_fetched_is_explained_and_shown_nowhere(open_page: OpenPage, services: Services) -> None:
    arrive(services, "panel.fa", FASTA)
    app = open_reads(open_page)
    area = next(one for one in app.text_area if one.label == "Addresses, one a line")
    app = area.set_value("https://127.0.0.1/a_R1.fastq.gz?sig=c4n4ry\nhttps://127.0.0.1/a_R2.fastq.gz").run()
    assert not app.exception
    assert any("name its server" in one.value for one in app.error)
    assert not any(one.label == "Call variants" for one in app.button)
    assert not any("c4n4ry" in one.value for one in app.error)
    assert services.jobs.list(LOCAL_USER) == ()


def test_the_demo_is_followed_to_its_table_and_ends_in_a_report_with_charts_limits_and_downloads(
    open_page: OpenPage, services: Services
) -> None:
    app = open_reads(open_page)
    started = button(app, "Use the demo reads").click().run()
    assert not started.exception
    services.jobs.start()
    job = job_of(services)
    while (job := services.jobs.get(LOCAL_USER, job.id)).status not in FINISHED:
        time.sleep(0.05)
    services.jobs.close()
    assert job.status is JobStatus.COMPLETED, job.problem
    started.run()
    assert any("Called 24 SNVs" in one.value for one in started.caption), "the page that started the job shows how it ended"
    explorer = button(started, "Open table").click().run()
    assert any("a reference of one's own" in one.value for one in explorer.info)
    assert not any("does not tell its" in one.value for one in explorer.markdown), "its places are no genome's"
    app = open_page(JOBS)
    app.session_state[f"jobs.report.{job.id}"] = True
    app = app.run()
    assert not app.exception
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["SNVs"], shown["Insertions, deletions"]) == ("24", "6")
    assert any("nothing here is about a person" in one.value for one in app.info)
    assert any("no structural variants" in one.value for one in app.markdown)
    charts = app.get("plotly_chart")
    assert len(charts) == 4
    assert all(chart.proto.alt for chart in charts), "a chart is told in words too"
    app = button(app, "Prepare the download").click().run()
    (link,) = app.get("link_button")
    assert link.proto.url.startswith("/api/downloads/")
    found = services.workbench.downloads.fetch(link.proto.url.rsplit("/", 1)[1])
    assert found.path.read_bytes()[:4] == b"\x1f\x8b\x08\x04"
    services.jobs.delete(LOCAL_USER, job.id)
    assert not found.path.exists()


def test_a_job_that_failed_before_its_calls_were_complete_offers_no_report(
    open_page: OpenPage, services: Services
) -> None:
    job = services.read_calling.submit_demo(LOCAL_USER)
    JobStore(services.database).fail(job.id, {JobStatus.QUEUED}, JobProblem("lane_R2.fastq.gz is truncated", "Copy it again."))
    app = open_page(JOBS)
    assert not app.exception
    assert any("is truncated" in one.value for one in app.error)
    assert [one.label for one in app.expander] == ["Log"]
