"""A table of two samples: the sample is chosen in the explorer, and its findings stand in the patient's analysis."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard

pytestmark = pytest.mark.browser

VCF = """##fileformat=VCFv4.3
##contig=<ID=chr16,length=90338345>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	INDEX	MUM
chr16	3243407	.	T	C	50	PASS	.	GT:DP	1/1:30	0/1:30
"""
NAME = "Two samples of a browser"
PATIENT = "hannah_fischer"


@pytest.fixture
def table(dashboard: Dashboard) -> Iterator[str]:
    with httpx.Client(base_url=dashboard.api, timeout=60) as api:
        job = api.post("/jobs/upload", files={"file": ("two.vcf", VCF)}, data={"sample_name": NAME}).raise_for_status().json()
        while (status := api.get(f"/jobs/{job['job_id']}/status").json()["status"]) in ("queued", "processing"):
            time.sleep(0.2)
        assert status == "completed"
        found = next(one for one in api.get("/tables").json() if one["job_id"] == job["job_id"])
        yield str(found["table_id"])
        api.delete(f"/tables/{found['table_name']}").raise_for_status()


def test_the_chosen_sample_of_a_table_is_read_in_the_patients_analysis(page: Page, table: str) -> None:
    page.goto(f"/explorer?table={table}")
    page.get_by_role("button", name="No patient").click()
    form = page.get_by_test_id("stPopoverBody")
    form.get_by_role("combobox", name="Patient").click()
    page.get_by_role("option", name=PATIENT).click()
    expect(form.get_by_role("button", name="Link", exact=True)).to_be_disabled()
    form.get_by_role("combobox", name="Which sample is the patient?").click()
    page.get_by_role("option", name="INDEX").click()
    expect(form.get_by_role("combobox", name="Mother")).to_be_visible()
    form.get_by_role("combobox", name="Mother").click()
    page.get_by_role("option", name="MUM").click()
    form.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("button", name="· INDEX").click()
    expect(form.get_by_text("(mother MUM)")).to_be_visible()
    form.get_by_role("button", name="Open the analysis").click()
    page.get_by_role("radio", name="Genomics").click()
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("MEFV c.2080A>G (p.Met694Val), two copies (homozygous): pathogenic")).to_be_visible()
    expect(main.get_by_text("The mother carries it too. The father is not in the table.")).to_be_visible()
