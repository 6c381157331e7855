"""From a file to a table, through the real queue and the real child process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.errors import AccessDeniedError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.jobs.engine import DurableQueue
from services.jobs.model import STOPPING, Job, JobStatus
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots
from services.patients.registry import PatientRegistry
from services.pipelines.import_request import DelimitedChoices, ImportRequest
from services.pipelines.variant_import import VariantImports
from services.storage.database import Database
from services.uploads.store import Uploads
from services.variants.imports import Mode
from services.variants.library import VariantLibrary
from tests.unit.uploads.tls_server import NAME, body, serving

ANNA = Principal("anna", may_see_patients=True, may_administer=False)
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)
GOOD = "1\t{pos}\t.\tA\tG\t50\tPASS\t.\tGT"


def vcf(rows: int = 3, samples: tuple[str, ...] = ("S1",), bad: str = "") -> bytes:
    genotypes = "\t".join(f"0/{number % 2}" for number in range(len(samples)))
    lines = [f"{GOOD.format(pos=10 * row + 10)}\t{genotypes}\n" for row in range(rows)]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(samples) + "\n"
    return (HEADER + columns + "".join(lines) + bad).encode()


@dataclass
class Place:
    jobs: Jobs
    uploads: Uploads
    library: VariantLibrary
    imports: VariantImports
    folder: Path

    def upload(self, data: bytes, name: str = "family.vcf.txt", who: Principal = ANNA) -> str:
        upload = self.uploads.begin(who, name, len(data))
        return self.uploads.append(who, upload.id, 0, data).id

    def finished(self, job: Job) -> Job:
        deadline = time.monotonic() + 60
        while not (found := self.jobs.get(LOCAL_USER, job.id)).finished or found.stage == STOPPING:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found

    def imported(self, data: bytes, name: str = "family.vcf", **options: Any) -> Job:
        return self.finished(self.imports.submit(ANNA, self.upload(data, name), ImportRequest(**options)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("imports")
    database = Database(f"sqlite:///{folder / 'record.db'}")
    database.migrate()
    with serving(folder, lambda _path, connection: connection.sendall(body(vcf()))) as server:
        jobs = Jobs(database, DurableQueue(f"sqlite:///{folder / 'jobs.db'}", FileSlots(folder / "jobs"), 1), folder / "jobs", 1)
        uploads = Uploads(database, folder / "uploads", 1 << 28, network=server.network())
        library = VariantLibrary(database, folder / "variants")
        patients = PatientRegistry(database)
        for patient in ("mum", "nobody-in-it"):
            patients.create(patient, ANNA, name=patient)
        imports = VariantImports(jobs, uploads, library, patients)
        jobs.start()
        yield Place(jobs, uploads, library, imports, folder)
        jobs.close()
        library.close()
    database.close()


def test_a_file_becomes_a_table_that_the_job_names(place: Place) -> None:
    job = place.imported(vcf(), sample_name="Patient-001", sample_type="germline", notes="first")
    assert job.status is JobStatus.COMPLETED, job.problem
    assert job.result is not None
    (table,) = place.imports.tables_of(ANNA, job)
    assert (table.id, table.name) == (job.result["table_ids"][0], job.result["table_name"])
    assert (table.sample_name, table.sample_type, table.notes, table.owner) == ("Patient-001", "germline", "first", "anna")
    assert (table.row_count, table.assembly, table.job_id) == (3, GenomeBuild.GRCH37, job.id)
    assert place.library.open(ANNA, table.id).count() == 3
    assert not list((place.folder / "jobs").glob("job_*")), "the run left files behind"


def test_a_bad_line_is_named_and_can_be_left_out(place: Place) -> None:
    job = place.imported(vcf(bad="1\t12a\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\n"))
    assert job.status is JobStatus.FAILED
    assert job.problem is not None
    assert (job.problem.line, job.problem.field, job.problem.value) == (8, "POS", "12a")
    assert "leave bad lines out" in job.problem.advice
    assert place.imports.tables_of(ANNA, job) == []
    again = place.finished(place.imports.retry(ANNA, job.id, mode=Mode.LENIENT))
    assert (again.status, again.attempt) == (JobStatus.COMPLETED, 2)
    assert again.result is not None
    assert (again.result["rows"], again.result["rejected"]) == (3, 1)
    assert "1 of 4 records was left out" in again.message


def test_another_build_than_the_stated_one_is_an_error_that_names_both(place: Place) -> None:
    job = place.imported(vcf(), assembly="hg38")
    assert job.problem is not None
    assert "GRCh37" in job.message
    assert "GRCh38" in job.message
    assert "Import it as GRCh37" in job.problem.advice
    again = place.finished(place.imports.retry(ANNA, job.id, assembly=GenomeBuild.GRCH37))
    assert again.status is JobStatus.COMPLETED


def test_a_build_nobody_stated_does_not_stand_against_the_file(place: Place) -> None:
    job = place.imported(vcf(), default_assembly="GRCh38")
    assert job.result is not None
    assert job.result["assembly"] == "GRCh37"


def test_each_sample_gets_a_table_of_its_own_with_every_row(place: Place) -> None:
    job = place.imported(vcf(samples=("kid", "mum", "dad")), split_by_sample=True, sample_name="Family 7")
    tables = place.imports.tables_of(ANNA, job)
    assert [table.sample_name for table in tables] == ["Family 7 kid", "Family 7 mum", "Family 7 dad"]
    for table, sample in zip(tables, ("kid", "mum", "dad"), strict=True):
        opened = place.library.open(ANNA, table.id)
        assert opened.count() == 3
        assert {entry["sample"] for entry in opened.columns if entry.get("sample")} == {sample}
        assert opened.page().column_names == [entry["name"] for entry in opened.columns]
    assert "3 rows into each of 3 tables" in job.message


@pytest.mark.parametrize(("patient", "split", "links", "said"), [
    ("mum", True, [None, "mum", None], ""), ("nobody-in-it", True, [None] * 3, "None of the tables is linked to the patient"),
    ("mum", False, [""], "Which sample is the patient is not chosen"),
])  # fmt: skip
def test_no_relative_of_a_family_file_becomes_the_patient_by_itself(
    place: Place, patient: str, split: bool, links: list[str | None], said: str
) -> None:
    job = place.imported(vcf(samples=("kid", "mum", "dad")), split_by_sample=split, patient_id=patient)
    tables = place.imports.tables_of(ANNA, job)
    assert [table.links[0].choice.sample if table.links else None for table in tables] == links
    assert said in job.message
    assert ("patient" in job.message) is bool(said)


def test_more_than_a_hundred_samples_are_not_split(place: Place) -> None:
    job = place.imported(vcf(samples=tuple(f"S{number}" for number in range(101))), split_by_sample=True)
    assert job.status is JobStatus.FAILED
    assert "101 samples; at most 100" in job.message


def test_annotation_without_reference_data_says_what_was_used_and_what_is_missing(place: Place) -> None:
    job = place.imported(vcf(), vep_annotation=True, enable_ditto=True)
    assert job.status is JobStatus.COMPLETED, job.problem
    assert "Used: built-in knowledge" in job.message
    assert "Not annotated: not installed: Reference sequence, Gene models, ClinVar" in job.message
    assert "DITTO scores are not available here" in job.message
    assert job.result is not None
    assert job.result["annotated"] is True
    assert job.result["packs"] == ["built-in knowledge"]
    table = place.library.open(ANNA, job.result["table_ids"][0])
    assert "known_variant" in table.facts.columns
    assert "clinvar_significance" not in table.facts.columns


def test_an_annotation_that_cannot_be_done_does_not_take_the_import_back(place: Place) -> None:
    header = HEADER.replace("##contig=<ID=1,length=249250621>\n", "")
    no_build = header.encode() + b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t10\t.\tA\tG\t5\t.\t.\n"
    job = place.imported(no_build, vep_annotation=True)
    assert job.status is JobStatus.COMPLETED, job.problem
    assert "Not annotated: the genome build is not known" in job.message
    assert job.result is not None
    assert (job.result["rows"], job.result["annotated"]) == (1, False)


def test_a_csv_file_is_read_as_it_was_said_to_be(place: Place) -> None:
    data = b"chromosome;start;ref;alt;score\n1;10;A;G;3,5\n2;20;C;T;4\n"
    job = place.imported(
        data, "table.csv", delimited=DelimitedChoices(delimiter=";", types={"score": "text"}), assembly="GRCh38", patient_id=None,
    )
    assert job.status is JobStatus.COMPLETED, job.problem
    (table,) = place.imports.tables_of(ANNA, job)
    assert (table.name, table.row_count, table.assembly) == ("table", 2, GenomeBuild.GRCH38)


def test_a_remote_file_is_fetched_and_imported_and_its_address_shown_nowhere(place: Place) -> None:
    secret = f"https://{NAME}/shared/family.vcf?X-Amz-Signature=c4n4ry"
    job = place.finished(place.imports.submit_url(ANNA, secret, ImportRequest()))
    assert job.status is JobStatus.COMPLETED, job.problem
    assert "c4n4ry" not in repr(job) + "".join(event.message for event in place.jobs.log(ANNA, job.id))
    assert {"fetching", "importing", "registering"} <= {event.stage for event in place.jobs.log(ANNA, job.id)}
    assert b"c4n4ry" not in b"".join(path.read_bytes() for path in place.folder.glob("jobs.db*"))


@pytest.mark.parametrize("url", ["http://data.example.org/a.vcf", "https://127.0.0.1/a.vcf", "file:///etc/passwd"])
def test_an_address_that_leads_inside_is_refused_before_there_is_a_job(place: Place, url: str) -> None:
    before = len(place.jobs.list(ANNA, limit=1_000))
    with pytest.raises(InvalidInputError):
        place.imports.submit_url(ANNA, url, ImportRequest())
    assert len(place.jobs.list(ANNA, limit=1_000)) == before


def test_a_running_import_is_killed_within_two_seconds_and_leaves_nothing(place: Place) -> None:
    job = place.imports.submit(ANNA, place.upload(vcf(rows=400_000)), ImportRequest())
    while place.jobs.get(ANNA, job.id).stage != "importing" or not _children(job.id):
        time.sleep(0.05)
    began = time.monotonic()
    place.jobs.cancel(ANNA, job.id)
    while _children(job.id):
        assert time.monotonic() - began < 5
        time.sleep(0.02)
    assert time.monotonic() - began < 2
    stopped = place.finished(job)
    assert (stopped.status, stopped.message) == (JobStatus.CANCELLED, "Cancelled; the work was stopped")
    assert not list((place.folder / "jobs").glob("job_*"))
    assert place.finished(place.imports.retry(ANNA, job.id)).status is JobStatus.COMPLETED


def _children(job_id: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        if job_id in command:
            found.append(command)
    return found


def test_the_command_line_of_the_child_holds_ids_only(place: Place) -> None:
    job = place.imports.submit(ANNA, place.upload(vcf(rows=200_000), "Zqxv Canary.vcf"), ImportRequest(sample_name="Canary"))
    while not (commands := _children(job.id)):
        time.sleep(0.02)
    assert commands[0].rstrip("\0").split("\0")[-2:] == ["import_variants", job.id]
    place.finished(job)


def test_a_deleted_job_takes_its_table_and_its_file_with_it(place: Place) -> None:
    upload_id = place.upload(vcf())
    job = place.finished(place.imports.submit(ANNA, upload_id, ImportRequest()))
    (table,) = place.imports.tables_of(ANNA, job)
    place.jobs.delete(ANNA, job.id)
    assert not place.library.folder(table.id).exists()
    for gone in (lambda: place.library.get(ANNA, table.id), lambda: place.uploads.get(ANNA, upload_id)):
        with pytest.raises(NotFoundError):
            gone()


def test_a_file_that_two_jobs_use_stays_with_the_second(place: Place) -> None:
    upload_id = place.upload(vcf())
    first, second = (place.finished(place.imports.submit(ANNA, upload_id, ImportRequest())) for _ in range(2))
    place.jobs.delete(ANNA, first.id)
    assert place.uploads.get(ANNA, upload_id).is_complete
    place.jobs.delete(ANNA, second.id)
    with pytest.raises(NotFoundError):
        place.uploads.get(ANNA, upload_id)


def test_who_may_not_see_patients_brings_nothing_in(place: Place) -> None:
    with pytest.raises(AccessDeniedError):
        place.imports.submit(PUBLIC, "0" * 32, ImportRequest())


def test_a_patient_nobody_knows_and_a_file_of_somebody_else_are_not_found(place: Place) -> None:
    with pytest.raises(NotFoundError):
        place.imports.submit(ANNA, place.upload(vcf()), ImportRequest(patient_id="nobody"))
    with pytest.raises(NotFoundError):
        place.imports.submit(ANNA, place.upload(vcf(), who=LOCAL_USER), ImportRequest())
