"""The upload page: what has arrived is listed, described, checked and turned into a job."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.jobs.model import Job
from services.pipelines.variant_import import KIND
from tests.pages.conftest import OpenPage

PAGE = "pages/variants/upload.py"
VCF = (
    b"##fileformat=VCFv4.2\n##contig=<ID=1,length=248956422>\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t100\trs1\tA\tG\t.\tPASS\t.\n"
)
CSV = b"Gene;Chromosome;Position;Ref;Alt;Score\nTYK2;19;10352442;G;C;1.5\nIL23R;1;67240275;G;A;2.5\n"


@pytest.fixture(autouse=True)
def nothing_left(services: Services) -> Iterator[None]:
    """The services are those of all page tests; a page with no file is looked at, so none may be there before either."""
    _remove_uploads(services)
    yield
    for job in services.jobs.list(LOCAL_USER):
        services.jobs.cancel(LOCAL_USER, job.id)
        services.jobs.delete(LOCAL_USER, job.id)
    _remove_uploads(services)


def _remove_uploads(services: Services) -> None:
    for upload in (*services.uploads.list_complete(LOCAL_USER), *services.uploads.list_open(LOCAL_USER)):
        services.uploads.delete(LOCAL_USER, upload.id)


def arrive(services: Services, name: str, data: bytes) -> str:
    upload = services.uploads.begin(LOCAL_USER, name, len(data))
    return services.uploads.append(LOCAL_USER, upload.id, 0, data).id


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def job_of(services: Services, upload_id: str) -> Job:
    return next(job for job in services.jobs.list(LOCAL_USER) if job.request.get("upload_id") == upload_id)


def labels(app: AppTest) -> list[str]:
    return [box.label for box in app.checkbox]


def test_without_files_the_page_says_what_happens_next(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert not app.error
    assert any("A file that has arrived is listed here" in caption.value for caption in app.caption)
    assert not any(button.label.startswith("Import") for button in app.button)


def test_a_file_is_imported_with_what_was_said_about_it(open_page: OpenPage, services: Services) -> None:
    upload_id = arrive(services, "family.vcf.gz", gzip.compress(VCF))
    app = open_page(PAGE)
    app.text_input(key="upload.sample.0").set_value("Index case")
    app.selectbox(key="upload.build.0").set_value("GRCh38")
    app.selectbox(key="upload.type.0").set_value("germline")
    app.text_area(key="upload.notes.0").set_value("from the second tube")
    app.radio(key="upload.mode.0").set_value("lenient")
    app = press(app, "Import")
    assert not app.exception
    assert not app.error
    job = job_of(services, upload_id)
    options = job.request["options"]
    assert (job.kind, job.sample_name, job.owner) == (KIND, "Index case", LOCAL_USER.name)
    assert {name: options[name] for name in ("assembly", "sample_type", "notes", "mode", "split_by_sample", "patient_id")} == {
        "assembly": "GRCh38", "sample_type": "germline", "notes": "from the second tube", "mode": "lenient",
        "split_by_sample": False, "patient_id": None,
    }
    assert any("has been queued" in block.value for block in app.markdown)
    assert not any("family" in label for label in labels(app)), "a file that is being imported is not offered again"


def test_the_columns_of_a_table_are_recognised_and_can_be_imported_as_they_are(
    open_page: OpenPage, services: Services
) -> None:
    upload_id = arrive(services, "findings.csv", CSV)
    app = open_page(PAGE)
    assert not app.error
    shown = next(caption.value for caption in app.caption if caption.value.startswith("Read as"))
    assert shown == "Read as semicolon-separated utf-8; the first line names the columns; positions count from 1."
    press(app, "Import")
    chosen = job_of(services, upload_id).request["options"]["delimited"]
    assert chosen["roles"] == {"chrom": "Chromosome", "pos": "Position", "ref": "Ref", "alt": "Alt"}
    assert chosen["types"] == {}, "types that nobody changed are decided by the whole file"


def test_how_a_table_is_read_can_be_changed_and_the_import_obeys(open_page: OpenPage, services: Services) -> None:
    upload_id = arrive(services, "findings.csv", CSV)
    app = open_page(PAGE)
    app.selectbox(key=f"upload.mapping.{upload_id}.start").set_value("from 0 (BED)").run()
    assert any("positions count from 0" in caption.value for caption in app.caption)
    press(app, "Import")
    assert job_of(services, upload_id).request["options"]["delimited"]["zero_based"] is True


def test_a_table_without_places_says_so_and_cannot_be_imported(open_page: OpenPage, services: Services) -> None:
    arrive(services, "samples.csv", b"name,age,group\nx,30,a\ny,40,b\n")
    app = open_page(PAGE)
    assert not app.exception
    assert any("No column says where the variants are" in error.value for error in app.error)
    assert next(button for button in app.button if button.label == "Import").disabled


def test_several_files_are_imported_together_each_under_its_own_name(open_page: OpenPage, services: Services) -> None:
    ids = [arrive(services, name, VCF) for name in ("one.vcf", "two.vcf")]
    app = open_page(PAGE)
    assert app.text_input(key="upload.sample.0").disabled
    press(app, "Import 2 files")
    assert [job_of(services, upload_id).sample_name for upload_id in ids] == ["one", "two"]


def test_what_holds_no_variants_is_listed_with_its_reason_and_cannot_be_chosen(
    open_page: OpenPage, services: Services
) -> None:
    arrive(services, "lane1_R1.fastq", b"@read\nACGT\n+\nIIII\n" * 10)
    app = open_page(PAGE)
    box = next(box for box in app.checkbox if "lane1" in box.label)
    assert box.disabled
    assert "they go into the tab Reads" in box.label
    assert not any(button.label.startswith("Import") for button in app.button)


def test_an_unfinished_upload_is_named_and_can_be_given_up(open_page: OpenPage, services: Services) -> None:
    upload = services.uploads.begin(LOCAL_USER, "half.vcf", 2 * len(VCF))
    services.uploads.append(LOCAL_USER, upload.id, 0, VCF)
    app = open_page(PAGE)
    assert any("half" in block.value and "50 %" in block.value for block in app.markdown)
    app.button(key=f"upload.delete.{upload.id}").click().run()
    assert services.uploads.list_open(LOCAL_USER) == []


def test_a_name_full_of_markup_is_shown_as_text(open_page: OpenPage, services: Services) -> None:
    arrive(services, "![x](https://evil.example/leak)<script>:red[a].vcf", VCF)
    app = open_page(PAGE)
    assert not app.exception
    label = next(label for label in labels(app) if "evil" in label or "leak" in label)
    assert "](" not in label
    assert "<script" not in label.replace("\\<script", "")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://data.example.org/a.vcf", "must begin with https"), ("https://127.0.0.1/a.vcf?sig=c4n4ry", "name its server"),
        ("https://localhost/a.vcf", "server on the Internet"), ("s3://bucket", "names no file"), ("", "There is no address"),
    ],
)
def test_a_cloud_address_that_may_not_be_fetched_is_explained_and_starts_nothing(
    open_page: OpenPage, services: Services, address: str, said: str
) -> None:
    before = len(services.jobs.list(LOCAL_USER))
    app = open_page(PAGE)
    app.segmented_control(key="upload.source").set_value("A cloud address").run()
    app.text_input(key="upload.url.0").set_value(address)
    app = press(app, "Fetch and import")
    assert not app.exception
    assert any(said in error.value for error in app.error)
    assert not any("c4n4ry" in error.value for error in app.error)
    assert len(services.jobs.list(LOCAL_USER)) == before


def test_a_cloud_address_becomes_a_job_and_is_not_shown_again(open_page: OpenPage, services: Services) -> None:
    app = open_page(PAGE)
    app.segmented_control(key="upload.source").set_value("A cloud address").run()
    app.text_input(key="upload.url.0").set_value("https://data.example.org/cohort/x.vcf.gz?sig=c4n4ry")
    app = press(app, "Fetch and import")
    assert not app.error
    job = services.jobs.list(LOCAL_USER)[0]
    assert (job.sample_name, job.request["url"]) == ("x", "https://data.example.org/cohort/x.vcf.gz?sig=c4n4ry")
    assert "c4n4ry" not in repr(job) + job.message
    assert not any("c4n4ry" in str(box.value) for box in app.text_input)
