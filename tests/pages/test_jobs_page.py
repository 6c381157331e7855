"""The job monitor: empty, with a job of each state, and with many. Nothing runs here; the states are written as a run would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.jobs.model import FINISHED, Job, JobProblem, JobStatus
from services.jobs.store import JobStore
from services.variants.imports import Mode, import_file
from tests.pages.conftest import OpenPage
from tests.unit.variants.support import vcf, write

PAGE = "pages/variants/jobs.py"
PROBLEM = JobProblem("is not a whole number", "Correct this line in the file.", line=1_204, field="POS", value="12a")


@pytest.fixture
def store(services: Services) -> Iterator[JobStore]:
    store = JobStore(services.database)
    _clear(services, store)
    yield store
    _clear(services, store)


def _clear(services: Services, store: JobStore) -> None:
    for job in services.jobs.list(LOCAL_USER, limit=1_000):
        if job.active:
            store.cancel(job.id)
        store.delete(job.id, {*FINISHED, JobStatus.UPLOAD_PENDING})


def queued(store: JobStore, name: str = "Patient-001", mode: Mode = Mode.STRICT) -> Job:
    return store.create(
        owner="local", kind="variant_import", status=JobStatus.QUEUED, sample_name=name, message="a.vcf waits for its turn",
        request={"upload_id": "0" * 32, "file_name": "a.vcf", "options": {"mode": mode.value}},
    )


def running(store: JobStore, name: str = "Patient-001") -> Job:
    job = queued(store, name)
    claimed = store.claim(job.id, job.ticket)
    assert claimed is not None
    assert store.advance(claimed, stage="importing", progress=42, message="120,000 records read")
    return claimed


def failed(store: JobStore, problem: JobProblem = PROBLEM) -> Job:
    job = running(store)
    store.finish(job, JobStatus.FAILED, problem.text, problem=problem)
    return job


def text(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.mark.usefixtures("store")
def test_without_jobs_the_page_says_how_to_begin(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert "No jobs yet" in text(app)
    assert "Upload a file" in labels(app)


def test_without_a_queue_the_page_says_why_nothing_moves(open_page: OpenPage, store: JobStore) -> None:
    queued(store)
    app = open_page(PAGE)
    assert "queue is not running" in text(app)
    assert "1 waiting" in text(app)


def test_a_running_job_shows_how_far_it_is_and_can_be_cancelled(
    open_page: OpenPage, store: JobStore, services: Services
) -> None:
    job = running(store)
    app = open_page(PAGE)
    assert not app.exception
    assert "1 running" in text(app)
    assert any("42" in str(element.proto) for element in app.get("progress"))
    app.button(key=f"jobs.cancel.{job.id}").click().run()
    assert not app.exception
    assert services.jobs.get(LOCAL_USER, job.id).status is JobStatus.CANCELLED


def test_a_failed_job_says_line_field_value_reason_and_what_to_do(
    open_page: OpenPage, store: JobStore, services: Services
) -> None:
    job = failed(store)
    app = open_page(PAGE)
    said = text(app).replace("\\", "")
    for part in ("line 1,204", "field POS", "value 12a", "Is not a whole number", "What to do:", "Correct this line"):
        assert part in said
    app.button(key=f"jobs.lenient.{job.id}").click().run()
    assert not app.exception
    again = services.jobs.get(LOCAL_USER, job.id)
    assert (again.status, again.request["options"]["mode"]) == (JobStatus.QUEUED, "lenient")


def test_two_jobs_of_one_table_both_lead_to_it(
    open_page: OpenPage, store: JobStore, services: Services, tmp_path: Path
) -> None:
    table_id = services.variants.new_id()
    report = import_file(write(tmp_path, vcf("chr1 100 . A G 50 PASS . GT 0/1")), services.variants.folder(table_id))
    assert report.folder is not None, report.refusal
    services.variants.register(table_id, LOCAL_USER.name, "Case", "GRCh38")
    made = []
    for kind in ("variant_import", "variant_annotation"):
        job = store.create(owner="local", kind=kind, status=JobStatus.QUEUED, sample_name="Case", message="waits", request={})
        claimed = store.claim(job.id, job.ticket)
        assert claimed is not None
        store.finish(claimed, JobStatus.COMPLETED, "Done.", result={"table_ids": [table_id]})
        made.append(job.id)
    try:
        app = open_page(PAGE)
        assert not app.exception
        assert [one.label for one in app.button if one.key and one.key.startswith("jobs.open.")] == ["Open table"] * 2
        assert {"Import", "Annotation"} <= {caption.value.partition(" · ")[0] for caption in app.caption}
    finally:
        services.workbench.delete(LOCAL_USER, table_id)


def test_a_file_in_another_build_can_be_imported_as_what_it_is(
    open_page: OpenPage, store: JobStore, services: Services
) -> None:
    job = failed(store, JobProblem("the file is in GRCh37", "Import it as GRCh37.", field="build", value="GRCh37"))
    app = open_page(PAGE)
    app.button(key=f"jobs.build.{job.id}").click().run()
    assert services.jobs.get(LOCAL_USER, job.id).request["options"]["assembly"] == "GRCh37"


def test_a_completed_job_whose_table_is_gone_says_so_and_can_be_deleted(
    open_page: OpenPage, store: JobStore, services: Services
) -> None:
    job = running(store)
    store.finish(job, JobStatus.COMPLETED, "Imported 3 rows", result={"table_ids": ["0" * 32], "table_names": ["gone"]})
    app = open_page(PAGE)
    assert "was deleted" in text(app)
    app.button(key=f"jobs.delete.{job.id}").click().run()
    assert not app.exception
    assert "No jobs yet" in text(app)
    assert services.jobs.list(LOCAL_USER) == ()


def test_an_action_that_comes_too_late_is_explained_and_changes_nothing(
    open_page: OpenPage, store: JobStore, services: Services
) -> None:
    job = queued(store)
    app = open_page(PAGE)
    claimed = store.claim(job.id, job.ticket)
    assert claimed is not None
    store.finish(claimed, JobStatus.COMPLETED, "Imported 3 rows", result={"table_ids": []})
    app.button(key=f"jobs.cancel.{job.id}").click().run()
    assert not app.exception
    assert "Only a queued or processing job" in text(app)
    assert services.jobs.get(LOCAL_USER, job.id).status is JobStatus.COMPLETED


def test_many_jobs_are_shown_by_pages_and_limited_to_a_state(open_page: OpenPage, store: JobStore) -> None:
    for number in range(23):
        queued(store, f"Sample {number}")
    failed(store)
    app = open_page(PAGE)
    assert not app.exception
    assert len([label for label in labels(app) if label == "Cancel"]) == 9
    app.get("button_group")[0].set_value("failed").run()
    assert not app.exception
    assert "Cancel" not in labels(app)
    assert "Retry" in labels(app)


def test_the_history_of_a_job_is_one_click_away(open_page: OpenPage, store: JobStore) -> None:
    job = failed(store)
    app = open_page(PAGE)
    assert not app.table
    app.session_state[f"jobs.log.{job.id}"] = True
    app.run()
    assert not app.exception
    assert list(app.table[0].value["State"]) == ["Queued", "Processing", "Processing", "Failed"]


def test_a_name_is_shown_as_written_and_never_as_markup(open_page: OpenPage, store: JobStore) -> None:
    queued(store, "![x](http://evil.example/?d=1) <script>")
    app = open_page(PAGE)
    assert "![x](" not in text(app)
