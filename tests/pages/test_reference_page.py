"""The page of reference data: empty, with packs, and what its buttons do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.jobs.model import FINISHED, JobStatus
from services.jobs.store import JobStore
from services.knowledge.genes import genes
from services.pipelines.reference_install import KIND
from services.variants.reference.model import Pack, PackKind, PackRequest
from tests.pages.conftest import OpenPage
from tests.unit.variants.reference.published import G37, G38, clinvar

PAGE = "pages/admin/reference.py"


@pytest.fixture(autouse=True)
def clean(services: Services) -> Iterator[None]:
    yield
    for pack in services.references.installed():
        services.references.remove(pack)
    store = JobStore(services.database)
    for job in services.jobs.list(LOCAL_USER, limit=1_000):
        if job.kind == KIND:
            store.cancel(job.id)
            store.delete(job.id, FINISHED)


def install(services: Services, folder: Path, day: str = "2026-11-10") -> Pack:
    path = folder / "clinvar.vcf"
    path.write_text(clinvar(G38, day))
    return services.references.install(path, PackRequest(PackKind.CLINVAR, G38, licence="free of restrictions"))


def text(app: AppTest) -> str:
    assert not app.exception
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def table(app: AppTest, column: str) -> dict[str, list[str]]:
    frame = next(one.value for one in (*app.dataframe, *app.table) if column in one.value.columns)
    return {name: [str(value) for value in frame[name]] for name in frame.columns}


def test_without_packs_the_page_says_what_that_means_and_what_is_built_in(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    said = text(app)
    assert "No reference data is installed" in said
    assert "not annotated" in said
    assert f"{len(genes()):,} genes" in said
    missing = table(app, "Missing")
    assert {"ClinVar", "Population frequencies", "SpliceAI"} <= set(missing["Missing"])
    assert all(missing["What it gives"])


def test_installed_packs_are_listed_with_version_rows_and_the_one_in_use(
    open_page: OpenPage, services: Services, tmp_path: Path
) -> None:
    old, new = install(services, tmp_path, "2025-09-30"), install(services, tmp_path)
    app = open_page(PAGE)
    shown = table(app, "State")
    assert shown["Version"] == ["2026-11-10", "2025-09-30"]
    assert shown["State"] == ["in use", "not in use"]
    assert shown["Rows"] == ["3", "3"]
    assert shown["Licence"][0] == "free of restrictions"
    assert "ClinVar" not in table(app, "Missing")["Missing"]
    services.references.pin(old)
    assert table(app.run(), "State")["State"] == ["not in use", "in use, chosen"]
    assert services.references.active(PackKind.CLINVAR, G38) != new


def test_what_is_missing_is_told_for_the_chosen_build(open_page: OpenPage, services: Services, tmp_path: Path) -> None:
    install(services, tmp_path)
    app = open_page(PAGE)
    app.segmented_control(key="reference.build").set_value(G37.value).run()
    assert "ClinVar" in table(app, "Missing")["Missing"]


def test_a_known_source_is_fetched_by_a_job_that_the_page_leads_to(open_page: OpenPage, services: Services) -> None:
    app = open_page(PAGE)
    app.selectbox(key="reference.kind.0").set_value(PackKind.MANE).run()
    next(button for button in app.button if button.label == "Fetch and install").click().run()
    assert "has been queued" in text(app)
    (job,) = [job for job in services.jobs.list(LOCAL_USER) if job.kind == KIND]
    assert job.request["pack"]["kind"] == "mane"
    assert str(job.request["url"]).startswith("https://ftp.ncbi.nlm.nih.gov/")
    assert "MANE" in job.sample_name


def test_an_installed_pack_offers_what_its_source_publishes_today(
    open_page: OpenPage, services: Services, tmp_path: Path
) -> None:
    pack = install(services, tmp_path, "2025-09-30")
    app = open_page(PAGE)
    app.session_state["reference.table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    app.button(key=f"reference.update.{pack.key}").click().run()
    assert not app.exception
    (job,) = [job for job in services.jobs.list(LOCAL_USER) if job.kind == KIND]
    assert (job.request["pack"]["kind"], job.request["pack"]["build"]) == ("clinvar", "GRCh38")
    assert services.references.installed() == (pack,)


def test_a_single_file_that_has_arrived_is_chosen_and_a_wrong_checksum_is_told_where_it_was_asked_for(
    open_page: OpenPage, services: Services
) -> None:
    content = clinvar(G38, "2026-11-10").encode()
    upload = services.uploads.begin(LOCAL_USER, "clinvar.vcf", len(content))
    services.uploads.append(LOCAL_USER, upload.id, 0, content)
    app = open_page(PAGE)
    app.selectbox(key="reference.kind.0").set_value(PackKind.CLINVAR).run()
    app.segmented_control(key="reference.origin.0").set_value("Files of this computer").run()
    assert app.multiselect[0].value == [upload.id]
    app.text_input(key="reference.sha256.0").set_value("0" * 64).run()
    app.button(key="reference.install").click().run()
    (job,) = [job for job in services.jobs.list(LOCAL_USER) if job.kind == KIND]
    assert job.request["pack"]["sha256"] == "0" * 64
    assert job.sample_name in text(app), "the page follows the job that it started"


def test_a_finished_installation_is_shown_among_the_jobs_without_a_table(open_page: OpenPage, services: Services) -> None:
    store = JobStore(services.database)
    job = store.create(owner="local", kind=KIND, status=JobStatus.QUEUED, sample_name="ClinVar", message="waits", request={})
    claimed = store.claim(job.id, job.ticket)
    assert claimed is not None
    store.finish(claimed, JobStatus.COMPLETED, "Installed ClinVar 2026-11-10 (GRCh38): 3 rows.", result={"rows": 3})
    said = text(open_page("pages/variants/jobs.py"))
    assert "Installed ClinVar" in said
    assert "table" not in said
    assert "Reference data that it installed stays" in said


def test_an_address_inside_the_network_is_refused_on_the_page(open_page: OpenPage, services: Services) -> None:
    app = open_page(PAGE)
    app.segmented_control(key="reference.origin.0").set_value("Another address").run()
    app.text_input(key="reference.url.0").set_value("https://localhost/clinvar.vcf.gz").run()
    app.button(key="reference.fetch").click().run()
    assert "must name a server on the Internet" in text(app)
    assert "ClinVar" in table(app, "Missing")["Missing"], "the page below the form stays"
    assert not [job for job in services.jobs.list(LOCAL_USER) if job.kind == KIND]
