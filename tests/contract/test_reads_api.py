"""Calling variants from reads over real HTTP, by the documented form: what is taken, what is refused and where it says so."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo_data.reads import DemoReads, write_reads
from services.access.principals import API_CLIENT
from services.container import Services
from services.jobs.model import Job
from services.pipelines.read_calling import KIND

FIELDS = {
    "pipeline_type": "germline", "sequencer_type": "illumina", "data_type": "wgs", "read_layout": "paired", "sample_count": "1",
    "sample_name": "Patient-001", "assembly": "GRCh38",
    "samples_metadata": json.dumps([{"index": 1, "label": "Patient-001", "inputMode": "file", "relationship": "proband"}]),
}
READS = b"@read\nACGT\n+\nIIII\n" * 10


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoReads:
    return write_reads(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def idle(services: Services) -> Iterator[Services]:
    """Jobs that are asked for wait, so that what was asked for can be looked at."""
    services.jobs.close()
    clear(services)
    yield services
    clear(services)


def clear(services: Services) -> None:
    for job in services.jobs.list(API_CLIENT, limit=1_000):
        if job.active:
            services.jobs.cancel(API_CLIENT, job.id)
        services.jobs.delete(API_CLIENT, job.id)
    for upload in services.uploads.list_complete(API_CLIENT):
        services.uploads.delete(API_CLIENT, upload.id)


def metadata(*samples: dict[str, Any]) -> str:
    return json.dumps([{"index": at, "inputMode": "file", **sample} for at, sample in enumerate(samples, start=1)])


def parts(demo: DemoReads, *names: str) -> list[tuple[str, tuple[str, bytes]]]:
    """A reference, then reads under the given names of parts; the reads differ, as files of several samples do."""
    sent = [("reference_file", ("demo.fa", demo.files["reference"].read_bytes()))]
    return sent + [(name, (f"{name}.fastq", READS + b"@%d\nA\n+\nI\n" % at)) for at, name in enumerate(names)]


def asked(services: Services, response: httpx.Response) -> Job:
    assert response.status_code == 200, response.text
    body = response.json()
    assert sorted(body) == ["job_id", "message", "status"]
    assert body["status"] == "upload_pending"
    job = services.jobs.get(API_CLIENT, body["job_id"])
    assert (job.kind, job.status.value) == (KIND, "queued")
    return job


def test_paired_reads_become_a_table_with_report_alignments_and_calls(
    api: httpx.Client, services: Services, demo: DemoReads
) -> None:
    services.jobs.start()
    files = [(part, (demo.files[kind].name, demo.files[kind].read_bytes()))
             for part, kind in (("reference_file", "reference"), ("sample_1_r1", "first"), ("sample_1_r2", "second"))]
    response = api.post("/jobs/upload/parabricks", data=FIELDS, files=files)
    assert response.json()["status"] == "upload_pending", response.text
    job_id = response.json()["job_id"]
    for _ in range(1_200):
        job = api.get(f"/jobs/{job_id}/status").json()
        if job["status"] in ("completed", "failed"):
            break
        time.sleep(0.05)
    services.jobs.close()
    assert job["status"] == "completed", job
    assert job["sample_name"] == "Patient-001"
    assert (job["result"]["rows"], job["result"]["caller"]) == (30, "bcftools")
    report = api.get(f"/jobs/{job_id}/reads").json()
    assert (report["calls"]["snvs"], report["samples"][0]["sample"]) == (24, "Patient-001")
    assert report["files"] == [
        "Patient-001.bam", "Patient-001.bam.bai", "calls.vcf.gz", "calls.vcf.gz.tbi", "reference.fa", "reference.fa.fai",
        "report.json",
    ]
    whole = api.get(f"/jobs/{job_id}/reads/calls.vcf.gz")
    assert gzip.decompress(whole.content).count(b"\tPASS\t") == 30
    assert api.get(f"/jobs/{job_id}/reads/Patient-001.bam", headers={"Range": "bytes=0-3"}).content == b"\x1f\x8b\x08\x04"
    for path in ("..%2Frecord.db", "nothing.bam"):
        assert api.get(f"/jobs/{job_id}/reads/{path}").status_code == 404
    assert api.delete(f"/jobs/{job_id}").json() == {"job_id": job_id, "deleted": True}
    assert api.get(f"/jobs/{job_id}/reads").status_code == 404


def test_a_trio_and_several_lanes_are_put_together_as_the_metadata_says(
    api: httpx.Client, idle: Services, demo: DemoReads
) -> None:
    described = metadata(
        {"label": "Kid 1", "relationship": "proband", "sex": "female"}, {"label": "Mum", "relationship": "mother"},
        {"label": "Dad", "relationship": "father"},
    )
    fields = {**FIELDS, "sample_count": "3", "samples_metadata": described, "vep_annotation": "true", "data_type": "wes"}
    names = [f"sample_{number}_r{mate}" for number in (1, 2, 3) for mate in (1, 2)]
    sent = [*parts(demo, *names, "sample_1_r1", "sample_1_r2"), ("interval_file", ("kit.bed", b"simulated_demo\t0\t900\n"))]
    options = asked(idle, api.post("/jobs/upload/parabricks", data=fields, files=sent)).request["options"]
    said = [options[name] for name in ("design", "data_type", "assembly", "vep_annotation")]
    assert said == ["trio", "wes", "GRCh38", True]
    samples = {sample["name"]: sample for sample in options["samples"]}
    assert {name: (sample["role"], sample["sex"]) for name, sample in samples.items()} == {
        "Kid_1": ("child", "F"), "Mum": ("mother", None), "Dad": ("father", None),
    }
    assert len(samples["Kid_1"]["lanes"]) == 2
    assert samples["Dad"]["lanes"][0]["second"]["name"] == "sample_3_r2.fastq"
    assert (options["reference"]["name"], options["intervals"]["name"]) == ("demo.fa", "kit.bed")


def test_a_tumour_and_its_normal_are_told_apart_by_their_role(api: httpx.Client, idle: Services, demo: DemoReads) -> None:
    described = json.dumps([{"index": 1, "label": "N", "inputMode": "file", "sampleRole": "normal"},
                            {"index": 0, "label": "T", "inputMode": "file", "sampleRole": "tumor"}])
    fields = {**FIELDS, "pipeline_type": "somatic_paired", "sample_count": "2", "read_layout": "single",
              "samples_metadata": described}
    response = api.post("/jobs/upload/parabricks", data=fields, files=parts(demo, "sample_1_r1", "sample_2_r1"))
    options = asked(idle, response).request["options"]
    assert options["design"] == "tumour and normal"
    files = {sample["role"]: (sample["name"], sample["lanes"][0]["first"]["name"]) for sample in options["samples"]}
    assert files == {"tumour": ("T", "sample_1_r1.fastq"), "normal": ("N", "sample_2_r1.fastq")}


def test_addresses_are_taken_in_place_of_files(api: httpx.Client, idle: Services, demo: DemoReads) -> None:
    described = metadata({
        "inputMode": "url", "r1Url": "s3://bucket/a_R1.fastq.gz", "r2Url": "https://x.example.org/a_R2.fastq.gz?s=c4n4ry",
    })
    fields = {**FIELDS, "pipeline_type": "somatic_tumor_only", "samples_metadata": described}
    job = asked(idle, api.post("/jobs/upload/parabricks", data=fields, files=parts(demo)))
    lane = job.request["options"]["samples"][0]["lanes"][0]
    assert (lane["first"]["name"], lane["second"]["name"]) == ("a_R1.fastq.gz", "a_R2.fastq.gz")
    assert "c4n4ry" not in api.get(f"/jobs/{job.id}/status").text + api.get("/jobs").text


SOMATIC = {"pipeline_type": "somatic_paired", "sample_count": "2"}


@pytest.mark.parametrize(("changes", "field", "reason"), [
    *(({name: ""}, name, "is required") for name in FIELDS),
    ({"pipeline_type": "rna"}, "pipeline_type", "must be one of germline, somatic_paired, somatic_tumor_only"),
    ({"sequencer_type": "sanger"}, "sequencer_type", "must be one of illumina"),
    ({"sequencer_type": "pacbio"}, "sequencer_type", "long reads (pacbio) are not supported here; supported are illumina"),
    ({"data_type": "rna"}, "data_type", "must be one of wgs, wes"),
    ({"read_layout": "mate"}, "read_layout", "must be one of paired, single"),
    ({"sample_count": "0"}, "sample_count", "a whole number from 1 to 10"),
    ({"sample_count": "1e1"}, "sample_count", "a whole number"),
    ({"assembly": "hg17"}, "assembly", "GRCh37, GRCh38"),
    ({"vep_annotation": "perhaps"}, "vep_annotation", "true or false"),
    ({"samples_metadata": "{"}, "samples_metadata", "must be JSON"),
    ({"samples_metadata": "[" * 5_000}, "samples_metadata", "must be JSON"),
    ({"samples_metadata": "[1]"}, "samples_metadata", "array of objects"),
    ({"samples_metadata": "[]"}, "samples_metadata", "describes 0 samples, and sample_count is 1"),
    ({"samples_metadata": '[{"index": 3}]'}, "samples_metadata", "index must count the samples from 1 to 1"),
    ({"samples_metadata": '[{"index": true}]'}, "samples_metadata", "index must count"),
    ({"samples_metadata": '[{"label": 7}]'}, "samples_metadata", "label must be text"),
    ({"samples_metadata": metadata({"inputMode": "fax"})}, "samples_metadata", "inputMode must be file or url"),
    ({"samples_metadata": metadata({"inputMode": "url", "r1Url": "https://x.example.org/a"})},
     "samples_metadata", "r2Url is required"),
    ({"samples_metadata": metadata({"relationship": "cousin"})}, "samples_metadata", "relationship must be one of proband"),
    ({**SOMATIC, "samples_metadata": metadata({"label": "a"}, {"label": "b"})},
     "samples_metadata", "sampleRole must be tumor or normal"),
    ({**SOMATIC, "samples_metadata": metadata({"label": "a", "sampleRole": "tumor"}, {"label": "b", "sampleRole": "tumor"})},
     "samples_metadata", "one sample with sampleRole tumor and one with normal"),
    ({"sample_count": "2", "samples_metadata": metadata({"label": "a"}, {"label": "a", "relationship": "mother"})},
     "samples_metadata", "two samples have the label 'a'"),
    ({"sample_count": "2", "samples_metadata": metadata({"label": "a"}, {"label": "b", "relationship": "proband"})},
     "samples_metadata", "only one proband"),
])
def test_a_field_that_is_wrong_is_named_and_leaves_neither_job_nor_file(
    api: httpx.Client, idle: Services, demo: DemoReads, changes: dict[str, str], field: str, reason: str
) -> None:
    response = api.post("/jobs/upload/parabricks", data=FIELDS | changes, files=parts(demo, "sample_1_r1", "sample_1_r2"))
    assert response.status_code == 400, response.text
    detail = response.json()["detail"]
    assert detail.startswith(f"{field}: "), detail
    assert reason in detail
    assert nothing_is_kept(api, idle)


@pytest.mark.parametrize(("names", "field", "reason"), [
    ((), "sample_1_r1", "is missing"), (("sample_1_r1",), "sample_1_r2", "the file with the second reads is missing"),
    (("sample_1_r1", "sample_1_r2", "sample_1_r1"), "sample_1_r2", "as many as first reads"),
    (("sample_1_r1", "sample_1_r2", "sample_2_r1"), "sample_2_r1", "there are only 1 samples"),
    (("sample_1_r1", "sample_1_r2", "sample_0_r1"), "sample_0_r1", "no such file is expected"),
])
def test_files_that_do_not_make_up_the_samples_are_refused_by_their_part(
    api: httpx.Client, idle: Services, demo: DemoReads, names: tuple[str, ...], field: str, reason: str
) -> None:
    response = api.post("/jobs/upload/parabricks", data=FIELDS, files=parts(demo, *names))
    assert response.status_code == 400, response.text
    assert response.json()["detail"].startswith(f"{field}: ")
    assert reason in response.json()["detail"]
    assert nothing_is_kept(api, idle)


def test_without_an_installed_sequence_the_first_reads_are_not_taken(api: httpx.Client, idle: Services, demo: DemoReads) -> None:
    response = api.post("/jobs/upload/parabricks", data=FIELDS, files=parts(demo, "sample_1_r1", "sample_1_r2")[1:])
    assert response.status_code == 409
    assert "no reference sequence of GRCh38 is installed" in response.json()["detail"]
    assert nothing_is_kept(api, idle)


def test_what_is_no_file_of_reads_is_refused_at_its_first_bytes(api: httpx.Client, idle: Services, demo: DemoReads) -> None:
    sent = [*parts(demo), ("sample_1_r1", ("a.zip", b"PK\x03\x04" + bytes(90)))]
    response = api.post("/jobs/upload/parabricks", data=FIELDS, files=sent)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("sample_1_r1: the file is a ZIP archive")
    assert api.post("/jobs/upload/parabricks", content=b"{}").status_code == 400
    assert nothing_is_kept(api, idle)


def test_reads_sent_in_pieces_are_called_by_their_ids(api: httpx.Client, idle: Services, demo: DemoReads) -> None:
    ids = {}
    for name, data in {"reference": demo.files["reference"].read_bytes(), "first": READS}.items():
        begun = api.post("/uploads", json={"filename": f"{name}.fastq", "size": len(data)}).json()
        api.patch(f"/uploads/{begun['id']}", content=data, headers={"Upload-Offset": "0"})
        ids[name] = {"upload_id": begun["id"]}
    body = {"design": "germline", "reference": ids["reference"], "samples": [{"name": "S1", "lanes": [{"first": ids["first"]}]}]}
    response = api.post("/jobs/upload/reads", json=body)
    assert (response.status_code, response.json()["status"]) == (200, "queued"), response.text
    assert api.get(f"/jobs/{response.json()['job_id']}/reads").status_code == 404, "nothing has been called yet"
    assert api.post("/jobs/upload/reads", json={**body, "design": "trio"}).status_code == 422


def nothing_is_kept(api: httpx.Client, services: Services) -> bool:
    return api.get("/jobs").json() == [] and services.uploads.list_complete(API_CLIENT) == []


def test_every_field_of_the_form_is_documented() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "`POST /jobs/upload/parabricks`" in line)
    names = (*FIELDS, "interval_file", "reference_file", "sample_1_r1", "sample_1_r2", "vep_annotation", "annotsv_annotation")
    assert [name for name in names if f"`{name}`" not in row] == []
