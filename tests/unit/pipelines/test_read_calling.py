"""From reads to a table, through the real queue, the real child process and the real tools."""

from __future__ import annotations

import contextlib
import gzip
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from demo_data.reads import DemoReads, write_reads
from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.jobs.engine import DurableQueue
from services.jobs.model import STOPPING, Job, JobProblem, JobStatus
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots
from services.patients.registry import PatientRegistry
from services.pipelines.read_calling import ReadCalling
from services.pipelines.read_calling_work import memory_for
from services.pipelines.read_request import ReadRequest
from services.pipelines.variant_import import VariantImports
from services.storage.database import Database
from services.uploads.store import Uploads
from services.variants.calling.model import RefusedReadsError
from services.variants.library import VariantLibrary
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind, PackRequest
from tests.unit.uploads.tls_server import NAME, body, serving

ANNA = Principal("anna", may_see_patients=True, may_administer=False)
BEN = Principal("ben", may_see_patients=True, may_administer=False)


@dataclass
class Place:
    jobs: Jobs
    uploads: Uploads
    library: VariantLibrary
    reads: ReadCalling
    references: ReferenceLibrary
    folder: Path
    demo: DemoReads
    served: dict[str, bytes]
    asked: list[str]

    def upload(self, name: str, data: bytes, who: Principal = ANNA) -> dict[str, str]:
        upload = self.uploads.begin(who, name, len(data))
        return {"upload_id": self.uploads.append(who, upload.id, 0, data).id}

    def given(self, part: str) -> dict[str, str]:
        path = self.demo.files[part]
        return self.upload(path.name, path.read_bytes())

    def lane(self) -> dict[str, Any]:
        return {"first": self.given("first"), "second": self.given("second")}

    def request(self, **changes: Any) -> ReadRequest:
        given = {"design": "germline", "samples": [{"name": "S1", "lanes": [self.lane()]}], "reference": self.given("reference")}
        return ReadRequest.model_validate({**given, **changes})

    def finished(self, job: Job) -> Job:
        deadline = time.monotonic() + 120
        while not (found := self.jobs.get(LOCAL_USER, job.id)).finished or found.stage == STOPPING:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def left_behind(self) -> list[Path]:
        """The folders of runs that have ended; they go just after the job has told how it ended."""
        deadline = time.monotonic() + 20
        while (left := list((self.folder / "jobs").glob("job_*"))) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def called(self, **changes: Any) -> Job:
        return self.finished(self.reads.submit(ANNA, self.request(**changes)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("calling")
    database = Database(f"sqlite:///{folder / 'record.db'}")
    database.migrate()
    (folder / "demo").mkdir()
    served: dict[str, bytes] = {}
    asked: list[str] = []

    def answer(path: str, connection: Any) -> None:
        asked.append(path)
        connection.sendall(body(served[path]))

    with serving(folder, answer) as server:
        jobs = Jobs(database, DurableQueue(f"sqlite:///{folder / 'jobs.db'}", FileSlots(folder / "jobs"), 1), folder / "jobs", 1)
        uploads = Uploads(database, folder / "uploads", 1 << 28, network=server.network())
        library = VariantLibrary(database, folder / "variants")
        patients = PatientRegistry(database)
        VariantImports(jobs, uploads, library, patients)
        references = ReferenceLibrary(folder / "reference")
        reads = ReadCalling(jobs, uploads, library, patients, references, folder / "reads", locate_pbrun=lambda: None)
        jobs.start()
        yield Place(jobs, uploads, library, reads, references, folder, write_reads(folder / "demo"), served, asked)
        jobs.close()
        library.close()
    database.close()


def test_the_demo_reads_become_a_table_of_exactly_the_variants_that_were_put_in(place: Place) -> None:
    job = place.finished(place.reads.submit_demo(ANNA))
    assert job.status is JobStatus.COMPLETED, job.problem
    assert job.message == "Called 24 SNVs and 6 insertions and deletions by bcftools into demo_reads_simulated."
    truth = [line.split("\t") for line in place.demo.truth.read_text().splitlines() if not line.startswith("#")]
    table = place.library.get(ANNA, job.result["table_ids"][0] if job.result else "")
    snvs = {(int(row[1]), row[3], row[4]) for row in truth if len(row[3]) == len(row[4])}
    page = place.library.open(ANNA, table.id).page(limit=100, columns=["pos", "ref", "alt"]).to_pylist()
    assert snvs == {(row["pos"], row["ref"], row["alt"]) for row in page if len(row["ref"]) == len(row["alt"])}
    assert (table.row_count, table.assembly, table.job_id) == (len(truth), None, job.id), "random sequence is of no build"
    files = place.reads.files(ANNA, job.id)
    assert sorted(files) == [
        "DEMO.bam", "DEMO.bam.bai", "calls.vcf.gz", "calls.vcf.gz.tbi", "reference.fa", "reference.fa.fai", "report.json",
    ]
    report = place.reads.report(ANNA, job.id)
    assert (report["caller"], report["simulated"], report["samples"][0]["reads"]) == ("bcftools", True, 3_000)
    assert "no structural variants" in report["stated_limits"]
    for mine in (place.reads.files, place.reads.report):
        with pytest.raises(NotFoundError):
            mine(BEN, job.id)
    place.jobs.delete(ANNA, job.id)
    assert not any(path.exists() for path in files.values())
    assert not place.library.folder(table.id).exists()
    assert place.uploads.list_complete(ANNA) == []


def test_another_attempt_goes_on_with_what_was_fetched_and_what_was_called(place: Place) -> None:
    first, second = (place.demo.files[part].read_bytes() for part in ("first", "second"))
    place.served.update({"/R1.fastq.gz": first, "/R2.fastq.gz?sig=c4n4ry": b"<!DOCTYPE html><html>Sign in</html>"})
    lane = {mate: {"url": f"https://{NAME}{path}"} for mate, path in zip(("first", "second"), place.served, strict=True)}
    job = place.called(samples=[{"name": "S1", "lanes": [lane]}])
    assert job.status is JobStatus.FAILED
    assert job.problem is not None
    assert (job.problem.reason, job.problem.advice) == (
        "R2.fastq.gz: the file is a web page, not data: a link may lead to a sign-in page",
        "Check the address, and that it leads to the file.",
    )
    place.served["/R2.fastq.gz?sig=c4n4ry"] = second
    again = place.finished(place.jobs.retry(ANNA, job.id))
    assert (again.status, again.attempt) == (JobStatus.COMPLETED, 2), again.problem
    assert place.asked.count("/R1.fastq.gz") == 1
    assert "c4n4ry" not in repr(again) + "".join(event.message for event in place.jobs.log(ANNA, job.id))
    made = place.reads.files(ANNA, job.id)["S1.bam"].stat().st_ino
    place.jobs._store.fail(job.id, {JobStatus.COMPLETED}, JobProblem("the disk was full", "Free some."))
    place.library.delete_by_job(job.id)
    last = place.finished(place.jobs.retry(ANNA, job.id))
    assert last.status is JobStatus.COMPLETED, last.problem
    assert place.reads.files(ANNA, job.id)["S1.bam"].stat().st_ino == made
    assert "calling" not in {event.stage for event in place.jobs.log(ANNA, job.id) if event.attempt == 3}


def test_with_an_installed_sequence_the_table_has_its_build_and_is_annotated_in_the_same_job(place: Place) -> None:
    asked = PackRequest(PackKind.SEQUENCE, GenomeBuild.GRCH38, version="excerpt", name="An excerpt")
    pack = place.references.install(place.demo.files["reference"], asked)
    try:
        job = place.called(reference=None, assembly="GRCh38", vep_annotation=True, annotsv_annotation=True, design="tumour only",
                           samples=[{"name": "T1", "role": "tumour", "lanes": [place.lane()]}])
    finally:
        place.references.remove(pack)
    assert job.status is JobStatus.COMPLETED, job.problem
    assert job.result is not None
    assert (job.result["assembly"], job.result["annotated"]) == ("GRCh38", True)
    assert "Not annotated: " in job.message
    assert "ClinVar" in job.message
    assert job.message.endswith("Structural variants are not called from reads here, so there are none to annotate.")
    report = place.reads.report(ANNA, job.id)
    assert (report["reference"]["name"], report["build"]) == ("An excerpt excerpt (GRCh38)", "GRCh38")
    assert "not a somatic caller" in report["stated_limits"]
    table = place.library.get(ANNA, job.result["table_ids"][0])
    assert table.sample_type == "tumor"
    assert {"known_variant"} <= {entry["name"] for entry in place.library.open(ANNA, table.id).columns}
    assert "reference.fa" not in place.reads.files(ANNA, job.id)


def damaged(place: Place, kind: str) -> dict[str, Any]:
    """A lane with what can go wrong on the way from a sequencing centre."""
    first, second = (place.demo.files[part].read_bytes() for part in ("first", "second"))
    lines = gzip.decompress(second).splitlines(keepends=True)
    changed = {
        "truncated": (first, second[: len(second) // 2]),
        "mixed up": (first, gzip.compress(b"".join([*lines[4:8], *lines[:4], *lines[8:]]), 1)),
        "malformed": (first, gzip.compress(b"".join([*lines[:5], b"AC1T\n", *lines[6:]]), 1)),
    }[kind]
    return {mate: place.upload(f"lane_R{at}.fastq.gz", data) for at, (mate, data) in enumerate(
        zip(("first", "second"), changed, strict=True), start=1)}


@pytest.mark.parametrize(("kind", "reason", "advice"), [
    ("truncated", r"lane_R2.fastq.gz, record \d+, line \d+: the gzip file is truncated", "Copy the file again"),
    ("mixed up", "record 1: lane_R1.fastq.gz has 'read0' and lane_R2.fastq.gz 'read1'", "R1 and R2 of the same sample and lane"),
    ("malformed", r"lane_R2.fastq.gz, record 2, line 6: '1' in the sequence is not a base", "Correct the file at this place"),
])
def test_reads_that_cannot_be_used_are_named_with_record_and_advice_and_nothing_is_lost(
    place: Place, kind: str, reason: str, advice: str
) -> None:
    lane = damaged(place, kind)
    job = place.called(samples=[{"name": "S1", "lanes": [lane]}])
    assert job.status is JobStatus.FAILED
    assert job.problem is not None
    assert re.search(reason, job.problem.reason), job.problem
    assert advice in job.problem.advice
    assert all(place.uploads.get(ANNA, file["upload_id"]).is_complete for file in lane.values())
    assert place.reads.files(ANNA, job.id) == {}
    assert place.left_behind() == []


def test_the_wrong_reference_is_said_to_be_wrong(place: Place) -> None:
    other = b">other\n" + bytes(random.Random(5).choices(b"ACGT", k=12_000)) + b"\n"
    job = place.called(reference=place.upload("other.fa.gz", gzip.compress(other)))
    assert job.problem is not None
    assert "of 3,000 reads of sample S1 align to the reference (0.0%): it is the wrong reference" in job.problem.reason
    assert "Choose the reference of the species" in job.problem.advice


def test_a_cancelled_run_is_killed_with_its_tools_and_can_be_tried_again(place: Place) -> None:
    reads = [gzip.decompress(place.demo.files[part].read_bytes()) for part in ("first", "second")]
    many = [b"".join(data.replace(b"@read", b"@n%dread" % copy) for copy in range(25)) for data in reads]
    lane = {mate: place.upload(f"many_R{at}.fastq", data) for at, (mate, data) in enumerate(
        zip(("first", "second"), many, strict=True), start=1)}
    job = place.reads.submit(ANNA, place.request(samples=[{"name": "S1", "lanes": [lane]}]))
    while not any("aligning" in command for command in commands_of(job.id)):
        assert not place.jobs.get(ANNA, job.id).finished
        time.sleep(0.02)
    began = time.monotonic()
    place.jobs.cancel(ANNA, job.id)
    while commands_of(job.id):
        assert time.monotonic() - began < 20
        time.sleep(0.02)
    stopped = place.finished(job)
    assert (stopped.status, stopped.message) == (JobStatus.CANCELLED, "Cancelled; the work was stopped")
    assert place.left_behind() == []
    assert place.uploads.get(ANNA, lane["first"]["upload_id"]).is_complete
    assert place.jobs.retry(ANNA, job.id).status is JobStatus.QUEUED
    place.jobs.cancel(ANNA, job.id)
    place.jobs.delete(ANNA, place.finished(job).id)


def commands_of(job_id: str) -> list[str]:
    """Return the command lines of running processes that name a job."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_text()
            found += [command] if job_id in command else []
    return found


def test_intervals_bound_what_is_called_and_counted(place: Place) -> None:
    kit = b"track name=kit\nsimulated_demo\t2000\t5000\nsimulated_demo\t4000\t6000\n"
    job = place.called(intervals=place.upload("kit.bed", kit))
    assert job.status is JobStatus.COMPLETED, job.problem
    page = place.library.open(ANNA, job.result["table_ids"][0] if job.result else "").page(limit=100, columns=["pos"])
    truth = [int(line.split("\t")[1]) for line in place.demo.truth.read_text().splitlines() if not line.startswith("#")]
    assert len(page) == sum(2_000 < position <= 6_000 for position in truth) > 0
    report = place.reads.report(ANNA, job.id)
    assert report["intervals"] == "kit.bed"
    assert sum(report["samples"][0]["depth_histogram"].values()) <= 4_000


def test_intervals_of_another_build_are_refused_with_their_line(place: Place) -> None:
    job = place.called(intervals=place.upload("kit.bed", b"simulated_demo\t100\t200\nsimulated_demo\t14000\t16000\n"))
    assert job.problem is not None
    assert "kit.bed, line 2: simulated_demo of the reference has 15,000 bases, the region ends at 16,000" in job.problem.reason


def test_without_an_installed_sequence_the_way_to_one_is_told_before_there_is_a_job(place: Place) -> None:
    before = len(place.jobs.list(ANNA, limit=1_000))
    with pytest.raises(ConflictError, match=r"no reference sequence of GRCh38 is installed: install one under Administration"):
        place.reads.submit(ANNA, place.request(reference=None, assembly="GRCh38"))
    assert len(place.jobs.list(ANNA, limit=1_000)) == before


@pytest.mark.parametrize(("changes", "reason"), [
    ({"sequencer": "ont"}, "supported are illumina, ultima, mgi, element"),
    ({"reference": None}, "give a reference"),
    ({"design": "trio"}, "one sample for each role: child, father, mother"),
    ({"design": "family"}, "two or more samples"),
    ({"samples": [{"name": "a b", "lanes": [{"first": {"url": "https://x.example/a"}}]}]}, "String should match"),
    ({"samples": [{"name": "a", "lanes": [{"first": {"upload_id": "1"}, "second": {"upload_id": "1"}}]}]}, "given twice"),
    ({"samples": [{"name": "a", "lanes": [{"first": {}}]}]}, "an upload or an address"),
])
def test_what_does_not_make_a_run_is_refused_when_it_is_asked_for(changes: dict[str, Any], reason: str) -> None:
    lane = {"first": {"upload_id": "1"}, "second": {"upload_id": "2"}}
    asked = {"design": "germline", "samples": [{"name": "S1", "lanes": [lane]}], "reference": {"upload_id": "3"}, **changes}
    with pytest.raises(ValidationError, match=reason):
        ReadRequest.model_validate(asked)


def test_a_file_of_the_wrong_kind_and_of_somebody_else_is_refused(place: Place) -> None:
    with pytest.raises(InvalidInputError, match=r"demo_reference.fa is FASTA, and reads in FASTQ are expected here"):
        place.reads.submit(ANNA, place.request(samples=[{"name": "S1", "lanes": [{"first": place.given("reference")}]}]))
    with pytest.raises(InvalidInputError, match="a reference in FASTA"):
        place.reads.submit(ANNA, place.request(reference=place.given("first")))
    with pytest.raises(NotFoundError):
        place.reads.submit(BEN, place.request())
    with pytest.raises(AccessDeniedError):
        place.reads.submit(PUBLIC, place.request())


def test_a_machine_that_is_too_small_for_a_human_genome_is_told_so() -> None:
    human = 3_100_000_000
    with pytest.raises(RefusedReadsError, match=r"needs about 13 GB of memory, and this machine has 8 GB") as refused:
        memory_for(human, 8 * 10**9, 7 * 10**9)
    assert "more memory" in refused.value.advice
    with pytest.raises(RefusedReadsError, match="4 GB are free now"):
        memory_for(human, 32 * 10**9, 4 * 10**9)
    assert memory_for(human, 32 * 10**9, 30 * 10**9) > 13 * 10**9
    assert memory_for(100_000, None, None) == 4 * 1024**3


def test_uploads_of_a_run_count_as_used_until_it_is_deleted(place: Place) -> None:
    request = place.request(intervals=place.upload("bad.bed", b"nowhere\t1\t2\n"))
    job = place.finished(place.reads.submit(ANNA, request))
    ids = {file.upload_id for file in request.files}
    assert ids <= place.reads.uploads_in_use()
    place.jobs.delete(ANNA, job.id)
    assert not ids & place.reads.uploads_in_use()
    with pytest.raises(NotFoundError):
        place.uploads.get(ANNA, min(ids))
